-- pgspec verify: clinic, draft
-- 1 schema, 4 tables, 22 functions, 5 views, 1 table with row security, 1 policy, 2 materialized views, 3 triggers, 2 indexes, 1 comment, 9 access lists, 1 table's rights, 1 schema's users, 2 owners, 1 table's expectations, 1 check of rows read
-- from specs/rls.yaml, specs/views.yaml

DO $pgspec$
#variable_conflict use_column
DECLARE
  checked bigint;
  failed bigint;
  failures text;
  thrown text;
  cell record;
  probe record;
  labels text[];
  keys text[];
  reached text[];
  wrong text[] := ARRAY[]::text[];
  tried bigint := 0;
  touched bigint;
  stage text;
  state text;
  said text;
  advice text;
  denied text;
  broken text;
BEGIN
IF pg_catalog.to_regclass('pgspec.deployed_objects') IS NULL THEN
  RAISE EXCEPTION 'verify: nothing is deployed here: % does not exist', 'pgspec.deployed_objects'
    USING HINT = 'Run migrate.sql first.';
END IF;

SELECT count(*), count(*) FILTER (WHERE ok IS NOT TRUE),
  pg_catalog.string_agg(object || ': ' || detail, E'\n' ORDER BY object, detail) FILTER (WHERE ok IS NOT TRUE)
