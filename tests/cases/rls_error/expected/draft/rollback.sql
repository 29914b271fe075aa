-- pgspec rollback: clinic, draft, back to an empty start
-- drop 1 schema, 1 table, 11 functions, 2 views, 2 tables with row security, 3 policies, 8 triggers, 2 access lists, 2 tables' rights, 1 schema's users, 2 tables' expectations
-- from specs/rls.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- drop rights on public.secrets  [specs/rls.yaml:30]
REVOKE ALL ON TABLE public.secrets FROM PUBLIC, anon, authenticated;

-- drop rights on public.bookings  [specs/rls.yaml:2]
REVOKE ALL ON TABLE public.bookings FROM PUBLIC, anon, authenticated;

-- drop trigger pgspec_guard_update ON public.secrets  [specs/rls.yaml:30]
DROP TRIGGER pgspec_guard_update ON public.secrets;

-- drop trigger pgspec_guard_update ON public.bookings  [specs/rls.yaml:2]
DROP TRIGGER pgspec_guard_update ON public.bookings;

-- drop trigger pgspec_guard_truncate ON public.secrets  [specs/rls.yaml:30]
DROP TRIGGER pgspec_guard_truncate ON public.secrets;

-- drop trigger pgspec_guard_truncate ON public.bookings  [specs/rls.yaml:2]
DROP TRIGGER pgspec_guard_truncate ON public.bookings;

-- drop trigger pgspec_guard_insert ON public.secrets  [specs/rls.yaml:30]
DROP TRIGGER pgspec_guard_insert ON public.secrets;

-- drop trigger pgspec_guard_insert ON public.bookings  [specs/rls.yaml:2]
DROP TRIGGER pgspec_guard_insert ON public.bookings;

-- drop trigger pgspec_guard_delete ON public.secrets  [specs/rls.yaml:30]
DROP TRIGGER pgspec_guard_delete ON public.secrets;

-- drop trigger pgspec_guard_delete ON public.bookings  [specs/rls.yaml:2]
DROP TRIGGER pgspec_guard_delete ON public.bookings;

-- drop policy own ON public.bookings  [specs/rls.yaml:7]
DROP POLICY own ON public.bookings;

-- drop policy never_null ON public.bookings  [specs/rls.yaml:12]
DROP POLICY never_null ON public.bookings;

-- drop policy admins_read ON public.secrets  [specs/rls.yaml:35]
DROP POLICY admins_read ON public.secrets;

-- drop row security on public.secrets  [specs/rls.yaml:30]
ALTER TABLE public.secrets DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop row security on public.bookings  [specs/rls.yaml:2]
ALTER TABLE public.bookings DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop view api.bookings  [specs/rls.yaml:5]
DROP VIEW api.bookings;

-- drop view api."sec rets"  [specs/rls.yaml:33]
DROP VIEW api."sec rets";

-- drop function public.explain_access(text, text)
DROP FUNCTION public.explain_access(text, text);

-- drop function pgspec.guard_writes_public_secrets()  [specs/rls.yaml:30]
DROP FUNCTION pgspec.guard_writes_public_secrets();

-- drop function pgspec.guard_writes_public_bookings()  [specs/rls.yaml:2]
DROP FUNCTION pgspec.guard_writes_public_bookings();

-- drop function pgspec.guard_public_secrets(text)  [specs/rls.yaml:30]
DROP FUNCTION pgspec.guard_public_secrets(text);

-- drop function pgspec.guard_public_bookings(text)  [specs/rls.yaml:2]
DROP FUNCTION pgspec.guard_public_bookings(text);

-- drop function pgspec.fingerprint(text, text)
DROP FUNCTION pgspec.fingerprint(text, text);

-- drop function pgspec.access_public_secrets(text)  [specs/rls.yaml:30]
DROP FUNCTION pgspec.access_public_secrets(text);

-- drop function pgspec.access_public_bookings(text)  [specs/rls.yaml:2]
DROP FUNCTION pgspec.access_public_bookings(text);

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
