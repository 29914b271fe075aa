-- pgspec rollback: marketplace, 20251006080000_operations, back to 20250915120000_access_control
-- rebuild 4 materialized views, 8 indexes, 4 comments, 4 access lists; change 4 functions; drop 8 tables, 31 functions, 3 procedures, 8 views, 10 triggers, 3 indexes, 1 comment, 15 access lists
-- from specs/events/performance_metrics.yaml, specs/views/geographic_analytics_daily.yaml, specs/views/provider_analytics_daily.yaml, specs/views/specialty_analytics_daily.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- Rights are taken from the roles of the project, and whoever owns an object can lose them too.
IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user AND NOT r.rolsuper AND r.rolname IN ('anon', 'authenticated', 'service_role')) THEN
  RAISE EXCEPTION 'migrate: nothing was changed, since % is one of the roles of the project', current_user
    USING ERRCODE = 'insufficient_privilege', HINT = 'migrate as a role that is not under roles: in project.yaml, and owns the tables';
END IF;

-- What others made of the views that are built anew would be lost with them.
DECLARE
  others text;
BEGIN
  SELECT pg_catalog.string_agg(DISTINCT pg_catalog.pg_describe_object(o.classid, o.objid, 0), ', ') INTO others
  FROM pg_catalog.pg_depend AS d
  LEFT JOIN pg_catalog.pg_rewrite AS r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid
  CROSS JOIN LATERAL (VALUES (
    CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::regclass END, coalesce(r.ev_class, d.objid)
  )) AS o (classid, objid)
  WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('n', 'a')
    AND d.refobjid = ANY (ARRAY(SELECT pg_catalog.to_regclass(n)::oid FROM pg_catalog.unnest(ARRAY['public.api_metrics_5m', 'public.api_metrics_hourly_enhanced', 'public.performance_analytics_5min', 'public.performance_analytics_hourly']::text[]) AS n))
    AND o.objid <> ALL (ARRAY(SELECT pg_catalog.to_regclass(n)::oid FROM pg_catalog.unnest(ARRAY['pgspec.mv_reads', 'pgspec.mv_refresh_basis', 'public.api_metrics_5m', 'public.api_metrics_5m_endpoint_bucket_idx', 'public.api_metrics_hourly_enhanced', 'public.api_metrics_hourly_enhanced_endpoint_hour_idx', 'public.event_label_health', 'public.event_log_health', 'public.idx_api_metrics_5m_unique', 'public.idx_api_metrics_hourly_enhanced_unique', 'public.idx_performance_5min_unique', 'public.idx_performance_hourly_unique', 'public.mv_refresh_health', 'public.mv_refresh_log_view', 'public.performance_analytics_5min', 'public.performance_analytics_5min_endpoint_five_minute_bucket_idx', 'public.performance_analytics_hourly', 'public.performance_analytics_hourly_endpoint_hour_idx', 'public.performance_metrics_created_at', 'public.performance_metrics_request_id', 'public.pgspec_alerts', 'public.pgspec_switch_log', 'public.pgspec_switches']::text[]) AS n WHERE pg_catalog.to_regclass(n) IS NOT NULL));
  IF others IS NOT NULL THEN
    RAISE EXCEPTION 'migrate: nothing was changed, since others have made of views that are built anew: %', others
      USING ERRCODE = 'dependent_objects_still_exist', HINT = 'drop them first, and create them again after the migration';
  END IF;
END;

-- build beside the old one: materialized view pgspec.api_metrics_5m
CREATE MATERIALIZED VIEW pgspec.api_metrics_5m AS
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

-- build beside the old one: index pgspec.api_metrics_5m_endpoint_bucket_idx
CREATE INDEX api_metrics_5m_endpoint_bucket_idx ON pgspec.api_metrics_5m (endpoint, bucket);

-- build beside the old one: index pgspec.idx_api_metrics_5m_unique
CREATE UNIQUE INDEX idx_api_metrics_5m_unique ON pgspec.api_metrics_5m (bucket, endpoint, method);

