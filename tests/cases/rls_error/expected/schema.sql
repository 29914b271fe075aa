-- pgspec clinic: everything that the specs describe
-- 1 schema, 1 table, 11 functions, 2 views, 2 tables with row security, 3 policies, 8 triggers, 2 access lists, 2 tables' rights, 1 schema's users, 2 tables' expectations
-- from specs/rls.yaml

-- create schema pgspec
CREATE SCHEMA pgspec;
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, authenticated, service_role;

-- create use of schema pgspec
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, authenticated, service_role;
GRANT USAGE ON SCHEMA pgspec TO anon;
GRANT USAGE ON SCHEMA pgspec TO authenticated;
GRANT USAGE ON SCHEMA pgspec TO service_role;

-- create table pgspec.deployed_objects
CREATE TABLE pgspec.deployed_objects (
  type text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  fingerprint text NOT NULL,
  PRIMARY KEY (type, name)
);
REVOKE ALL ON TABLE pgspec.deployed_objects FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.claim(text)
CREATE FUNCTION pgspec.claim(name text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  raw text := nullif(pg_catalog.current_setting('request.jwt.claims', true), '');
  shape text;
  before text;
BEGIN
  -- Text that is no JSON must read as "no claims".  A block that catches errors would not run beside parallel workers,
  -- so the text is judged before it is parsed: scalars become marks, then brackets around marks do, from the inside out.
  IF raw IS NULL OR raw !~ '^[ \t\r\n]*\{' OR raw ~ '[\x01-\x08\x0b\x0c\x0e-\x1f]' THEN
    RETURN NULL;
  END IF;
  shape := pg_catalog.regexp_replace(raw,
    '\\(?:["\\/bfnrt]|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u(?!0000|[dD][89a-fA-F])[0-9a-fA-F]{4})',
    '@', 'g');
  shape := pg_catalog.regexp_replace(shape, '"[^"\\\t\r\n]*"', E'\x01', 'g');
  shape := pg_catalog.regexp_replace(shape,
    '-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null', E'\x02', 'g');
  shape := pg_catalog.regexp_replace(shape, '[ \t\r\n]+', '', 'g');
  FOR level IN 1..32 LOOP
    before := shape;
    shape := pg_catalog.regexp_replace(shape,
      '\[(?:[\x01\x02](?:,[\x01\x02])*)?\]|\{(?:\x01:[\x01\x02](?:,\x01:[\x01\x02])*)?\}', E'\x02', 'g');
    EXIT WHEN shape = before;
  END LOOP;
  IF shape <> E'\x02' THEN
    RETURN NULL;
  END IF;
  RETURN raw::pg_catalog.json #>> pg_catalog.string_to_array(name, '.');
END
$function$;
REVOKE ALL ON FUNCTION pgspec.claim(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.claim(text) TO anon, authenticated, service_role;

-- create function pgspec.claim_bigint(text)
CREATE FUNCTION pgspec.claim_bigint(name text) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  value text := pgspec.claim(name);
BEGIN
  RETURN CASE WHEN value ~ '^-?[0-9]{1,19}$' THEN
    CASE WHEN value::pg_catalog.numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN value::bigint END
  END;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.claim_bigint(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.claim_bigint(text) TO anon, authenticated, service_role;

-- create function pgspec.claim_uuid(text)
CREATE FUNCTION pgspec.claim_uuid(name text) RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  value text := pgspec.claim(name);
BEGIN
  RETURN CASE WHEN value ~* '^([0-9a-f]{4}-?){7}[0-9a-f]{4}$' THEN value::pg_catalog.uuid END;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.claim_uuid(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.claim_uuid(text) TO anon, authenticated, service_role;

-- create function pgspec.access_public_bookings(text)  [specs/rls.yaml:2]
CREATE FUNCTION pgspec.access_public_bookings(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
  -- own
  IF command = ANY (ARRAY['select', 'update', 'delete']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'own';
    restrictive := false;
    ok := ((SELECT pgspec.claim_uuid('sub')) IS NOT NULL OR (SELECT pgspec.claim('role')) = 'admin') IS TRUE;
    condition := 'vendor_id = (SELECT pgspec.claim_uuid(''sub'')) OR (SELECT pgspec.claim(''role'')) = ''admin''';
    RETURN NEXT;
  END IF;
  -- own
  IF command = ANY (ARRAY['insert']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'own';
    restrictive := false;
    ok := ((SELECT pgspec.claim_uuid('sub')) IS NOT NULL) IS TRUE;
    condition := 'vendor_id = (SELECT pgspec.claim_uuid(''sub'')) -- an admin books for nobody';
    RETURN NEXT;
  END IF;
  -- never_null
  IF command = ANY (ARRAY['update']) THEN
    policy := 'never_null';
    restrictive := true;
    ok := true;
    condition := 'note IS NOT NULL';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.access_public_bookings(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.access_public_bookings(text) TO anon, authenticated, service_role;

-- create function pgspec.access_public_secrets(text)  [specs/rls.yaml:30]
CREATE FUNCTION pgspec.access_public_secrets(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
  -- admins_read
  IF command = ANY (ARRAY['select']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'admins_read';
    restrictive := false;
    ok := ((SELECT pgspec.claim('role')) = 'admin') IS TRUE;
    condition := '(SELECT pgspec.claim(''role'')) = ''admin''';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.access_public_secrets(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.access_public_secrets(text) TO anon, authenticated, service_role;

-- create function pgspec.fingerprint(text, text)
CREATE FUNCTION pgspec.fingerprint(type text, name text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off
SET standard_conforming_strings = on
SET timezone = 'UTC'
SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET xmlbinary = 'base64'
AS $function$
  -- The server's own text of an object, hashed: what is compared is catalog with catalog.
  SELECT md5(CASE type
    WHEN 'table' THEN (
      SELECT string_agg(line, E'\n' ORDER BY line COLLATE "C") FROM (
        SELECT format('%s %s %s %s %s%s %s', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
          a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = to_regclass(name) AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT pg_get_constraintdef(c.oid) FROM pg_constraint AS c WHERE c.conrelid = to_regclass(name) AND c.contype <> 'n'
        UNION ALL
        SELECT format('%s %s', r.relpersistence, r.reloptions) FROM pg_class AS r WHERE r.oid = to_regclass(name)
      ) AS lines (line))
    WHEN 'view' THEN pg_get_viewdef(to_regclass(name))
      || coalesce((SELECT ' WITH ' || c.reloptions::text FROM pg_class AS c WHERE c.oid = to_regclass(name)), '')
    WHEN 'materialized_view' THEN pg_get_viewdef(to_regclass(name))
    WHEN 'index' THEN pg_get_indexdef(to_regclass(name))
    WHEN 'function' THEN pg_get_functiondef(to_regprocedure(name))
    WHEN 'trigger' THEN (
      SELECT pg_get_triggerdef(t.oid) FROM pg_trigger AS t
      WHERE t.tgname = split_part(name, ' ', 1) AND t.tgrelid = to_regclass(substr(name, length(split_part(name, ' ', 1)) + 5)))
    WHEN 'row_security' THEN (
      SELECT format('%s %s', r.relrowsecurity, r.relforcerowsecurity) FROM pg_class AS r WHERE r.oid = to_regclass(name))
    WHEN 'policy' THEN (
      SELECT format('%s %s %s %s %s', p.polpermissive, p.polcmd,
        ARRAY(SELECT CASE WHEN role = 0 THEN 'public' ELSE pg_get_userbyid(role) END COLLATE "C"
          FROM unnest(p.polroles) AS o (role) ORDER BY 1),
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
      FROM regexp_match(name, '^("(?:[^"]|"")+"|[^" ]+) ON (.+)$') AS m
      JOIN pg_policy AS p ON p.polrelid = to_regclass(m[2]) AND p.polname = (parse_ident(m[1]))[1])
  END)
$function$;
REVOKE ALL ON FUNCTION pgspec.fingerprint(text, text) FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.guard_public_bookings(text)  [specs/rls.yaml:2]
CREATE FUNCTION pgspec.guard_public_bookings(command text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- Refuses a caller whom no policy can admit, before a row is read: what it says depends on the caller alone.
BEGIN
  IF NOT row_security_active('public.bookings'::regclass)
    OR current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = 'public.bookings'::regclass)
    OR (SELECT coalesce(bool_or(a.ok) FILTER (WHERE NOT a.restrictive), false)
        AND coalesce(bool_and(a.ok) FILTER (WHERE a.restrictive), true) FROM pgspec.access_public_bookings(command) AS a) THEN
    RETURN true;
  END IF;
  RAISE EXCEPTION '% on % is refused', upper(command), 'api.bookings' USING
    ERRCODE = 'insufficient_privilege',
    DETAIL = 'No policy admits this session, whatever the row.',
    HINT = 'SELECT * FROM public.explain_access(''bookings'', ' || quote_literal(command) || ') says what is missing';
END
$function$;
REVOKE ALL ON FUNCTION pgspec.guard_public_bookings(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.guard_public_bookings(text) TO anon, authenticated, service_role;

-- create function pgspec.guard_public_secrets(text)  [specs/rls.yaml:30]
CREATE FUNCTION pgspec.guard_public_secrets(command text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- Refuses a caller whom no policy can admit, before a row is read: what it says depends on the caller alone.
BEGIN
  IF NOT row_security_active('public.secrets'::regclass)
    OR current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = 'public.secrets'::regclass)
    OR (SELECT coalesce(bool_or(a.ok) FILTER (WHERE NOT a.restrictive), false)
        AND coalesce(bool_and(a.ok) FILTER (WHERE a.restrictive), true) FROM pgspec.access_public_secrets(command) AS a) THEN
    RETURN true;
  END IF;
  RAISE EXCEPTION '% on % is refused', upper(command), 'api."sec rets"' USING
    ERRCODE = 'insufficient_privilege',
    DETAIL = 'No policy admits this session, whatever the row.',
    HINT = 'role=admin? session present?';
END
$function$;
REVOKE ALL ON FUNCTION pgspec.guard_public_secrets(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.guard_public_secrets(text) TO anon, authenticated, service_role;

-- create function pgspec.guard_writes_public_bookings()  [specs/rls.yaml:2]
CREATE FUNCTION pgspec.guard_writes_public_bookings() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- Refuses a write, before it reads a row.  Others than those whom row security binds pass, and so do cascades of foreign
-- keys, which run as the owner.
BEGIN
  IF NOT row_security_active(TG_RELID)
    OR current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = TG_RELID) THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'TRUNCATE' THEN
    RAISE EXCEPTION 'TRUNCATE on % is refused', 'api.bookings' USING
      ERRCODE = 'insufficient_privilege',
      HINT = 'TRUNCATE asks no policy; DELETE does';
  END IF;
  PERFORM pgspec.guard_public_bookings(lower(TG_OP));
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.guard_writes_public_bookings() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.guard_writes_public_secrets()  [specs/rls.yaml:30]
CREATE FUNCTION pgspec.guard_writes_public_secrets() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- Refuses a write, before it reads a row.  Others than those whom row security binds pass, and so do cascades of foreign
-- keys, which run as the owner.
BEGIN
  IF NOT row_security_active(TG_RELID)
    OR current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = TG_RELID) THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'TRUNCATE' THEN
    RAISE EXCEPTION 'TRUNCATE on % is refused', 'api."sec rets"' USING
      ERRCODE = 'insufficient_privilege',
      HINT = 'TRUNCATE asks no policy; DELETE does';
  END IF;
  PERFORM pgspec.guard_public_secrets(lower(TG_OP));
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.guard_writes_public_secrets() FROM PUBLIC, anon, authenticated, service_role;

-- create function public.explain_access(text, text)
CREATE FUNCTION public.explain_access(target text, command text) RETURNS TABLE (name text, ok boolean, hint text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- Why a table gives the caller what it gives: told from the caller's role and claims alone.  No row is read.
DECLARE
  wanted text := lower(command);
  admitted boolean := false;
  narrowed boolean := false;
  held boolean;
  relation regclass;
  advice text;
  found record;
BEGIN
  IF wanted IS NULL OR wanted <> ALL (ARRAY['select', 'insert', 'update', 'delete']) THEN
    RAISE EXCEPTION 'unknown command %', quote_nullable(command) USING
      ERRCODE = 'invalid_parameter_value', HINT = 'name one of select, insert, update and delete';
  END IF;
  IF target = ANY (ARRAY['bookings', 'public.bookings', 'api.bookings']) THEN
    relation := 'public.bookings'::regclass;
    advice := NULL;
  END IF;
  IF target = ANY (ARRAY['secrets', 'public.secrets', 'api."sec rets"']) THEN
    relation := 'public.secrets'::regclass;
    advice := 'role=admin? session present?';
  END IF;
  IF relation IS NULL THEN
    RETURN QUERY SELECT 'table'::text, false, 'no spec guards a table of this name'::text;
    RETURN;
  END IF;

  held := nullif(current_setting('request.jwt.claims', true), '') IS NOT NULL;
  RETURN QUERY SELECT 'session'::text, held, CASE WHEN NOT held THEN 'the request carries no claims' END;
  held := has_table_privilege(relation, wanted);
  RETURN QUERY SELECT 'right'::text, held,
    CASE WHEN NOT held THEN format('%s is not granted to %I', upper(wanted), current_user) END;
  IF NOT row_security_active(relation) THEN
    RETURN QUERY SELECT 'row security'::text, true, format('does not bind %I', current_user);
    RETURN;
  END IF;
  IF relation = 'public.bookings'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM pgspec.access_public_bookings(wanted) AS a LOOP
      admitted := admitted OR (found.ok AND NOT found.restrictive);
      narrowed := narrowed OR (found.restrictive AND NOT found.ok);
      RETURN QUERY SELECT 'policy ' || found.policy, found.ok, CASE WHEN NOT found.ok THEN 'needs ' || found.condition END;
    END LOOP;
  END IF;
  IF relation = 'public.secrets'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM pgspec.access_public_secrets(wanted) AS a LOOP
      admitted := admitted OR (found.ok AND NOT found.restrictive);
      narrowed := narrowed OR (found.restrictive AND NOT found.ok);
      RETURN QUERY SELECT 'policy ' || found.policy, found.ok, CASE WHEN NOT found.ok THEN 'needs ' || found.condition END;
    END LOOP;
  END IF;
  held := held AND admitted AND NOT narrowed;
  RETURN QUERY SELECT 'access'::text, held, CASE WHEN held THEN 'to the rows that the policies admit' ELSE advice END;
END
$function$;
REVOKE ALL ON FUNCTION public.explain_access(text, text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.explain_access(text, text) TO anon, authenticated, service_role;

-- create view api."sec rets"  [specs/rls.yaml:33]
CREATE VIEW api."sec rets" WITH (security_invoker = true, security_barrier = true) AS
SELECT
  t.id,
  t.text
FROM public.secrets AS t
WHERE (SELECT pgspec.guard_public_secrets('select'));

-- create access to api."sec rets"  [specs/rls.yaml:33]
REVOKE ALL ON TABLE api."sec rets" FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE api."sec rets" TO authenticated;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE api."sec rets" TO service_role;

-- create view api.bookings  [specs/rls.yaml:5]
CREATE VIEW api.bookings WITH (security_invoker = true, security_barrier = true) AS
SELECT
  t.id,
  t.vendor_id,
  t.note,
  t.twice
FROM public.bookings AS t
WHERE (SELECT pgspec.guard_public_bookings('select'));

-- create access to api.bookings  [specs/rls.yaml:5]
REVOKE ALL ON TABLE api.bookings FROM PUBLIC, anon, authenticated, service_role;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE api.bookings TO authenticated;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE api.bookings TO service_role;

-- create row security on public.bookings  [specs/rls.yaml:2]
ALTER TABLE public.bookings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create row security on public.secrets  [specs/rls.yaml:30]
ALTER TABLE public.secrets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create policy admins_read ON public.secrets  [specs/rls.yaml:35]
CREATE POLICY admins_read ON public.secrets AS PERMISSIVE FOR SELECT TO authenticated
  USING ((SELECT pgspec.claim('role')) = 'admin');

-- create policy never_null ON public.bookings  [specs/rls.yaml:12]
CREATE POLICY never_null ON public.bookings AS RESTRICTIVE FOR UPDATE TO PUBLIC
  USING (note IS NOT NULL);

-- create policy own ON public.bookings  [specs/rls.yaml:7]
CREATE POLICY own ON public.bookings AS PERMISSIVE FOR ALL TO authenticated
  USING (vendor_id = (SELECT pgspec.claim_uuid('sub')) OR (SELECT pgspec.claim('role')) = 'admin')
  WITH CHECK (vendor_id = (SELECT pgspec.claim_uuid('sub')) -- an admin books for nobody
);

-- create trigger pgspec_guard_delete ON public.bookings  [specs/rls.yaml:2]
CREATE TRIGGER pgspec_guard_delete BEFORE DELETE ON public.bookings
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_bookings();

-- create trigger pgspec_guard_delete ON public.secrets  [specs/rls.yaml:30]
CREATE TRIGGER pgspec_guard_delete BEFORE DELETE ON public.secrets
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_secrets();

-- create trigger pgspec_guard_insert ON public.bookings  [specs/rls.yaml:2]
CREATE TRIGGER pgspec_guard_insert BEFORE INSERT ON public.bookings
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_bookings();

-- create trigger pgspec_guard_insert ON public.secrets  [specs/rls.yaml:30]
CREATE TRIGGER pgspec_guard_insert BEFORE INSERT ON public.secrets
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_secrets();

-- create trigger pgspec_guard_truncate ON public.bookings  [specs/rls.yaml:2]
CREATE TRIGGER pgspec_guard_truncate BEFORE TRUNCATE ON public.bookings
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_bookings();

-- create trigger pgspec_guard_truncate ON public.secrets  [specs/rls.yaml:30]
CREATE TRIGGER pgspec_guard_truncate BEFORE TRUNCATE ON public.secrets
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_secrets();

-- create trigger pgspec_guard_update ON public.bookings  [specs/rls.yaml:2]
CREATE TRIGGER pgspec_guard_update BEFORE UPDATE ON public.bookings
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_bookings();

-- create trigger pgspec_guard_update ON public.secrets  [specs/rls.yaml:30]
CREATE TRIGGER pgspec_guard_update BEFORE UPDATE ON public.secrets
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_secrets();

-- create rights on public.bookings  [specs/rls.yaml:2]
REVOKE ALL ON TABLE public.bookings FROM PUBLIC, anon, authenticated;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.bookings TO authenticated;

-- create rights on public.secrets  [specs/rls.yaml:30]
REVOKE ALL ON TABLE public.secrets FROM PUBLIC, anon, authenticated;
GRANT SELECT ON TABLE public.secrets TO authenticated;

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec.access_public_bookings(text)', '3744294938022e95'),
  ('function', 'pgspec.access_public_secrets(text)', '736aab4079ae9507'),
  ('function', 'pgspec.claim(text)', '3fe0d6a7998416ce'),
  ('function', 'pgspec.claim_bigint(text)', '7e253470e350b2fd'),
  ('function', 'pgspec.claim_uuid(text)', '8b9990e017d6fa17'),
  ('function', 'pgspec.fingerprint(text, text)', 'ba777e8e3eec1ab7'),
  ('function', 'pgspec.guard_public_bookings(text)', '3cc098e786e69edb'),
  ('function', 'pgspec.guard_public_secrets(text)', '5ca02e57d1c1a38d'),
  ('function', 'pgspec.guard_writes_public_bookings()', 'd68975de1e634bfa'),
  ('function', 'pgspec.guard_writes_public_secrets()', '1fdd09027a428e70'),
  ('function', 'public.explain_access(text, text)', '9e2fad140c4c9b1e'),
  ('policy', 'admins_read ON public.secrets', '679530b12fef4456'),
  ('policy', 'never_null ON public.bookings', 'f1966fb50e08ce5f'),
  ('policy', 'own ON public.bookings', '0f3b595f848c1254'),
  ('row_security', 'public.bookings', 'dbe2a3bb40ea8461'),
  ('row_security', 'public.secrets', '9f4b6578bcfd5fbd'),
  ('table', 'pgspec.deployed_objects', 'e12627b13b639ac9'),
  ('trigger', 'pgspec_guard_delete ON public.bookings', '777eb55315ab1fd5'),
  ('trigger', 'pgspec_guard_delete ON public.secrets', 'c9ea3b9413aa9eef'),
  ('trigger', 'pgspec_guard_insert ON public.bookings', '7fd810eaebae8776'),
  ('trigger', 'pgspec_guard_insert ON public.secrets', '9e15d826dec1a258'),
  ('trigger', 'pgspec_guard_truncate ON public.bookings', '89c673f2003ef258'),
  ('trigger', 'pgspec_guard_truncate ON public.secrets', '12ecb76a8e2ef479'),
  ('trigger', 'pgspec_guard_update ON public.bookings', 'aedd18a79ac548f3'),
  ('trigger', 'pgspec_guard_update ON public.secrets', '2f57dc57fe56fdb7'),
  ('view', 'api."sec rets"', '273a3f9286a38cb0'),
  ('view', 'api.bookings', '5e3bc02200ca21b9')
) AS o (type, name, definition);
