-- pgspec marketplace: everything that the specs describe
-- 1 schema, 4 tables, 35 functions, 1 view, 7 materialized views, 16 triggers, 19 indexes, 7 comments, 11 access lists
-- from specs/cache/locations.yaml, specs/cache/services.yaml, specs/cache/specialties.yaml, specs/cache/vendors.yaml, specs/views/api_metrics_5m.yaml, specs/views/api_metrics_hourly_enhanced.yaml, specs/views/geographic_analytics_daily.yaml, specs/views/performance_analytics_5min.yaml and 3 more

-- create schema pgspec
CREATE SCHEMA pgspec;
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, authenticated, service_role;

-- create table pgspec.cache_tags
CREATE TABLE pgspec.cache_tags (
  tag text PRIMARY KEY,
  version bigint NOT NULL
) WITH (fillfactor = 70);
REVOKE ALL ON TABLE pgspec.cache_tags FROM PUBLIC, anon, authenticated, service_role;

-- create access to pgspec.cache_tags
REVOKE ALL ON TABLE pgspec.cache_tags FROM PUBLIC, anon, authenticated, service_role;

-- create table pgspec.deployed_objects
CREATE TABLE pgspec.deployed_objects (
  type text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  fingerprint text NOT NULL,
  PRIMARY KEY (type, name)
);
REVOKE ALL ON TABLE pgspec.deployed_objects FROM PUBLIC, anon, authenticated, service_role;

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

-- create function pgspec.fingerprint(text, text)
CREATE FUNCTION pgspec.fingerprint(type text, name text) RETURNS text
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

