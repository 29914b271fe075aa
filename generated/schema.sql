-- pgspec marketplace: everything that the specs describe
-- 1 schema, 13 tables, 88 functions, 3 procedures, 11 views, 4 tables with row security, 14 policies, 7 materialized views, 37 triggers, 24 indexes, 10 comments, 29 access lists, 3 tables' rights, 1 schema's users, 4 tables' expectations, 1 check of rows read
-- from specs/access/audit.yaml, specs/access/bookings.yaml, specs/access/profiles.yaml, specs/access/services.yaml, specs/cache/locations.yaml, specs/cache/services.yaml, specs/cache/specialties.yaml, specs/cache/vendors.yaml and 8 more

-- create schema pgspec
CREATE SCHEMA pgspec;
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, authenticated, service_role;

-- create use of schema pgspec
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, authenticated, service_role;
GRANT USAGE ON SCHEMA pgspec TO anon;
GRANT USAGE ON SCHEMA pgspec TO authenticated;
GRANT USAGE ON SCHEMA pgspec TO service_role;

-- create table pgspec.admin_audit_log  [specs/access/audit.yaml:3]
CREATE TABLE pgspec.admin_audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  table_schema text NOT NULL,
  table_name text NOT NULL,
  event text NOT NULL CHECK (event IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')),
  row_key jsonb,
  new_row_key jsonb,
  old jsonb,
  new jsonb,
  truncated_rows bigint,
  source text NOT NULL CHECK (source IN ('api', 'service', 'database')),
  db_role text NOT NULL,
  session_role text NOT NULL,
  request_id text,
  claims jsonb,
  txid bigint NOT NULL
);
REVOKE ALL ON TABLE pgspec.admin_audit_log FROM PUBLIC, anon, authenticated, service_role;
DO $close$
BEGIN
  EXECUTE 'REVOKE ALL ON SEQUENCE ' || pg_catalog.pg_get_serial_sequence('pgspec.admin_audit_log', 'id') || ' FROM PUBLIC, anon, authenticated, service_role';
END
$close$;

-- create index pgspec.admin_audit_log_at  [specs/access/audit.yaml:3]
CREATE INDEX admin_audit_log_at ON pgspec.admin_audit_log (at);

-- create index pgspec.admin_audit_log_row_key  [specs/access/audit.yaml:3]
CREATE INDEX admin_audit_log_row_key ON pgspec.admin_audit_log USING hash (row_key);

-- create access to pgspec.admin_audit_log  [specs/access/audit.yaml:3]
REVOKE ALL ON TABLE pgspec.admin_audit_log FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE pgspec.admin_audit_log TO authenticated;
GRANT SELECT ON TABLE pgspec.admin_audit_log TO service_role;

-- create table pgspec.alert_state
CREATE TABLE pgspec.alert_state (
  name text PRIMARY KEY,
  breached_since timestamptz,
  checked_at timestamptz NOT NULL
) WITH (fillfactor = 50);
REVOKE ALL ON TABLE pgspec.alert_state FROM PUBLIC, anon, authenticated, service_role;

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

-- create table pgspec.mv_refresh_state
CREATE TABLE pgspec.mv_refresh_state (
  view_name text PRIMARY KEY,
  seen pg_snapshot,
  basis text,
  stale_since timestamptz,
  changed_since timestamptz,
  log_id bigint,
  started_at timestamptz,
  last_success timestamptz,
  last_duration interval,
  failures integer NOT NULL DEFAULT 0,
  retry_at timestamptz,
  last_error text
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
REVOKE ALL ON TABLE pgspec.mv_refresh_state FROM PUBLIC, anon, authenticated, service_role;

-- create access to pgspec.mv_refresh_state
REVOKE ALL ON TABLE pgspec.mv_refresh_state FROM PUBLIC, anon, authenticated, service_role;

-- create table pgspec.mv_source_writes
CREATE TABLE pgspec.mv_source_writes (
  source oid NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = false);
REVOKE ALL ON TABLE pgspec.mv_source_writes FROM PUBLIC, anon, authenticated, service_role;

-- create access to pgspec.mv_source_writes
REVOKE ALL ON TABLE pgspec.mv_source_writes FROM PUBLIC, anon, authenticated, service_role;

-- create table pgspec.performance_metrics_labels  [specs/events/performance_metrics.yaml:2]
CREATE TABLE pgspec.performance_metrics_labels (
  label text NOT NULL,
  value text NOT NULL,
  place integer NOT NULL,
  first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (label, value),
  UNIQUE (label, place)
);
REVOKE ALL ON TABLE pgspec.performance_metrics_labels FROM PUBLIC, anon, authenticated, service_role;

-- create access to pgspec.performance_metrics_labels  [specs/events/performance_metrics.yaml:2]
REVOKE ALL ON TABLE pgspec.performance_metrics_labels FROM PUBLIC, anon, authenticated, service_role;

-- create table pgspec.switch_log
CREATE TABLE pgspec.switch_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  name text NOT NULL,
  thrown boolean NOT NULL,
  db_role text NOT NULL,
  session_role text NOT NULL,
  application text,
  why text NOT NULL
);
REVOKE ALL ON TABLE pgspec.switch_log FROM PUBLIC, anon, authenticated, service_role;
DO $close$
BEGIN
  EXECUTE 'REVOKE ALL ON SEQUENCE ' || pg_catalog.pg_get_serial_sequence('pgspec.switch_log', 'id') || ' FROM PUBLIC, anon, authenticated, service_role';
END
$close$;

-- create access to pgspec.switch_log
REVOKE ALL ON TABLE pgspec.switch_log FROM PUBLIC, anon, authenticated, service_role;

-- create table pgspec.thrown_switches
CREATE TABLE pgspec.thrown_switches (
  name text PRIMARY KEY,
  thrown_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  thrown_by text NOT NULL,
  why text NOT NULL,
  state jsonb
);
REVOKE ALL ON TABLE pgspec.thrown_switches FROM PUBLIC, anon, authenticated, service_role;

-- create access to pgspec.thrown_switches
REVOKE ALL ON TABLE pgspec.thrown_switches FROM PUBLIC, anon, authenticated, service_role;

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
DO $close$
BEGIN
  EXECUTE 'REVOKE ALL ON SEQUENCE ' || pg_catalog.pg_get_serial_sequence('public.cache_invalidation_queue', 'id') || ' FROM PUBLIC, anon, authenticated, service_role';
END
$close$;

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

-- create table public.mv_refresh_log
CREATE TABLE public.mv_refresh_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  view_name text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  mode text NOT NULL CHECK (mode IN ('concurrent', 'plain')),
  status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'ok', 'failed')),
  rows bigint,
  error text,
  give_up_at timestamptz
);
REVOKE ALL ON TABLE public.mv_refresh_log FROM PUBLIC, anon, authenticated, service_role;
DO $close$
BEGIN
  EXECUTE 'REVOKE ALL ON SEQUENCE ' || pg_catalog.pg_get_serial_sequence('public.mv_refresh_log', 'id') || ' FROM PUBLIC, anon, authenticated, service_role';
END
$close$;

-- create index public.mv_refresh_log_view
CREATE INDEX mv_refresh_log_view ON public.mv_refresh_log (view_name, started_at);

-- create access to public.mv_refresh_log
REVOKE ALL ON TABLE public.mv_refresh_log FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.mv_refresh_log TO service_role;

-- create table public.performance_metrics  [specs/events/performance_metrics.yaml:2]
CREATE TABLE public.performance_metrics (
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  request_id text NOT NULL DEFAULT gen_random_uuid()::text,
  request_id_given boolean NOT NULL DEFAULT false,
  endpoint text NOT NULL DEFAULT 'unknown',
  method text NOT NULL DEFAULT 'unknown',
  status_code int,
  response_time_ms double precision,
  cache_hit boolean,
  database_queries int
) PARTITION BY RANGE (created_at);
CREATE TABLE public.performance_metrics_default PARTITION OF public.performance_metrics DEFAULT;
REVOKE ALL ON TABLE public.performance_metrics FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON TABLE public.performance_metrics_default FROM PUBLIC, anon, authenticated, service_role;

-- create index public.performance_metrics_created_at  [specs/events/performance_metrics.yaml:2]
CREATE INDEX performance_metrics_created_at ON public.performance_metrics (created_at);

-- create index public.performance_metrics_request_id  [specs/events/performance_metrics.yaml:2]
CREATE INDEX performance_metrics_request_id ON public.performance_metrics USING hash (request_id);

-- create comment on public.performance_metrics  [specs/events/performance_metrics.yaml:3]
COMMENT ON TABLE public.performance_metrics IS 'One row for each request that the API answered.';

-- create access to public.performance_metrics  [specs/events/performance_metrics.yaml:2]
REVOKE ALL ON TABLE public.performance_metrics FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.performance_metrics TO service_role;

-- create function pgspec.alert_values()
CREATE FUNCTION pgspec.alert_values() RETURNS TABLE (name text, severity text, value double precision, threshold double precision, breached boolean, pending interval, detail text, runbook text, problem text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '1s'
AS $function$
-- The value of every alert.  One that fails says why, and does not take the others along.
#variable_conflict use_column
BEGIN
  name := 'alerts_not_evaluated';
  severity := 'ticket';
  threshold := '300';
  pending := '0';
  runbook := 'Call it every minute: SELECT public.evaluate_alerts(). A call that takes as long is in pg_stat_activity.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, NULL INTO value, detail
    FROM (
SELECT coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.max(s.checked_at)), 'infinity')
  AS value
FROM pgspec.alert_state AS s
    ) AS a
    ORDER BY a.value DESC NULLS LAST LIMIT 1;
    breached := coalesce(value > threshold, false);
  EXCEPTION WHEN OTHERS THEN
    value := NULL;
    detail := NULL;
    problem := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    breached := true;
  END;
  RETURN NEXT;
  name := 'api_p95';
  severity := 'page';
  threshold := '500';
  pending := '10 minutes';
  runbook := '`detail` names the endpoint. Its requests: SELECT request_id, response_time_ms, database_queries FROM performance_metrics WHERE
endpoint = ''...'' ORDER BY created_at DESC LIMIT 50. Many queries a request: the code; few and slow: pg_stat_activity.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, a.detail::text INTO value, detail
    FROM (
SELECT m.p95_ms AS value, m.method || ' ' || m.endpoint AS detail
FROM public.api_metrics_5m m
WHERE m.timed_requests >= 20 AND m.bucket > now() - interval '15 minutes'
    ) AS a
    ORDER BY a.value DESC NULLS LAST LIMIT 1;
    breached := coalesce(value > threshold, false);
  EXCEPTION WHEN OTHERS THEN
    value := NULL;
    detail := NULL;
    problem := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    breached := true;
  END;
  RETURN NEXT;
  name := 'cache_hit_rate';
  severity := 'ticket';
  threshold := '0.3';
  pending := '15 minutes';
  runbook := 'What is invalidated so often? SELECT tag, count(*) FROM cache_invalidation_queue WHERE enqueued_at > now() - interval ''1 hour''
GROUP BY tag ORDER BY 2 DESC LIMIT 20. Is the cache switched off? SELECT * FROM pgspec_switches.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, NULL INTO value, detail
    FROM (
SELECT sum(m.cache_hits)::numeric / nullif(sum(m.cache_lookups), 0) AS value
FROM public.api_metrics_5m m
WHERE m.bucket > now() - interval '30 minutes'
    ) AS a
    ORDER BY a.value ASC NULLS LAST LIMIT 1;
    breached := coalesce(value < threshold, false);
  EXCEPTION WHEN OTHERS THEN
    value := NULL;
    detail := NULL;
    problem := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    breached := true;
  END;
  RETURN NEXT;
  name := 'dead_letters';
  severity := 'ticket';
  threshold := '0';
  pending := '0';
  runbook := 'Read why: SELECT tag, last_error FROM public.cache_invalidation_queue WHERE dead_at IS NOT NULL AND processed_at IS NULL. When the cache is back: SELECT public.retry_dead_cache_invalidations().';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, a.detail::text INTO value, detail
    FROM (
SELECT h.dead AS value, (
  SELECT q.last_error FROM public.cache_invalidation_queue AS q
  WHERE q.dead_at IS NOT NULL AND q.processed_at IS NULL ORDER BY q.dead_at DESC LIMIT 1) AS detail
FROM public.cache_invalidation_health AS h
    ) AS a
    ORDER BY a.value DESC NULLS LAST LIMIT 1;
    breached := coalesce(value > threshold, false);
  EXCEPTION WHEN OTHERS THEN
    value := NULL;
    detail := NULL;
    problem := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    breached := true;
  END;
  RETURN NEXT;
  name := 'event_default_rows';
  severity := 'ticket';
  threshold := '0';
  pending := '0';
  runbook := 'Their day had no partition when they were written. CALL public.run_maintenance() makes partitions ahead.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, a.detail::text INTO value, detail
    FROM (
SELECT h.default_rows AS value, h.log AS detail FROM public.event_log_health AS h
    ) AS a
    ORDER BY a.value DESC NULLS LAST LIMIT 1;
    breached := coalesce(value > threshold, false);
  EXCEPTION WHEN OTHERS THEN
    value := NULL;
    detail := NULL;
    problem := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    breached := true;
  END;
  RETURN NEXT;
  name := 'label_cardinality';
  severity := 'ticket';
  threshold := '90';
  pending := '0';
  runbook := 'Values beyond the budget are recorded as `other`. Are they ids, or paths with ids in them? Normalize them, or make the label an identifier. Else raise max_cardinality.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, a.detail::text INTO value, detail
    FROM (
SELECT 100.0 * h.distinct_values / h.budget AS value,
  h.log || '.' || h.label || ': ' || h.distinct_values || ' of ' || h.budget AS detail
FROM public.event_label_health AS h
    ) AS a
    ORDER BY a.value DESC NULLS LAST LIMIT 1;
    breached := coalesce(value > threshold, false);
  EXCEPTION WHEN OTHERS THEN
    value := NULL;
    detail := NULL;
    problem := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    breached := true;
  END;
  RETURN NEXT;
  name := 'partitions_missing';
  severity := 'page';
  threshold := '2';
  pending := '5 minutes';
  runbook := 'Does the maintenance run? CALL public.run_maintenance() does it once. Rows without a partition are not lost: they go to the default partition.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, a.detail::text INTO value, detail
    FROM (
SELECT h.days_ahead AS value, h.log AS detail FROM public.event_log_health AS h
    ) AS a
    ORDER BY a.value ASC NULLS LAST LIMIT 1;
    breached := coalesce(value < threshold, false);
  EXCEPTION WHEN OTHERS THEN
    value := NULL;
    detail := NULL;
    problem := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    breached := true;
  END;
  RETURN NEXT;
  name := 'queue_age';
  severity := 'page';
  threshold := '300';
  pending := '1 minute';
  runbook := 'Is something draining? SELECT public.drain_cache_invalidation_queue() does it once. A transaction that is open for long holds back what it has written to: SELECT pid, xact_start, query FROM pg_stat_activity ORDER BY xact_start.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, NULL INTO value, detail
    FROM (
SELECT extract(epoch FROM h.greatest_age) AS value FROM public.cache_invalidation_health AS h
    ) AS a
    ORDER BY a.value DESC NULLS LAST LIMIT 1;
    breached := coalesce(value > threshold, false);
  EXCEPTION WHEN OTHERS THEN
    value := NULL;
    detail := NULL;
    problem := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    breached := true;
  END;
  RETURN NEXT;
  name := 'queue_depth';
  severity := 'ticket';
  threshold := '10000';
  pending := '5 minutes';
  runbook := 'Is something draining? SELECT public.drain_cache_invalidation_queue() does it once. If it is, and falls behind: SELECT tag, count(*) FROM public.cache_invalidation_queue WHERE processed_at IS NULL GROUP BY tag ORDER BY 2 DESC LIMIT 20 shows which tags are written.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, a.detail::text INTO value, detail
    FROM (
SELECT h.due AS value, h.pending || ' pending' AS detail FROM public.cache_invalidation_health AS h
    ) AS a
    ORDER BY a.value DESC NULLS LAST LIMIT 1;
    breached := coalesce(value > threshold, false);
  EXCEPTION WHEN OTHERS THEN
    value := NULL;
    detail := NULL;
    problem := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    breached := true;
  END;
  RETURN NEXT;
  name := 'refresh_duration';
  severity := 'ticket';
  threshold := '300';
  pending := '0';
  runbook := 'Is it the view of `detail` alone? Then its query: EXPLAIN (ANALYZE, BUFFERS) with its text from generated/schema.sql. All of them:
what else the server does. Refreshes can be turned off meanwhile: generated/runbook/refresh_off.sql.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, a.detail::text INTO value, detail
    FROM (
SELECT extract(epoch FROM coalesce(l.finished_at, clock_timestamp()) - l.started_at) AS value, l.view_name AS detail
FROM public.mv_refresh_log l
WHERE l.started_at > now() - interval '1 hour'
    ) AS a
    ORDER BY a.value DESC NULLS LAST LIMIT 1;
    breached := coalesce(value > threshold, false);
  EXCEPTION WHEN OTHERS THEN
    value := NULL;
    detail := NULL;
    problem := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    breached := true;
  END;
  RETURN NEXT;
  name := 'refresh_failures';
  severity := 'ticket';
  threshold := '0';
  pending := '5 minutes';
  runbook := 'It is tried again by itself, later each time. What happened: SELECT * FROM public.mv_refresh_log WHERE status = ''failed'' ORDER BY id DESC LIMIT 20. When the cause is gone: SELECT public.refresh_materialized_view(name).';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, a.detail::text INTO value, detail
    FROM (
SELECT h.failures AS value, h.view_name || ': ' || h.last_error AS detail FROM public.mv_refresh_health AS h
    ) AS a
    ORDER BY a.value DESC NULLS LAST LIMIT 1;
    breached := coalesce(value > threshold, false);
  EXCEPTION WHEN OTHERS THEN
    value := NULL;
    detail := NULL;
    problem := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    breached := true;
  END;
  RETURN NEXT;
  name := 'refresh_staleness';
  severity := 'page';
  threshold := '0';
  pending := '1 minute';
  runbook := 'Does the scheduler run? CALL public.refresh_materialized_views() does it once, and public.mv_refresh_health says what is due, what failed and when it is tried again.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, a.detail::text INTO value, detail
    FROM (
SELECT extract(epoch FROM h.staleness - h.max_staleness) AS value, h.view_name AS detail
FROM public.mv_refresh_health AS h
WHERE h.max_staleness IS NOT NULL
    ) AS a
    ORDER BY a.value DESC NULLS LAST LIMIT 1;
    breached := coalesce(value > threshold, false);
  EXCEPTION WHEN OTHERS THEN
    value := NULL;
    detail := NULL;
    problem := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    breached := true;
  END;
  RETURN NEXT;
  name := 'search_p95';
  severity := 'page';
  threshold := '300';
  pending := '10 minutes';
  runbook := 'Does the cache answer? SELECT * FROM pgspec_alerts WHERE name = ''cache_hit_rate''. If it serves wrong or slow answers, turn it
