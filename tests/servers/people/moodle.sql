-- Tables of Moodle 4.1 to 5.0 that the query set reads: columns, types and indexes after its XMLDB files
-- (lib/db/install.xml, admin/tool/log/store/standard/db/install.xml); names of people left out.
CREATE TABLE mdl_user (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, confirmed TINYINT NOT NULL DEFAULT 0,
  deleted TINYINT NOT NULL DEFAULT 0, suspended TINYINT NOT NULL DEFAULT 0, username VARCHAR(100) NOT NULL DEFAULT '',
  lastaccess BIGINT NOT NULL DEFAULT 0, timecreated BIGINT NOT NULL DEFAULT 0,
  KEY mdl_user_del_ix (deleted), KEY mdl_user_las2_ix (lastaccess)
);
CREATE TABLE mdl_sessions (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, state BIGINT NOT NULL DEFAULT 0, sid VARCHAR(128) NOT NULL DEFAULT '',
  userid BIGINT NOT NULL, timecreated BIGINT NOT NULL, timemodified BIGINT NOT NULL,
  UNIQUE KEY mdl_sess_sid_uix (sid), KEY mdl_sess_tim2_ix (timemodified)
);
CREATE TABLE mdl_logstore_standard_log (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, eventname VARCHAR(255) NOT NULL DEFAULT '',
  component VARCHAR(100) NOT NULL DEFAULT '', action VARCHAR(100) NOT NULL DEFAULT '',
  target VARCHAR(100) NOT NULL DEFAULT '', crud VARCHAR(1) NOT NULL DEFAULT '', userid BIGINT NOT NULL,
  courseid BIGINT, timecreated BIGINT NOT NULL, origin VARCHAR(10),
  KEY mdl_logsstanlog_tim_ix (timecreated), KEY mdl_logsstanlog_eve_ix (eventname)
);
CREATE TABLE mdl_course (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, visible TINYINT NOT NULL DEFAULT 1,
  startdate BIGINT NOT NULL DEFAULT 0, enddate BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE mdl_enrol (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, status BIGINT NOT NULL DEFAULT 0, courseid BIGINT NOT NULL,
  KEY mdl_enro_cou_ix (courseid)
);
CREATE TABLE mdl_user_enrolments (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, status BIGINT NOT NULL DEFAULT 0, enrolid BIGINT NOT NULL,
  userid BIGINT NOT NULL, timecreated BIGINT NOT NULL DEFAULT 0, UNIQUE KEY mdl_userenro_enruse_uix (enrolid, userid)
);
CREATE TABLE mdl_user_lastaccess (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, userid BIGINT NOT NULL DEFAULT 0, courseid BIGINT NOT NULL DEFAULT 0,
  timeaccess BIGINT NOT NULL DEFAULT 0, UNIQUE KEY mdl_userlast_usecou_uix (userid, courseid)
);
CREATE TABLE mdl_course_completions (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, userid BIGINT NOT NULL DEFAULT 0, course BIGINT NOT NULL DEFAULT 0,
  timeenrolled BIGINT NOT NULL DEFAULT 0, timecompleted BIGINT, UNIQUE KEY mdl_courcomp_usecou_uix (userid, course),
  KEY mdl_courcomp_tim_ix (timecompleted)
);
