CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE ROLE service_role BYPASSRLS;
CREATE ROLE reporter BYPASSRLS;
CREATE SCHEMA auth;
GRANT USAGE ON SCHEMA auth TO anon, authenticated;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub')::uuid
$$;
CREATE SCHEMA "my api";
GRANT USAGE ON SCHEMA "my api" TO anon, authenticated, service_role;
GRANT CREATE ON SCHEMA public, "my api" TO reporter;
CREATE TABLE visits (
  id bigint PRIMARY KEY,
  patient_id uuid NOT NULL,
  seen_by text NOT NULL,
  cost numeric NOT NULL
);
GRANT SELECT ON visits TO reporter;
CREATE VIEW costs AS SELECT seen_by, cost FROM visits;
GRANT SELECT ON costs TO reporter;
