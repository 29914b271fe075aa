-- pgspec verify: clinic, draft
-- 1 schema, 4 tables, 24 functions, 3 views, 2 tables with row security, 5 policies, 3 triggers, 5 access lists, 2 tables' rights, 1 schema's users, 2 tables' expectations
-- from specs/rls.yaml

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
  ('pgspec.alert_state', '0d6fcdeed9392a85'),
  ('pgspec.deployed_objects', 'e12627b13b639ac9'),
  ('pgspec.switch_log', '4085dbd0c3900c39'),
  ('pgspec.thrown_switches', '12931edc53b27321')
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
  ('pgspec."admits_public_profiles_own row"()', ARRAY['anon', 'authenticated', 'service_role']::text[], '226ca067b4396286'),
  ('pgspec.access_public_admin_audit_log(text)', ARRAY['anon', 'authenticated', 'service_role']::text[], '4702ef600fc30aff'),
  ('pgspec.access_public_profiles(text)', ARRAY['anon', 'authenticated', 'service_role']::text[], 'fc732176ab138c18'),
  ('pgspec.admits_public_profiles_own_update()', ARRAY['anon', 'authenticated', 'service_role']::text[], 'acafe3b691a76612'),
  ('pgspec.alert_values()', ARRAY['service_role']::text[], 'd1161bddf44db349'),
  ('pgspec.api_side()', ARRAY[]::text[], 'cf12adb47f62537f'),
  ('pgspec.claim(text)', ARRAY['anon', 'authenticated', 'service_role']::text[], '3fe0d6a7998416ce'),
  ('pgspec.claim_bigint(text)', ARRAY['anon', 'authenticated', 'service_role']::text[], '7e253470e350b2fd'),
  ('pgspec.claim_uuid(text)', ARRAY['anon', 'authenticated', 'service_role']::text[], '8b9990e017d6fa17'),
  ('pgspec.closed_by(text)', ARRAY[]::text[], '5a33e6b879761b2f'),
  ('pgspec.fingerprint(text, text)', ARRAY[]::text[], '019b7fb2cf123c8e'),
  ('pgspec.harden(text)', ARRAY[]::text[], '934eaae5ae3b772b'),
  ('pgspec.log_switch(text, boolean, text)', ARRAY[]::text[], '6dec32cc9a95e776'),
  ('pgspec.may_switch(text, text)', ARRAY[]::text[], '53ee258f817d1bda'),
  ('pgspec.relation_grants(regclass)', ARRAY[]::text[], 'd68c4bbef17335bc'),
  ('pgspec.relax(text)', ARRAY[]::text[], 'd8de97eb3af694f2'),
  ('pgspec.switch_log_guard()', ARRAY[]::text[], 'e3582d5e8cbced43'),
  ('pgspec.switch_targets()', ARRAY[]::text[], '8e575d48e8aae36b'),
  ('public.access_left(text)', ARRAY['service_role']::text[], '99d143137e471831'),
  ('public.evaluate_alerts()', ARRAY['service_role']::text[], '8e9526d29f515906'),
  ('public.explain_access(text, text)', ARRAY['anon', 'authenticated', 'service_role']::text[], '5cd598abef25c641'),
  ('public.reset_switch(text, text, integer)', ARRAY['service_role']::text[], '183fd7e90ab89195'),
  ('public.throw_switch(text, text)', ARRAY['service_role']::text[], 'f10b07ee298d5484'),
  ('public.verify_migration_success()', ARRAY['service_role']::text[], 'c9cd014df0b919c9')
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
  ('public.pgspec_alerts', '', '3626645fbf47b003'),
  ('public.pgspec_switch_log', '', 'ba481a6ae5d4dbd0'),
  ('public.pgspec_switches', '', '181c713f62285d7d')
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
  ('public.admin_audit_log', true, 'b095f7d4849c2b64'),
  ('public.profiles', true, '61c752a39d1ca6e3')
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
  ('"own row" ON public.profiles', 'own row', 'public.profiles', true, 'r', ARRAY['authenticated']::text[], '9a4403606b5fc465'),
  ('admins_read ON public.admin_audit_log', 'admins_read', 'public.admin_audit_log', true, 'r', ARRAY['authenticated']::text[], 'f3e3c7384c9a0d38'),
  ('no_promotion ON public.profiles', 'no_promotion', 'public.profiles', false, 'w', ARRAY['public']::text[], '91c8239c53ff780a'),
  ('own_update ON public.profiles', 'own_update', 'public.profiles', true, 'w', ARRAY['authenticated']::text[], 'fecdeae8aaaa570e'),
  ('published ON public.profiles', 'published', 'public.profiles', true, 'r', ARRAY['anon', 'authenticated']::text[], '55471e5fb5a16a1d')
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
SELECT 'access to ' || e.name,
  a.granted = e.granted,
  pg_catalog.format('is {%s}, the spec says {%s}', pg_catalog.array_to_string(a.granted, ', '), pg_catalog.array_to_string(e.granted, ', '))
