-- pgspec shop: everything that the specs describe
-- 1 schema, 7 tables, 19 functions, 2 procedures, 6 views, 1 materialized view, 4 triggers, 4 indexes, 1 comment, 12 access lists, 1 owner
-- from specs/orders_daily.yaml

-- create schema pgspec
CREATE SCHEMA pgspec;
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, keeper, service_role;

-- create table pgspec.alert_state
CREATE TABLE pgspec.alert_state (
  name text PRIMARY KEY,
  breached_since timestamptz,
  checked_at timestamptz NOT NULL
) WITH (fillfactor = 50);
REVOKE ALL ON TABLE pgspec.alert_state FROM PUBLIC, anon, keeper, service_role;

-- create table pgspec.deployed_objects
CREATE TABLE pgspec.deployed_objects (
  type text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  fingerprint text NOT NULL,
  PRIMARY KEY (type, name)
);
REVOKE ALL ON TABLE pgspec.deployed_objects FROM PUBLIC, anon, keeper, service_role;

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
REVOKE ALL ON TABLE pgspec.mv_refresh_state FROM PUBLIC, anon, keeper, service_role;

-- create access to pgspec.mv_refresh_state
REVOKE ALL ON TABLE pgspec.mv_refresh_state FROM PUBLIC, anon, keeper, service_role;

-- create table pgspec.mv_source_writes
CREATE TABLE pgspec.mv_source_writes (
  source oid NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000, autovacuum_vacuum_cost_delay = 0, vacuum_truncate = false);
REVOKE ALL ON TABLE pgspec.mv_source_writes FROM PUBLIC, anon, keeper, service_role;

-- create access to pgspec.mv_source_writes
REVOKE ALL ON TABLE pgspec.mv_source_writes FROM PUBLIC, anon, keeper, service_role;

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
REVOKE ALL ON TABLE pgspec.switch_log FROM PUBLIC, anon, keeper, service_role;
DO $close$
BEGIN
  EXECUTE 'REVOKE ALL ON SEQUENCE ' || pg_catalog.pg_get_serial_sequence('pgspec.switch_log', 'id') || ' FROM PUBLIC, anon, keeper, service_role';
END
$close$;

-- create access to pgspec.switch_log
REVOKE ALL ON TABLE pgspec.switch_log FROM PUBLIC, anon, keeper, service_role;

-- create table pgspec.thrown_switches
CREATE TABLE pgspec.thrown_switches (
  name text PRIMARY KEY,
  thrown_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  thrown_by text NOT NULL,
  why text NOT NULL,
  state jsonb
);
REVOKE ALL ON TABLE pgspec.thrown_switches FROM PUBLIC, anon, keeper, service_role;

-- create access to pgspec.thrown_switches
REVOKE ALL ON TABLE pgspec.thrown_switches FROM PUBLIC, anon, keeper, service_role;

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
REVOKE ALL ON TABLE public.mv_refresh_log FROM PUBLIC, anon, keeper, service_role;
DO $close$
BEGIN
  EXECUTE 'REVOKE ALL ON SEQUENCE ' || pg_catalog.pg_get_serial_sequence('public.mv_refresh_log', 'id') || ' FROM PUBLIC, anon, keeper, service_role';
END
$close$;

-- create index public.mv_refresh_log_view
CREATE INDEX mv_refresh_log_view ON public.mv_refresh_log (view_name, started_at);

-- create access to public.mv_refresh_log
REVOKE ALL ON TABLE public.mv_refresh_log FROM PUBLIC, anon, keeper, service_role;
GRANT SELECT ON TABLE public.mv_refresh_log TO keeper;
GRANT SELECT ON TABLE public.mv_refresh_log TO service_role;

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
REVOKE ALL ON FUNCTION pgspec.alert_values() FROM PUBLIC, anon, keeper, service_role;
GRANT EXECUTE ON FUNCTION pgspec.alert_values() TO keeper, service_role;

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
REVOKE ALL ON FUNCTION pgspec.close_mv_refresh(bigint, bigint, text, interval) FROM PUBLIC, anon, keeper, service_role;

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
REVOKE ALL ON FUNCTION pgspec.fingerprint(text, text) FROM PUBLIC, anon, keeper, service_role;

-- create function pgspec.log_switch(text, boolean, text)
CREATE FUNCTION pgspec.log_switch(switch text, thrown boolean, why text) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
  INSERT INTO pgspec.switch_log (name, thrown, db_role, session_role, application, why)
  VALUES (switch, thrown, coalesce(nullif(current_setting('role', true), 'none'), session_user), session_user,
    nullif(current_setting('application_name', true), ''), why)
$function$;
REVOKE ALL ON FUNCTION pgspec.log_switch(text, boolean, text) FROM PUBLIC, anon, keeper, service_role;

