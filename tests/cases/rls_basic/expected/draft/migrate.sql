-- pgspec migrate: clinic, draft, after an empty start
-- create 1 schema, 1 table, 9 functions, 2 tables with row security, 5 policies, 2 tables' rights, 1 schema's users, 2 tables' expectations
-- from specs/rls.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

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

-- create function pgspec."admits_public_profiles_own row"()  [specs/rls.yaml:2]
CREATE FUNCTION pgspec."admits_public_profiles_own row"() RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN ((SELECT auth.uid()) IS NOT NULL) IS TRUE;
REVOKE ALL ON FUNCTION pgspec."admits_public_profiles_own row"() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec."admits_public_profiles_own row"() TO anon, authenticated, service_role;

-- create function pgspec.access_public_admin_audit_log(text)  [specs/rls.yaml:16]
CREATE FUNCTION pgspec.access_public_admin_audit_log(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
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
    ok := ((SELECT pgspec.claim('app_metadata.role')) = 'admin') IS TRUE;
    condition := '(SELECT pgspec.claim(''app_metadata.role'')) = ''admin''  -- who may read it at all';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.access_public_admin_audit_log(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.access_public_admin_audit_log(text) TO anon, authenticated, service_role;

-- create function pgspec.admits_public_profiles_own_update()  [specs/rls.yaml:2]
CREATE FUNCTION pgspec.admits_public_profiles_own_update() RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN ((SELECT auth.uid()) IS NOT NULL) IS TRUE;
REVOKE ALL ON FUNCTION pgspec.admits_public_profiles_own_update() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.admits_public_profiles_own_update() TO anon, authenticated, service_role;

-- create function pgspec.access_public_profiles(text)  [specs/rls.yaml:2]
CREATE FUNCTION pgspec.access_public_profiles(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
  -- published
  IF command = ANY (ARRAY['select']) AND (pg_has_role('anon', 'USAGE') OR pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'published';
    restrictive := false;
    ok := true;
    condition := 'published';
    RETURN NEXT;
  END IF;
  -- own row
  IF command = ANY (ARRAY['select']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'own row';
    restrictive := false;
    ok := pgspec."admits_public_profiles_own row"();
    condition := 'id = (SELECT auth.uid())';
    RETURN NEXT;
  END IF;
  -- own_update
  IF command = ANY (ARRAY['update']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'own_update';
    restrictive := false;
    ok := pgspec.admits_public_profiles_own_update();
    condition := 'id = (SELECT auth.uid())';
    RETURN NEXT;
  END IF;
  -- no_promotion
  IF command = ANY (ARRAY['update']) THEN
    policy := 'no_promotion';
    restrictive := true;
    ok := true;
    condition := 'true';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.access_public_profiles(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.access_public_profiles(text) TO anon, authenticated, service_role;

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
  IF target = ANY (ARRAY['admin_audit_log', 'public.admin_audit_log']) THEN
    relation := 'public.admin_audit_log'::regclass;
    advice := NULL;
  END IF;
  IF target = ANY (ARRAY['profiles', 'public.profiles']) THEN
    relation := 'public.profiles'::regclass;
    advice := NULL;
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
  IF relation = 'public.admin_audit_log'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM pgspec.access_public_admin_audit_log(wanted) AS a LOOP
      admitted := admitted OR (found.ok AND NOT found.restrictive);
      narrowed := narrowed OR (found.restrictive AND NOT found.ok);
      RETURN QUERY SELECT 'policy ' || found.policy, found.ok, CASE WHEN NOT found.ok THEN 'needs ' || found.condition END;
    END LOOP;
  END IF;
  IF relation = 'public.profiles'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM pgspec.access_public_profiles(wanted) AS a LOOP
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

-- create row security on public.admin_audit_log  [specs/rls.yaml:16]
ALTER TABLE public.admin_audit_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create row security on public.profiles  [specs/rls.yaml:2]
ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create policy "own row" ON public.profiles  [specs/rls.yaml:6]
CREATE POLICY "own row" ON public.profiles AS PERMISSIVE FOR SELECT TO authenticated
  USING (id = (SELECT auth.uid()));

-- create policy admins_read ON public.admin_audit_log  [specs/rls.yaml:18]
CREATE POLICY admins_read ON public.admin_audit_log AS PERMISSIVE FOR SELECT TO authenticated
  USING ((SELECT pgspec.claim('app_metadata.role')) = 'admin'  -- who may read it at all
);

-- create policy no_promotion ON public.profiles  [specs/rls.yaml:8]
CREATE POLICY no_promotion ON public.profiles AS RESTRICTIVE FOR UPDATE TO PUBLIC
  USING (true)
  WITH CHECK (role <> 'admin' OR (SELECT pgspec.claim('app_metadata.role')) = 'admin');

-- create policy own_update ON public.profiles  [specs/rls.yaml:7]
CREATE POLICY own_update ON public.profiles AS PERMISSIVE FOR UPDATE TO authenticated
  USING (id = (SELECT auth.uid()))
  WITH CHECK (id = (SELECT auth.uid()));

-- create policy published ON public.profiles  [specs/rls.yaml:5]
CREATE POLICY published ON public.profiles AS PERMISSIVE FOR SELECT TO anon, authenticated
  USING (published);

-- create rights on public.admin_audit_log  [specs/rls.yaml:16]
REVOKE ALL ON TABLE public.admin_audit_log FROM PUBLIC, anon, authenticated;
GRANT SELECT ON TABLE public.admin_audit_log TO authenticated;

-- create rights on public.profiles  [specs/rls.yaml:2]
REVOKE ALL ON TABLE public.profiles FROM PUBLIC, anon, authenticated;
GRANT SELECT ON TABLE public.profiles TO anon;
GRANT SELECT, UPDATE ON TABLE public.profiles TO authenticated;

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec."admits_public_profiles_own row"()', '226ca067b4396286'),
  ('function', 'pgspec.access_public_admin_audit_log(text)', '4702ef600fc30aff'),
  ('function', 'pgspec.access_public_profiles(text)', 'fc732176ab138c18'),
  ('function', 'pgspec.admits_public_profiles_own_update()', 'acafe3b691a76612'),
  ('function', 'pgspec.claim(text)', '3fe0d6a7998416ce'),
  ('function', 'pgspec.claim_bigint(text)', '7e253470e350b2fd'),
  ('function', 'pgspec.claim_uuid(text)', '8b9990e017d6fa17'),
  ('function', 'pgspec.fingerprint(text, text)', 'ba777e8e3eec1ab7'),
  ('function', 'public.explain_access(text, text)', '5cd598abef25c641'),
  ('policy', '"own row" ON public.profiles', '9a4403606b5fc465'),
  ('policy', 'admins_read ON public.admin_audit_log', 'f3e3c7384c9a0d38'),
  ('policy', 'no_promotion ON public.profiles', '91c8239c53ff780a'),
  ('policy', 'own_update ON public.profiles', 'fecdeae8aaaa570e'),
  ('policy', 'published ON public.profiles', '55471e5fb5a16a1d'),
  ('row_security', 'public.admin_audit_log', 'b095f7d4849c2b64'),
  ('row_security', 'public.profiles', '61c752a39d1ca6e3'),
  ('table', 'pgspec.deployed_objects', 'e12627b13b639ac9')
) AS o (type, name, definition)
ON CONFLICT (type, name) DO UPDATE SET definition = EXCLUDED.definition, fingerprint = EXCLUDED.fingerprint;
END
$pgspec$;

RESET statement_timeout;
