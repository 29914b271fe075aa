-- pgspec shop: everything that the specs describe
-- 1 schema, 1 table, 1 function, 3 materialized views, 3 indexes, 1 comment, 3 access lists
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

-- create materialized view public.cities  [specs/chain.yaml:18]
CREATE MATERIALIZED VIEW public.cities AS
SELECT city, count(*) AS customers FROM public.customers WHERE city IS NOT NULL GROUP BY city
WITH DATA;

-- create index public.cities_key  [specs/chain.yaml:19]
CREATE UNIQUE INDEX cities_key ON public.cities (city);

-- create access to public.cities  [specs/chain.yaml:21]
REVOKE ALL ON TABLE public.cities FROM PUBLIC, anon, service_role;
GRANT SELECT ON TABLE public.cities TO anon;

-- create materialized view public.z_days  [specs/chain.yaml:13]
CREATE MATERIALIZED VIEW public.z_days AS
SELECT placed_on, count(*) AS orders, sum(amount) AS revenue FROM public.orders GROUP BY placed_on
WITH DATA;

-- create index public.z_days_key  [specs/chain.yaml:14]
CREATE UNIQUE INDEX z_days_key ON public.z_days (placed_on);

-- create access to public.z_days  [specs/chain.yaml:13]
REVOKE ALL ON TABLE public.z_days FROM PUBLIC, anon, service_role;

-- create materialized view public.a_months  [specs/chain.yaml:3]
CREATE MATERIALIZED VIEW public.a_months AS
WITH z_days AS (SELECT placed_on, orders FROM public.z_days)
SELECT date_trunc('month', placed_on::timestamp) AS month, sum(orders) AS orders
FROM z_days
GROUP BY 1
WITH DATA;

-- create index public.a_months_key  [specs/chain.yaml:5]
CREATE UNIQUE INDEX a_months_key ON public.a_months (month);

-- create comment on public.a_months  [specs/chain.yaml:4]
COMMENT ON MATERIALIZED VIEW public.a_months IS 'Orders by month.';

-- create access to public.a_months  [specs/chain.yaml:3]
REVOKE ALL ON TABLE public.a_months FROM PUBLIC, anon, service_role;

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec.fingerprint(text, text)', '73001a8f636f64fc'),
  ('index', 'public.a_months_key', '735d78aff96837dc'),
  ('index', 'public.cities_key', '7ee7519d01477b38'),
  ('index', 'public.z_days_key', 'f1471b46d010b576'),
  ('materialized_view', 'public.a_months', 'da91694aa121c38b'),
  ('materialized_view', 'public.cities', '5c75a532ef2d0700'),
  ('materialized_view', 'public.z_days', '83c14c6f6e269474'),
  ('table', 'pgspec.deployed_objects', 'a275d1a7fdaff24a')
) AS o (type, name, definition);
