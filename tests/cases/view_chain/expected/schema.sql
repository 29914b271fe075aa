-- pgspec shop: everything that the specs describe
-- 1 schema, 1 table, 2 functions, 3 materialized views, 3 indexes, 3 access lists
-- from specs/chain.yaml

-- create schema pgspec
CREATE SCHEMA pgspec;
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, service_role;

-- create table pgspec.deployed_objects
CREATE TABLE pgspec.deployed_objects (
  type text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  fingerprint text NOT NULL,
  PRIMARY KEY (type, name)
);
REVOKE ALL ON TABLE pgspec.deployed_objects FROM PUBLIC, anon, service_role;

-- create function pgspec.fingerprint(text, text)
CREATE FUNCTION pgspec.fingerprint(type text, name text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off
SET standard_conforming_strings = on
SET timezone = 'UTC'
SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET xmlbinary = 'base64'
AS $function$
  -- The server's own text of an object, hashed: what is compared is catalog with catalog.
  SELECT md5(CASE type
    WHEN 'table' THEN (
      SELECT string_agg(line, E'\n' ORDER BY line COLLATE "C") FROM (
        SELECT format('%s %s %s %s %s%s %s', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
          a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = to_regclass(name) AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT pg_get_constraintdef(c.oid) FROM pg_constraint AS c WHERE c.conrelid = to_regclass(name) AND c.contype <> 'n'
        UNION ALL
        SELECT format('%s %s', r.relpersistence, r.reloptions) FROM pg_class AS r WHERE r.oid = to_regclass(name)
      ) AS lines (line))
    WHEN 'view' THEN pg_get_viewdef(to_regclass(name))
      || coalesce((SELECT ' WITH ' || c.reloptions::text FROM pg_class AS c WHERE c.oid = to_regclass(name)), '')
    WHEN 'materialized_view' THEN pg_get_viewdef(to_regclass(name))
    WHEN 'index' THEN pg_get_indexdef(to_regclass(name))
    WHEN 'function' THEN pg_get_functiondef(to_regprocedure(name))
    WHEN 'procedure' THEN pg_get_functiondef(to_regprocedure(name))
    WHEN 'trigger' THEN (
      SELECT pg_get_triggerdef(t.oid) FROM pg_trigger AS t
      WHERE t.tgname = split_part(name, ' ', 1) AND t.tgrelid = to_regclass(substr(name, length(split_part(name, ' ', 1)) + 5)))
    WHEN 'row_security' THEN (
      SELECT format('%s %s', r.relrowsecurity, r.relforcerowsecurity) FROM pg_class AS r WHERE r.oid = to_regclass(name))
    WHEN 'policy' THEN (
      SELECT format('%s %s %s %s %s', p.polpermissive, p.polcmd,
        ARRAY(SELECT CASE WHEN role = 0 THEN 'public' ELSE pg_get_userbyid(role) END COLLATE "C"
          FROM unnest(p.polroles) AS o (role) ORDER BY 1),
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
      FROM regexp_match(name, '^("(?:[^"]|"")+"|[^" ]+) ON (.+)$') AS m
      JOIN pg_policy AS p ON p.polrelid = to_regclass(m[2]) AND p.polname = (parse_ident(m[1]))[1])
  END)
$function$;
REVOKE ALL ON FUNCTION pgspec.fingerprint(text, text) FROM PUBLIC, anon, service_role;

-- create function public.verify_migration_success()
CREATE FUNCTION public.verify_migration_success() RETURNS TABLE (name text, ok boolean, detail text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $function$
-- One row for each check: its name, whether all is well, and what was found.  It only reads, and a part that cannot be asked
-- is a row of its own that says why.
#variable_conflict use_column
BEGIN
  BEGIN
    RETURN QUERY
    SELECT replace(d.type, '_', ' ') || ' ' || d.name, f.now IS NOT DISTINCT FROM d.fingerprint,
      CASE WHEN f.now IS NULL THEN 'is gone' WHEN f.now = d.fingerprint THEN 'is as it was deployed'
        ELSE 'was changed since it was deployed' END
    FROM pgspec.deployed_objects AS d CROSS JOIN LATERAL (SELECT pgspec.fingerprint(d.type, d.name) OFFSET 0) AS f (now)
    ORDER BY d.type, d.name;
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'objects are as they were deployed', false, SQLERRM;
  END;
  BEGIN
    RETURN QUERY
    -- What the server's text of an object does not tell: whether it works.
    SELECT o.title, o.names IS NULL, coalesce(o.problem || ': ' || o.names, 'all of them')
    FROM (
      SELECT 'indexes are valid', 'invalid', string_agg(d.name, ', ' ORDER BY d.name)
      FROM pgspec.deployed_objects AS d
      JOIN pg_index AS i ON i.indexrelid = CASE WHEN d.type = 'index' THEN to_regclass(d.name) END
      WHERE NOT (i.indisvalid AND i.indisready)
      UNION ALL
      SELECT 'triggers fire', 'disabled', string_agg(d.name, ', ' ORDER BY d.name)
      FROM pgspec.deployed_objects AS d
      CROSS JOIN LATERAL regexp_match(d.name, '^("(?:[^"]|"")+"|[^" ]+) ON (.+)$') AS m
      JOIN pg_trigger AS t ON t.tgrelid = to_regclass(m[2]) AND t.tgname = (parse_ident(m[1]))[1]
      WHERE d.type = 'trigger' AND t.tgenabled NOT IN ('O', 'A')
    ) AS o (title, problem, names);
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'indexes and triggers work', false, SQLERRM;
  END;
  BEGIN
    RETURN QUERY
    SELECT 'nothing is open to PUBLIC', o.names IS NULL, coalesce('open: ' || o.names, 'no object that was deployed')
    FROM (
      SELECT string_agg(DISTINCT a.name, ', ') FROM (
        SELECT d.name, coalesce(p.proacl, acldefault('f', p.proowner))
        FROM pgspec.deployed_objects AS d
        JOIN pg_proc AS p ON p.oid = CASE WHEN d.type IN ('function', 'procedure') THEN to_regprocedure(d.name) END
        UNION ALL
        SELECT d.name, x.acl
        FROM pgspec.deployed_objects AS d
        JOIN pg_class AS c ON c.oid = CASE WHEN d.type IN ('table', 'view', 'materialized_view') THEN to_regclass(d.name) END
        CROSS JOIN LATERAL (
          SELECT c.relacl UNION ALL SELECT t.attacl FROM pg_attribute AS t WHERE t.attrelid = c.oid AND NOT t.attisdropped
        ) AS x (acl)
        UNION ALL
        SELECT 'schema ' || 'pgspec', n.nspacl FROM pg_namespace AS n WHERE n.nspname = 'pgspec'
      ) AS a (name, acl)
      WHERE EXISTS (SELECT FROM aclexplode(a.acl) AS g WHERE g.grantee = 0)
    ) AS o (names);
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'nothing is open to PUBLIC', false, SQLERRM;
  END;
  BEGIN
    RETURN QUERY
    SELECT 'refreshes of ' || v.name, v.populated AND v.is_unique,
      CASE WHEN NOT v.populated THEN 'cannot be read: it was never filled'
        WHEN NOT v.is_unique THEN 'cannot run concurrently: no valid UNIQUE index on plain columns, without a condition'
        ELSE 'can run concurrently' END
    FROM (
      SELECT d.name, c.relispopulated, EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indisready
          AND i.indpred IS NULL AND i.indexprs IS NULL)
      FROM pgspec.deployed_objects AS d
      JOIN pg_class AS c ON c.oid = CASE WHEN d.type = 'materialized_view' THEN to_regclass(d.name) END
    ) AS v (name, populated, is_unique)
    ORDER BY v.name;
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'materialized views can be refreshed', false, SQLERRM;
  END;
END
$function$;
REVOKE ALL ON FUNCTION public.verify_migration_success() FROM PUBLIC, anon, service_role;
GRANT EXECUTE ON FUNCTION public.verify_migration_success() TO service_role;

-- create materialized view public.z_days  [specs/chain.yaml:20]
CREATE MATERIALIZED VIEW public.z_days AS
SELECT placed_on, count(*) AS orders FROM public.orders GROUP BY placed_on
WITH DATA;

-- create index public.z_days_key  [specs/chain.yaml:21]
CREATE UNIQUE INDEX z_days_key ON public.z_days (placed_on);

-- create access to public.z_days  [specs/chain.yaml:20]
REVOKE ALL ON TABLE public.z_days FROM PUBLIC, anon, service_role;

-- create materialized view public.a_months  [specs/chain.yaml:3]
CREATE MATERIALIZED VIEW public.a_months AS
WITH z_days AS (SELECT placed_on, orders FROM public.z_days)
SELECT date_trunc('month', placed_on::timestamp) AS month, sum(orders) AS orders
FROM z_days
GROUP BY 1
WITH DATA;

-- create index public.a_months_key  [specs/chain.yaml:4]
CREATE UNIQUE INDEX a_months_key ON public.a_months (month);

-- create access to public.a_months  [specs/chain.yaml:3]
REVOKE ALL ON TABLE public.a_months FROM PUBLIC, anon, service_role;

-- create materialized view public.m_years  [specs/chain.yaml:12]
CREATE MATERIALIZED VIEW public.m_years AS
SELECT date_trunc('year', m.month) AS year, sum(m.orders) AS orders, (SELECT count(*) FROM public.z_days) AS days
FROM public.a_months m
GROUP BY 1
WITH DATA;

-- create index public.m_years_key  [specs/chain.yaml:13]
CREATE UNIQUE INDEX m_years_key ON public.m_years (year);

-- create access to public.m_years  [specs/chain.yaml:12]
REVOKE ALL ON TABLE public.m_years FROM PUBLIC, anon, service_role;

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec.fingerprint(text, text)', 'a97eb6fa41c1a10f'),
  ('function', 'public.verify_migration_success()', '83aa16fe0c8cda65'),
  ('index', 'public.a_months_key', '735d78aff96837dc'),
  ('index', 'public.m_years_key', '2997d321b0dff362'),
  ('index', 'public.z_days_key', 'f1471b46d010b576'),
  ('materialized_view', 'public.a_months', 'da91694aa121c38b'),
  ('materialized_view', 'public.m_years', 'd61fa1efd8f4217b'),
  ('materialized_view', 'public.z_days', '0b6a675951889f8b'),
  ('table', 'pgspec.deployed_objects', 'a275d1a7fdaff24a')
) AS o (type, name, definition);
