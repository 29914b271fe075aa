-- pgspec verify: shop, draft
-- 1 schema, 7 tables, 19 functions, 2 procedures, 6 views, 1 materialized view, 4 triggers, 4 indexes, 1 comment, 12 access lists, 1 owner
-- from specs/orders_daily.yaml

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
  ('pgspec.alert_state', '3e61b4095b48ec2b'),
  ('pgspec.deployed_objects', '14a56d4d99c26d5e'),
  ('pgspec.mv_refresh_state', '9c103b4a775d8500'),
  ('pgspec.mv_source_writes', '4dc60e4c2bb7824a'),
  ('pgspec.switch_log', '70a981df9be1db9c'),
  ('pgspec.thrown_switches', '278356f803b26d5f'),
  ('public.mv_refresh_log', '6cd9c4ee4f8d7f0e')
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
  ('pgspec.alert_values()', ARRAY['keeper', 'service_role']::text[], '60339cb5a1d25659'),
  ('pgspec.close_mv_refresh(bigint, bigint, text, interval)', ARRAY[]::text[], '20528c6287209d42'),
  ('pgspec.fingerprint(text, text)', ARRAY[]::text[], '22d728e8d38cd0d0'),
  ('pgspec.log_switch(text, boolean, text)', ARRAY[]::text[], 'bc6e5a283f2dfefe'),
  ('pgspec.may_switch(text, text)', ARRAY[]::text[], 'b70cdd395a1a746e'),
  ('pgspec.note_write()', ARRAY[]::text[], 'cff69b9adf42309c'),
  ('pgspec.open_mv_refresh(text, boolean)', ARRAY[]::text[], '4313d743c0cb15a1'),
  ('pgspec.refreshed_views()', ARRAY['keeper', 'service_role']::text[], 'b1faefdb93e2f96f'),
  ('pgspec.settle_mv_sources()', ARRAY[]::text[], '49c3136344db9a64'),
  ('pgspec.switch_log_guard()', ARRAY[]::text[], 'efb3fcfa003b4ca2'),
  ('public.begin_mv_refresh(integer)', ARRAY['keeper', 'service_role']::text[], '55e0e67fe7d22cc0'),
  ('public.cancel_overdue_refreshes()', ARRAY['keeper', 'service_role']::text[], '15c8cb33e6d03fd8'),
  ('public.cleanup_mv_refresh_log(interval, integer)', ARRAY['keeper', 'service_role']::text[], 'a818fd3d388a1408'),
  ('public.evaluate_alerts()', ARRAY['keeper', 'service_role']::text[], '8892b329913cc048'),
  ('public.refresh_materialized_view(text)', ARRAY['keeper', 'service_role']::text[], '24a85e6149ec463e'),
  ('public.reset_switch(text, text, integer)', ARRAY['keeper', 'service_role']::text[], '47c293bc2b4c347d'),
  ('public.run_mv_refresh(bigint)', ARRAY['keeper', 'service_role']::text[], '2ff8e78655a538eb'),
  ('public.throw_switch(text, text)', ARRAY['keeper', 'service_role']::text[], 'ad2556f2e5738964'),
  ('public.verify_migration_success()', ARRAY['keeper', 'service_role']::text[], '253d2c687e4c3e34')
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
  ('public.refresh_materialized_views()', ARRAY['keeper', 'service_role']::text[], '55533b71ae140bd4'),
  ('public.run_maintenance(integer)', ARRAY['keeper', 'service_role']::text[], 'e68019a45d161391')
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
  ('pgspec.mv_reads', '', '8a80c240cddcc84c'),
  ('pgspec.mv_refresh_basis', '', 'fb6b618d164d20a0'),
  ('public.mv_refresh_health', '', 'ae684ff0d9e177c6'),
  ('public.pgspec_alerts', '', '3626645fbf47b003'),
  ('public.pgspec_switch_log', '', 'ba481a6ae5d4dbd0'),
  ('public.pgspec_switches', '', '79e0ee05675123b5')
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
SELECT 'materialized view ' || e.name, x.ok, x.detail
FROM (VALUES
  ('public.orders_daily', '5db1091626433d70')
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
  ('pgspec_refresh ON public.orders', 'pgspec_refresh', 'public.orders', 60, 'pgspec.note_write()', 'aa8938025712bcd5'),
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
  ('public.by_revenue', 'public.orders_daily', false, false, 'hash', ARRAY['revenue'], 'e7d89ba320eac4eb'),
  ('public.idx_orders_daily', 'public.orders_daily', true, false, 'btree', ARRAY['placed_on'], 'da9100ce4f238def'),
  ('public.mv_refresh_log_view', 'public.mv_refresh_log', false, false, 'btree', ARRAY['view_name', 'started_at'], 'a56311043e5368b1'),
  ('public.orders_daily_orders_placed_on_idx', 'public.orders_daily', false, false, 'btree', ARRAY['orders', 'placed_on'], 'd0db35ffe12c4a1f')
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
  ('public.orders_daily', E'Orders by day: it''s "quoted", and has a \\ and a
second line.')
) AS e (name, text)
UNION ALL
SELECT 'access to ' || e.name,
  a.granted = e.granted,
  pg_catalog.format('is {%s}, the spec says {%s}', pg_catalog.array_to_string(a.granted, ', '), pg_catalog.array_to_string(e.granted, ', '))
FROM (VALUES
  ('pgspec.mv_reads', ARRAY[]::text[]),
  ('pgspec.mv_refresh_basis', ARRAY[]::text[]),
  ('pgspec.mv_refresh_state', ARRAY[]::text[]),
  ('pgspec.mv_source_writes', ARRAY[]::text[]),
  ('pgspec.switch_log', ARRAY[]::text[]),
  ('pgspec.thrown_switches', ARRAY[]::text[]),
  ('public.mv_refresh_health', ARRAY['keeper SELECT', 'service_role SELECT']::text[]),
  ('public.mv_refresh_log', ARRAY['keeper SELECT', 'service_role SELECT']::text[]),
  ('public.orders_daily', ARRAY['anon SELECT', 'service_role SELECT']::text[]),
  ('public.pgspec_alerts', ARRAY['keeper SELECT', 'service_role SELECT']::text[]),
  ('public.pgspec_switch_log', ARRAY['keeper SELECT', 'service_role SELECT']::text[]),
  ('public.pgspec_switches', ARRAY['keeper SELECT', 'service_role SELECT']::text[])
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
SELECT 'owner of ' || e.name, pg_catalog.pg_get_userbyid(c.relowner) = e.role, 'is not ' || e.role
FROM (VALUES
  ('public.orders_daily', 'keeper')
) AS e (name, role)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name)
UNION ALL
SELECT pg_catalog.replace(d.type, '_', ' ') || ' ' || d.name, false, 'was deployed, and is not in the specs'
FROM pgspec.deployed_objects AS d
WHERE (d.type, d.name) NOT IN (
  ('function', 'pgspec.alert_values()'),
  ('function', 'pgspec.close_mv_refresh(bigint, bigint, text, interval)'),
  ('function', 'pgspec.fingerprint(text, text)'),
  ('function', 'pgspec.log_switch(text, boolean, text)'),
  ('function', 'pgspec.may_switch(text, text)'),
  ('function', 'pgspec.note_write()'),
  ('function', 'pgspec.open_mv_refresh(text, boolean)'),
  ('function', 'pgspec.refreshed_views()'),
  ('function', 'pgspec.settle_mv_sources()'),
  ('function', 'pgspec.switch_log_guard()'),
  ('function', 'public.begin_mv_refresh(integer)'),
  ('function', 'public.cancel_overdue_refreshes()'),
  ('function', 'public.cleanup_mv_refresh_log(interval, integer)'),
  ('function', 'public.evaluate_alerts()'),
  ('function', 'public.refresh_materialized_view(text)'),
  ('function', 'public.reset_switch(text, text, integer)'),
  ('function', 'public.run_mv_refresh(bigint)'),
  ('function', 'public.throw_switch(text, text)'),
  ('function', 'public.verify_migration_success()'),
  ('index', 'public.by_revenue'),
  ('index', 'public.idx_orders_daily'),
  ('index', 'public.mv_refresh_log_view'),
  ('index', 'public.orders_daily_orders_placed_on_idx'),
  ('materialized_view', 'public.orders_daily'),
  ('procedure', 'public.refresh_materialized_views()'),
  ('procedure', 'public.run_maintenance(integer)'),
  ('table', 'pgspec.alert_state'),
  ('table', 'pgspec.deployed_objects'),
  ('table', 'pgspec.mv_refresh_state'),
  ('table', 'pgspec.mv_source_writes'),
  ('table', 'pgspec.switch_log'),
  ('table', 'pgspec.thrown_switches'),
  ('table', 'public.mv_refresh_log'),
  ('trigger', 'pgspec_refresh ON public.orders'),
  ('trigger', 'pgspec_switch_log_guard_delete ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_update ON pgspec.switch_log'),
  ('view', 'pgspec.mv_reads'),
  ('view', 'pgspec.mv_refresh_basis'),
  ('view', 'public.mv_refresh_health'),
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
