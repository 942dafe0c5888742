CREATE TABLE judge_submission (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY, date datetime(6) NOT NULL, time double, memory double, points double,
  status varchar(2) NOT NULL, result varchar(3), case_points double NOT NULL DEFAULT 0, case_total double NOT NULL DEFAULT 0,
  judged_on_id int, judged_date datetime(6), rejudged_date datetime(6), user_id int NOT NULL, problem_id int NOT NULL,
  language_id int NOT NULL DEFAULT 1, contest_object_id int, error longtext, KEY judge_submission_date (date),
  KEY judge_submission_status (status), KEY judge_submission_judged_on_id (judged_on_id),
  KEY judge_submission_user_problem_result (user_id, problem_id, result), KEY judge_submission_result (result, id)
);
CREATE TABLE judge_judge (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(50) NOT NULL UNIQUE, auth_key varchar(100) NOT NULL DEFAULT '',
  online tinyint(1) NOT NULL DEFAULT 0, is_disabled tinyint(1) NOT NULL DEFAULT 0, is_blocked tinyint(1) NOT NULL DEFAULT 0,
  ping double, `load` double, last_ip char(39)
);
CREATE TABLE judge_problem (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY, code varchar(20) NOT NULL UNIQUE, name varchar(100) NOT NULL
);
