CREATE TYPE enum_grading_method AS ENUM ('Internal', 'External', 'Manual', 'AI');
CREATE TABLE variants (
  id bigserial PRIMARY KEY, instance_question_id bigint, number integer,
  params jsonb, UNIQUE (instance_question_id, number)
);
CREATE TABLE submissions (
  id bigserial CONSTRAINT submissions_pkey PRIMARY KEY, variant_id bigint NOT NULL, date timestamptz,
  auth_user_id bigint, credit integer, broken boolean, submitted_answer jsonb
);
CREATE INDEX submissions_date_idx ON submissions (date);
CREATE INDEX submissions_variant_id_idx ON submissions (variant_id);
CREATE TABLE grading_jobs (
  id bigserial CONSTRAINT grading_jobs_pkey PRIMARY KEY, submission_id bigint NOT NULL, date timestamptz DEFAULT now(),
  grading_method enum_grading_method, grading_requested_at timestamptz, grading_submitted_at timestamptz,
  grading_received_at timestamptz, grading_started_at timestamptz, grading_finished_at timestamptz,
  graded_at timestamptz, grading_request_canceled_at timestamptz, deleted_at timestamptz, score double precision,
  gradable boolean, feedback jsonb, graded_by bigint
);
CREATE INDEX grading_jobs_date_idx ON grading_jobs (date);
CREATE INDEX grading_jobs_submission_id_idx ON grading_jobs (submission_id);
CREATE TABLE instance_questions (
  id bigserial PRIMARY KEY, assessment_question_id bigint, requires_manual_grading boolean NOT NULL DEFAULT false
);
CREATE INDEX instance_questions_aq_id_requires_manual_grading_idx
  ON instance_questions (assessment_question_id) WHERE requires_manual_grading;
CREATE TABLE assessments (
  id bigserial PRIMARY KEY, course_instance_id bigint, deleted_at timestamptz, tid text, title text
);
CREATE TABLE assessment_questions (
  id bigserial PRIMARY KEY, assessment_id bigint NOT NULL, deleted_at timestamptz
);
CREATE TABLE grader_loads (
  id bigserial PRIMARY KEY, instance_id text UNIQUE, queue_name text, average_jobs double precision,
  max_jobs double precision, date timestamptz, lifecycle_state text, healthy boolean
);
CREATE INDEX grader_loads_date_idx ON grader_loads (date);
