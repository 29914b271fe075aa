-- pgspec rollback: odd, draft, back to an empty start
-- drop 1 schema, 1 table, 2 functions, 2 materialized views, 3 indexes, 2 access lists
-- from specs/names.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- Rights are taken from the roles of the project, and whoever owns an object can lose them too.
IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user AND NOT r.rolsuper AND r.rolname IN ('Role with ''quotes'' and "more"')) THEN
  RAISE EXCEPTION 'migrate: nothing was changed, since % is one of the roles of the project', current_user
    USING ERRCODE = 'insufficient_privilege', HINT = 'migrate as a role that is not under roles: in project.yaml, and owns the tables';
END IF;

-- drop materialized view public."dotted.name $1"  [specs/names.yaml:13]
DROP MATERIALIZED VIEW public."dotted.name $1";

-- drop materialized view "Odd Names"."select"  [specs/names.yaml:2]
DROP MATERIALIZED VIEW "Odd Names"."select";

-- drop function public.verify_migration_success()
DROP FUNCTION public.verify_migration_success();

-- drop function "PgSpec".fingerprint(text, text)
DROP FUNCTION "PgSpec".fingerprint(text, text);

-- drop table "PgSpec".deployed_objects
DROP TABLE "PgSpec".deployed_objects;

-- drop schema PgSpec
DROP SCHEMA "PgSpec";
END
$pgspec$;

RESET statement_timeout;