-- create function pgspec.may_switch(text, text)
CREATE FUNCTION pgspec.may_switch(switch text, why text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Refuses what cannot be meant: a switch that is not there, or no reason.
BEGIN
  IF switch IS NULL OR (switch <> ALL (ARRAY['refresh'])
    AND NOT EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = switch)) THEN
    RAISE EXCEPTION 'there is no switch %', coalesce(quote_literal(switch), 'NULL') USING
      ERRCODE = 'invalid_parameter_value', HINT = 'the switches are refresh';
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
REVOKE ALL ON FUNCTION pgspec.may_switch(text, text) FROM PUBLIC, anon, keeper, service_role;

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
REVOKE ALL ON FUNCTION pgspec.note_write() FROM PUBLIC, anon, keeper, service_role;

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
REVOKE ALL ON FUNCTION pgspec.open_mv_refresh(text, boolean) FROM PUBLIC, anon, keeper, service_role;

-- create function pgspec.refreshed_views()
CREATE FUNCTION pgspec.refreshed_views() RETURNS TABLE (view_name text, place integer, every interval, timeout interval, mode text, max_staleness interval, sources text[])
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- What the specs say of each materialized view, in the order in which they are refreshed.  `sources` is NULL where
  -- nobody can say that a view has not changed, or nobody asked.
  SELECT v.view_name, v.place, v.every, v.timeout, v.mode, v.max_staleness, v.sources
  FROM (VALUES
    ('public.orders_daily', 1, interval '15 minutes', interval '1 minute', 'concurrent', interval '1 hour', ARRAY['public.orders']::text[])
  ) AS v (view_name, place, every, timeout, mode, max_staleness, sources)

$function$;
REVOKE ALL ON FUNCTION pgspec.refreshed_views() FROM PUBLIC, anon, keeper, service_role;
GRANT EXECUTE ON FUNCTION pgspec.refreshed_views() TO keeper, service_role;

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
REVOKE ALL ON FUNCTION pgspec.settle_mv_sources() FROM PUBLIC, anon, keeper, service_role;

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
REVOKE ALL ON FUNCTION pgspec.switch_log_guard() FROM PUBLIC, anon, keeper, service_role;

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
REVOKE ALL ON FUNCTION public.begin_mv_refresh(integer) FROM PUBLIC, anon, keeper, service_role;
GRANT EXECUTE ON FUNCTION public.begin_mv_refresh(integer) TO keeper, service_role;

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
REVOKE ALL ON FUNCTION public.cancel_overdue_refreshes() FROM PUBLIC, anon, keeper, service_role;
GRANT EXECUTE ON FUNCTION public.cancel_overdue_refreshes() TO keeper, service_role;

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
REVOKE ALL ON FUNCTION public.cleanup_mv_refresh_log(interval, integer) FROM PUBLIC, anon, keeper, service_role;
GRANT EXECUTE ON FUNCTION public.cleanup_mv_refresh_log(interval, integer) TO keeper, service_role;

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
REVOKE ALL ON FUNCTION public.evaluate_alerts() FROM PUBLIC, anon, keeper, service_role;
GRANT EXECUTE ON FUNCTION public.evaluate_alerts() TO keeper, service_role;

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
REVOKE ALL ON FUNCTION public.refresh_materialized_view(text) FROM PUBLIC, anon, keeper, service_role;
GRANT EXECUTE ON FUNCTION public.refresh_materialized_view(text) TO keeper, service_role;

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
  DELETE FROM pgspec.thrown_switches AS s WHERE s.name = reset_switch.name;
  IF NOT FOUND THEN
    RETURN 'was not thrown';
  END IF;
  PERFORM pgspec.log_switch(reset_switch.name, false, reset_switch.why);
  RETURN effect;
END
$function$;
REVOKE ALL ON FUNCTION public.reset_switch(text, text, integer) FROM PUBLIC, anon, keeper, service_role;
GRANT EXECUTE ON FUNCTION public.reset_switch(text, text, integer) TO keeper, service_role;

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
REVOKE ALL ON FUNCTION public.run_mv_refresh(bigint) FROM PUBLIC, anon, keeper, service_role;
GRANT EXECUTE ON FUNCTION public.run_mv_refresh(bigint) TO keeper, service_role;

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
  INSERT INTO pgspec.thrown_switches AS s (name, thrown_by, why)
  VALUES (throw_switch.name, session_user, throw_switch.why)
  ON CONFLICT (name) DO UPDATE SET thrown_at = excluded.thrown_at, thrown_by = excluded.thrown_by, why = excluded.why;
  PERFORM pgspec.log_switch(throw_switch.name, true, throw_switch.why);
  IF throw_switch.name = 'refresh' THEN
    effect := 'no refresh begins; one that runs goes on';
  END IF;
  RETURN effect;
