-- pgspec verify: names, draft
-- 1 schema, 4 tables, 22 functions, 3 views, 2 tables with row security, 1 policy, 3 triggers, 5 access lists, 2 tables' rights, 1 schema's users, 2 tables' expectations
-- from specs/guards.yaml

DO $pgspec_$
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
IF pg_catalog.to_regclass('"Own-Int".deployed_objects') IS NULL THEN
  RAISE EXCEPTION 'verify: nothing is deployed here: % does not exist', '"Own-Int".deployed_objects'
    USING HINT = 'Run migrate.sql first.';
END IF;

SELECT count(*), count(*) FILTER (WHERE ok IS NOT TRUE),
  pg_catalog.string_agg(object || ': ' || detail, E'\n' ORDER BY object, detail) FILTER (WHERE ok IS NOT TRUE)
INTO checked, failed, failures
FROM (
SELECT 'schema ' || e.name, n.oid IS NOT NULL, 'does not exist'
FROM (VALUES
  ('Own-Int')
) AS e (name)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = e.name
UNION ALL
SELECT 'table ' || e.name, x.ok, x.detail
FROM (VALUES
  ('"Own-Int".alert_state', 'b78a52d10c3b037d'),
  ('"Own-Int".deployed_objects', '33639dc585a3ea12'),
  ('"Own-Int".switch_log', '05bce13059492885'),
  ('"Own-Int".thrown_switches', '4e8e5f8b2add66a4')
) AS e (name, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'r'
LEFT JOIN "Own-Int".deployed_objects AS d ON d.type = 'table' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (NOT EXISTS (
     SELECT FROM pg_catalog.pg_depend AS o
     JOIN pg_catalog.pg_class AS s ON s.oid = o.objid AND s.relkind = 'S'
     CROSS JOIN LATERAL pg_catalog.aclexplode(s.relacl) AS x
     WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.refclassid = o.classid
       AND o.refobjid = c.oid AND o.deptype = 'i' AND x.grantee <> s.relowner),
   'has a sequence that others than its owner may use'),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = "Own-Int".fingerprint('table', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'function ' || e.name, x.ok, x.detail
FROM (VALUES
  ('"Own-Int"."access_App_Big Table"(text)', ARRAY['Anon x', 'xjob']::text[], 'd6e9a4194ec832ae'),
  ('"Own-Int".access_public_locked(text)', ARRAY['Anon x', 'xjob']::text[], '20f873b4b70131ee'),
  ('"Own-Int".alert_values()', ARRAY['xjob']::text[], '93209605e684d541'),
  ('"Own-Int".api_side()', ARRAY[]::text[], 'd97b6849dc184c09'),
  ('"Own-Int".claim(text)', ARRAY['Anon x', 'xjob']::text[], '4a853ce169f5b706'),
  ('"Own-Int".claim_bigint(text)', ARRAY['Anon x', 'xjob']::text[], '8ed4a626bce1d2d5'),
  ('"Own-Int".claim_uuid(text)', ARRAY['Anon x', 'xjob']::text[], '698e2d35926ea2f2'),
  ('"Own-Int".closed_by(text)', ARRAY[]::text[], '277767835cc90587'),
  ('"Own-Int".fingerprint(text, text)', ARRAY[]::text[], 'ca07d75030700f82'),
  ('"Own-Int".harden(text)', ARRAY[]::text[], '20b0519d2759a3a3'),
  ('"Own-Int".log_switch(text, boolean, text)', ARRAY[]::text[], 'd110fc21c9e742b5'),
  ('"Own-Int".may_switch(text, text)', ARRAY[]::text[], 'ea05f218f75fbf6f'),
  ('"Own-Int".relation_grants(regclass)', ARRAY[]::text[], '7eb97f197f25f179'),
  ('"Own-Int".relax(text)', ARRAY[]::text[], '9da5d136864d8491'),
  ('"Own-Int".switch_log_guard()', ARRAY[]::text[], 'a67fdc0bc90afb06'),
  ('"Own-Int".switch_targets()', ARRAY[]::text[], '929cc527586e4242'),
  ('public.access_left(text)', ARRAY['xjob']::text[], '63d212b1171adb77'),
  ('public.evaluate_alerts()', ARRAY['xjob']::text[], '32bc5c7dd07d0693'),
  ('public.explain_access(text, text)', ARRAY['Anon x', 'xjob']::text[], 'cdafce0e0b807d33'),
  ('public.reset_switch(text, text, integer)', ARRAY['xjob']::text[], '8e2da32723c4ee83'),
  ('public.throw_switch(text, text)', ARRAY['xjob']::text[], '0124bd83a0b7e107'),
  ('public.verify_migration_success()', ARRAY['xjob']::text[], 'e898d439c38970de')
) AS e (name, may_execute, definition)
LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(e.name)
LEFT JOIN "Own-Int".deployed_objects AS d ON d.type = 'function' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (p.oid IS NOT NULL, 'does not exist'),
  (p.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = "Own-Int".fingerprint('function', e.name)),
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
  ('public.pgspec_alerts', '', '5acc4e0fb9c6c77e'),
  ('public.pgspec_switch_log', '', '48fb557dc5d59577'),
  ('public.pgspec_switches', '', 'af0e4f211ed689ac')
) AS e (name, options, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'v'
LEFT JOIN "Own-Int".deployed_objects AS d ON d.type = 'view' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (c.oid IS NULL OR coalesce(pg_catalog.array_to_string(c.reloptions, ','), '') = e.options,
   CASE WHEN e.options = '' THEN 'has options' ELSE 'has other options than ' || e.options END),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = "Own-Int".fingerprint('view', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'row security on ' || e.name, x.ok, x.detail
FROM (VALUES
  ('"App"."Big Table"', true, 'c07f0eb8fb89cc60'),
  ('public.locked', false, '91c9cfd2396f6bdb')
) AS e (name, forced, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name)
LEFT JOIN "Own-Int".deployed_objects AS d ON d.type = 'row_security' AND d.name = e.name
CROSS JOIN LATERAL (
  SELECT pg_catalog.string_agg(pg_catalog.quote_ident(p.polname), ', ' ORDER BY p.polname) AS names
  FROM pg_catalog.pg_policy AS p
  WHERE p.polrelid = c.oid AND NOT EXISTS (
    SELECT FROM "Own-Int".deployed_objects AS k
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
  ('"sel "" ON $pgspec$ ''x" ON "App"."Big Table"', 'sel " ON $pgspec$ ''x', '"App"."Big Table"', true, '*', ARRAY['public']::text[], '9650550335dd3815')
) AS e (name, policy, relation, permissive, command, roles, definition)
LEFT JOIN pg_catalog.pg_policy AS p ON p.polrelid = pg_catalog.to_regclass(e.relation) AND p.polname = e.policy
LEFT JOIN "Own-Int".deployed_objects AS d ON d.type = 'policy' AND d.name = e.name
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
  (p.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = "Own-Int".fingerprint('policy', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'trigger ' || e.trigger || ' on ' || e.relation, x.ok, x.detail
FROM (VALUES
  ('pgspec_switch_log_guard_delete ON "Own-Int".switch_log', 'pgspec_switch_log_guard_delete', '"Own-Int".switch_log', 10, '"Own-Int".switch_log_guard()', 'cd229ba81f4bf283'),
  ('pgspec_switch_log_guard_truncate ON "Own-Int".switch_log', 'pgspec_switch_log_guard_truncate', '"Own-Int".switch_log', 34, '"Own-Int".switch_log_guard()', 'fe831085d2a9bc5d'),
  ('pgspec_switch_log_guard_update ON "Own-Int".switch_log', 'pgspec_switch_log_guard_update', '"Own-Int".switch_log', 18, '"Own-Int".switch_log_guard()', '46f42ca4793988bc')
) AS e (name, trigger, relation, bits, function, definition)
LEFT JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = pg_catalog.to_regclass(e.relation) AND t.tgname = e.trigger
LEFT JOIN "Own-Int".deployed_objects AS d ON d.type = 'trigger' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (t.oid IS NOT NULL, 'does not exist'),
  (t.oid IS NULL OR t.tgenabled IN ('O', 'A'), 'is disabled: writes are not seen'),
  (t.oid IS NULL OR t.tgtype = e.bits, 'is for other events'),
  (t.oid IS NULL OR t.tgfoid = pg_catalog.to_regprocedure(e.function), 'calls another function than ' || e.function),
  (t.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = "Own-Int".fingerprint('trigger', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'access to ' || e.name,
  a.granted = e.granted,
  pg_catalog.format('is {%s}, the spec says {%s}', pg_catalog.array_to_string(a.granted, ', '), pg_catalog.array_to_string(e.granted, ', '))
FROM (VALUES
  ('"Own-Int".switch_log', ARRAY[]::text[]),
  ('"Own-Int".thrown_switches', ARRAY[]::text[]),
  ('public.pgspec_alerts', ARRAY['xjob SELECT']::text[]),
  ('public.pgspec_switch_log', ARRAY['xjob SELECT']::text[]),
  ('public.pgspec_switches', ARRAY['xjob SELECT']::text[])
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
  ('"App"."Big Table"', ARRAY['PUBLIC', 'Anon x']::text[], ARRAY['Anon x']::text[], ARRAY['Anon x DELETE', 'Anon x INSERT', 'Anon x SELECT', 'Anon x UPDATE']::text[]),
  ('public.locked', ARRAY['PUBLIC', 'Anon x']::text[], ARRAY['Anon x']::text[], ARRAY[]::text[])
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
  ('Own-Int', ARRAY['Anon x USAGE', 'xjob USAGE']::text[])
) AS e (name, may_use)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = e.name
UNION ALL
SELECT pg_catalog.replace(d.type, '_', ' ') || ' ' || d.name, false, 'was deployed, and is not in the specs'
FROM "Own-Int".deployed_objects AS d
WHERE (d.type, d.name) NOT IN (
  ('function', '"Own-Int"."access_App_Big Table"(text)'),
  ('function', '"Own-Int".access_public_locked(text)'),
  ('function', '"Own-Int".alert_values()'),
  ('function', '"Own-Int".api_side()'),
  ('function', '"Own-Int".claim(text)'),
  ('function', '"Own-Int".claim_bigint(text)'),
  ('function', '"Own-Int".claim_uuid(text)'),
  ('function', '"Own-Int".closed_by(text)'),
  ('function', '"Own-Int".fingerprint(text, text)'),
  ('function', '"Own-Int".harden(text)'),
  ('function', '"Own-Int".log_switch(text, boolean, text)'),
  ('function', '"Own-Int".may_switch(text, text)'),
  ('function', '"Own-Int".relation_grants(regclass)'),
  ('function', '"Own-Int".relax(text)'),
  ('function', '"Own-Int".switch_log_guard()'),
  ('function', '"Own-Int".switch_targets()'),
  ('function', 'public.access_left(text)'),
  ('function', 'public.evaluate_alerts()'),
  ('function', 'public.explain_access(text, text)'),
  ('function', 'public.reset_switch(text, text, integer)'),
  ('function', 'public.throw_switch(text, text)'),
  ('function', 'public.verify_migration_success()'),
  ('policy', '"sel "" ON $pgspec$ ''x" ON "App"."Big Table"'),
  ('row_security', '"App"."Big Table"'),
  ('row_security', 'public.locked'),
  ('table', '"Own-Int".alert_state'),
  ('table', '"Own-Int".deployed_objects'),
  ('table', '"Own-Int".switch_log'),
  ('table', '"Own-Int".thrown_switches'),
  ('trigger', 'pgspec_switch_log_guard_delete ON "Own-Int".switch_log'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON "Own-Int".switch_log'),
  ('trigger', 'pgspec_switch_log_guard_update ON "Own-Int".switch_log'),
  ('view', 'public.pgspec_alerts'),
  ('view', 'public.pgspec_switch_log'),
  ('view', 'public.pgspec_switches')
)
) AS checks (object, ok, detail);

IF failed > 0 THEN
  -- A switch that is thrown may be all there is to it.
  SELECT pg_catalog.string_agg(s.name || ' (' || s.why || ')', ', ' ORDER BY s.name) INTO thrown FROM "Own-Int".thrown_switches AS s;
  IF thrown IS NOT NULL THEN
    RAISE EXCEPTION E'verify: % of % checks failed\n%', failed, checked, failures USING HINT = 'thrown switches: ' || thrown;
  END IF;
  RAISE EXCEPTION E'verify: % of % checks failed\n%', failed, checked, failures;
END IF;
RAISE NOTICE 'verify: % checks passed', checked;

-- Expectations: each cell as its real role, on fixture rows.  All of it is undone by the error that ends each block.
IF pg_catalog.current_setting('transaction_read_only')::boolean THEN
  RAISE NOTICE 'verify: % expectations are not tried, since the transaction is read-only', 32;
ELSIF pg_catalog.row_security_active('"App"."Big Table"'::regclass) THEN
  RAISE NOTICE 'verify: % expectations are not tried, since row security binds % itself', 32, current_user;
ELSIF pg_catalog.row_security_active('public.locked'::regclass) THEN
  RAISE NOTICE 'verify: % expectations are not tried, since row security binds % itself', 32, current_user;
ELSE
BEGIN
-- expectations of "App"."Big Table"  [specs/guards.yaml:8]
BEGIN
  INSERT INTO "App"."Big Table" ("Id", at) OVERRIDING SYSTEM VALUE
  SELECT "Id", at FROM pg_catalog.jsonb_populate_record(NULL::"App"."Big Table", '{"Id": 1, "at": "2025-01-01"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM "App"."Big Table" AS t, pg_catalog.jsonb_populate_record(NULL::"App"."Big Table", '{"Id": 1, "at": "2025-01-01"}') AS r
    WHERE t."Id" = r."Id" AND t.at = r.at AND ROW(t."Id", t.at)::text IS DISTINCT FROM ROW(r."Id", r.at)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"Id": 1, "at": "2025-01-01"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO "App"."Big Table" ("Id", at) OVERRIDING SYSTEM VALUE
  SELECT "Id", at FROM pg_catalog.jsonb_populate_record(NULL::"App"."Big Table", '{"Id": 2, "at": "2025-06-01"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM "App"."Big Table" AS t, pg_catalog.jsonb_populate_record(NULL::"App"."Big Table", '{"Id": 2, "at": "2025-06-01"}') AS r
    WHERE t."Id" = r."Id" AND t.at = r.at AND ROW(t."Id", t.at)::text IS DISTINCT FROM ROW(r."Id", r.at)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"Id": 2, "at": "2025-06-01"}' USING ERRCODE = 'PS001';
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE EXCEPTION 'verify: the fixture rows for the expectations of % cannot be inserted: %', '"App"."Big Table"', SQLERRM
    USING ERRCODE = SQLSTATE, HINT = 'give fixture rows keys that no real row has';
END;
labels := ARRAY['one', 'two']::text[];
keys := ARRAY[
  (SELECT ROW(t."Id"::text, t.at::text)::text FROM pg_catalog.jsonb_populate_record(NULL::"App"."Big Table", '{"Id": 1, "at": "2025-01-01"}') AS t),
  (SELECT ROW(t."Id"::text, t.at::text)::text FROM pg_catalog.jsonb_populate_record(NULL::"App"."Big Table", '{"Id": 2, "at": "2025-06-01"}') AS t)
];
FOR cell IN SELECT * FROM (VALUES
  ('a', 'Anon x', '', true),
  ('b', 'Anon x', E'{"sub": "1", "a''b": "\\"q\\\\"}', true),
  ('j', 'xjob', '', false),
  ('b without a session', 'Anon x', '', true)
) AS p (persona, role, claims, bound) JOIN (VALUES
  ('select', 'a', false, ARRAY[]::text[], NULL, NULL),
  ('select', 'b', false, ARRAY['one']::text[], NULL, NULL),
  ('select', 'j', false, ARRAY['one', 'two']::text[], NULL, NULL),
  ('insert', 'a', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'b', false, ARRAY['one']::text[], NULL, NULL),
  ('insert', 'j', false, ARRAY['one', 'two']::text[], NULL, NULL),
  ('update', 'a', false, ARRAY[]::text[], NULL, NULL),
  ('update', 'b', false, ARRAY['one']::text[], NULL, NULL),
  ('update', 'j', false, ARRAY['one', 'two']::text[], NULL, NULL),
  ('delete', 'a', false, ARRAY[]::text[], NULL, NULL),
  ('delete', 'b', false, ARRAY['one']::text[], NULL, NULL),
  ('delete', 'j', false, ARRAY['one', 'two']::text[], NULL, NULL),
  ('select', 'b without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'b without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'b without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'b without a session', true, ARRAY[]::text[], NULL, NULL)
) AS c (command, persona, most, labels, error, hint) USING (persona) ORDER BY command, persona LOOP
  IF cell.bound AND EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = cell.role AND (r.rolsuper OR r.rolbypassrls)) THEN
    wrong := wrong || pg_catalog.format('%s on %s as %s: no policy binds the role %I', cell.command, '"App"."Big Table"', cell.persona, cell.role);
    CONTINUE;
  END IF;
  reached := ARRAY[]::text[];
  denied := NULL;
  broken := NULL;
  advice := NULL;
  FOR probe IN SELECT * FROM (VALUES
    ('select', NULL, 'SELECT ARRAY(SELECT k.label FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (label, key) WHERE k.key IN (SELECT ROW(t."Id"::text, t.at::text)::text FROM "App"."Big Table" AS t))'),
    ('insert', 'one', 'INSERT INTO "App"."Big Table" ("Id", at) OVERRIDING SYSTEM VALUE SELECT "Id", at FROM pg_catalog.jsonb_populate_record(NULL::"App"."Big Table", ''{"Id": 1, "at": "2025-01-01"}'')'),
    ('update', 'one', 'UPDATE "App"."Big Table" AS t SET "group" = t."group" FROM pg_catalog.jsonb_populate_record(NULL::"App"."Big Table", ''{"Id": 1, "at": "2025-01-01"}'') AS r WHERE t."Id" = r."Id" AND t.at = r.at'),
    ('delete', 'one', 'DELETE FROM "App"."Big Table" AS t USING pg_catalog.jsonb_populate_record(NULL::"App"."Big Table", ''{"Id": 1, "at": "2025-01-01"}'') AS r WHERE t."Id" = r."Id" AND t.at = r.at'),
    ('insert', 'two', 'INSERT INTO "App"."Big Table" ("Id", at) OVERRIDING SYSTEM VALUE SELECT "Id", at FROM pg_catalog.jsonb_populate_record(NULL::"App"."Big Table", ''{"Id": 2, "at": "2025-06-01"}'')'),
    ('update', 'two', 'UPDATE "App"."Big Table" AS t SET "group" = t."group" FROM pg_catalog.jsonb_populate_record(NULL::"App"."Big Table", ''{"Id": 2, "at": "2025-06-01"}'') AS r WHERE t."Id" = r."Id" AND t.at = r.at'),
    ('delete', 'two', 'DELETE FROM "App"."Big Table" AS t USING pg_catalog.jsonb_populate_record(NULL::"App"."Big Table", ''{"Id": 2, "at": "2025-06-01"}'') AS r WHERE t."Id" = r."Id" AND t.at = r.at')
  ) AS p (command, label, query) WHERE p.command = cell.command LOOP
    stage := 'role';
    BEGIN
      PERFORM pg_catalog.set_config('my.claims', cell.claims, true), pg_catalog.set_config('row_security', 'on', true);
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
    wrong := wrong || pg_catalog.format('%s on %s as %s: gives %s, the spec expects %s', cell.command, '"App"."Big Table"', cell.persona,
      coalesce(state || coalesce(' with the hint ' || pg_catalog.quote_literal(nullif(advice, '')), ''), reached::text),
      CASE WHEN cell.most THEN 'at most ' ELSE '' END || coalesce(cell.error || coalesce(' with a hint like ' || pg_catalog.quote_literal(cell.hint), ''), cell.labels::text));
  END IF;
END LOOP;
-- expectations of public.locked  [specs/guards.yaml:15]
BEGIN
  INSERT INTO public.locked (id) OVERRIDING SYSTEM VALUE
  SELECT id FROM pg_catalog.jsonb_populate_record(NULL::public.locked, '{"id": 1}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.locked AS t, pg_catalog.jsonb_populate_record(NULL::public.locked, '{"id": 1}') AS r
    WHERE t.id = r.id AND ROW(t.id)::text IS DISTINCT FROM ROW(r.id)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": 1}' USING ERRCODE = 'PS001';
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE EXCEPTION 'verify: the fixture rows for the expectations of % cannot be inserted: %', 'public.locked', SQLERRM
    USING ERRCODE = SQLSTATE, HINT = 'give fixture rows keys that no real row has';
END;
labels := ARRAY['r']::text[];
keys := ARRAY[
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.locked, '{"id": 1}') AS t)
];
FOR cell IN SELECT * FROM (VALUES
  ('a', 'Anon x', '', true),
  ('b', 'Anon x', E'{"sub": "1", "a''b": "\\"q\\\\"}', true),
  ('j', 'xjob', '', false),
  ('b without a session', 'Anon x', '', true)
) AS p (persona, role, claims, bound) JOIN (VALUES
  ('select', 'a', false, ARRAY[]::text[], '42501', NULL),
  ('select', 'b', false, ARRAY[]::text[], '42501', NULL),
  ('select', 'j', false, ARRAY['r']::text[], NULL, NULL),
  ('insert', 'a', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'b', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'j', false, ARRAY['r']::text[], NULL, NULL),
  ('update', 'a', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'b', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'j', false, ARRAY['r']::text[], NULL, NULL),
  ('delete', 'a', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'b', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'j', false, ARRAY['r']::text[], NULL, NULL),
  ('select', 'b without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'b without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'b without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'b without a session', true, ARRAY[]::text[], NULL, NULL)
) AS c (command, persona, most, labels, error, hint) USING (persona) ORDER BY command, persona LOOP
  IF cell.bound AND EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = cell.role AND (r.rolsuper OR r.rolbypassrls)) THEN
    wrong := wrong || pg_catalog.format('%s on %s as %s: no policy binds the role %I', cell.command, 'public.locked', cell.persona, cell.role);
    CONTINUE;
  END IF;
  reached := ARRAY[]::text[];
  denied := NULL;
  broken := NULL;
  advice := NULL;
  FOR probe IN SELECT * FROM (VALUES
    ('select', NULL, 'SELECT ARRAY(SELECT k.label FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (label, key) WHERE k.key IN (SELECT ROW(t.id::text)::text FROM public.locked AS t))'),
    ('insert', 'r', 'INSERT INTO public.locked (id) OVERRIDING SYSTEM VALUE SELECT id FROM pg_catalog.jsonb_populate_record(NULL::public.locked, ''{"id": 1}'')'),
    ('update', 'r', 'UPDATE public.locked AS t SET id = t.id FROM pg_catalog.jsonb_populate_record(NULL::public.locked, ''{"id": 1}'') AS r WHERE t.id = r.id'),
    ('delete', 'r', 'DELETE FROM public.locked AS t USING pg_catalog.jsonb_populate_record(NULL::public.locked, ''{"id": 1}'') AS r WHERE t.id = r.id')
  ) AS p (command, label, query) WHERE p.command = cell.command LOOP
    stage := 'role';
    BEGIN
      PERFORM pg_catalog.set_config('my.claims', cell.claims, true), pg_catalog.set_config('row_security', 'on', true);
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
    wrong := wrong || pg_catalog.format('%s on %s as %s: gives %s, the spec expects %s', cell.command, 'public.locked', cell.persona,
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
$pgspec_$;
