-- pgspec verify: shop, draft
-- 1 schema, 7 tables, 51 functions, 2 procedures, 5 views, 1 table with row security, 1 policy, 15 triggers, 5 indexes, 10 access lists, 1 table's rights, 1 schema's users, 1 table's expectations
-- from specs/orders.yaml

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
  ('pgspec.alert_state', '6892e55650458d8b'),
  ('pgspec.cache_tags', '3c0cc8a544957091'),
  ('pgspec.deployed_objects', '8f03d60865433e34'),
  ('pgspec.switch_log', 'dd901ef2247115cb'),
  ('pgspec.thrown_switches', '1ff6d6681e9ad9ba'),
  ('public.cache_entries', '34e5725872698040'),
  ('public.cache_invalidation_queue', 'f277270c53a42229')
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
  ('pgspec.access_public_payouts(text)', ARRAY['anon', 'worker']::text[], '5926dc1eb0e287ac'),
  ('pgspec.alert_values()', ARRAY['worker']::text[], '8cba4254b9d0cb90'),
  ('pgspec.api_side()', ARRAY[]::text[], 'ec091eea62fba754'),
  ('pgspec.cache_delete_public_cities()', ARRAY[]::text[], '9220796698d32109'),
  ('pgspec.cache_delete_public_orders()', ARRAY[]::text[], 'e735fee64a34ef76'),
  ('pgspec.cache_insert_public_cities()', ARRAY[]::text[], 'a8a5f56d32b31c61'),
  ('pgspec.cache_insert_public_orders()', ARRAY[]::text[], '58c3cf96ab683ab4'),
  ('pgspec.cache_truncate_public_cities()', ARRAY[]::text[], '6738026c00bfc840'),
  ('pgspec.cache_truncate_public_orders()', ARRAY[]::text[], 'd8b3700872db71c2'),
  ('pgspec.cache_update_public_cities()', ARRAY[]::text[], 'b5df3ef6bab0b4d4'),
  ('pgspec.cache_update_public_orders()', ARRAY[]::text[], '8b6245f1edf0ec98'),
  ('pgspec.catch_up(interval)', ARRAY[]::text[], '2449483cf0745374'),
  ('pgspec.claim(text)', ARRAY['anon', 'worker']::text[], '2b9ad9e1fd7543e7'),
  ('pgspec.claim_bigint(text)', ARRAY['anon', 'worker']::text[], '95f1b8436e8073be'),
  ('pgspec.claim_uuid(text)', ARRAY['anon', 'worker']::text[], '2a09f828fde5a005'),
  ('pgspec.closed_by(text)', ARRAY[]::text[], 'e8034d725b6f0606'),
  ('pgspec.enqueue_tags(text[], interval)', ARRAY[]::text[], '2ce190b3153d691a'),
  ('pgspec.fingerprint(text, text)', ARRAY[]::text[], '35e4411b694d8519'),
  ('pgspec.guard_public_payouts(text)', ARRAY['anon', 'worker']::text[], '2edff19c2f663575'),
  ('pgspec.guard_writes_public_payouts()', ARRAY[]::text[], '69a47677c27710b7'),
  ('pgspec.harden(text)', ARRAY[]::text[], 'b980edf4259d141c'),
  ('pgspec.invalidate_tags(text[])', ARRAY[]::text[], 'c65c12713a5923c8'),
  ('pgspec.joined_rows(boolean)', ARRAY[]::text[], 'b2082d0d1c0c3acd'),
  ('pgspec.log_switch(text, boolean, text)', ARRAY[]::text[], 'eeba1d7ed485f17f'),
  ('pgspec.may_switch(text, text)', ARRAY[]::text[], '92df7108717e28b6'),
  ('pgspec.relation_grants(regclass)', ARRAY[]::text[], '1bc5dfdb10059e87'),
  ('pgspec.relax(text)', ARRAY[]::text[], '82ca3c24a0e09cbb'),
  ('pgspec.settle_dead(text[], timestamptz)', ARRAY[]::text[], '90e820e23a20c7a9'),
  ('pgspec.skipping()', ARRAY[]::text[], 'e5b65a50f15f6616'),
  ('pgspec.storable_tag(text)', ARRAY[]::text[], '485625d73bf08529'),
  ('pgspec.switch_log_guard()', ARRAY[]::text[], 'b4f975b33aa9361c'),
  ('pgspec.switch_targets()', ARRAY[]::text[], '4fb01214b8d93d42'),
  ('pgspec.tag_and_wildcards(text)', ARRAY[]::text[], '53534a8db31d9895'),
  ('pgspec.tags_and_wildcards(text[])', ARRAY[]::text[], 'f3d69d0a1d767dd7'),
  ('pgspec.wake_joined(timestamptz)', ARRAY[]::text[], 'e1aec1691562bedf'),
  ('public.access_left(text)', ARRAY['worker']::text[], 'e07f19120af20a55'),
  ('public.ack_cache_invalidations(uuid, bigint[])', ARRAY['worker']::text[], '3270c4c79a97aa46'),
  ('public.cache_get(text)', ARRAY['worker']::text[], '4f21e114f5a7c863'),
  ('public.cache_put(text, jsonb, text[], bigint[], interval)', ARRAY['worker']::text[], '57fe237500f02af0'),
  ('public.cache_tag_versions(text[])', ARRAY['worker']::text[], 'b27a279838329fc4'),
  ('public.claim_cache_invalidations(integer, integer)', ARRAY['worker']::text[], '4be507ac918212d2'),
  ('public.cleanup_cache_invalidation_queue(interval, integer)', ARRAY['worker']::text[], 'e1ccfc055e4eb9bf'),
  ('public.drain_cache_invalidation_queue(integer, integer)', ARRAY['worker']::text[], 'e197651e5664866f'),
  ('public.enqueue_cache_invalidation(text, integer)', ARRAY['worker']::text[], '3c7fe7d57ad3934c'),
  ('public.evaluate_alerts()', ARRAY['worker']::text[], 'b3e080053ab2be61'),
  ('public.explain_access(text, text)', ARRAY['anon', 'worker']::text[], 'de1d3b76afbd413c'),
  ('public.fail_cache_invalidations(uuid, bigint[], text)', ARRAY['worker']::text[], '37f2937e1078e284'),
  ('public.reset_switch(text, text, integer)', ARRAY['worker']::text[], '20bd7670eb2874ea'),
  ('public.retry_dead_cache_invalidations()', ARRAY['worker']::text[], 'bb02d81f76824049'),
  ('public.throw_switch(text, text)', ARRAY['worker']::text[], 'b37f8db36c8ce3fe'),
  ('public.verify_migration_success()', ARRAY['worker']::text[], '83f216c6fd22f049')
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
SELECT 'procedure ' || e.name, x.ok, x.detail
FROM (VALUES
  ('public.run_cache_invalidations(integer)', ARRAY['worker']::text[], '368d739c608f303c'),
  ('public.run_maintenance(integer)', ARRAY['worker']::text[], 'df05f6fe0ac59581')
) AS e (name, may_execute, definition)
LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(e.name)
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'procedure' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (p.oid IS NOT NULL, 'does not exist'),
  (p.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('procedure', e.name)),
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
  ('api.payouts', 'security_invoker=true,security_barrier=true', '993dd16f51222822'),
  ('public.cache_invalidation_health', '', 'a73a53906bcb6d12'),
  ('public.pgspec_alerts', '', '3626645fbf47b003'),
  ('public.pgspec_switch_log', '', 'ba481a6ae5d4dbd0'),
  ('public.pgspec_switches', '', '3db0e03011a87d3e')
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
  ('public.payouts', true, '25182ebaa3234bd2')
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
  ('admins ON public.payouts', 'admins', 'public.payouts', true, 'r', ARRAY['anon']::text[], 'f55388d29cef1840')
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
  ('pgspec_cache_delete ON public.cities', 'pgspec_cache_delete', 'public.cities', 8, 'pgspec.cache_delete_public_cities()', 'baa77ea92c1b3530'),
  ('pgspec_cache_delete ON public.orders', 'pgspec_cache_delete', 'public.orders', 8, 'pgspec.cache_delete_public_orders()', '5057259b00d141f6'),
  ('pgspec_cache_insert ON public.cities', 'pgspec_cache_insert', 'public.cities', 4, 'pgspec.cache_insert_public_cities()', '26e027ab15ce803b'),
  ('pgspec_cache_insert ON public.orders', 'pgspec_cache_insert', 'public.orders', 4, 'pgspec.cache_insert_public_orders()', '88a643c894c20bae'),
  ('pgspec_cache_truncate ON public.cities', 'pgspec_cache_truncate', 'public.cities', 34, 'pgspec.cache_truncate_public_cities()', '953b85fd9c080446'),
  ('pgspec_cache_truncate ON public.orders', 'pgspec_cache_truncate', 'public.orders', 34, 'pgspec.cache_truncate_public_orders()', 'e2799428e1b6ce11'),
  ('pgspec_cache_update ON public.cities', 'pgspec_cache_update', 'public.cities', 16, 'pgspec.cache_update_public_cities()', '4a7f0055f7634fa4'),
  ('pgspec_cache_update ON public.orders', 'pgspec_cache_update', 'public.orders', 16, 'pgspec.cache_update_public_orders()', '65241adcb6c30aaa'),
  ('pgspec_guard_delete ON public.payouts', 'pgspec_guard_delete', 'public.payouts', 10, 'pgspec.guard_writes_public_payouts()', 'ca4c1a0afb5f378a'),
  ('pgspec_guard_insert ON public.payouts', 'pgspec_guard_insert', 'public.payouts', 6, 'pgspec.guard_writes_public_payouts()', 'f79a1aa1f312060c'),
  ('pgspec_guard_truncate ON public.payouts', 'pgspec_guard_truncate', 'public.payouts', 34, 'pgspec.guard_writes_public_payouts()', '2820d2e029287ada'),
  ('pgspec_guard_update ON public.payouts', 'pgspec_guard_update', 'public.payouts', 18, 'pgspec.guard_writes_public_payouts()', 'ac3624f6f024c615'),
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
  ('public.cache_entries_lookup_tags', 'public.cache_entries', false, false, 'gin', ARRAY['lookup_tags'], 'f46047d8b206e56f'),
  ('public.cache_invalidation_queue_dead', 'public.cache_invalidation_queue', false, true, 'btree', ARRAY['tag'], '1116f3b2103ab22e'),
  ('public.cache_invalidation_queue_due', 'public.cache_invalidation_queue', false, true, 'btree', ARRAY['visible_at', 'id'], 'cae7a0d7d03d78c9'),
  ('public.cache_invalidation_queue_joined', 'public.cache_invalidation_queue', false, true, 'btree', ARRAY['id'], '499dc0f2fafedee3'),
  ('public.cache_invalidation_queue_open', 'public.cache_invalidation_queue', false, true, 'btree', ARRAY['tag', 'enqueued_at'], '295c8539199213a4')
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
SELECT 'access to ' || e.name,
  a.granted = e.granted,
  pg_catalog.format('is {%s}, the spec says {%s}', pg_catalog.array_to_string(a.granted, ', '), pg_catalog.array_to_string(e.granted, ', '))
