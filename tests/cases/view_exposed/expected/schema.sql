-- pgspec clinic: everything that the specs describe
-- 1 schema, 1 table, 7 functions, 2 views, 1 table with row security, 1 policy, 2 materialized views, 2 indexes, 1 comment, 4 access lists, 1 table's rights, 1 schema's users, 2 owners, 1 table's expectations, 1 check of rows read
-- from specs/rls.yaml, specs/views.yaml

-- create schema pgspec
CREATE SCHEMA pgspec;
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, authenticated, reporter, service_role;

-- create use of schema pgspec
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, authenticated, reporter, service_role;
GRANT USAGE ON SCHEMA pgspec TO anon;
GRANT USAGE ON SCHEMA pgspec TO authenticated;
GRANT USAGE ON SCHEMA pgspec TO reporter;
GRANT USAGE ON SCHEMA pgspec TO service_role;

-- create table pgspec.deployed_objects
CREATE TABLE pgspec.deployed_objects (
  type text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  fingerprint text NOT NULL,
  PRIMARY KEY (type, name)
);
REVOKE ALL ON TABLE pgspec.deployed_objects FROM PUBLIC, anon, authenticated, reporter, service_role;

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
REVOKE ALL ON FUNCTION pgspec.claim(text) FROM PUBLIC, anon, authenticated, reporter, service_role;
GRANT EXECUTE ON FUNCTION pgspec.claim(text) TO anon, authenticated, reporter, service_role;

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
REVOKE ALL ON FUNCTION pgspec.claim_bigint(text) FROM PUBLIC, anon, authenticated, reporter, service_role;
GRANT EXECUTE ON FUNCTION pgspec.claim_bigint(text) TO anon, authenticated, reporter, service_role;

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
REVOKE ALL ON FUNCTION pgspec.claim_uuid(text) FROM PUBLIC, anon, authenticated, reporter, service_role;
GRANT EXECUTE ON FUNCTION pgspec.claim_uuid(text) TO anon, authenticated, reporter, service_role;

-- create function pgspec.admits_public_visits_own()  [specs/rls.yaml:2]
CREATE FUNCTION pgspec.admits_public_visits_own() RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN ((SELECT auth.uid()) IS NOT NULL) IS TRUE;
REVOKE ALL ON FUNCTION pgspec.admits_public_visits_own() FROM PUBLIC, anon, authenticated, reporter, service_role;
GRANT EXECUTE ON FUNCTION pgspec.admits_public_visits_own() TO anon, authenticated, reporter, service_role;

