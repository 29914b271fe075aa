-- pgspec migrate: marketplace, 20250901083000_cache_invalidation, after 20250823191011_performance_optimization_enhanced
-- create 3 tables, 34 functions, 1 view, 16 triggers, 5 indexes, 4 access lists
-- from specs/cache/locations.yaml, specs/cache/services.yaml, specs/cache/specialties.yaml, specs/cache/vendors.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- create table pgspec.cache_tags
CREATE TABLE pgspec.cache_tags (
  tag text PRIMARY KEY,
  version bigint NOT NULL
) WITH (fillfactor = 70);
REVOKE ALL ON TABLE pgspec.cache_tags FROM PUBLIC, anon, authenticated, service_role;

-- create access to pgspec.cache_tags
REVOKE ALL ON TABLE pgspec.cache_tags FROM PUBLIC, anon, authenticated, service_role;

-- create table public.cache_invalidation_queue
CREATE TABLE public.cache_invalidation_queue (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tag text NOT NULL CHECK (octet_length(tag) BETWEEN 1 AND 500),
  enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  visible_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at timestamptz,
  sealed boolean NOT NULL DEFAULT false,
  claim_token uuid,
  processed_at timestamptz,
  retry_count integer NOT NULL DEFAULT 0,
  max_retries integer NOT NULL DEFAULT 10,
  recheck_count integer NOT NULL DEFAULT 0,
  dead_at timestamptz,
  last_error text
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = false);
REVOKE ALL ON TABLE public.cache_invalidation_queue FROM PUBLIC, anon, authenticated, service_role;

-- create index public.cache_invalidation_queue_dead
CREATE INDEX cache_invalidation_queue_dead ON public.cache_invalidation_queue (tag) WHERE processed_at IS NULL AND dead_at IS NOT NULL;

-- create index public.cache_invalidation_queue_due
CREATE INDEX cache_invalidation_queue_due ON public.cache_invalidation_queue (visible_at, id) WHERE processed_at IS NULL AND dead_at IS NULL;

-- create index public.cache_invalidation_queue_joined
CREATE INDEX cache_invalidation_queue_joined ON public.cache_invalidation_queue (id) WHERE processed_at IS NULL AND closed_at IS NOT NULL AND NOT sealed;

-- create index public.cache_invalidation_queue_open
CREATE INDEX cache_invalidation_queue_open ON public.cache_invalidation_queue (tag, enqueued_at) WHERE closed_at IS NULL;

-- create access to public.cache_invalidation_queue
REVOKE ALL ON TABLE public.cache_invalidation_queue FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.cache_invalidation_queue TO service_role;

-- create function pgspec.enqueue_tags(text[], interval)
CREATE FUNCTION pgspec.enqueue_tags(tags text[], join_window interval) RETURNS integer
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

-- create function pgspec.cache_delete_public_locations()  [specs/cache/locations.yaml:2]
CREATE FUNCTION pgspec.cache_delete_public_locations() RETURNS trigger
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

-- create function pgspec.cache_delete_public_profiles()  [specs/cache/vendors.yaml:2]
CREATE FUNCTION pgspec.cache_delete_public_profiles() RETURNS trigger
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

-- create function pgspec.cache_delete_public_services()  [specs/cache/services.yaml:2]
CREATE FUNCTION pgspec.cache_delete_public_services() RETURNS trigger
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

-- create function pgspec.cache_delete_public_specialties()  [specs/cache/specialties.yaml:2]
CREATE FUNCTION pgspec.cache_delete_public_specialties() RETURNS trigger
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

-- create function pgspec.cache_insert_public_locations()  [specs/cache/locations.yaml:2]
CREATE FUNCTION pgspec.cache_insert_public_locations() RETURNS trigger
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

-- create function pgspec.cache_insert_public_profiles()  [specs/cache/vendors.yaml:2]
CREATE FUNCTION pgspec.cache_insert_public_profiles() RETURNS trigger
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

-- create function pgspec.cache_insert_public_services()  [specs/cache/services.yaml:2]
CREATE FUNCTION pgspec.cache_insert_public_services() RETURNS trigger
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

-- create function pgspec.cache_insert_public_specialties()  [specs/cache/specialties.yaml:2]
CREATE FUNCTION pgspec.cache_insert_public_specialties() RETURNS trigger
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

-- create function pgspec.cache_truncate_public_locations()  [specs/cache/locations.yaml:2]
CREATE FUNCTION pgspec.cache_truncate_public_locations() RETURNS trigger
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