INTO checked, failed, failures
FROM (
SELECT 'schema ' || e.name, n.oid IS NOT NULL, 'does not exist'
FROM (VALUES
  ('pgspec')
) AS e (name)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = e.name
UNION ALL
SELECT 'table ' || e.name, x.ok, x.detail
FROM (VALUES
  ('pgspec.alert_state', '221f97a9b4c07308'),
  ('pgspec.deployed_objects', '83a4e3b88f6029cf'),
  ('pgspec.switch_log', 'dcb6ca1cb5bd0392'),
  ('pgspec.thrown_switches', '7b8bd5ea0c5fbf48')
) AS e (name, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'r'
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'table' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (NOT EXISTS (
     SELECT FROM pg_catalog.pg_depend AS o
     JOIN pg_catalog.pg_class AS s ON s.oid = o.objid AND s.relkind = 'S'
     CROSS JOIN LATERAL pg_catalog.aclexplode(s.relacl) AS x
     WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.refclassid = o.classid
       AND o.refobjid = c.oid AND o.deptype = 'i' AND x.grantee <> s.relowner),
   'has a sequence that others than its owner may use'),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('table', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'function ' || e.name, x.ok, x.detail
FROM (VALUES
  ('pgspec.access_public_visits(text)', ARRAY['anon', 'authenticated', 'reporter', 'service_role']::text[], '4ea3d9168f8b34d5'),
  ('pgspec.admits_public_visits_own()', ARRAY['anon', 'authenticated', 'reporter', 'service_role']::text[], '0d2221555bd257ca'),
  ('pgspec.alert_values()', ARRAY['reporter', 'service_role']::text[], 'f3492033a1126b78'),
  ('pgspec.api_side()', ARRAY[]::text[], '61b59092f3074e61'),
  ('pgspec.claim(text)', ARRAY['anon', 'authenticated', 'reporter', 'service_role']::text[], '03d9a0065a287927'),
  ('pgspec.claim_bigint(text)', ARRAY['anon', 'authenticated', 'reporter', 'service_role']::text[], '5699006e09c97325'),
  ('pgspec.claim_uuid(text)', ARRAY['anon', 'authenticated', 'reporter', 'service_role']::text[], '3cdac1973c0263a4'),
  ('pgspec.closed_by(text)', ARRAY[]::text[], 'fa974cb625f9333b'),
  ('pgspec.fingerprint(text, text)', ARRAY[]::text[], '9004e315faf63a83'),
  ('pgspec.harden(text)', ARRAY[]::text[], '4c88107c2daf57aa'),
  ('pgspec.log_switch(text, boolean, text)', ARRAY[]::text[], 'ac49f7c168e876a4'),
  ('pgspec.may_switch(text, text)', ARRAY[]::text[], 'daf7c2d7fb392a64'),
  ('pgspec.relation_grants(regclass)', ARRAY[]::text[], 'daf78848679c5416'),
  ('pgspec.relax(text)', ARRAY[]::text[], 'b9c020f40b19e59d'),
  ('pgspec.switch_log_guard()', ARRAY[]::text[], '26289e35084afa87'),
  ('pgspec.switch_targets()', ARRAY[]::text[], 'aff449abe4ac3e76'),
  ('public.access_left(text)', ARRAY['reporter', 'service_role']::text[], '73852332d109b8fc'),
  ('public.evaluate_alerts()', ARRAY['reporter', 'service_role']::text[], 'c4b59e2b0458c865'),
  ('public.explain_access(text, text)', ARRAY['anon', 'authenticated', 'reporter', 'service_role']::text[], 'dadfe8fb47f77f41'),
  ('public.reset_switch(text, text, integer)', ARRAY['reporter', 'service_role']::text[], '712b7950e10f7ec5'),
  ('public.throw_switch(text, text)', ARRAY['reporter', 'service_role']::text[], '100f79a13c7d3c35'),
  ('public.verify_migration_success()', ARRAY['reporter', 'service_role']::text[], '1d8207570a631dbe')
) AS e (name, may_execute, definition)
LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(e.name)
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'function' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (p.oid IS NOT NULL, 'does not exist'),
  (p.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('function', e.name)),
   'is not as it was deployed from these specs'),
  (p.oid IS NULL OR pg_catalog.array_remove(e.may_execute, pg_catalog.pg_get_userbyid(p.proowner)::text) = ARRAY(
     SELECT g.role FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS a
     CROSS JOIN LATERAL (SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee) END::text) AS g (role)
     WHERE a.grantee <> p.proowner ORDER BY g.role COLLATE "C"),
   'can be executed by others than the spec says')
) AS x (ok, detail)
UNION ALL
SELECT 'view ' || e.name, x.ok, x.detail
FROM (VALUES
  ('"my api"."visits ""mine"""', 'security_barrier=true', '5affbe520e7bfcdd'),
  ('"my api".costs', 'security_barrier=true', '7d79b79ca3d0ab02'),
  ('public.pgspec_alerts', '', '3626645fbf47b003'),
  ('public.pgspec_switch_log', '', 'ba481a6ae5d4dbd0'),
  ('public.pgspec_switches', '', 'bd97148ef5e7b088')
) AS e (name, options, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'v'
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'view' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (c.oid IS NULL OR coalesce(pg_catalog.array_to_string(c.reloptions, ','), '') = e.options,
   CASE WHEN e.options = '' THEN 'has options' ELSE 'has other options than ' || e.options END),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('view', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'row security on ' || e.name, x.ok, x.detail
FROM (VALUES
  ('public.visits', true, '1eef8d7eec1c4cc5')
) AS e (name, forced, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name)
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'row_security' AND d.name = e.name
CROSS JOIN LATERAL (
  SELECT pg_catalog.string_agg(pg_catalog.quote_ident(p.polname), ', ' ORDER BY p.polname) AS names
  FROM pg_catalog.pg_policy AS p
  WHERE p.polrelid = c.oid AND NOT EXISTS (
    SELECT FROM pgspec.deployed_objects AS k
    CROSS JOIN pg_catalog.regexp_match(k.name, '^("(?:[^"]|"")+"|[^" ]+) ON (.+)$') AS m
    WHERE k.type = 'policy' AND pg_catalog.to_regclass(m[2]) = p.polrelid AND (pg_catalog.parse_ident(m[1]))[1] = p.polname)
) AS others
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'the table does not exist'),
  (c.oid IS NULL OR c.relrowsecurity, 'is not enabled: policies are not asked'),
  (c.oid IS NULL OR c.relforcerowsecurity = e.forced,
   CASE WHEN e.forced THEN 'does not bind the owner of the table' ELSE 'binds the owner of the table' END),
  (c.oid IS NULL OR d.definition = e.definition, 'is not as it was deployed from these specs'),
  (others.names IS NULL, 'has policies that are not in the specs: ' || others.names)
) AS x (ok, detail)
UNION ALL
SELECT 'policy ' || e.name, x.ok, x.detail
FROM (VALUES
  ('own ON public.visits', 'own', 'public.visits', true, 'r', ARRAY['authenticated']::text[], '7caa01fd303d7479')
) AS e (name, policy, relation, permissive, command, roles, definition)
LEFT JOIN pg_catalog.pg_policy AS p ON p.polrelid = pg_catalog.to_regclass(e.relation) AND p.polname = e.policy
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'policy' AND d.name = e.name
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
CROSS JOIN LATERAL (VALUES
  (p.oid IS NOT NULL, 'does not exist'),
  (p.oid IS NULL OR p.polpermissive = e.permissive,
   CASE WHEN e.permissive THEN 'is restrictive' ELSE 'is permissive: it widens what it should narrow' END),
  (p.oid IS NULL OR p.polcmd = e.command, 'is for other commands'),
  (p.oid IS NULL OR pg_catalog.array_replace(e.roles, NULL, pg_catalog.pg_get_userbyid(c.relowner)::text) = ARRAY(
     SELECT r.name FROM pg_catalog.unnest(p.polroles) AS o (role)
     CROSS JOIN LATERAL (SELECT CASE WHEN o.role = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(o.role) END::text) AS r (name)
     ORDER BY r.name COLLATE "C"), 'is for other roles'),
  (p.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('policy', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'materialized view ' || e.name, x.ok, x.detail
FROM (VALUES
  ('public.costs_by_role', 'f4eaceddaa1d7a4b'),
  ('public.visits_by_patient', '98e6d288e5237b21')
) AS e (name, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'm'
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'materialized_view' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (c.oid IS NULL OR c.relispopulated, 'is not populated'),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('materialized_view', e.name)),
   'its query is not the one deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'trigger ' || e.trigger || ' on ' || e.relation, x.ok, x.detail
FROM (VALUES
  ('pgspec_switch_log_guard_delete ON pgspec.switch_log', 'pgspec_switch_log_guard_delete', 'pgspec.switch_log', 10, 'pgspec.switch_log_guard()', 'f3a0e9d9e832543c'),
  ('pgspec_switch_log_guard_truncate ON pgspec.switch_log', 'pgspec_switch_log_guard_truncate', 'pgspec.switch_log', 34, 'pgspec.switch_log_guard()', '6e0f576c6a956253'),
  ('pgspec_switch_log_guard_update ON pgspec.switch_log', 'pgspec_switch_log_guard_update', 'pgspec.switch_log', 18, 'pgspec.switch_log_guard()', '6326de6d31525e23')
) AS e (name, trigger, relation, bits, function, definition)
LEFT JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = pg_catalog.to_regclass(e.relation) AND t.tgname = e.trigger
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'trigger' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (t.oid IS NOT NULL, 'does not exist'),
  (t.oid IS NULL OR t.tgenabled IN ('O', 'A'), 'is disabled: writes are not seen'),
  (t.oid IS NULL OR t.tgtype = e.bits, 'is for other events'),
  (t.oid IS NULL OR t.tgfoid = pg_catalog.to_regprocedure(e.function), 'calls another function than ' || e.function),
  (t.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('trigger', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'index ' || e.name || ' on ' || e.relation, x.ok, x.detail
FROM (VALUES
  ('public.costs_by_role_key', 'public.costs_by_role', true, false, 'btree', ARRAY['seen_by'], '2c509fda2186759a'),
  ('public.visits_by_patient_key', 'public.visits_by_patient', true, false, 'btree', ARRAY['patient_id'], '62dc5802461d1185')
) AS e (name, relation, is_unique, is_partial, access_method, columns, definition)
LEFT JOIN pg_catalog.pg_index AS i
  ON i.indexrelid = pg_catalog.to_regclass(e.name) AND i.indrelid = pg_catalog.to_regclass(e.relation)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'index' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (i.indexrelid IS NOT NULL, 'does not exist'),
  (i.indexrelid IS NULL OR (i.indisvalid AND i.indisready AND i.indislive), 'is invalid: drop it and create it again'),
  (i.indexrelid IS NULL OR i.indisunique = e.is_unique,
   CASE WHEN e.is_unique THEN 'is not unique' ELSE 'is unique, the spec says it is not' END),
  (i.indexrelid IS NULL OR (i.indpred IS NOT NULL) = e.is_partial,
   CASE WHEN e.is_partial THEN 'has no WHERE clause' ELSE 'has a WHERE clause' END),
  (i.indexrelid IS NULL OR m.amname = e.access_method, 'is of another access method than ' || e.access_method),
  (i.indexrelid IS NULL OR (i.indnatts = i.indnkeyatts AND e.columns = ARRAY(
     SELECT coalesce(a.attname, '(expression)')::text
     FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
     LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0
     ORDER BY k.position)),
   'is not on the columns ' || pg_catalog.array_to_string(e.columns, ', ')),
  (i.indexrelid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('index', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'comment on ' || e.name,
  pg_catalog.obj_description(pg_catalog.to_regclass(e.name), 'pg_class') IS NOT DISTINCT FROM e.text,
  'is not the description in the spec'
FROM (VALUES
  ('public.costs_by_role', 'Read through a view, and shown to the role that it is about.'),
  ('public.visits_by_patient', NULL)
) AS e (name, text)
UNION ALL
SELECT 'access to ' || e.name,
  a.granted = e.granted,
  pg_catalog.format('is {%s}, the spec says {%s}', pg_catalog.array_to_string(a.granted, ', '), pg_catalog.array_to_string(e.granted, ', '))
FROM (VALUES
  ('"my api"."visits ""mine"""', ARRAY['authenticated SELECT']::text[]),
  ('"my api".costs', ARRAY['anon SELECT', 'authenticated SELECT']::text[]),
  ('pgspec.switch_log', ARRAY[]::text[]),
  ('pgspec.thrown_switches', ARRAY[]::text[]),
  ('public.costs_by_role', ARRAY[]::text[]),
  ('public.pgspec_alerts', ARRAY['reporter SELECT', 'service_role SELECT']::text[]),
  ('public.pgspec_switch_log', ARRAY['reporter SELECT', 'service_role SELECT']::text[]),
  ('public.pgspec_switches', ARRAY['reporter SELECT', 'service_role SELECT']::text[]),
  ('public.visits_by_patient', ARRAY['service_role SELECT']::text[])
) AS e (name, granted)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name)
CROSS JOIN LATERAL (
  SELECT ARRAY(
    SELECT entry FROM (
      SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee) END || ' ' || x.privilege_type
        || CASE WHEN x.is_grantable THEN ' with grant option' ELSE '' END AS entry
      FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS x
      WHERE x.grantee <> c.relowner OR pg_catalog.pg_get_userbyid(x.grantee) || ' ' || x.privilege_type = ANY (e.granted)
      UNION ALL
      SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee) END || ' ' || x.privilege_type
        || ' of column ' || t.attname
      FROM pg_catalog.pg_attribute AS t CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) AS x
      WHERE t.attrelid = c.oid AND x.grantee <> c.relowner
    ) AS entries ORDER BY entry COLLATE "C") AS granted
) AS a
UNION ALL
SELECT 'rights on ' || e.name, x.ok, x.detail
FROM (VALUES
  ('public.visits', ARRAY['PUBLIC', 'anon', 'authenticated']::text[], ARRAY['anon', 'authenticated']::text[], ARRAY['authenticated SELECT']::text[])
) AS e (name, closed, bound, granted)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name)
CROSS JOIN LATERAL (
  SELECT ARRAY(
    SELECT g.role || ' ' || g.privilege FROM (
      SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee) END, x.privilege_type
        || CASE WHEN x.is_grantable THEN ' with grant option' ELSE '' END, x.grantee
      FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS x
      UNION ALL
      SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee) END, x.privilege_type
        || ' of column ' || t.attname, x.grantee
      FROM pg_catalog.pg_attribute AS t CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) AS x
      WHERE t.attrelid = c.oid
    ) AS g (role, privilege, grantee)
    WHERE g.grantee <> c.relowner AND g.role = ANY (e.closed)
    ORDER BY (g.role || ' ' || g.privilege) COLLATE "C") AS granted
) AS a
CROSS JOIN LATERAL (
  SELECT pg_catalog.string_agg(b.rolname || ' as ' || r.rolname, ', ' ORDER BY b.rolname, r.rolname) AS names
  FROM pg_catalog.pg_roles AS b
  JOIN pg_catalog.pg_roles AS r ON r.rolsuper OR r.rolbypassrls OR r.oid = c.relowner
  WHERE b.rolname = ANY (e.bound) AND pg_catalog.pg_has_role(b.oid, r.oid, 'MEMBER')
) AS free
CROSS JOIN LATERAL (
  WITH RECURSIVE below (oid) AS (
    SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid
    UNION SELECT i.inhrelid FROM below JOIN pg_catalog.pg_inherits AS i ON i.inhparent = below.oid
  )
  SELECT pg_catalog.string_agg(DISTINCT p.oid::pg_catalog.regclass::text, ', ') AS names
  FROM below JOIN pg_catalog.pg_class AS p ON p.oid = below.oid
  CROSS JOIN LATERAL pg_catalog.aclexplode(p.relacl) AS x
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee
  WHERE NOT p.relrowsecurity AND (x.grantee = 0 OR r.rolname = ANY (e.bound))
    AND x.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
) AS parts
CROSS JOIN LATERAL (VALUES
  (a.granted = e.granted,
   pg_catalog.format('are {%s}, the policies need {%s}', pg_catalog.array_to_string(a.granted, ', '), pg_catalog.array_to_string(e.granted, ', '))),
  (free.names IS NULL, 'bind no role that can act as one whom no policy binds: ' || free.names),
  (parts.names IS NULL, 'do not reach tables below it, which can be used by themselves: ' || parts.names)
) AS x (ok, detail)
UNION ALL
SELECT 'use of schema ' || e.name,
  e.may_use = ARRAY(
    SELECT g.entry
    FROM pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) AS a
    CROSS JOIN LATERAL (
      SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee) END || ' ' || a.privilege_type
    ) AS g (entry)
    WHERE a.grantee <> n.nspowner OR g.entry = ANY (e.may_use) ORDER BY g.entry COLLATE "C"),
  'is open to others than the spec says'
