CREATE TABLE mdl_vpl (id bigserial PRIMARY KEY, course bigint NOT NULL DEFAULT 0, name varchar(255) NOT NULL DEFAULT '',
  duedate bigint NOT NULL DEFAULT 0, grade bigint NOT NULL DEFAULT 100, password varchar(255));
CREATE TABLE mdl_vpl_submissions (
  id bigserial PRIMARY KEY, vpl bigint NOT NULL, userid bigint NOT NULL, groupid bigint NOT NULL DEFAULT 0, datesubmitted bigint NOT NULL,
  dategraded bigint DEFAULT 0, grader bigint DEFAULT 0, grade decimal(10,5), nevaluations bigint NOT NULL DEFAULT 0, comments text
);
CREATE INDEX vpl_userid_indx ON mdl_vpl_submissions (vpl, userid);
CREATE TABLE mdl_vpl_running_processes (
  id bigserial PRIMARY KEY, userid bigint NOT NULL, vpl bigint NOT NULL, type int NOT NULL, server varchar(255), start_time bigint NOT NULL
);
CREATE TABLE mdl_vpl_jailservers (
  id bigserial PRIMARY KEY, server varchar(255), lastfail bigint, nfails bigint NOT NULL DEFAULT 0, nrequests bigint NOT NULL DEFAULT 0,
  nbusy bigint NOT NULL DEFAULT 0, laststrerror varchar(255)
);
CREATE TABLE mdl_course (id bigserial PRIMARY KEY, shortname varchar(255) NOT NULL, fullname varchar(254));
