-- pgspec verify: telemetry, draft
-- 1 schema, 6 tables, 12 functions, 1 procedure, 3 views, 1 materialized view, 5 indexes, 1 comment, 8 access lists
-- from specs/logs.yaml

DO $pgspec$
#variable_conflict use_column
DECLARE
  checked bigint;
  failed bigint;
  failures text;
BEGIN
IF pg_catalog.to_regclass('tools.deployed_objects') IS NULL THEN
  RAISE EXCEPTION 'verify: nothing is deployed here: % does not exist', 'tools.deployed_objects'
    USING HINT = 'Run migrate.sql first.';
END IF;

SELECT count(*), count(*) FILTER (WHERE ok IS NOT TRUE),
  pg_catalog.string_agg(object || ': ' || detail, E'\n' ORDER BY object, detail) FILTER (WHERE ok IS NOT TRUE)
INTO checked, failed, failures
FROM (
SELECT 'schema ' || e.name, n.oid IS NOT NULL, 'does not exist'
FROM (VALUES
  ('tools')
) AS e (name)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = e.name
UNION ALL
SELECT 'table ' || e.name, x.ok, x.detail
FROM (VALUES
  ('api."100% ""odd''s"""', '736324f77b6268fb'),
  ('api.requests', '6c7c31fec1d65a1d'),
  ('tools."100% ""odd''s""_labels"', '0e7e3eb768159da2'),
  ('tools.alert_state', '00e7ee0865e23466'),
  ('tools.deployed_objects', '6bd92ac644c572dc'),
  ('tools.requests_labels', '8e443dfb5c21eabb')
) AS e (name, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind IN ('r', 'p')
LEFT JOIN tools.deployed_objects AS d ON d.type = 'table' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (NOT EXISTS (
     SELECT FROM pg_catalog.pg_depend AS o
     JOIN pg_catalog.pg_class AS s ON s.oid = o.objid AND s.relkind = 'S'
     CROSS JOIN LATERAL pg_catalog.aclexplode(s.relacl) AS x
     WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.refclassid = o.classid
       AND o.refobjid = c.oid AND o.deptype = 'i' AND x.grantee <> s.relowner),
   'has a sequence that others than its owner may use'),
  (e.name NOT IN ('api."100% ""odd''s"""', 'api.requests') OR EXISTS (
     SELECT FROM pg_catalog.pg_partitioned_table AS p WHERE p.partrelid = c.oid AND p.partdefid <> 0), 'has no default partition'),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = tools.fingerprint('table', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'function ' || e.name, x.ok, x.detail
FROM (VALUES
  ('api."maintain_100% ""odd''s"""(integer)', ARRAY['back''office', 'web_server']::text[], '0491d0034e654d3b'),
  ('api."record_100% ""odd''s"""(text, text, real, text, timestamptz)', ARRAY['back''office', 'web_server']::text[], 'bee97010fa1ff382'),
  ('api.evaluate_alerts()', ARRAY['back''office', 'web_server']::text[], '53afb216908d18c8'),
  ('api.maintain_requests(integer)', ARRAY['back''office', 'web_server']::text[], 'e51707389d8b02c8'),
  ('api.record_requests(text, text, integer, text, boolean, double precision, numeric, jsonb, uuid, api.region, text, timestamptz)', ARRAY['back''office', 'web_server', 'web_user']::text[], '1f35443e65c2e342'),
  ('api.verify_migration_success()', ARRAY['back''office', 'web_server']::text[], '14e2326102fbeadf'),
  ('tools."100% ""odd''s""_admits"(text, text, integer)', ARRAY[]::text[], '6b47746c4eb9ebbf'),
  ('tools.alert_values()', ARRAY['back''office', 'web_server']::text[], '362453cd177d17b7'),
  ('tools.audit_request_id()', ARRAY[]::text[], '274c7f1b733b98d8'),
  ('tools.fingerprint(text, text)', ARRAY[]::text[], '1a606a6e60810403'),
  ('tools.normalize_path(text)', ARRAY[]::text[], 'a63bcbb83c67adcc'),
  ('tools.requests_admits(text, text, integer)', ARRAY[]::text[], '1b952f9990de2828')
) AS e (name, may_execute, definition)
LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(e.name)
LEFT JOIN tools.deployed_objects AS d ON d.type = 'function' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (p.oid IS NOT NULL, 'does not exist'),
  (p.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = tools.fingerprint('function', e.name)),
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
  ('api.run_maintenance(integer)', ARRAY['back''office', 'web_server']::text[], 'e1ef866fc3c486d0')
) AS e (name, may_execute, definition)
LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(e.name)
LEFT JOIN tools.deployed_objects AS d ON d.type = 'procedure' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (p.oid IS NOT NULL, 'does not exist'),
  (p.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = tools.fingerprint('procedure', e.name)),
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
  ('api.event_label_health', '', 'b268704711fe9728'),
  ('api.event_log_health', '', 'de36974ec1712467'),
  ('api.pgspec_alerts', '', '5f647fdad7b67b25')
) AS e (name, options, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'v'
LEFT JOIN tools.deployed_objects AS d ON d.type = 'view' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (c.oid IS NULL OR coalesce(pg_catalog.array_to_string(c.reloptions, ','), '') = e.options,
   CASE WHEN e.options = '' THEN 'has options' ELSE 'has other options than ' || e.options END),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = tools.fingerprint('view', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'materialized view ' || e.name, x.ok, x.detail
FROM (VALUES
  ('api.requests_5m', 'f8dfc8ffb8a92552')
) AS e (name, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'm'
LEFT JOIN tools.deployed_objects AS d ON d.type = 'materialized_view' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (c.oid IS NULL OR c.relispopulated, 'is not populated'),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = tools.fingerprint('materialized_view', e.name)),
   'its query is not the one deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'index ' || e.name || ' on ' || e.relation, x.ok, x.detail
FROM (VALUES
  ('api."100% ""odd''s""_created_at"', 'api."100% ""odd''s"""', false, false, 'btree', ARRAY['created_at'], 'b75d40d57c8d4700'),
  ('api."100% ""odd''s""_request_id"', 'api."100% ""odd''s"""', false, false, 'hash', ARRAY['request_id'], '0f5d17f402085a8b'),
  ('api.requests_5m_key', 'api.requests_5m', true, false, 'btree', ARRAY['bucket', 'endpoint', 'method'], '8695fd4a91dd83c1'),
  ('api.requests_created_at', 'api.requests', false, false, 'btree', ARRAY['created_at'], 'd50bc11cd425ac8d'),
  ('api.requests_request_id', 'api.requests', false, false, 'hash', ARRAY['request_id'], 'f09b57484f5a835c')
) AS e (name, relation, is_unique, is_partial, access_method, columns, definition)
LEFT JOIN pg_catalog.pg_index AS i
  ON i.indexrelid = pg_catalog.to_regclass(e.name) AND i.indrelid = pg_catalog.to_regclass(e.relation)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
LEFT JOIN tools.deployed_objects AS d ON d.type = 'index' AND d.name = e.name
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
  (i.indexrelid IS NULL OR (d.definition = e.definition AND d.fingerprint = tools.fingerprint('index', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'comment on ' || e.name,
  pg_catalog.obj_description(pg_catalog.to_regclass(e.name), 'pg_class') IS NOT DISTINCT FROM e.text,
  'is not the description in the spec'
FROM (VALUES
  ('api.requests', 'One row for each request that was answered.'),
  ('api.requests_5m', NULL)
) AS e (name, text)
UNION ALL
SELECT 'access to ' || e.name,
  a.granted = e.granted,
  pg_catalog.format('is {%s}, the spec says {%s}', pg_catalog.array_to_string(a.granted, ', '), pg_catalog.array_to_string(e.granted, ', '))
FROM (VALUES
  ('api."100% ""odd''s"""', ARRAY['back''office SELECT', 'web_server SELECT']::text[]),
  ('api.event_label_health', ARRAY['back''office SELECT', 'web_server SELECT']::text[]),
  ('api.event_log_health', ARRAY['back''office SELECT', 'web_server SELECT']::text[]),
  ('api.pgspec_alerts', ARRAY['back''office SELECT', 'web_server SELECT']::text[]),
  ('api.requests', ARRAY['back''office SELECT', 'web_server SELECT', 'web_user SELECT']::text[]),
  ('api.requests_5m', ARRAY['web_server SELECT']::text[]),
  ('tools."100% ""odd''s""_labels"', ARRAY[]::text[]),
  ('tools.requests_labels', ARRAY[]::text[])
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
FROM tools.deployed_objects AS d
WHERE (d.type, d.name) NOT IN (
  ('function', 'api."maintain_100% ""odd''s"""(integer)'),
  ('function', 'api."record_100% ""odd''s"""(text, text, real, text, timestamptz)'),
  ('function', 'api.evaluate_alerts()'),
  ('function', 'api.maintain_requests(integer)'),
  ('function', 'api.record_requests(text, text, integer, text, boolean, double precision, numeric, jsonb, uuid, api.region, text, timestamptz)'),
  ('function', 'api.verify_migration_success()'),
  ('function', 'tools."100% ""odd''s""_admits"(text, text, integer)'),
  ('function', 'tools.alert_values()'),
  ('function', 'tools.audit_request_id()'),
  ('function', 'tools.fingerprint(text, text)'),
  ('function', 'tools.normalize_path(text)'),
  ('function', 'tools.requests_admits(text, text, integer)'),
  ('index', 'api."100% ""odd''s""_created_at"'),
  ('index', 'api."100% ""odd''s""_request_id"'),
  ('index', 'api.requests_5m_key'),
  ('index', 'api.requests_created_at'),
  ('index', 'api.requests_request_id'),
  ('materialized_view', 'api.requests_5m'),
  ('procedure', 'api.run_maintenance(integer)'),
  ('table', 'api."100% ""odd''s"""'),
  ('table', 'api.requests'),
  ('table', 'tools."100% ""odd''s""_labels"'),
  ('table', 'tools.alert_state'),
  ('table', 'tools.deployed_objects'),
  ('table', 'tools.requests_labels'),
  ('view', 'api.event_label_health'),
  ('view', 'api.event_log_health'),
  ('view', 'api.pgspec_alerts')
)
) AS checks (object, ok, detail);

IF failed > 0 THEN
  RAISE EXCEPTION E'verify: % of % checks failed\n%', failed, checked, failures;
END IF;
RAISE NOTICE 'verify: % checks passed', checked;
END
$pgspec$;
