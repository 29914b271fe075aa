-- pgspec rollback: marketplace, 20250915120000_access_control, back to 20250901083000_cache_invalidation
-- change 22 functions; drop 1 table, 22 functions, 2 views, 4 tables with row security, 14 policies, 11 triggers, 2 indexes, 2 comments, 3 access lists, 3 tables' rights, 1 schema's users, 1 check of rows read, 4 tables' expectations
-- from specs/access/audit.yaml, specs/access/bookings.yaml, specs/access/profiles.yaml, specs/access/services.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- drop rights on public.services  [specs/access/services.yaml:2]
REVOKE ALL ON TABLE public.services FROM PUBLIC, anon, authenticated;

-- drop rights on public.profiles  [specs/access/profiles.yaml:2]
REVOKE ALL ON TABLE public.profiles FROM PUBLIC, anon, authenticated;

-- drop rights on public.bookings  [specs/access/bookings.yaml:2]
REVOKE ALL ON TABLE public.bookings FROM PUBLIC, anon, authenticated;

-- drop trigger pgspec_audit_guard_update ON pgspec.admin_audit_log  [specs/access/audit.yaml:3]
DROP TRIGGER pgspec_audit_guard_update ON pgspec.admin_audit_log;

-- drop trigger pgspec_audit_guard_truncate ON pgspec.admin_audit_log  [specs/access/audit.yaml:3]
DROP TRIGGER pgspec_audit_guard_truncate ON pgspec.admin_audit_log;

-- drop trigger pgspec_audit_guard_delete ON pgspec.admin_audit_log  [specs/access/audit.yaml:3]
DROP TRIGGER pgspec_audit_guard_delete ON pgspec.admin_audit_log;

-- drop trigger pgspec_audit_admin_audit_log_update ON public.services  [specs/access/audit.yaml:3]
DROP TRIGGER pgspec_audit_admin_audit_log_update ON public.services;

-- drop trigger pgspec_audit_admin_audit_log_update ON public.profiles  [specs/access/audit.yaml:3]
DROP TRIGGER pgspec_audit_admin_audit_log_update ON public.profiles;

-- drop trigger pgspec_audit_admin_audit_log_update ON public.bookings  [specs/access/audit.yaml:3]
DROP TRIGGER pgspec_audit_admin_audit_log_update ON public.bookings;

-- drop trigger pgspec_audit_admin_audit_log_truncate ON public.services  [specs/access/audit.yaml:3]
DROP TRIGGER pgspec_audit_admin_audit_log_truncate ON public.services;

-- drop trigger pgspec_audit_admin_audit_log_truncate ON public.bookings  [specs/access/audit.yaml:3]
DROP TRIGGER pgspec_audit_admin_audit_log_truncate ON public.bookings;

-- drop trigger pgspec_audit_admin_audit_log_delete ON public.services  [specs/access/audit.yaml:3]
DROP TRIGGER pgspec_audit_admin_audit_log_delete ON public.services;

-- drop trigger pgspec_audit_admin_audit_log_delete ON public.profiles  [specs/access/audit.yaml:3]
DROP TRIGGER pgspec_audit_admin_audit_log_delete ON public.profiles;

-- drop trigger pgspec_audit_admin_audit_log_delete ON public.bookings  [specs/access/audit.yaml:3]
DROP TRIGGER pgspec_audit_admin_audit_log_delete ON public.bookings;

-- drop policy vendors_answer ON public.bookings  [specs/access/bookings.yaml:12]
DROP POLICY vendors_answer ON public.bookings;

-- drop policy pgspec_viewer ON pgspec.admin_audit_log  [specs/access/audit.yaml:11]
DROP POLICY pgspec_viewer ON pgspec.admin_audit_log;

-- drop policy pgspec_service ON pgspec.admin_audit_log  [specs/access/audit.yaml:3]
DROP POLICY pgspec_service ON pgspec.admin_audit_log;

-- drop policy pgspec_owner ON pgspec.admin_audit_log  [specs/access/audit.yaml:3]
DROP POLICY pgspec_owner ON pgspec.admin_audit_log;

-- drop policy own_services ON public.services  [specs/access/services.yaml:6]
DROP POLICY own_services ON public.services;

-- drop policy own_profile ON public.profiles  [specs/access/profiles.yaml:7]
DROP POLICY own_profile ON public.profiles;

-- drop policy own_changes ON public.profiles  [specs/access/profiles.yaml:9]
DROP POLICY own_changes ON public.profiles;

-- drop policy on_offer ON public.services  [specs/access/services.yaml:5]
DROP POLICY on_offer ON public.services;

-- drop policy customers_ask ON public.bookings  [specs/access/bookings.yaml:8]
DROP POLICY customers_ask ON public.bookings;

-- drop policy as_vendor ON public.bookings  [specs/access/bookings.yaml:5]
DROP POLICY as_vendor ON public.bookings;

-- drop policy as_customer ON public.bookings  [specs/access/bookings.yaml:6]
DROP POLICY as_customer ON public.bookings;

-- drop policy admins_read ON public.profiles  [specs/access/profiles.yaml:8]
DROP POLICY admins_read ON public.profiles;

-- drop policy admins_read ON public.bookings  [specs/access/bookings.yaml:7]
DROP POLICY admins_read ON public.bookings;

-- drop policy admins_read ON pgspec.admin_audit_log  [specs/access/audit.yaml:19]
DROP POLICY admins_read ON pgspec.admin_audit_log;

-- drop row security on public.services  [specs/access/services.yaml:2]
ALTER TABLE public.services DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop row security on public.profiles  [specs/access/profiles.yaml:2]
ALTER TABLE public.profiles DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop row security on public.bookings  [specs/access/bookings.yaml:2]
ALTER TABLE public.bookings DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop row security on pgspec.admin_audit_log  [specs/access/audit.yaml:14]
ALTER TABLE pgspec.admin_audit_log DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop view public.admin_audit_viewer  [specs/access/audit.yaml:11]
DROP VIEW public.admin_audit_viewer;

-- drop view public.admin_audit_log  [specs/access/audit.yaml:3]
DROP VIEW public.admin_audit_log;

-- drop function public.explain_access(text, text)
DROP FUNCTION public.explain_access(text, text);

-- drop function public.cleanup_admin_audit_log(integer)  [specs/access/audit.yaml:10]
DROP FUNCTION public.cleanup_admin_audit_log(integer);

-- drop function pgspec.may_view_admin_audit_viewer(boolean)  [specs/access/audit.yaml:11]
DROP FUNCTION pgspec.may_view_admin_audit_viewer(boolean);

-- drop function pgspec.guard_pgspec_admin_audit_log(text)  [specs/access/audit.yaml:14]
DROP FUNCTION pgspec.guard_pgspec_admin_audit_log(text);

-- drop function pgspec.access_public_services(text)  [specs/access/services.yaml:2]
DROP FUNCTION pgspec.access_public_services(text);

-- drop function pgspec.access_public_profiles(text)  [specs/access/profiles.yaml:2]
DROP FUNCTION pgspec.access_public_profiles(text);

-- drop function pgspec.access_public_bookings(text)  [specs/access/bookings.yaml:2]
DROP FUNCTION pgspec.access_public_bookings(text);