END
$function$;
REVOKE ALL ON FUNCTION public.throw_switch(text, text) FROM PUBLIC, anon, keeper, service_role;
GRANT EXECUTE ON FUNCTION public.throw_switch(text, text) TO keeper, service_role;

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
    SELECT 'no switch is thrown', s.names IS NULL, coalesce('thrown: ' || s.names, 'none is')
    FROM (
      SELECT string_agg(format('%s by %s: %s', s.name, s.thrown_by, s.why), '; ' ORDER BY s.name) FROM public.pgspec_switches AS s WHERE s.thrown
    ) AS s (names);
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'no switch is thrown', false, SQLERRM;
  END;
END
$function$;
REVOKE ALL ON FUNCTION public.verify_migration_success() FROM PUBLIC, anon, keeper, service_role;
GRANT EXECUTE ON FUNCTION public.verify_migration_success() TO keeper, service_role;

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
REVOKE ALL ON PROCEDURE public.refresh_materialized_views() FROM PUBLIC, anon, keeper, service_role;
GRANT EXECUTE ON PROCEDURE public.refresh_materialized_views() TO keeper, service_role;

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
REVOKE ALL ON PROCEDURE public.run_maintenance(integer) FROM PUBLIC, anon, keeper, service_role;
GRANT EXECUTE ON PROCEDURE public.run_maintenance(integer) TO keeper, service_role;

-- create view pgspec.mv_reads
CREATE VIEW pgspec.mv_reads AS
SELECT v.view_name, to_regclass(u.name)::oid AS source
FROM pgspec.refreshed_views() AS v
CROSS JOIN LATERAL unnest(v.sources) AS u (name)
WHERE to_regclass(u.name) IS NOT NULL;

-- create access to pgspec.mv_reads
REVOKE ALL ON TABLE pgspec.mv_reads FROM PUBLIC, anon, keeper, service_role;

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
REVOKE ALL ON TABLE pgspec.mv_refresh_basis FROM PUBLIC, anon, keeper, service_role;

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
REVOKE ALL ON TABLE public.mv_refresh_health FROM PUBLIC, anon, keeper, service_role;
GRANT SELECT ON TABLE public.mv_refresh_health TO keeper;
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
REVOKE ALL ON TABLE public.pgspec_alerts FROM PUBLIC, anon, keeper, service_role;
GRANT SELECT ON TABLE public.pgspec_alerts TO keeper;
GRANT SELECT ON TABLE public.pgspec_alerts TO service_role;

-- create view public.pgspec_switch_log
CREATE VIEW public.pgspec_switch_log AS
SELECT id, at, name, thrown, db_role, session_role, application, why
FROM pgspec.switch_log;

-- create access to public.pgspec_switch_log
REVOKE ALL ON TABLE public.pgspec_switch_log FROM PUBLIC, anon, keeper, service_role;
GRANT SELECT ON TABLE public.pgspec_switch_log TO keeper;
GRANT SELECT ON TABLE public.pgspec_switch_log TO service_role;

-- create view public.pgspec_switches
CREATE VIEW public.pgspec_switches AS
SELECT coalesce(k.name, s.name) AS name, s.name IS NOT NULL AS thrown, s.thrown_at, s.thrown_by, s.why
FROM (VALUES
  ('refresh')
) AS k (name)
FULL JOIN pgspec.thrown_switches AS s ON s.name = k.name;

-- create access to public.pgspec_switches
REVOKE ALL ON TABLE public.pgspec_switches FROM PUBLIC, anon, keeper, service_role;
GRANT SELECT ON TABLE public.pgspec_switches TO keeper;
GRANT SELECT ON TABLE public.pgspec_switches TO service_role;

-- create materialized view public.orders_daily  [specs/orders_daily.yaml:2]
CREATE MATERIALIZED VIEW public.orders_daily AS
SELECT placed_on, count(*) AS orders, sum(amount) AS revenue
FROM public.orders
GROUP BY placed_on
WITH DATA;

-- create index public.by_revenue  [specs/orders_daily.yaml:9]
CREATE INDEX by_revenue ON public.orders_daily USING hash (revenue);

-- create index public.idx_orders_daily  [specs/orders_daily.yaml:6]
CREATE UNIQUE INDEX idx_orders_daily ON public.orders_daily (placed_on);

-- create index public.orders_daily_orders_placed_on_idx  [specs/orders_daily.yaml:8]
CREATE INDEX orders_daily_orders_placed_on_idx ON public.orders_daily (orders, placed_on);

-- create comment on public.orders_daily  [specs/orders_daily.yaml:3]
COMMENT ON MATERIALIZED VIEW public.orders_daily IS E'Orders by day: it''s "quoted", and has a \\ and a
second line.';

