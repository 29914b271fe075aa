CREATE TABLE profiles (id bigint PRIMARY KEY, role text NOT NULL, status text, upper text GENERATED ALWAYS AS (upper(role)) VIRTUAL);
CREATE TABLE events (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
CREATE VIEW vendors AS SELECT id FROM profiles WHERE role = 'vendor';
CREATE TABLE old_log (id bigint);
CREATE FUNCTION cleanup_fresh_log(max_rows int) RETURNS int LANGUAGE sql AS 'SELECT 0';
