-- pgspec rollback: shop, draft, back to an empty start
-- drop 1 schema, 1 table, 1 function, 3 materialized views, 3 indexes, 3 access lists
-- from specs/chain.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- drop materialized view public.m_years  [specs/chain.yaml:12]
DROP MATERIALIZED VIEW public.m_years;

-- drop materialized view public.a_months  [specs/chain.yaml:3]
DROP MATERIALIZED VIEW public.a_months;

-- drop materialized view public.z_days  [specs/chain.yaml:20]
DROP MATERIALIZED VIEW public.z_days;

-- drop function pgspec.fingerprint(text, text)
DROP FUNCTION pgspec.fingerprint(text, text);

-- drop table pgspec.deployed_objects
DROP TABLE pgspec.deployed_objects;

-- drop schema pgspec
DROP SCHEMA pgspec;
END
$pgspec$;

RESET statement_timeout;
