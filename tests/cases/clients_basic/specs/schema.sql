CREATE ROLE anon;
CREATE ROLE worker BYPASSRLS;
CREATE TYPE state AS ENUM ('draft', 'open', 'it''s "done"');
CREATE TABLE cities (id bigint PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  city_id bigint REFERENCES cities (id),
  state state NOT NULL,
  code uuid NOT NULL,
  amount numeric(12, 2) NOT NULL,
  urgent boolean NOT NULL DEFAULT false
);
CREATE INDEX ON orders (city_id);
CREATE SCHEMA api;
GRANT USAGE ON SCHEMA api TO anon, worker;
CREATE TABLE payouts (id bigint PRIMARY KEY, amount numeric NOT NULL);
GRANT ALL ON payouts TO worker;
