-- pgspec shop: everything that the specs describe
-- 1 schema, 1 table, 1 function, 1 materialized view, 3 indexes, 1 comment, 1 access list, 1 owner
-- from specs/orders_daily.yaml

-- create schema pgspec
CREATE SCHEMA pgspec;
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, postgres, service_role;

-- create table pgspec.deployed_objects
CREATE TABLE pgspec.deployed_objects (
  type text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  fingerprint text NOT NULL,
  PRIMARY KEY (type, name)
);
REVOKE ALL ON TABLE pgspec.deployed_objects FROM PUBLIC, anon, postgres, service_role;

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
REVOKE ALL ON FUNCTION pgspec.fingerprint(text, text) FROM PUBLIC, anon, postgres, service_role;

-- create materialized view public.orders_daily  [specs/orders_daily.yaml:2]
CREATE MATERIALIZED VIEW public.orders_daily AS
SELECT placed_on, count(*) AS orders, sum(amount) AS revenue
FROM public.orders
GROUP BY placed_on
WITH DATA;

-- create index public.by_revenue  [specs/orders_daily.yaml:9]
CREATE INDEX by_revenue ON public.orders_daily USING hash (revenue);

-- create index public.idx_orders_daily  [specs/orders_daily.yaml:6]
CREATE UNIQUE INDEX idx_orders_daily ON public.orders_daily (placed_on);

-- create index public.orders_daily_orders_placed_on_idx  [specs/orders_daily.yaml:8]
CREATE INDEX orders_daily_orders_placed_on_idx ON public.orders_daily (orders, placed_on);

-- create comment on public.orders_daily  [specs/orders_daily.yaml:3]
COMMENT ON MATERIALIZED VIEW public.orders_daily IS E'Orders by day: it''s "quoted", and has a \\ and a
second line.';

-- create access to public.orders_daily  [specs/orders_daily.yaml:16]
REVOKE ALL ON TABLE public.orders_daily FROM PUBLIC, anon, postgres, service_role;
GRANT SELECT ON TABLE public.orders_daily TO anon;
GRANT SELECT ON TABLE public.orders_daily TO service_role;

-- create owner of public.orders_daily  [specs/orders_daily.yaml:17]
ALTER MATERIALIZED VIEW public.orders_daily OWNER TO postgres;

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec.fingerprint(text, text)', '7224a3c7f1573719'),
  ('index', 'public.by_revenue', 'e7d89ba320eac4eb'),
  ('index', 'public.idx_orders_daily', 'da9100ce4f238def'),
  ('index', 'public.orders_daily_orders_placed_on_idx', 'd0db35ffe12c4a1f'),
  ('materialized_view', 'public.orders_daily', '5db1091626433d70'),
  ('table', 'pgspec.deployed_objects', '14d300ce4257dd1e')
) AS o (type, name, definition);
