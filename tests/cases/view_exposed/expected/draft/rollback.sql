-- pgspec rollback: clinic, draft, back to an empty start
-- drop 1 schema, 1 table, 7 functions, 2 views, 1 table with row security, 1 policy, 2 materialized views, 2 indexes, 1 comment, 4 access lists, 1 table's rights, 1 schema's users, 2 owners, 1 check of rows read, 1 table's expectations
-- from specs/rls.yaml, specs/views.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- drop rights on public.visits  [specs/rls.yaml:2]
REVOKE ALL ON TABLE public.visits FROM PUBLIC, anon, authenticated;

-- drop view "my api"."visits ""mine"""  [specs/views.yaml:7]
DROP VIEW "my api"."visits ""mine""";

-- drop materialized view public.visits_by_patient  [specs/views.yaml:2]
DROP MATERIALIZED VIEW public.visits_by_patient;

-- drop view "my api".costs  [specs/views.yaml:20]
DROP VIEW "my api".costs;

-- drop materialized view public.costs_by_role  [specs/views.yaml:14]
DROP MATERIALIZED VIEW public.costs_by_role;

-- drop policy own ON public.visits  [specs/rls.yaml:4]
DROP POLICY own ON public.visits;

-- drop row security on public.visits  [specs/rls.yaml:2]
ALTER TABLE public.visits DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop function public.explain_access(text, text)
DROP FUNCTION public.explain_access(text, text);

-- drop function pgspec.fingerprint(text, text)
DROP FUNCTION pgspec.fingerprint(text, text);

-- drop function pgspec.access_public_visits(text)  [specs/rls.yaml:2]
DROP FUNCTION pgspec.access_public_visits(text);

-- drop function pgspec.admits_public_visits_own()  [specs/rls.yaml:2]
DROP FUNCTION pgspec.admits_public_visits_own();

-- drop function pgspec.claim_uuid(text)
DROP FUNCTION pgspec.claim_uuid(text);

-- drop function pgspec.claim_bigint(text)
DROP FUNCTION pgspec.claim_bigint(text);

-- drop function pgspec.claim(text)
DROP FUNCTION pgspec.claim(text);

-- drop table pgspec.deployed_objects
DROP TABLE pgspec.deployed_objects;

-- drop schema pgspec
DROP SCHEMA pgspec;
END
$pgspec$;

RESET statement_timeout;
