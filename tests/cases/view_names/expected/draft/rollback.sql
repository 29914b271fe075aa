-- pgspec rollback: odd, draft, back to an empty start
-- drop 1 schema, 1 table, 1 function, 2 materialized views, 3 indexes, 2 access lists
-- from specs/names.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- drop materialized view public."dotted.name $1"  [specs/names.yaml:13]
DROP MATERIALIZED VIEW public."dotted.name $1";

-- drop materialized view "Odd Names"."select"  [specs/names.yaml:2]
DROP MATERIALIZED VIEW "Odd Names"."select";

-- drop function "PgSpec".fingerprint(text, text)
DROP FUNCTION "PgSpec".fingerprint(text, text);

-- drop table "PgSpec".deployed_objects
DROP TABLE "PgSpec".deployed_objects;

-- drop schema PgSpec
DROP SCHEMA "PgSpec";
END
$pgspec$;

RESET statement_timeout;