FROM (VALUES
  ('pgspec.switch_log', ARRAY[]::text[]),
  ('pgspec.thrown_switches', ARRAY[]::text[]),
  ('public.pgspec_alerts', ARRAY['service_role SELECT']::text[]),
  ('public.pgspec_switch_log', ARRAY['service_role SELECT']::text[]),
  ('public.pgspec_switches', ARRAY['service_role SELECT']::text[])
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
  ('public.admin_audit_log', ARRAY['PUBLIC', 'anon', 'authenticated']::text[], ARRAY['anon', 'authenticated']::text[], ARRAY['authenticated SELECT']::text[]),
  ('public.profiles', ARRAY['PUBLIC', 'anon', 'authenticated']::text[], ARRAY['anon', 'authenticated']::text[], ARRAY['anon SELECT', 'authenticated SELECT', 'authenticated UPDATE']::text[])
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
  ('pgspec', ARRAY['anon USAGE', 'authenticated USAGE', 'service_role USAGE']::text[])
) AS e (name, may_use)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = e.name
UNION ALL
SELECT pg_catalog.replace(d.type, '_', ' ') || ' ' || d.name, false, 'was deployed, and is not in the specs'
FROM pgspec.deployed_objects AS d
WHERE (d.type, d.name) NOT IN (
  ('function', 'pgspec."admits_public_profiles_own row"()'),
  ('function', 'pgspec.access_public_admin_audit_log(text)'),
  ('function', 'pgspec.access_public_profiles(text)'),
  ('function', 'pgspec.admits_public_profiles_own_update()'),
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
  ('policy', '"own row" ON public.profiles'),
  ('policy', 'admins_read ON public.admin_audit_log'),
  ('policy', 'no_promotion ON public.profiles'),
  ('policy', 'own_update ON public.profiles'),
  ('policy', 'published ON public.profiles'),
  ('row_security', 'public.admin_audit_log'),
  ('row_security', 'public.profiles'),
  ('table', 'pgspec.alert_state'),
  ('table', 'pgspec.deployed_objects'),
  ('table', 'pgspec.switch_log'),
  ('table', 'pgspec.thrown_switches'),
  ('trigger', 'pgspec_switch_log_guard_delete ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_update ON pgspec.switch_log'),
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
  RAISE NOTICE 'verify: % expectations are not tried, since the transaction is read-only', 64;
ELSIF pg_catalog.row_security_active('public.admin_audit_log'::regclass) THEN
  RAISE NOTICE 'verify: % expectations are not tried, since row security binds % itself', 64, current_user;
ELSIF pg_catalog.row_security_active('public.profiles'::regclass) THEN
  RAISE NOTICE 'verify: % expectations are not tried, since row security binds % itself', 64, current_user;
ELSE
BEGIN
-- expectations of public.admin_audit_log  [specs/rls.yaml:23]
BEGIN
  INSERT INTO public.admin_audit_log (id, actor_id, action) OVERRIDING SYSTEM VALUE
  SELECT id, actor_id, action FROM pg_catalog.jsonb_populate_record(NULL::public.admin_audit_log, '{"id": 1, "actor_id": "11111111-1111-1111-1111-111111111111", "action": "login"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.admin_audit_log AS t, pg_catalog.jsonb_populate_record(NULL::public.admin_audit_log, '{"id": 1, "actor_id": "11111111-1111-1111-1111-111111111111", "action": "login"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.actor_id, t.action)::text IS DISTINCT FROM ROW(r.id, r.actor_id, r.action)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": 1, "actor_id": "11111111-1111-1111-1111-111111111111", "action": "login"}' USING ERRCODE = 'PS001';
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE EXCEPTION 'verify: the fixture rows for the expectations of % cannot be inserted: %', 'public.admin_audit_log', SQLERRM
    USING ERRCODE = SQLSTATE, HINT = 'give fixture rows keys that no real row has';
END;
labels := ARRAY['login']::text[];
keys := ARRAY[
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.admin_audit_log, '{"id": 1, "actor_id": "11111111-1111-1111-1111-111111111111", "action": "login"}') AS t)
];
FOR cell IN SELECT * FROM (VALUES
  ('anonymous', 'anon', '', true),
  ('admin', 'authenticated', '{"sub": "11111111-1111-1111-1111-111111111111", "app_metadata": {"role": "admin"}}', true),
  ('vendor', 'authenticated', '{"sub": "22222222-2222-2222-2222-222222222222", "app_metadata": {"role": "vendor"}}', true),
  ('job', 'service_role', '', false),
  ('admin without a session', 'authenticated', '', true),
  ('admin posing as vendor', 'authenticated', '{"sub": "11111111-1111-1111-1111-111111111111", "app_metadata": {"role": "admin"}, "user_metadata": {"sub": "22222222-2222-2222-2222-222222222222", "app_metadata": {"role": "vendor"}, "role": "vendor"}}', true),
  ('vendor without a session', 'authenticated', '', true),
  ('vendor posing as admin', 'authenticated', '{"sub": "22222222-2222-2222-2222-222222222222", "app_metadata": {"role": "vendor"}, "user_metadata": {"sub": "11111111-1111-1111-1111-111111111111", "app_metadata": {"role": "admin"}, "role": "admin"}}', true)
) AS p (persona, role, claims, bound) JOIN (VALUES
  ('select', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('select', 'admin', false, ARRAY['login']::text[], NULL, NULL),
  ('select', 'vendor', false, ARRAY[]::text[], NULL, NULL),
  ('select', 'job', false, ARRAY['login']::text[], NULL, NULL),
  ('insert', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'job', false, ARRAY['login']::text[], NULL, NULL),
  ('update', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'job', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'job', false, ARRAY[]::text[], '42501', NULL),
  ('select', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as vendor', true, ARRAY['login']::text[], NULL, NULL),
  ('insert', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL)
) AS c (command, persona, most, labels, error, hint) USING (persona) ORDER BY command, persona LOOP
  IF cell.bound AND EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = cell.role AND (r.rolsuper OR r.rolbypassrls)) THEN
    wrong := wrong || pg_catalog.format('%s on %s as %s: no policy binds the role %I', cell.command, 'public.admin_audit_log', cell.persona, cell.role);
    CONTINUE;
  END IF;
  reached := ARRAY[]::text[];
  denied := NULL;
  broken := NULL;
  advice := NULL;
  FOR probe IN SELECT * FROM (VALUES
    ('select', NULL, 'SELECT ARRAY(SELECT k.label FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (label, key) WHERE k.key IN (SELECT ROW(t.id::text)::text FROM public.admin_audit_log AS t))'),
    ('insert', 'login', 'INSERT INTO public.admin_audit_log (id, actor_id, action) OVERRIDING SYSTEM VALUE SELECT id, actor_id, action FROM pg_catalog.jsonb_populate_record(NULL::public.admin_audit_log, ''{"id": 1, "actor_id": "11111111-1111-1111-1111-111111111111", "action": "login"}'')'),
    ('update', 'login', 'UPDATE public.admin_audit_log AS t SET actor_id = t.actor_id FROM pg_catalog.jsonb_populate_record(NULL::public.admin_audit_log, ''{"id": 1, "actor_id": "11111111-1111-1111-1111-111111111111", "action": "login"}'') AS r WHERE t.id = r.id'),
    ('delete', 'login', 'DELETE FROM public.admin_audit_log AS t USING pg_catalog.jsonb_populate_record(NULL::public.admin_audit_log, ''{"id": 1, "actor_id": "11111111-1111-1111-1111-111111111111", "action": "login"}'') AS r WHERE t.id = r.id')
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
    wrong := wrong || pg_catalog.format('%s on %s as %s: gives %s, the spec expects %s', cell.command, 'public.admin_audit_log', cell.persona,
      coalesce(state || coalesce(' with the hint ' || pg_catalog.quote_literal(nullif(advice, '')), ''), reached::text),
      CASE WHEN cell.most THEN 'at most ' ELSE '' END || coalesce(cell.error || coalesce(' with a hint like ' || pg_catalog.quote_literal(cell.hint), ''), cell.labels::text));
  END IF;
END LOOP;
-- expectations of public.profiles  [specs/rls.yaml:9]
BEGIN
  INSERT INTO public.profiles (id, role, business_name, published) OVERRIDING SYSTEM VALUE
  SELECT id, role, business_name, published FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "11111111-1111-1111-1111-111111111111", "role": "admin", "business_name": "Alice", "published": true}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "11111111-1111-1111-1111-111111111111", "role": "admin", "business_name": "Alice", "published": true}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.business_name, t.published)::text IS DISTINCT FROM ROW(r.id, r.role, r.business_name, r.published)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "11111111-1111-1111-1111-111111111111", "role": "admin", "business_name": "Alice", "published": true}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.profiles (id, role, business_name) OVERRIDING SYSTEM VALUE
  SELECT id, role, business_name FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "22222222-2222-2222-2222-222222222222", "role": "vendor", "business_name": "Bob"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "22222222-2222-2222-2222-222222222222", "role": "vendor", "business_name": "Bob"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.business_name)::text IS DISTINCT FROM ROW(r.id, r.role, r.business_name)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "22222222-2222-2222-2222-222222222222", "role": "vendor", "business_name": "Bob"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.profiles (id, role, business_name, published) OVERRIDING SYSTEM VALUE
  SELECT id, role, business_name, published FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "33333333-3333-3333-3333-333333333333", "role": "vendor", "business_name": "Carol", "published": true}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "33333333-3333-3333-3333-333333333333", "role": "vendor", "business_name": "Carol", "published": true}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.business_name, t.published)::text IS DISTINCT FROM ROW(r.id, r.role, r.business_name, r.published)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "33333333-3333-3333-3333-333333333333", "role": "vendor", "business_name": "Carol", "published": true}' USING ERRCODE = 'PS001';
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE EXCEPTION 'verify: the fixture rows for the expectations of % cannot be inserted: %', 'public.profiles', SQLERRM
    USING ERRCODE = SQLSTATE, HINT = 'give fixture rows keys that no real row has';
