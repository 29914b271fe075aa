CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE ROLE service_role BYPASSRLS;
CREATE ROLE owner;
GRANT service_role TO authenticated;
CREATE TABLE orgs (id bigint PRIMARY KEY, org text NOT NULL, slug text, CONSTRAINT orgs_slug UNIQUE (slug));
CREATE TABLE notes (
  id bigint PRIMARY KEY, org text NOT NULL, owner_id uuid, state text, doc jsonb,
  org_id bigint CONSTRAINT notes_of_org REFERENCES orgs (id)
);
CREATE INDEX notes_state ON notes (lower(state));
CREATE INDEX notes_doc ON notes USING gin (doc);
ALTER TABLE notes OWNER TO owner;
CREATE TABLE notes_2025 () INHERITS (notes);
GRANT SELECT ON notes_2025 TO PUBLIC;
CREATE SCHEMA auth;
CREATE FUNCTION auth.uid() RETURNS uuid IMMUTABLE
  RETURN (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub')::uuid;
CREATE FUNCTION auth.may_read(bigint) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM notes n WHERE n.id = $1 AND n.owner_id = auth.uid()) THEN
    RAISE insufficient_privilege USING HINT = 'ask the owner';
  END IF;
  RETURN true;
END $$;
ALTER FUNCTION auth.may_read OWNER TO owner;
REVOKE EXECUTE ON FUNCTION auth.may_read FROM PUBLIC;