-- create function pgspec.cache_truncate_public_profiles()  [specs/cache/vendors.yaml:2]
CREATE FUNCTION pgspec.cache_truncate_public_profiles() RETURNS trigger
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

-- create function pgspec.cache_truncate_public_services()  [specs/cache/services.yaml:2]
CREATE FUNCTION pgspec.cache_truncate_public_services() RETURNS trigger
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

-- create function pgspec.cache_truncate_public_specialties()  [specs/cache/specialties.yaml:2]
CREATE FUNCTION pgspec.cache_truncate_public_specialties() RETURNS trigger
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

-- create function pgspec.cache_update_public_locations()  [specs/cache/locations.yaml:2]
CREATE FUNCTION pgspec.cache_update_public_locations() RETURNS trigger
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

-- create function pgspec.cache_update_public_profiles()  [specs/cache/vendors.yaml:2]
CREATE FUNCTION pgspec.cache_update_public_profiles() RETURNS trigger
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

-- create function pgspec.cache_update_public_services()  [specs/cache/services.yaml:2]
CREATE FUNCTION pgspec.cache_update_public_services() RETURNS trigger
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

-- create function pgspec.cache_update_public_specialties()  [specs/cache/specialties.yaml:2]
CREATE FUNCTION pgspec.cache_update_public_specialties() RETURNS trigger
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

