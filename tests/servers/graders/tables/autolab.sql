CREATE TABLE submissions (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, version int, course_user_datum_id bigint, assessment_id bigint,
  filename varchar(255), created_at datetime, updated_at datetime, special_type int DEFAULT 0, autoresult text, dave varchar(255),
  jobid int, ignored tinyint(1) NOT NULL DEFAULT 0, KEY index_submissions_on_assessment_id (assessment_id),
  KEY index_submissions_on_course_user_datum_id (course_user_datum_id)
);
CREATE TABLE scores (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, submission_id bigint, score float, feedback mediumtext, problem_id bigint,
  grader_id bigint, created_at datetime, UNIQUE KEY problem_submission_unique (problem_id, submission_id),
  KEY index_scores_on_submission_id (submission_id)
);
CREATE TABLE problems (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(255), assessment_id bigint, max_score float,
  UNIQUE KEY problem_uniq (assessment_id, name)
);
CREATE TABLE assessments (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, due_at datetime, name varchar(255), course_id int
);
CREATE TABLE courses (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(255), semester varchar(255));
CREATE TABLE autograders (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, assessment_id bigint, autograde_image varchar(255));
CREATE TABLE extensions (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, course_user_datum_id bigint, assessment_id bigint, days int,
  infinite tinyint(1) NOT NULL DEFAULT 0, KEY index_extensions_on_assessment_id (assessment_id)
);
CREATE TABLE assessment_user_data (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, course_user_datum_id bigint, assessment_id bigint, grade_type int DEFAULT 0,
  KEY index_AUDs_on_course_user_datum_id_and_assessment_id (course_user_datum_id, assessment_id)
);
