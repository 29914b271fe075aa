CREATE SCHEMA auth;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub'
$$;
CREATE FUNCTION auth.is_vip() RETURNS boolean STABLE
  RETURN (nullif(current_setting('request.jwt.claims', true), '')::json #>> '{user_metadata,vip}') = 'yes';
CREATE TABLE notes (id bigint PRIMARY KEY, owner_id uuid, org_id bigint, text text);
GRANT SELECT, INSERT ON notes TO authenticated;
CREATE TABLE teams (id bigint PRIMARY KEY, owner_id uuid);
CREATE TABLE members (team_id bigint, user_id uuid, PRIMARY KEY (team_id, user_id));
CREATE TABLE rooms (id bigint PRIMARY KEY, owner_id uuid);
CREATE TABLE visits (id bigint PRIMARY KEY, owner_id uuid);
CREATE TABLE old (id bigint PRIMARY KEY);
CREATE POLICY everybody ON old USING (true);
CREATE VIEW team_view AS SELECT id FROM teams;
