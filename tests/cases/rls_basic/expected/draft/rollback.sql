-- pgspec rollback: clinic, draft, back to an empty start
-- drop 1 schema, 1 table, 9 functions, 2 tables with row security, 5 policies, 2 tables' rights, 1 schema's users, 2 tables' expectations
-- from specs/rls.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- drop rights on public.profiles  [specs/rls.yaml:2]
REVOKE ALL ON TABLE public.profiles FROM PUBLIC, anon, authenticated;
GRANT ALL ON TABLE public.profiles TO anon;
GRANT ALL ON TABLE public.profiles TO authenticated;

-- drop rights on public.admin_audit_log  [specs/rls.yaml:16]
REVOKE ALL ON TABLE public.admin_audit_log FROM PUBLIC, anon, authenticated;

-- drop policy published ON public.profiles  [specs/rls.yaml:5]
DROP POLICY published ON public.profiles;

-- drop policy own_update ON public.profiles  [specs/rls.yaml:7]
DROP POLICY own_update ON public.profiles;

-- drop policy no_promotion ON public.profiles  [specs/rls.yaml:8]
DROP POLICY no_promotion ON public.profiles;

-- drop policy admins_read ON public.admin_audit_log  [specs/rls.yaml:18]
DROP POLICY admins_read ON public.admin_audit_log;

-- drop policy "own row" ON public.profiles  [specs/rls.yaml:6]
DROP POLICY "own row" ON public.profiles;

-- drop row security on public.profiles  [specs/rls.yaml:2]
ALTER TABLE public.profiles DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop row security on public.admin_audit_log  [specs/rls.yaml:16]
ALTER TABLE public.admin_audit_log ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop function public.explain_access(text, text)
DROP FUNCTION public.explain_access(text, text);

-- drop function pgspec.fingerprint(text, text)
DROP FUNCTION pgspec.fingerprint(text, text);

-- drop function pgspec.access_public_profiles(text)  [specs/rls.yaml:2]
DROP FUNCTION pgspec.access_public_profiles(text);

-- drop function pgspec.admits_public_profiles_own_update()  [specs/rls.yaml:2]
DROP FUNCTION pgspec.admits_public_profiles_own_update();

-- drop function pgspec.access_public_admin_audit_log(text)  [specs/rls.yaml:16]
DROP FUNCTION pgspec.access_public_admin_audit_log(text);

-- drop function pgspec."admits_public_profiles_own row"()  [specs/rls.yaml:2]
DROP FUNCTION pgspec."admits_public_profiles_own row"();

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
