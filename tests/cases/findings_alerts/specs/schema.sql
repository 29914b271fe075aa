CREATE SCHEMA app;
CREATE DOMAIN app.milliseconds AS numeric CHECK (VALUE >= 0);
CREATE TABLE app.requests (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  endpoint text NOT NULL,
  took app.milliseconds NOT NULL,
  cache_hit boolean NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE app."Odd ""names"" $x" ("value" int, "name" text);