FROM (VALUES
  ('pgspec', ARRAY['anon USAGE', 'authenticated USAGE', 'reporter USAGE', 'service_role USAGE']::text[])
) AS e (name, may_use)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = e.name
UNION ALL
SELECT 'owner of ' || e.name, pg_catalog.pg_get_userbyid(c.relowner) = e.role, 'is not ' || e.role
FROM (VALUES
  ('"my api".costs', 'reporter'),
  ('public.costs_by_role', 'reporter')
) AS e (name, role)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name)
UNION ALL
SELECT 'rows read by ' || e.reader, h.tables IS NULL,
  pg_catalog.format('row security on %s shows only some of them to %s, as whom it reads', h.tables, h.roles)
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
UNION ALL
SELECT pg_catalog.replace(d.type, '_', ' ') || ' ' || d.name, false, 'was deployed, and is not in the specs'
FROM pgspec.deployed_objects AS d
WHERE (d.type, d.name) NOT IN (
  ('function', 'pgspec.access_public_visits(text)'),
  ('function', 'pgspec.admits_public_visits_own()'),
  ('function', 'pgspec.alert_values()'),
  ('function', 'pgspec.api_side()'),
  ('function', 'pgspec.claim(text)'),
  ('function', 'pgspec.claim_bigint(text)'),
  ('function', 'pgspec.claim_uuid(text)'),
  ('function', 'pgspec.closed_by(text)'),
  ('function', 'pgspec.fingerprint(text, text)'),
  ('function', 'pgspec.harden(text)'),
  ('function', 'pgspec.log_switch(text, boolean, text)'),
  ('function', 'pgspec.may_switch(text, text)'),
  ('function', 'pgspec.relation_grants(regclass)'),
  ('function', 'pgspec.relax(text)'),
  ('function', 'pgspec.switch_log_guard()'),
  ('function', 'pgspec.switch_targets()'),
  ('function', 'public.access_left(text)'),
  ('function', 'public.evaluate_alerts()'),
  ('function', 'public.explain_access(text, text)'),
  ('function', 'public.reset_switch(text, text, integer)'),
  ('function', 'public.throw_switch(text, text)'),
  ('function', 'public.verify_migration_success()'),
  ('index', 'public.costs_by_role_key'),
  ('index', 'public.visits_by_patient_key'),
  ('materialized_view', 'public.costs_by_role'),
  ('materialized_view', 'public.visits_by_patient'),
  ('policy', 'own ON public.visits'),
  ('row_security', 'public.visits'),
  ('table', 'pgspec.alert_state'),
  ('table', 'pgspec.deployed_objects'),
  ('table', 'pgspec.switch_log'),
  ('table', 'pgspec.thrown_switches'),
  ('trigger', 'pgspec_switch_log_guard_delete ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_update ON pgspec.switch_log'),
  ('view', '"my api"."visits ""mine"""'),
  ('view', '"my api".costs'),
  ('view', 'public.pgspec_alerts'),
  ('view', 'public.pgspec_switch_log'),
  ('view', 'public.pgspec_switches')
)
) AS checks (object, ok, detail);

