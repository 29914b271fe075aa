-- pgspec verify: events, draft
-- 1 schema, 7 tables, 37 functions, 2 procedures, 4 views, 23 triggers, 5 indexes, 9 access lists
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
  ('pgspec.alert_state', '76fe62e40223bc18'),
  ('pgspec.cache_tags', 'dca0ba6d0bdb2700'),
  ('pgspec.deployed_objects', 'efcb123fde98c1d9'),
  ('pgspec.switch_log', '86592d77ad71038b'),
  ('pgspec.thrown_switches', 'f1b49f2b937ba62c'),
  ('public.cache_entries', '225147e92cbe4528'),
  ('public.cache_invalidation_queue', '1e8cb366cf1ea2ed')
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
  ('pgspec."cache_delete_public_Odd ""name"()', ARRAY[]::text[], '450416beaf7fabdd'),
  ('pgspec."cache_insert_public_Odd ""name"()', ARRAY[]::text[], '54029515fb2d24bd'),
  ('pgspec."cache_truncate_public_Odd ""name"()', ARRAY[]::text[], '105c3b01f3b60699'),
  ('pgspec."cache_update_public_Odd ""name"()', ARRAY[]::text[], 'fcae4c67a04f514a'),
  ('pgspec.alert_values()', ARRAY[]::text[], '305ced1210726460'),
  ('pgspec.cache_delete_public_events()', ARRAY[]::text[], '36fdbb5c9a196a0a'),
  ('pgspec.cache_insert_public_events()', ARRAY[]::text[], '4a1eb2ceb13e4aef'),
  ('pgspec.cache_truncate_public_events()', ARRAY[]::text[], '21caa668271a8dd5'),
  ('pgspec.cache_update_public_events()', ARRAY[]::text[], '0892ff70e8c3ec14'),
  ('pgspec.catch_up(interval)', ARRAY[]::text[], 'a2957778a7e29162'),
  ('pgspec.enqueue_tags(text[], interval)', ARRAY[]::text[], '2bf21438e2a5d9af'),
  ('pgspec.fingerprint(text, text)', ARRAY[]::text[], '1ad9ce3789cb18ad'),
  ('pgspec.invalidate_tags(text[])', ARRAY[]::text[], 'f7d7ac6b08f991aa'),
  ('pgspec.joined_rows(boolean)', ARRAY[]::text[], 'd4de64a16f312d72'),
  ('pgspec.log_switch(text, boolean, text)', ARRAY[]::text[], 'b712249576e8d00f'),
  ('pgspec.may_switch(text, text)', ARRAY[]::text[], 'fa66af6fe2bd8419'),
  ('pgspec.settle_dead(text[], timestamptz)', ARRAY[]::text[], '60e984392a37049e'),
  ('pgspec.skipping()', ARRAY[]::text[], 'a340a1ff19faceef'),
  ('pgspec.storable_tag(text)', ARRAY[]::text[], '046f95306dbc21a3'),
  ('pgspec.switch_log_guard()', ARRAY[]::text[], '702296405df5e9ac'),
  ('pgspec.tag_and_wildcards(text)', ARRAY[]::text[], '1ff6cf179fb91769'),
  ('pgspec.tags_and_wildcards(text[])', ARRAY[]::text[], 'fb4dc36e96b07702'),
  ('pgspec.wake_joined(timestamptz)', ARRAY[]::text[], '1210b10d63cc0e95'),
  ('public.ack_cache_invalidations(uuid, bigint[])', ARRAY[]::text[], '8fdcb1da7267f036'),
  ('public.cache_get(text)', ARRAY[]::text[], 'eb208f382b5e9ff2'),
  ('public.cache_put(text, jsonb, text[], bigint[], interval)', ARRAY[]::text[], 'bd15d8327e480536'),
  ('public.cache_tag_versions(text[])', ARRAY[]::text[], '39124162898a5d58'),
  ('public.claim_cache_invalidations(integer, integer)', ARRAY[]::text[], 'b5cb6228608a7164'),
  ('public.cleanup_cache_invalidation_queue(interval, integer)', ARRAY[]::text[], '448119a861b31799'),
  ('public.drain_cache_invalidation_queue(integer, integer)', ARRAY[]::text[], 'fc8429933a255cab'),
  ('public.enqueue_cache_invalidation(text, integer)', ARRAY[]::text[], 'e1fbb73c106a1468'),
  ('public.evaluate_alerts()', ARRAY[]::text[], 'e0de30e16ba373a0'),
  ('public.fail_cache_invalidations(uuid, bigint[], text)', ARRAY[]::text[], '3413e4c4cb3d72a3'),
  ('public.reset_switch(text, text, integer)', ARRAY[]::text[], '5819ab39b95cd248'),
  ('public.retry_dead_cache_invalidations()', ARRAY[]::text[], '253364334af3c652'),
  ('public.throw_switch(text, text)', ARRAY[]::text[], '02ed0cea8a245b1d'),
  ('public.verify_migration_success()', ARRAY[]::text[], '6e533c74849bb0fd')
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
  ('public.run_cache_invalidations(integer)', ARRAY[]::text[], '7c62686c8817753e'),
  ('public.run_maintenance(integer)', ARRAY[]::text[], '0b7c1666d5e4ebef')
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
  ('pgspec_cache_delete ON public."Odd ""name"', 'pgspec_cache_delete', 'public."Odd ""name"', 8, 'pgspec."cache_delete_public_Odd ""name"()', '7a384bf2da174e1c'),
  ('pgspec_cache_delete ON public.events', 'pgspec_cache_delete', 'public.events', 8, 'pgspec.cache_delete_public_events()', 'd1a8061e97d010ea'),
  ('pgspec_cache_delete ON public.events_january', 'pgspec_cache_delete', 'public.events_january', 8, 'pgspec.cache_delete_public_events()', '235f250b21cfb09d'),
  ('pgspec_cache_delete ON public.events_later', 'pgspec_cache_delete', 'public.events_later', 8, 'pgspec.cache_delete_public_events()', 'abebe147230baeea'),
  ('pgspec_cache_delete ON public.events_later_all', 'pgspec_cache_delete', 'public.events_later_all', 8, 'pgspec.cache_delete_public_events()', '5f7e09df41cd46ce'),
  ('pgspec_cache_insert ON public."Odd ""name"', 'pgspec_cache_insert', 'public."Odd ""name"', 4, 'pgspec."cache_insert_public_Odd ""name"()', 'ef8f87b73c1c8708'),
  ('pgspec_cache_insert ON public.events', 'pgspec_cache_insert', 'public.events', 4, 'pgspec.cache_insert_public_events()', '3a072fed5ef120a2'),
  ('pgspec_cache_insert ON public.events_january', 'pgspec_cache_insert', 'public.events_january', 4, 'pgspec.cache_insert_public_events()', 'f6e33dd1e308eec7'),
  ('pgspec_cache_insert ON public.events_later', 'pgspec_cache_insert', 'public.events_later', 4, 'pgspec.cache_insert_public_events()', '692cc6f3c1d1915d'),
  ('pgspec_cache_insert ON public.events_later_all', 'pgspec_cache_insert', 'public.events_later_all', 4, 'pgspec.cache_insert_public_events()', '65ef4e1c935e0629'),
  ('pgspec_cache_truncate ON public."Odd ""name"', 'pgspec_cache_truncate', 'public."Odd ""name"', 34, 'pgspec."cache_truncate_public_Odd ""name"()', 'b8157debe8ffcff2'),
  ('pgspec_cache_truncate ON public.events', 'pgspec_cache_truncate', 'public.events', 34, 'pgspec.cache_truncate_public_events()', 'a185a7b5078dd4e3'),
  ('pgspec_cache_truncate ON public.events_january', 'pgspec_cache_truncate', 'public.events_january', 34, 'pgspec.cache_truncate_public_events()', '28a64c14ea05a360'),
  ('pgspec_cache_truncate ON public.events_later', 'pgspec_cache_truncate', 'public.events_later', 34, 'pgspec.cache_truncate_public_events()', '8d9641fd9f353304'),
  ('pgspec_cache_truncate ON public.events_later_all', 'pgspec_cache_truncate', 'public.events_later_all', 34, 'pgspec.cache_truncate_public_events()', '8d94ab02e255a999'),
  ('pgspec_cache_update ON public."Odd ""name"', 'pgspec_cache_update', 'public."Odd ""name"', 16, 'pgspec."cache_update_public_Odd ""name"()', 'bf5bd0b4852e43d1'),
  ('pgspec_cache_update ON public.events', 'pgspec_cache_update', 'public.events', 16, 'pgspec.cache_update_public_events()', 'bdaaff47f4c3720e'),
  ('pgspec_cache_update ON public.events_january', 'pgspec_cache_update', 'public.events_january', 16, 'pgspec.cache_update_public_events()', '1b24af395b97f6b7'),
  ('pgspec_cache_update ON public.events_later', 'pgspec_cache_update', 'public.events_later', 16, 'pgspec.cache_update_public_events()', '7c662c96c336a3db'),
  ('pgspec_cache_update ON public.events_later_all', 'pgspec_cache_update', 'public.events_later_all', 16, 'pgspec.cache_update_public_events()', '20212a723a694dd0'),
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
  ('function', 'pgspec."cache_delete_public_Odd ""name"()'),
  ('function', 'pgspec."cache_insert_public_Odd ""name"()'),
  ('function', 'pgspec."cache_truncate_public_Odd ""name"()'),
  ('function', 'pgspec."cache_update_public_Odd ""name"()'),
  ('function', 'pgspec.alert_values()'),
  ('function', 'pgspec.cache_delete_public_events()'),
  ('function', 'pgspec.cache_insert_public_events()'),
  ('function', 'pgspec.cache_truncate_public_events()'),
  ('function', 'pgspec.cache_update_public_events()'),
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
  ('trigger', 'pgspec_cache_delete ON public."Odd ""name"'),
  ('trigger', 'pgspec_cache_delete ON public.events'),
  ('trigger', 'pgspec_cache_delete ON public.events_january'),
  ('trigger', 'pgspec_cache_delete ON public.events_later'),
  ('trigger', 'pgspec_cache_delete ON public.events_later_all'),
  ('trigger', 'pgspec_cache_insert ON public."Odd ""name"'),
  ('trigger', 'pgspec_cache_insert ON public.events'),
  ('trigger', 'pgspec_cache_insert ON public.events_january'),
  ('trigger', 'pgspec_cache_insert ON public.events_later'),
  ('trigger', 'pgspec_cache_insert ON public.events_later_all'),
  ('trigger', 'pgspec_cache_truncate ON public."Odd ""name"'),
  ('trigger', 'pgspec_cache_truncate ON public.events'),
  ('trigger', 'pgspec_cache_truncate ON public.events_january'),
  ('trigger', 'pgspec_cache_truncate ON public.events_later'),
  ('trigger', 'pgspec_cache_truncate ON public.events_later_all'),
  ('trigger', 'pgspec_cache_update ON public."Odd ""name"'),
  ('trigger', 'pgspec_cache_update ON public.events'),
  ('trigger', 'pgspec_cache_update ON public.events_january'),
  ('trigger', 'pgspec_cache_update ON public.events_later'),
  ('trigger', 'pgspec_cache_update ON public.events_later_all'),
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