-- create materialized view public.api_metrics_5m  [specs/views/api_metrics_5m.yaml:2]
CREATE MATERIALIZED VIEW public.api_metrics_5m AS
WITH classified AS (
    SELECT date_bin('5 minutes', r.created_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS bucket,
           r.endpoint,
           r.method,
           r.status_code,
           r.response_time_ms,
           r.cache_hit,
           r.database_queries,
           ceil(4 * ln(greatest(r.response_time_ms, 1)) / ln(2::double precision))::integer AS latency_class
    FROM public.api_requests r
), histogram AS (
    SELECT h.bucket,
           h.endpoint,
           h.method,
           array_agg(h.latency_class ORDER BY h.latency_class) AS latency_classes,
           array_agg(h.requests ORDER BY h.latency_class) AS latency_counts
    FROM (
        SELECT c.bucket, c.endpoint, c.method, c.latency_class, count(*) AS requests
        FROM classified c
        WHERE c.response_time_ms IS NOT NULL
        GROUP BY c.bucket, c.endpoint, c.method, c.latency_class
    ) h
    GROUP BY h.bucket, h.endpoint, h.method
), totals AS (
    SELECT c.bucket,
           c.endpoint,
           c.method,
           count(*) AS requests,
           count(*) FILTER (WHERE c.status_code >= 400) AS errors,
           count(*) FILTER (WHERE c.status_code >= 500) AS server_errors,
           count(c.cache_hit) AS cache_lookups,
           count(*) FILTER (WHERE c.cache_hit) AS cache_hits,
           count(c.database_queries) AS counted_requests,
           coalesce(sum(c.database_queries), 0) AS database_queries,
           count(c.response_time_ms) AS timed_requests,
           -- As numeric, whose sum does not depend on the order of the rows.
           coalesce(sum(c.response_time_ms::numeric), 0) AS total_ms,
           max(c.response_time_ms) AS max_ms,
           -- Exact, for alerts on the last minutes; never to be averaged or added up.
           percentile_disc(0.5) WITHIN GROUP (ORDER BY c.response_time_ms) AS p50_ms,
           percentile_disc(0.95) WITHIN GROUP (ORDER BY c.response_time_ms) AS p95_ms
    FROM classified c
    GROUP BY c.bucket, c.endpoint, c.method
)
SELECT t.bucket,
       t.endpoint,
       t.method,
       t.requests,
       t.errors,
       t.server_errors,
       t.cache_lookups,
       t.cache_hits,
       t.counted_requests,
       t.database_queries,
       t.timed_requests,
       t.total_ms,
       t.max_ms,
       t.p50_ms,
       t.p95_ms,
       coalesce(h.latency_classes, '{}') AS latency_classes,
       coalesce(h.latency_counts, '{}') AS latency_counts
FROM totals t
LEFT JOIN histogram h ON h.bucket = t.bucket AND h.endpoint = t.endpoint AND h.method = t.method
WITH DATA;

-- create index public.api_metrics_5m_endpoint_bucket_idx  [specs/views/api_metrics_5m.yaml:6]
CREATE INDEX api_metrics_5m_endpoint_bucket_idx ON public.api_metrics_5m (endpoint, bucket);

-- create index public.idx_api_metrics_5m_unique  [specs/views/api_metrics_5m.yaml:4]
CREATE UNIQUE INDEX idx_api_metrics_5m_unique ON public.api_metrics_5m (bucket, endpoint, method);

-- create comment on public.api_metrics_5m  [specs/views/api_metrics_5m.yaml:3]
COMMENT ON MATERIALIZED VIEW public.api_metrics_5m IS 'Counts, sums and a latency histogram of each endpoint every five minutes; made to be added up.';

-- create access to public.api_metrics_5m  [specs/views/api_metrics_5m.yaml:82]
REVOKE ALL ON TABLE public.api_metrics_5m FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.api_metrics_5m TO service_role;

-- create materialized view public.api_metrics_hourly_enhanced  [specs/views/api_metrics_hourly_enhanced.yaml:2]
CREATE MATERIALIZED VIEW public.api_metrics_hourly_enhanced AS
WITH totals AS (
    SELECT date_bin('1 hour', m.bucket, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS hour,
           m.endpoint,
           m.method,
           sum(m.requests)::bigint AS requests,
           sum(m.errors)::bigint AS errors,
           sum(m.server_errors)::bigint AS server_errors,
           sum(m.cache_lookups)::bigint AS cache_lookups,
           sum(m.cache_hits)::bigint AS cache_hits,
           sum(m.counted_requests)::bigint AS counted_requests,
           sum(m.database_queries)::bigint AS database_queries,
           sum(m.timed_requests)::bigint AS timed_requests,
           sum(m.total_ms) AS total_ms,
           max(m.max_ms) AS max_ms,
           max(m.requests) AS busiest_five_minutes
    FROM public.api_metrics_5m m
    GROUP BY hour, m.endpoint, m.method
), histogram AS (
    SELECT date_bin('1 hour', m.bucket, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS hour,
           m.endpoint,
           m.method,
           h.latency_class,
           sum(h.requests) AS requests
    FROM public.api_metrics_5m m
    CROSS JOIN LATERAL unnest(m.latency_classes, m.latency_counts) AS h (latency_class, requests)
    GROUP BY hour, m.endpoint, m.method, h.latency_class
), ranked AS (
    SELECT h.hour,
           h.endpoint,
           h.method,
           power(2::double precision, h.latency_class / 4.0::double precision) AS upper_ms,
           sum(h.requests) OVER (PARTITION BY h.hour, h.endpoint, h.method ORDER BY h.latency_class) AS up_to_here,
           sum(h.requests) OVER (PARTITION BY h.hour, h.endpoint, h.method) AS timed_requests
    FROM histogram h
), percentiles AS (
    SELECT r.hour,
           r.endpoint,
           r.method,
           min(r.upper_ms) FILTER (WHERE r.up_to_here >= 0.50 * r.timed_requests) AS p50_ms,
           min(r.upper_ms) FILTER (WHERE r.up_to_here >= 0.95 * r.timed_requests) AS p95_ms,
           min(r.upper_ms) FILTER (WHERE r.up_to_here >= 0.99 * r.timed_requests) AS p99_ms
    FROM ranked r
    GROUP BY r.hour, r.endpoint, r.method
)
SELECT t.hour,
       t.endpoint,
       t.method,
       t.requests,
       t.errors,
       round(t.server_errors::numeric / t.requests, 4) AS error_rate,
       round(t.cache_hits::numeric / nullif(t.cache_lookups, 0), 4) AS cache_hit_rate,
       round(t.database_queries::numeric / nullif(t.counted_requests, 0), 2) AS avg_database_queries,
       t.busiest_five_minutes,
       round(t.total_ms / nullif(t.timed_requests, 0), 3) AS avg_ms,
       -- The slowest request is known exactly, and no percentile is above it.
       least(p.p50_ms, t.max_ms) AS p50_ms,
       least(p.p95_ms, t.max_ms) AS p95_ms,
       least(p.p99_ms, t.max_ms) AS p99_ms,
       t.max_ms
FROM totals t
LEFT JOIN percentiles p ON p.hour = t.hour AND p.endpoint = t.endpoint AND p.method = t.method
WITH DATA;

-- create index public.api_metrics_hourly_enhanced_endpoint_hour_idx  [specs/views/api_metrics_hourly_enhanced.yaml:6]
CREATE INDEX api_metrics_hourly_enhanced_endpoint_hour_idx ON public.api_metrics_hourly_enhanced (endpoint, hour);

-- create index public.idx_api_metrics_hourly_enhanced_unique  [specs/views/api_metrics_hourly_enhanced.yaml:4]
CREATE UNIQUE INDEX idx_api_metrics_hourly_enhanced_unique ON public.api_metrics_hourly_enhanced (hour, endpoint, method);

-- create comment on public.api_metrics_hourly_enhanced  [specs/views/api_metrics_hourly_enhanced.yaml:3]
COMMENT ON MATERIALIZED VIEW public.api_metrics_hourly_enhanced IS 'The five-minute metrics added up by hour, with percentiles from the merged latency histograms.';

-- create access to public.api_metrics_hourly_enhanced  [specs/views/api_metrics_hourly_enhanced.yaml:78]
REVOKE ALL ON TABLE public.api_metrics_hourly_enhanced FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.api_metrics_hourly_enhanced TO service_role;

-- create materialized view public.geographic_analytics_daily  [specs/views/geographic_analytics_daily.yaml:2]
CREATE MATERIALIZED VIEW public.geographic_analytics_daily AS
WITH facts AS (
    SELECT (s.created_at AT TIME ZONE 'UTC')::date AS date, s.location_id, 'search' AS fact, NULL::numeric AS money
    FROM public.search_events s
    UNION ALL
    SELECT (e.created_at AT TIME ZONE 'UTC')::date, e.location_id, e.event_type, NULL
    FROM public.provider_events e
    UNION ALL
    SELECT (b.created_at AT TIME ZONE 'UTC')::date, b.location_id, 'booking_requested', NULL
    FROM public.bookings b
    UNION ALL
    SELECT (b.completed_at AT TIME ZONE 'UTC')::date, b.location_id, 'booking_completed', b.amount - b.refunded_amount
    FROM public.bookings b
    WHERE b.completed_at IS NOT NULL
), placed AS (
    SELECT f.date,
           coalesce(nullif(btrim(l.city), ''), '(unknown)') AS city,
           coalesce(nullif(btrim(l.state), ''), '(none)') AS state,
           coalesce(l.country, '(unknown)') AS country,
           f.fact,
           f.money
    FROM facts f
    LEFT JOIN public.locations l ON l.id = f.location_id
)
SELECT p.date,
       p.city,
       p.state,
       p.country,
       count(*) FILTER (WHERE p.fact = 'search') AS searches,
       count(*) FILTER (WHERE p.fact = 'profile_view') AS profile_views,
       count(*) FILTER (WHERE p.fact = 'contact_click') AS contact_clicks,
       count(*) FILTER (WHERE p.fact = 'booking_requested') AS bookings_requested,
       count(*) FILTER (WHERE p.fact = 'booking_completed') AS bookings_completed,
       coalesce(sum(p.money), 0) AS revenue,
       round(count(*) FILTER (WHERE p.fact = 'booking_requested')::numeric
             / nullif(count(*) FILTER (WHERE p.fact = 'search'), 0), 4) AS conversion_rate
FROM placed p
GROUP BY p.date, p.city, p.state, p.country
WITH DATA;

-- create index public.geographic_analytics_daily_country_state_city_idx  [specs/views/geographic_analytics_daily.yaml:6]
CREATE INDEX geographic_analytics_daily_country_state_city_idx ON public.geographic_analytics_daily (country, state, city);

-- create index public.idx_geographic_analytics_unique  [specs/views/geographic_analytics_daily.yaml:4]
CREATE UNIQUE INDEX idx_geographic_analytics_unique ON public.geographic_analytics_daily (date, city, state, country);

-- create comment on public.geographic_analytics_daily  [specs/views/geographic_analytics_daily.yaml:3]
COMMENT ON MATERIALIZED VIEW public.geographic_analytics_daily IS 'Searches, visits and bookings by place and UTC day.';

-- create access to public.geographic_analytics_daily  [specs/views/geographic_analytics_daily.yaml:53]
REVOKE ALL ON TABLE public.geographic_analytics_daily FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.geographic_analytics_daily TO service_role;

-- create materialized view public.performance_analytics_5min  [specs/views/performance_analytics_5min.yaml:2]
CREATE MATERIALIZED VIEW public.performance_analytics_5min AS
SELECT date_bin('5 minutes', r.created_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS five_minute_bucket,
       r.endpoint,
       r.method,
       count(*) AS requests,
       count(*) FILTER (WHERE r.status_code >= 400) AS errors,
       count(*) FILTER (WHERE r.status_code >= 500) AS server_errors,
       round(count(*) FILTER (WHERE r.status_code >= 500)::numeric / count(*), 4) AS error_rate,
       -- Rounded, because the last digits of a float's average depend on the order of the rows.
       round(avg(r.response_time_ms)::numeric, 3) AS avg_ms,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY r.response_time_ms) AS p50_ms,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY r.response_time_ms) AS p95_ms,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY r.response_time_ms) AS p99_ms,
       max(r.response_time_ms) AS max_ms,
       -- Requests that cannot be cached have no say in the hit rate: cache_hit is NULL for them.
       round(count(*) FILTER (WHERE r.cache_hit)::numeric / nullif(count(r.cache_hit), 0), 4) AS cache_hit_rate,
       round(avg(r.database_queries), 2) AS avg_database_queries
FROM public.api_requests r
GROUP BY five_minute_bucket, r.endpoint, r.method
WITH DATA;

-- create index public.idx_performance_5min_unique  [specs/views/performance_analytics_5min.yaml:4]
CREATE UNIQUE INDEX idx_performance_5min_unique ON public.performance_analytics_5min (five_minute_bucket, endpoint, method);

-- create index public.performance_analytics_5min_endpoint_five_minute_bucket_idx  [specs/views/performance_analytics_5min.yaml:6]
CREATE INDEX performance_analytics_5min_endpoint_five_minute_bucket_idx ON public.performance_analytics_5min (endpoint, five_minute_bucket);

-- create comment on public.performance_analytics_5min  [specs/views/performance_analytics_5min.yaml:3]
COMMENT ON MATERIALIZED VIEW public.performance_analytics_5min IS 'Exact latency percentiles, errors and cache hits of each endpoint, every five minutes.';

-- create access to public.performance_analytics_5min  [specs/views/performance_analytics_5min.yaml:31]
REVOKE ALL ON TABLE public.performance_analytics_5min FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.performance_analytics_5min TO service_role;

-- create materialized view public.performance_analytics_hourly  [specs/views/performance_analytics_hourly.yaml:2]
CREATE MATERIALIZED VIEW public.performance_analytics_hourly AS
SELECT date_bin('1 hour', r.created_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS hour,
       r.endpoint,
       r.method,
       count(*) AS requests,
       count(*) FILTER (WHERE r.status_code BETWEEN 400 AND 499) AS client_errors,
       count(*) FILTER (WHERE r.status_code >= 500) AS server_errors,
       round(count(*) FILTER (WHERE r.status_code >= 500)::numeric / count(*), 4) AS error_rate,
       mode() WITHIN GROUP (ORDER BY r.status_code) AS usual_status,
       -- Rounded, because the last digits of a float's average depend on the order of the rows.
       round(avg(r.response_time_ms)::numeric, 3) AS avg_ms,
       round(stddev_samp(r.response_time_ms)::numeric, 3) AS stddev_ms,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY r.response_time_ms) AS p50_ms,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY r.response_time_ms) AS p95_ms,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY r.response_time_ms) AS p99_ms,
       count(*) FILTER (WHERE r.response_time_ms > 1000) AS slow_requests,
       round(count(*) FILTER (WHERE r.cache_hit)::numeric / nullif(count(r.cache_hit), 0), 4) AS cache_hit_rate,
       sum(r.database_queries) AS database_queries