-- create access to public.orders_daily  [specs/orders_daily.yaml:16]
REVOKE ALL ON TABLE public.orders_daily FROM PUBLIC, anon, keeper, service_role;
GRANT SELECT ON TABLE public.orders_daily TO anon;
GRANT SELECT ON TABLE public.orders_daily TO service_role;

-- create owner of public.orders_daily  [specs/orders_daily.yaml:17]
ALTER MATERIALIZED VIEW public.orders_daily OWNER TO keeper;

-- create trigger pgspec_refresh ON public.orders  [specs/orders_daily.yaml:15]
CREATE TRIGGER pgspec_refresh AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.orders
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

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec.alert_values()', '60339cb5a1d25659'),
  ('function', 'pgspec.close_mv_refresh(bigint, bigint, text, interval)', '20528c6287209d42'),
  ('function', 'pgspec.fingerprint(text, text)', '22d728e8d38cd0d0'),
  ('function', 'pgspec.log_switch(text, boolean, text)', 'bc6e5a283f2dfefe'),
  ('function', 'pgspec.may_switch(text, text)', 'b70cdd395a1a746e'),
  ('function', 'pgspec.note_write()', 'cff69b9adf42309c'),
  ('function', 'pgspec.open_mv_refresh(text, boolean)', '4313d743c0cb15a1'),
  ('function', 'pgspec.refreshed_views()', 'b1faefdb93e2f96f'),
  ('function', 'pgspec.settle_mv_sources()', '49c3136344db9a64'),
  ('function', 'pgspec.switch_log_guard()', 'efb3fcfa003b4ca2'),
  ('function', 'public.begin_mv_refresh(integer)', '55e0e67fe7d22cc0'),
  ('function', 'public.cancel_overdue_refreshes()', '15c8cb33e6d03fd8'),
  ('function', 'public.cleanup_mv_refresh_log(interval, integer)', 'a818fd3d388a1408'),
  ('function', 'public.evaluate_alerts()', '8892b329913cc048'),
  ('function', 'public.refresh_materialized_view(text)', '24a85e6149ec463e'),
  ('function', 'public.reset_switch(text, text, integer)', '47c293bc2b4c347d'),
  ('function', 'public.run_mv_refresh(bigint)', '2ff8e78655a538eb'),
  ('function', 'public.throw_switch(text, text)', 'ad2556f2e5738964'),
  ('function', 'public.verify_migration_success()', '253d2c687e4c3e34'),
  ('index', 'public.by_revenue', 'e7d89ba320eac4eb'),
  ('index', 'public.idx_orders_daily', 'da9100ce4f238def'),
  ('index', 'public.mv_refresh_log_view', 'a56311043e5368b1'),
  ('index', 'public.orders_daily_orders_placed_on_idx', 'd0db35ffe12c4a1f'),
  ('materialized_view', 'public.orders_daily', '5db1091626433d70'),
  ('procedure', 'public.refresh_materialized_views()', '55533b71ae140bd4'),
  ('procedure', 'public.run_maintenance(integer)', 'e68019a45d161391'),
  ('table', 'pgspec.alert_state', '3e61b4095b48ec2b'),
  ('table', 'pgspec.deployed_objects', '14a56d4d99c26d5e'),
  ('table', 'pgspec.mv_refresh_state', '9c103b4a775d8500'),
  ('table', 'pgspec.mv_source_writes', '4dc60e4c2bb7824a'),
  ('table', 'pgspec.switch_log', '70a981df9be1db9c'),
  ('table', 'pgspec.thrown_switches', '278356f803b26d5f'),
  ('table', 'public.mv_refresh_log', '6cd9c4ee4f8d7f0e'),
  ('trigger', 'pgspec_refresh ON public.orders', 'aa8938025712bcd5'),
  ('trigger', 'pgspec_switch_log_guard_delete ON pgspec.switch_log', 'f3a0e9d9e832543c'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON pgspec.switch_log', '6e0f576c6a956253'),
  ('trigger', 'pgspec_switch_log_guard_update ON pgspec.switch_log', '6326de6d31525e23'),
  ('view', 'pgspec.mv_reads', '8a80c240cddcc84c'),
  ('view', 'pgspec.mv_refresh_basis', 'fb6b618d164d20a0'),
  ('view', 'public.mv_refresh_health', 'ae684ff0d9e177c6'),
  ('view', 'public.pgspec_alerts', '3626645fbf47b003'),
  ('view', 'public.pgspec_switch_log', 'ba481a6ae5d4dbd0'),
  ('view', 'public.pgspec_switches', '79e0ee05675123b5')
) AS o (type, name, definition);
