-- pgspec names: everything that the specs describe
-- 1 schema, 1 table, 7 functions, 2 tables with row security, 1 policy, 2 tables' rights, 1 schema's users, 2 tables' expectations
-- from specs/guards.yaml

-- create schema Own-Int
CREATE SCHEMA "Own-Int";
REVOKE ALL ON SCHEMA "Own-Int" FROM PUBLIC, "Anon x", xjob;

-- create use of schema Own-Int
REVOKE ALL ON SCHEMA "Own-Int" FROM PUBLIC, "Anon x", xjob;
GRANT USAGE ON SCHEMA "Own-Int" TO "Anon x";
GRANT USAGE ON SCHEMA "Own-Int" TO xjob;

-- create table "Own-Int".deployed_objects
CREATE TABLE "Own-Int".deployed_objects (
  type text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  fingerprint text NOT NULL,
  PRIMARY KEY (type, name)
);
REVOKE ALL ON TABLE "Own-Int".deployed_objects FROM PUBLIC, "Anon x", xjob;

-- create function "Own-Int".claim(text)
CREATE FUNCTION "Own-Int".claim(name text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  raw text := nullif(pg_catalog.current_setting('my.claims', true), '');
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
REVOKE ALL ON FUNCTION "Own-Int".claim(text) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION "Own-Int".claim(text) TO "Anon x", xjob;

-- create function "Own-Int".claim_bigint(text)
CREATE FUNCTION "Own-Int".claim_bigint(name text) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  value text := "Own-Int".claim(name);
BEGIN
  RETURN CASE WHEN value ~ '^-?[0-9]{1,19}$' THEN
    CASE WHEN value::pg_catalog.numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN value::bigint END
  END;
END
$function$;
REVOKE ALL ON FUNCTION "Own-Int".claim_bigint(text) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION "Own-Int".claim_bigint(text) TO "Anon x", xjob;

-- create function "Own-Int".claim_uuid(text)
CREATE FUNCTION "Own-Int".claim_uuid(name text) RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  value text := "Own-Int".claim(name);
BEGIN
  RETURN CASE WHEN value ~* '^([0-9a-f]{4}-?){7}[0-9a-f]{4}$' THEN value::pg_catalog.uuid END;
END
$function$;
REVOKE ALL ON FUNCTION "Own-Int".claim_uuid(text) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION "Own-Int".claim_uuid(text) TO "Anon x", xjob;

-- create function "Own-Int"."access_App_Big Table"(text)  [specs/guards.yaml:2]
CREATE FUNCTION "Own-Int"."access_App_Big Table"(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
  -- sel " ON $pgspec$ 'x
  IF command = ANY (ARRAY['select', 'insert', 'update', 'delete']) THEN
    policy := 'sel " ON $pgspec$ ''x';
    restrictive := false;
    ok := ((SELECT "Own-Int".claim('sub')) IS NOT NULL) IS TRUE;
    condition := E'"Id"::text = (SELECT "Own-Int".claim(''sub'')) /* $pgspec$ */ AND "group" = E''it''''s \\\\'' AND "Big Table"."Id" <> 5 -- x';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION "Own-Int"."access_App_Big Table"(text) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION "Own-Int"."access_App_Big Table"(text) TO "Anon x", xjob;

-- create function "Own-Int".access_public_locked(text)  [specs/guards.yaml:11]
CREATE FUNCTION "Own-Int".access_public_locked(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
END
$function$;
REVOKE ALL ON FUNCTION "Own-Int".access_public_locked(text) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION "Own-Int".access_public_locked(text) TO "Anon x", xjob;

-- create function "Own-Int".fingerprint(text, text)
CREATE FUNCTION "Own-Int".fingerprint(type text, name text) RETURNS text
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
REVOKE ALL ON FUNCTION "Own-Int".fingerprint(text, text) FROM PUBLIC, "Anon x", xjob;

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
  IF target = ANY (ARRAY['App.Big Table', 'Big Table', '"App"."Big Table"']) THEN
    relation := '"App"."Big Table"'::regclass;
    advice := NULL;
  END IF;
  IF target = ANY (ARRAY['locked', 'public.locked']) THEN
    relation := 'public.locked'::regclass;
    advice := NULL;
  END IF;
  IF relation IS NULL THEN
    RETURN QUERY SELECT 'table'::text, false, 'no spec guards a table of this name'::text;
    RETURN;
  END IF;

  held := nullif(current_setting('my.claims', true), '') IS NOT NULL;
  RETURN QUERY SELECT 'session'::text, held, CASE WHEN NOT held THEN 'the request carries no claims' END;
  held := has_table_privilege(relation, wanted);
  RETURN QUERY SELECT 'right'::text, held,
    CASE WHEN NOT held THEN format('%s is not granted to %I', upper(wanted), current_user) END;
  IF NOT row_security_active(relation) THEN
    RETURN QUERY SELECT 'row security'::text, true, format('does not bind %I', current_user);
    RETURN;
  END IF;
  IF relation = '"App"."Big Table"'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM "Own-Int"."access_App_Big Table"(wanted) AS a LOOP
      admitted := admitted OR (found.ok AND NOT found.restrictive);
      narrowed := narrowed OR (found.restrictive AND NOT found.ok);
      RETURN QUERY SELECT 'policy ' || found.policy, found.ok, CASE WHEN NOT found.ok THEN 'needs ' || found.condition END;
    END LOOP;
  END IF;
  IF relation = 'public.locked'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM "Own-Int".access_public_locked(wanted) AS a LOOP
      admitted := admitted OR (found.ok AND NOT found.restrictive);
      narrowed := narrowed OR (found.restrictive AND NOT found.ok);
      RETURN QUERY SELECT 'policy ' || found.policy, found.ok, CASE WHEN NOT found.ok THEN 'needs ' || found.condition END;
    END LOOP;
  END IF;
  held := held AND admitted AND NOT narrowed;
  RETURN QUERY SELECT 'access'::text, held, CASE WHEN held THEN 'to the rows that the policies admit' ELSE advice END;
END
$function$;
REVOKE ALL ON FUNCTION public.explain_access(text, text) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION public.explain_access(text, text) TO "Anon x", xjob;

-- create row security on "App"."Big Table"  [specs/guards.yaml:2]
ALTER TABLE "App"."Big Table" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create row security on public.locked  [specs/guards.yaml:11]
ALTER TABLE public.locked ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- create policy "sel "" ON $pgspec$ 'x" ON "App"."Big Table"  [specs/guards.yaml:4]
CREATE POLICY "sel "" ON $pgspec$ 'x" ON "App"."Big Table" AS PERMISSIVE FOR ALL TO PUBLIC
  USING ("Id"::text = (SELECT "Own-Int".claim('sub')) /* $pgspec$ */ AND "group" = E'it''s \\' AND "Big Table"."Id" <> 5 -- x
);

-- create rights on "App"."Big Table"  [specs/guards.yaml:2]
REVOKE ALL ON TABLE "App"."Big Table" FROM PUBLIC, "Anon x";
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "App"."Big Table" TO "Anon x";

-- create rights on public.locked  [specs/guards.yaml:11]
REVOKE ALL ON TABLE public.locked FROM PUBLIC, "Anon x";

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO "Own-Int".deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, "Own-Int".fingerprint(o.type, o.name)
FROM (VALUES
  ('function', '"Own-Int"."access_App_Big Table"(text)', 'd6e9a4194ec832ae'),
  ('function', '"Own-Int".access_public_locked(text)', '20f873b4b70131ee'),
  ('function', '"Own-Int".claim(text)', '4a853ce169f5b706'),
  ('function', '"Own-Int".claim_bigint(text)', '8ed4a626bce1d2d5'),
  ('function', '"Own-Int".claim_uuid(text)', '698e2d35926ea2f2'),
  ('function', '"Own-Int".fingerprint(text, text)', 'bb6e76e0e422f859'),
  ('function', 'public.explain_access(text, text)', 'cdafce0e0b807d33'),
  ('policy', '"sel "" ON $pgspec$ ''x" ON "App"."Big Table"', '9650550335dd3815'),
  ('row_security', '"App"."Big Table"', 'c07f0eb8fb89cc60'),
  ('row_security', 'public.locked', '91c9cfd2396f6bdb'),
  ('table', '"Own-Int".deployed_objects', '33639dc585a3ea12')
) AS o (type, name, definition);