END;
labels := ARRAY['alice', 'bob', 'carol']::text[];
keys := ARRAY[
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "11111111-1111-1111-1111-111111111111", "role": "admin", "business_name": "Alice", "published": true}') AS t),
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "22222222-2222-2222-2222-222222222222", "role": "vendor", "business_name": "Bob"}') AS t),
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "33333333-3333-3333-3333-333333333333", "role": "vendor", "business_name": "Carol", "published": true}') AS t)
];
FOR cell IN SELECT * FROM (VALUES
  ('anonymous', 'anon', '', true),
  ('admin', 'authenticated', '{"sub": "11111111-1111-1111-1111-111111111111", "app_metadata": {"role": "admin"}}', true),
  ('vendor', 'authenticated', '{"sub": "22222222-2222-2222-2222-222222222222", "app_metadata": {"role": "vendor"}}', true),
  ('job', 'service_role', '', false),
  ('admin without a session', 'authenticated', '', true),
  ('admin posing as vendor', 'authenticated', '{"sub": "11111111-1111-1111-1111-111111111111", "app_metadata": {"role": "admin"}, "user_metadata": {"sub": "22222222-2222-2222-2222-222222222222", "app_metadata": {"role": "vendor"}, "role": "vendor"}}', true),
  ('vendor without a session', 'authenticated', '', true),
  ('vendor posing as admin', 'authenticated', '{"sub": "22222222-2222-2222-2222-222222222222", "app_metadata": {"role": "vendor"}, "user_metadata": {"sub": "11111111-1111-1111-1111-111111111111", "app_metadata": {"role": "admin"}, "role": "admin"}}', true)
) AS p (persona, role, claims, bound) JOIN (VALUES
  ('select', 'anonymous', false, ARRAY['alice', 'carol']::text[], NULL, NULL),
  ('select', 'admin', false, ARRAY['alice', 'carol']::text[], NULL, NULL),
  ('select', 'vendor', false, ARRAY['alice', 'bob', 'carol']::text[], NULL, NULL),
  ('select', 'job', false, ARRAY['alice', 'bob', 'carol']::text[], NULL, NULL),
  ('insert', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'job', false, ARRAY['alice', 'bob', 'carol']::text[], NULL, NULL),
  ('update', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'admin', false, ARRAY['alice']::text[], NULL, NULL),
  ('update', 'vendor', false, ARRAY['bob']::text[], NULL, NULL),
  ('update', 'job', false, ARRAY['alice', 'bob', 'carol']::text[], NULL, NULL),
  ('delete', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'job', false, ARRAY['alice', 'bob', 'carol']::text[], NULL, NULL),
  ('select', 'admin without a session', true, ARRAY['alice', 'carol']::text[], NULL, NULL),
  ('insert', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as vendor', true, ARRAY['alice', 'carol']::text[], NULL, NULL),
  ('insert', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as vendor', true, ARRAY['alice']::text[], NULL, NULL),
  ('delete', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor without a session', true, ARRAY['alice', 'carol']::text[], NULL, NULL),
  ('insert', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as admin', true, ARRAY['alice', 'bob', 'carol']::text[], NULL, NULL),
  ('insert', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor posing as admin', true, ARRAY['bob']::text[], NULL, NULL),
  ('delete', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL)
) AS c (command, persona, most, labels, error, hint) USING (persona) ORDER BY command, persona LOOP
  IF cell.bound AND EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = cell.role AND (r.rolsuper OR r.rolbypassrls)) THEN
    wrong := wrong || pg_catalog.format('%s on %s as %s: no policy binds the role %I', cell.command, 'public.profiles', cell.persona, cell.role);
    CONTINUE;
  END IF;
  reached := ARRAY[]::text[];
  denied := NULL;
  broken := NULL;
  advice := NULL;
  FOR probe IN SELECT * FROM (VALUES
    ('select', NULL, 'SELECT ARRAY(SELECT k.label FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (label, key) WHERE k.key IN (SELECT ROW(t.id::text)::text FROM public.profiles AS t))'),
    ('insert', 'alice', 'INSERT INTO public.profiles (id, role, business_name, published) OVERRIDING SYSTEM VALUE SELECT id, role, business_name, published FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "11111111-1111-1111-1111-111111111111", "role": "admin", "business_name": "Alice", "published": true}'')'),
    ('update', 'alice', 'UPDATE public.profiles AS t SET role = t.role FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "11111111-1111-1111-1111-111111111111", "role": "admin", "business_name": "Alice", "published": true}'') AS r WHERE t.id = r.id'),
    ('delete', 'alice', 'DELETE FROM public.profiles AS t USING pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "11111111-1111-1111-1111-111111111111", "role": "admin", "business_name": "Alice", "published": true}'') AS r WHERE t.id = r.id'),
    ('insert', 'bob', 'INSERT INTO public.profiles (id, role, business_name) OVERRIDING SYSTEM VALUE SELECT id, role, business_name FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "22222222-2222-2222-2222-222222222222", "role": "vendor", "business_name": "Bob"}'')'),
    ('update', 'bob', 'UPDATE public.profiles AS t SET role = t.role FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "22222222-2222-2222-2222-222222222222", "role": "vendor", "business_name": "Bob"}'') AS r WHERE t.id = r.id'),
    ('delete', 'bob', 'DELETE FROM public.profiles AS t USING pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "22222222-2222-2222-2222-222222222222", "role": "vendor", "business_name": "Bob"}'') AS r WHERE t.id = r.id'),
    ('insert', 'carol', 'INSERT INTO public.profiles (id, role, business_name, published) OVERRIDING SYSTEM VALUE SELECT id, role, business_name, published FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "33333333-3333-3333-3333-333333333333", "role": "vendor", "business_name": "Carol", "published": true}'')'),
    ('update', 'carol', 'UPDATE public.profiles AS t SET role = t.role FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "33333333-3333-3333-3333-333333333333", "role": "vendor", "business_name": "Carol", "published": true}'') AS r WHERE t.id = r.id'),
    ('delete', 'carol', 'DELETE FROM public.profiles AS t USING pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "33333333-3333-3333-3333-333333333333", "role": "vendor", "business_name": "Carol", "published": true}'') AS r WHERE t.id = r.id')
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
    wrong := wrong || pg_catalog.format('%s on %s as %s: gives %s, the spec expects %s', cell.command, 'public.profiles', cell.persona,
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
