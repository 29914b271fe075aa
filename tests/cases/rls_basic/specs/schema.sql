CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE ROLE service_role BYPASSRLS;
CREATE SCHEMA auth;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub')::uuid
$$;
CREATE TABLE profiles (
  id uuid PRIMARY KEY,
  role text NOT NULL,
  business_name text NOT NULL,
  published boolean NOT NULL DEFAULT false
);
GRANT ALL ON profiles TO anon, authenticated, service_role;
CREATE TABLE admin_audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  actor_id uuid NOT NULL,
  action text NOT NULL
);
GRANT SELECT, INSERT ON admin_audit_log TO service_role;
ALTER TABLE admin_audit_log ENABLE ROW LEVEL SECURITY;
