-- pgspec verify: shop, draft
-- 1 schema, 7 tables, 19 functions, 2 procedures, 6 views, 5 materialized views, 6 triggers, 6 indexes, 16 access lists
-- from specs/views.yaml

DO $pgspec$
#variable_conflict use_column
DECLARE
  checked bigint;
  failed bigint;
  failures text;
  thrown text;
BEGIN
IF pg_catalog.to_regclass('"in side".deployed_objects') IS NULL THEN
  RAISE EXCEPTION 'verify: nothing is deployed here: % does not exist', '"in side".deployed_objects'
    USING HINT = 'Run migrate.sql first.';
END IF;

SELECT count(*), count(*) FILTER (WHERE ok IS NOT TRUE),
  pg_catalog.string_agg(object || ': ' || detail, E'\n' ORDER BY object, detail) FILTER (WHERE ok IS NOT TRUE)
INTO checked, failed, failures
FROM (
SELECT 'schema ' || e.name, n.oid IS NOT NULL, 'does not exist'
FROM (VALUES
  ('in side')
) AS e (name)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = e.name
UNION ALL
SELECT 'table ' || e.name, x.ok, x.detail
FROM (VALUES
  ('"Run''s Time".mv_refresh_log', '6ee2d24e564a9321'),
  ('"in side".alert_state', 'f58afab9629801e5'),
  ('"in side".deployed_objects', 'fe289cfd5f040391'),
  ('"in side".mv_refresh_state', '77a501fcc6a025f1'),
  ('"in side".mv_source_writes', '4f7cdef85cd64e8c'),
  ('"in side".switch_log', '684197f5130e3ac7'),
  ('"in side".thrown_switches', 'e2f861f17ec1b9f9')
) AS e (name, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'r'
LEFT JOIN "in side".deployed_objects AS d ON d.type = 'table' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (NOT EXISTS (
     SELECT FROM pg_catalog.pg_depend AS o
     JOIN pg_catalog.pg_class AS s ON s.oid = o.objid AND s.relkind = 'S'
     CROSS JOIN LATERAL pg_catalog.aclexplode(s.relacl) AS x
     WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.refclassid = o.classid
       AND o.refobjid = c.oid AND o.deptype = 'i' AND x.grantee <> s.relowner),
   'has a sequence that others than its owner may use'),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = "in side".fingerprint('table', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'function ' || e.name, x.ok, x.detail
FROM (VALUES
  ('"Run''s Time".begin_mv_refresh(integer)', ARRAY['Keeper Two', 'service_role']::text[], 'dfbad5a01b66bcf3'),
  ('"Run''s Time".cancel_overdue_refreshes()', ARRAY['Keeper Two', 'service_role']::text[], '81e0ff12a44fa912'),
  ('"Run''s Time".cleanup_mv_refresh_log(interval, integer)', ARRAY['Keeper Two', 'service_role']::text[], '75d3e0b12d6ddb8b'),
  ('"Run''s Time".evaluate_alerts()', ARRAY['Keeper Two', 'service_role']::text[], '516d04240dbec859'),
  ('"Run''s Time".refresh_materialized_view(text)', ARRAY['Keeper Two', 'service_role']::text[], 'd874f4b256f69fc5'),
  ('"Run''s Time".reset_switch(text, text, integer)', ARRAY['Keeper Two', 'service_role']::text[], '88da6b99309c423f'),
  ('"Run''s Time".run_mv_refresh(bigint)', ARRAY['Keeper Two', 'service_role']::text[], 'b6dcfbd60301b6d8'),
  ('"Run''s Time".throw_switch(text, text)', ARRAY['Keeper Two', 'service_role']::text[], '2a22c85f4dee4289'),
  ('"Run''s Time".verify_migration_success()', ARRAY['Keeper Two', 'service_role']::text[], 'faeee61d5a91a9c8'),
  ('"in side".alert_values()', ARRAY['Keeper Two', 'service_role']::text[], 'd9afb7a37e636544'),
  ('"in side".close_mv_refresh(bigint, bigint, text, interval)', ARRAY[]::text[], 'd3a2c75251b6c668'),
  ('"in side".fingerprint(text, text)', ARRAY[]::text[], 'edf9089658f72717'),
  ('"in side".log_switch(text, boolean, text)', ARRAY[]::text[], 'c410236a162213a6'),
  ('"in side".may_switch(text, text)', ARRAY[]::text[], '598ef42785720e34'),
  ('"in side".note_write()', ARRAY[]::text[], '8a71b0e11a0d1ce5'),
  ('"in side".open_mv_refresh(text, boolean)', ARRAY[]::text[], 'e8bff251494370bb'),
  ('"in side".refreshed_views()', ARRAY['Keeper Two', 'service_role']::text[], '81eacbf1eddac98f'),
  ('"in side".settle_mv_sources()', ARRAY[]::text[], '144ddf5303a199a7'),
  ('"in side".switch_log_guard()', ARRAY[]::text[], 'a9a465f28b4bca36')
) AS e (name, may_execute, definition)
LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(e.name)
LEFT JOIN "in side".deployed_objects AS d ON d.type = 'function' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (p.oid IS NOT NULL, 'does not exist'),
  (p.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = "in side".fingerprint('function', e.name)),
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
  ('"Run''s Time".refresh_materialized_views()', ARRAY['Keeper Two', 'service_role']::text[], '8428ebfded55f251'),
  ('"Run''s Time".run_maintenance(integer)', ARRAY['Keeper Two', 'service_role']::text[], '62cc5fb4599181f6')
) AS e (name, may_execute, definition)
LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(e.name)
LEFT JOIN "in side".deployed_objects AS d ON d.type = 'procedure' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (p.oid IS NOT NULL, 'does not exist'),
  (p.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = "in side".fingerprint('procedure', e.name)),
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
  ('"Run''s Time".mv_refresh_health', '', '59428ca3c1ad0003'),
  ('"Run''s Time".pgspec_alerts', '', '29a837d5e2f5ced4'),
  ('"Run''s Time".pgspec_switch_log', '', '4db4934f7f8e7983'),
  ('"Run''s Time".pgspec_switches', '', 'aa58f03e4abdb811'),
  ('"in side".mv_reads', '', 'c83ecac803dd07bb'),
  ('"in side".mv_refresh_basis', '', '8f96cf678b34de32')
) AS e (name, options, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'v'
LEFT JOIN "in side".deployed_objects AS d ON d.type = 'view' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (c.oid IS NULL OR coalesce(pg_catalog.array_to_string(c.reloptions, ','), '') = e.options,
   CASE WHEN e.options = '' THEN 'has options' ELSE 'has other options than ' || e.options END),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = "in side".fingerprint('view', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'materialized view ' || e.name, x.ok, x.detail
FROM (VALUES
  ('public."a ""monthly"" view"', '3185138bbbff6a48'),
  ('public.always', '29b2fc4eaac7c93e'),
  ('public.by_hand', '04790ff71e38a492'),
  ('public.orders_daily', '6a0c1238cd438bd0'),
  ('public.recent', 'eebfbb640d608a84')
) AS e (name, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'm'
LEFT JOIN "in side".deployed_objects AS d ON d.type = 'materialized_view' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (c.oid IS NULL OR c.relispopulated, 'is not populated'),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = "in side".fingerprint('materialized_view', e.name)),
   'its query is not the one deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'trigger ' || e.trigger || ' on ' || e.relation, x.ok, x.detail
FROM (VALUES
  ('pgspec_refresh ON public."Orders ''25"', 'pgspec_refresh', 'public."Orders ''25"', 60, '"in side".note_write()', '21468547374735d3'),
  ('pgspec_refresh ON public.kept', 'pgspec_refresh', 'public.kept', 60, '"in side".note_write()', '48a1102ef976ef12'),
  ('pgspec_refresh ON public.orders', 'pgspec_refresh', 'public.orders', 60, '"in side".note_write()', '4e353e123686787d'),
  ('pgspec_switch_log_guard_delete ON "in side".switch_log', 'pgspec_switch_log_guard_delete', '"in side".switch_log', 10, '"in side".switch_log_guard()', '486f3ace754584f3'),
  ('pgspec_switch_log_guard_truncate ON "in side".switch_log', 'pgspec_switch_log_guard_truncate', '"in side".switch_log', 34, '"in side".switch_log_guard()', 'bc30887fbce5eec3'),
  ('pgspec_switch_log_guard_update ON "in side".switch_log', 'pgspec_switch_log_guard_update', '"in side".switch_log', 18, '"in side".switch_log_guard()', '79030edc388ca689')
) AS e (name, trigger, relation, bits, function, definition)
LEFT JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = pg_catalog.to_regclass(e.relation) AND t.tgname = e.trigger
LEFT JOIN "in side".deployed_objects AS d ON d.type = 'trigger' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (t.oid IS NOT NULL, 'does not exist'),
  (t.oid IS NULL OR t.tgenabled IN ('O', 'A'), 'is disabled: writes are not seen'),
  (t.oid IS NULL OR t.tgtype = e.bits, 'is for other events'),
  (t.oid IS NULL OR t.tgfoid = pg_catalog.to_regprocedure(e.function), 'calls another function than ' || e.function),
  (t.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = "in side".fingerprint('trigger', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'index ' || e.name || ' on ' || e.relation, x.ok, x.detail
FROM (VALUES
  ('"Run''s Time".mv_refresh_log_view', '"Run''s Time".mv_refresh_log', false, false, 'btree', ARRAY['view_name', 'started_at'], 'f9f0271036cc271d'),
  ('public."a ""monthly"" view_key"', 'public."a ""monthly"" view"', true, false, 'btree', ARRAY['month'], 'f0efb990ef3a7bfa'),
  ('public.always_key', 'public.always', true, false, 'btree', ARRAY['id'], '98a8986182c06c23'),
  ('public.by_hand_key', 'public.by_hand', true, false, 'btree', ARRAY['id'], '403c4b28ddd09b8d'),
  ('public.orders_daily_key', 'public.orders_daily', true, false, 'btree', ARRAY['placed_on'], 'abc531eeb3baa884'),
  ('public.recent_key', 'public.recent', true, false, 'btree', ARRAY['placed_on'], 'fb639bad03cf19d5')
) AS e (name, relation, is_unique, is_partial, access_method, columns, definition)
LEFT JOIN pg_catalog.pg_index AS i
  ON i.indexrelid = pg_catalog.to_regclass(e.name) AND i.indrelid = pg_catalog.to_regclass(e.relation)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
LEFT JOIN "in side".deployed_objects AS d ON d.type = 'index' AND d.name = e.name
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
  (i.indexrelid IS NULL OR (d.definition = e.definition AND d.fingerprint = "in side".fingerprint('index', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'comment on ' || e.name,
  pg_catalog.obj_description(pg_catalog.to_regclass(e.name), 'pg_class') IS NOT DISTINCT FROM e.text,
  'is not the description in the spec'
FROM (VALUES
  ('public."a ""monthly"" view"', NULL),
  ('public.always', NULL),
  ('public.by_hand', NULL),
  ('public.orders_daily', NULL),
  ('public.recent', NULL)
) AS e (name, text)
UNION ALL
SELECT 'access to ' || e.name,
  a.granted = e.granted,
  pg_catalog.format('is {%s}, the spec says {%s}', pg_catalog.array_to_string(a.granted, ', '), pg_catalog.array_to_string(e.granted, ', '))
FROM (VALUES
  ('"Run''s Time".mv_refresh_health', ARRAY['Keeper Two SELECT', 'service_role SELECT']::text[]),
  ('"Run''s Time".mv_refresh_log', ARRAY['Keeper Two SELECT', 'service_role SELECT']::text[]),
  ('"Run''s Time".pgspec_alerts', ARRAY['Keeper Two SELECT', 'service_role SELECT']::text[]),
  ('"Run''s Time".pgspec_switch_log', ARRAY['Keeper Two SELECT', 'service_role SELECT']::text[]),
  ('"Run''s Time".pgspec_switches', ARRAY['Keeper Two SELECT', 'service_role SELECT']::text[]),
  ('"in side".mv_reads', ARRAY[]::text[]),
  ('"in side".mv_refresh_basis', ARRAY[]::text[]),
  ('"in side".mv_refresh_state', ARRAY[]::text[]),
  ('"in side".mv_source_writes', ARRAY[]::text[]),
  ('"in side".switch_log', ARRAY[]::text[]),
  ('"in side".thrown_switches', ARRAY[]::text[]),
  ('public."a ""monthly"" view"', ARRAY[]::text[]),
  ('public.always', ARRAY[]::text[]),
  ('public.by_hand', ARRAY[]::text[]),
  ('public.orders_daily', ARRAY[]::text[]),
  ('public.recent', ARRAY[]::text[])
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
FROM "in side".deployed_objects AS d
WHERE (d.type, d.name) NOT IN (
  ('function', '"Run''s Time".begin_mv_refresh(integer)'),
  ('function', '"Run''s Time".cancel_overdue_refreshes()'),
  ('function', '"Run''s Time".cleanup_mv_refresh_log(interval, integer)'),
  ('function', '"Run''s Time".evaluate_alerts()'),
  ('function', '"Run''s Time".refresh_materialized_view(text)'),
  ('function', '"Run''s Time".reset_switch(text, text, integer)'),
  ('function', '"Run''s Time".run_mv_refresh(bigint)'),
  ('function', '"Run''s Time".throw_switch(text, text)'),
  ('function', '"Run''s Time".verify_migration_success()'),
  ('function', '"in side".alert_values()'),
  ('function', '"in side".close_mv_refresh(bigint, bigint, text, interval)'),
  ('function', '"in side".fingerprint(text, text)'),
  ('function', '"in side".log_switch(text, boolean, text)'),
  ('function', '"in side".may_switch(text, text)'),
  ('function', '"in side".note_write()'),
  ('function', '"in side".open_mv_refresh(text, boolean)'),
  ('function', '"in side".refreshed_views()'),
  ('function', '"in side".settle_mv_sources()'),
  ('function', '"in side".switch_log_guard()'),
  ('index', '"Run''s Time".mv_refresh_log_view'),
  ('index', 'public."a ""monthly"" view_key"'),
  ('index', 'public.always_key'),
  ('index', 'public.by_hand_key'),
  ('index', 'public.orders_daily_key'),
  ('index', 'public.recent_key'),
  ('materialized_view', 'public."a ""monthly"" view"'),
  ('materialized_view', 'public.always'),
  ('materialized_view', 'public.by_hand'),
  ('materialized_view', 'public.orders_daily'),
  ('materialized_view', 'public.recent'),
  ('procedure', '"Run''s Time".refresh_materialized_views()'),
  ('procedure', '"Run''s Time".run_maintenance(integer)'),
  ('table', '"Run''s Time".mv_refresh_log'),
  ('table', '"in side".alert_state'),
  ('table', '"in side".deployed_objects'),
  ('table', '"in side".mv_refresh_state'),
  ('table', '"in side".mv_source_writes'),
  ('table', '"in side".switch_log'),
  ('table', '"in side".thrown_switches'),
  ('trigger', 'pgspec_refresh ON public."Orders ''25"'),
  ('trigger', 'pgspec_refresh ON public.kept'),
  ('trigger', 'pgspec_refresh ON public.orders'),
  ('trigger', 'pgspec_switch_log_guard_delete ON "in side".switch_log'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON "in side".switch_log'),
  ('trigger', 'pgspec_switch_log_guard_update ON "in side".switch_log'),
  ('view', '"Run''s Time".mv_refresh_health'),
  ('view', '"Run''s Time".pgspec_alerts'),
  ('view', '"Run''s Time".pgspec_switch_log'),
  ('view', '"Run''s Time".pgspec_switches'),
  ('view', '"in side".mv_reads'),
  ('view', '"in side".mv_refresh_basis')
)
) AS checks (object, ok, detail);

IF failed > 0 THEN
  -- A switch that is thrown may be all there is to it.
  SELECT pg_catalog.string_agg(s.name || ' (' || s.why || ')', ', ' ORDER BY s.name) INTO thrown FROM "in side".thrown_switches AS s;
  IF thrown IS NOT NULL THEN
    RAISE EXCEPTION E'verify: % of % checks failed\n%', failed, checked, failures USING HINT = 'thrown switches: ' || thrown;
  END IF;
  RAISE EXCEPTION E'verify: % of % checks failed\n%', failed, checked, failures;
END IF;
RAISE NOTICE 'verify: % checks passed', checked;
END
$pgspec$;
