-- pgspec rollback: shop, draft, back to an empty start
-- drop 1 schema, 1 table, 1 function, 1 materialized view, 3 indexes, 1 comment, 1 access list, 1 owner
-- from specs/orders_daily.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- drop materialized view public.orders_daily  [specs/orders_daily.yaml:2]
DROP MATERIALIZED VIEW public.orders_daily;

-- drop function pgspec.fingerprint(text, text)
DROP FUNCTION pgspec.fingerprint(text, text);

-- drop table pgspec.deployed_objects
DROP TABLE pgspec.deployed_objects;

-- drop schema pgspec
DROP SCHEMA pgspec;
END
$pgspec$;

RESET statement_timeout;
