-- Tables of Zammad that the query set reads, after db/migrate/20120101000010_create_ticket.rb: the columns that
-- matter, with their types; ids, states and priorities as db/seeds writes them.
CREATE TABLE ticket_state_types (id SERIAL PRIMARY KEY, name VARCHAR(250) NOT NULL UNIQUE);
CREATE TABLE ticket_states (
  id SERIAL PRIMARY KEY, state_type_id INTEGER NOT NULL REFERENCES ticket_state_types, name VARCHAR(250) NOT NULL UNIQUE
);
CREATE TABLE ticket_priorities (id SERIAL PRIMARY KEY, name VARCHAR(250) NOT NULL UNIQUE);
CREATE TABLE tickets (
  id SERIAL PRIMARY KEY, priority_id INTEGER NOT NULL REFERENCES ticket_priorities,
  state_id INTEGER NOT NULL REFERENCES ticket_states, number VARCHAR(60) NOT NULL, title VARCHAR(250) NOT NULL,
  first_response_at TIMESTAMP(3) NULL, close_at TIMESTAMP(3) NULL, created_at TIMESTAMP(3) NOT NULL,
  updated_at TIMESTAMP(3) NOT NULL
);
CREATE INDEX ON tickets (state_id);
CREATE INDEX ON tickets (priority_id);
INSERT INTO ticket_state_types (id, name) VALUES (1, 'new'), (2, 'open'), (3, 'pending reminder'),
  (4, 'pending action'), (5, 'closed'), (6, 'merged'), (7, 'removed');
INSERT INTO ticket_states (id, state_type_id, name) VALUES (1, 1, 'new'), (2, 2, 'open'), (3, 3, 'pending reminder'),
  (4, 5, 'closed'), (5, 6, 'merged'), (7, 4, 'pending close');
INSERT INTO ticket_priorities (id, name) VALUES (1, '1 low'), (2, '2 normal'), (3, '3 high'), (4, '4 critical');
