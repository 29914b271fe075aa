-- pgspec verify: shop, draft
-- 1 schema, 1 table, 2 functions, 3 materialized views, 3 indexes, 1 comment, 3 access lists
-- from specs/chain.yaml

DO $pgspec$
#variable_conflict use_column
DECLARE
  checked bigint;
  failed bigint;
  failures text;
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
  ('pgspec.deployed_objects', 'a275d1a7fdaff24a')
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
  ('pgspec.fingerprint(text, text)', ARRAY[]::text[], 'a97eb6fa41c1a10f'),
  ('public.verify_migration_success()', ARRAY['service_role']::text[], '83aa16fe0c8cda65')
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
SELECT 'materialized view ' || e.name, x.ok, x.detail
FROM (VALUES
  ('public.a_months', 'da91694aa121c38b'),
  ('public.cities', '5c75a532ef2d0700'),
  ('public.z_days', '83c14c6f6e269474')
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
SELECT 'index ' || e.name || ' on ' || e.relation, x.ok, x.detail
FROM (VALUES
  ('public.a_months_key', 'public.a_months', true, false, 'btree', ARRAY['month'], '735d78aff96837dc'),
  ('public.cities_key', 'public.cities', true, false, 'btree', ARRAY['city'], '7ee7519d01477b38'),
  ('public.z_days_key', 'public.z_days', true, false, 'btree', ARRAY['placed_on'], 'f1471b46d010b576')
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
  ('public.a_months', 'Orders by month.'),
  ('public.cities', NULL),
  ('public.z_days', NULL)
) AS e (name, text)
UNION ALL
SELECT 'access to ' || e.name,
  a.granted = e.granted,
  pg_catalog.format('is {%s}, the spec says {%s}', pg_catalog.array_to_string(a.granted, ', '), pg_catalog.array_to_string(e.granted, ', '))
FROM (VALUES
  ('public.a_months', ARRAY[]::text[]),
  ('public.cities', ARRAY['anon SELECT']::text[]),
  ('public.z_days', ARRAY[]::text[])
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
  ('function', 'pgspec.fingerprint(text, text)'),
  ('function', 'public.verify_migration_success()'),
  ('index', 'public.a_months_key'),
  ('index', 'public.cities_key'),
  ('index', 'public.z_days_key'),
  ('materialized_view', 'public.a_months'),
  ('materialized_view', 'public.cities'),
  ('materialized_view', 'public.z_days'),
  ('table', 'pgspec.deployed_objects')
)
) AS checks (object, ok, detail);

IF failed > 0 THEN
  RAISE EXCEPTION E'verify: % of % checks failed\n%', failed, checked, failures;
END IF;
RAISE NOTICE 'verify: % checks passed', checked;
END
$pgspec$;
