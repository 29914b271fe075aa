CREATE ROLE job;
CREATE SCHEMA auth;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub')::uuid
$$;
CREATE TABLE visits (id bigint PRIMARY KEY, patient_id uuid NOT NULL, clinic_id bigint, public boolean NOT NULL);
CREATE TABLE letters (id bigint PRIMARY KEY, patient_id uuid NOT NULL);
ALTER TABLE letters ENABLE ROW LEVEL SECURITY;
CREATE TABLE "my api" (id int);
