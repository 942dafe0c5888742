"""The demo's tables about people: a portal with sign-ins, a help desk, surveys, an incident tool, compliance.

They stand in the grader's own database, for the sidecar to count; `docs/people.md` explains the queries.
Times are Unix seconds, NULL where something has not happened yet.
"""

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, registered_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL REFERENCES users, started_at REAL NOT NULL,
  ended_at REAL, pages INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS sessions_time ON sessions (started_at, user_id);
CREATE INDEX IF NOT EXISTS sessions_user ON sessions (user_id, started_at);
CREATE INDEX IF NOT EXISTS sessions_open ON sessions (id) WHERE ended_at IS NULL;
CREATE TABLE IF NOT EXISTS feature_uses (
  id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL REFERENCES users, feature TEXT NOT NULL,
  used_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS feature_uses_time ON feature_uses (used_at, feature, user_id);
CREATE TABLE IF NOT EXISTS failed_logins (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS exports (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, bytes INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS suspicious_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS tickets (
  id INTEGER PRIMARY KEY AUTOINCREMENT, urgency TEXT NOT NULL, created_at REAL NOT NULL, answered_at REAL,
  resolved_at REAL
);
CREATE INDEX IF NOT EXISTS tickets_open ON tickets (created_at) WHERE resolved_at IS NULL;
CREATE TABLE IF NOT EXISTS help_requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT, assignment_id INTEGER NOT NULL, at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS answers (
  id INTEGER PRIMARY KEY AUTOINCREMENT, survey TEXT NOT NULL, score INTEGER NOT NULL, at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS feedback (
  id INTEGER PRIMARY KEY AUTOINCREMENT, created_at REAL NOT NULL, answered_at REAL, resolved_at REAL
);
CREATE INDEX IF NOT EXISTS feedback_open ON feedback (created_at) WHERE resolved_at IS NULL;
CREATE TABLE IF NOT EXISTS feature_requests (id INTEGER PRIMARY KEY, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS incidents (
  id INTEGER PRIMARY KEY AUTOINCREMENT, urgency TEXT NOT NULL, started_at REAL NOT NULL, acknowledged_at REAL,
  resolved_at REAL
);
CREATE TABLE IF NOT EXISTS enrolments (
  id INTEGER PRIMARY KEY, course_id INTEGER NOT NULL, student_id INTEGER NOT NULL, completed_at REAL
);
CREATE TABLE IF NOT EXISTS audit_log (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS phi_accesses (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, reviewed_at REAL
);
CREATE TABLE IF NOT EXISTS systems (id INTEGER PRIMARY KEY, patched INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS vulnerabilities (
  id INTEGER PRIMARY KEY AUTOINCREMENT, urgency TEXT NOT NULL, fixed_at REAL
);
CREATE TABLE IF NOT EXISTS scans (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS security_incidents (
  id INTEGER PRIMARY KEY AUTOINCREMENT, happened_at REAL NOT NULL, reported_at REAL
);
"""
