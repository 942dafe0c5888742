CREATE TABLE submissions (
  id serial CONSTRAINT submissions_pkey PRIMARY KEY, source_code text, status_id integer, created_at timestamp,
  queued_at timestamp, started_at timestamp, finished_at timestamp, updated_at timestamp, token varchar
);
CREATE UNIQUE INDEX index_submissions_on_token ON submissions (token);