FROM (VALUES
  ('api.payouts', ARRAY['anon SELECT', 'worker DELETE', 'worker INSERT', 'worker SELECT', 'worker UPDATE']::text[]),
  ('pgspec.cache_tags', ARRAY[]::text[]),
  ('pgspec.switch_log', ARRAY[]::text[]),
  ('pgspec.thrown_switches', ARRAY[]::text[]),
  ('public.cache_entries', ARRAY['worker SELECT']::text[]),
  ('public.cache_invalidation_health', ARRAY['worker SELECT']::text[]),
  ('public.cache_invalidation_queue', ARRAY['worker SELECT']::text[]),
  ('public.pgspec_alerts', ARRAY['worker SELECT']::text[]),
  ('public.pgspec_switch_log', ARRAY['worker SELECT']::text[]),
  ('public.pgspec_switches', ARRAY['worker SELECT']::text[])
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
  ('public.payouts', ARRAY['PUBLIC', 'anon']::text[], ARRAY['anon']::text[], ARRAY['anon SELECT']::text[])
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
  ('pgspec', ARRAY['anon USAGE', 'worker USAGE']::text[])
) AS e (name, may_use)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = e.name
UNION ALL
SELECT pg_catalog.replace(d.type, '_', ' ') || ' ' || d.name, false, 'was deployed, and is not in the specs'
FROM pgspec.deployed_objects AS d
WHERE (d.type, d.name) NOT IN (
  ('function', 'pgspec.access_public_payouts(text)'),
  ('function', 'pgspec.alert_values()'),
  ('function', 'pgspec.api_side()'),
  ('function', 'pgspec.cache_delete_public_cities()'),
  ('function', 'pgspec.cache_delete_public_orders()'),
  ('function', 'pgspec.cache_insert_public_cities()'),
  ('function', 'pgspec.cache_insert_public_orders()'),
  ('function', 'pgspec.cache_truncate_public_cities()'),
  ('function', 'pgspec.cache_truncate_public_orders()'),
  ('function', 'pgspec.cache_update_public_cities()'),
  ('function', 'pgspec.cache_update_public_orders()'),
  ('function', 'pgspec.catch_up(interval)'),
  ('function', 'pgspec.claim(text)'),
  ('function', 'pgspec.claim_bigint(text)'),
  ('function', 'pgspec.claim_uuid(text)'),
  ('function', 'pgspec.closed_by(text)'),
  ('function', 'pgspec.enqueue_tags(text[], interval)'),
  ('function', 'pgspec.fingerprint(text, text)'),
  ('function', 'pgspec.guard_public_payouts(text)'),
  ('function', 'pgspec.guard_writes_public_payouts()'),
  ('function', 'pgspec.harden(text)'),
  ('function', 'pgspec.invalidate_tags(text[])'),
  ('function', 'pgspec.joined_rows(boolean)'),
  ('function', 'pgspec.log_switch(text, boolean, text)'),
  ('function', 'pgspec.may_switch(text, text)'),
  ('function', 'pgspec.relation_grants(regclass)'),
  ('function', 'pgspec.relax(text)'),
  ('function', 'pgspec.settle_dead(text[], timestamptz)'),
  ('function', 'pgspec.skipping()'),
  ('function', 'pgspec.storable_tag(text)'),
  ('function', 'pgspec.switch_log_guard()'),
  ('function', 'pgspec.switch_targets()'),
  ('function', 'pgspec.tag_and_wildcards(text)'),
  ('function', 'pgspec.tags_and_wildcards(text[])'),
  ('function', 'pgspec.wake_joined(timestamptz)'),
  ('function', 'public.access_left(text)'),
  ('function', 'public.ack_cache_invalidations(uuid, bigint[])'),
  ('function', 'public.cache_get(text)'),
  ('function', 'public.cache_put(text, jsonb, text[], bigint[], interval)'),
  ('function', 'public.cache_tag_versions(text[])'),
  ('function', 'public.claim_cache_invalidations(integer, integer)'),
  ('function', 'public.cleanup_cache_invalidation_queue(interval, integer)'),
  ('function', 'public.drain_cache_invalidation_queue(integer, integer)'),
  ('function', 'public.enqueue_cache_invalidation(text, integer)'),
  ('function', 'public.evaluate_alerts()'),
  ('function', 'public.explain_access(text, text)'),
  ('function', 'public.fail_cache_invalidations(uuid, bigint[], text)'),
  ('function', 'public.reset_switch(text, text, integer)'),
  ('function', 'public.retry_dead_cache_invalidations()'),
  ('function', 'public.throw_switch(text, text)'),
  ('function', 'public.verify_migration_success()'),
  ('index', 'public.cache_entries_lookup_tags'),
  ('index', 'public.cache_invalidation_queue_dead'),
  ('index', 'public.cache_invalidation_queue_due'),
  ('index', 'public.cache_invalidation_queue_joined'),
  ('index', 'public.cache_invalidation_queue_open'),
  ('policy', 'admins ON public.payouts'),
  ('procedure', 'public.run_cache_invalidations(integer)'),
  ('procedure', 'public.run_maintenance(integer)'),
  ('row_security', 'public.payouts'),
  ('table', 'pgspec.alert_state'),
  ('table', 'pgspec.cache_tags'),
  ('table', 'pgspec.deployed_objects'),
  ('table', 'pgspec.switch_log'),
  ('table', 'pgspec.thrown_switches'),
  ('table', 'public.cache_entries'),
  ('table', 'public.cache_invalidation_queue'),
  ('trigger', 'pgspec_cache_delete ON public.cities'),
  ('trigger', 'pgspec_cache_delete ON public.orders'),
  ('trigger', 'pgspec_cache_insert ON public.cities'),
  ('trigger', 'pgspec_cache_insert ON public.orders'),
  ('trigger', 'pgspec_cache_truncate ON public.cities'),
  ('trigger', 'pgspec_cache_truncate ON public.orders'),
  ('trigger', 'pgspec_cache_update ON public.cities'),
  ('trigger', 'pgspec_cache_update ON public.orders'),
  ('trigger', 'pgspec_guard_delete ON public.payouts'),
  ('trigger', 'pgspec_guard_insert ON public.payouts'),
  ('trigger', 'pgspec_guard_truncate ON public.payouts'),
  ('trigger', 'pgspec_guard_update ON public.payouts'),
  ('trigger', 'pgspec_switch_log_guard_delete ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_update ON pgspec.switch_log'),
  ('view', 'api.payouts'),
  ('view', 'public.cache_invalidation_health'),
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
  RAISE NOTICE 'verify: % expectations are not tried, since the transaction is read-only', 8;
ELSIF pg_catalog.row_security_active('public.payouts'::regclass) THEN
  RAISE NOTICE 'verify: % expectations are not tried, since row security binds % itself', 8, current_user;
ELSE
BEGIN
-- expectations of public.payouts  [specs/orders.yaml:43]
BEGIN
  INSERT INTO public.payouts (id, amount) OVERRIDING SYSTEM VALUE
  SELECT id, amount FROM pg_catalog.jsonb_populate_record(NULL::public.payouts, '{"id": 1, "amount": 5}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.payouts AS t, pg_catalog.jsonb_populate_record(NULL::public.payouts, '{"id": 1, "amount": 5}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.amount)::text IS DISTINCT FROM ROW(r.id, r.amount)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": 1, "amount": 5}' USING ERRCODE = 'PS001';
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE EXCEPTION 'verify: the fixture rows for the expectations of % cannot be inserted: %', 'api.payouts', SQLERRM
    USING ERRCODE = SQLSTATE, HINT = 'give fixture rows keys that no real row has';
END;
labels := ARRAY['one']::text[];
keys := ARRAY[
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.payouts, '{"id": 1, "amount": 5}') AS t)
];
FOR cell IN SELECT * FROM (VALUES
  ('visitor', 'anon', '', true),
  ('job', 'worker', '', false)
) AS p (persona, role, claims, bound) JOIN (VALUES
  ('select', 'visitor', false, ARRAY[]::text[], '42501', 'the role admin%'),
  ('select', 'job', false, ARRAY['one']::text[], NULL, NULL),
  ('insert', 'visitor', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'job', false, ARRAY['one']::text[], NULL, NULL),
  ('update', 'visitor', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'job', false, ARRAY['one']::text[], NULL, NULL),
  ('delete', 'visitor', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'job', false, ARRAY['one']::text[], NULL, NULL)
) AS c (command, persona, most, labels, error, hint) USING (persona) ORDER BY command, persona LOOP
  IF cell.bound AND EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = cell.role AND (r.rolsuper OR r.rolbypassrls)) THEN
    wrong := wrong || pg_catalog.format('%s on %s as %s: no policy binds the role %I', cell.command, 'api.payouts', cell.persona, cell.role);
    CONTINUE;
  END IF;
  reached := ARRAY[]::text[];
  denied := NULL;
  broken := NULL;
  advice := NULL;
  FOR probe IN SELECT * FROM (VALUES
    ('select', NULL, 'SELECT ARRAY(SELECT k.label FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (label, key) WHERE k.key IN (SELECT ROW(t.id::text)::text FROM api.payouts AS t))'),
    ('insert', 'one', 'INSERT INTO public.payouts (id, amount) OVERRIDING SYSTEM VALUE SELECT id, amount FROM pg_catalog.jsonb_populate_record(NULL::public.payouts, ''{"id": 1, "amount": 5}'')'),
    ('update', 'one', 'UPDATE public.payouts AS t SET amount = t.amount FROM pg_catalog.jsonb_populate_record(NULL::public.payouts, ''{"id": 1, "amount": 5}'') AS r WHERE t.id = r.id'),
    ('delete', 'one', 'DELETE FROM public.payouts AS t USING pg_catalog.jsonb_populate_record(NULL::public.payouts, ''{"id": 1, "amount": 5}'') AS r WHERE t.id = r.id')
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
    wrong := wrong || pg_catalog.format('%s on %s as %s: gives %s, the spec expects %s', cell.command, 'api.payouts', cell.persona,
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