-- drop function pgspec.access_pgspec_admin_audit_log(text)  [specs/access/audit.yaml:14]
DROP FUNCTION pgspec.access_pgspec_admin_audit_log(text);

-- drop function pgspec.claim_uuid(text)
DROP FUNCTION pgspec.claim_uuid(text);

-- drop function pgspec.claim_bigint(text)
DROP FUNCTION pgspec.claim_bigint(text);

-- drop function pgspec.claim(text)
DROP FUNCTION pgspec.claim(text);

-- drop function pgspec.audit_admin_audit_log_update_public_services()  [specs/access/audit.yaml:3]
DROP FUNCTION pgspec.audit_admin_audit_log_update_public_services();

-- drop function pgspec.audit_admin_audit_log_update_public_profiles()  [specs/access/audit.yaml:3]
DROP FUNCTION pgspec.audit_admin_audit_log_update_public_profiles();

-- drop function pgspec.audit_admin_audit_log_update_public_bookings()  [specs/access/audit.yaml:3]
DROP FUNCTION pgspec.audit_admin_audit_log_update_public_bookings();

-- drop function pgspec.audit_admin_audit_log_truncate_public_services()  [specs/access/audit.yaml:3]
DROP FUNCTION pgspec.audit_admin_audit_log_truncate_public_services();

-- drop function pgspec.audit_admin_audit_log_truncate_public_bookings()  [specs/access/audit.yaml:3]
DROP FUNCTION pgspec.audit_admin_audit_log_truncate_public_bookings();

-- drop function pgspec.audit_admin_audit_log_delete_public_services()  [specs/access/audit.yaml:3]
DROP FUNCTION pgspec.audit_admin_audit_log_delete_public_services();

-- drop function pgspec.audit_admin_audit_log_delete_public_profiles()  [specs/access/audit.yaml:3]
DROP FUNCTION pgspec.audit_admin_audit_log_delete_public_profiles();

-- drop function pgspec.audit_admin_audit_log_delete_public_bookings()  [specs/access/audit.yaml:3]
DROP FUNCTION pgspec.audit_admin_audit_log_delete_public_bookings();

-- drop function pgspec.audit_request_id()
DROP FUNCTION pgspec.audit_request_id();

-- drop function pgspec.audit_guard()
DROP FUNCTION pgspec.audit_guard();

-- drop function pgspec.audit_claims()
DROP FUNCTION pgspec.audit_claims();

-- drop table pgspec.admin_audit_log  [specs/access/audit.yaml:3]
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE pgspec.admin_audit_log IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM pgspec.admin_audit_log WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % entries of an audit log in pgspec.admin_audit_log would be lost', lost USING HINT = 'keep a copy first: COPY pgspec.admin_audit_log TO STDOUT; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE pgspec.admin_audit_log;

-- drop use of schema pgspec
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON SCHEMA pgspec FROM anon;
REVOKE ALL ON SCHEMA pgspec FROM authenticated;
REVOKE ALL ON SCHEMA pgspec FROM service_role;

-- change function pgspec.enqueue_tags(text[], interval)
CREATE OR REPLACE FUNCTION pgspec.enqueue_tags(tags text[], join_window interval) RETURNS integer
LANGUAGE plpgsql VOLATILE
AS $function$
-- Puts tags in the queue as part of the caller's transaction, without waiting for anybody, and returns how many rows it
-- added.  An open row of the same tag that was added within the window is joined instead: one row stands for many writes.
--
-- Joining is safe, because writer and drainer each raise a flag before they look at the other's.  The writer takes a shared
-- lock on the number of the row, and then looks whether anybody has touched the row (xmax); the drainer locks the row, which
-- sets xmax, and then looks who holds the number.  So either the writer sees the drainer, and adds a row of its own, or the
-- drainer sees the writer, and invalidates the tag once more when the writer has ended.  xmax is read from the page, not from
-- the snapshot, so this holds under every isolation level.
--
-- It has no SET clause, since it runs for every write: whoever calls it has fixed search_path and planner settings.
DECLARE
  since timestamptz := clock_timestamp() - join_window;
  joined text := current_setting('pgspec.joined', true);  -- a letter for each tag that this transaction has joined
  together integer := cardinality(tags);
  may_join boolean := true;
  missing text[];
  long text[];
  added integer;
  ignored text;
BEGIN
  IF current_setting('transaction_isolation') = 'serializable' THEN
    missing := tags;  -- a serializable writer that reads the queue would conflict with writers of other rows
  ELSE
    IF joined <> '' OR together > 5 THEN  -- half of the least number of locks that a server can be given
      together := together + coalesce(octet_length(joined), 0);
      may_join := together <= current_setting('max_locks_per_transaction')::integer / 2;
    END IF;
    missing := ARRAY(
      SELECT u.tag FROM unnest(tags) AS u (tag)
      WHERE u.tag <> '' AND (
        SELECT q.id FROM public.cache_invalidation_queue AS q
        WHERE q.tag = u.tag AND q.closed_at IS NULL AND q.enqueued_at > since
          AND CASE WHEN q.xmin = pg_current_xact_id()::xid THEN true  -- this transaction's own row
                   WHEN NOT may_join OR q.xmax <> 0 THEN false
                   WHEN pg_try_advisory_xact_lock_shared(1885827952, (q.id & 2147483647)::integer) THEN q.xmax = 0
                   ELSE false END
        ORDER BY q.enqueued_at DESC LIMIT 1) IS NULL);
    IF may_join THEN
      ignored := set_config('pgspec.joined', repeat('x', together - cardinality(missing)), true);
    END IF;
    IF cardinality(missing) = 0 THEN
      RETURN 0;
    END IF;
  END IF;
  INSERT INTO public.cache_invalidation_queue (tag)
  SELECT DISTINCT t.tag FROM unnest(missing) AS t (tag) WHERE t.tag <> '' AND octet_length(t.tag) <= 500;
  GET DIAGNOSTICS added = ROW_COUNT;
  IF added < cardinality(missing) THEN  -- some are equal, or too long
    long := ARRAY(SELECT pgspec.storable_tag(t.tag) FROM unnest(missing) AS t (tag)
      WHERE octet_length(t.tag) > 500);
    IF long <> '{}' THEN
      added := added + pgspec.enqueue_tags(long, join_window);
    END IF;
  END IF;
  RETURN added;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.enqueue_tags(text[], interval) FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_delete_public_locations()
