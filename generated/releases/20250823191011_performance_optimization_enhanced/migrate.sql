-- pgspec migrate: marketplace, 20250823191011_performance_optimization_enhanced, after an empty start
-- create 1 schema, 1 table, 1 function, 7 materialized views, 14 indexes, 7 comments, 7 access lists
-- from specs/views/api_metrics_5m.yaml, specs/views/api_metrics_hourly_enhanced.yaml, specs/views/geographic_analytics_daily.yaml, specs/views/performance_analytics_5min.yaml, specs/views/performance_analytics_hourly.yaml, specs/views/provider_analytics_daily.yaml, specs/views/specialty_analytics_daily.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- create schema pgspec
CREATE SCHEMA pgspec;
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, authenticated, service_role;

-- create table pgspec.deployed_objects
CREATE TABLE pgspec.deployed_objects (
  type text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  fingerprint text NOT NULL,
  PRIMARY KEY (type, name)
);
REVOKE ALL ON TABLE pgspec.deployed_objects FROM PUBLIC, anon, authenticated, service_role;

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

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec.fingerprint(text, text)', '5e76377ee98f3bf6'),
  ('index', 'public.api_metrics_5m_endpoint_bucket_idx', '2777658fd47be8af'),
  ('index', 'public.api_metrics_hourly_enhanced_endpoint_hour_idx', '3ebcde2d2e0f0e0a'),
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
  ('table', 'pgspec.deployed_objects', 'e12627b13b639ac9')
) AS o (type, name, definition)
ON CONFLICT (type, name) DO UPDATE SET definition = EXCLUDED.definition, fingerprint = EXCLUDED.fingerprint;
END
$pgspec$;

RESET statement_timeout;