IF failed > 0 THEN
  -- A switch that is thrown may be all there is to it.
  SELECT pg_catalog.string_agg(s.name || ' (' || s.why || ')', ', ' ORDER BY s.name) INTO thrown FROM pgspec.thrown_switches AS s;
  IF thrown IS NOT NULL THEN
    RAISE EXCEPTION E'verify: % of % checks failed\n%', failed, checked, failures USING HINT = 'thrown switches: ' || thrown;
  END IF;
  RAISE EXCEPTION E'verify: % of % checks failed\n%', failed, checked, failures;
END IF;
RAISE NOTICE 'verify: % checks passed', checked;

-- Expectations: each cell as its real role, on fixture rows.  All of it is undone by the error that ends each block.
IF pg_catalog.current_setting('transaction_read_only')::boolean THEN
  RAISE NOTICE 'verify: % expectations are not tried, since the transaction is read-only', 32;
ELSIF pg_catalog.row_security_active('public.visits'::regclass) THEN
  RAISE NOTICE 'verify: % expectations are not tried, since row security binds % itself', 32, current_user;
ELSE
BEGIN
-- expectations of public.visits  [specs/rls.yaml:5]
BEGIN
  INSERT INTO public.visits (id, patient_id, seen_by, cost) OVERRIDING SYSTEM VALUE
  SELECT id, patient_id, seen_by, cost FROM pg_catalog.jsonb_populate_record(NULL::public.visits, '{"id": 1, "patient_id": "11111111-1111-1111-1111-111111111111", "seen_by": "anon", "cost": 10}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.visits AS t, pg_catalog.jsonb_populate_record(NULL::public.visits, '{"id": 1, "patient_id": "11111111-1111-1111-1111-111111111111", "seen_by": "anon", "cost": 10}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.patient_id, t.seen_by, t.cost)::text IS DISTINCT FROM ROW(r.id, r.patient_id, r.seen_by, r.cost)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": 1, "patient_id": "11111111-1111-1111-1111-111111111111", "seen_by": "anon", "cost": 10}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.visits (id, patient_id, seen_by, cost) OVERRIDING SYSTEM VALUE
  SELECT id, patient_id, seen_by, cost FROM pg_catalog.jsonb_populate_record(NULL::public.visits, '{"id": 2, "patient_id": "11111111-1111-1111-1111-111111111111", "seen_by": "authenticated", "cost": 20}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.visits AS t, pg_catalog.jsonb_populate_record(NULL::public.visits, '{"id": 2, "patient_id": "11111111-1111-1111-1111-111111111111", "seen_by": "authenticated", "cost": 20}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.patient_id, t.seen_by, t.cost)::text IS DISTINCT FROM ROW(r.id, r.patient_id, r.seen_by, r.cost)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": 2, "patient_id": "11111111-1111-1111-1111-111111111111", "seen_by": "authenticated", "cost": 20}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.visits (id, patient_id, seen_by, cost) OVERRIDING SYSTEM VALUE
  SELECT id, patient_id, seen_by, cost FROM pg_catalog.jsonb_populate_record(NULL::public.visits, '{"id": 3, "patient_id": "22222222-2222-2222-2222-222222222222", "seen_by": "authenticated", "cost": 30}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.visits AS t, pg_catalog.jsonb_populate_record(NULL::public.visits, '{"id": 3, "patient_id": "22222222-2222-2222-2222-222222222222", "seen_by": "authenticated", "cost": 30}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.patient_id, t.seen_by, t.cost)::text IS DISTINCT FROM ROW(r.id, r.patient_id, r.seen_by, r.cost)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": 3, "patient_id": "22222222-2222-2222-2222-222222222222", "seen_by": "authenticated", "cost": 30}' USING ERRCODE = 'PS001';
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE EXCEPTION 'verify: the fixture rows for the expectations of % cannot be inserted: %', 'public.visits', SQLERRM
    USING ERRCODE = SQLSTATE, HINT = 'give fixture rows keys that no real row has';
