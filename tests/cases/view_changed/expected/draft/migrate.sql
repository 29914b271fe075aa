-- pgspec migrate: shop, draft, after 20250101000000_first
-- create 1 materialized view, 1 index, 1 comment, 1 access list; rebuild 2 materialized views, 2 indexes, 2 access lists; drop 1 materialized view, 1 index, 1 access list
-- from specs/chain.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- drop materialized view public.m_years
DROP MATERIALIZED VIEW public.m_years;

-- drop materialized view public.a_months
DROP MATERIALIZED VIEW public.a_months;

-- drop materialized view public.z_days
DROP MATERIALIZED VIEW public.z_days;

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
DELETE FROM pgspec.deployed_objects WHERE (type, name) IN (
  ('index', 'public.m_years_key'),
  ('materialized_view', 'public.m_years')
);
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('index', 'public.a_months_key', '735d78aff96837dc'),
  ('index', 'public.cities_key', '7ee7519d01477b38'),
  ('index', 'public.z_days_key', 'f1471b46d010b576'),
  ('materialized_view', 'public.a_months', 'da91694aa121c38b'),
  ('materialized_view', 'public.cities', '5c75a532ef2d0700'),
  ('materialized_view', 'public.z_days', '83c14c6f6e269474')
) AS o (type, name, definition)
ON CONFLICT (type, name) DO UPDATE SET definition = EXCLUDED.definition, fingerprint = EXCLUDED.fingerprint;
END
$pgspec$;

RESET statement_timeout;
