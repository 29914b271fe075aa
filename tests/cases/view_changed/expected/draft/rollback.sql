-- pgspec rollback: shop, draft, back to 20250101000000_first
-- create 1 materialized view, 1 index, 1 access list; rebuild 2 materialized views, 2 indexes, 2 access lists; change 1 function; drop 1 function, 1 materialized view, 1 index, 1 comment, 1 access list
-- from specs/chain.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- Rights are taken from the roles of the project, and whoever owns an object can lose them too.
IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user AND NOT r.rolsuper AND r.rolname IN ('anon', 'service_role')) THEN
  RAISE EXCEPTION 'migrate: nothing was changed, since % is one of the roles of the project', current_user
    USING ERRCODE = 'insufficient_privilege', HINT = 'migrate as a role that is not under roles: in project.yaml, and owns the tables';
END IF;

-- What others made of the views that are built anew would be lost with them.
DECLARE
  others text;
BEGIN
  SELECT pg_catalog.string_agg(DISTINCT pg_catalog.pg_describe_object(o.classid, o.objid, 0), ', ') INTO others
  FROM pg_catalog.pg_depend AS d
  LEFT JOIN pg_catalog.pg_rewrite AS r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid
  CROSS JOIN LATERAL (VALUES (
    CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::regclass END, coalesce(r.ev_class, d.objid)
  )) AS o (classid, objid)
  WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('n', 'a')
    AND d.refobjid = ANY (ARRAY(SELECT pg_catalog.to_regclass(n)::oid FROM pg_catalog.unnest(ARRAY['public.z_days', 'public.a_months']::text[]) AS n))
    AND o.objid <> ALL (ARRAY(SELECT pg_catalog.to_regclass(n)::oid FROM pg_catalog.unnest(ARRAY['public.a_months', 'public.a_months_key', 'public.cities', 'public.cities_key', 'public.z_days', 'public.z_days_key']::text[]) AS n WHERE pg_catalog.to_regclass(n) IS NOT NULL));
  IF others IS NOT NULL THEN
    RAISE EXCEPTION 'migrate: nothing was changed, since others have made of views that are built anew: %', others
      USING ERRCODE = 'dependent_objects_still_exist', HINT = 'drop them first, and create them again after the migration';
  END IF;
END;

-- build beside the old one: materialized view pgspec.z_days
CREATE MATERIALIZED VIEW pgspec.z_days AS
SELECT placed_on, count(*) AS orders FROM public.orders GROUP BY placed_on
WITH DATA;

-- build beside the old one: index pgspec.z_days_key
CREATE UNIQUE INDEX z_days_key ON pgspec.z_days (placed_on);

-- build beside the old one: materialized view pgspec.a_months
CREATE MATERIALIZED VIEW pgspec.a_months AS
WITH z_days AS (SELECT placed_on, orders FROM pgspec.z_days)
SELECT date_trunc('month', placed_on::timestamp) AS month, sum(orders) AS orders
FROM z_days
GROUP BY 1
WITH DATA;

-- build beside the old one: index pgspec.a_months_key
CREATE UNIQUE INDEX a_months_key ON pgspec.a_months (month);

-- create materialized view public.m_years
CREATE MATERIALIZED VIEW public.m_years AS
SELECT date_trunc('year', m.month) AS year, sum(m.orders) AS orders, (SELECT count(*) FROM pgspec.z_days) AS days
FROM pgspec.a_months m
GROUP BY 1
WITH DATA;

-- create index public.m_years_key
CREATE UNIQUE INDEX m_years_key ON public.m_years (year);

-- drop materialized view public.a_months  [specs/chain.yaml:3]
DROP MATERIALIZED VIEW public.a_months;

-- drop materialized view public.z_days  [specs/chain.yaml:13]
DROP MATERIALIZED VIEW public.z_days;

-- drop materialized view public.cities  [specs/chain.yaml:18]
DROP MATERIALIZED VIEW public.cities;

-- drop function public.verify_migration_success()
DROP FUNCTION public.verify_migration_success();

-- put in its place: materialized view public.z_days
ALTER MATERIALIZED VIEW pgspec.z_days SET SCHEMA public;

-- put in its place: materialized view public.a_months
ALTER MATERIALIZED VIEW pgspec.a_months SET SCHEMA public;

-- change function pgspec.fingerprint(text, text)
CREATE OR REPLACE FUNCTION pgspec.fingerprint(type text, name text) RETURNS text
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
    WHEN 'materialized_view' THEN pg_get_viewdef(to_regclass(name))
    WHEN 'index' THEN pg_get_indexdef(to_regclass(name))
    WHEN 'function' THEN pg_get_functiondef(to_regprocedure(name))
  END)
$function$;
REVOKE ALL ON FUNCTION pgspec.fingerprint(text, text) FROM PUBLIC, anon, service_role;

-- create access to public.z_days
REVOKE ALL ON TABLE public.z_days FROM PUBLIC, anon, service_role;

-- create access to public.a_months
REVOKE ALL ON TABLE public.a_months FROM PUBLIC, anon, service_role;

-- create access to public.m_years
REVOKE ALL ON TABLE public.m_years FROM PUBLIC, anon, service_role;

-- What verify.sql compares with: the server's own text of what was made.
-- The function that fingerprints has changed, so every fingerprint is taken anew.
DELETE FROM pgspec.deployed_objects;
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec.fingerprint(text, text)', '6811e372870d8d98'),
  ('index', 'public.a_months_key', '735d78aff96837dc'),
  ('index', 'public.m_years_key', '2997d321b0dff362'),
  ('index', 'public.z_days_key', 'f1471b46d010b576'),
  ('materialized_view', 'public.a_months', 'da91694aa121c38b'),
  ('materialized_view', 'public.m_years', 'd61fa1efd8f4217b'),
  ('materialized_view', 'public.z_days', '0b6a675951889f8b'),
  ('table', 'pgspec.deployed_objects', 'a275d1a7fdaff24a')
) AS o (type, name, definition)
WHERE pgspec.fingerprint(o.type, o.name) IS NOT NULL
ON CONFLICT (type, name) DO UPDATE SET definition = EXCLUDED.definition, fingerprint = EXCLUDED.fingerprint;
END
$pgspec$;

RESET statement_timeout;
