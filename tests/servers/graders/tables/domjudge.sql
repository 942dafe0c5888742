CREATE TABLE contest (
  cid int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, endtime decimal(32,9) unsigned,
  shortname varchar(255) NOT NULL DEFAULT ''
);
CREATE TABLE submission (
  submitid int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, cid int unsigned, teamid int unsigned, userid int unsigned,
  probid int unsigned, langid varchar(32), submittime decimal(32,9) unsigned NOT NULL, valid tinyint(1) NOT NULL DEFAULT 1,
  rejudgingid int unsigned, source varchar(255), KEY teamid (cid, teamid), KEY teamid_2 (teamid), KEY probid (probid),
  KEY probid_2 (cid, probid), KEY rejudgingid (rejudgingid)
);
CREATE TABLE judging (
  judgingid int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, cid int unsigned, submitid int unsigned,
  starttime decimal(32,9) unsigned, endtime decimal(32,9) unsigned, result varchar(32),
  verified tinyint(1) NOT NULL DEFAULT 0, valid tinyint(1) NOT NULL DEFAULT 1, rejudgingid int unsigned,
  prevjudgingid int unsigned, errorid int unsigned, output_compile longblob, KEY submitid (submitid), KEY cid (cid),
  KEY rejudgingid (rejudgingid), KEY prevjudgingid (prevjudgingid)
);
CREATE TABLE rejudging (
  rejudgingid int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, starttime decimal(32,9) unsigned,
  endtime decimal(32,9) unsigned
);
CREATE TABLE queuetask (
  queuetaskid int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, judgingid int unsigned, teamid int unsigned, priority int,
  teampriority int, starttime decimal(32,9) unsigned, KEY judgingid (judgingid), KEY starttime (starttime)
);
CREATE TABLE judgehost (
  judgehostid int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, hostname varchar(64) UNIQUE,
  enabled tinyint(1) NOT NULL DEFAULT 1, hidden tinyint(1) NOT NULL DEFAULT 0, polltime decimal(32,9) unsigned
);
CREATE TABLE internal_error (
  errorid int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, time decimal(32,9) unsigned,
  status enum('open', 'resolved', 'ignored') NOT NULL DEFAULT 'open', judgehostlog text
);
CREATE TABLE external_judgement (
  extjudgementid int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, submitid int unsigned, cid int unsigned,
  result varchar(32), verified tinyint(1) NOT NULL DEFAULT 0, valid tinyint(1) NOT NULL DEFAULT 1, KEY submitid (submitid)
);