FROM public.api_requests r
GROUP BY hour, r.endpoint, r.method
WITH DATA;

-- create index public.idx_performance_hourly_unique  [specs/views/performance_analytics_hourly.yaml:4]
CREATE UNIQUE INDEX idx_performance_hourly_unique ON public.performance_analytics_hourly (hour, endpoint, method);

-- create index public.performance_analytics_hourly_endpoint_hour_idx  [specs/views/performance_analytics_hourly.yaml:6]
CREATE INDEX performance_analytics_hourly_endpoint_hour_idx ON public.performance_analytics_hourly (endpoint, hour);

-- create comment on public.performance_analytics_hourly  [specs/views/performance_analytics_hourly.yaml:3]
COMMENT ON MATERIALIZED VIEW public.performance_analytics_hourly IS 'Exact latency percentiles, errors and cache hits of each endpoint, by hour.';

-- create access to public.performance_analytics_hourly  [specs/views/performance_analytics_hourly.yaml:32]
REVOKE ALL ON TABLE public.performance_analytics_hourly FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.performance_analytics_hourly TO service_role;

-- create materialized view public.provider_analytics_daily  [specs/views/provider_analytics_daily.yaml:2]
CREATE MATERIALIZED VIEW public.provider_analytics_daily AS
WITH facts AS (
    SELECT (e.created_at AT TIME ZONE 'UTC')::date AS date, e.provider_id, e.event_type AS fact,
           coalesce(e.viewer_id, e.session_id) AS visitor, NULL::numeric AS money, NULL::smallint AS rating
    FROM public.provider_events e
    UNION ALL
    SELECT (b.created_at AT TIME ZONE 'UTC')::date, b.provider_id, 'booking_requested', NULL::uuid, NULL, NULL
    FROM public.bookings b
    UNION ALL
    SELECT (b.completed_at AT TIME ZONE 'UTC')::date, b.provider_id, 'booking_completed', NULL::uuid,
           b.amount - b.refunded_amount, NULL
    FROM public.bookings b
    WHERE b.completed_at IS NOT NULL
    UNION ALL
    SELECT (b.cancelled_at AT TIME ZONE 'UTC')::date, b.provider_id, 'booking_cancelled', NULL::uuid, NULL, NULL
    FROM public.bookings b
    WHERE b.cancelled_at IS NOT NULL
    UNION ALL
    SELECT (r.created_at AT TIME ZONE 'UTC')::date, b.provider_id, 'review', NULL::uuid, NULL, r.rating
    FROM public.reviews r
    JOIN public.bookings b ON b.id = r.booking_id
)
SELECT f.date,
       f.provider_id,
       count(*) FILTER (WHERE f.fact = 'search_impression') AS search_impressions,
       count(*) FILTER (WHERE f.fact = 'profile_view') AS profile_views,
       count(*) FILTER (WHERE f.fact = 'contact_click') AS contact_clicks,
       count(DISTINCT f.visitor) AS known_visitors,
       count(*) FILTER (WHERE f.fact = 'booking_requested') AS bookings_requested,
       count(*) FILTER (WHERE f.fact = 'booking_completed') AS bookings_completed,
       count(*) FILTER (WHERE f.fact = 'booking_cancelled') AS bookings_cancelled,
       coalesce(sum(f.money), 0) AS revenue,
       round(avg(f.rating), 2) AS average_rating,
       round(count(*) FILTER (WHERE f.fact = 'contact_click')::numeric
             / nullif(count(*) FILTER (WHERE f.fact = 'profile_view'), 0), 4) AS contact_rate,
       round(count(*) FILTER (WHERE f.fact = 'booking_requested')::numeric
             / nullif(count(*) FILTER (WHERE f.fact = 'profile_view'), 0), 4) AS conversion_rate
