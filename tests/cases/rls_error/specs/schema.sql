CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE ROLE service_role BYPASSRLS;
CREATE SCHEMA api;
GRANT USAGE ON SCHEMA api TO anon, authenticated, service_role;
CREATE TABLE bookings (
  id bigint PRIMARY KEY,
  vendor_id uuid NOT NULL,
  note text,
  twice bigint GENERATED ALWAYS AS (id * 2) STORED
);
CREATE INDEX ON bookings (vendor_id);
GRANT ALL ON bookings TO service_role;
CREATE TABLE secrets (id bigint PRIMARY KEY, text text NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON secrets TO service_role;
