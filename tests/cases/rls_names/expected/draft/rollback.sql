-- pgspec rollback: names, draft, back to an empty start
-- drop 1 schema, 1 table, 7 functions, 2 tables with row security, 1 policy, 2 tables' rights, 1 schema's users, 2 tables' expectations
-- from specs/guards.yaml

SET statement_timeout = '900s';

DO $pgspec_$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- drop rights on public.locked  [specs/guards.yaml:11]
REVOKE ALL ON TABLE public.locked FROM PUBLIC, "Anon x";
GRANT ALL ON TABLE public.locked TO "Anon x";
REVOKE TRUNCATE ON TABLE public.locked FROM "Anon x";
GRANT SELECT (id) ON TABLE public.locked TO PUBLIC;

-- drop rights on "App"."Big Table"  [specs/guards.yaml:2]
REVOKE ALL ON TABLE "App"."Big Table" FROM PUBLIC, "Anon x";

-- drop policy "sel "" ON $pgspec$ 'x" ON "App"."Big Table"  [specs/guards.yaml:4]
DROP POLICY "sel "" ON $pgspec$ 'x" ON "App"."Big Table";

-- drop row security on public.locked  [specs/guards.yaml:11]
ALTER TABLE public.locked DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop row security on "App"."Big Table"  [specs/guards.yaml:2]
ALTER TABLE "App"."Big Table" DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop function public.explain_access(text, text)
DROP FUNCTION public.explain_access(text, text);

-- drop function "Own-Int".fingerprint(text, text)
DROP FUNCTION "Own-Int".fingerprint(text, text);

-- drop function "Own-Int".access_public_locked(text)  [specs/guards.yaml:11]
DROP FUNCTION "Own-Int".access_public_locked(text);

-- drop function "Own-Int"."access_App_Big Table"(text)  [specs/guards.yaml:2]
DROP FUNCTION "Own-Int"."access_App_Big Table"(text);

-- drop function "Own-Int".claim_uuid(text)
DROP FUNCTION "Own-Int".claim_uuid(text);

-- drop function "Own-Int".claim_bigint(text)
DROP FUNCTION "Own-Int".claim_bigint(text);

-- drop function "Own-Int".claim(text)
DROP FUNCTION "Own-Int".claim(text);

-- drop table "Own-Int".deployed_objects
DROP TABLE "Own-Int".deployed_objects;

-- drop schema Own-Int
DROP SCHEMA "Own-Int";
END
$pgspec_$;

RESET statement_timeout;
