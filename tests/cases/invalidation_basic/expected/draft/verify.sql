-- pgspec verify: shop, draft
-- 1 schema, 7 tables, 35 functions, 2 procedures, 4 views, 9 triggers, 5 indexes, 9 access lists
-- from specs/cache.yaml

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
  ('cache.cache_entries', 'ed57f1fac7dc1eb1'),
  ('cache.cache_invalidation_queue', '04f5da662aae4941'),
  ('pgspec.alert_state', '6892e55650458d8b'),
  ('pgspec.cache_tags', '3c0cc8a544957091'),
  ('pgspec.deployed_objects', '8f03d60865433e34'),
  ('pgspec.switch_log', 'dd901ef2247115cb'),
  ('pgspec.thrown_switches', '1ff6d6681e9ad9ba')
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
  ('cache.ack_cache_invalidations(uuid, bigint[])', ARRAY['worker']::text[], 'af69294ecb931fb0'),
  ('cache.cache_get(text)', ARRAY['worker']::text[], 'ca64b0bcb5fc03f0'),
  ('cache.cache_put(text, jsonb, text[], bigint[], interval)', ARRAY['worker']::text[], 'c2fc1c22758e34c8'),
  ('cache.cache_tag_versions(text[])', ARRAY['worker']::text[], '844520ab2f896d60'),
  ('cache.claim_cache_invalidations(integer, integer)', ARRAY['worker']::text[], '73ce5b7ffe9573ec'),
  ('cache.cleanup_cache_invalidation_queue(interval, integer)', ARRAY['worker']::text[], '8666ab84f7f28814'),
  ('cache.drain_cache_invalidation_queue(integer, integer)', ARRAY['worker']::text[], '0cfb682bf8e57917'),
  ('cache.enqueue_cache_invalidation(text, integer)', ARRAY['worker']::text[], 'ea4abacd4226db41'),
  ('cache.evaluate_alerts()', ARRAY['worker']::text[], 'cb7f27e7b91f21bf'),
  ('cache.fail_cache_invalidations(uuid, bigint[], text)', ARRAY['worker']::text[], 'e5396aa7bffb69e5'),
  ('cache.reset_switch(text, text, integer)', ARRAY['worker']::text[], 'a5282db0ad90d89e'),
  ('cache.retry_dead_cache_invalidations()', ARRAY['worker']::text[], '89fd889a2555d2f3'),
  ('cache.throw_switch(text, text)', ARRAY['worker']::text[], '082274da27781eae'),
  ('cache.verify_migration_success()', ARRAY['worker']::text[], 'b96bf29b3ae9a40f'),
  ('pgspec.alert_values()', ARRAY['worker']::text[], '3a80cfee612e0dcc'),
  ('pgspec.cache_delete_public_orders()', ARRAY[]::text[], 'c6638ebe0aa849e7'),
  ('pgspec.cache_insert_public_orders()', ARRAY[]::text[], 'acd51d6f8706b841'),
  ('pgspec.cache_truncate_public_cities()', ARRAY[]::text[], 'bd6e1cc401bd29ae'),
  ('pgspec.cache_truncate_public_orders()', ARRAY[]::text[], '48029498a5fd21d6'),
  ('pgspec.cache_update_public_cities()', ARRAY[]::text[], 'ce087ffaf80b92c1'),
  ('pgspec.cache_update_public_orders()', ARRAY[]::text[], '937645f9d617e8c1'),
  ('pgspec.catch_up(interval)', ARRAY[]::text[], 'a54e83d671405067'),
  ('pgspec.enqueue_tags(text[], interval)', ARRAY[]::text[], '1a2345678c4c2fc8'),
  ('pgspec.fingerprint(text, text)', ARRAY[]::text[], '35e4411b694d8519'),
  ('pgspec.invalidate_tags(text[])', ARRAY[]::text[], '3183401e7112a184'),
  ('pgspec.joined_rows(boolean)', ARRAY[]::text[], 'b2082d0d1c0c3acd'),
  ('pgspec.log_switch(text, boolean, text)', ARRAY[]::text[], 'eeba1d7ed485f17f'),
  ('pgspec.may_switch(text, text)', ARRAY[]::text[], '8130c4a665786c90'),
  ('pgspec.settle_dead(text[], timestamptz)', ARRAY[]::text[], '41abc0f573b3f55c'),
  ('pgspec.skipping()', ARRAY[]::text[], 'e5b65a50f15f6616'),
  ('pgspec.storable_tag(text)', ARRAY[]::text[], '485625d73bf08529'),
  ('pgspec.switch_log_guard()', ARRAY[]::text[], 'b4f975b33aa9361c'),
  ('pgspec.tag_and_wildcards(text)', ARRAY[]::text[], '53534a8db31d9895'),
  ('pgspec.tags_and_wildcards(text[])', ARRAY[]::text[], 'f3d69d0a1d767dd7'),
  ('pgspec.wake_joined(timestamptz)', ARRAY[]::text[], 'f8ab28d533047384')
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
  ('cache.run_cache_invalidations(integer)', ARRAY['worker']::text[], '40ba3f70933b745b'),
  ('cache.run_maintenance(integer)', ARRAY['worker']::text[], '5da7fcaa63508a59')
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
  ('cache.cache_invalidation_health', '', '14fe0e76cb4199a4'),
  ('cache.pgspec_alerts', '', '45edb00ba37dfe91'),
  ('cache.pgspec_switch_log', '', '38a35524e9309785'),
  ('cache.pgspec_switches', '', 'f2d80f46bfb8ba93')
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
  ('pgspec_cache_delete ON public.orders', 'pgspec_cache_delete', 'public.orders', 8, 'pgspec.cache_delete_public_orders()', '5057259b00d141f6'),
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
  ('cache.cache_entries_lookup_tags', 'cache.cache_entries', false, false, 'gin', ARRAY['lookup_tags'], '15f3e797724fc194'),
  ('cache.cache_invalidation_queue_dead', 'cache.cache_invalidation_queue', false, true, 'btree', ARRAY['tag'], 'bf7af7784c62f268'),
  ('cache.cache_invalidation_queue_due', 'cache.cache_invalidation_queue', false, true, 'btree', ARRAY['visible_at', 'id'], '629491f636869cd4'),
  ('cache.cache_invalidation_queue_joined', 'cache.cache_invalidation_queue', false, true, 'btree', ARRAY['id'], '50bb5be9210f3092'),
  ('cache.cache_invalidation_queue_open', 'cache.cache_invalidation_queue', false, true, 'btree', ARRAY['tag', 'enqueued_at'], '2aaac3799a624c3c')
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
  ('cache.cache_entries', ARRAY['worker SELECT']::text[]),
  ('cache.cache_invalidation_health', ARRAY['worker SELECT']::text[]),
  ('cache.cache_invalidation_queue', ARRAY['worker SELECT']::text[]),
  ('cache.pgspec_alerts', ARRAY['worker SELECT']::text[]),
  ('cache.pgspec_switch_log', ARRAY['worker SELECT']::text[]),
  ('cache.pgspec_switches', ARRAY['worker SELECT']::text[]),
  ('pgspec.cache_tags', ARRAY[]::text[]),
  ('pgspec.switch_log', ARRAY[]::text[]),
  ('pgspec.thrown_switches', ARRAY[]::text[])
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
  ('function', 'cache.ack_cache_invalidations(uuid, bigint[])'),
  ('function', 'cache.cache_get(text)'),
  ('function', 'cache.cache_put(text, jsonb, text[], bigint[], interval)'),
  ('function', 'cache.cache_tag_versions(text[])'),
  ('function', 'cache.claim_cache_invalidations(integer, integer)'),
  ('function', 'cache.cleanup_cache_invalidation_queue(interval, integer)'),
  ('function', 'cache.drain_cache_invalidation_queue(integer, integer)'),
  ('function', 'cache.enqueue_cache_invalidation(text, integer)'),
  ('function', 'cache.evaluate_alerts()'),
  ('function', 'cache.fail_cache_invalidations(uuid, bigint[], text)'),
  ('function', 'cache.reset_switch(text, text, integer)'),
  ('function', 'cache.retry_dead_cache_invalidations()'),
  ('function', 'cache.throw_switch(text, text)'),
  ('function', 'cache.verify_migration_success()'),
  ('function', 'pgspec.alert_values()'),
  ('function', 'pgspec.cache_delete_public_orders()'),
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
  ('index', 'cache.cache_entries_lookup_tags'),
  ('index', 'cache.cache_invalidation_queue_dead'),
  ('index', 'cache.cache_invalidation_queue_due'),
  ('index', 'cache.cache_invalidation_queue_joined'),
  ('index', 'cache.cache_invalidation_queue_open'),
  ('procedure', 'cache.run_cache_invalidations(integer)'),
  ('procedure', 'cache.run_maintenance(integer)'),
  ('table', 'cache.cache_entries'),
  ('table', 'cache.cache_invalidation_queue'),
  ('table', 'pgspec.alert_state'),
  ('table', 'pgspec.cache_tags'),
  ('table', 'pgspec.deployed_objects'),
  ('table', 'pgspec.switch_log'),
  ('table', 'pgspec.thrown_switches'),
  ('trigger', 'pgspec_cache_delete ON public.orders'),
  ('trigger', 'pgspec_cache_insert ON public.orders'),
  ('trigger', 'pgspec_cache_truncate ON public.cities'),
  ('trigger', 'pgspec_cache_truncate ON public.orders'),
  ('trigger', 'pgspec_cache_update ON public.cities'),
  ('trigger', 'pgspec_cache_update ON public.orders'),
  ('trigger', 'pgspec_switch_log_guard_delete ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_update ON pgspec.switch_log'),
  ('view', 'cache.cache_invalidation_health'),
  ('view', 'cache.pgspec_alerts'),
  ('view', 'cache.pgspec_switch_log'),
  ('view', 'cache.pgspec_switches')
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
