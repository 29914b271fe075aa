-- pgspec shop: everything that the specs describe
-- 1 schema, 1 table, 1 function, 1 materialized view, 1 index, 1 key check, 1 access list
-- from specs/amounts.yaml

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

-- create materialized view public.amounts  [specs/amounts.yaml:3]
CREATE MATERIALIZED VIEW public.amounts AS
SELECT customer_id, placed_on AS "odd name", failed, found
FROM (SELECT o.*, amount AS failed, id AS checked, amount AS found FROM public.orders o) x
WHERE failed > 0 AND checked > 0 AND found > 0 -- one a day
WITH DATA;

-- create index public.amounts_key  [specs/amounts.yaml:4]
CREATE UNIQUE INDEX amounts_key ON public.amounts (customer_id, "odd name");

-- create access to public.amounts  [specs/amounts.yaml:3]
REVOKE ALL ON TABLE public.amounts FROM PUBLIC, anon, postgres, service_role;

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec.fingerprint(text, text)', '7224a3c7f1573719'),
  ('index', 'public.amounts_key', '1c63188f7ebe2c0f'),
  ('materialized_view', 'public.amounts', '0a8e609ea4369ba7'),
  ('table', 'pgspec.deployed_objects', '14d300ce4257dd1e')
) AS o (type, name, definition);
