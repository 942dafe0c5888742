CREATE TABLE electronic_gradeable_data (
  g_id varchar(255) NOT NULL, user_id varchar(255), team_id varchar(255), g_version integer NOT NULL,
  autograding_non_hidden_non_extra_credit numeric NOT NULL DEFAULT 0, submission_time timestamptz(6) NOT NULL,
  autograding_complete boolean NOT NULL DEFAULT false,
  CONSTRAINT egd_g_user_team_id_unique UNIQUE (g_id, user_id, team_id, g_version)
);
CREATE TABLE electronic_gradeable (
  g_id varchar(255) PRIMARY KEY, eg_has_due_date boolean NOT NULL DEFAULT true, eg_submission_due_date timestamptz(6),
  eg_use_ta_grading boolean NOT NULL DEFAULT false, eg_config_path varchar(1024)
);
CREATE TABLE electronic_gradeable_version (
  g_id varchar(255) NOT NULL, user_id varchar(255), team_id varchar(255), active_version integer, UNIQUE (g_id, user_id, team_id)
);
CREATE TABLE late_day_exceptions (
  user_id varchar(255) NOT NULL, g_id varchar(255) NOT NULL, late_day_exceptions integer NOT NULL, reason_for_exception text,
  PRIMARY KEY (g_id, user_id)
);
CREATE TABLE gradeable_component (gc_id serial PRIMARY KEY, g_id varchar(255) NOT NULL, gc_is_peer boolean NOT NULL);
CREATE TABLE gradeable_data (
  gd_id serial PRIMARY KEY, g_id varchar(255) NOT NULL, gd_user_id varchar(255), gd_team_id varchar(255),
  gd_overall_comment varchar
);
CREATE TABLE gradeable_component_data (
  gc_id integer NOT NULL, gd_id integer NOT NULL, gcd_score numeric, gcd_grade_time timestamptz(6), gcd_component_comment varchar,
  PRIMARY KEY (gc_id, gd_id)
);
