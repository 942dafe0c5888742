CREATE TABLE mdl_question (id bigserial PRIMARY KEY, qtype varchar(20) NOT NULL, questiontext text);
CREATE TABLE mdl_question_attempts (id bigserial PRIMARY KEY, questionusageid bigint NOT NULL DEFAULT 0,
  questionid bigint NOT NULL, rightanswer text);
CREATE TABLE mdl_question_attempt_steps (
  id bigserial PRIMARY KEY, questionattemptid bigint NOT NULL, sequencenumber bigint NOT NULL, state varchar(13) NOT NULL,
  fraction decimal(12,7), timecreated bigint NOT NULL, userid bigint
);
CREATE UNIQUE INDEX mdl_quesattestep_queseq_uix ON mdl_question_attempt_steps (questionattemptid, sequencenumber);
CREATE TABLE mdl_quiz_attempts (
  id bigserial PRIMARY KEY, quiz bigint NOT NULL DEFAULT 0, uniqueid bigint, userid bigint NOT NULL, state varchar(16) NOT NULL DEFAULT 'inprogress', preview smallint NOT NULL DEFAULT 0,
  timefinish bigint NOT NULL DEFAULT 0, timecheckstate bigint
);
CREATE INDEX mdl_quizatte_statim_ix ON mdl_quiz_attempts (state, timecheckstate);
CREATE UNIQUE INDEX mdl_quizatte_uni_uix ON mdl_quiz_attempts (uniqueid);
CREATE TABLE mdl_quiz (id bigserial PRIMARY KEY, course bigint NOT NULL DEFAULT 0, name varchar(255) NOT NULL DEFAULT '');
CREATE TABLE mdl_course (id bigserial PRIMARY KEY, shortname varchar(255) NOT NULL, fullname varchar(254));