END;
labels := ARRAY['hers', 'hers_too', 'his']::text[];
keys := ARRAY[
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.visits, '{"id": 1, "patient_id": "11111111-1111-1111-1111-111111111111", "seen_by": "anon", "cost": 10}') AS t),
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.visits, '{"id": 2, "patient_id": "11111111-1111-1111-1111-111111111111", "seen_by": "authenticated", "cost": 20}') AS t),
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.visits, '{"id": 3, "patient_id": "22222222-2222-2222-2222-222222222222", "seen_by": "authenticated", "cost": 30}') AS t)
];
FOR cell IN SELECT * FROM (VALUES
  ('anonymous', 'anon', '', true),
  ('alice', 'authenticated', '{"sub": "11111111-1111-1111-1111-111111111111"}', true),
  ('bob', 'authenticated', '{"sub": "22222222-2222-2222-2222-222222222222", "role": "admin"}', true),
  ('job', 'service_role', '', false),
  ('alice without a session', 'authenticated', '', true),
  ('alice posing as bob', 'authenticated', '{"sub": "11111111-1111-1111-1111-111111111111", "user_metadata": {"sub": "22222222-2222-2222-2222-222222222222", "role": "admin"}}', true),
  ('bob without a session', 'authenticated', '', true),
  ('bob posing as alice', 'authenticated', '{"sub": "22222222-2222-2222-2222-222222222222", "role": "admin", "user_metadata": {"sub": "11111111-1111-1111-1111-111111111111"}}', true)
) AS p (persona, role, claims, bound) JOIN (VALUES
  ('select', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('select', 'alice', false, ARRAY['hers', 'hers_too']::text[], NULL, NULL),
  ('select', 'bob', false, ARRAY['his']::text[], NULL, NULL),
  ('select', 'job', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'alice', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'bob', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'job', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'alice', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'bob', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'job', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'alice', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'bob', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'job', false, ARRAY[]::text[], '42501', NULL),
  ('select', 'alice without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'alice without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'alice without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'alice without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'alice posing as bob', true, ARRAY['hers', 'hers_too']::text[], NULL, NULL),
  ('insert', 'alice posing as bob', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'alice posing as bob', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'alice posing as bob', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'bob without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'bob without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'bob without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'bob without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'bob posing as alice', true, ARRAY['his']::text[], NULL, NULL),
  ('insert', 'bob posing as alice', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'bob posing as alice', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'bob posing as alice', true, ARRAY[]::text[], NULL, NULL)
) AS c (command, persona, most, labels, error, hint) USING (persona) ORDER BY command, persona LOOP
  IF cell.bound AND EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = cell.role AND (r.rolsuper OR r.rolbypassrls)) THEN
    wrong := wrong || pg_catalog.format('%s on %s as %s: no policy binds the role %I', cell.command, 'public.visits', cell.persona, cell.role);
    CONTINUE;
  END IF;
  reached := ARRAY[]::text[];
  denied := NULL;
  broken := NULL;
  advice := NULL;
  FOR probe IN SELECT * FROM (VALUES
    ('select', NULL, 'SELECT ARRAY(SELECT k.label FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (label, key) WHERE k.key IN (SELECT ROW(t.id::text)::text FROM public.visits AS t))'),
    ('insert', 'hers', 'INSERT INTO public.visits (id, patient_id, seen_by, cost) OVERRIDING SYSTEM VALUE SELECT id, patient_id, seen_by, cost FROM pg_catalog.jsonb_populate_record(NULL::public.visits, ''{"id": 1, "patient_id": "11111111-1111-1111-1111-111111111111", "seen_by": "anon", "cost": 10}'')'),
    ('update', 'hers', 'UPDATE public.visits AS t SET patient_id = t.patient_id FROM pg_catalog.jsonb_populate_record(NULL::public.visits, ''{"id": 1, "patient_id": "11111111-1111-1111-1111-111111111111", "seen_by": "anon", "cost": 10}'') AS r WHERE t.id = r.id'),
    ('delete', 'hers', 'DELETE FROM public.visits AS t USING pg_catalog.jsonb_populate_record(NULL::public.visits, ''{"id": 1, "patient_id": "11111111-1111-1111-1111-111111111111", "seen_by": "anon", "cost": 10}'') AS r WHERE t.id = r.id'),
    ('insert', 'hers_too', 'INSERT INTO public.visits (id, patient_id, seen_by, cost) OVERRIDING SYSTEM VALUE SELECT id, patient_id, seen_by, cost FROM pg_catalog.jsonb_populate_record(NULL::public.visits, ''{"id": 2, "patient_id": "11111111-1111-1111-1111-111111111111", "seen_by": "authenticated", "cost": 20}'')'),
    ('update', 'hers_too', 'UPDATE public.visits AS t SET patient_id = t.patient_id FROM pg_catalog.jsonb_populate_record(NULL::public.visits, ''{"id": 2, "patient_id": "11111111-1111-1111-1111-111111111111", "seen_by": "authenticated", "cost": 20}'') AS r WHERE t.id = r.id'),
    ('delete', 'hers_too', 'DELETE FROM public.visits AS t USING pg_catalog.jsonb_populate_record(NULL::public.visits, ''{"id": 2, "patient_id": "11111111-1111-1111-1111-111111111111", "seen_by": "authenticated", "cost": 20}'') AS r WHERE t.id = r.id'),
    ('insert', 'his', 'INSERT INTO public.visits (id, patient_id, seen_by, cost) OVERRIDING SYSTEM VALUE SELECT id, patient_id, seen_by, cost FROM pg_catalog.jsonb_populate_record(NULL::public.visits, ''{"id": 3, "patient_id": "22222222-2222-2222-2222-222222222222", "seen_by": "authenticated", "cost": 30}'')'),
    ('update', 'his', 'UPDATE public.visits AS t SET patient_id = t.patient_id FROM pg_catalog.jsonb_populate_record(NULL::public.visits, ''{"id": 3, "patient_id": "22222222-2222-2222-2222-222222222222", "seen_by": "authenticated", "cost": 30}'') AS r WHERE t.id = r.id'),
    ('delete', 'his', 'DELETE FROM public.visits AS t USING pg_catalog.jsonb_populate_record(NULL::public.visits, ''{"id": 3, "patient_id": "22222222-2222-2222-2222-222222222222", "seen_by": "authenticated", "cost": 30}'') AS r WHERE t.id = r.id')
  ) AS p (command, label, query) WHERE p.command = cell.command LOOP
    stage := 'role';
    BEGIN
      PERFORM pg_catalog.set_config('request.jwt.claims', cell.claims, true), pg_catalog.set_config('row_security', 'on', true);
      PERFORM pg_catalog.set_config('role', cell.role, true);
      stage := 'query';
      IF cell.command = 'select' THEN
        EXECUTE probe.query INTO reached USING labels, keys;
      ELSE
        EXECUTE probe.query;
        GET DIAGNOSTICS touched = ROW_COUNT;
        reached := CASE WHEN touched > 0 THEN reached || probe.label ELSE reached END;
      END IF;
      stage := 'done';
      RAISE EXCEPTION USING ERRCODE = 'PS000';
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = PG_EXCEPTION_HINT;
      IF stage = 'role' THEN
        RAISE;
      ELSIF stage = 'query' AND state LIKE '23%' THEN
        reached := reached || probe.label;  -- row security has let it pass: keys and checks come later
      ELSIF stage = 'query' AND state = '42501' THEN
        denied := state;
        advice := said;
      ELSIF stage = 'query' THEN
        broken := state;
        advice := said;
      END IF;
    END;
  END LOOP;
  tried := tried + 1;
  state := coalesce(broken, CASE WHEN reached = '{}' THEN denied END);
  IF (CASE
      WHEN cell.most THEN broken IS NULL AND reached <@ cell.labels
      WHEN cell.error IS NOT NULL THEN state = cell.error AND (cell.hint IS NULL OR advice LIKE cell.hint)
      ELSE state IS NULL AND reached @> cell.labels AND reached <@ cell.labels
    END) IS NOT TRUE THEN
    wrong := wrong || pg_catalog.format('%s on %s as %s: gives %s, the spec expects %s', cell.command, 'public.visits', cell.persona,
      coalesce(state || coalesce(' with the hint ' || pg_catalog.quote_literal(nullif(advice, '')), ''), reached::text),
      CASE WHEN cell.most THEN 'at most ' ELSE '' END || coalesce(cell.error || coalesce(' with a hint like ' || pg_catalog.quote_literal(cell.hint), ''), cell.labels::text));
  END IF;
END LOOP;
RAISE EXCEPTION USING ERRCODE = 'PS000';
EXCEPTION WHEN SQLSTATE 'PS000' THEN
  NULL;
END;
IF pg_catalog.cardinality(wrong) > 0 THEN
  RAISE EXCEPTION E'verify: % of % expectations failed\n%', pg_catalog.cardinality(wrong), tried, pg_catalog.array_to_string(wrong, E'\n');
END IF;
RAISE NOTICE 'verify: % expectations hold', tried;
END IF;

END
$pgspec$;