-- build beside the old one: materialized view pgspec.api_metrics_hourly_enhanced
CREATE MATERIALIZED VIEW pgspec.api_metrics_hourly_enhanced AS
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
    FROM pgspec.api_metrics_5m m
    GROUP BY hour, m.endpoint, m.method
), histogram AS (
    SELECT date_bin('1 hour', m.bucket, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS hour,
           m.endpoint,
           m.method,
           h.latency_class,
           sum(h.requests) AS requests
    FROM pgspec.api_metrics_5m m
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

-- build beside the old one: index pgspec.api_metrics_hourly_enhanced_endpoint_hour_idx
CREATE INDEX api_metrics_hourly_enhanced_endpoint_hour_idx ON pgspec.api_metrics_hourly_enhanced (endpoint, hour);

-- build beside the old one: index pgspec.idx_api_metrics_hourly_enhanced_unique
CREATE UNIQUE INDEX idx_api_metrics_hourly_enhanced_unique ON pgspec.api_metrics_hourly_enhanced (hour, endpoint, method);

-- build beside the old one: materialized view pgspec.performance_analytics_5min
CREATE MATERIALIZED VIEW pgspec.performance_analytics_5min AS
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

-- build beside the old one: index pgspec.idx_performance_5min_unique
CREATE UNIQUE INDEX idx_performance_5min_unique ON pgspec.performance_analytics_5min (five_minute_bucket, endpoint, method);

-- build beside the old one: index pgspec.performance_analytics_5min_endpoint_five_minute_bucket_idx
CREATE INDEX performance_analytics_5min_endpoint_five_minute_bucket_idx ON pgspec.performance_analytics_5min (endpoint, five_minute_bucket);

-- build beside the old one: materialized view pgspec.performance_analytics_hourly
CREATE MATERIALIZED VIEW pgspec.performance_analytics_hourly AS
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

-- build beside the old one: index pgspec.idx_performance_hourly_unique
CREATE UNIQUE INDEX idx_performance_hourly_unique ON pgspec.performance_analytics_hourly (hour, endpoint, method);

-- build beside the old one: index pgspec.performance_analytics_hourly_endpoint_hour_idx
CREATE INDEX performance_analytics_hourly_endpoint_hour_idx ON pgspec.performance_analytics_hourly (endpoint, hour);

-- drop trigger pgspec_switch_log_guard_update ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_update ON pgspec.switch_log;

-- drop trigger pgspec_switch_log_guard_truncate ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_truncate ON pgspec.switch_log;

-- drop trigger pgspec_switch_log_guard_delete ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_delete ON pgspec.switch_log;

-- drop trigger pgspec_refresh ON public.services  [specs/views/specialty_analytics_daily.yaml:54]
DROP TRIGGER pgspec_refresh ON public.services;

-- drop trigger pgspec_refresh ON public.search_events  [specs/views/geographic_analytics_daily.yaml:49]
DROP TRIGGER pgspec_refresh ON public.search_events;

-- drop trigger pgspec_refresh ON public.reviews  [specs/views/provider_analytics_daily.yaml:49]
DROP TRIGGER pgspec_refresh ON public.reviews;

-- drop trigger pgspec_refresh ON public.provider_events  [specs/views/geographic_analytics_daily.yaml:49]
DROP TRIGGER pgspec_refresh ON public.provider_events;

-- drop trigger pgspec_refresh ON public.profiles  [specs/views/specialty_analytics_daily.yaml:54]
DROP TRIGGER pgspec_refresh ON public.profiles;

-- drop trigger pgspec_refresh ON public.locations  [specs/views/geographic_analytics_daily.yaml:49]
DROP TRIGGER pgspec_refresh ON public.locations;

-- drop trigger pgspec_refresh ON public.bookings  [specs/views/geographic_analytics_daily.yaml:49]
DROP TRIGGER pgspec_refresh ON public.bookings;

-- drop materialized view public.performance_analytics_hourly  [specs/views/performance_analytics_hourly.yaml:2]
DROP MATERIALIZED VIEW public.performance_analytics_hourly;

-- drop materialized view public.performance_analytics_5min  [specs/views/performance_analytics_5min.yaml:2]
DROP MATERIALIZED VIEW public.performance_analytics_5min;

-- drop materialized view public.api_metrics_hourly_enhanced  [specs/views/api_metrics_hourly_enhanced.yaml:2]
DROP MATERIALIZED VIEW public.api_metrics_hourly_enhanced;

-- drop materialized view public.api_metrics_5m  [specs/views/api_metrics_5m.yaml:2]
DROP MATERIALIZED VIEW public.api_metrics_5m;

-- drop view public.pgspec_switches
DROP VIEW public.pgspec_switches;

-- drop view public.pgspec_switch_log
DROP VIEW public.pgspec_switch_log;

-- drop view public.pgspec_alerts
DROP VIEW public.pgspec_alerts;

-- drop view public.mv_refresh_health
DROP VIEW public.mv_refresh_health;

-- drop view public.event_log_health
DROP VIEW public.event_log_health;

-- drop view public.event_label_health
DROP VIEW public.event_label_health;

-- drop view pgspec.mv_refresh_basis
DROP VIEW pgspec.mv_refresh_basis;

-- drop view pgspec.mv_reads
DROP VIEW pgspec.mv_reads;

-- drop procedure public.run_maintenance(integer)
DROP PROCEDURE public.run_maintenance(integer);

-- drop procedure public.run_cache_invalidations(integer)
DROP PROCEDURE public.run_cache_invalidations(integer);

-- drop procedure public.refresh_materialized_views()
DROP PROCEDURE public.refresh_materialized_views();

-- drop function public.verify_migration_success()
DROP FUNCTION public.verify_migration_success();

-- drop function public.throw_switch(text, text)
DROP FUNCTION public.throw_switch(text, text);

-- drop function public.run_mv_refresh(bigint)
DROP FUNCTION public.run_mv_refresh(bigint);

-- drop function public.reset_switch(text, text, integer)
DROP FUNCTION public.reset_switch(text, text, integer);

-- drop function public.refresh_materialized_view(text)
DROP FUNCTION public.refresh_materialized_view(text);

-- drop function public.record_performance_metrics(text, text, integer, double precision, boolean, integer, text, timestamptz)  [specs/events/performance_metrics.yaml:2]
DROP FUNCTION public.record_performance_metrics(text, text, integer, double precision, boolean, integer, text, timestamptz);

-- drop function public.maintain_performance_metrics(integer)  [specs/events/performance_metrics.yaml:2]
DROP FUNCTION public.maintain_performance_metrics(integer);

-- drop function public.evaluate_alerts()
DROP FUNCTION public.evaluate_alerts();

-- drop function public.cleanup_mv_refresh_log(interval, integer)
DROP FUNCTION public.cleanup_mv_refresh_log(interval, integer);

-- drop function public.cancel_overdue_refreshes()
DROP FUNCTION public.cancel_overdue_refreshes();

-- drop function public.begin_mv_refresh(integer)
DROP FUNCTION public.begin_mv_refresh(integer);

-- drop function public.access_left(text)
DROP FUNCTION public.access_left(text);

-- drop function pgspec.closed_by(text)
DROP FUNCTION pgspec.closed_by(text);

-- drop function pgspec.switch_targets()
DROP FUNCTION pgspec.switch_targets();

-- drop function pgspec.switch_log_guard()
DROP FUNCTION pgspec.switch_log_guard();

-- drop function pgspec.skipping()
DROP FUNCTION pgspec.skipping();

-- drop function pgspec.settle_mv_sources()
DROP FUNCTION pgspec.settle_mv_sources();

-- drop function pgspec.relax(text)
DROP FUNCTION pgspec.relax(text);

-- drop function pgspec.relation_grants(regclass)
DROP FUNCTION pgspec.relation_grants(regclass);

-- drop function pgspec.refreshed_views()
DROP FUNCTION pgspec.refreshed_views();

-- drop function pgspec.performance_metrics_admits(text, text, integer)  [specs/events/performance_metrics.yaml:2]
DROP FUNCTION pgspec.performance_metrics_admits(text, text, integer);

-- drop function pgspec.open_mv_refresh(text, boolean)
DROP FUNCTION pgspec.open_mv_refresh(text, boolean);

-- drop function pgspec.note_write()
DROP FUNCTION pgspec.note_write();

-- drop function pgspec.normalize_path(text)
DROP FUNCTION pgspec.normalize_path(text);

-- drop function pgspec.may_switch(text, text)
DROP FUNCTION pgspec.may_switch(text, text);

-- drop function pgspec.log_switch(text, boolean, text)
DROP FUNCTION pgspec.log_switch(text, boolean, text);

-- drop function pgspec.harden(text)
DROP FUNCTION pgspec.harden(text);

-- drop function pgspec.close_mv_refresh(bigint, bigint, text, interval)
DROP FUNCTION pgspec.close_mv_refresh(bigint, bigint, text, interval);

-- drop function pgspec.catch_up(interval)
DROP FUNCTION pgspec.catch_up(interval);

-- drop function pgspec.api_side()
DROP FUNCTION pgspec.api_side();

-- drop function pgspec.alert_values()
DROP FUNCTION pgspec.alert_values();

-- drop table public.performance_metrics  [specs/events/performance_metrics.yaml:2]
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE public.performance_metrics IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM public.performance_metrics WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % events in public.performance_metrics would be lost', lost USING HINT = 'keep a copy first: COPY (SELECT * FROM public.performance_metrics) TO STDOUT; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE public.performance_metrics;

-- drop table public.mv_refresh_log
DROP TABLE public.mv_refresh_log;

-- drop table pgspec.thrown_switches
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE pgspec.thrown_switches IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM pgspec.thrown_switches WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % thrown switches in pgspec.thrown_switches would be lost', lost USING HINT = 'reset them first: they say what is switched off, and for hardened tables what was taken; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE pgspec.thrown_switches;

-- drop table pgspec.switch_log
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE pgspec.switch_log IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM pgspec.switch_log WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % entries of the log of switches in pgspec.switch_log would be lost', lost USING HINT = 'keep a copy first: COPY pgspec.switch_log TO STDOUT; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE pgspec.switch_log;

-- drop table pgspec.performance_metrics_labels  [specs/events/performance_metrics.yaml:2]
DROP TABLE pgspec.performance_metrics_labels;

-- drop table pgspec.mv_source_writes
DROP TABLE pgspec.mv_source_writes;

-- drop table pgspec.mv_refresh_state
DROP TABLE pgspec.mv_refresh_state;

-- drop table pgspec.alert_state
DROP TABLE pgspec.alert_state;

-- put in its place: materialized view public.api_metrics_5m
ALTER MATERIALIZED VIEW pgspec.api_metrics_5m SET SCHEMA public;

-- put in its place: materialized view public.api_metrics_hourly_enhanced
ALTER MATERIALIZED VIEW pgspec.api_metrics_hourly_enhanced SET SCHEMA public;

-- put in its place: materialized view public.performance_analytics_5min
ALTER MATERIALIZED VIEW pgspec.performance_analytics_5min SET SCHEMA public;

-- put in its place: materialized view public.performance_analytics_hourly
ALTER MATERIALIZED VIEW pgspec.performance_analytics_hourly SET SCHEMA public;

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
      joined := set_config('pgspec.joined', repeat('x', together - cardinality(missing)), true);
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
      || coalesce((SELECT ' WITH ' || c.reloptions::text FROM pg_class AS c WHERE c.oid = to_regclass(name)), '')
    WHEN 'materialized_view' THEN pg_get_viewdef(to_regclass(name))
    WHEN 'index' THEN pg_get_indexdef(to_regclass(name))
    WHEN 'function' THEN pg_get_functiondef(to_regprocedure(name))
    WHEN 'trigger' THEN (
      SELECT pg_get_triggerdef(t.oid) FROM pg_trigger AS t
      WHERE t.tgname = split_part(name, ' ', 1) AND t.tgrelid = to_regclass(substr(name, length(split_part(name, ' ', 1)) + 5)))
    WHEN 'row_security' THEN (
      SELECT format('%s %s', r.relrowsecurity, r.relforcerowsecurity) FROM pg_class AS r WHERE r.oid = to_regclass(name))
    WHEN 'policy' THEN (
      SELECT format('%s %s %s %s %s', p.polpermissive, p.polcmd,
        ARRAY(SELECT CASE WHEN role = 0 THEN 'public' ELSE pg_get_userbyid(role) END COLLATE "C"
          FROM unnest(p.polroles) AS o (role) ORDER BY 1),
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
      FROM regexp_match(name, '^("(?:[^"]|"")+"|[^" ]+) ON (.+)$') AS m
      JOIN pg_policy AS p ON p.polrelid = to_regclass(m[2]) AND p.polname = (parse_ident(m[1]))[1])
  END)
$function$;
REVOKE ALL ON FUNCTION pgspec.fingerprint(text, text) FROM PUBLIC, anon, authenticated, service_role;

-- change function public.cache_put(text, jsonb, text[], bigint[], interval)
CREATE OR REPLACE FUNCTION public.cache_put(key text, value jsonb, tags text[], versions bigint[], ttl interval DEFAULT NULL) RETURNS boolean
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

-- change function public.cache_get(text)
CREATE OR REPLACE FUNCTION public.cache_get(key text) RETURNS jsonb
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

-- create comment on public.api_metrics_5m
COMMENT ON MATERIALIZED VIEW public.api_metrics_5m IS 'Counts, sums and a latency histogram of each endpoint every five minutes; made to be added up.';

-- create access to public.api_metrics_5m
REVOKE ALL ON TABLE public.api_metrics_5m FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.api_metrics_5m TO service_role;

-- create comment on public.api_metrics_hourly_enhanced
COMMENT ON MATERIALIZED VIEW public.api_metrics_hourly_enhanced IS 'The five-minute metrics added up by hour, with percentiles from the merged latency histograms.';

-- create access to public.api_metrics_hourly_enhanced
REVOKE ALL ON TABLE public.api_metrics_hourly_enhanced FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.api_metrics_hourly_enhanced TO service_role;

-- create comment on public.performance_analytics_5min
COMMENT ON MATERIALIZED VIEW public.performance_analytics_5min IS 'Exact latency percentiles, errors and cache hits of each endpoint, every five minutes.';

-- create access to public.performance_analytics_5min
REVOKE ALL ON TABLE public.performance_analytics_5min FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.performance_analytics_5min TO service_role;

-- create comment on public.performance_analytics_hourly
COMMENT ON MATERIALIZED VIEW public.performance_analytics_hourly IS 'Exact latency percentiles, errors and cache hits of each endpoint, by hour.';

-- create access to public.performance_analytics_hourly
REVOKE ALL ON TABLE public.performance_analytics_hourly FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.performance_analytics_hourly TO service_role;

-- What verify.sql compares with: the server's own text of what was made.
-- The function that fingerprints has changed, so every fingerprint is taken anew.
DELETE FROM pgspec.deployed_objects;
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec.access_pgspec_admin_audit_log(text)', '0c1da78ebe16781c'),
  ('function', 'pgspec.access_public_bookings(text)', 'be483442b503e715'),
  ('function', 'pgspec.access_public_profiles(text)', '82ec99f986725fa4'),
  ('function', 'pgspec.access_public_services(text)', 'bc64008323c469a9'),
  ('function', 'pgspec.audit_admin_audit_log_delete_public_bookings()', 'a8270095e2372518'),
  ('function', 'pgspec.audit_admin_audit_log_delete_public_profiles()', 'ba2c03a84b02c120'),
  ('function', 'pgspec.audit_admin_audit_log_delete_public_services()', 'a77c780679a225bf'),
  ('function', 'pgspec.audit_admin_audit_log_truncate_public_bookings()', 'a7d03e13b3a2542c'),
  ('function', 'pgspec.audit_admin_audit_log_truncate_public_services()', '3358eb6eb8a527cd'),
  ('function', 'pgspec.audit_admin_audit_log_update_public_bookings()', '7ac3c24d838b7ff0'),
  ('function', 'pgspec.audit_admin_audit_log_update_public_profiles()', 'da0cdae938784f12'),
  ('function', 'pgspec.audit_admin_audit_log_update_public_services()', '2196bfe7cc0ae6e6'),
  ('function', 'pgspec.audit_claims()', '5ee5762ddfcbc2d0'),
  ('function', 'pgspec.audit_guard()', '54205c5e68e15170'),
  ('function', 'pgspec.audit_request_id()', '2fb2509b8aa0d223'),
  ('function', 'pgspec.cache_delete_public_locations()', '58b59b18646e9f53'),
  ('function', 'pgspec.cache_delete_public_profiles()', 'ab31146bda520984'),
  ('function', 'pgspec.cache_delete_public_services()', '6c625928763d59d7'),
  ('function', 'pgspec.cache_delete_public_specialties()', 'c60d7fcf6d911898'),
  ('function', 'pgspec.cache_insert_public_locations()', 'bccd329268c2d62f'),
  ('function', 'pgspec.cache_insert_public_profiles()', '4a73009c0b3b5174'),
  ('function', 'pgspec.cache_insert_public_services()', '7dfb0431fb82258f'),
  ('function', 'pgspec.cache_insert_public_specialties()', '6aa2c33690be051e'),
  ('function', 'pgspec.cache_truncate_public_locations()', 'e37ca99cb869f56c'),
  ('function', 'pgspec.cache_truncate_public_profiles()', '184b4cc2739bd2a4'),
  ('function', 'pgspec.cache_truncate_public_services()', 'a01a5ce97d2cc990'),
  ('function', 'pgspec.cache_truncate_public_specialties()', '0ee10cbd053a95eb'),
  ('function', 'pgspec.cache_update_public_locations()', '8c0bce83698de00a'),
  ('function', 'pgspec.cache_update_public_profiles()', '663c78cb2e6fb8b9'),
  ('function', 'pgspec.cache_update_public_services()', 'a544693b8affa5a2'),
  ('function', 'pgspec.cache_update_public_specialties()', '33bb08a9c9a22bc3'),
  ('function', 'pgspec.claim(text)', '3fe0d6a7998416ce'),
  ('function', 'pgspec.claim_bigint(text)', '7e253470e350b2fd'),
  ('function', 'pgspec.claim_uuid(text)', '8b9990e017d6fa17'),
  ('function', 'pgspec.enqueue_tags(text[], interval)', 'f2e3ae831f934858'),
  ('function', 'pgspec.fingerprint(text, text)', 'ba777e8e3eec1ab7'),
  ('function', 'pgspec.guard_pgspec_admin_audit_log(text)', '7e74aae54a3dc623'),
  ('function', 'pgspec.invalidate_tags(text[])', 'f63e7a6f07a70f3e'),
  ('function', 'pgspec.joined_rows(boolean)', 'b787d5d8550ad52f'),
  ('function', 'pgspec.may_view_admin_audit_viewer(boolean)', '4ddb8671a90c8471'),
  ('function', 'pgspec.settle_dead(text[], timestamptz)', 'cce34043e61d79d1'),
  ('function', 'pgspec.storable_tag(text)', '731522ce59338dfe'),
  ('function', 'pgspec.tag_and_wildcards(text)', '40c9c934e320929c'),
  ('function', 'pgspec.tags_and_wildcards(text[])', '48f4d2c33a6f649d'),
  ('function', 'pgspec.wake_joined(timestamptz)', 'a2ed2b678d79c45a'),
  ('function', 'public.ack_cache_invalidations(uuid, bigint[])', '6cd807e26c037239'),
  ('function', 'public.cache_get(text)', '1987591c019a0742'),
  ('function', 'public.cache_put(text, jsonb, text[], bigint[], interval)', '3d3dcd8d4334b2a9'),
  ('function', 'public.cache_tag_versions(text[])', 'd1327da0a2c261b8'),
  ('function', 'public.claim_cache_invalidations(integer, integer)', '9ad38770e0d8e1f4'),
  ('function', 'public.cleanup_admin_audit_log(integer)', 'c9add9c750ef1170'),
  ('function', 'public.cleanup_cache_invalidation_queue(interval, integer)', '68c5b7c6f5557b47'),
  ('function', 'public.drain_cache_invalidation_queue(integer, integer)', '985666bcc81717c7'),
  ('function', 'public.enqueue_cache_invalidation(text, integer)', '08f62ec6dea40ce2'),
  ('function', 'public.explain_access(text, text)', '8cd362645b910ed4'),
  ('function', 'public.fail_cache_invalidations(uuid, bigint[], text)', '1231e6e754ad2951'),
  ('function', 'public.retry_dead_cache_invalidations()', '45be198419be3ced'),
  ('index', 'pgspec.admin_audit_log_at', 'f1203ae265d2585a'),
  ('index', 'pgspec.admin_audit_log_row_key', '711ea98b95b2e065'),
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
  ('policy', 'admins_read ON pgspec.admin_audit_log', '2d375879cbbf88e8'),
  ('policy', 'admins_read ON public.bookings', 'd936661b0e906262'),
  ('policy', 'admins_read ON public.profiles', '721bd657cbabcfa8'),
  ('policy', 'as_customer ON public.bookings', 'b5e394031de58e91'),
  ('policy', 'as_vendor ON public.bookings', '8a9fa6016889e725'),
  ('policy', 'customers_ask ON public.bookings', 'c020ae083f9f5e11'),
  ('policy', 'on_offer ON public.services', '5b02f50eb8085d17'),
  ('policy', 'own_changes ON public.profiles', '144aecf9b307aba0'),
  ('policy', 'own_profile ON public.profiles', 'b5f4b313e8a8bf78'),
  ('policy', 'own_services ON public.services', '2b9b6603c579cc38'),
  ('policy', 'pgspec_owner ON pgspec.admin_audit_log', '4c03c27bb0033e1a'),
  ('policy', 'pgspec_service ON pgspec.admin_audit_log', '5075101d2355306a'),
  ('policy', 'pgspec_viewer ON pgspec.admin_audit_log', '7cd0e07bed4e5dbb'),
  ('policy', 'vendors_answer ON public.bookings', 'a6568a497a799b4f'),
  ('row_security', 'pgspec.admin_audit_log', 'f2162f0bdf9e0fe3'),
  ('row_security', 'public.bookings', 'dbe2a3bb40ea8461'),
  ('row_security', 'public.profiles', '61c752a39d1ca6e3'),
  ('row_security', 'public.services', '8271bb3c7f8476da'),
  ('table', 'pgspec.admin_audit_log', '3d2be7f14d4e0de7'),
  ('table', 'pgspec.cache_tags', '4150b0b2d222aadf'),
  ('table', 'pgspec.deployed_objects', 'e12627b13b639ac9'),
  ('table', 'public.cache_entries', '37617706afd13506'),
  ('table', 'public.cache_invalidation_queue', '561cffa08e253d19'),
  ('trigger', 'pgspec_audit_admin_audit_log_delete ON public.bookings', 'c33905174dcad46b'),
  ('trigger', 'pgspec_audit_admin_audit_log_delete ON public.profiles', '7359564b9c2fe1d7'),
  ('trigger', 'pgspec_audit_admin_audit_log_delete ON public.services', '7fb7dec36747db93'),
  ('trigger', 'pgspec_audit_admin_audit_log_truncate ON public.bookings', '7ba42445806476be'),
  ('trigger', 'pgspec_audit_admin_audit_log_truncate ON public.services', '2b6a59e9f16bdc2a'),
  ('trigger', 'pgspec_audit_admin_audit_log_update ON public.bookings', 'cba3c64b897da617'),
  ('trigger', 'pgspec_audit_admin_audit_log_update ON public.profiles', '9d7e658cca708762'),
  ('trigger', 'pgspec_audit_admin_audit_log_update ON public.services', '1794b876c6d7f2ab'),
  ('trigger', 'pgspec_audit_guard_delete ON pgspec.admin_audit_log', 'a17d905bf5c5d881'),
  ('trigger', 'pgspec_audit_guard_truncate ON pgspec.admin_audit_log', '25b29b286cacdd4d'),
  ('trigger', 'pgspec_audit_guard_update ON pgspec.admin_audit_log', 'a51619fd433ddb10'),
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
  ('view', 'public.admin_audit_log', 'e340a384f1804b0d'),
  ('view', 'public.admin_audit_viewer', '54c04f1a8b62f8ee'),
  ('view', 'public.cache_invalidation_health', 'a73a53906bcb6d12')
) AS o (type, name, definition)
WHERE pgspec.fingerprint(o.type, o.name) IS NOT NULL
ON CONFLICT (type, name) DO UPDATE SET definition = EXCLUDED.definition, fingerprint = EXCLUDED.fingerprint;
END
$pgspec$;

RESET statement_timeout;