off: generated/runbook/cache_off.sql. What else runs: SELECT pid, query_start, query FROM pg_stat_activity WHERE state =
''active'' ORDER BY query_start.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, a.detail::text INTO value, detail
    FROM (
SELECT m.p95_ms AS value, m.method || ' in the five minutes from ' || m.bucket AS detail
FROM public.api_metrics_5m m
WHERE m.endpoint = '/search' AND m.bucket > now() - interval '15 minutes'
    ) AS a
    ORDER BY a.value DESC NULLS LAST LIMIT 1;
    breached := coalesce(value > threshold, false);
  EXCEPTION WHEN OTHERS THEN
    value := NULL;
    detail := NULL;
    problem := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    breached := true;
  END;
  RETURN NEXT;
  name := 'switch_thrown';
  severity := 'ticket';
  threshold := '0';
  pending := '0';
  runbook := 'generated/runbook/ has a file that turns each of them on again.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, a.detail::text INTO value, detail
    FROM (
SELECT count(*) AS value, pg_catalog.string_agg(
  s.name || ' by ' || s.thrown_by || coalesce(': ' || s.why, ''), '; ' ORDER BY s.thrown_at) AS detail
FROM pgspec.thrown_switches AS s
    ) AS a
    ORDER BY a.value DESC NULLS LAST LIMIT 1;
    breached := coalesce(value > threshold, false);
  EXCEPTION WHEN OTHERS THEN
    value := NULL;
    detail := NULL;
    problem := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    breached := true;
  END;
  RETURN NEXT;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.alert_values() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.alert_values() TO service_role;

-- create function pgspec.api_side()
CREATE FUNCTION pgspec.api_side() RETURNS SETOF oid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- The API roles, and every role whose rights they can use or take on.
  WITH RECURSIVE side (oid) AS (
    SELECT r.oid FROM pg_roles AS r WHERE r.rolname = ANY (ARRAY['anon', 'authenticated'])
    UNION SELECT m.roleid FROM side JOIN pg_auth_members AS m ON m.member = side.oid)
  SELECT s.oid FROM side AS s
$function$;
REVOKE ALL ON FUNCTION pgspec.api_side() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.audit_claims()
CREATE FUNCTION pgspec.audit_claims() RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
-- The claims of the request; NULL when there are none, or none that are an object.  What a client sent must not be able
-- to fail a write.
DECLARE
  claims jsonb;
BEGIN
  IF coalesce(current_setting('request.jwt.claims', true), '') = '' THEN
    RETURN NULL;  -- without the cost of a sub-transaction
  END IF;
  BEGIN
    claims := current_setting('request.jwt.claims', true)::jsonb;
  EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
  END;
  RETURN CASE WHEN jsonb_typeof(claims) = 'object' THEN claims END;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_claims() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.audit_guard()
CREATE FUNCTION pgspec.audit_guard() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- An audit log only grows.  Its own function forgets old entries: it runs as the owner, and nobody else can be both.
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('pgspec.audit_retention', true) = TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME
    AND current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = TG_RELID) THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION '% on the audit log %.% is refused', TG_OP, quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME) USING
    ERRCODE = 'insufficient_privilege',
    HINT = format('entries are only added; %I.%I() forgets those that are older than the retention', 'public', 'cleanup_' || TG_TABLE_NAME);
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_guard() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.audit_request_id()
CREATE FUNCTION pgspec.audit_request_id() RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
-- The number of the request, as project.yaml says; NULL when there is none.  What a client sent must not be able to
-- fail a write.
BEGIN
  RETURN (
current_setting('request.headers', true)::json ->> 'x-request-id'
  )::text;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_request_id() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.audit_admin_audit_log_delete_public_bookings()  [specs/access/audit.yaml:3]
CREATE FUNCTION pgspec.audit_admin_audit_log_delete_public_bookings() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET timezone = 'UTC'
SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $function$
DECLARE
  writer text := coalesce(nullif(current_setting('role'), 'none'), session_user);  -- current_user is our owner