FROM facts f
GROUP BY f.date, f.provider_id
WITH DATA;

-- create index public.idx_provider_analytics_unique  [specs/views/provider_analytics_daily.yaml:4]
CREATE UNIQUE INDEX idx_provider_analytics_unique ON public.provider_analytics_daily (date, provider_id);

-- create index public.provider_analytics_daily_provider_id_date_idx  [specs/views/provider_analytics_daily.yaml:6]
CREATE INDEX provider_analytics_daily_provider_id_date_idx ON public.provider_analytics_daily (provider_id, date);

-- create comment on public.provider_analytics_daily  [specs/views/provider_analytics_daily.yaml:3]
COMMENT ON MATERIALIZED VIEW public.provider_analytics_daily IS 'What each provider was shown, clicked, booked and paid, by UTC day.';

-- create access to public.provider_analytics_daily  [specs/views/provider_analytics_daily.yaml:53]
REVOKE ALL ON TABLE public.provider_analytics_daily FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.provider_analytics_daily TO service_role;

-- create materialized view public.specialty_analytics_daily  [specs/views/specialty_analytics_daily.yaml:2]
CREATE MATERIALIZED VIEW public.specialty_analytics_daily AS
WITH facts AS (
    SELECT (s.created_at AT TIME ZONE 'UTC')::date AS date, s.specialty_id,
           CASE WHEN s.results_count = 0 THEN 'empty_search' ELSE 'search' END AS fact,
           s.clicked_provider_id AS provider_id, NULL::numeric AS amount
    FROM public.search_events s
    WHERE s.specialty_id IS NOT NULL
    UNION ALL
    SELECT (e.created_at AT TIME ZONE 'UTC')::date, p.specialty_id, e.event_type, e.provider_id, NULL
    FROM public.provider_events e
    JOIN public.profiles p ON p.id = e.provider_id
    WHERE p.specialty_id IS NOT NULL
    UNION ALL
    SELECT (b.created_at AT TIME ZONE 'UTC')::date, v.specialty_id, 'booking_requested', b.provider_id, b.amount
    FROM public.bookings b
    JOIN public.services v ON v.id = b.service_id
    WHERE v.specialty_id IS NOT NULL
    UNION ALL
    SELECT (b.completed_at AT TIME ZONE 'UTC')::date, v.specialty_id, 'booking_completed', b.provider_id,
           b.amount - b.refunded_amount
    FROM public.bookings b
    JOIN public.services v ON v.id = b.service_id
    WHERE v.specialty_id IS NOT NULL
      AND b.completed_at IS NOT NULL
)
SELECT f.date,
       f.specialty_id,
       count(*) FILTER (WHERE f.fact IN ('search', 'empty_search')) AS searches,
       count(*) FILTER (WHERE f.fact = 'empty_search') AS empty_searches,
       count(f.provider_id) FILTER (WHERE f.fact IN ('search', 'empty_search')) AS search_clicks,
       count(*) FILTER (WHERE f.fact = 'profile_view') AS profile_views,
       count(*) FILTER (WHERE f.fact = 'contact_click') AS contact_clicks,
       count(DISTINCT f.provider_id) AS active_providers,
       count(*) FILTER (WHERE f.fact = 'booking_requested') AS bookings_requested,
       count(*) FILTER (WHERE f.fact = 'booking_completed') AS bookings_completed,
       coalesce(sum(f.amount) FILTER (WHERE f.fact = 'booking_completed'), 0) AS revenue,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY f.amount::double precision)
           FILTER (WHERE f.fact = 'booking_requested') AS median_price,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY f.amount::double precision)
           FILTER (WHERE f.fact = 'booking_requested') AS p90_price,
       round(count(*) FILTER (WHERE f.fact = 'booking_requested')::numeric
             / nullif(count(*) FILTER (WHERE f.fact IN ('search', 'empty_search')), 0), 4) AS conversion_rate
FROM facts f
GROUP BY f.date, f.specialty_id
WITH DATA;

-- create index public.idx_specialty_analytics_unique  [specs/views/specialty_analytics_daily.yaml:4]
CREATE UNIQUE INDEX idx_specialty_analytics_unique ON public.specialty_analytics_daily (date, specialty_id);

-- create index public.specialty_analytics_daily_specialty_id_date_idx  [specs/views/specialty_analytics_daily.yaml:6]
CREATE INDEX specialty_analytics_daily_specialty_id_date_idx ON public.specialty_analytics_daily (specialty_id, date);

-- create comment on public.specialty_analytics_daily  [specs/views/specialty_analytics_daily.yaml:3]
COMMENT ON MATERIALIZED VIEW public.specialty_analytics_daily IS 'Demand, supply and prices of each specialty, by UTC day.';

-- create access to public.specialty_analytics_daily  [specs/views/specialty_analytics_daily.yaml:58]
REVOKE ALL ON TABLE public.specialty_analytics_daily FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.specialty_analytics_daily TO service_role;

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
) AS o (type, name, definition);