CREATE OR REPLACE FUNCTION pgspec.cache_delete_public_locations() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
BEGIN

  -- locations  [specs/cache/locations.yaml:2]
  SELECT EXISTS (SELECT FROM old_rows AS locations), EXISTS (SELECT FROM old_rows OFFSET 1)
  INTO hit, many;
  IF hit THEN
    ignored := pgspec.enqueue_tags(ARRAY['location', 'search:geo', 'search:location'], interval '300 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_delete_public_locations() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_delete_public_profiles()
CREATE OR REPLACE FUNCTION pgspec.cache_delete_public_profiles() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
  made_1 text[];
  made_2 text[];
BEGIN

  -- vendors  [specs/cache/vendors.yaml:2]
  SELECT EXISTS (SELECT FROM old_rows AS profiles WHERE (role = 'vendor')), EXISTS (SELECT FROM old_rows OFFSET 1),
    ARRAY(SELECT 'search:specialty:' || r.specialty_id::text FROM (SELECT DISTINCT profiles.specialty_id FROM old_rows AS profiles WHERE (role = 'vendor')) AS r
      WHERE r.specialty_id IS NOT NULL LIMIT 1001)
  INTO hit, many, made_1;
  IF hit AND NOT many THEN
    made_2 := ARRAY(
    WITH changed AS (SELECT profiles.id, profiles.role, profiles.status, profiles.display_name, profiles.email, profiles.business_name,
    profiles.specialty_id, profiles.location_id, profiles.verified_at, profiles.created_at, profiles.updated_at FROM old_rows AS profiles WHERE (role = 'vendor'))
    SELECT DISTINCT t.tag::text COLLATE "C" FROM (
SELECT 'search:geo:' || l.city FROM changed c JOIN public.locations l ON l.id = c.location_id
) AS t (tag) WHERE t.tag IS NOT NULL LIMIT 1001);
  ELSIF hit THEN
    EXECUTE $query$SELECT ARRAY(WITH changed AS (SELECT profiles.id, profiles.role, profiles.status, profiles.display_name, profiles.email, profiles.business_name,
    profiles.specialty_id, profiles.location_id, profiles.verified_at, profiles.created_at, profiles.updated_at FROM old_rows AS profiles WHERE (role = 'vendor'))
SELECT DISTINCT t.tag::text COLLATE "C" FROM (
SELECT 'search:geo:' || l.city FROM changed c JOIN public.locations l ON l.id = c.location_id
) AS t (tag) WHERE t.tag IS NOT NULL LIMIT 1001)$query$ INTO made_2;  -- planned for the number of rows
  END IF;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['search:specialty:*'];
    END IF;
    IF cardinality(made_2) > 1000 THEN
      made_2 := ARRAY['search:geo:*'];
    END IF;
    ignored := pgspec.enqueue_tags(ARRAY['search:vendors', 'search:provider'] || made_1 || made_2, interval '60 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_delete_public_profiles() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_delete_public_services()
CREATE OR REPLACE FUNCTION pgspec.cache_delete_public_services() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
  made_1 text[];
BEGIN

  -- services  [specs/cache/services.yaml:2]
  SELECT EXISTS (SELECT FROM old_rows AS services), EXISTS (SELECT FROM old_rows OFFSET 1),
    ARRAY(SELECT 'services:provider:' || r.provider_id::text FROM (SELECT DISTINCT services.provider_id FROM old_rows AS services) AS r
      WHERE r.provider_id IS NOT NULL LIMIT 1001)
  INTO hit, many, made_1;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['services:provider:*'];
    END IF;
    ignored := pgspec.enqueue_tags(ARRAY['services', 'search:services', 'search:provider'] || made_1, interval '60 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_delete_public_services() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_delete_public_specialties()
CREATE OR REPLACE FUNCTION pgspec.cache_delete_public_specialties() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
BEGIN

  -- specialties  [specs/cache/specialties.yaml:2]
  SELECT EXISTS (SELECT FROM old_rows AS specialties), EXISTS (SELECT FROM old_rows OFFSET 1)
  INTO hit, many;
  IF hit THEN
    ignored := pgspec.enqueue_tags(ARRAY['specialties', 'search:specialties'], interval '300 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_delete_public_specialties() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_insert_public_locations()
CREATE OR REPLACE FUNCTION pgspec.cache_insert_public_locations() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
BEGIN

  -- locations  [specs/cache/locations.yaml:2]
  SELECT EXISTS (SELECT FROM new_rows AS locations), EXISTS (SELECT FROM new_rows OFFSET 1)
  INTO hit, many;
  IF hit THEN
    ignored := pgspec.enqueue_tags(ARRAY['location', 'search:geo', 'search:location'], interval '300 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_insert_public_locations() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_insert_public_profiles()
CREATE OR REPLACE FUNCTION pgspec.cache_insert_public_profiles() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
  made_1 text[];
  made_2 text[];
BEGIN

  -- vendors  [specs/cache/vendors.yaml:2]
  SELECT EXISTS (SELECT FROM new_rows AS profiles WHERE (role = 'vendor')), EXISTS (SELECT FROM new_rows OFFSET 1),
    ARRAY(SELECT 'search:specialty:' || r.specialty_id::text FROM (SELECT DISTINCT profiles.specialty_id FROM new_rows AS profiles WHERE (role = 'vendor')) AS r
      WHERE r.specialty_id IS NOT NULL LIMIT 1001)
  INTO hit, many, made_1;
  IF hit AND NOT many THEN
    made_2 := ARRAY(
    WITH changed AS (SELECT profiles.id, profiles.role, profiles.status, profiles.display_name, profiles.email, profiles.business_name,
    profiles.specialty_id, profiles.location_id, profiles.verified_at, profiles.created_at, profiles.updated_at FROM new_rows AS profiles WHERE (role = 'vendor'))
    SELECT DISTINCT t.tag::text COLLATE "C" FROM (
SELECT 'search:geo:' || l.city FROM changed c JOIN public.locations l ON l.id = c.location_id
) AS t (tag) WHERE t.tag IS NOT NULL LIMIT 1001);
  ELSIF hit THEN
    EXECUTE $query$SELECT ARRAY(WITH changed AS (SELECT profiles.id, profiles.role, profiles.status, profiles.display_name, profiles.email, profiles.business_name,
    profiles.specialty_id, profiles.location_id, profiles.verified_at, profiles.created_at, profiles.updated_at FROM new_rows AS profiles WHERE (role = 'vendor'))
SELECT DISTINCT t.tag::text COLLATE "C" FROM (
SELECT 'search:geo:' || l.city FROM changed c JOIN public.locations l ON l.id = c.location_id
) AS t (tag) WHERE t.tag IS NOT NULL LIMIT 1001)$query$ INTO made_2;  -- planned for the number of rows
  END IF;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['search:specialty:*'];
    END IF;
    IF cardinality(made_2) > 1000 THEN
      made_2 := ARRAY['search:geo:*'];
    END IF;
    ignored := pgspec.enqueue_tags(ARRAY['search:vendors', 'search:provider'] || made_1 || made_2, interval '60 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_insert_public_profiles() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_insert_public_services()
CREATE OR REPLACE FUNCTION pgspec.cache_insert_public_services() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
  made_1 text[];
BEGIN

  -- services  [specs/cache/services.yaml:2]
  SELECT EXISTS (SELECT FROM new_rows AS services), EXISTS (SELECT FROM new_rows OFFSET 1),
    ARRAY(SELECT 'services:provider:' || r.provider_id::text FROM (SELECT DISTINCT services.provider_id FROM new_rows AS services) AS r
      WHERE r.provider_id IS NOT NULL LIMIT 1001)
  INTO hit, many, made_1;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['services:provider:*'];
    END IF;
    ignored := pgspec.enqueue_tags(ARRAY['services', 'search:services', 'search:provider'] || made_1, interval '60 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_insert_public_services() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_insert_public_specialties()
CREATE OR REPLACE FUNCTION pgspec.cache_insert_public_specialties() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
BEGIN

  -- specialties  [specs/cache/specialties.yaml:2]
  SELECT EXISTS (SELECT FROM new_rows AS specialties), EXISTS (SELECT FROM new_rows OFFSET 1)
  INTO hit, many;
  IF hit THEN
    ignored := pgspec.enqueue_tags(ARRAY['specialties', 'search:specialties'], interval '300 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_insert_public_specialties() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_truncate_public_locations()
CREATE OR REPLACE FUNCTION pgspec.cache_truncate_public_locations() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
BEGIN

  -- locations  [specs/cache/locations.yaml:2]
  hit := true;
  IF hit THEN
    ignored := pgspec.enqueue_tags(ARRAY['location', 'search:geo', 'search:location'], interval '300 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_truncate_public_locations() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_truncate_public_profiles()
CREATE OR REPLACE FUNCTION pgspec.cache_truncate_public_profiles() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
  made_1 text[];
  made_2 text[];
BEGIN

  -- vendors  [specs/cache/vendors.yaml:2]
  hit := true;
  made_1 := ARRAY['search:specialty:*'];
  EXECUTE $query$SELECT ARRAY(WITH changed AS (SELECT profiles.id, profiles.role, profiles.status, profiles.display_name, profiles.email, profiles.business_name,
    profiles.specialty_id, profiles.location_id, profiles.verified_at, profiles.created_at, profiles.updated_at FROM public.profiles AS profiles WHERE (role = 'vendor'))
SELECT DISTINCT t.tag::text COLLATE "C" FROM (
SELECT 'search:geo:' || l.city FROM changed c JOIN public.locations l ON l.id = c.location_id
) AS t (tag) WHERE t.tag IS NOT NULL LIMIT 1001)$query$ INTO made_2;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['search:specialty:*'];
    END IF;
    IF cardinality(made_2) > 1000 THEN
      made_2 := ARRAY['search:geo:*'];
    END IF;
    ignored := pgspec.enqueue_tags(ARRAY['search:vendors', 'search:provider'] || made_1 || made_2, interval '60 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_truncate_public_profiles() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_truncate_public_services()
CREATE OR REPLACE FUNCTION pgspec.cache_truncate_public_services() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
  made_1 text[];
BEGIN

  -- services  [specs/cache/services.yaml:2]
  hit := true;
  made_1 := ARRAY['services:provider:*'];
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['services:provider:*'];
    END IF;
    ignored := pgspec.enqueue_tags(ARRAY['services', 'search:services', 'search:provider'] || made_1, interval '60 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_truncate_public_services() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_truncate_public_specialties()
CREATE OR REPLACE FUNCTION pgspec.cache_truncate_public_specialties() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
BEGIN

  -- specialties  [specs/cache/specialties.yaml:2]
  hit := true;
  IF hit THEN
    ignored := pgspec.enqueue_tags(ARRAY['specialties', 'search:specialties'], interval '300 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_truncate_public_specialties() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_update_public_locations()
CREATE OR REPLACE FUNCTION pgspec.cache_update_public_locations() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
  memory text;
  restored text;
BEGIN

  -- locations  [specs/cache/locations.yaml:2]
  SELECT (o.city IS DISTINCT FROM n.city OR o.state IS DISTINCT FROM n.state OR o.country IS DISTINCT FROM n.country
    OR o.postal_code IS DISTINCT FROM n.postal_code OR record_image_ne(ROW(o.latitude), ROW(n.latitude))
    OR record_image_ne(ROW(o.longitude), ROW(n.longitude)) OR o.id IS DISTINCT FROM n.id),
    EXISTS (SELECT FROM new_rows OFFSET 1)
  INTO hit, many
  FROM (SELECT locations.city, locations.state, locations.country, locations.postal_code, locations.latitude,
    locations.longitude, locations.id FROM old_rows AS locations) AS o
  LEFT JOIN (SELECT locations.city, locations.state, locations.country, locations.postal_code, locations.latitude,
    locations.longitude, locations.id FROM new_rows AS locations) AS n ON true
  LIMIT 1;
  IF many AND hit IS NOT TRUE THEN
    memory := current_setting('work_mem');  -- the join of a large update would spill
    IF pg_size_bytes(memory) < pg_size_bytes('64MB') THEN
      restored := set_config('work_mem', '64MB', true);
    END IF;
    WITH changed AS MATERIALIZED (
      SELECT true AS pgspec_here
      FROM (SELECT row_number() OVER () AS pgspec_row, locations.city, locations.state, locations.country, locations.postal_code, locations.latitude,
    locations.longitude, locations.id FROM old_rows AS locations) AS o
      FULL JOIN (SELECT row_number() OVER () AS pgspec_row, locations.city, locations.state, locations.country, locations.postal_code, locations.latitude,
    locations.longitude, locations.id FROM new_rows AS locations) AS n USING (pgspec_row)
      WHERE (o.city IS DISTINCT FROM n.city OR o.state IS DISTINCT FROM n.state OR o.country IS DISTINCT FROM n.country
    OR o.postal_code IS DISTINCT FROM n.postal_code OR record_image_ne(ROW(o.latitude), ROW(n.latitude))
    OR record_image_ne(ROW(o.longitude), ROW(n.longitude)) OR o.id IS DISTINCT FROM n.id))
    SELECT EXISTS (SELECT FROM changed), true
    INTO hit, many;
    restored := set_config('work_mem', memory, true);
  END IF;
  IF hit THEN
    ignored := pgspec.enqueue_tags(ARRAY['location', 'search:geo', 'search:location'], interval '300 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_update_public_locations() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_update_public_profiles()
CREATE OR REPLACE FUNCTION pgspec.cache_update_public_profiles() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
  memory text;
  restored text;
  made_1 text[];
  made_2 text[];
BEGIN

  -- vendors  [specs/cache/vendors.yaml:2]
  SELECT (o.pgspec_match IS TRUE OR n.pgspec_match IS TRUE)
    AND (o.pgspec_match IS DISTINCT FROM n.pgspec_match OR o.status IS DISTINCT FROM n.status
    OR o.display_name IS DISTINCT FROM n.display_name OR o.business_name IS DISTINCT FROM n.business_name
    OR o.specialty_id IS DISTINCT FROM n.specialty_id OR o.location_id IS DISTINCT FROM n.location_id
    OR o.id IS DISTINCT FROM n.id),
    EXISTS (SELECT FROM new_rows OFFSET 1),
    ARRAY[CASE WHEN o.pgspec_match THEN 'search:specialty:' || o.specialty_id::text END, CASE WHEN n.pgspec_match THEN 'search:specialty:' || n.specialty_id::text END]
  INTO hit, many, made_1
  FROM (SELECT profiles.status, profiles.display_name, profiles.business_name, profiles.specialty_id, profiles.location_id,
    profiles.id, (role = 'vendor') IS TRUE AS pgspec_match FROM old_rows AS profiles) AS o
  LEFT JOIN (SELECT profiles.status, profiles.display_name, profiles.business_name, profiles.specialty_id, profiles.location_id,
    profiles.id, (role = 'vendor') IS TRUE AS pgspec_match FROM new_rows AS profiles) AS n ON true
  LIMIT 1;
  IF many THEN
    memory := current_setting('work_mem');  -- the join of a large update would spill
    IF pg_size_bytes(memory) < pg_size_bytes('64MB') THEN
      restored := set_config('work_mem', '64MB', true);
    END IF;
    WITH changed AS MATERIALIZED (
      SELECT DISTINCT o.specialty_id AS old_specialty_id, n.specialty_id AS new_specialty_id, o.pgspec_match AS pgspec_old_match, n.pgspec_match AS pgspec_new_match
      FROM (SELECT row_number() OVER () AS pgspec_row, profiles.status, profiles.display_name, profiles.business_name, profiles.specialty_id, profiles.location_id,
    profiles.id, (role = 'vendor') IS TRUE AS pgspec_match FROM old_rows AS profiles) AS o
      FULL JOIN (SELECT row_number() OVER () AS pgspec_row, profiles.status, profiles.display_name, profiles.business_name, profiles.specialty_id, profiles.location_id,
    profiles.id, (role = 'vendor') IS TRUE AS pgspec_match FROM new_rows AS profiles) AS n USING (pgspec_row)
      WHERE (o.pgspec_match IS TRUE OR n.pgspec_match IS TRUE)
    AND (o.pgspec_match IS DISTINCT FROM n.pgspec_match OR o.status IS DISTINCT FROM n.status
    OR o.display_name IS DISTINCT FROM n.display_name OR o.business_name IS DISTINCT FROM n.business_name
    OR o.specialty_id IS DISTINCT FROM n.specialty_id OR o.location_id IS DISTINCT FROM n.location_id
    OR o.id IS DISTINCT FROM n.id))
    SELECT EXISTS (SELECT FROM changed), true,
      ARRAY(
        SELECT 'search:specialty:' || c.old_specialty_id::text FROM changed AS c WHERE c.pgspec_old_match AND 'search:specialty:' || c.old_specialty_id::text IS NOT NULL
        UNION
        SELECT 'search:specialty:' || c.new_specialty_id::text FROM changed AS c WHERE c.pgspec_new_match AND 'search:specialty:' || c.new_specialty_id::text IS NOT NULL
        LIMIT 1001)
    INTO hit, many, made_1;
    restored := set_config('work_mem', memory, true);
  END IF;
  IF hit AND NOT many THEN
    made_2 := ARRAY(
    WITH changed AS (SELECT profiles.id, profiles.role, profiles.status, profiles.display_name, profiles.email, profiles.business_name,
    profiles.specialty_id, profiles.location_id, profiles.verified_at, profiles.created_at, profiles.updated_at FROM old_rows AS profiles WHERE (role = 'vendor') UNION ALL SELECT profiles.id, profiles.role, profiles.status, profiles.display_name, profiles.email, profiles.business_name,
    profiles.specialty_id, profiles.location_id, profiles.verified_at, profiles.created_at, profiles.updated_at FROM new_rows AS profiles WHERE (role = 'vendor'))
    SELECT DISTINCT t.tag::text COLLATE "C" FROM (
SELECT 'search:geo:' || l.city FROM changed c JOIN public.locations l ON l.id = c.location_id
) AS t (tag) WHERE t.tag IS NOT NULL LIMIT 1001);
  ELSIF hit THEN
    EXECUTE $query$SELECT ARRAY(WITH pairs AS (
  SELECT pgspec_row, o.pgspec_match AS old_match, n.pgspec_match AS new_match
  FROM (SELECT row_number() OVER () AS pgspec_row, profiles.status, profiles.display_name, profiles.business_name, profiles.specialty_id, profiles.location_id,
    profiles.id, (role = 'vendor') IS TRUE AS pgspec_match FROM old_rows AS profiles) AS o
  FULL JOIN (SELECT row_number() OVER () AS pgspec_row, profiles.status, profiles.display_name, profiles.business_name, profiles.specialty_id, profiles.location_id,
    profiles.id, (role = 'vendor') IS TRUE AS pgspec_match FROM new_rows AS profiles) AS n USING (pgspec_row)
  WHERE (o.pgspec_match IS TRUE OR n.pgspec_match IS TRUE)
    AND (o.pgspec_match IS DISTINCT FROM n.pgspec_match OR o.status IS DISTINCT FROM n.status
    OR o.display_name IS DISTINCT FROM n.display_name OR o.business_name IS DISTINCT FROM n.business_name
    OR o.specialty_id IS DISTINCT FROM n.specialty_id OR o.location_id IS DISTINCT FROM n.location_id
    OR o.id IS DISTINCT FROM n.id)),
changed AS (
  SELECT r.id, r.role, r.status, r.display_name, r.email, r.business_name, r.specialty_id, r.location_id, r.verified_at,
    r.created_at, r.updated_at FROM (SELECT row_number() OVER () AS pgspec_row, r.* FROM old_rows AS r) AS r
  WHERE r.pgspec_row IN (SELECT p.pgspec_row FROM pairs AS p WHERE p.old_match)
  UNION ALL
  SELECT r.id, r.role, r.status, r.display_name, r.email, r.business_name, r.specialty_id, r.location_id, r.verified_at,
    r.created_at, r.updated_at FROM (SELECT row_number() OVER () AS pgspec_row, r.* FROM new_rows AS r) AS r
  WHERE r.pgspec_row IN (SELECT p.pgspec_row FROM pairs AS p WHERE p.new_match))

SELECT DISTINCT t.tag::text COLLATE "C" FROM (
SELECT 'search:geo:' || l.city FROM changed c JOIN public.locations l ON l.id = c.location_id
) AS t (tag) WHERE t.tag IS NOT NULL LIMIT 1001)$query$ INTO made_2;  -- planned for the number of rows
  END IF;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['search:specialty:*'];
    END IF;
    IF cardinality(made_2) > 1000 THEN
      made_2 := ARRAY['search:geo:*'];
    END IF;
    ignored := pgspec.enqueue_tags(ARRAY['search:vendors', 'search:provider'] || made_1 || made_2, interval '60 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_update_public_profiles() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_update_public_services()
CREATE OR REPLACE FUNCTION pgspec.cache_update_public_services() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
  memory text;
  restored text;
  made_1 text[];
BEGIN

  -- services  [specs/cache/services.yaml:2]
  SELECT (o.provider_id IS DISTINCT FROM n.provider_id OR o.specialty_id IS DISTINCT FROM n.specialty_id
    OR o.name IS DISTINCT FROM n.name OR o.description IS DISTINCT FROM n.description
    OR o.price IS DISTINCT FROM n.price OR o.duration_minutes IS DISTINCT FROM n.duration_minutes
    OR o.is_active IS DISTINCT FROM n.is_active OR o.id IS DISTINCT FROM n.id),
    EXISTS (SELECT FROM new_rows OFFSET 1),
    ARRAY['services:provider:' || o.provider_id::text, 'services:provider:' || n.provider_id::text]
  INTO hit, many, made_1
  FROM (SELECT services.provider_id, services.specialty_id, services.name, services.description, services.price,
    services.duration_minutes, services.is_active, services.id FROM old_rows AS services) AS o
  LEFT JOIN (SELECT services.provider_id, services.specialty_id, services.name, services.description, services.price,
    services.duration_minutes, services.is_active, services.id FROM new_rows AS services) AS n ON true
  LIMIT 1;
  IF many THEN
    memory := current_setting('work_mem');  -- the join of a large update would spill
    IF pg_size_bytes(memory) < pg_size_bytes('64MB') THEN
      restored := set_config('work_mem', '64MB', true);
    END IF;
    WITH changed AS MATERIALIZED (
      SELECT DISTINCT o.provider_id AS old_provider_id, n.provider_id AS new_provider_id
      FROM (SELECT row_number() OVER () AS pgspec_row, services.provider_id, services.specialty_id, services.name, services.description, services.price,
    services.duration_minutes, services.is_active, services.id FROM old_rows AS services) AS o
      FULL JOIN (SELECT row_number() OVER () AS pgspec_row, services.provider_id, services.specialty_id, services.name, services.description, services.price,
    services.duration_minutes, services.is_active, services.id FROM new_rows AS services) AS n USING (pgspec_row)
      WHERE (o.provider_id IS DISTINCT FROM n.provider_id OR o.specialty_id IS DISTINCT FROM n.specialty_id
    OR o.name IS DISTINCT FROM n.name OR o.description IS DISTINCT FROM n.description
    OR o.price IS DISTINCT FROM n.price OR o.duration_minutes IS DISTINCT FROM n.duration_minutes
    OR o.is_active IS DISTINCT FROM n.is_active OR o.id IS DISTINCT FROM n.id))
    SELECT EXISTS (SELECT FROM changed), true,
      ARRAY(
        SELECT 'services:provider:' || c.old_provider_id::text FROM changed AS c WHERE true AND 'services:provider:' || c.old_provider_id::text IS NOT NULL
        UNION
        SELECT 'services:provider:' || c.new_provider_id::text FROM changed AS c WHERE true AND 'services:provider:' || c.new_provider_id::text IS NOT NULL
        LIMIT 1001)
    INTO hit, many, made_1;
    restored := set_config('work_mem', memory, true);
  END IF;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['services:provider:*'];
    END IF;
    ignored := pgspec.enqueue_tags(ARRAY['services', 'search:services', 'search:provider'] || made_1, interval '60 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_update_public_services() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.cache_update_public_specialties()
CREATE OR REPLACE FUNCTION pgspec.cache_update_public_specialties() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
  hit boolean;
  many boolean;
  ignored integer;
  memory text;
  restored text;
BEGIN

  -- specialties  [specs/cache/specialties.yaml:2]
  SELECT (o.parent_id IS DISTINCT FROM n.parent_id OR o.slug IS DISTINCT FROM n.slug OR o.name IS DISTINCT FROM n.name
    OR o.is_active IS DISTINCT FROM n.is_active OR o.id IS DISTINCT FROM n.id),
    EXISTS (SELECT FROM new_rows OFFSET 1)
  INTO hit, many
  FROM (SELECT specialties.parent_id, specialties.slug, specialties.name, specialties.is_active, specialties.id FROM old_rows AS specialties) AS o
  LEFT JOIN (SELECT specialties.parent_id, specialties.slug, specialties.name, specialties.is_active, specialties.id FROM new_rows AS specialties) AS n ON true
  LIMIT 1;
  IF many AND hit IS NOT TRUE THEN
    memory := current_setting('work_mem');  -- the join of a large update would spill
    IF pg_size_bytes(memory) < pg_size_bytes('64MB') THEN
      restored := set_config('work_mem', '64MB', true);
    END IF;
    WITH changed AS MATERIALIZED (
      SELECT true AS pgspec_here
      FROM (SELECT row_number() OVER () AS pgspec_row, specialties.parent_id, specialties.slug, specialties.name, specialties.is_active, specialties.id FROM old_rows AS specialties) AS o
      FULL JOIN (SELECT row_number() OVER () AS pgspec_row, specialties.parent_id, specialties.slug, specialties.name, specialties.is_active, specialties.id FROM new_rows AS specialties) AS n USING (pgspec_row)
      WHERE (o.parent_id IS DISTINCT FROM n.parent_id OR o.slug IS DISTINCT FROM n.slug OR o.name IS DISTINCT FROM n.name
    OR o.is_active IS DISTINCT FROM n.is_active OR o.id IS DISTINCT FROM n.id))
    SELECT EXISTS (SELECT FROM changed), true
    INTO hit, many;
    restored := set_config('work_mem', memory, true);
  END IF;
  IF hit THEN
    ignored := pgspec.enqueue_tags(ARRAY['specialties', 'search:specialties'], interval '300 seconds');
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_update_public_specialties() FROM PUBLIC, anon, authenticated, service_role;

-- change function pgspec.fingerprint(text, text)
CREATE OR REPLACE FUNCTION pgspec.fingerprint(type text, name text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off
SET standard_conforming_strings = on
SET timezone = 'UTC'
SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
SET xmlbinary = 'base64'
AS $function$
  -- The server's own text of an object, hashed: what is compared is catalog with catalog.
  SELECT md5(CASE type
    WHEN 'table' THEN (
      SELECT string_agg(line, E'\n' ORDER BY line COLLATE "C") FROM (
        SELECT format('%s %s %s %s %s%s %s', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
          a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = to_regclass(name) AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT pg_get_constraintdef(c.oid) FROM pg_constraint AS c WHERE c.conrelid = to_regclass(name) AND c.contype <> 'n'
        UNION ALL
        SELECT format('%s %s', r.relpersistence, r.reloptions) FROM pg_class AS r WHERE r.oid = to_regclass(name)
      ) AS lines (line))
    WHEN 'view' THEN pg_get_viewdef(to_regclass(name))
    WHEN 'materialized_view' THEN pg_get_viewdef(to_regclass(name))
    WHEN 'index' THEN pg_get_indexdef(to_regclass(name))
    WHEN 'function' THEN pg_get_functiondef(to_regprocedure(name))
    WHEN 'trigger' THEN (
      SELECT pg_get_triggerdef(t.oid) FROM pg_trigger AS t
      WHERE t.tgname = split_part(name, ' ', 1) AND t.tgrelid = to_regclass(substr(name, length(split_part(name, ' ', 1)) + 5)))
  END)
$function$;
REVOKE ALL ON FUNCTION pgspec.fingerprint(text, text) FROM PUBLIC, anon, authenticated, service_role;

-- change function public.ack_cache_invalidations(uuid, bigint[])
CREATE OR REPLACE FUNCTION public.ack_cache_invalidations(token uuid, ids bigint[]) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
-- The cache was told.  Returns how many of the rows the lease still held.
#variable_conflict use_column
DECLARE
  number integer;
  tags text[];
  began timestamptz;
BEGIN
  WITH done AS (
    UPDATE public.cache_invalidation_queue AS q
    SET processed_at = CASE WHEN q.sealed THEN clock_timestamp() END,
        claim_token = NULL,
        last_error = NULL,
        retry_count = CASE WHEN q.sealed THEN q.retry_count ELSE 0 END,
        recheck_count = q.recheck_count + CASE WHEN q.sealed THEN 0 ELSE 1 END,
        visible_at = CASE WHEN q.sealed THEN q.visible_at
          ELSE clock_timestamp() + least(interval '1 minute', interval '1 second' * power(2, least(q.recheck_count, 6))) END
    WHERE q.id = ANY (ids) AND q.claim_token = token AND q.processed_at IS NULL AND q.dead_at IS NULL
    RETURNING q.tag, q.closed_at)
  SELECT count(*), array_agg(d.tag), max(d.closed_at) INTO number, tags, began FROM done AS d;
  PERFORM pgspec.settle_dead(tags, began);  -- one claim took all the rows, after the last was closed
  RETURN number;
END
$function$;
REVOKE ALL ON FUNCTION public.ack_cache_invalidations(uuid, bigint[]) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.ack_cache_invalidations(uuid, bigint[]) TO service_role;

-- change function public.drain_cache_invalidation_queue(integer, integer)
CREATE OR REPLACE FUNCTION public.drain_cache_invalidation_queue(batch_size integer DEFAULT 100, max_seconds integer DEFAULT 60) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
-- Invalidates the cache in this database for all due tags, batch by batch until nothing is due or the time is over, and
-- returns how many rows are done.  What it did is seen when its transaction ends: call it often, for a short time.
#variable_conflict use_column
DECLARE
  stop timestamptz := clock_timestamp() + make_interval(secs => max_seconds);
  moment timestamptz;
  latest timestamptz;
  reached timestamptz := '-infinity';
  places tid[];
  tags text[];
  held bigint[];
  done integer;
  total integer := 0;
BEGIN
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'the cache invalidation queue is drained in READ COMMITTED transactions only'
      USING ERRCODE = '25001', HINT = 'SET default_transaction_isolation = ''read committed''';
  END IF;
  IF NOT pg_try_advisory_xact_lock(1885827952, -1) THEN
    RETURN 0;  -- another session drains; two would wait for each other's tags
  END IF;
  PERFORM pgspec.wake_joined(clock_timestamp());
  LOOP
    moment := clock_timestamp();
    SELECT array_agg(due.place), array_agg(DISTINCT due.tag), coalesce(max(due.visible_at), reached) INTO places, tags, latest
    FROM (
      SELECT q.ctid AS place, q.tag, q.visible_at FROM public.cache_invalidation_queue AS q
      WHERE q.processed_at IS NULL AND q.dead_at IS NULL AND q.visible_at BETWEEN reached AND moment
      ORDER BY q.visible_at, q.id LIMIT batch_size FOR UPDATE SKIP LOCKED) AS due;
    IF places IS NULL THEN
      EXIT WHEN reached = '-infinity';
      reached := '-infinity';  -- once more from the start, for rows that became visible late
      CONTINUE;
    END IF;
    reached := latest;  -- what this transaction has done so far stays in the index, and is not walked through again
    held := pgspec.joined_rows(false);  -- after the rows are locked; own writes become visible with the new versions
    PERFORM pgspec.invalidate_tags(tags);
    WITH drained AS (
      UPDATE public.cache_invalidation_queue AS q
      SET closed_at = coalesce(q.closed_at, moment),
          claim_token = NULL,
          sealed = (q.id & 2147483647) <> ALL (held),
          processed_at = CASE WHEN (q.id & 2147483647) <> ALL (held) THEN clock_timestamp() END,
          recheck_count = q.recheck_count + CASE WHEN (q.id & 2147483647) <> ALL (held) THEN 0 ELSE 1 END,
          visible_at = CASE WHEN (q.id & 2147483647) <> ALL (held) THEN q.visible_at
            ELSE moment + least(interval '1 minute', interval '1 second' * power(2, least(q.recheck_count, 6))) END
      WHERE q.ctid = ANY (places)  -- nobody moves a row that is locked
      RETURNING q.sealed)
    SELECT count(*) FILTER (WHERE d.sealed) INTO done FROM drained AS d;
    PERFORM pgspec.settle_dead(tags, 'infinity');  -- the new versions are seen later than any of them died
    total := total + done;
    EXIT WHEN clock_timestamp() >= stop;
  END LOOP;
  RETURN total;
END
$function$;
REVOKE ALL ON FUNCTION public.drain_cache_invalidation_queue(integer, integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.drain_cache_invalidation_queue(integer, integer) TO service_role;

-- change function public.enqueue_cache_invalidation(text, integer)
CREATE OR REPLACE FUNCTION public.enqueue_cache_invalidation(tag text, window_minutes integer DEFAULT 1) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
DECLARE
  ignored integer;
BEGIN
  ignored := pgspec.enqueue_tags(ARRAY[tag], make_interval(mins => window_minutes));
END
$function$;
REVOKE ALL ON FUNCTION public.enqueue_cache_invalidation(text, integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.enqueue_cache_invalidation(text, integer) TO service_role;

-- change function public.fail_cache_invalidations(uuid, bigint[], text)
CREATE OR REPLACE FUNCTION public.fail_cache_invalidations(token uuid, ids bigint[], error text) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
-- The cache could not be told: again after 1, 2, 4 ... seconds, at most five minutes, less a random part; after max_retries
-- the row is dead.  A row that others have joined is not given up before they have ended.  Returns how many rows died.
#variable_conflict use_column
DECLARE
  dead integer;
BEGIN
  WITH failed AS (
    UPDATE public.cache_invalidation_queue AS q
    SET retry_count = q.retry_count + 1,
        claim_token = NULL,
        last_error = left(error, 2000),
        dead_at = CASE WHEN q.sealed AND q.retry_count + 1 >= q.max_retries THEN clock_timestamp() END,
        visible_at = clock_timestamp()
          + least(interval '5 minutes', interval '1 second' * power(2, least(q.retry_count, 9))) * (0.5 + random() / 2)
    WHERE q.id = ANY (ids) AND q.claim_token = token AND q.processed_at IS NULL AND q.dead_at IS NULL
    RETURNING q.dead_at)
  SELECT count(f.dead_at) INTO dead FROM failed AS f;
  RETURN dead;
END
$function$;
REVOKE ALL ON FUNCTION public.fail_cache_invalidations(uuid, bigint[], text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.fail_cache_invalidations(uuid, bigint[], text) TO service_role;

-- What verify.sql compares with: the server's own text of what was made.
-- The function that fingerprints has changed, so every fingerprint is taken anew.
DELETE FROM pgspec.deployed_objects;
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec.cache_delete_public_locations()', 'f4b5c0e3e09ac07c'),
  ('function', 'pgspec.cache_delete_public_profiles()', '19b359d86e50228b'),
  ('function', 'pgspec.cache_delete_public_services()', '085260d9e26b0ff0'),
  ('function', 'pgspec.cache_delete_public_specialties()', 'd772f86bf73746b0'),
  ('function', 'pgspec.cache_insert_public_locations()', 'dc2642bae1c94526'),
  ('function', 'pgspec.cache_insert_public_profiles()', '524597a724226d76'),
  ('function', 'pgspec.cache_insert_public_services()', '95fbad61671d7213'),
  ('function', 'pgspec.cache_insert_public_specialties()', '0aafd52f435b500c'),
  ('function', 'pgspec.cache_truncate_public_locations()', 'd49705e912473de5'),
  ('function', 'pgspec.cache_truncate_public_profiles()', '55449dd0e137b234'),
  ('function', 'pgspec.cache_truncate_public_services()', '98e63d6a7351be70'),
  ('function', 'pgspec.cache_truncate_public_specialties()', '613506915a655a67'),
  ('function', 'pgspec.cache_update_public_locations()', '5347d965ad6db16a'),
  ('function', 'pgspec.cache_update_public_profiles()', '7f6033ba3b2b3153'),
  ('function', 'pgspec.cache_update_public_services()', '77f417a0b10f4386'),
  ('function', 'pgspec.cache_update_public_specialties()', '935faada2030bf4b'),
  ('function', 'pgspec.enqueue_tags(text[], interval)', '8a2c03ece8183b59'),
  ('function', 'pgspec.fingerprint(text, text)', '5e76377ee98f3bf6'),
  ('function', 'pgspec.invalidate_tags(text[])', 'f63e7a6f07a70f3e'),
  ('function', 'pgspec.joined_rows(boolean)', 'b787d5d8550ad52f'),
  ('function', 'pgspec.settle_dead(text[], timestamptz)', 'cce34043e61d79d1'),
  ('function', 'pgspec.storable_tag(text)', '731522ce59338dfe'),
  ('function', 'pgspec.tag_and_wildcards(text)', '40c9c934e320929c'),
  ('function', 'pgspec.tags_and_wildcards(text[])', '48f4d2c33a6f649d'),
  ('function', 'pgspec.wake_joined(timestamptz)', 'a2ed2b678d79c45a'),
  ('function', 'public.ack_cache_invalidations(uuid, bigint[])', '811058181d6a60f7'),
  ('function', 'public.cache_get(text)', '1987591c019a0742'),
  ('function', 'public.cache_put(text, jsonb, text[], bigint[], interval)', '3d3dcd8d4334b2a9'),
  ('function', 'public.cache_tag_versions(text[])', 'd1327da0a2c261b8'),
  ('function', 'public.claim_cache_invalidations(integer, integer)', '9ad38770e0d8e1f4'),
  ('function', 'public.cleanup_cache_invalidation_queue(interval, integer)', '68c5b7c6f5557b47'),
  ('function', 'public.drain_cache_invalidation_queue(integer, integer)', '8979384ce85bf0a4'),
  ('function', 'public.enqueue_cache_invalidation(text, integer)', '231e0138cd3da360'),
  ('function', 'public.fail_cache_invalidations(uuid, bigint[], text)', '5db867dab3be71ae'),
  ('function', 'public.retry_dead_cache_invalidations()', '45be198419be3ced'),
  ('index', 'public.api_metrics_5m_endpoint_bucket_idx', '2777658fd47be8af'),
  ('index', 'public.api_metrics_hourly_enhanced_endpoint_hour_idx', '3ebcde2d2e0f0e0a'),
  ('index', 'public.cache_entries_lookup_tags', 'f46047d8b206e56f'),
  ('index', 'public.cache_invalidation_queue_dead', '1116f3b2103ab22e'),
  ('index', 'public.cache_invalidation_queue_due', 'cae7a0d7d03d78c9'),
  ('index', 'public.cache_invalidation_queue_joined', '499dc0f2fafedee3'),
  ('index', 'public.cache_invalidation_queue_open', '295c8539199213a4'),
  ('index', 'public.geographic_analytics_daily_country_state_city_idx', 'd7a7890ddc398db2'),
  ('index', 'public.idx_api_metrics_5m_unique', '8baaa0e00cac492a'),
  ('index', 'public.idx_api_metrics_hourly_enhanced_unique', 'e0aab7616281d3a3'),
  ('index', 'public.idx_geographic_analytics_unique', '43fd694498485481'),
  ('index', 'public.idx_performance_5min_unique', '38b37b2054a396a3'),
  ('index', 'public.idx_performance_hourly_unique', '2cba0a6738778c12'),
  ('index', 'public.idx_provider_analytics_unique', '13a8a287598e1b50'),
  ('index', 'public.idx_specialty_analytics_unique', 'd85c506e299f1285'),
  ('index', 'public.performance_analytics_5min_endpoint_five_minute_bucket_idx', '2e54caacf9239cf3'),
  ('index', 'public.performance_analytics_hourly_endpoint_hour_idx', 'f9176df087647791'),
  ('index', 'public.provider_analytics_daily_provider_id_date_idx', '37d06c8b18503f9d'),
  ('index', 'public.specialty_analytics_daily_specialty_id_date_idx', 'ee4a26bfcb0635c9'),
  ('materialized_view', 'public.api_metrics_5m', '04540e2c8b02956c'),
  ('materialized_view', 'public.api_metrics_hourly_enhanced', 'de6c401928cbc4c7'),
  ('materialized_view', 'public.geographic_analytics_daily', '4bbd391a059b96e5'),
  ('materialized_view', 'public.performance_analytics_5min', '7582f951152ee83e'),
  ('materialized_view', 'public.performance_analytics_hourly', '1f9f3a8ccea388ad'),
  ('materialized_view', 'public.provider_analytics_daily', 'cbd9be7d07474dea'),
  ('materialized_view', 'public.specialty_analytics_daily', 'dffe5ab0975554ea'),
  ('table', 'pgspec.cache_tags', '4150b0b2d222aadf'),
  ('table', 'pgspec.deployed_objects', 'e12627b13b639ac9'),
  ('table', 'public.cache_entries', '37617706afd13506'),
  ('table', 'public.cache_invalidation_queue', '561cffa08e253d19'),
  ('trigger', 'pgspec_cache_delete ON public.locations', '73ea4195ff09768b'),
  ('trigger', 'pgspec_cache_delete ON public.profiles', 'b7d9813dd72e4dbf'),
  ('trigger', 'pgspec_cache_delete ON public.services', '1695dad9d2ea45d4'),
  ('trigger', 'pgspec_cache_delete ON public.specialties', '86aeb6e37b559b09'),
  ('trigger', 'pgspec_cache_insert ON public.locations', '98f24cba106f9d8f'),
  ('trigger', 'pgspec_cache_insert ON public.profiles', '64709d24d1d2bb6c'),
  ('trigger', 'pgspec_cache_insert ON public.services', '1c00f6b43cf000bb'),
  ('trigger', 'pgspec_cache_insert ON public.specialties', '7f9822e4c3611b50'),
  ('trigger', 'pgspec_cache_truncate ON public.locations', '2fff86814869c95a'),
  ('trigger', 'pgspec_cache_truncate ON public.profiles', '494e274545fc1db5'),
  ('trigger', 'pgspec_cache_truncate ON public.services', '24eaca7573e770ce'),
  ('trigger', 'pgspec_cache_truncate ON public.specialties', '29d73c55249f5595'),
  ('trigger', 'pgspec_cache_update ON public.locations', 'f1f70d268756b521'),
  ('trigger', 'pgspec_cache_update ON public.profiles', 'c532711bd6728e49'),
  ('trigger', 'pgspec_cache_update ON public.services', '32f3ad69e89d60df'),
  ('trigger', 'pgspec_cache_update ON public.specialties', '944cd2ddf483d15e'),
  ('view', 'public.cache_invalidation_health', 'a73a53906bcb6d12')
) AS o (type, name, definition)
WHERE pgspec.fingerprint(o.type, o.name) IS NOT NULL
ON CONFLICT (type, name) DO UPDATE SET definition = EXCLUDED.definition, fingerprint = EXCLUDED.fingerprint;
END
$pgspec$;

RESET statement_timeout;