BEGIN
  INSERT INTO pgspec.admin_audit_log (table_schema, table_name, event, row_key, old, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'bookings', 'DELETE', jsonb_build_object('id', w.c1),
    jsonb_build_object('id', w.c1, 'service_id', w.c2, 'provider_id', w.c3, 'customer_id', w.c4, 'location_id', w.c5, 'status', w.c6,
      'amount', w.c7, 'refunded_amount', w.c8, 'scheduled_at', w.c9, 'completed_at', w.c10, 'cancelled_at', w.c11,
      'created_at', w.c12),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['service_role']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    (SELECT pgspec.audit_request_id()),
    (SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub'], 'role', c.claims #> ARRAY['role'])
      FROM (SELECT pgspec.audit_claims() AS claims OFFSET 0) AS c WHERE c.claims IS NOT NULL),
    pg_current_xact_id()::text::bigint
  FROM (SELECT r.id AS c1, r.service_id AS c2, r.provider_id AS c3, r.customer_id AS c4, r.location_id AS c5, r.status AS c6,
    r.amount AS c7, r.refunded_amount AS c8, r.scheduled_at AS c9, r.completed_at AS c10, r.cancelled_at AS c11,
    r.created_at AS c12 FROM old_rows AS r) AS w;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_admin_audit_log_delete_public_bookings() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.audit_admin_audit_log_delete_public_profiles()  [specs/access/audit.yaml:3]
CREATE FUNCTION pgspec.audit_admin_audit_log_delete_public_profiles() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET timezone = 'UTC'
SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $function$
DECLARE
  writer text := coalesce(nullif(current_setting('role'), 'none'), session_user);  -- current_user is our owner
BEGIN
  INSERT INTO pgspec.admin_audit_log (table_schema, table_name, event, row_key, old, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'profiles', 'DELETE', jsonb_build_object('id', w.c1),
    jsonb_build_object('id', w.c1, 'role', w.c2, 'status', w.c3, 'display_name', w.c4, 'email', w.c5, 'business_name', w.c6,
      'specialty_id', w.c7, 'location_id', w.c8, 'verified_at', w.c9, 'created_at', w.c10, 'updated_at', w.c11),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['service_role']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    (SELECT pgspec.audit_request_id()),
    (SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub'], 'role', c.claims #> ARRAY['role'])
      FROM (SELECT pgspec.audit_claims() AS claims OFFSET 0) AS c WHERE c.claims IS NOT NULL),
    pg_current_xact_id()::text::bigint
  FROM (SELECT r.id AS c1, r.role AS c2, r.status AS c3, r.display_name AS c4, r.email AS c5, r.business_name AS c6,
    r.specialty_id AS c7, r.location_id AS c8, r.verified_at AS c9, r.created_at AS c10, r.updated_at AS c11 FROM old_rows AS r) AS w;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_admin_audit_log_delete_public_profiles() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.audit_admin_audit_log_delete_public_services()  [specs/access/audit.yaml:3]
CREATE FUNCTION pgspec.audit_admin_audit_log_delete_public_services() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET timezone = 'UTC'
SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $function$
DECLARE
  writer text := coalesce(nullif(current_setting('role'), 'none'), session_user);  -- current_user is our owner
BEGIN
  INSERT INTO pgspec.admin_audit_log (table_schema, table_name, event, row_key, old, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'services', 'DELETE', jsonb_build_object('id', w.c1),
    jsonb_build_object('id', w.c1, 'provider_id', w.c2, 'specialty_id', w.c3, 'name', w.c4, 'description', w.c5, 'price', w.c6,
      'duration_minutes', w.c7, 'is_active', w.c8, 'created_at', w.c9, 'updated_at', w.c10),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['service_role']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    (SELECT pgspec.audit_request_id()),
    (SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub'], 'role', c.claims #> ARRAY['role'])
      FROM (SELECT pgspec.audit_claims() AS claims OFFSET 0) AS c WHERE c.claims IS NOT NULL),
    pg_current_xact_id()::text::bigint
  FROM (SELECT r.id AS c1, r.provider_id AS c2, r.specialty_id AS c3, r.name AS c4, r.description AS c5, r.price AS c6,
    r.duration_minutes AS c7, r.is_active AS c8, r.created_at AS c9, r.updated_at AS c10 FROM old_rows AS r) AS w;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_admin_audit_log_delete_public_services() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.audit_admin_audit_log_truncate_public_bookings()  [specs/access/audit.yaml:3]
CREATE FUNCTION pgspec.audit_admin_audit_log_truncate_public_bookings() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET timezone = 'UTC'
SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $function$
DECLARE
  writer text := coalesce(nullif(current_setting('role'), 'none'), session_user);  -- current_user is our owner
  lost bigint;
BEGIN
  BEGIN
    PERFORM set_config('row_security', 'off', true);  -- all rows are counted, or none
    EXECUTE format('SELECT count(*) FROM %I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO lost;
  EXCEPTION WHEN insufficient_privilege THEN
    lost := NULL;
  END;
  PERFORM set_config('row_security', 'on', true);
  INSERT INTO pgspec.admin_audit_log (table_schema, table_name, event, truncated_rows, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'bookings', 'TRUNCATE', lost,
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['service_role']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    (SELECT pgspec.audit_request_id()),
    (SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub'], 'role', c.claims #> ARRAY['role'])
      FROM (SELECT pgspec.audit_claims() AS claims OFFSET 0) AS c WHERE c.claims IS NOT NULL),
    pg_current_xact_id()::text::bigint;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_admin_audit_log_truncate_public_bookings() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.audit_admin_audit_log_truncate_public_services()  [specs/access/audit.yaml:3]
CREATE FUNCTION pgspec.audit_admin_audit_log_truncate_public_services() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET timezone = 'UTC'
SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $function$
DECLARE
  writer text := coalesce(nullif(current_setting('role'), 'none'), session_user);  -- current_user is our owner
  lost bigint;
BEGIN
  BEGIN
    PERFORM set_config('row_security', 'off', true);  -- all rows are counted, or none
    EXECUTE format('SELECT count(*) FROM %I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO lost;
  EXCEPTION WHEN insufficient_privilege THEN
    lost := NULL;
  END;
  PERFORM set_config('row_security', 'on', true);
  INSERT INTO pgspec.admin_audit_log (table_schema, table_name, event, truncated_rows, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'services', 'TRUNCATE', lost,
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['service_role']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    (SELECT pgspec.audit_request_id()),
    (SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub'], 'role', c.claims #> ARRAY['role'])
      FROM (SELECT pgspec.audit_claims() AS claims OFFSET 0) AS c WHERE c.claims IS NOT NULL),
    pg_current_xact_id()::text::bigint;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_admin_audit_log_truncate_public_services() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.audit_admin_audit_log_update_public_bookings()  [specs/access/audit.yaml:3]
CREATE FUNCTION pgspec.audit_admin_audit_log_update_public_bookings() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET timezone = 'UTC'
SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $function$
DECLARE
  writer text := coalesce(nullif(current_setting('role'), 'none'), session_user);  -- current_user is our owner
BEGIN
  INSERT INTO pgspec.admin_audit_log (table_schema, table_name, event, row_key, new_row_key, old, new, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'bookings', 'UPDATE', jsonb_build_object('id', o.c6), CASE WHEN o.c6 IS DISTINCT FROM n.c6 THEN jsonb_build_object('id', n.c6) END,
    jsonb_build_object('provider_id', o.c1, 'customer_id', o.c2, 'status', o.c3, 'amount', o.c4, 'refunded_amount', o.c5),
    jsonb_build_object('provider_id', n.c1, 'customer_id', n.c2, 'status', n.c3, 'amount', n.c4, 'refunded_amount', n.c5),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['service_role']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    (SELECT pgspec.audit_request_id()),
    (SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub'], 'role', c.claims #> ARRAY['role'])
      FROM (SELECT pgspec.audit_claims() AS claims OFFSET 0) AS c WHERE c.claims IS NOT NULL),
    pg_current_xact_id()::text::bigint
  FROM (SELECT row_number() OVER () AS p, r.provider_id AS c1, r.customer_id AS c2, r.status AS c3, r.amount AS c4, r.refunded_amount AS c5, r.id AS c6 FROM old_rows AS r) AS o
  FULL JOIN (SELECT row_number() OVER () AS p, r.provider_id AS c1, r.customer_id AS c2, r.status AS c3, r.amount AS c4, r.refunded_amount AS c5, r.id AS c6 FROM new_rows AS r) AS n USING (p)
  WHERE o.c1 IS DISTINCT FROM n.c1 OR o.c2 IS DISTINCT FROM n.c2 OR o.c3 IS DISTINCT FROM n.c3
    OR o.c4 IS DISTINCT FROM n.c4 OR o.c5 IS DISTINCT FROM n.c5 OR o.c6 IS DISTINCT FROM n.c6
  ORDER BY p;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_admin_audit_log_update_public_bookings() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.audit_admin_audit_log_update_public_profiles()  [specs/access/audit.yaml:3]
CREATE FUNCTION pgspec.audit_admin_audit_log_update_public_profiles() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET timezone = 'UTC'
SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $function$
DECLARE
  writer text := coalesce(nullif(current_setting('role'), 'none'), session_user);  -- current_user is our owner
BEGIN
  INSERT INTO pgspec.admin_audit_log (table_schema, table_name, event, row_key, new_row_key, old, new, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'profiles', 'UPDATE', jsonb_build_object('id', o.c5), CASE WHEN o.c5 IS DISTINCT FROM n.c5 THEN jsonb_build_object('id', n.c5) END,
    jsonb_build_object('role', o.c1, 'status', o.c2, 'email', o.c3, 'verified_at', o.c4),
    jsonb_build_object('role', n.c1, 'status', n.c2, 'email', n.c3, 'verified_at', n.c4),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['service_role']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    (SELECT pgspec.audit_request_id()),
    (SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub'], 'role', c.claims #> ARRAY['role'])
      FROM (SELECT pgspec.audit_claims() AS claims OFFSET 0) AS c WHERE c.claims IS NOT NULL),
    pg_current_xact_id()::text::bigint
  FROM (SELECT row_number() OVER () AS p, r.role AS c1, r.status AS c2, r.email AS c3, r.verified_at AS c4, r.id AS c5 FROM old_rows AS r) AS o
  FULL JOIN (SELECT row_number() OVER () AS p, r.role AS c1, r.status AS c2, r.email AS c3, r.verified_at AS c4, r.id AS c5 FROM new_rows AS r) AS n USING (p)
  WHERE o.c1 IS DISTINCT FROM n.c1 OR o.c2 IS DISTINCT FROM n.c2 OR o.c3 IS DISTINCT FROM n.c3
    OR o.c4 IS DISTINCT FROM n.c4 OR o.c5 IS DISTINCT FROM n.c5
  ORDER BY p;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_admin_audit_log_update_public_profiles() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.audit_admin_audit_log_update_public_services()  [specs/access/audit.yaml:3]
CREATE FUNCTION pgspec.audit_admin_audit_log_update_public_services() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET timezone = 'UTC'
SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $function$
DECLARE
  writer text := coalesce(nullif(current_setting('role'), 'none'), session_user);  -- current_user is our owner
BEGIN
  INSERT INTO pgspec.admin_audit_log (table_schema, table_name, event, row_key, new_row_key, old, new, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'services', 'UPDATE', jsonb_build_object('id', o.c4), CASE WHEN o.c4 IS DISTINCT FROM n.c4 THEN jsonb_build_object('id', n.c4) END,
    jsonb_build_object('provider_id', o.c1, 'price', o.c2, 'is_active', o.c3),
    jsonb_build_object('provider_id', n.c1, 'price', n.c2, 'is_active', n.c3),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['service_role']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    (SELECT pgspec.audit_request_id()),
    (SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub'], 'role', c.claims #> ARRAY['role'])
      FROM (SELECT pgspec.audit_claims() AS claims OFFSET 0) AS c WHERE c.claims IS NOT NULL),
    pg_current_xact_id()::text::bigint
  FROM (SELECT row_number() OVER () AS p, r.provider_id AS c1, r.price AS c2, r.is_active AS c3, r.id AS c4 FROM old_rows AS r) AS o
  FULL JOIN (SELECT row_number() OVER () AS p, r.provider_id AS c1, r.price AS c2, r.is_active AS c3, r.id AS c4 FROM new_rows AS r) AS n USING (p)
  WHERE o.c1 IS DISTINCT FROM n.c1 OR o.c2 IS DISTINCT FROM n.c2 OR o.c3 IS DISTINCT FROM n.c3
    OR o.c4 IS DISTINCT FROM n.c4
  ORDER BY p;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_admin_audit_log_update_public_services() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.catch_up(interval)
CREATE FUNCTION pgspec.catch_up(patience interval) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = on
AS $function$
-- Makes good for what writers did not enqueue, before the cache is used again.  They hold a lock until they end, and new ones
-- enqueue: when nobody holds it, one invalidation of everything, seen by all at the moment when the cache is on, is enough.
DECLARE
  stop timestamptz := clock_timestamp() + patience;
  known jsonb;
  open text[];
BEGIN
  WHILE pgspec.skipping() <> '{}' AND clock_timestamp() < stop
    AND EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = 'cache'
      AND s.state ->> 'reset_in' <> pg_current_xact_id()::text) LOOP  -- else there is nothing to wait for
    PERFORM pg_sleep(0.05);
  END LOOP;
  SELECT s.state INTO known FROM pgspec.thrown_switches AS s WHERE s.name = 'cache' FOR UPDATE;
  IF known IS NULL OR NOT known ? 'stale' THEN
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = 'enqueue') THEN
    RAISE EXCEPTION 'the cache stays off while writers enqueue nothing' USING
      ERRCODE = 'object_not_in_prerequisite_state', HINT = 'reset the switch ''enqueue'' first';
  END IF;
  IF known ->> 'reset_in' = pg_current_xact_id()::text THEN
    RAISE EXCEPTION 'writers do not know yet that they must enqueue again' USING
      ERRCODE = 'object_not_in_prerequisite_state', HINT = 'commit, then reset the switch ''cache''';
  END IF;
  open := pgspec.skipping();
  IF open <> '{}' THEN
    RAISE EXCEPTION 'the cache stays off: % transactions that did not enqueue what they wrote are open', cardinality(open) USING
      ERRCODE = 'object_in_use', DETAIL = array_to_string(open, ', '), HINT = 'end them, or wait, and reset the switch again';
  END IF;
  PERFORM pgspec.invalidate_tags(ARRAY['*']);
  PERFORM public.enqueue_cache_invalidation('*', 0);  -- for caches elsewhere
END
$function$;
REVOKE ALL ON FUNCTION pgspec.catch_up(interval) FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.claim(text)
CREATE FUNCTION pgspec.claim(name text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  raw text := nullif(pg_catalog.current_setting('request.jwt.claims', true), '');
  shape text;
  before text;
BEGIN
  -- Text that is no JSON must read as "no claims".  A block that catches errors would not run beside parallel workers,
  -- so the text is judged before it is parsed: scalars become marks, then brackets around marks do, from the inside out.
  IF raw IS NULL OR raw !~ '^[ \t\r\n]*\{' OR raw ~ '[\x01-\x08\x0b\x0c\x0e-\x1f]' THEN
    RETURN NULL;
  END IF;
  shape := pg_catalog.regexp_replace(raw,
    '\\(?:["\\/bfnrt]|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u(?!0000|[dD][89a-fA-F])[0-9a-fA-F]{4})',
    '@', 'g');
  shape := pg_catalog.regexp_replace(shape, '"[^"\\\t\r\n]*"', E'\x01', 'g');
  shape := pg_catalog.regexp_replace(shape,
    '-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null', E'\x02', 'g');
  shape := pg_catalog.regexp_replace(shape, '[ \t\r\n]+', '', 'g');
  FOR level IN 1..32 LOOP
    before := shape;
    shape := pg_catalog.regexp_replace(shape,
      '\[(?:[\x01\x02](?:,[\x01\x02])*)?\]|\{(?:\x01:[\x01\x02](?:,\x01:[\x01\x02])*)?\}', E'\x02', 'g');
    EXIT WHEN shape = before;
  END LOOP;
  IF shape <> E'\x02' THEN
    RETURN NULL;
  END IF;
  RETURN raw::pg_catalog.json #>> pg_catalog.string_to_array(name, '.');
END
$function$;
REVOKE ALL ON FUNCTION pgspec.claim(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.claim(text) TO anon, authenticated, service_role;

-- create function pgspec.claim_bigint(text)
CREATE FUNCTION pgspec.claim_bigint(name text) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  value text := pgspec.claim(name);
BEGIN
  RETURN CASE WHEN value ~ '^-?[0-9]{1,19}$' THEN
    CASE WHEN value::pg_catalog.numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN value::bigint END
  END;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.claim_bigint(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.claim_bigint(text) TO anon, authenticated, service_role;

-- create function pgspec.claim_uuid(text)
CREATE FUNCTION pgspec.claim_uuid(name text) RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  value text := pgspec.claim(name);
BEGIN
  RETURN CASE WHEN value ~* '^([0-9a-f]{4}-?){7}[0-9a-f]{4}$' THEN value::pg_catalog.uuid END;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.claim_uuid(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.claim_uuid(text) TO anon, authenticated, service_role;

-- create function pgspec.access_pgspec_admin_audit_log(text)  [specs/access/audit.yaml:14]
CREATE FUNCTION pgspec.access_pgspec_admin_audit_log(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
  -- admins_read
  IF command = ANY (ARRAY['select']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'admins_read';
    restrictive := false;
    ok := ((SELECT pgspec.claim('role')) = 'admin') IS TRUE;
    condition := '(SELECT pgspec.claim(''role'')) = ''admin''';
    RETURN NEXT;
  END IF;
  -- pgspec_service
  IF command = ANY (ARRAY['select']) AND (pg_has_role('service_role', 'USAGE')) THEN
    policy := 'pgspec_service';
    restrictive := false;
    ok := true;
    condition := 'true';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.access_pgspec_admin_audit_log(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.access_pgspec_admin_audit_log(text) TO anon, authenticated, service_role;

-- create function pgspec.access_public_bookings(text)  [specs/access/bookings.yaml:2]
CREATE FUNCTION pgspec.access_public_bookings(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
  -- as_vendor
  IF command = ANY (ARRAY['select']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'as_vendor';
    restrictive := false;
    ok := ((SELECT pgspec.claim_uuid('sub')) IS NOT NULL) IS TRUE;
    condition := 'provider_id = (SELECT pgspec.claim_uuid(''sub''))';
    RETURN NEXT;
  END IF;
  -- as_customer
  IF command = ANY (ARRAY['select']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'as_customer';
    restrictive := false;
    ok := ((SELECT pgspec.claim_uuid('sub')) IS NOT NULL) IS TRUE;
    condition := 'customer_id = (SELECT pgspec.claim_uuid(''sub''))';
    RETURN NEXT;
  END IF;
  -- admins_read
  IF command = ANY (ARRAY['select']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'admins_read';
    restrictive := false;
    ok := ((SELECT pgspec.claim('role')) = 'admin') IS TRUE;
    condition := '(SELECT pgspec.claim(''role'')) = ''admin''';
    RETURN NEXT;
  END IF;
  -- customers_ask
  IF command = ANY (ARRAY['insert']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'customers_ask';
    restrictive := false;
    ok := ((SELECT pgspec.claim_uuid('sub')) IS NOT NULL) IS TRUE;
    condition := 'customer_id = (SELECT pgspec.claim_uuid(''sub'')) AND status = ''requested'' AND refunded_amount = 0';
    RETURN NEXT;
  END IF;
  -- vendors_answer
  IF command = ANY (ARRAY['update']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'vendors_answer';
    restrictive := false;
    ok := ((SELECT pgspec.claim_uuid('sub')) IS NOT NULL) IS TRUE;
    condition := 'provider_id = (SELECT pgspec.claim_uuid(''sub''))';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.access_public_bookings(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.access_public_bookings(text) TO anon, authenticated, service_role;

-- create function pgspec.access_public_profiles(text)  [specs/access/profiles.yaml:2]
CREATE FUNCTION pgspec.access_public_profiles(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
  -- own_profile
  IF command = ANY (ARRAY['select']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'own_profile';
    restrictive := false;
    ok := ((SELECT pgspec.claim_uuid('sub')) IS NOT NULL) IS TRUE;
    condition := 'id = (SELECT pgspec.claim_uuid(''sub''))';
    RETURN NEXT;
  END IF;
  -- admins_read
  IF command = ANY (ARRAY['select']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'admins_read';
    restrictive := false;
    ok := ((SELECT pgspec.claim('role')) = 'admin') IS TRUE;
    condition := '(SELECT pgspec.claim(''role'')) = ''admin''';
    RETURN NEXT;
  END IF;
  -- own_changes
  IF command = ANY (ARRAY['update']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'own_changes';
    restrictive := false;
    ok := ((SELECT pgspec.claim_uuid('sub')) IS NOT NULL) IS TRUE;
    condition := 'id = (SELECT pgspec.claim_uuid(''sub'')) AND status IN (''active'', ''paused'')';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.access_public_profiles(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.access_public_profiles(text) TO anon, authenticated, service_role;

-- create function pgspec.access_public_services(text)  [specs/access/services.yaml:2]
CREATE FUNCTION pgspec.access_public_services(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
  -- on_offer
  IF command = ANY (ARRAY['select']) AND (pg_has_role('anon', 'USAGE') OR pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'on_offer';
    restrictive := false;
    ok := true;
    condition := 'is_active';
    RETURN NEXT;
  END IF;
  -- own_services
  IF command = ANY (ARRAY['select', 'update', 'delete']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'own_services';
    restrictive := false;
    ok := ((SELECT pgspec.claim_uuid('sub')) IS NOT NULL) IS TRUE;
    condition := 'provider_id = (SELECT pgspec.claim_uuid(''sub''))';
    RETURN NEXT;
  END IF;
  -- own_services
  IF command = ANY (ARRAY['insert']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'own_services';
    restrictive := false;
    ok := ((SELECT pgspec.claim_uuid('sub')) IS NOT NULL AND (SELECT pgspec.claim('role')) = 'vendor') IS TRUE;
    condition := 'provider_id = (SELECT pgspec.claim_uuid(''sub'')) AND (SELECT pgspec.claim(''role'')) = ''vendor''';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.access_public_services(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.access_public_services(text) TO anon, authenticated, service_role;

-- create function pgspec.close_mv_refresh(bigint, bigint, text, interval)
CREATE FUNCTION pgspec.close_mv_refresh(attempt bigint, number bigint, problem text, pause interval) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Closes an attempt: with the rows that the view has, or with the error and after what time it is tried again; NULL for
-- the time that doubles with each failure, up to that between refreshes or an hour.
#variable_conflict use_column
DECLARE
  moment timestamptz := clock_timestamp();
BEGIN
  UPDATE public.mv_refresh_log AS g
  SET finished_at = moment, status = CASE WHEN problem IS NULL THEN 'ok' ELSE 'failed' END, rows = number, error = problem
  WHERE g.id = attempt;
  IF problem IS NULL THEN
    UPDATE pgspec.mv_refresh_state AS s
    SET log_id = NULL, stale_since = NULL, last_success = s.started_at, last_duration = moment - s.started_at,
      failures = 0, retry_at = NULL, last_error = NULL
    WHERE s.log_id = attempt;
  ELSE
    UPDATE pgspec.mv_refresh_state AS s
    SET log_id = NULL, failures = s.failures + 1, last_error = problem, retry_at = moment + coalesce(pause,
      least(interval '1 minute' * power(2, least(s.failures, 6)), interval '1 hour',
        greatest(interval '1 minute', (SELECT v.every FROM pgspec.refreshed_views() AS v WHERE v.view_name = s.view_name))))
    WHERE s.log_id = attempt;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.close_mv_refresh(bigint, bigint, text, interval) FROM PUBLIC, anon, authenticated, service_role;

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
BEGIN
  -- The same with the switch: whoever enqueues nothing says so by a lock, and then looks whether the switch is being reset (xmax);
  -- whoever has reset it looks who holds the lock.
  IF EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = 'enqueue')
    AND pg_try_advisory_xact_lock_shared(1885827952, -3)
    AND EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = 'enqueue' AND s.xmax = 0) THEN
    RETURN 0;
  END IF;
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
BEGIN

  -- locations
  SELECT EXISTS (SELECT FROM old_rows AS locations)
  INTO hit;
  IF hit THEN
    hit := pgspec.enqueue_tags(ARRAY['location', 'search:geo', 'search:location'], interval '300 seconds') > 0;  -- an assignment costs less than PERFORM
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
  made_1 text[];
  made_2 text[];
BEGIN

  -- vendors
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
    hit := pgspec.enqueue_tags(ARRAY['search:vendors', 'search:provider'] || made_1 || made_2, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
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
  made_1 text[];
BEGIN

  -- services
  SELECT EXISTS (SELECT FROM old_rows AS services),
    ARRAY(SELECT 'services:provider:' || r.provider_id::text FROM (SELECT DISTINCT services.provider_id FROM old_rows AS services) AS r
      WHERE r.provider_id IS NOT NULL LIMIT 1001)
  INTO hit, made_1;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['services:provider:*'];
    END IF;
    hit := pgspec.enqueue_tags(ARRAY['services', 'search:services', 'search:provider'] || made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
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
BEGIN

  -- specialties
  SELECT EXISTS (SELECT FROM old_rows AS specialties)
  INTO hit;
  IF hit THEN
    hit := pgspec.enqueue_tags(ARRAY['specialties', 'search:specialties'], interval '300 seconds') > 0;  -- an assignment costs less than PERFORM
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
BEGIN

  -- locations
  SELECT EXISTS (SELECT FROM new_rows AS locations)
  INTO hit;
  IF hit THEN
    hit := pgspec.enqueue_tags(ARRAY['location', 'search:geo', 'search:location'], interval '300 seconds') > 0;  -- an assignment costs less than PERFORM
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
  made_1 text[];
  made_2 text[];
BEGIN

  -- vendors
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
    hit := pgspec.enqueue_tags(ARRAY['search:vendors', 'search:provider'] || made_1 || made_2, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
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
  made_1 text[];
BEGIN

  -- services
  SELECT EXISTS (SELECT FROM new_rows AS services),
    ARRAY(SELECT 'services:provider:' || r.provider_id::text FROM (SELECT DISTINCT services.provider_id FROM new_rows AS services) AS r
      WHERE r.provider_id IS NOT NULL LIMIT 1001)
  INTO hit, made_1;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['services:provider:*'];
    END IF;
    hit := pgspec.enqueue_tags(ARRAY['services', 'search:services', 'search:provider'] || made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
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
BEGIN

  -- specialties
  SELECT EXISTS (SELECT FROM new_rows AS specialties)
  INTO hit;
  IF hit THEN
    hit := pgspec.enqueue_tags(ARRAY['specialties', 'search:specialties'], interval '300 seconds') > 0;  -- an assignment costs less than PERFORM
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
BEGIN

  -- locations
  hit := true;
  IF hit THEN
    hit := pgspec.enqueue_tags(ARRAY['location', 'search:geo', 'search:location'], interval '300 seconds') > 0;  -- an assignment costs less than PERFORM
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
  made_1 text[];
  made_2 text[];
BEGIN

  -- vendors
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
    hit := pgspec.enqueue_tags(ARRAY['search:vendors', 'search:provider'] || made_1 || made_2, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
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
  made_1 text[];
BEGIN

  -- services
  hit := true;
  made_1 := ARRAY['services:provider:*'];
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['services:provider:*'];
    END IF;
    hit := pgspec.enqueue_tags(ARRAY['services', 'search:services', 'search:provider'] || made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
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
BEGIN

  -- specialties
  hit := true;
  IF hit THEN
    hit := pgspec.enqueue_tags(ARRAY['specialties', 'search:specialties'], interval '300 seconds') > 0;  -- an assignment costs less than PERFORM
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
  memory text;
BEGIN

  -- locations
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
      PERFORM set_config('work_mem', '64MB', true);
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
    PERFORM set_config('work_mem', memory, true);
  END IF;
  IF hit THEN
    hit := pgspec.enqueue_tags(ARRAY['location', 'search:geo', 'search:location'], interval '300 seconds') > 0;  -- an assignment costs less than PERFORM
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
  memory text;
  made_1 text[];
  made_2 text[];
BEGIN

  -- vendors
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
      PERFORM set_config('work_mem', '64MB', true);
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
    PERFORM set_config('work_mem', memory, true);
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
    hit := pgspec.enqueue_tags(ARRAY['search:vendors', 'search:provider'] || made_1 || made_2, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
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
  memory text;
  made_1 text[];
BEGIN

  -- services
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
      PERFORM set_config('work_mem', '64MB', true);
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
    PERFORM set_config('work_mem', memory, true);
  END IF;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['services:provider:*'];
    END IF;
    hit := pgspec.enqueue_tags(ARRAY['services', 'search:services', 'search:provider'] || made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
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
  memory text;
BEGIN

  -- specialties
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
      PERFORM set_config('work_mem', '64MB', true);
    END IF;
    WITH changed AS MATERIALIZED (
      SELECT true AS pgspec_here
      FROM (SELECT row_number() OVER () AS pgspec_row, specialties.parent_id, specialties.slug, specialties.name, specialties.is_active, specialties.id FROM old_rows AS specialties) AS o
      FULL JOIN (SELECT row_number() OVER () AS pgspec_row, specialties.parent_id, specialties.slug, specialties.name, specialties.is_active, specialties.id FROM new_rows AS specialties) AS n USING (pgspec_row)
      WHERE (o.parent_id IS DISTINCT FROM n.parent_id OR o.slug IS DISTINCT FROM n.slug OR o.name IS DISTINCT FROM n.name
    OR o.is_active IS DISTINCT FROM n.is_active OR o.id IS DISTINCT FROM n.id))
    SELECT EXISTS (SELECT FROM changed), true
    INTO hit, many;
    PERFORM set_config('work_mem', memory, true);
  END IF;
  IF hit THEN
    hit := pgspec.enqueue_tags(ARRAY['specialties', 'search:specialties'], interval '300 seconds') > 0;  -- an assignment costs less than PERFORM
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
      || coalesce((SELECT ' WITH ' || c.reloptions::text FROM pg_class AS c WHERE c.oid = to_regclass(name)), '')
    WHEN 'materialized_view' THEN pg_get_viewdef(to_regclass(name))
    WHEN 'index' THEN pg_get_indexdef(to_regclass(name))
    WHEN 'function' THEN pg_get_functiondef(to_regprocedure(name))
    WHEN 'procedure' THEN pg_get_functiondef(to_regprocedure(name))
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

-- create function pgspec.guard_pgspec_admin_audit_log(text)  [specs/access/audit.yaml:14]
CREATE FUNCTION pgspec.guard_pgspec_admin_audit_log(command text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- Refuses a caller whom no policy can admit, before a row is read: what it says depends on the caller alone.
BEGIN
  IF NOT row_security_active('pgspec.admin_audit_log'::regclass)
    OR current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = 'pgspec.admin_audit_log'::regclass)
    OR (SELECT coalesce(bool_or(a.ok) FILTER (WHERE NOT a.restrictive), false)
        AND coalesce(bool_and(a.ok) FILTER (WHERE a.restrictive), true) FROM pgspec.access_pgspec_admin_audit_log(command) AS a) THEN
    RETURN true;
  END IF;
  RAISE EXCEPTION '% on % is refused', upper(command), 'public.admin_audit_log' USING
    ERRCODE = 'insufficient_privilege',
    DETAIL = 'No policy admits this session, whatever the row.',
    HINT = 'role=admin? session present?';
END
$function$;
REVOKE ALL ON FUNCTION pgspec.guard_pgspec_admin_audit_log(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.guard_pgspec_admin_audit_log(text) TO anon, authenticated, service_role;

-- create function pgspec.harden(text)
CREATE FUNCTION pgspec.harden(switch text) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Takes every right of the API roles and of PUBLIC on what a switch closes, and keeps in the switch what it took, unless
-- the specs say it.
DECLARE
  closed regclass;
  grantee text;
  before jsonb;
  taken jsonb := '[]';
  effect text;
  more text;
BEGIN
  FOR closed IN SELECT c FROM pgspec.closed_by(switch) AS c ORDER BY c::text LOOP
    before := (SELECT coalesce(jsonb_agg(jsonb_build_object('relation', closed::text, 'role', g.role, 'privilege', g.privilege, 'part', g.part, 'grantable', g.grantable)), '[]') FROM pgspec.relation_grants(closed) AS g);
    BEGIN
      FOR grantee IN
        SELECT DISTINCT g.role FROM pgspec.relation_grants(closed) AS g
        WHERE g.role IS NULL OR to_regrole(quote_ident(g.role)) IN (SELECT a FROM pgspec.api_side() AS a)
          AND g.role <> ALL (ARRAY['service_role']::text[]) LOOP
        EXECUTE format('REVOKE ALL ON TABLE %s FROM %s CASCADE', closed, coalesce(quote_ident(grantee), 'PUBLIC'));
      END LOOP;
    EXCEPTION WHEN insufficient_privilege THEN
      NULL;  -- a view of somebody else: it is among what is left
    END;
    taken := taken || (SELECT coalesce(jsonb_agg(b.entry), '[]') FROM jsonb_array_elements(before) AS b (entry)
      WHERE NOT (SELECT coalesce(jsonb_agg(jsonb_build_object('relation', closed::text, 'role', g.role, 'privilege', g.privilege, 'part', g.part, 'grantable', g.grantable)), '[]') FROM pgspec.relation_grants(closed) AS g) @> jsonb_build_array(b.entry) AND NOT (
        coalesce(b.entry ->> 'role' = ANY (ARRAY['anon', 'authenticated']), true)
        AND EXISTS (SELECT FROM pgspec.switch_targets() AS t WHERE to_regclass(t.relation) = closed)));
    effect := concat_ws(', ', effect, closed);
  END LOOP;
  UPDATE pgspec.thrown_switches AS s SET state = coalesce(s.state, '[]') || taken WHERE s.name = switch;
  effect := 'closed to API roles: ' || effect;
  SELECT string_agg(format('%s %s on %s', l.role, l.privilege, l.relation), ', ') INTO more
  FROM public.access_left(switch) AS l;
  IF more IS NOT NULL THEN
    effect := effect || E'\nSTILL OPEN: ' || more;
    RAISE WARNING '%: API roles still have access: %', switch, more;
  END IF;
  SELECT string_agg(DISTINCT m.oid::regclass::text, ', ') INTO more
  FROM pgspec.closed_by(switch) AS c (relation)
  JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.relation AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite AS r ON r.oid = d.objid JOIN pg_class AS m ON m.oid = r.ev_class AND m.relkind = 'm'
  JOIN pgspec.api_side() AS a (oid) ON has_any_column_privilege(a.oid, m.oid, 'SELECT')
  WHERE m.oid <> c.relation;
  effect := effect || coalesce(E'\ncopies that API roles can read: ' || more, '');
  SELECT string_agg(DISTINCT l.pid::text, ', ') INTO more
  FROM pg_locks AS l
  WHERE l.locktype = 'relation' AND l.relation IN (SELECT c FROM pgspec.closed_by(switch) AS c)
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()) AND l.pid <> pg_backend_pid();
  RETURN effect || coalesce(E'\nopen transactions that have used it, which may use it until they end: pid ' || more, '');
END
$function$;
REVOKE ALL ON FUNCTION pgspec.harden(text) FROM PUBLIC, anon, authenticated, service_role;

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

-- create function pgspec.log_switch(text, boolean, text)
CREATE FUNCTION pgspec.log_switch(switch text, thrown boolean, why text) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
  INSERT INTO pgspec.switch_log (name, thrown, db_role, session_role, application, why)
  VALUES (switch, thrown, coalesce(nullif(current_setting('role', true), 'none'), session_user), session_user,
    nullif(current_setting('application_name', true), ''), why)
$function$;
REVOKE ALL ON FUNCTION pgspec.log_switch(text, boolean, text) FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.may_switch(text, text)
CREATE FUNCTION pgspec.may_switch(switch text, why text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Refuses what cannot be meant: a switch that is not there, or no reason.
BEGIN
  IF switch IS NULL OR (switch <> ALL (ARRAY['cache', 'enqueue', 'refresh', 'harden public.admin_audit_log', 'harden public.bookings', 'harden public.profiles', 'harden public.services'])
    AND NOT EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = switch)) THEN
    RAISE EXCEPTION 'there is no switch %', coalesce(quote_literal(switch), 'NULL') USING
      ERRCODE = 'invalid_parameter_value', HINT = 'the switches are cache, enqueue, refresh, harden public.admin_audit_log, harden public.bookings, harden public.profiles, harden public.services';
  END IF;
  IF why IS NULL OR why !~ '[^[:space:]]' THEN
    RAISE EXCEPTION 'a switch needs a reason' USING
      ERRCODE = 'invalid_parameter_value', HINT = 'say why, for the log and the alert: psql -v why=''INC-123: wrong prices''';
  END IF;
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'switches are thrown and reset in READ COMMITTED transactions only' USING
      ERRCODE = 'active_sql_transaction', HINT = 'SET default_transaction_isolation = ''read committed''';
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.may_switch(text, text) FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.may_view_admin_audit_viewer(boolean)  [specs/access/audit.yaml:11]
CREATE FUNCTION pgspec.may_view_admin_audit_viewer(demand boolean) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Whether the session meets what the viewer of an audit log requires.  A policy asks, and gets an answer; the viewer
-- demands, and gets an error that depends on nothing but the session: not on the rows, so that it tells nothing of them.
BEGIN
  BEGIN
    IF (
(SELECT pgspec.claim('role')) = 'admin'
    ) THEN
      RETURN true;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    NULL;  -- what cannot be read does not meet it
  END;
  IF demand THEN
    RAISE EXCEPTION 'permission denied for view public.admin_audit_viewer' USING ERRCODE = 'insufficient_privilege', HINT = 'required: (SELECT pgspec.claim(''role'')) = ''admin''';
  END IF;
  RETURN false;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.may_view_admin_audit_viewer(boolean) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.may_view_admin_audit_viewer(boolean) TO authenticated;

-- create function pgspec.normalize_path(text)
CREATE FUNCTION pgspec.normalize_path(path text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
-- /providers/8f2e4c1a-5b6d-4e7f-8a9b-0c1d2e3f4a5b/reviews?page=2 -> /providers/:id/reviews
--
-- The path alone, without scheme, host, query and fragment, one slash between segments and none at the end.  What tells one
-- thing from another becomes :id: numbers and dates, UUIDs, hexadecimal of eight digits or more, ULIDs, tokens in which
-- letters and digits alternate, whatever has a character that no route has, and whatever is longer than 64 characters.
-- Eight segments are kept.  No text fails, and what comes out is never changed again.
DECLARE
  plain text;
  segment text;
  kept text := '';
  number integer := 0;
BEGIN
  -- Expressions have no bounds such as {1,64}, which would cost many times as much as the length does.
  IF path IS NULL OR length(path) <= 64 AND path ~ '^(/[a-z][a-z_-]*)+$' AND split_part(path, '/', 10) = '' THEN
    RETURN path;  -- most routes, without more ado
  END IF;
  plain := split_part(split_part(left(path, 2000), '?', 1), '#', 1);
  IF strpos(plain, '://') > 0 THEN
    plain := regexp_replace(plain, '^[A-Za-z][A-Za-z0-9+.-]*://[^/]*', '');
  END IF;
  FOREACH segment IN ARRAY string_to_array(plain, '/') LOOP
    CONTINUE WHEN segment = '';
    number := number + 1;
    IF number > 8 THEN
      RETURN kept || '/:rest';
    END IF;
    kept := kept || '/' || CASE
      WHEN length(segment) <= 64 AND segment ~ '^[]A-Za-z._~:{}()$*+!,;=<>[-]+$' THEN segment  -- without a digit
      WHEN segment ~ '^[0-9][0-9.,:_-]*$'
        OR length(segment) > 64
        OR segment ~ '[^]A-Za-z0-9._~:{}()$*+!,;=<>[-]'
        OR length(segment) >= 8 AND (
          segment ~ '^(0x)?[0-9A-Fa-f]+$'
          OR length(segment) = 36 AND segment ~ '^[0-9A-Fa-f-]+$'
          OR length(segment) = 26 AND segment ~ '^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]+$'
          OR segment ~ '(^|[._~-])(?=[A-Za-z0-9]{8})[A-Za-z]*[0-9]+[A-Za-z]+[0-9]')
      THEN ':id'
      ELSE segment END;
  END LOOP;
  RETURN CASE WHEN kept = '' THEN '/' ELSE kept END;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.normalize_path(text) FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.note_write()
CREATE FUNCTION pgspec.note_write() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
-- Notes that the transaction writes to a table: one row for each table and transaction, which nobody waits for.
-- The setting remembers what is noted; what rolls back to a savepoint takes back the row and the setting.
DECLARE
  noted text := current_setting('pgspec.noted', true);
  mark text := concat(' ', pg_current_xact_id(), '.', TG_RELID, ' ');
BEGIN
  IF strpos(noted, mark) > 0 THEN
    RETURN NULL;
  END IF;
  INSERT INTO pgspec.mv_source_writes (source) VALUES (TG_RELID);
  noted := set_config('pgspec.noted', concat(noted, mark), true);  -- an assignment costs less than PERFORM
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.note_write() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.open_mv_refresh(text, boolean)
CREATE FUNCTION pgspec.open_mv_refresh(view_name text, only_due boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Opens an attempt to refresh a view, and returns its number in the log; NULL where another session is at it, or was
-- interrupted: then the attempt has failed, and is tried again as others are.
#variable_conflict use_column
DECLARE
  state pgspec.mv_refresh_state%ROWTYPE;
  number bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(1885827954, hashtext(view_name)) THEN
    RETURN NULL;
  END IF;
  FOR patience IN 1 .. 50 LOOP  -- who settles sources locks it for a moment
    SELECT s.* INTO state FROM pgspec.mv_refresh_state AS s
    WHERE s.view_name = open_mv_refresh.view_name FOR UPDATE SKIP LOCKED;
    EXIT WHEN FOUND;
    PERFORM pg_sleep(0.01);
  END LOOP;
  IF state.view_name IS NULL THEN
    RETURN NULL;
  END IF;
  IF state.log_id IS NOT NULL THEN
    IF state.started_at > clock_timestamp() - interval '10 seconds' THEN
      RETURN NULL;  -- it may be between the transaction that opened it and the one that refreshes
    END IF;
    PERFORM pgspec.close_mv_refresh(state.log_id, NULL, 'interrupted: its session ended', NULL);
    RETURN NULL;
  END IF;
  IF only_due AND NOT EXISTS (
    SELECT FROM public.mv_refresh_health AS h WHERE h.view_name = open_mv_refresh.view_name AND h.due) THEN
    RETURN NULL;  -- another session has done it
  END IF;
  INSERT INTO public.mv_refresh_log AS g (view_name, mode, give_up_at)
  SELECT v.view_name, CASE WHEN c.relispopulated THEN v.mode ELSE 'plain' END,
    clock_timestamp() + v.timeout
  FROM pgspec.refreshed_views() AS v
  LEFT JOIN pg_class AS c ON c.oid = to_regclass(v.view_name)
  WHERE v.view_name = open_mv_refresh.view_name
  RETURNING g.id INTO number;
  -- A statement of its own, after the one that has locked the row: its snapshot sees all that is forgotten.
  UPDATE pgspec.mv_refresh_state AS s
  SET seen = pg_current_snapshot(), basis = b.basis, log_id = number, started_at = clock_timestamp(),
    stale_since = coalesce(s.stale_since, s.changed_since, clock_timestamp()), changed_since = NULL
  FROM pgspec.mv_refresh_basis AS b
  WHERE s.view_name = open_mv_refresh.view_name AND b.view_name = s.view_name;
  RETURN number;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.open_mv_refresh(text, boolean) FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.performance_metrics_admits(text, text, integer)  [specs/events/performance_metrics.yaml:2]
CREATE FUNCTION pgspec.performance_metrics_admits(of_label text, wanted text, budget integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Whether a value that the label has not had takes one of its `budget` places.  Nobody waits for anybody: who cannot have
-- the label's lock, since another transaction has just given it a value, or has no current view of the places, goes without.
-- A place is taken by one row, and there are no more of them than `budget`: the bound holds whatever runs beside.
DECLARE
  free integer;
BEGIN
  IF octet_length($2) > 1000 OR current_setting('transaction_isolation') = 'serializable'
    OR NOT pg_try_advisory_xact_lock(1885824374, hashtext('public.performance_metrics' || '.' || $1)) THEN
    RETURN false;  -- a serializable writer that reads the places would conflict with writers of other rows
  END IF;
  IF (SELECT count(*) FROM pgspec.performance_metrics_labels AS k WHERE k.label = $1 AND k.place <= $3) >= $3 THEN
    RETURN EXISTS (SELECT FROM pgspec.performance_metrics_labels AS k WHERE k.label = $1 AND k.value = $2 AND k.place <= $3);
  END IF;
  SELECT min(n) INTO free FROM generate_series(1, $3) AS n
  WHERE NOT EXISTS (SELECT FROM pgspec.performance_metrics_labels AS k WHERE k.label = $1 AND k.place = n);
  BEGIN
    INSERT INTO pgspec.performance_metrics_labels AS k (label, value, place) VALUES ($1, $2, free)
    ON CONFLICT (label, value) DO UPDATE SET place = EXCLUDED.place WHERE k.place > $3;
  EXCEPTION WHEN unique_violation OR serialization_failure THEN
    RETURN false;  -- a transaction that sees the rows of an earlier moment cannot know which place is free
  END;
  RETURN true;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.performance_metrics_admits(text, text, integer) FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.refreshed_views()
CREATE FUNCTION pgspec.refreshed_views() RETURNS TABLE (view_name text, place integer, every interval, timeout interval, mode text, max_staleness interval, sources text[])
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- What the specs say of each materialized view, in the order in which they are refreshed.  `sources` is NULL where
  -- nobody can say that a view has not changed, or nobody asked.
  SELECT v.view_name, v.place, v.every, v.timeout, v.mode, v.max_staleness, v.sources
  FROM (VALUES
    ('public.api_metrics_5m', 1, interval '5 minutes', interval '2 minutes', 'concurrent', interval '15 minutes', NULL::text[]),
    ('public.api_metrics_hourly_enhanced', 2, interval '15 minutes', interval '5 minutes', 'concurrent', interval '1 hour', ARRAY['public.api_metrics_5m']::text[]),
    ('public.geographic_analytics_daily', 3, interval '1 hour', interval '5 minutes', 'concurrent', interval '3 hours', ARRAY['public.bookings', 'public.locations', 'public.provider_events', 'public.search_events']::text[]),
    ('public.performance_analytics_5min', 4, interval '5 minutes', interval '2 minutes', 'concurrent', interval '15 minutes', NULL::text[]),
    ('public.performance_analytics_hourly', 5, interval '15 minutes', interval '5 minutes', 'concurrent', interval '1 hour', NULL::text[]),
    ('public.provider_analytics_daily', 6, interval '15 minutes', interval '5 minutes', 'concurrent', interval '1 hour', ARRAY['public.bookings', 'public.provider_events', 'public.reviews']::text[]),
    ('public.specialty_analytics_daily', 7, interval '15 minutes', interval '5 minutes', 'concurrent', interval '1 hour', ARRAY['public.bookings', 'public.profiles', 'public.provider_events', 'public.search_events', 'public.services']::text[])
  ) AS v (view_name, place, every, timeout, mode, max_staleness, sources)

$function$;
REVOKE ALL ON FUNCTION pgspec.refreshed_views() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.refreshed_views() TO service_role;

-- create function pgspec.relation_grants(regclass)
CREATE FUNCTION pgspec.relation_grants(relation regclass) RETURNS TABLE (role text, privilege text, part text, grantable boolean)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- Who but the owner may do what with a relation, and with parts of it; PUBLIC is NULL.
  SELECT CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee)::text END, x.privilege_type, NULL::text, x.is_grantable
  FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x WHERE c.oid = relation AND x.grantee <> c.relowner
  UNION ALL
  SELECT CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee)::text END, x.privilege_type, quote_ident(a.attname), x.is_grantable
  FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
  CROSS JOIN LATERAL aclexplode(a.attacl) AS x WHERE c.oid = relation AND x.grantee <> c.relowner
$function$;
REVOKE ALL ON FUNCTION pgspec.relation_grants(regclass) FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.relax(text)
CREATE FUNCTION pgspec.relax(switch text) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Gives back what the specs say, and to others what the switch took; what another switch closes stays closed.
DECLARE
  held oid[];
  place regclass;
  entry record;
BEGIN
  held := ARRAY(SELECT c::oid FROM pgspec.thrown_switches AS s CROSS JOIN LATERAL pgspec.closed_by(s.name) AS c
    WHERE s.name LIKE 'harden %' AND s.name <> relax.switch);
  FOR entry IN
    SELECT e.value, e.value ->> 'relation' AS relation, e.value ->> 'role' AS role, e.value ->> 'privilege' AS privilege,
      e.value ->> 'part' AS part, (e.value ->> 'grantable')::boolean AS grantable
    FROM pgspec.thrown_switches AS s CROSS JOIN LATERAL jsonb_array_elements(s.state) AS e WHERE s.name = relax.switch LOOP
    place := to_regclass(entry.relation);
    IF place::oid = ANY (held) THEN
      UPDATE pgspec.thrown_switches AS s SET state = s.state || jsonb_build_array(entry.value)
      WHERE s.name = (SELECT o.name FROM pgspec.thrown_switches AS o
        WHERE o.name LIKE 'harden %' AND o.name <> relax.switch AND place IN (SELECT c FROM pgspec.closed_by(o.name) AS c)
        ORDER BY o.name LIMIT 1);
    ELSIF place IS NOT NULL AND (entry.role IS NULL OR to_regrole(quote_ident(entry.role)) IS NOT NULL) AND NOT (
      (entry.role IS NULL OR entry.role = ANY (ARRAY['anon', 'authenticated']))
      AND EXISTS (SELECT FROM pgspec.switch_targets() AS t WHERE to_regclass(t.relation) = place)) THEN
      EXECUTE format('GRANT %s%s ON TABLE %s TO %s%s', entry.privilege, ' (' || entry.part || ')', place,
        coalesce(quote_ident(entry.role), 'PUBLIC'), CASE WHEN entry.grantable THEN ' WITH GRANT OPTION' END);
    END IF;
  END LOOP;
  FOR entry IN
    SELECT DISTINCT t.relation, t.role, t.privileges
    FROM pgspec.switch_targets() AS t JOIN pgspec.closed_by(relax.switch) AS c ON to_regclass(t.relation) = c
    WHERE t.privileges <> '' AND c::oid <> ALL (held) AND EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = relax.switch)
    ORDER BY 1, 2 LOOP
    EXECUTE format('GRANT %s ON TABLE %s TO %I', entry.privileges, entry.relation, entry.role);
  END LOOP;
  RETURN 'API roles have the rights that the specs give them';
END
$function$;
REVOKE ALL ON FUNCTION pgspec.relax(text) FROM PUBLIC, anon, authenticated, service_role;

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

-- create function pgspec.settle_mv_sources()
CREATE FUNCTION pgspec.settle_mv_sources() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Hands what writers have noted on to the views that read it, and forgets it.  One session at a time; whatever is locked
-- by others is left for later, and nothing waits.
--
-- What an attempt to refresh could see is in `seen`, a snapshot.  A write that it could not see is newer than the view.
-- Each state is locked before it is looked at, by this function and by who opens an attempt: so an attempt that is opened
-- later has a later snapshot, which sees every write that is forgotten here; and one that was opened earlier has left
-- its snapshot for this function to compare with.
#variable_conflict use_column
DECLARE
  locked text[];
  kept oid[];
BEGIN
  IF NOT pg_try_advisory_xact_lock(1885827955, 0) THEN
    RETURN;
  END IF;
  INSERT INTO pgspec.mv_refresh_state AS s (view_name, changed_since)
  SELECT n.view_name, clock_timestamp() FROM (
    SELECT v.view_name FROM pgspec.refreshed_views() AS v
    WHERE NOT EXISTS (SELECT FROM pgspec.mv_refresh_state AS k WHERE k.view_name = v.view_name) OFFSET 0) AS n
  WHERE pg_try_advisory_xact_lock(1885827954, hashtext(n.view_name))  -- who holds it may be adding the same row
  ON CONFLICT DO NOTHING;
  -- Views that are other ones now, that nobody has watched all the time, or that were seen by a server with other ids.
  locked := ARRAY(
    SELECT s.view_name FROM pgspec.mv_refresh_state AS s
    LEFT JOIN pgspec.mv_refresh_basis AS b ON b.view_name = s.view_name
    WHERE b.view_name IS NULL
      OR (b.sources IS NOT NULL AND s.changed_since IS NULL AND s.stale_since IS NULL
        AND (b.basis IS NULL OR b.basis IS DISTINCT FROM s.basis
          OR pg_snapshot_xmax(s.seen) > pg_snapshot_xmax(pg_current_snapshot())))
    FOR UPDATE OF s SKIP LOCKED);
  IF locked <> '{}' THEN
    WITH gone AS (
      DELETE FROM pgspec.mv_refresh_state AS s
      WHERE s.view_name = ANY (locked)
        AND NOT EXISTS (SELECT FROM pgspec.refreshed_views() AS v WHERE v.view_name = s.view_name)
      RETURNING s.log_id)
    UPDATE public.mv_refresh_log AS g
    SET finished_at = clock_timestamp(), status = 'failed', error = 'interrupted: no spec has the view any more'
    FROM gone WHERE g.id = gone.log_id;
    UPDATE pgspec.mv_refresh_state AS s SET changed_since = clock_timestamp() WHERE s.view_name = ANY (locked);
  END IF;
  IF NOT EXISTS (SELECT FROM pgspec.mv_source_writes) THEN
    RETURN;
  END IF;
  locked := ARRAY(
    SELECT s.view_name FROM pgspec.mv_refresh_state AS s
    WHERE s.view_name IN (
      SELECT r.view_name FROM pgspec.mv_reads AS r
      WHERE r.source IN (SELECT w.source FROM pgspec.mv_source_writes AS w))
    FOR UPDATE SKIP LOCKED);
  kept := ARRAY(SELECT DISTINCT r.source FROM pgspec.mv_reads AS r WHERE r.view_name <> ALL (locked));
  WITH gone AS (
    DELETE FROM pgspec.mv_source_writes AS w
    WHERE w.ctid = ANY (ARRAY(
      SELECT o.ctid FROM pgspec.mv_source_writes AS o WHERE o.source <> ALL (kept) FOR UPDATE SKIP LOCKED))
    RETURNING w.source, w.xid, w.noted_at),
  latest AS (SELECT g.source, max(g.xid) AS xid FROM gone AS g GROUP BY g.source),
  newer AS (
    SELECT s.view_name, min(g.noted_at) AS since
    FROM pgspec.mv_refresh_state AS s
    JOIN pgspec.mv_reads AS r ON r.view_name = s.view_name
    JOIN latest AS l ON l.source = r.source AND l.xid >= pg_snapshot_xmin(s.seen)  -- else all of them were seen
    JOIN gone AS g ON g.source = r.source
    WHERE s.view_name = ANY (locked) AND s.changed_since IS NULL AND NOT pg_visible_in_snapshot(g.xid, s.seen)
    GROUP BY s.view_name)
  UPDATE pgspec.mv_refresh_state AS s SET changed_since = n.since FROM newer AS n WHERE n.view_name = s.view_name;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.settle_mv_sources() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.skipping()
CREATE FUNCTION pgspec.skipping() RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- The transactions in flight that have written without enqueueing; prepared ones have no pid.
  SELECT coalesce(array_agg(DISTINCT coalesce('pid ' || l.pid, 'prepared transaction ' || quote_literal(p.gid), 'a prepared transaction')), '{}')
  FROM pg_locks AS l
  LEFT JOIN pg_locks AS x ON l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid' AND x.virtualtransaction = l.virtualtransaction
  LEFT JOIN pg_prepared_xacts AS p ON p.transaction = x.transactionid
  WHERE l.locktype = 'advisory' AND l.classid = 1885827952 AND l.objid = 4294967293 AND l.objsubid = 2 AND l.granted
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
$function$;
REVOKE ALL ON FUNCTION pgspec.skipping() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.switch_log_guard()
CREATE FUNCTION pgspec.switch_log_guard() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- The log of switches only grows.
BEGIN
  RAISE EXCEPTION '% on the log of switches is refused', TG_OP USING
    ERRCODE = 'insufficient_privilege', HINT = 'entries are only added';
END
$function$;
REVOKE ALL ON FUNCTION pgspec.switch_log_guard() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.switch_targets()
CREATE FUNCTION pgspec.switch_targets() RETURNS TABLE (switch text, relation text, role text, privileges text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- What each switch closes, and what the specs let API roles do there.
  SELECT v.switch, v.relation, v.role, v.privileges FROM (VALUES
    ('harden public.admin_audit_log', 'pgspec.admin_audit_log', 'anon', ''),
    ('harden public.admin_audit_log', 'pgspec.admin_audit_log', 'authenticated', 'SELECT'),
    ('harden public.admin_audit_log', 'public.admin_audit_log', 'anon', ''),
    ('harden public.admin_audit_log', 'public.admin_audit_log', 'authenticated', 'SELECT'),
    ('harden public.admin_audit_log', 'public.admin_audit_viewer', 'anon', ''),
    ('harden public.admin_audit_log', 'public.admin_audit_viewer', 'authenticated', 'SELECT'),
    ('harden public.bookings', 'public.bookings', 'anon', ''),
    ('harden public.bookings', 'public.bookings', 'authenticated', 'INSERT, SELECT, UPDATE'),
    ('harden public.profiles', 'public.profiles', 'anon', ''),
    ('harden public.profiles', 'public.profiles', 'authenticated', 'SELECT, UPDATE'),
    ('harden public.services', 'public.services', 'anon', 'SELECT'),
    ('harden public.services', 'public.services', 'authenticated', 'DELETE, INSERT, SELECT, UPDATE')
  ) AS v (switch, relation, role, privileges)
$function$;
REVOKE ALL ON FUNCTION pgspec.switch_targets() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.closed_by(text)
CREATE FUNCTION pgspec.closed_by(switch text) RETURNS SETOF regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- What a switch closes: its relations, the tables below them, and the views that show any of them.
  WITH RECURSIVE below (oid) AS (
    SELECT to_regclass(t.relation)::oid FROM pgspec.switch_targets() AS t WHERE t.switch = closed_by.switch
    UNION SELECT i.inhrelid FROM below JOIN pg_inherits AS i ON i.inhparent = below.oid),
  shown (oid) AS (
    SELECT b.oid FROM below AS b
    UNION SELECT r.ev_class FROM shown
    JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = shown.oid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS r ON r.oid = d.objid JOIN pg_class AS v ON v.oid = r.ev_class AND v.relkind = 'v')
  SELECT s.oid::regclass FROM shown AS s WHERE s.oid IS NOT NULL
$function$;
REVOKE ALL ON FUNCTION pgspec.closed_by(text) FROM PUBLIC, anon, authenticated, service_role;

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

-- create function public.access_left(text)
CREATE FUNCTION public.access_left(switch text) RETURNS TABLE (relation text, role text, privilege text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
  -- What API roles can still do with what a switch closes, by whatever way.
  SELECT c.relation::text, r.rolname::text, p.privilege
  FROM pgspec.closed_by(switch) AS c (relation)
  CROSS JOIN pgspec.api_side() AS a (oid) JOIN pg_roles AS r ON r.oid = a.oid
  CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (privilege)
  WHERE CASE WHEN p.privilege IN ('DELETE', 'TRUNCATE', 'TRIGGER') THEN has_table_privilege(r.oid, c.relation, p.privilege)
    ELSE has_any_column_privilege(r.oid, c.relation, p.privilege) END
  ORDER BY 1, 2, 3
$function$;
REVOKE ALL ON FUNCTION public.access_left(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.access_left(text) TO service_role;

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
  SELECT count(*)::integer, array_agg(d.tag), max(d.closed_at) INTO number, tags, began FROM done AS d;
  PERFORM pgspec.settle_dead(tags, began);  -- one claim took all the rows, after the last was closed
  RETURN number;
END
$function$;
REVOKE ALL ON FUNCTION public.ack_cache_invalidations(uuid, bigint[]) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.ack_cache_invalidations(uuid, bigint[]) TO service_role;

-- create function public.begin_mv_refresh(integer)
CREATE FUNCTION public.begin_mv_refresh(behind integer) RETURNS TABLE (place integer, log_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
-- Opens an attempt to refresh the next view that is due behind a place in the order; no row when there is none.
-- The first of the two transactions of a refresh: it says what the second will see.
#variable_conflict use_column
DECLARE
  candidate record;
BEGIN
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'materialized views are refreshed in READ COMMITTED transactions only'
      USING ERRCODE = '25001', HINT = 'SET default_transaction_isolation = ''read committed''';
  END IF;
  PERFORM pgspec.settle_mv_sources();
  IF EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = 'refresh') THEN
    RETURN;
  END IF;
  FOR candidate IN
    SELECT v.view_name, v.place FROM pgspec.refreshed_views() AS v
    JOIN public.mv_refresh_health AS h ON h.view_name = v.view_name
    WHERE v.place > behind AND h.due ORDER BY v.place
  LOOP
    log_id := pgspec.open_mv_refresh(candidate.view_name, true);
    IF log_id IS NOT NULL THEN
      place := candidate.place;
      RETURN NEXT;
      RETURN;
    END IF;
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION public.begin_mv_refresh(integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.begin_mv_refresh(integer) TO service_role;

-- create function public.cache_put(text, jsonb, text[], bigint[], interval)
CREATE FUNCTION public.cache_put(key text, value jsonb, tags text[], versions bigint[], ttl interval DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
-- Stores a value that was read after `versions` were taken by cache_tag_versions(tags).  Returns false, and stores nothing,
-- when one of the tags was invalidated since, when somebody else has the entry in hand, or when the cache is off: it never
-- waits.
#variable_conflict use_column
DECLARE
  ends timestamptz := clock_timestamp() + ttl;
BEGIN
  IF cardinality(tags) <> cardinality(versions) THEN
    RAISE EXCEPTION 'cache_put got % tags and % versions', cardinality(tags), cardinality(versions)
      USING ERRCODE = '22023', HINT = 'versions is what cache_tag_versions(tags) returned before the data was read';
  END IF;
  IF versions IS DISTINCT FROM public.cache_tag_versions(tags)
    OR EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = 'cache')
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
  -- The value, or NULL when there is none, it has expired, or one of its tags was invalidated after its versions were taken,
  -- or the cache is off.
  SELECT e.value FROM public.cache_entries AS e
  WHERE e.key = cache_get.key AND (e.expires_at IS NULL OR e.expires_at > clock_timestamp())
    AND NOT EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = 'cache')
    AND e.tag_versions = public.cache_tag_versions(e.invalidation_tags)
$function$;
REVOKE ALL ON FUNCTION public.cache_get(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.cache_get(text) TO service_role;

-- create function public.cancel_overdue_refreshes()
CREATE FUNCTION public.cancel_overdue_refreshes() RETURNS integer
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Cancels the refreshes of other sessions that take longer than the timeout of their view, and returns how many.  Nobody
-- can do this for himself: the timer of statement_timeout starts with the CALL, and is not set again inside it.
-- It has the rights of its caller, who may cancel sessions of the same role.
#variable_conflict use_column
DECLARE
  candidate record;
  number integer := 0;
BEGIN
  FOR candidate IN
    SELECT l.pid, g.view_name FROM public.mv_refresh_log AS g
    JOIN pg_locks AS l ON l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
      AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
      AND l.classid = 1885827954::oid AND l.objid::bigint = hashtext(g.view_name)::bigint & 4294967295
    WHERE g.status = 'running' AND g.give_up_at < clock_timestamp() AND l.pid <> pg_backend_pid()
  LOOP
    BEGIN
      number := number + pg_cancel_backend(candidate.pid)::integer;
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE WARNING 'the refresh of % takes too long, and % may not cancel it', candidate.view_name, current_user;
    END;
  END LOOP;
  RETURN number;
END
$function$;
REVOKE ALL ON FUNCTION public.cancel_overdue_refreshes() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.cancel_overdue_refreshes() TO service_role;

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

-- create function public.cleanup_admin_audit_log(integer)  [specs/access/audit.yaml:10]
CREATE FUNCTION public.cleanup_admin_audit_log(max_rows integer DEFAULT 10000) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $function$
-- Forgets entries that are older than the retention, the oldest first.  Returns how many, at most max_rows.
DECLARE
  number integer;
BEGIN
  PERFORM set_config('pgspec.audit_retention', 'pgspec.admin_audit_log', true);  -- for the guard of the log
  DELETE FROM pgspec.admin_audit_log AS d WHERE d.id IN (
    SELECT l.id FROM pgspec.admin_audit_log AS l
    WHERE l.at < clock_timestamp() - interval '400 days' ORDER BY l.at LIMIT greatest(max_rows, 0) FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS number = ROW_COUNT;
  PERFORM set_config('pgspec.audit_retention', '', true);
  RETURN number;
END
$function$;
REVOKE ALL ON FUNCTION public.cleanup_admin_audit_log(integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.cleanup_admin_audit_log(integer) TO service_role;

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

-- create function public.cleanup_mv_refresh_log(interval, integer)
CREATE FUNCTION public.cleanup_mv_refresh_log(keep interval DEFAULT '30 days', max_rows integer DEFAULT 10000) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
-- Forgets attempts that ended longer than `keep` ago, the oldest first; returns how many, at most max_rows.
DECLARE
  number integer;
BEGIN
  DELETE FROM public.mv_refresh_log AS d WHERE d.id IN (
    SELECT g.id FROM public.mv_refresh_log AS g
    WHERE g.finished_at < clock_timestamp() - keep ORDER BY g.id LIMIT max_rows FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS number = ROW_COUNT;
  RETURN number;
END
$function$;
REVOKE ALL ON FUNCTION public.cleanup_mv_refresh_log(interval, integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.cleanup_mv_refresh_log(interval, integer) TO service_role;

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
  reached timestamptz := timestamptz '-infinity';
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
    SELECT (count(*) FILTER (WHERE d.sealed))::integer INTO done FROM drained AS d;
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
BEGIN
  PERFORM pgspec.enqueue_tags(ARRAY[tag], make_interval(mins => window_minutes));
END
$function$;
REVOKE ALL ON FUNCTION public.enqueue_cache_invalidation(text, integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.enqueue_cache_invalidation(text, integer) TO service_role;

-- create function public.evaluate_alerts()
CREATE FUNCTION public.evaluate_alerts() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '1s'
AS $function$
-- Remembers since when each alert is beyond its threshold.  Returns how many are; NULL when another session evaluates.
#variable_conflict use_column
DECLARE
  moment timestamptz := clock_timestamp();
  number integer;
BEGIN
  IF NOT pg_try_advisory_xact_lock(1885823340, 0) THEN
    RETURN NULL;
  END IF;
  WITH evaluated AS (
    INSERT INTO pgspec.alert_state AS s (name, breached_since, checked_at)
    SELECT v.name, CASE WHEN v.breached THEN moment END, moment FROM pgspec.alert_values() AS v
    ON CONFLICT (name) DO UPDATE
    SET breached_since = CASE WHEN excluded.breached_since IS NOT NULL
          THEN coalesce(s.breached_since, excluded.breached_since) END,
        checked_at = excluded.checked_at
    RETURNING s.breached_since)
  SELECT count(e.breached_since)::integer INTO number FROM evaluated AS e;
  DELETE FROM pgspec.alert_state AS s WHERE s.checked_at < moment;  -- alerts that are gone
  RETURN number;
END
$function$;
REVOKE ALL ON FUNCTION public.evaluate_alerts() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.evaluate_alerts() TO service_role;

-- create function public.explain_access(text, text)
CREATE FUNCTION public.explain_access(target text, command text) RETURNS TABLE (name text, ok boolean, hint text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- Why a table gives the caller what it gives: told from the caller's role and claims alone.  No row is read.
DECLARE
  wanted text := lower(command);
  admitted boolean := false;
  narrowed boolean := false;
  held boolean;
  relation regclass;
  advice text;
  found record;
BEGIN
  IF wanted IS NULL OR wanted <> ALL (ARRAY['select', 'insert', 'update', 'delete']) THEN
    RAISE EXCEPTION 'unknown command %', quote_nullable(command) USING
      ERRCODE = 'invalid_parameter_value', HINT = 'name one of select, insert, update and delete';
  END IF;
  IF target = ANY (ARRAY['admin_audit_log', 'pgspec.admin_audit_log', 'public.admin_audit_log']) THEN
    relation := 'pgspec.admin_audit_log'::regclass;
    advice := 'role=admin? session present?';
  END IF;
  IF target = ANY (ARRAY['bookings', 'public.bookings']) THEN
    relation := 'public.bookings'::regclass;
    advice := NULL;
  END IF;
  IF target = ANY (ARRAY['profiles', 'public.profiles']) THEN
    relation := 'public.profiles'::regclass;
    advice := NULL;
  END IF;
  IF target = ANY (ARRAY['services', 'public.services']) THEN
    relation := 'public.services'::regclass;
    advice := NULL;
  END IF;
  IF relation IS NULL THEN
    RETURN QUERY SELECT 'table'::text, false, 'no spec guards a table of this name'::text;
    RETURN;
  END IF;

  held := nullif(current_setting('request.jwt.claims', true), '') IS NOT NULL;
  RETURN QUERY SELECT 'session'::text, held, CASE WHEN NOT held THEN 'the request carries no claims' END;
  held := has_table_privilege(relation, wanted);
  RETURN QUERY SELECT 'right'::text, held,
    CASE WHEN NOT held THEN format('%s is not granted to %I', upper(wanted), current_user) END;
  IF NOT row_security_active(relation) THEN
    RETURN QUERY SELECT 'row security'::text, true, format('does not bind %I', current_user);
    RETURN;
  END IF;
  IF relation = 'pgspec.admin_audit_log'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM pgspec.access_pgspec_admin_audit_log(wanted) AS a LOOP
      admitted := admitted OR (found.ok AND NOT found.restrictive);
      narrowed := narrowed OR (found.restrictive AND NOT found.ok);
      RETURN QUERY SELECT 'policy ' || found.policy, found.ok, CASE WHEN NOT found.ok THEN 'needs ' || found.condition END;
    END LOOP;
  END IF;
  IF relation = 'public.bookings'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM pgspec.access_public_bookings(wanted) AS a LOOP
      admitted := admitted OR (found.ok AND NOT found.restrictive);
      narrowed := narrowed OR (found.restrictive AND NOT found.ok);
      RETURN QUERY SELECT 'policy ' || found.policy, found.ok, CASE WHEN NOT found.ok THEN 'needs ' || found.condition END;
    END LOOP;
  END IF;
  IF relation = 'public.profiles'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM pgspec.access_public_profiles(wanted) AS a LOOP
      admitted := admitted OR (found.ok AND NOT found.restrictive);
      narrowed := narrowed OR (found.restrictive AND NOT found.ok);
      RETURN QUERY SELECT 'policy ' || found.policy, found.ok, CASE WHEN NOT found.ok THEN 'needs ' || found.condition END;
    END LOOP;
  END IF;
  IF relation = 'public.services'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM pgspec.access_public_services(wanted) AS a LOOP
      admitted := admitted OR (found.ok AND NOT found.restrictive);
      narrowed := narrowed OR (found.restrictive AND NOT found.ok);
      RETURN QUERY SELECT 'policy ' || found.policy, found.ok, CASE WHEN NOT found.ok THEN 'needs ' || found.condition END;
    END LOOP;
  END IF;
  held := held AND admitted AND NOT narrowed;
  RETURN QUERY SELECT 'access'::text, held, CASE WHEN held THEN 'to the rows that the policies admit' ELSE advice END;
END
$function$;
REVOKE ALL ON FUNCTION public.explain_access(text, text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.explain_access(text, text) TO anon, authenticated, service_role;

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
  SELECT count(f.dead_at)::integer INTO dead FROM failed AS f;
  RETURN dead;
END
$function$;
REVOKE ALL ON FUNCTION public.fail_cache_invalidations(uuid, bigint[], text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.fail_cache_invalidations(uuid, bigint[], text) TO service_role;

-- create function public.maintain_performance_metrics(integer)  [specs/events/performance_metrics.yaml:2]
CREATE FUNCTION public.maintain_performance_metrics(days_ahead integer DEFAULT 7) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '200ms'
SET timezone = 'UTC'
SET datestyle = 'ISO, MDY'
AS $function$
-- Makes the partitions of today and of the next `days_ahead` days, and of days whose rows are in the default partition; drops
-- those that are older than the retention.  Returns how many it made and dropped.  Days are those of UTC.
--
-- A partition is a table of its own before it is attached, so that writers of other days do not wait.  Only a day that is
-- being written to closes the log for the moment that it takes to move its rows.  What cannot be locked at once is left for
-- the next call.
DECLARE
  moment timestamptz := clock_timestamp();
  today date := moment::date;
  oldest timestamptz := moment - interval '30 days';
  days date[];
  day date;
  part text;
  old text[];
  number integer := 0;
BEGIN
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'partitions are made in READ COMMITTED transactions only'
      USING ERRCODE = '25001', HINT = 'SET default_transaction_isolation = ''read committed''';
  END IF;
  IF NOT pg_try_advisory_xact_lock(1885824374, hashtext('public.performance_metrics')) THEN
    RETURN 0;  -- another session is at it
  END IF;
  days := ARRAY(
    SELECT d.day FROM (
      SELECT today + n FROM generate_series(0, least(greatest(days_ahead, 0), 366)) AS n
      UNION
      SELECT r.created_at::date FROM public.performance_metrics_default AS r WHERE r.created_at >= oldest AND r.created_at < today + 1
    ) AS d (day)
    WHERE to_regclass(format('%I.%I', 'public', 'performance_metrics' || to_char(d.day, '_YYYYMMDD'))) IS NULL
    ORDER BY d.day);
  FOREACH day IN ARRAY days LOOP
    part := format('%I.%I', 'public', 'performance_metrics' || to_char(day, '_YYYYMMDD'));
    BEGIN
      EXECUTE format('CREATE TABLE %s (LIKE public.performance_metrics INCLUDING ALL)', part);
      EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC, anon, authenticated, service_role', part);
      IF day <= today + 1 THEN  -- a writer that has chosen the default partition would find the row refused there
        LOCK TABLE ONLY public.performance_metrics IN ACCESS EXCLUSIVE MODE;
      ELSE
        LOCK TABLE ONLY public.performance_metrics IN SHARE UPDATE EXCLUSIVE MODE;
      END IF;
      LOCK TABLE public.performance_metrics_default IN ACCESS EXCLUSIVE MODE;
      EXECUTE format('WITH moved AS (DELETE FROM public.performance_metrics_default AS d WHERE d.created_at >= $1 AND d.created_at < $2 RETURNING d.*) INSERT INTO %s (created_at, request_id, request_id_given, endpoint, method, status_code, response_time_ms, cache_hit, database_queries) SELECT m.created_at, m.request_id, m.request_id_given, m.endpoint, m.method, m.status_code, m.response_time_ms, m.cache_hit, m.database_queries FROM moved AS m', part) USING day::timestamptz, (day + 1)::timestamptz;
      EXECUTE format('ALTER TABLE public.performance_metrics ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', part, day::timestamptz, (day + 1)::timestamptz);
      number := number + 1;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      RAISE WARNING 'the partition % is not made, since somebody holds a lock', part;
    END;
  END LOOP;
  DELETE FROM public.performance_metrics_default AS d WHERE d.created_at < oldest;
  old := ARRAY(
    SELECT format('%I.%I', 'public', c.relname) FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass('public.performance_metrics') AND c.relname ~ '_[0-9]{8}$'
      AND right(c.relname, 8) < to_char(oldest, 'YYYYMMDD') COLLATE "C" ORDER BY c.relname);
  FOREACH part IN ARRAY old LOOP
    BEGIN
      EXECUTE format('DROP TABLE %s', part);
      number := number + 1;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      RAISE WARNING 'the partition % is kept, since somebody holds a lock', part;
      EXIT;
    END;
  END LOOP;
  RETURN number;
END
$function$;
REVOKE ALL ON FUNCTION public.maintain_performance_metrics(integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.maintain_performance_metrics(integer) TO service_role;

-- create function public.record_performance_metrics(text, text, integer, double precision, boolean, integer, text, timestamptz)  [specs/events/performance_metrics.yaml:2]
CREATE FUNCTION public.record_performance_metrics(endpoint text DEFAULT NULL, method text DEFAULT NULL, status_code integer DEFAULT NULL, response_time_ms double precision DEFAULT NULL, cache_hit boolean DEFAULT NULL, database_queries integer DEFAULT NULL, request_id text DEFAULT NULL, created_at timestamptz DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
-- Records one event, and returns its request id: the given one, that of the session, or a new one.
<<own>>
DECLARE
  moment timestamptz := clock_timestamp();
  request text := left(nullif($7, ''), 255);
  l1 text := coalesce(pgspec.normalize_path($1), 'unknown');
  known_l1 boolean;
  l2 text := coalesce($2, 'unknown');
  l3 integer := $3;
  known_l3 boolean;
BEGIN
  IF request IS NULL THEN
    request := left(nullif(pgspec.audit_request_id(), ''), 255);
  END IF;
  SELECT EXISTS (SELECT FROM pgspec.performance_metrics_labels AS k WHERE k.label = 'endpoint' AND k.value = l1 AND k.place <= 500),
    EXISTS (SELECT FROM pgspec.performance_metrics_labels AS k WHERE k.label = 'status_code' AND k.value = l3::text AND k.place <= 60) INTO known_l1, known_l3;
  IF l1 NOT IN ('unknown', 'other') AND NOT known_l1 AND NOT pgspec.performance_metrics_admits('endpoint', l1, 500) THEN
    l1 := 'other';
  END IF;
  IF l2 NOT IN ('unknown', 'other') AND l2 NOT IN ('GET', 'POST', 'PUT', 'PATCH', 'DELETE') THEN
    l2 := 'other';
  END IF;
  IF l3 IS NOT NULL AND NOT known_l3 AND NOT pgspec.performance_metrics_admits('status_code', l3::text, 60) THEN
    l3 := NULL;
  END IF;
  INSERT INTO public.performance_metrics AS r (created_at, request_id, request_id_given, endpoint, method, status_code, response_time_ms, cache_hit, database_queries)
  VALUES (
    CASE WHEN $8 <= moment THEN $8 ELSE moment END,  -- nothing happens in the future
    coalesce(request, gen_random_uuid()::text),
    request IS NOT NULL,
    l1,
    l2,
    l3,
    CASE WHEN $4 NOT IN ('NaN'::double precision, 'Infinity'::double precision, '-Infinity'::double precision) THEN $4 END,
    $5,
    $6)
  RETURNING r.request_id INTO request;
  RETURN request;
END
$function$;
REVOKE ALL ON FUNCTION public.record_performance_metrics(text, text, integer, double precision, boolean, integer, text, timestamptz) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.record_performance_metrics(text, text, integer, double precision, boolean, integer, text, timestamptz) TO service_role;

-- create function public.refresh_materialized_view(text)
CREATE FUNCTION public.refresh_materialized_view(name text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '3s'
AS $function$
-- Refreshes one view now, due or not, within the caller's transaction.  Returns `ok`, or `busy` when another session
-- refreshes it, or `failed`, with a warning that says why; the failure is in the log once the transaction commits.
#variable_conflict use_column
DECLARE
  known text[] := ARRAY(
    SELECT v.view_name FROM pgspec.refreshed_views() AS v
    WHERE refresh_materialized_view.name IN (
      v.view_name, (parse_ident(v.view_name))[2], array_to_string(parse_ident(v.view_name), '.')));
  attempt bigint;
  outcome text;
BEGIN
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION 'materialized views are refreshed in READ COMMITTED transactions only'
      USING ERRCODE = '25001', HINT = 'SET default_transaction_isolation = ''read committed''';
  ELSIF cardinality(known) <> 1 THEN
    RAISE EXCEPTION 'materialized view % is %', quote_nullable(name),
      CASE cardinality(known) WHEN 0 THEN 'not known' ELSE 'one of several' END
      USING ERRCODE = '22023', HINT = concat('known: ', CASE cardinality(known)
        WHEN 0 THEN (SELECT string_agg(v.view_name, ', ' ORDER BY v.place) FROM pgspec.refreshed_views() AS v)
        ELSE array_to_string(known, ', ') END);
  END IF;
  IF pg_try_advisory_xact_lock(1885827954, hashtext(known[1])) THEN
    INSERT INTO pgspec.mv_refresh_state (view_name, changed_since) VALUES (known[1], clock_timestamp())
    ON CONFLICT DO NOTHING;
    attempt := pgspec.open_mv_refresh(known[1], false);
    IF attempt IS NULL THEN
      attempt := pgspec.open_mv_refresh(known[1], false);  -- an interrupted attempt is closed now
    END IF;
  END IF;
  IF attempt IS NULL THEN
    RETURN 'busy';
  END IF;
  outcome := public.run_mv_refresh(attempt);
  IF outcome = 'canceled' THEN
    RAISE query_canceled USING MESSAGE = 'canceling statement due to user request';
  ELSIF outcome <> 'ok' THEN
    RAISE WARNING '% was not refreshed: %', known[1],
      (SELECT g.error FROM public.mv_refresh_log AS g WHERE g.id = attempt);
  END IF;
  RETURN outcome;
END
$function$;
REVOKE ALL ON FUNCTION public.refresh_materialized_view(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.refresh_materialized_view(text) TO service_role;

-- create function public.reset_switch(text, text, integer)
CREATE FUNCTION public.reset_switch(name text, why text, max_seconds integer DEFAULT 60) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
-- Puts a switch back, and returns what that means.  The cache waits up to max_seconds for writers that have not enqueued.
#variable_conflict use_column
DECLARE
  effect text := 'reset';
BEGIN
  PERFORM pgspec.may_switch(reset_switch.name, reset_switch.why);
  IF reset_switch.name = 'cache' THEN
    PERFORM pgspec.catch_up(make_interval(secs => max_seconds));
  ELSIF reset_switch.name = 'enqueue' THEN
    UPDATE pgspec.thrown_switches AS s
    SET state = s.state || jsonb_build_object('reset_in', pg_current_xact_id()::text) WHERE s.name = 'cache' AND s.state ? 'stale';
    effect := 'writers enqueue again; the cache is off until it is reset too';
  END IF;
  IF reset_switch.name LIKE 'harden %' THEN
    effect := pgspec.relax(reset_switch.name);
  END IF;
  DELETE FROM pgspec.thrown_switches AS s WHERE s.name = reset_switch.name;
  IF NOT FOUND THEN
    RETURN 'was not thrown';
  END IF;
  PERFORM pgspec.log_switch(reset_switch.name, false, reset_switch.why);
  RETURN effect;
END
$function$;
REVOKE ALL ON FUNCTION public.reset_switch(text, text, integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.reset_switch(text, text, integer) TO service_role;

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

-- create function public.run_mv_refresh(bigint)
CREATE FUNCTION public.run_mv_refresh(attempt bigint) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '3s'
AS $function$
-- Refreshes the view of an attempt, in the second of its two transactions, and closes it.  Returns `ok`, `failed`,
-- `canceled` when somebody wants the session to stop, and `lost` when the attempt is not open any more.
#variable_conflict use_column
DECLARE
  opened public.mv_refresh_log%ROWTYPE;
  locked boolean;
  relation oid;
  before bigint;
  number bigint;
  own interval := current_setting('statement_timeout')::interval;  -- of the whole CALL
BEGIN
  SELECT g.* INTO opened FROM public.mv_refresh_log AS g WHERE g.id = attempt AND g.status = 'running';
  IF NOT FOUND THEN
    RETURN 'lost';
  END IF;
  FOR patience IN 1 .. 50 LOOP  -- who looks whether the view is due holds the lock for a moment
    locked := pg_try_advisory_xact_lock(1885827954, hashtext(opened.view_name));
    EXIT WHEN locked;
    PERFORM pg_sleep(0.01);
  END LOOP;
  IF NOT locked OR NOT EXISTS (SELECT FROM pgspec.mv_refresh_state AS s WHERE s.log_id = attempt) THEN
    RETURN 'lost';  -- while nobody held the lock, another session took the attempt for an interrupted one
  END IF;
  relation := to_regclass(opened.view_name);
  BEGIN
    before := pg_stat_get_xact_tuples_inserted(relation);
    EXECUTE concat('REFRESH MATERIALIZED VIEW ', CASE WHEN opened.mode = 'concurrent' THEN 'CONCURRENTLY ' END, opened.view_name);
    IF opened.mode = 'plain' AND current_setting('track_counts')::boolean THEN
      number := pg_stat_get_xact_tuples_inserted(relation) - before;  -- the server has counted while it filled the view
    ELSE
      EXECUTE concat('SELECT count(*) FROM ', opened.view_name) INTO number;
    END IF;
    -- Views that read this one have changed, like those of a table that was written.
    INSERT INTO pgspec.mv_source_writes (source)
    SELECT DISTINCT r.source FROM pgspec.mv_reads AS r WHERE r.source = relation;
    PERFORM pgspec.close_mv_refresh(attempt, number, NULL, NULL);
    RETURN 'ok';
  EXCEPTION
    WHEN query_canceled THEN
      IF opened.give_up_at <= clock_timestamp() AND (own = interval '0' OR clock_timestamp() < statement_timestamp() + own) THEN
        PERFORM pgspec.close_mv_refresh(attempt, NULL,
          concat('timeout: given up after ', opened.give_up_at - opened.started_at), NULL);
        RETURN 'failed';
      END IF;
      PERFORM pgspec.close_mv_refresh(attempt, NULL, concat(SQLERRM, ' (', SQLSTATE, ')'), NULL);
      RETURN 'canceled';
    WHEN lock_not_available THEN
      PERFORM pgspec.close_mv_refresh(attempt, NULL, concat(SQLERRM, ' (', SQLSTATE, ')'), interval '15 seconds');
      RETURN 'failed';
    WHEN OTHERS THEN
      PERFORM pgspec.close_mv_refresh(attempt, NULL, concat(SQLERRM, ' (', SQLSTATE, ')'), NULL);
      RETURN 'failed';
  END;
END
$function$;
REVOKE ALL ON FUNCTION public.run_mv_refresh(bigint) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.run_mv_refresh(bigint) TO service_role;

-- create function public.throw_switch(text, text)
CREATE FUNCTION public.throw_switch(name text, why text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
-- Throws a switch, or gives one that is thrown another reason; what it returns says what holds from now on.
#variable_conflict use_column
DECLARE
  effect text := 'thrown';
BEGIN
  PERFORM pgspec.may_switch(throw_switch.name, throw_switch.why);
  IF throw_switch.name = 'enqueue' THEN
    -- What writers do not enqueue the cache must not serve, also when the queue is in use again: see reset_switch.
    INSERT INTO pgspec.thrown_switches AS s (name, thrown_by, why, state)
    VALUES ('cache', session_user, throw_switch.why, '{"stale": true}')
    ON CONFLICT (name) DO UPDATE SET state = excluded.state;
  END IF;
  INSERT INTO pgspec.thrown_switches AS s (name, thrown_by, why)
  VALUES (throw_switch.name, session_user, throw_switch.why)
  ON CONFLICT (name) DO UPDATE SET thrown_at = excluded.thrown_at, thrown_by = excluded.thrown_by, why = excluded.why;
  PERFORM pgspec.log_switch(throw_switch.name, true, throw_switch.why);
  IF throw_switch.name = 'cache' THEN
    effect := 'cache_get finds nothing and cache_put stores nothing; invalidations go on';
  ELSIF throw_switch.name = 'enqueue' THEN
    effect := 'writers enqueue nothing; the cache is off too, and stays off until it is reset after this switch';
  END IF;
  IF throw_switch.name = 'refresh' THEN
    effect := 'no refresh begins; one that runs goes on';
  END IF;
  IF throw_switch.name LIKE 'harden %' THEN
    effect := pgspec.harden(throw_switch.name);
  END IF;
  RETURN effect;
END
$function$;
REVOKE ALL ON FUNCTION public.throw_switch(text, text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.throw_switch(text, text) TO service_role;

-- create function public.verify_migration_success()
CREATE FUNCTION public.verify_migration_success() RETURNS TABLE (name text, ok boolean, detail text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $function$
-- One row for each check: its name, whether all is well, and what was found.  It only reads, and a part that cannot be asked
-- is a row of its own that says why.
#variable_conflict use_column
BEGIN
  BEGIN
    RETURN QUERY
    SELECT replace(d.type, '_', ' ') || ' ' || d.name, f.now IS NOT DISTINCT FROM d.fingerprint,
      CASE WHEN f.now IS NULL THEN 'is gone' WHEN f.now = d.fingerprint THEN 'is as it was deployed'
        ELSE 'was changed since it was deployed' END
    FROM pgspec.deployed_objects AS d CROSS JOIN LATERAL (SELECT pgspec.fingerprint(d.type, d.name) OFFSET 0) AS f (now)
    ORDER BY d.type, d.name;
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'objects are as they were deployed', false, SQLERRM;
  END;
  BEGIN
    RETURN QUERY
    -- What the server's text of an object does not tell: whether it works.
    SELECT o.title, o.names IS NULL, coalesce(o.problem || ': ' || o.names, 'all of them')
    FROM (
      SELECT 'indexes are valid', 'invalid', string_agg(d.name, ', ' ORDER BY d.name)
      FROM pgspec.deployed_objects AS d
      JOIN pg_index AS i ON i.indexrelid = CASE WHEN d.type = 'index' THEN to_regclass(d.name) END
      WHERE NOT (i.indisvalid AND i.indisready)
      UNION ALL
      SELECT 'triggers fire', 'disabled', string_agg(d.name, ', ' ORDER BY d.name)
      FROM pgspec.deployed_objects AS d
      CROSS JOIN LATERAL regexp_match(d.name, '^("(?:[^"]|"")+"|[^" ]+) ON (.+)$') AS m
      JOIN pg_trigger AS t ON t.tgrelid = to_regclass(m[2]) AND t.tgname = (parse_ident(m[1]))[1]
      WHERE d.type = 'trigger' AND t.tgenabled NOT IN ('O', 'A')
    ) AS o (title, problem, names);
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'indexes and triggers work', false, SQLERRM;
  END;
  BEGIN
    RETURN QUERY
    SELECT 'nothing is open to PUBLIC', o.names IS NULL, coalesce('open: ' || o.names, 'no object that was deployed')
    FROM (
      SELECT string_agg(DISTINCT a.name, ', ') FROM (
        SELECT d.name, coalesce(p.proacl, acldefault('f', p.proowner))
        FROM pgspec.deployed_objects AS d
        JOIN pg_proc AS p ON p.oid = CASE WHEN d.type IN ('function', 'procedure') THEN to_regprocedure(d.name) END
        UNION ALL
        SELECT d.name, x.acl
        FROM pgspec.deployed_objects AS d
        JOIN pg_class AS c ON c.oid = CASE WHEN d.type IN ('table', 'view', 'materialized_view') THEN to_regclass(d.name) END
        CROSS JOIN LATERAL (
          SELECT c.relacl UNION ALL SELECT t.attacl FROM pg_attribute AS t WHERE t.attrelid = c.oid AND NOT t.attisdropped
        ) AS x (acl)
        UNION ALL
        SELECT 'schema ' || 'pgspec', n.nspacl FROM pg_namespace AS n WHERE n.nspname = 'pgspec'
      ) AS a (name, acl)
      WHERE EXISTS (SELECT FROM aclexplode(a.acl) AS g WHERE g.grantee = 0)
    ) AS o (names);
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'nothing is open to PUBLIC', false, SQLERRM;
  END;
  BEGIN
    RETURN QUERY
    SELECT 'refreshes of ' || v.name, v.populated AND v.is_unique,
      CASE WHEN NOT v.populated THEN 'cannot be read: it was never filled'
        WHEN NOT v.is_unique THEN 'cannot run concurrently: no valid UNIQUE index on plain columns, without a condition'
        ELSE 'can run concurrently' END
    FROM (
      SELECT d.name, c.relispopulated, EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indisready
          AND i.indpred IS NULL AND i.indexprs IS NULL)
      FROM pgspec.deployed_objects AS d
      JOIN pg_class AS c ON c.oid = CASE WHEN d.type = 'materialized_view' THEN to_regclass(d.name) END
    ) AS v (name, populated, is_unique)
    ORDER BY v.name;
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'materialized views can be refreshed', false, SQLERRM;
  END;
  BEGIN
    RETURN QUERY
    SELECT 'cache invalidations reach the cache', q.late IS NULL,
      CASE WHEN q.late IS NULL THEN 'none is due for long'
        ELSE format('the oldest is due for %s: nobody drains the queue', date_trunc('second', q.late)) END
    FROM (
      SELECT clock_timestamp() - min(q.visible_at) FROM public.cache_invalidation_queue AS q
      WHERE q.processed_at IS NULL AND q.dead_at IS NULL AND q.visible_at < clock_timestamp() - interval '5 minutes'
    ) AS q (late)
    UNION ALL
    SELECT 'cache invalidations are not given up', q.dead = 0,
      CASE WHEN q.dead = 0 THEN 'none is' ELSE format('%s are, the last with: %s', q.dead, q.error) END
    FROM (
      SELECT count(*), (array_agg(q.last_error ORDER BY q.dead_at DESC))[1] FROM public.cache_invalidation_queue AS q
      WHERE q.processed_at IS NULL AND q.dead_at IS NOT NULL
    ) AS q (dead, error);
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'cache invalidations', false, SQLERRM;
  END;
  BEGIN
    RETURN QUERY
    SELECT 'last refresh of ' || h.view_name, h.failures = 0 AND (h.staleness <= h.max_staleness) IS NOT FALSE,
      CASE WHEN h.failures > 0 THEN format('failed %s times in a row: %s', h.failures, h.last_error)
        WHEN h.staleness > h.max_staleness THEN format('is stale for %s, and may be for %s', date_trunc('second', h.staleness), h.max_staleness)
        WHEN h.last_success IS NULL THEN 'is to come'
        ELSE format('was well, at %s', date_trunc('second', h.last_success)) END
    FROM public.mv_refresh_health AS h ORDER BY h.view_name;
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'last refreshes', false, SQLERRM;
  END;
  BEGIN
    RETURN QUERY
    SELECT 'partitions of ' || h.log, coalesce(h.days_ahead >= 1 AND h.default_rows = 0, false),
      CASE WHEN h.days_ahead < 0 THEN 'none for today: run_maintenance() makes them'
        ELSE format('%s days ahead, %s rows outside of any', h.days_ahead, h.default_rows) END
    FROM public.event_log_health AS h
    UNION ALL
    SELECT 'request ids of ' || h.log, h.request_ids_last_hour >= h.events_last_hour * 0.9,
      format('given for %s of %s events of the last hour', h.request_ids_last_hour, h.events_last_hour)
    FROM public.event_log_health AS h
    UNION ALL
    SELECT format('values of %s.%s', h.log, h.label), h.distinct_values < h.budget,
      format('%s of %s', h.distinct_values, h.budget)
    FROM public.event_label_health AS h;
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'event logs', false, SQLERRM;
  END;
  BEGIN
    RETURN QUERY
    SELECT 'no switch is thrown', s.names IS NULL, coalesce('thrown: ' || s.names, 'none is')
    FROM (
      SELECT string_agg(format('%s by %s: %s', s.name, s.thrown_by, s.why), '; ' ORDER BY s.name) FROM public.pgspec_switches AS s WHERE s.thrown
    ) AS s (names);
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'no switch is thrown', false, SQLERRM;
  END;
END
$function$;
REVOKE ALL ON FUNCTION public.verify_migration_success() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.verify_migration_success() TO service_role;

-- create procedure public.refresh_materialized_views()
CREATE PROCEDURE public.refresh_materialized_views()
LANGUAGE plpgsql
AS $function$
-- Refreshes what is due, in order of dependency, each view in a transaction of its own.  Everything is qualified, also
-- the operator: a procedure that commits cannot fix its search_path.
DECLARE
  place integer := 0;
  attempt bigint;
  outcome text;
BEGIN
  PERFORM public.cancel_overdue_refreshes();
  LOOP
    SELECT b.place, b.log_id INTO place, attempt FROM public.begin_mv_refresh(place) AS b;
    EXIT WHEN attempt IS NULL;
    COMMIT;
    outcome := public.run_mv_refresh(attempt);
    COMMIT;
    IF outcome OPERATOR(pg_catalog.=) 'canceled' THEN
      RAISE query_canceled USING MESSAGE = 'refreshes stop: a session was told to cancel its statement';
    END IF;
  END LOOP;
END
$function$;
REVOKE ALL ON PROCEDURE public.refresh_materialized_views() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON PROCEDURE public.refresh_materialized_views() TO service_role;

-- create procedure public.run_cache_invalidations(integer)
CREATE PROCEDURE public.run_cache_invalidations(max_seconds integer DEFAULT 55)
LANGUAGE plpgsql
AS $function$
-- Drains the queue about every second until max_seconds are over, each time in a transaction of its own: what is written is
-- invalid a second later, though cron starts this once a minute.  While one session drains, others find nothing to do.
-- No setting of this procedure can protect it, since it commits: every name and operator is qualified.
DECLARE
  stop timestamp with time zone := pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => max_seconds);
  due timestamp with time zone;
BEGIN
  LOOP
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;  -- whatever the role has as its default
    due := pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) interval '1 second';
    PERFORM public.drain_cache_invalidation_queue(1000, 1);
    COMMIT;
    EXIT WHEN (due OPERATOR(pg_catalog.<) stop) IS NOT TRUE;
    PERFORM pg_catalog.pg_sleep_until(due);
  END LOOP;
END
$function$;
REVOKE ALL ON PROCEDURE public.run_cache_invalidations(integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON PROCEDURE public.run_cache_invalidations(integer) TO service_role;

-- create procedure public.run_maintenance(integer)
CREATE PROCEDURE public.run_maintenance(max_seconds integer DEFAULT 600)
LANGUAGE plpgsql
AS $function$
-- Calls each part again and again until it finds nothing more to do or max_seconds are over, each time in a transaction of
-- its own.  A part that fails is left out and does not stop the others; at the end the procedure fails and names it.  Two
-- sessions never work at once, and neither waits.
-- No setting of this procedure can protect it, since it commits: every name and operator is qualified.
DECLARE
  stop timestamp with time zone := pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => max_seconds);
  parts pg_catalog.text[] := ARRAY[
    'public.maintain_performance_metrics()',
    'public.cleanup_admin_audit_log()',
    'public.cleanup_cache_invalidation_queue()',
    'public.cleanup_mv_refresh_log()'
  ];
  left_over pg_catalog.text[];
  part pg_catalog.text;
  number integer;
  failures pg_catalog.text[] := ARRAY[]::pg_catalog.text[];
BEGIN
  COMMIT;
  <<rounds>>
  WHILE pg_catalog.cardinality(parts) OPERATOR(pg_catalog.>) 0 LOOP
    left_over := ARRAY[]::pg_catalog.text[];
    FOREACH part IN ARRAY parts LOOP
      EXIT rounds WHEN NOT pg_catalog.pg_try_advisory_xact_lock(1885827952, -2);  -- another session is at it
      BEGIN
        EXECUTE pg_catalog.concat('SELECT ', part) INTO number;
        IF number OPERATOR(pg_catalog.>) 0 THEN
          left_over := pg_catalog.array_append(left_over, part);
        END IF;
      EXCEPTION WHEN OTHERS THEN
        failures := pg_catalog.array_append(failures, pg_catalog.concat(part, ': ', SQLERRM));
        RAISE WARNING 'maintenance: % failed: %', part, SQLERRM;
      END;
      COMMIT;
    END LOOP;
    EXIT WHEN (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.<) stop) IS NOT TRUE;
    parts := left_over;
  END LOOP;
  IF pg_catalog.cardinality(failures) OPERATOR(pg_catalog.>) 0 THEN
    RAISE EXCEPTION E'maintenance: not all of it was done\n%', pg_catalog.array_to_string(failures, E'\n');
  END IF;
END
$function$;
REVOKE ALL ON PROCEDURE public.run_maintenance(integer) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON PROCEDURE public.run_maintenance(integer) TO service_role;

-- create view pgspec.mv_reads
CREATE VIEW pgspec.mv_reads AS
SELECT v.view_name, to_regclass(u.name)::oid AS source
FROM pgspec.refreshed_views() AS v
CROSS JOIN LATERAL unnest(v.sources) AS u (name)
WHERE to_regclass(u.name) IS NOT NULL;

-- create access to pgspec.mv_reads
REVOKE ALL ON TABLE pgspec.mv_reads FROM PUBLIC, anon, authenticated, service_role;

-- create view pgspec.mv_refresh_basis
CREATE VIEW pgspec.mv_refresh_basis AS
SELECT v.view_name, v.sources,
  (SELECT CASE WHEN bool_and(coalesce(c.relkind = 'm' OR t.oid IS NOT NULL, false)) IS NOT FALSE
      THEN concat_ws(' ', to_regclass(v.view_name)::oid, string_agg(concat(c.oid, '/', t.oid), ' ' ORDER BY c.oid)) END
   FROM unnest(v.sources) AS u (name)
   LEFT JOIN pg_class AS c ON c.oid = to_regclass(u.name)
   LEFT JOIN pg_trigger AS t ON t.tgrelid = c.oid AND t.tgname = 'pgspec_refresh' AND t.tgenabled IN ('O', 'A')) AS basis
FROM pgspec.refreshed_views() AS v;

-- create access to pgspec.mv_refresh_basis
REVOKE ALL ON TABLE pgspec.mv_refresh_basis FROM PUBLIC, anon, authenticated, service_role;

-- create view public.admin_audit_log  [specs/access/audit.yaml:3]
CREATE VIEW public.admin_audit_log WITH (security_invoker = true, security_barrier = true) AS
SELECT id, at, table_schema, table_name, event, row_key, new_row_key, old, new, truncated_rows, source, db_role, session_role, request_id, claims, txid
FROM pgspec.admin_audit_log
WHERE (SELECT pgspec.guard_pgspec_admin_audit_log('select'));

-- create comment on public.admin_audit_log  [specs/access/audit.yaml:3]
COMMENT ON VIEW public.admin_audit_log IS 'Changes that administrators are asked about.';

-- create access to public.admin_audit_log  [specs/access/audit.yaml:3]
REVOKE ALL ON TABLE public.admin_audit_log FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.admin_audit_log TO authenticated;
GRANT SELECT ON TABLE public.admin_audit_log TO service_role;

-- create view public.admin_audit_viewer  [specs/access/audit.yaml:11]
CREATE VIEW public.admin_audit_viewer WITH (security_invoker = true, security_barrier = true) AS
SELECT id, at, table_schema, table_name, event, row_key, new_row_key, old, new, truncated_rows, source, db_role, session_role, request_id, claims, txid
FROM pgspec.admin_audit_log
WHERE (SELECT pgspec.may_view_admin_audit_viewer(true));

-- create comment on public.admin_audit_viewer  [specs/access/audit.yaml:11]
COMMENT ON VIEW public.admin_audit_viewer IS 'Changes that administrators are asked about.';

-- create access to public.admin_audit_viewer  [specs/access/audit.yaml:11]
REVOKE ALL ON TABLE public.admin_audit_viewer FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.admin_audit_viewer TO authenticated;

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

-- create view public.event_label_health
CREATE VIEW public.event_label_health AS
SELECT 'performance_metrics'::text AS log, b.label, count(k.value) AS distinct_values, b.budget
FROM (VALUES ('endpoint', 500::bigint), ('status_code', 60::bigint)) AS b (label, budget)
LEFT JOIN pgspec.performance_metrics_labels AS k ON k.label = b.label AND k.place <= b.budget
GROUP BY b.label, b.budget;

-- create access to public.event_label_health
REVOKE ALL ON TABLE public.event_label_health FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.event_label_health TO service_role;

-- create view public.event_log_health
CREATE VIEW public.event_log_health AS
SELECT 'performance_metrics'::text AS log, p.oldest, p.newest, p.days_ahead, d.default_rows, e.events_last_hour, e.request_ids_last_hour
FROM (
  SELECT min(t.day) AS oldest, max(t.day) AS newest,
    -- the days from tomorrow on that have a partition without a gap; -1 when today has none
    (SELECT min(n) FROM generate_series(0, 1000) AS n
      WHERE (now() AT TIME ZONE 'UTC')::date + n <> ALL (coalesce(array_agg(t.day), '{}'))) - 1 AS days_ahead
  FROM (
    SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public.performance_metrics'::regclass AND c.relname ~ '_[0-9]{8}$') AS t) AS p,
  (SELECT count(*) AS default_rows FROM (SELECT FROM public.performance_metrics_default LIMIT 100000) AS r) AS d,
  (SELECT count(*) AS events_last_hour, count(*) FILTER (WHERE r.request_id_given) AS request_ids_last_hour
    FROM public.performance_metrics AS r WHERE r.created_at > now() - interval '1 hour' AND r.created_at <= now()) AS e;

-- create access to public.event_log_health
REVOKE ALL ON TABLE public.event_log_health FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.event_log_health TO service_role;

-- create view public.mv_refresh_health
CREATE VIEW public.mv_refresh_health AS
SELECT h.view_name,
  h.every IS NOT NULL AND h.changed IS NOT FALSE
    AND coalesce(h.last_success + h.every - least(h.every / 10, interval '30 seconds') <= clock_timestamp(), true)
    AND coalesce(h.retry_at <= clock_timestamp(), true) AS due,
  h.changed, h.last_success,
  CASE WHEN h.changed IS NULL THEN clock_timestamp() - coalesce(h.last_success, h.since)
    WHEN h.changed AND h.since IS NOT NULL THEN clock_timestamp() - h.since ELSE interval '0' END AS staleness,
  h.max_staleness, h.failures, h.retry_at, h.last_error, h.last_duration
FROM (
  SELECT v.view_name, v.every, v.max_staleness, s.last_success, s.retry_at, s.last_error, s.last_duration,
    coalesce(s.failures, 0) AS failures,
    CASE WHEN v.sources IS NOT NULL THEN s.view_name IS NULL OR w.since IS NOT NULL END AS changed,
    w.since
  FROM pgspec.refreshed_views() AS v
  LEFT JOIN pgspec.mv_refresh_state AS s ON s.view_name = v.view_name
  CROSS JOIN LATERAL (
    SELECT coalesce(least(s.stale_since, s.changed_since), (
      SELECT min(n.noted_at) FROM pgspec.mv_source_writes AS n
      WHERE CASE WHEN v.sources IS NULL THEN s.view_name IS NULL
        ELSE n.source IN (SELECT to_regclass(u.name)::oid FROM unnest(v.sources) AS u (name))
          AND pg_visible_in_snapshot(n.xid, s.seen) IS NOT TRUE END)) AS since) AS w) AS h;

-- create access to public.mv_refresh_health
REVOKE ALL ON TABLE public.mv_refresh_health FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.mv_refresh_health TO service_role;

-- create view public.pgspec_alerts
CREATE VIEW public.pgspec_alerts AS
SELECT v.name, v.severity, v.value, v.threshold,
  v.breached AND (v.pending = interval '0' OR coalesce(s.breached_since <= clock_timestamp() - v.pending, false)) AS firing,
  CASE WHEN v.breached THEN coalesce(s.breached_since, statement_timestamp()) END AS since,
  v.detail, v.runbook, v.breached, v.problem
FROM pgspec.alert_values() AS v
LEFT JOIN pgspec.alert_state AS s ON s.name = v.name;

-- create access to public.pgspec_alerts
REVOKE ALL ON TABLE public.pgspec_alerts FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.pgspec_alerts TO service_role;

-- create view public.pgspec_switch_log
CREATE VIEW public.pgspec_switch_log AS
SELECT id, at, name, thrown, db_role, session_role, application, why
FROM pgspec.switch_log;

-- create access to public.pgspec_switch_log
REVOKE ALL ON TABLE public.pgspec_switch_log FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.pgspec_switch_log TO service_role;

-- create view public.pgspec_switches
CREATE VIEW public.pgspec_switches AS
SELECT coalesce(k.name, s.name) AS name, s.name IS NOT NULL AS thrown, s.thrown_at, s.thrown_by, s.why
FROM (VALUES
  ('cache'),
  ('enqueue'),
  ('refresh'),
  ('harden public.admin_audit_log'),
  ('harden public.bookings'),
  ('harden public.profiles'),
  ('harden public.services')
) AS k (name)
FULL JOIN pgspec.thrown_switches AS s ON s.name = k.name;

-- create access to public.pgspec_switches
REVOKE ALL ON TABLE public.pgspec_switches FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.pgspec_switches TO service_role;

-- create row security on pgspec.admin_audit_log  [specs/access/audit.yaml:14]
ALTER TABLE pgspec.admin_audit_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create row security on public.bookings  [specs/access/bookings.yaml:2]
ALTER TABLE public.bookings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create row security on public.profiles  [specs/access/profiles.yaml:2]
ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create row security on public.services  [specs/access/services.yaml:2]
ALTER TABLE public.services ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create policy admins_read ON pgspec.admin_audit_log  [specs/access/audit.yaml:19]
CREATE POLICY admins_read ON pgspec.admin_audit_log AS PERMISSIVE FOR SELECT TO authenticated
  USING ((SELECT pgspec.claim('role')) = 'admin');

-- create policy admins_read ON public.bookings  [specs/access/bookings.yaml:7]
CREATE POLICY admins_read ON public.bookings AS PERMISSIVE FOR SELECT TO authenticated
  USING ((SELECT pgspec.claim('role')) = 'admin');

-- create policy admins_read ON public.profiles  [specs/access/profiles.yaml:8]
CREATE POLICY admins_read ON public.profiles AS PERMISSIVE FOR SELECT TO authenticated
  USING ((SELECT pgspec.claim('role')) = 'admin');

-- create policy as_customer ON public.bookings  [specs/access/bookings.yaml:6]
CREATE POLICY as_customer ON public.bookings AS PERMISSIVE FOR SELECT TO authenticated
  USING (customer_id = (SELECT pgspec.claim_uuid('sub')));

-- create policy as_vendor ON public.bookings  [specs/access/bookings.yaml:5]
CREATE POLICY as_vendor ON public.bookings AS PERMISSIVE FOR SELECT TO authenticated
  USING (provider_id = (SELECT pgspec.claim_uuid('sub')));

-- create policy customers_ask ON public.bookings  [specs/access/bookings.yaml:8]
CREATE POLICY customers_ask ON public.bookings AS PERMISSIVE FOR INSERT TO authenticated
  WITH CHECK (customer_id = (SELECT pgspec.claim_uuid('sub')) AND status = 'requested' AND refunded_amount = 0);

-- create policy on_offer ON public.services  [specs/access/services.yaml:5]
CREATE POLICY on_offer ON public.services AS PERMISSIVE FOR SELECT TO anon, authenticated
  USING (is_active);

-- create policy own_changes ON public.profiles  [specs/access/profiles.yaml:9]
CREATE POLICY own_changes ON public.profiles AS PERMISSIVE FOR UPDATE TO authenticated
  USING (id = (SELECT pgspec.claim_uuid('sub')) AND status IN ('active', 'paused'))
  WITH CHECK (id = (SELECT pgspec.claim_uuid('sub')) AND status IN ('active', 'paused') AND role <> 'admin');

-- create policy own_profile ON public.profiles  [specs/access/profiles.yaml:7]
CREATE POLICY own_profile ON public.profiles AS PERMISSIVE FOR SELECT TO authenticated
  USING (id = (SELECT pgspec.claim_uuid('sub')));

-- create policy own_services ON public.services  [specs/access/services.yaml:6]
CREATE POLICY own_services ON public.services AS PERMISSIVE FOR ALL TO authenticated
  USING (provider_id = (SELECT pgspec.claim_uuid('sub')))
  WITH CHECK (provider_id = (SELECT pgspec.claim_uuid('sub')) AND (SELECT pgspec.claim('role')) = 'vendor');

-- create policy pgspec_owner ON pgspec.admin_audit_log  [specs/access/audit.yaml:3]
CREATE POLICY pgspec_owner ON pgspec.admin_audit_log AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);

-- create policy pgspec_service ON pgspec.admin_audit_log  [specs/access/audit.yaml:3]
CREATE POLICY pgspec_service ON pgspec.admin_audit_log AS PERMISSIVE FOR SELECT TO service_role
  USING (true);

-- create policy pgspec_viewer ON pgspec.admin_audit_log  [specs/access/audit.yaml:11]
CREATE POLICY pgspec_viewer ON pgspec.admin_audit_log AS PERMISSIVE FOR SELECT TO authenticated
  USING ((SELECT pgspec.may_view_admin_audit_viewer(false)));

-- create policy vendors_answer ON public.bookings  [specs/access/bookings.yaml:12]
CREATE POLICY vendors_answer ON public.bookings AS PERMISSIVE FOR UPDATE TO authenticated
  USING (provider_id = (SELECT pgspec.claim_uuid('sub')))
  WITH CHECK (provider_id = (SELECT pgspec.claim_uuid('sub')));

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
    FROM public.performance_metrics r
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
FROM public.performance_metrics r
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
FROM public.performance_metrics r
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

-- create trigger pgspec_audit_admin_audit_log_delete ON public.bookings  [specs/access/audit.yaml:3]
CREATE TRIGGER pgspec_audit_admin_audit_log_delete AFTER DELETE ON public.bookings
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_delete_public_bookings();

-- create trigger pgspec_audit_admin_audit_log_delete ON public.profiles  [specs/access/audit.yaml:3]
CREATE TRIGGER pgspec_audit_admin_audit_log_delete AFTER DELETE ON public.profiles
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_delete_public_profiles();

-- create trigger pgspec_audit_admin_audit_log_delete ON public.services  [specs/access/audit.yaml:3]
CREATE TRIGGER pgspec_audit_admin_audit_log_delete AFTER DELETE ON public.services
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_delete_public_services();

-- create trigger pgspec_audit_admin_audit_log_truncate ON public.bookings  [specs/access/audit.yaml:3]
CREATE TRIGGER pgspec_audit_admin_audit_log_truncate BEFORE TRUNCATE ON public.bookings
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_truncate_public_bookings();

-- create trigger pgspec_audit_admin_audit_log_truncate ON public.services  [specs/access/audit.yaml:3]
CREATE TRIGGER pgspec_audit_admin_audit_log_truncate BEFORE TRUNCATE ON public.services
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_truncate_public_services();

-- create trigger pgspec_audit_admin_audit_log_update ON public.bookings  [specs/access/audit.yaml:3]
CREATE TRIGGER pgspec_audit_admin_audit_log_update AFTER UPDATE ON public.bookings
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_update_public_bookings();

-- create trigger pgspec_audit_admin_audit_log_update ON public.profiles  [specs/access/audit.yaml:3]
CREATE TRIGGER pgspec_audit_admin_audit_log_update AFTER UPDATE ON public.profiles
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_update_public_profiles();

-- create trigger pgspec_audit_admin_audit_log_update ON public.services  [specs/access/audit.yaml:3]
CREATE TRIGGER pgspec_audit_admin_audit_log_update AFTER UPDATE ON public.services
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_update_public_services();

-- create trigger pgspec_audit_guard_delete ON pgspec.admin_audit_log  [specs/access/audit.yaml:3]
CREATE TRIGGER pgspec_audit_guard_delete BEFORE DELETE ON pgspec.admin_audit_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_guard();

-- create trigger pgspec_audit_guard_truncate ON pgspec.admin_audit_log  [specs/access/audit.yaml:3]
CREATE TRIGGER pgspec_audit_guard_truncate BEFORE TRUNCATE ON pgspec.admin_audit_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_guard();

-- create trigger pgspec_audit_guard_update ON pgspec.admin_audit_log  [specs/access/audit.yaml:3]
CREATE TRIGGER pgspec_audit_guard_update BEFORE UPDATE ON pgspec.admin_audit_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_guard();

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

-- create trigger pgspec_refresh ON public.bookings  [specs/views/geographic_analytics_daily.yaml:49]
CREATE TRIGGER pgspec_refresh AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.bookings
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.note_write();

-- create trigger pgspec_refresh ON public.locations  [specs/views/geographic_analytics_daily.yaml:49]
CREATE TRIGGER pgspec_refresh AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.locations
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.note_write();

-- create trigger pgspec_refresh ON public.profiles  [specs/views/specialty_analytics_daily.yaml:54]
CREATE TRIGGER pgspec_refresh AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.profiles
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.note_write();

-- create trigger pgspec_refresh ON public.provider_events  [specs/views/geographic_analytics_daily.yaml:49]
CREATE TRIGGER pgspec_refresh AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.provider_events
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.note_write();

-- create trigger pgspec_refresh ON public.reviews  [specs/views/provider_analytics_daily.yaml:49]
CREATE TRIGGER pgspec_refresh AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.reviews
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.note_write();

-- create trigger pgspec_refresh ON public.search_events  [specs/views/geographic_analytics_daily.yaml:49]
CREATE TRIGGER pgspec_refresh AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.search_events
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.note_write();

-- create trigger pgspec_refresh ON public.services  [specs/views/specialty_analytics_daily.yaml:54]
CREATE TRIGGER pgspec_refresh AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.services
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.note_write();

-- create trigger pgspec_switch_log_guard_delete ON pgspec.switch_log
CREATE TRIGGER pgspec_switch_log_guard_delete BEFORE DELETE ON pgspec.switch_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.switch_log_guard();

-- create trigger pgspec_switch_log_guard_truncate ON pgspec.switch_log
CREATE TRIGGER pgspec_switch_log_guard_truncate BEFORE TRUNCATE ON pgspec.switch_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.switch_log_guard();

-- create trigger pgspec_switch_log_guard_update ON pgspec.switch_log
CREATE TRIGGER pgspec_switch_log_guard_update BEFORE UPDATE ON pgspec.switch_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.switch_log_guard();

-- create rights on public.bookings  [specs/access/bookings.yaml:2]
REVOKE ALL ON TABLE public.bookings FROM PUBLIC, anon, authenticated;
GRANT INSERT, SELECT, UPDATE ON TABLE public.bookings TO authenticated;

-- create rights on public.profiles  [specs/access/profiles.yaml:2]
REVOKE ALL ON TABLE public.profiles FROM PUBLIC, anon, authenticated;
GRANT SELECT, UPDATE ON TABLE public.profiles TO authenticated;

-- create rights on public.services  [specs/access/services.yaml:2]
REVOKE ALL ON TABLE public.services FROM PUBLIC, anon, authenticated;
GRANT SELECT ON TABLE public.services TO anon;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.services TO authenticated;

-- create rows read by views and triggers
DO $check$
DECLARE
  found text;
BEGIN
  SELECT pg_catalog.string_agg(pg_catalog.format('%s reads %s as %s', e.reader, h.tables, h.roles), '; ') INTO found
  FROM (VALUES
  ('function', 'pgspec.cache_truncate_public_profiles()', ARRAY['public.locations', 'public.profiles']),
  ('materialized_view', 'public.geographic_analytics_daily', ARRAY['public.bookings', 'public.locations', 'public.provider_events', 'public.search_events']),
  ('materialized_view', 'public.provider_analytics_daily', ARRAY['public.bookings', 'public.provider_events', 'public.reviews']),
  ('materialized_view', 'public.specialty_analytics_daily', ARRAY['public.bookings', 'public.profiles', 'public.provider_events', 'public.search_events', 'public.services'])
) AS e (kind, reader, reads)
CROSS JOIN LATERAL (
  WITH RECURSIVE named (relation, role) AS (
    SELECT pg_catalog.to_regclass(n.name)::oid, CASE e.kind
      WHEN 'function' THEN (SELECT p.proowner FROM pg_catalog.pg_proc AS p WHERE p.oid = pg_catalog.to_regprocedure(e.reader))
      ELSE (SELECT m.relowner FROM pg_catalog.pg_class AS m WHERE m.oid = pg_catalog.to_regclass(e.reader)) END
    FROM pg_catalog.unnest(e.reads) AS n (name)
    UNION
    SELECT d.refobjid, CASE WHEN i.invoker THEN n.role ELSE v.relowner END
    FROM named AS n
    JOIN pg_catalog.pg_class AS v ON v.oid = n.relation AND v.relkind = 'v'
    JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = v.oid
    JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> v.oid
    CROSS JOIN LATERAL (SELECT EXISTS (
      SELECT FROM pg_catalog.pg_options_to_table(v.reloptions) AS o
      WHERE o.option_name = 'security_invoker' AND o.option_value::boolean) AS invoker) AS i
  ), policies (relation, permissive, everything, role) AS (
    SELECT p.polrelid, p.polpermissive, pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true', r.role
    FROM pg_catalog.pg_policy AS p CROSS JOIN LATERAL pg_catalog.unnest(p.polroles) AS r (role)
    WHERE p.polcmd IN ('*', 'r')
  )
  SELECT pg_catalog.string_agg(DISTINCT t.oid::pg_catalog.regclass::text, ', ') AS tables,
    pg_catalog.string_agg(DISTINCT r.rolname, ', ') AS roles
  FROM named AS n
  JOIN pg_catalog.pg_class AS t ON t.oid = n.relation AND t.relrowsecurity
  JOIN pg_catalog.pg_roles AS r ON r.oid = n.role AND NOT r.rolsuper AND NOT r.rolbypassrls
  CROSS JOIN LATERAL (
    SELECT coalesce(pg_catalog.bool_or(p.everything) FILTER (WHERE p.permissive), false)
      AND coalesce(pg_catalog.bool_and(p.everything) FILTER (WHERE NOT p.permissive), true) AS all_rows
    FROM policies AS p
    WHERE p.relation = t.oid AND (p.role = 0 OR pg_catalog.pg_has_role(r.oid, p.role, 'USAGE'))
  ) AS a
  WHERE NOT a.all_rows AND (t.relforcerowsecurity OR NOT pg_catalog.pg_has_role(r.oid, t.relowner, 'USAGE'))
) AS h
  WHERE h.tables IS NOT NULL;
  IF found IS NOT NULL THEN
    RAISE EXCEPTION 'row security would hide rows: %', found
      USING HINT = 'Let a role with BYPASSRLS own what reads, or add a policy for select to its owner, using true.';
  END IF;
END
$check$;

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec.access_pgspec_admin_audit_log(text)', '0c1da78ebe16781c'),
  ('function', 'pgspec.access_public_bookings(text)', 'be483442b503e715'),
  ('function', 'pgspec.access_public_profiles(text)', '82ec99f986725fa4'),
  ('function', 'pgspec.access_public_services(text)', 'bc64008323c469a9'),
  ('function', 'pgspec.alert_values()', '95d5029c8a0270ce'),
  ('function', 'pgspec.api_side()', 'cf12adb47f62537f'),
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
  ('function', 'pgspec.catch_up(interval)', 'f080adedaa6ac16a'),
  ('function', 'pgspec.claim(text)', '3fe0d6a7998416ce'),
  ('function', 'pgspec.claim_bigint(text)', '7e253470e350b2fd'),
  ('function', 'pgspec.claim_uuid(text)', '8b9990e017d6fa17'),
  ('function', 'pgspec.close_mv_refresh(bigint, bigint, text, interval)', 'c774153b5ffb913e'),
  ('function', 'pgspec.closed_by(text)', '5a33e6b879761b2f'),
  ('function', 'pgspec.enqueue_tags(text[], interval)', 'e59512f7716823a4'),
  ('function', 'pgspec.fingerprint(text, text)', '019b7fb2cf123c8e'),
  ('function', 'pgspec.guard_pgspec_admin_audit_log(text)', '7e74aae54a3dc623'),
  ('function', 'pgspec.harden(text)', '934eaae5ae3b772b'),
  ('function', 'pgspec.invalidate_tags(text[])', 'f63e7a6f07a70f3e'),
  ('function', 'pgspec.joined_rows(boolean)', 'b787d5d8550ad52f'),
  ('function', 'pgspec.log_switch(text, boolean, text)', '6dec32cc9a95e776'),
  ('function', 'pgspec.may_switch(text, text)', '4473e0641f697ed8'),
  ('function', 'pgspec.may_view_admin_audit_viewer(boolean)', '4ddb8671a90c8471'),
  ('function', 'pgspec.normalize_path(text)', 'faceb71a8366653e'),
  ('function', 'pgspec.note_write()', '2ebe8eafb75a0532'),
  ('function', 'pgspec.open_mv_refresh(text, boolean)', '2e42c345d03830bd'),
  ('function', 'pgspec.performance_metrics_admits(text, text, integer)', 'f49d27667aee54f4'),
  ('function', 'pgspec.refreshed_views()', 'a3a47d392389ba71'),
  ('function', 'pgspec.relation_grants(regclass)', 'd68c4bbef17335bc'),
  ('function', 'pgspec.relax(text)', 'd8de97eb3af694f2'),
  ('function', 'pgspec.settle_dead(text[], timestamptz)', 'cce34043e61d79d1'),
  ('function', 'pgspec.settle_mv_sources()', '59b1e5ffdf47283e'),
  ('function', 'pgspec.skipping()', '94e4399568dd0a42'),
  ('function', 'pgspec.storable_tag(text)', '731522ce59338dfe'),
  ('function', 'pgspec.switch_log_guard()', 'e3582d5e8cbced43'),
  ('function', 'pgspec.switch_targets()', '3778b804b44821d2'),
  ('function', 'pgspec.tag_and_wildcards(text)', '40c9c934e320929c'),
  ('function', 'pgspec.tags_and_wildcards(text[])', '48f4d2c33a6f649d'),
  ('function', 'pgspec.wake_joined(timestamptz)', 'a2ed2b678d79c45a'),
  ('function', 'public.access_left(text)', '99d143137e471831'),
  ('function', 'public.ack_cache_invalidations(uuid, bigint[])', '6cd807e26c037239'),
  ('function', 'public.begin_mv_refresh(integer)', '33fa82950579b742'),
  ('function', 'public.cache_get(text)', '3fa6242ffbbee6d3'),
  ('function', 'public.cache_put(text, jsonb, text[], bigint[], interval)', 'a9f9e93d2ec4b647'),
  ('function', 'public.cache_tag_versions(text[])', 'd1327da0a2c261b8'),
  ('function', 'public.cancel_overdue_refreshes()', '3b6f9a7a322c741b'),
  ('function', 'public.claim_cache_invalidations(integer, integer)', '9ad38770e0d8e1f4'),
  ('function', 'public.cleanup_admin_audit_log(integer)', 'c9add9c750ef1170'),
  ('function', 'public.cleanup_cache_invalidation_queue(interval, integer)', '68c5b7c6f5557b47'),
  ('function', 'public.cleanup_mv_refresh_log(interval, integer)', 'd92911da62633a84'),
  ('function', 'public.drain_cache_invalidation_queue(integer, integer)', '985666bcc81717c7'),
  ('function', 'public.enqueue_cache_invalidation(text, integer)', '08f62ec6dea40ce2'),
  ('function', 'public.evaluate_alerts()', '8e9526d29f515906'),
  ('function', 'public.explain_access(text, text)', '8cd362645b910ed4'),
  ('function', 'public.fail_cache_invalidations(uuid, bigint[], text)', '1231e6e754ad2951'),
  ('function', 'public.maintain_performance_metrics(integer)', 'c01905b0b47b014e'),
  ('function', 'public.record_performance_metrics(text, text, integer, double precision, boolean, integer, text, timestamptz)', '304cf216f824dd9d'),
  ('function', 'public.refresh_materialized_view(text)', '815410c14a520bee'),
  ('function', 'public.reset_switch(text, text, integer)', '80e1ae2959a7c569'),
  ('function', 'public.retry_dead_cache_invalidations()', '45be198419be3ced'),
  ('function', 'public.run_mv_refresh(bigint)', 'c5334df1d7f91b3d'),
  ('function', 'public.throw_switch(text, text)', '5b45742ea407fa11'),
  ('function', 'public.verify_migration_success()', 'b7fc0fbcecda325d'),
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
  ('index', 'public.mv_refresh_log_view', 'a56311043e5368b1'),
  ('index', 'public.performance_analytics_5min_endpoint_five_minute_bucket_idx', '2e54caacf9239cf3'),
  ('index', 'public.performance_analytics_hourly_endpoint_hour_idx', 'f9176df087647791'),
  ('index', 'public.performance_metrics_created_at', '9d2bfea124b32568'),
  ('index', 'public.performance_metrics_request_id', 'f437f4b740fb9f89'),
  ('index', 'public.provider_analytics_daily_provider_id_date_idx', '37d06c8b18503f9d'),
  ('index', 'public.specialty_analytics_daily_specialty_id_date_idx', 'ee4a26bfcb0635c9'),
  ('materialized_view', 'public.api_metrics_5m', '2bc51879ebb3f83f'),
  ('materialized_view', 'public.api_metrics_hourly_enhanced', 'de6c401928cbc4c7'),
  ('materialized_view', 'public.geographic_analytics_daily', '4bbd391a059b96e5'),
  ('materialized_view', 'public.performance_analytics_5min', '259e49ba3834433d'),
  ('materialized_view', 'public.performance_analytics_hourly', '070cdfdbe4b915d5'),
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
  ('procedure', 'public.refresh_materialized_views()', '3637f5c8e0064289'),
  ('procedure', 'public.run_cache_invalidations(integer)', '06a2ad8458718738'),
  ('procedure', 'public.run_maintenance(integer)', 'ca671a73965a283c'),
  ('row_security', 'pgspec.admin_audit_log', 'f2162f0bdf9e0fe3'),
  ('row_security', 'public.bookings', 'dbe2a3bb40ea8461'),
  ('row_security', 'public.profiles', '61c752a39d1ca6e3'),
  ('row_security', 'public.services', '8271bb3c7f8476da'),
  ('table', 'pgspec.admin_audit_log', '3d2be7f14d4e0de7'),
  ('table', 'pgspec.alert_state', '0d6fcdeed9392a85'),
  ('table', 'pgspec.cache_tags', '4150b0b2d222aadf'),
  ('table', 'pgspec.deployed_objects', 'e12627b13b639ac9'),
  ('table', 'pgspec.mv_refresh_state', '06d0e43b1fac5cad'),
  ('table', 'pgspec.mv_source_writes', '4c853d450aeaef32'),
  ('table', 'pgspec.performance_metrics_labels', 'db61a94b4cfa91d4'),
  ('table', 'pgspec.switch_log', '4085dbd0c3900c39'),
  ('table', 'pgspec.thrown_switches', '12931edc53b27321'),
  ('table', 'public.cache_entries', '37617706afd13506'),
  ('table', 'public.cache_invalidation_queue', '561cffa08e253d19'),
  ('table', 'public.mv_refresh_log', '2a3ee73a4ac0a389'),
  ('table', 'public.performance_metrics', 'ffbe8880d484d0d0'),
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
  ('trigger', 'pgspec_refresh ON public.bookings', 'd057b05dd4cc07f3'),
  ('trigger', 'pgspec_refresh ON public.locations', 'f48e8dd65448ca12'),
  ('trigger', 'pgspec_refresh ON public.profiles', 'ca8d4205e7a71f86'),
  ('trigger', 'pgspec_refresh ON public.provider_events', '000593cfdd450592'),
  ('trigger', 'pgspec_refresh ON public.reviews', '7ea3bd4bb5893216'),
  ('trigger', 'pgspec_refresh ON public.search_events', '5402bac5b2ae03ed'),
  ('trigger', 'pgspec_refresh ON public.services', '08098f258bf26d9d'),
  ('trigger', 'pgspec_switch_log_guard_delete ON pgspec.switch_log', 'f3a0e9d9e832543c'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON pgspec.switch_log', '6e0f576c6a956253'),
  ('trigger', 'pgspec_switch_log_guard_update ON pgspec.switch_log', '6326de6d31525e23'),
  ('view', 'pgspec.mv_reads', '8a80c240cddcc84c'),
  ('view', 'pgspec.mv_refresh_basis', 'fb6b618d164d20a0'),
  ('view', 'public.admin_audit_log', 'e340a384f1804b0d'),
  ('view', 'public.admin_audit_viewer', '54c04f1a8b62f8ee'),
  ('view', 'public.cache_invalidation_health', 'a73a53906bcb6d12'),
  ('view', 'public.event_label_health', 'd24339c9bea6bf60'),
  ('view', 'public.event_log_health', '1f0ab5ed2214a60c'),
  ('view', 'public.mv_refresh_health', 'ae684ff0d9e177c6'),
  ('view', 'public.pgspec_alerts', '3626645fbf47b003'),
  ('view', 'public.pgspec_switch_log', 'ba481a6ae5d4dbd0'),
  ('view', 'public.pgspec_switches', 'dc02205aa73a11c4')
) AS o (type, name, definition);
