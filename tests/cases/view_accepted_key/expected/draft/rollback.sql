-- pgspec rollback: shop, draft, back to an empty start
-- drop 1 schema, 1 table, 1 function, 1 materialized view, 1 index, 1 key check, 1 access list
-- from specs/amounts.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- drop materialized view public.amounts  [specs/amounts.yaml:3]
DROP MATERIALIZED VIEW public.amounts;

-- drop function pgspec.fingerprint(text, text)
DROP FUNCTION pgspec.fingerprint(text, text);

-- drop table pgspec.deployed_objects
DROP TABLE pgspec.deployed_objects;

-- drop schema pgspec
DROP SCHEMA pgspec;
END
$pgspec$;

RESET statement_timeout;