-- create function pgspec.invalidate_tags(text[])
CREATE FUNCTION pgspec.invalidate_tags(tags text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = on
AS $function$
-- New versions make every entry with one of the tags, or with a tag below a wildcard, invalid; deleting them is for space.
BEGIN
  INSERT INTO pgspec.cache_tags AS c (tag, version)
  SELECT t.tag, 1 FROM unnest(tags) AS t (tag) ORDER BY t.tag
  ON CONFLICT (tag) DO UPDATE SET version = c.version + 1;
  IF EXISTS (SELECT FROM public.cache_entries) THEN
    DELETE FROM public.cache_entries AS d WHERE d.key IN (
      SELECT e.key FROM public.cache_entries AS e WHERE e.lookup_tags && tags FOR UPDATE SKIP LOCKED);
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.invalidate_tags(text[]) FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.joined_rows(boolean)
CREATE FUNCTION pgspec.joined_rows(own boolean) RETURNS bigint[]
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- The numbers of the rows that transactions in flight have joined; those of prepared transactions have no pid.
  SELECT coalesce(array_agg(DISTINCT l.objid::bigint), '{}')
  FROM pg_locks AS l
  WHERE l.locktype = 'advisory' AND l.classid = 1885827952 AND l.objsubid = 2 AND l.granted
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    AND (own OR l.pid IS DISTINCT FROM pg_backend_pid())
$function$;
REVOKE ALL ON FUNCTION pgspec.joined_rows(boolean) FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.settle_dead(text[], timestamptz)
CREATE FUNCTION pgspec.settle_dead(tags text[], began timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
-- An invalidation that began at `began` or later makes good for rows of the same tags that were given up before.  One that
-- began earlier may have told the cache before the write that is to be made good for.
BEGIN
  IF EXISTS (SELECT FROM public.cache_invalidation_queue AS q WHERE q.dead_at IS NOT NULL AND q.processed_at IS NULL) THEN
    UPDATE public.cache_invalidation_queue AS q SET processed_at = clock_timestamp()
    WHERE q.id IN (
      SELECT d.id FROM public.cache_invalidation_queue AS d
      WHERE d.dead_at IS NOT NULL AND d.processed_at IS NULL AND d.dead_at < began AND d.tag = ANY (tags)
      FOR UPDATE SKIP LOCKED);  -- whoever holds it is making good for it, or will retry it
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.settle_dead(text[], timestamptz) FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.tag_and_wildcards(text)
CREATE FUNCTION pgspec.tag_and_wildcards(tag text) RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- a:b:c -> a:b:c, *, a:*, a:b:*
  SELECT ARRAY[tag] || ARRAY(
    SELECT array_to_string((string_to_array(tag, ':'))[1:n], ':') || CASE WHEN n = 0 THEN '*' ELSE ':*' END
    FROM generate_series(0, least(cardinality(string_to_array(tag, ':')), 8) - 1) AS n)
$function$;
REVOKE ALL ON FUNCTION pgspec.tag_and_wildcards(text) FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.storable_tag(text)
CREATE FUNCTION pgspec.storable_tag(tag text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- The tag, or the nearest wildcard that covers it when it is too long for an index.
  SELECT CASE WHEN octet_length(tag) <= 500 THEN tag ELSE (
    SELECT w.tag FROM unnest(pgspec.tag_and_wildcards(tag)) WITH ORDINALITY AS w (tag, position)
    WHERE w.position > 1 AND octet_length(w.tag) <= 500 ORDER BY w.position DESC LIMIT 1) END
$function$;
REVOKE ALL ON FUNCTION pgspec.storable_tag(text) FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.tags_and_wildcards(text[])
CREATE FUNCTION pgspec.tags_and_wildcards(tags text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- A tag that is too long for an index is never in the queue: its wildcard is.
  SELECT ARRAY(SELECT DISTINCT w FROM unnest(tags) AS t, unnest(pgspec.tag_and_wildcards(t))
    AS w WHERE octet_length(w) <= 500 ORDER BY w)
$function$;
REVOKE ALL ON FUNCTION pgspec.tags_and_wildcards(text[]) FROM PUBLIC, anon, authenticated, service_role;

-- create table public.cache_entries
CREATE UNLOGGED TABLE public.cache_entries (
  key text PRIMARY KEY,
  value jsonb NOT NULL,
  invalidation_tags text[] NOT NULL,
  tag_versions bigint[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz,
  lookup_tags text[] GENERATED ALWAYS AS (pgspec.tags_and_wildcards(invalidation_tags)) STORED
);
REVOKE ALL ON TABLE public.cache_entries FROM PUBLIC, anon, authenticated, service_role;

-- create index public.cache_entries_lookup_tags
CREATE INDEX cache_entries_lookup_tags ON public.cache_entries USING gin (lookup_tags);

-- create access to public.cache_entries
REVOKE ALL ON TABLE public.cache_entries FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.cache_entries TO service_role;

-- create function pgspec.wake_joined(timestamptz)
CREATE FUNCTION pgspec.wake_joined(moment timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
-- A closed row waits for the transactions that have joined it; when the last has ended, it is due at once.
BEGIN
  PERFORM FROM public.cache_invalidation_queue AS q
  WHERE q.processed_at IS NULL AND q.closed_at IS NOT NULL AND NOT q.sealed LIMIT 1;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  WITH held AS MATERIALIZED (SELECT pgspec.joined_rows(true) AS numbers)
  UPDATE public.cache_invalidation_queue AS q SET visible_at = moment
  WHERE q.id IN (
    SELECT w.id FROM public.cache_invalidation_queue AS w CROSS JOIN held
    WHERE w.processed_at IS NULL AND w.closed_at IS NOT NULL AND NOT w.sealed
      AND w.claim_token IS NULL AND w.retry_count = 0 AND w.visible_at > moment
      AND (w.id & 2147483647) <> ALL (held.numbers)
    FOR UPDATE OF w SKIP LOCKED);
END
$function$;
REVOKE ALL ON FUNCTION pgspec.wake_joined(timestamptz) FROM PUBLIC, anon, authenticated, service_role;

-- create function public.ack_cache_invalidations(uuid, bigint[])
CREATE FUNCTION public.ack_cache_invalidations(token uuid, ids bigint[]) RETURNS integer
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

-- create function public.cache_put(text, jsonb, text[], bigint[], interval)
CREATE FUNCTION public.cache_put(key text, value jsonb, tags text[], versions bigint[], ttl interval DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
-- Stores a value that was read after `versions` were taken by cache_tag_versions(tags).  Returns false, and stores nothing,
-- when one of the tags was invalidated since, or when somebody else has the entry in hand: it never waits.
#variable_conflict use_column
DECLARE
  ends timestamptz := clock_timestamp() + ttl;
BEGIN
  IF cardinality(tags) <> cardinality(versions) THEN
    RAISE EXCEPTION 'cache_put got % tags and % versions', cardinality(tags), cardinality(versions)
      USING ERRCODE = '22023', HINT = 'versions is what cache_tag_versions(tags) returned before the data was read';
  END IF;
  IF versions IS DISTINCT FROM public.cache_tag_versions(tags)
    OR NOT pg_try_advisory_xact_lock(1885827952 + 1, hashtext(cache_put.key)) THEN
    RETURN false;
  END IF;
  PERFORM FROM public.cache_entries AS e WHERE e.key = cache_put.key FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    UPDATE public.cache_entries AS e
    SET value = cache_put.value, invalidation_tags = tags, tag_versions = versions, created_at = clock_timestamp(), expires_at = ends
    WHERE e.key = cache_put.key;
  ELSIF EXISTS (SELECT FROM public.cache_entries AS e WHERE e.key = cache_put.key) THEN
    RETURN false;
  ELSE
    INSERT INTO public.cache_entries (key, value, invalidation_tags, tag_versions, expires_at)
    VALUES (cache_put.key, cache_put.value, tags, versions, ends) ON CONFLICT (key) DO NOTHING;
  END IF;
  RETURN FOUND;
END
$function$;
REVOKE ALL ON FUNCTION public.cache_put(text, jsonb, text[], bigint[], interval) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.cache_put(text, jsonb, text[], bigint[], interval) TO service_role;

-- create function public.cache_tag_versions(text[])
CREATE FUNCTION public.cache_tag_versions(tags text[]) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
  -- One number for each tag, which grows with every invalidation of the tag or of a wildcard above it.
  SELECT coalesce(array_agg((
    SELECT coalesce(sum(c.version), 0)::bigint FROM pgspec.cache_tags AS c
    WHERE c.tag = ANY (pgspec.tag_and_wildcards(t.tag))) ORDER BY t.position), '{}')
  FROM unnest(tags) WITH ORDINALITY AS t (tag, position)
$function$;
REVOKE ALL ON FUNCTION public.cache_tag_versions(text[]) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.cache_tag_versions(text[]) TO service_role;

-- create function public.cache_get(text)
CREATE FUNCTION public.cache_get(key text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
  -- The value, or NULL when there is none, it has expired, or one of its tags was invalidated after its versions were taken.
  SELECT e.value FROM public.cache_entries AS e
  WHERE e.key = cache_get.key AND (e.expires_at IS NULL OR e.expires_at > clock_timestamp())
    AND e.tag_versions = public.cache_tag_versions(e.invalidation_tags)
$function$;
REVOKE ALL ON FUNCTION public.cache_get(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.cache_get(text) TO service_role;

-- create function public.claim_cache_invalidations(integer, integer)
CREATE FUNCTION public.claim_cache_invalidations(batch_size integer DEFAULT 100, lease_seconds integer DEFAULT 60) RETURNS TABLE (token uuid, tag text, ids bigint[])
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
-- Due rows under a lease, grouped by tag, for a worker that invalidates a cache elsewhere and then calls
-- ack_cache_invalidations or fail_cache_invalidations.  Commit before the cache is told.  The token is the same in every row
-- of one call, so that one ack can do for all.
#variable_conflict use_column
DECLARE
  places tid[];
  held bigint[];
  lease uuid := gen_random_uuid();
  moment timestamptz := clock_timestamp();
  -- Inside a transaction that has written, the cache would be told before the write is visible: nothing is sealed.
  dirty boolean := pg_current_xact_id_if_assigned() IS NOT NULL;
BEGIN
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'cache invalidations are claimed in READ COMMITTED transactions only'
      USING ERRCODE = '25001', HINT = 'SET default_transaction_isolation = ''read committed''';
  END IF;
  PERFORM pgspec.wake_joined(moment);
  SELECT array_agg(due.place) INTO places FROM (
    SELECT q.ctid AS place FROM public.cache_invalidation_queue AS q
    WHERE q.processed_at IS NULL AND q.dead_at IS NULL AND q.visible_at <= moment
    ORDER BY q.visible_at, q.id LIMIT batch_size FOR UPDATE SKIP LOCKED) AS due;
  IF places IS NULL THEN
    RETURN;
  END IF;
  held := pgspec.joined_rows(true);  -- after the rows are locked
  RETURN QUERY
  WITH claimed AS (
    UPDATE public.cache_invalidation_queue AS q
    SET closed_at = coalesce(q.closed_at, moment),
        sealed = q.sealed OR (NOT dirty AND (q.id & 2147483647) <> ALL (held)),
        -- a lease that ran out is a failure: its worker is dead or slow
        retry_count = q.retry_count + CASE WHEN q.claim_token IS NULL THEN 0 ELSE 1 END,
        last_error = CASE WHEN q.claim_token IS NULL THEN q.last_error ELSE 'the lease ran out' END,
        dead_at = CASE WHEN q.claim_token IS NOT NULL AND q.sealed AND q.retry_count + 1 >= q.max_retries THEN moment END,
        claim_token = lease,
        visible_at = moment + make_interval(secs => lease_seconds)
    WHERE q.ctid = ANY (places)  -- nobody moves a row that is locked
    RETURNING q.id, q.tag, q.dead_at)
  SELECT lease, c.tag, array_agg(c.id) FROM claimed AS c WHERE c.dead_at IS NULL GROUP BY c.tag;
END
$function$;
REVOKE ALL ON FUNCTION public.claim_cache_invalidations(integer, integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.claim_cache_invalidations(integer, integer) TO service_role;

-- create function public.cleanup_cache_invalidation_queue(interval, integer)
CREATE FUNCTION public.cleanup_cache_invalidation_queue(keep interval DEFAULT '1 day', max_rows integer DEFAULT 10000) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
-- Forgets what is done: rows processed longer than `keep` ago, and cache entries that nobody can get any more.
-- Returns how many queue rows it deleted, at most max_rows.
DECLARE
  number integer;
BEGIN
  DELETE FROM public.cache_invalidation_queue AS d WHERE d.id IN (
    SELECT q.id FROM public.cache_invalidation_queue AS q
    WHERE q.processed_at < clock_timestamp() - keep LIMIT max_rows FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS number = ROW_COUNT;
  DELETE FROM public.cache_entries AS d WHERE d.key IN (
    SELECT e.key FROM public.cache_entries AS e
    WHERE e.expires_at <= clock_timestamp()
      OR e.tag_versions <> public.cache_tag_versions(e.invalidation_tags)
    LIMIT max_rows FOR UPDATE SKIP LOCKED);
  RETURN number;
END
$function$;
REVOKE ALL ON FUNCTION public.cleanup_cache_invalidation_queue(interval, integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.cleanup_cache_invalidation_queue(interval, integer) TO service_role;

-- create function public.drain_cache_invalidation_queue(integer, integer)
CREATE FUNCTION public.drain_cache_invalidation_queue(batch_size integer DEFAULT 100, max_seconds integer DEFAULT 60) RETURNS integer
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

-- create function public.enqueue_cache_invalidation(text, integer)
CREATE FUNCTION public.enqueue_cache_invalidation(tag text, window_minutes integer DEFAULT 1) RETURNS void
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

-- create function public.fail_cache_invalidations(uuid, bigint[], text)
CREATE FUNCTION public.fail_cache_invalidations(token uuid, ids bigint[], error text) RETURNS integer
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

-- create function public.retry_dead_cache_invalidations()
CREATE FUNCTION public.retry_dead_cache_invalidations() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $function$
-- Gives every dead row another round of retries; call it when the cache is back.  Returns how many.
DECLARE
  number integer;
BEGIN
  UPDATE public.cache_invalidation_queue AS q
  SET dead_at = NULL, claim_token = NULL, retry_count = 0, visible_at = clock_timestamp()
  WHERE q.dead_at IS NOT NULL AND q.processed_at IS NULL;
  GET DIAGNOSTICS number = ROW_COUNT;
  RETURN number;
END
$function$;
REVOKE ALL ON FUNCTION public.retry_dead_cache_invalidations() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.retry_dead_cache_invalidations() TO service_role;

-- create view public.cache_invalidation_health
CREATE VIEW public.cache_invalidation_health AS
SELECT count(*) AS total,
  count(*) FILTER (WHERE q.processed_at IS NULL AND q.dead_at IS NULL) AS pending,
  count(*) FILTER (WHERE q.processed_at IS NULL AND q.dead_at IS NULL AND q.visible_at <= clock_timestamp()) AS due,
  count(*) FILTER (WHERE q.claim_token IS NOT NULL AND q.dead_at IS NULL AND q.visible_at > clock_timestamp()) AS leased,
  count(*) FILTER (WHERE q.processed_at IS NULL AND q.dead_at IS NULL AND q.closed_at IS NOT NULL AND NOT q.sealed) AS joined,
  count(*) FILTER (WHERE q.processed_at IS NULL AND q.retry_count > 0) AS retried,
  count(*) FILTER (WHERE q.processed_at IS NULL AND q.dead_at IS NOT NULL) AS dead,
  coalesce(avg(clock_timestamp() - q.enqueued_at) FILTER (WHERE q.processed_at IS NULL AND q.dead_at IS NULL), interval '0') AS average_age,
  coalesce(max(clock_timestamp() - q.enqueued_at) FILTER (WHERE q.processed_at IS NULL AND q.dead_at IS NULL), interval '0') AS greatest_age
FROM public.cache_invalidation_queue AS q;

-- create access to public.cache_invalidation_health
REVOKE ALL ON TABLE public.cache_invalidation_health FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.cache_invalidation_health TO service_role;

-- create trigger pgspec_cache_delete ON public.locations  [specs/cache/locations.yaml:2]
CREATE TRIGGER pgspec_cache_delete AFTER DELETE ON public.locations
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_delete_public_locations();

-- create trigger pgspec_cache_delete ON public.profiles  [specs/cache/vendors.yaml:2]
CREATE TRIGGER pgspec_cache_delete AFTER DELETE ON public.profiles
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_delete_public_profiles();

-- create trigger pgspec_cache_delete ON public.services  [specs/cache/services.yaml:2]
CREATE TRIGGER pgspec_cache_delete AFTER DELETE ON public.services
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_delete_public_services();

-- create trigger pgspec_cache_delete ON public.specialties  [specs/cache/specialties.yaml:2]
CREATE TRIGGER pgspec_cache_delete AFTER DELETE ON public.specialties
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_delete_public_specialties();

-- create trigger pgspec_cache_insert ON public.locations  [specs/cache/locations.yaml:2]
CREATE TRIGGER pgspec_cache_insert AFTER INSERT ON public.locations
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_insert_public_locations();

-- create trigger pgspec_cache_insert ON public.profiles  [specs/cache/vendors.yaml:2]
CREATE TRIGGER pgspec_cache_insert AFTER INSERT ON public.profiles
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_insert_public_profiles();

-- create trigger pgspec_cache_insert ON public.services  [specs/cache/services.yaml:2]
CREATE TRIGGER pgspec_cache_insert AFTER INSERT ON public.services
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_insert_public_services();

-- create trigger pgspec_cache_insert ON public.specialties  [specs/cache/specialties.yaml:2]
CREATE TRIGGER pgspec_cache_insert AFTER INSERT ON public.specialties
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_insert_public_specialties();

-- create trigger pgspec_cache_truncate ON public.locations  [specs/cache/locations.yaml:2]
CREATE TRIGGER pgspec_cache_truncate BEFORE TRUNCATE ON public.locations
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_truncate_public_locations();

-- create trigger pgspec_cache_truncate ON public.profiles  [specs/cache/vendors.yaml:2]
CREATE TRIGGER pgspec_cache_truncate BEFORE TRUNCATE ON public.profiles
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_truncate_public_profiles();

-- create trigger pgspec_cache_truncate ON public.services  [specs/cache/services.yaml:2]
CREATE TRIGGER pgspec_cache_truncate BEFORE TRUNCATE ON public.services
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_truncate_public_services();

-- create trigger pgspec_cache_truncate ON public.specialties  [specs/cache/specialties.yaml:2]
CREATE TRIGGER pgspec_cache_truncate BEFORE TRUNCATE ON public.specialties
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_truncate_public_specialties();

-- create trigger pgspec_cache_update ON public.locations  [specs/cache/locations.yaml:2]
CREATE TRIGGER pgspec_cache_update AFTER UPDATE ON public.locations
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_update_public_locations();

-- create trigger pgspec_cache_update ON public.profiles  [specs/cache/vendors.yaml:2]
CREATE TRIGGER pgspec_cache_update AFTER UPDATE ON public.profiles
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_update_public_profiles();

-- create trigger pgspec_cache_update ON public.services  [specs/cache/services.yaml:2]
CREATE TRIGGER pgspec_cache_update AFTER UPDATE ON public.services
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_update_public_services();

-- create trigger pgspec_cache_update ON public.specialties  [specs/cache/specialties.yaml:2]
CREATE TRIGGER pgspec_cache_update AFTER UPDATE ON public.specialties
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_update_public_specialties();

-- What verify.sql compares with: the server's own text of what was made.
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
  ('index', 'public.cache_entries_lookup_tags', 'f46047d8b206e56f'),
  ('index', 'public.cache_invalidation_queue_dead', '1116f3b2103ab22e'),
  ('index', 'public.cache_invalidation_queue_due', 'cae7a0d7d03d78c9'),
  ('index', 'public.cache_invalidation_queue_joined', '499dc0f2fafedee3'),
  ('index', 'public.cache_invalidation_queue_open', '295c8539199213a4'),
  ('table', 'pgspec.cache_tags', '4150b0b2d222aadf'),
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
ON CONFLICT (type, name) DO UPDATE SET definition = EXCLUDED.definition, fingerprint = EXCLUDED.fingerprint;
END
$pgspec$;

RESET statement_timeout;
