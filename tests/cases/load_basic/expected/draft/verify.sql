-- pgspec verify: shop, draft
-- 1 schema, 7 tables, 37 functions, 2 procedures, 4 views, 11 triggers, 5 indexes, 9 access lists
-- from specs/cached.yaml

DO $pgspec$
#variable_conflict use_column
DECLARE
  checked bigint;
  failed bigint;
  failures text;
  thrown text;
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
  ('pgspec.alert_state', '459cd85125a84c14'),
  ('pgspec.cache_tags', '31ecd17444922c08'),
  ('pgspec.deployed_objects', 'fdecc5e9d554e3b8'),
  ('pgspec.switch_log', '514c3a0eb84e30d7'),
  ('pgspec.thrown_switches', '6ba31bc659705c56'),
  ('public.cache_entries', '43030d12d01e2f2e'),
  ('public.cache_invalidation_queue', 'e60b92e4e1e37699')
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
  ('pgspec.alert_values()', ARRAY[]::text[], '7e49811d43fdf3b1'),
  ('pgspec.cache_delete_public_cities()', ARRAY[]::text[], 'd2e7a1da7eab22df'),
  ('pgspec.cache_delete_public_orders()', ARRAY[]::text[], 'a384185416f146bd'),
  ('pgspec.cache_insert_public_cities()', ARRAY[]::text[], '19a5de6ebee903cf'),
  ('pgspec.cache_insert_public_orders()', ARRAY[]::text[], '0e8855468e6c79c2'),
  ('pgspec.cache_truncate_public_cities()', ARRAY[]::text[], '1e099249bcfe4374'),
  ('pgspec.cache_truncate_public_orders()', ARRAY[]::text[], '60fbc25e89b3e540'),
  ('pgspec.cache_update_public_cities()', ARRAY[]::text[], '99698b5dd1daf512'),
  ('pgspec.cache_update_public_orders()', ARRAY[]::text[], '3d66c378720b3a87'),
  ('pgspec.catch_up(interval)', ARRAY[]::text[], '1172fdf32465fe03'),
  ('pgspec.enqueue_tags(text[], interval)', ARRAY[]::text[], '1485f8a5a7d350b0'),
  ('pgspec.fingerprint(text, text)', ARRAY[]::text[], '755613e55a2c2927'),
  ('pgspec.invalidate_tags(text[])', ARRAY[]::text[], '6f065788ea292d15'),
  ('pgspec.joined_rows(boolean)', ARRAY[]::text[], '63cb0e31930e228f'),
  ('pgspec.log_switch(text, boolean, text)', ARRAY[]::text[], '6e8da877075f78f8'),
  ('pgspec.may_switch(text, text)', ARRAY[]::text[], '6983b78559239b53'),
  ('pgspec.settle_dead(text[], timestamptz)', ARRAY[]::text[], '81b9215a6654e50b'),
  ('pgspec.skipping()', ARRAY[]::text[], 'd549406fa17e48c4'),
  ('pgspec.storable_tag(text)', ARRAY[]::text[], 'a9e56b118cc73b1d'),
  ('pgspec.switch_log_guard()', ARRAY[]::text[], 'f919af1b94364d34'),
  ('pgspec.tag_and_wildcards(text)', ARRAY[]::text[], '816f64f113d74dd8'),
  ('pgspec.tags_and_wildcards(text[])', ARRAY[]::text[], '11f04c81a3575bbd'),
  ('pgspec.wake_joined(timestamptz)', ARRAY[]::text[], 'e8e8a460d4783eae'),
  ('public.ack_cache_invalidations(uuid, bigint[])', ARRAY[]::text[], '70bafe5f3f8b1a26'),
  ('public.cache_get(text)', ARRAY[]::text[], '6cf288d9ea6fccb7'),
  ('public.cache_put(text, jsonb, text[], bigint[], interval)', ARRAY[]::text[], 'e81bec4601edd0aa'),
  ('public.cache_tag_versions(text[])', ARRAY[]::text[], 'c65e1ae3d1e0d4e8'),
  ('public.claim_cache_invalidations(integer, integer)', ARRAY[]::text[], '6105289e6f86269a'),
  ('public.cleanup_cache_invalidation_queue(interval, integer)', ARRAY[]::text[], 'e5db78d91013211b'),
  ('public.drain_cache_invalidation_queue(integer, integer)', ARRAY[]::text[], 'bf88c09bbd0a8d98'),
  ('public.enqueue_cache_invalidation(text, integer)', ARRAY[]::text[], 'd2c4fbf9478e423c'),
  ('public.evaluate_alerts()', ARRAY[]::text[], 'c1e5886c9e0f5f0a'),
  ('public.fail_cache_invalidations(uuid, bigint[], text)', ARRAY[]::text[], '2909bd41a7bf41cf'),
  ('public.reset_switch(text, text, integer)', ARRAY[]::text[], 'b5b808afbb44f37f'),
  ('public.retry_dead_cache_invalidations()', ARRAY[]::text[], '360961ecd546f4e5'),
  ('public.throw_switch(text, text)', ARRAY[]::text[], '3cabc05e9d974ee4'),
  ('public.verify_migration_success()', ARRAY[]::text[], '21f770908bb52dd0')
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
  ('public.run_cache_invalidations(integer)', ARRAY[]::text[], '901f2f99f7680615'),
  ('public.run_maintenance(integer)', ARRAY[]::text[], '9a7aec205847c21f')
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
  ('public.cache_invalidation_health', '', 'a73a53906bcb6d12'),
  ('public.pgspec_alerts', '', '3626645fbf47b003'),
  ('public.pgspec_switch_log', '', 'ba481a6ae5d4dbd0'),
  ('public.pgspec_switches', '', 'd48b74276d4a6624')
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
  ('pgspec.cache_tags', ARRAY[]::text[]),
  ('pgspec.switch_log', ARRAY[]::text[]),
  ('pgspec.thrown_switches', ARRAY[]::text[]),
  ('public.cache_entries', ARRAY[]::text[]),
  ('public.cache_invalidation_health', ARRAY[]::text[]),
  ('public.cache_invalidation_queue', ARRAY[]::text[]),
  ('public.pgspec_alerts', ARRAY[]::text[]),
  ('public.pgspec_switch_log', ARRAY[]::text[]),
  ('public.pgspec_switches', ARRAY[]::text[])
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
SELECT pg_catalog.replace(d.type, '_', ' ') || ' ' || d.name, false, 'was deployed, and is not in the specs'
FROM pgspec.deployed_objects AS d
WHERE (d.type, d.name) NOT IN (
  ('function', 'pgspec.alert_values()'),
  ('function', 'pgspec.cache_delete_public_cities()'),
  ('function', 'pgspec.cache_delete_public_orders()'),
  ('function', 'pgspec.cache_insert_public_cities()'),
  ('function', 'pgspec.cache_insert_public_orders()'),
  ('function', 'pgspec.cache_truncate_public_cities()'),
  ('function', 'pgspec.cache_truncate_public_orders()'),
  ('function', 'pgspec.cache_update_public_cities()'),
  ('function', 'pgspec.cache_update_public_orders()'),
  ('function', 'pgspec.catch_up(interval)'),
  ('function', 'pgspec.enqueue_tags(text[], interval)'),
  ('function', 'pgspec.fingerprint(text, text)'),
  ('function', 'pgspec.invalidate_tags(text[])'),
  ('function', 'pgspec.joined_rows(boolean)'),
  ('function', 'pgspec.log_switch(text, boolean, text)'),
  ('function', 'pgspec.may_switch(text, text)'),
  ('function', 'pgspec.settle_dead(text[], timestamptz)'),
  ('function', 'pgspec.skipping()'),
  ('function', 'pgspec.storable_tag(text)'),
  ('function', 'pgspec.switch_log_guard()'),
  ('function', 'pgspec.tag_and_wildcards(text)'),
  ('function', 'pgspec.tags_and_wildcards(text[])'),
  ('function', 'pgspec.wake_joined(timestamptz)'),
  ('function', 'public.ack_cache_invalidations(uuid, bigint[])'),
  ('function', 'public.cache_get(text)'),
  ('function', 'public.cache_put(text, jsonb, text[], bigint[], interval)'),
  ('function', 'public.cache_tag_versions(text[])'),
  ('function', 'public.claim_cache_invalidations(integer, integer)'),
  ('function', 'public.cleanup_cache_invalidation_queue(interval, integer)'),
  ('function', 'public.drain_cache_invalidation_queue(integer, integer)'),
  ('function', 'public.enqueue_cache_invalidation(text, integer)'),
  ('function', 'public.evaluate_alerts()'),
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
  ('procedure', 'public.run_cache_invalidations(integer)'),
  ('procedure', 'public.run_maintenance(integer)'),
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
  ('trigger', 'pgspec_switch_log_guard_delete ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_update ON pgspec.switch_log'),
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
END
$pgspec$;