-- create function pgspec.access_public_visits(text)  [specs/rls.yaml:2]
CREATE FUNCTION pgspec.access_public_visits(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
  -- own
  IF command = ANY (ARRAY['select']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'own';
    restrictive := false;
    ok := pgspec.admits_public_visits_own();
    condition := 'patient_id = (SELECT auth.uid())';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.access_public_visits(text) FROM PUBLIC, anon, authenticated, reporter, service_role;
GRANT EXECUTE ON FUNCTION pgspec.access_public_visits(text) TO anon, authenticated, reporter, service_role;

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
REVOKE ALL ON FUNCTION pgspec.fingerprint(text, text) FROM PUBLIC, anon, authenticated, reporter, service_role;

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
  IF target = ANY (ARRAY['visits', 'public.visits']) THEN
    relation := 'public.visits'::regclass;
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
  IF relation = 'public.visits'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM pgspec.access_public_visits(wanted) AS a LOOP
      admitted := admitted OR (found.ok AND NOT found.restrictive);
      narrowed := narrowed OR (found.restrictive AND NOT found.ok);
      RETURN QUERY SELECT 'policy ' || found.policy, found.ok, CASE WHEN NOT found.ok THEN 'needs ' || found.condition END;
    END LOOP;
  END IF;
  held := held AND admitted AND NOT narrowed;
  RETURN QUERY SELECT 'access'::text, held, CASE WHEN held THEN 'to the rows that the policies admit' ELSE advice END;
END
$function$;
REVOKE ALL ON FUNCTION public.explain_access(text, text) FROM PUBLIC, anon, authenticated, reporter, service_role;
GRANT EXECUTE ON FUNCTION public.explain_access(text, text) TO anon, authenticated, reporter, service_role;

-- create row security on public.visits  [specs/rls.yaml:2]
ALTER TABLE public.visits ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create policy own ON public.visits  [specs/rls.yaml:4]
CREATE POLICY own ON public.visits AS PERMISSIVE FOR SELECT TO authenticated
  USING (patient_id = (SELECT auth.uid()));

-- create materialized view public.costs_by_role  [specs/views.yaml:14]
CREATE MATERIALIZED VIEW public.costs_by_role AS
SELECT seen_by, sum(cost) AS cost FROM public.costs GROUP BY seen_by
WITH DATA;

-- create index public.costs_by_role_key  [specs/views.yaml:16]
CREATE UNIQUE INDEX costs_by_role_key ON public.costs_by_role (seen_by);

-- create comment on public.costs_by_role  [specs/views.yaml:15]
COMMENT ON MATERIALIZED VIEW public.costs_by_role IS 'Read through a view, and shown to the role that it is about.';

-- create access to public.costs_by_role  [specs/views.yaml:14]
REVOKE ALL ON TABLE public.costs_by_role FROM PUBLIC, anon, authenticated, reporter, service_role;

-- create owner of public.costs_by_role  [specs/views.yaml:18]
ALTER MATERIALIZED VIEW public.costs_by_role OWNER TO reporter;

-- create view "my api".costs  [specs/views.yaml:20]
CREATE VIEW "my api".costs WITH (security_barrier = true) AS
SELECT seen_by, cost
FROM public.costs_by_role
WHERE (seen_by = current_user);

-- create access to "my api".costs  [specs/views.yaml:22]
REVOKE ALL ON TABLE "my api".costs FROM PUBLIC, anon, authenticated, reporter, service_role;
GRANT SELECT ON TABLE "my api".costs TO anon;
GRANT SELECT ON TABLE "my api".costs TO authenticated;

-- create owner of "my api".costs  [specs/views.yaml:18]
ALTER VIEW "my api".costs OWNER TO reporter;

-- create materialized view public.visits_by_patient  [specs/views.yaml:2]
CREATE MATERIALIZED VIEW public.visits_by_patient AS
SELECT patient_id, count(*) AS visits, sum(cost) AS "total cost" FROM public.visits GROUP BY patient_id
WITH DATA;

-- create index public.visits_by_patient_key  [specs/views.yaml:3]
CREATE UNIQUE INDEX visits_by_patient_key ON public.visits_by_patient (patient_id);

-- create access to public.visits_by_patient  [specs/views.yaml:5]
REVOKE ALL ON TABLE public.visits_by_patient FROM PUBLIC, anon, authenticated, reporter, service_role;
GRANT SELECT ON TABLE public.visits_by_patient TO service_role;

-- create view "my api"."visits ""mine"""  [specs/views.yaml:7]
CREATE VIEW "my api"."visits ""mine""" WITH (security_barrier = true) AS
SELECT patient_id, visits, "total cost"
FROM public.visits_by_patient
WHERE (EXISTS (SELECT FROM public.costs_by_role c WHERE c.cost > 0)
AND (visits_by_patient.patient_id = (SELECT auth.uid()) OR (SELECT pgspec.claim('role')) = 'admin')  -- "all"
);

-- create access to "my api"."visits ""mine"""  [specs/views.yaml:11]
REVOKE ALL ON TABLE "my api"."visits ""mine""" FROM PUBLIC, anon, authenticated, reporter, service_role;
GRANT SELECT ON TABLE "my api"."visits ""mine""" TO authenticated;

-- create rights on public.visits  [specs/rls.yaml:2]
REVOKE ALL ON TABLE public.visits FROM PUBLIC, anon, authenticated;
GRANT SELECT ON TABLE public.visits TO authenticated;

-- create rows read by views and triggers
DO $check$
DECLARE
  found text;
BEGIN
  SELECT pg_catalog.string_agg(pg_catalog.format('%s reads %s as %s', e.reader, h.tables, h.roles), '; ') INTO found
  FROM (VALUES
  ('materialized_view', 'public.costs_by_role', ARRAY['public.costs']),
  ('materialized_view', 'public.visits_by_patient', ARRAY['public.visits'])
) AS e (kind, reader, reads)
CROSS JOIN LATERAL (
  WITH RECURSIVE named (relation, role) AS (
    SELECT pg_catalog.to_regclass(n.name)::oid, CASE e.kind
      WHEN 'function' THEN (SELECT p.proowner FROM pg_catalog.pg_proc AS p WHERE p.oid = pg_catalog.to_regprocedure(e.reader))
      ELSE (SELECT m.relowner FROM pg_catalog.pg_class AS m WHERE m.oid = pg_catalog.to_regclass(e.reader)) END
    FROM pg_catalog.unnest(e.reads) AS n (name)
    UNION
    SELECT d.refobjid, CASE WHEN i.invoker THEN n.role ELSE v.relowner END
    FROM named AS n
    JOIN pg_catalog.pg_class AS v ON v.oid = n.relation AND v.relkind = 'v'
    JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = v.oid
    JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> v.oid
    CROSS JOIN LATERAL (SELECT EXISTS (
      SELECT FROM pg_catalog.pg_options_to_table(v.reloptions) AS o
      WHERE o.option_name = 'security_invoker' AND o.option_value::boolean) AS invoker) AS i
  ), policies (relation, permissive, everything, role) AS (
    SELECT p.polrelid, p.polpermissive, pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true', r.role
    FROM pg_catalog.pg_policy AS p CROSS JOIN LATERAL pg_catalog.unnest(p.polroles) AS r (role)
    WHERE p.polcmd IN ('*', 'r')
  )
  SELECT pg_catalog.string_agg(DISTINCT t.oid::pg_catalog.regclass::text, ', ') AS tables,
    pg_catalog.string_agg(DISTINCT r.rolname, ', ') AS roles
  FROM named AS n
  JOIN pg_catalog.pg_class AS t ON t.oid = n.relation AND t.relrowsecurity
  JOIN pg_catalog.pg_roles AS r ON r.oid = n.role AND NOT r.rolsuper AND NOT r.rolbypassrls
  CROSS JOIN LATERAL (
    SELECT coalesce(pg_catalog.bool_or(p.everything) FILTER (WHERE p.permissive), false)
      AND coalesce(pg_catalog.bool_and(p.everything) FILTER (WHERE NOT p.permissive), true) AS all_rows
    FROM policies AS p
    WHERE p.relation = t.oid AND (p.role = 0 OR pg_catalog.pg_has_role(r.oid, p.role, 'USAGE'))
  ) AS a
  WHERE NOT a.all_rows AND (t.relforcerowsecurity OR NOT pg_catalog.pg_has_role(r.oid, t.relowner, 'USAGE'))
) AS h
  WHERE h.tables IS NOT NULL;
  IF found IS NOT NULL THEN
    RAISE EXCEPTION 'row security would hide rows: %', found
      USING HINT = 'Let a role with BYPASSRLS own what reads, or add a policy for select to its owner, using true.';
  END IF;
END
$check$;

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec.access_public_visits(text)', '4ea3d9168f8b34d5'),
  ('function', 'pgspec.admits_public_visits_own()', '0d2221555bd257ca'),
  ('function', 'pgspec.claim(text)', '03d9a0065a287927'),
  ('function', 'pgspec.claim_bigint(text)', '5699006e09c97325'),
  ('function', 'pgspec.claim_uuid(text)', '3cdac1973c0263a4'),
  ('function', 'pgspec.fingerprint(text, text)', '68b1c8de7f7efcf6'),
  ('function', 'public.explain_access(text, text)', 'dadfe8fb47f77f41'),
  ('index', 'public.costs_by_role_key', '2c509fda2186759a'),
  ('index', 'public.visits_by_patient_key', '62dc5802461d1185'),
  ('materialized_view', 'public.costs_by_role', 'f4eaceddaa1d7a4b'),
  ('materialized_view', 'public.visits_by_patient', '98e6d288e5237b21'),
  ('policy', 'own ON public.visits', '7caa01fd303d7479'),
  ('row_security', 'public.visits', '1eef8d7eec1c4cc5'),
  ('table', 'pgspec.deployed_objects', '83a4e3b88f6029cf'),
  ('view', '"my api"."visits ""mine"""', '5affbe520e7bfcdd'),
  ('view', '"my api".costs', '7d79b79ca3d0ab02')
) AS o (type, name, definition);
