-- pgspec events: everything that the specs describe
-- 1 schema, 7 tables, 37 functions, 2 procedures, 4 views, 23 triggers, 5 indexes, 9 access lists
-- from specs/cache.yaml

-- create schema pgspec
CREATE SCHEMA pgspec;
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC;

-- create table pgspec.alert_state
CREATE TABLE pgspec.alert_state (
  name text PRIMARY KEY,
  breached_since timestamptz,
  checked_at timestamptz NOT NULL
) WITH (fillfactor = 50);
REVOKE ALL ON TABLE pgspec.alert_state FROM PUBLIC;

-- create table pgspec.cache_tags
CREATE TABLE pgspec.cache_tags (
  tag text PRIMARY KEY,
  version bigint NOT NULL
) WITH (fillfactor = 70);
REVOKE ALL ON TABLE pgspec.cache_tags FROM PUBLIC;

-- create access to pgspec.cache_tags
REVOKE ALL ON TABLE pgspec.cache_tags FROM PUBLIC;

-- create table pgspec.deployed_objects
CREATE TABLE pgspec.deployed_objects (
  type text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  fingerprint text NOT NULL,
  PRIMARY KEY (type, name)
);
REVOKE ALL ON TABLE pgspec.deployed_objects FROM PUBLIC;

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
REVOKE ALL ON TABLE pgspec.switch_log FROM PUBLIC;
DO $close$
BEGIN
  EXECUTE 'REVOKE ALL ON SEQUENCE ' || pg_catalog.pg_get_serial_sequence('pgspec.switch_log', 'id') || ' FROM PUBLIC';
END
$close$;

-- create access to pgspec.switch_log
REVOKE ALL ON TABLE pgspec.switch_log FROM PUBLIC;

-- create table pgspec.thrown_switches
CREATE TABLE pgspec.thrown_switches (
  name text PRIMARY KEY,
  thrown_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  thrown_by text NOT NULL,
  why text NOT NULL,
  state jsonb
);
REVOKE ALL ON TABLE pgspec.thrown_switches FROM PUBLIC;

-- create access to pgspec.thrown_switches
REVOKE ALL ON TABLE pgspec.thrown_switches FROM PUBLIC;

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
REVOKE ALL ON TABLE public.cache_invalidation_queue FROM PUBLIC;
DO $close$
BEGIN
  EXECUTE 'REVOKE ALL ON SEQUENCE ' || pg_catalog.pg_get_serial_sequence('public.cache_invalidation_queue', 'id') || ' FROM PUBLIC';
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
REVOKE ALL ON TABLE public.cache_invalidation_queue FROM PUBLIC;

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
REVOKE ALL ON FUNCTION pgspec.alert_values() FROM PUBLIC;

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
REVOKE ALL ON FUNCTION pgspec.catch_up(interval) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION pgspec.enqueue_tags(text[], interval) FROM PUBLIC;

-- create function pgspec."cache_delete_public_Odd ""name"()  [specs/cache.yaml:8]
CREATE FUNCTION pgspec."cache_delete_public_Odd ""name"() RETURNS trigger
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

  -- odd
  SELECT EXISTS (SELECT FROM old_rows AS "Odd ""name" WHERE (rows <> hit)),
    ARRAY(SELECT DISTINCT 'odd:' || r."select"::text || ':' || r.rows::text FROM (SELECT DISTINCT "Odd ""name"."select", "Odd ""name".rows FROM old_rows AS "Odd ""name" WHERE (rows <> hit)) AS r
      WHERE r."select" IS NOT NULL AND r.rows IS NOT NULL LIMIT 1001)
  INTO hit, made_1;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['odd:*'];
    END IF;
    hit := pgspec.enqueue_tags(made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec."cache_delete_public_Odd ""name"() FROM PUBLIC;

-- create function pgspec."cache_insert_public_Odd ""name"()  [specs/cache.yaml:8]
CREATE FUNCTION pgspec."cache_insert_public_Odd ""name"() RETURNS trigger
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

  -- odd
  SELECT EXISTS (SELECT FROM new_rows AS "Odd ""name" WHERE (rows <> hit)),
    ARRAY(SELECT DISTINCT 'odd:' || r."select"::text || ':' || r.rows::text FROM (SELECT DISTINCT "Odd ""name"."select", "Odd ""name".rows FROM new_rows AS "Odd ""name" WHERE (rows <> hit)) AS r
      WHERE r."select" IS NOT NULL AND r.rows IS NOT NULL LIMIT 1001)
  INTO hit, made_1;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['odd:*'];
    END IF;
    hit := pgspec.enqueue_tags(made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec."cache_insert_public_Odd ""name"() FROM PUBLIC;

-- create function pgspec."cache_truncate_public_Odd ""name"()  [specs/cache.yaml:8]
CREATE FUNCTION pgspec."cache_truncate_public_Odd ""name"() RETURNS trigger
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

  -- odd
  hit := true;
  made_1 := ARRAY['odd:*'];
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['odd:*'];
    END IF;
    hit := pgspec.enqueue_tags(made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec."cache_truncate_public_Odd ""name"() FROM PUBLIC;

-- create function pgspec."cache_update_public_Odd ""name"()  [specs/cache.yaml:8]
CREATE FUNCTION pgspec."cache_update_public_Odd ""name"() RETURNS trigger
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

  -- odd
  SELECT (o.pgspec_match IS TRUE OR n.pgspec_match IS TRUE)
    AND (o.pgspec_match IS DISTINCT FROM n.pgspec_match OR o."select" IS DISTINCT FROM n."select"
    OR o.rows IS DISTINCT FROM n.rows OR o.hit IS DISTINCT FROM n.hit OR o.made_1 IS DISTINCT FROM n.made_1),
    EXISTS (SELECT FROM new_rows OFFSET 1),
    ARRAY[CASE WHEN o.pgspec_match THEN 'odd:' || o."select"::text || ':' || o.rows::text END, CASE WHEN n.pgspec_match THEN 'odd:' || n."select"::text || ':' || n.rows::text END]
  INTO hit, many, made_1
  FROM (SELECT "Odd ""name"."select", "Odd ""name".rows, "Odd ""name".hit, "Odd ""name".made_1,
    (rows <> hit) IS TRUE AS pgspec_match FROM old_rows AS "Odd ""name") AS o
  LEFT JOIN (SELECT "Odd ""name"."select", "Odd ""name".rows, "Odd ""name".hit, "Odd ""name".made_1,
    (rows <> hit) IS TRUE AS pgspec_match FROM new_rows AS "Odd ""name") AS n ON true
  LIMIT 1;
  IF many THEN
    memory := current_setting('work_mem');  -- the join of a large update would spill
    IF pg_size_bytes(memory) < pg_size_bytes('64MB') THEN
      PERFORM set_config('work_mem', '64MB', true);
    END IF;
    WITH changed AS MATERIALIZED (
      SELECT DISTINCT o."select" AS old_select, n."select" AS new_select, o.rows AS old_rows, n.rows AS new_rows, o.pgspec_match AS pgspec_old_match, n.pgspec_match AS pgspec_new_match
      FROM (SELECT row_number() OVER () AS pgspec_row, "Odd ""name"."select", "Odd ""name".rows, "Odd ""name".hit, "Odd ""name".made_1,
    (rows <> hit) IS TRUE AS pgspec_match FROM old_rows AS "Odd ""name") AS o
      FULL JOIN (SELECT row_number() OVER () AS pgspec_row, "Odd ""name"."select", "Odd ""name".rows, "Odd ""name".hit, "Odd ""name".made_1,
    (rows <> hit) IS TRUE AS pgspec_match FROM new_rows AS "Odd ""name") AS n USING (pgspec_row)
      WHERE (o.pgspec_match IS TRUE OR n.pgspec_match IS TRUE)
    AND (o.pgspec_match IS DISTINCT FROM n.pgspec_match OR o."select" IS DISTINCT FROM n."select"
    OR o.rows IS DISTINCT FROM n.rows OR o.hit IS DISTINCT FROM n.hit OR o.made_1 IS DISTINCT FROM n.made_1))
    SELECT EXISTS (SELECT FROM changed), true,
      ARRAY(
        SELECT 'odd:' || c.old_select::text || ':' || c.old_rows::text FROM changed AS c WHERE c.pgspec_old_match AND 'odd:' || c.old_select::text || ':' || c.old_rows::text IS NOT NULL
        UNION
        SELECT 'odd:' || c.new_select::text || ':' || c.new_rows::text FROM changed AS c WHERE c.pgspec_new_match AND 'odd:' || c.new_select::text || ':' || c.new_rows::text IS NOT NULL
        LIMIT 1001)
    INTO hit, many, made_1;
    PERFORM set_config('work_mem', memory, true);
  END IF;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['odd:*'];
    END IF;
    hit := pgspec.enqueue_tags(made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec."cache_update_public_Odd ""name"() FROM PUBLIC;

-- create function pgspec.cache_delete_public_events()  [specs/cache.yaml:2]
CREATE FUNCTION pgspec.cache_delete_public_events() RETURNS trigger
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

  -- events
  SELECT EXISTS (SELECT FROM old_rows AS events),
    ARRAY(SELECT 'events:' || r.kind::text FROM (SELECT DISTINCT events.kind FROM old_rows AS events) AS r
      WHERE r.kind IS NOT NULL LIMIT 1001)
  INTO hit, made_1;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['events:*'];
    END IF;
    hit := pgspec.enqueue_tags(ARRAY['events'] || made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_delete_public_events() FROM PUBLIC;

-- create function pgspec.cache_insert_public_events()  [specs/cache.yaml:2]
CREATE FUNCTION pgspec.cache_insert_public_events() RETURNS trigger
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

  -- events
  SELECT EXISTS (SELECT FROM new_rows AS events),
    ARRAY(SELECT 'events:' || r.kind::text FROM (SELECT DISTINCT events.kind FROM new_rows AS events) AS r
      WHERE r.kind IS NOT NULL LIMIT 1001)
  INTO hit, made_1;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['events:*'];
    END IF;
    hit := pgspec.enqueue_tags(ARRAY['events'] || made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_insert_public_events() FROM PUBLIC;

-- create function pgspec.cache_truncate_public_events()  [specs/cache.yaml:2]
CREATE FUNCTION pgspec.cache_truncate_public_events() RETURNS trigger
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

  -- events
  hit := true;
  made_1 := ARRAY['events:*'];
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['events:*'];
    END IF;
    hit := pgspec.enqueue_tags(ARRAY['events'] || made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_truncate_public_events() FROM PUBLIC;

-- create function pgspec.cache_update_public_events()  [specs/cache.yaml:2]
CREATE FUNCTION pgspec.cache_update_public_events() RETURNS trigger
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

  -- events
  SELECT (o.kind IS DISTINCT FROM n.kind OR n.pgspec_here IS NULL),
    EXISTS (SELECT FROM old_rows OFFSET 1) OR EXISTS (SELECT FROM new_rows OFFSET 1),
    ARRAY['events:' || o.kind::text, 'events:' || n.kind::text]
  INTO hit, many, made_1
  FROM (SELECT events.kind, true AS pgspec_here FROM old_rows AS events) AS o
  LEFT JOIN (SELECT events.kind, true AS pgspec_here FROM new_rows AS events) AS n ON true
  LIMIT 1;
  IF many THEN
    memory := current_setting('work_mem');  -- the join of a large update would spill
    IF pg_size_bytes(memory) < pg_size_bytes('64MB') THEN
      PERFORM set_config('work_mem', '64MB', true);
    END IF;
    WITH changed AS MATERIALIZED (
      SELECT DISTINCT o.kind AS old_kind, n.kind AS new_kind
      FROM (SELECT row_number() OVER () AS pgspec_row, events.kind, true AS pgspec_here FROM old_rows AS events) AS o
      FULL JOIN (SELECT row_number() OVER () AS pgspec_row, events.kind, true AS pgspec_here FROM new_rows AS events) AS n USING (pgspec_row)
      WHERE (o.kind IS DISTINCT FROM n.kind OR n.pgspec_here IS NULL)
        OR (SELECT count(*) FROM old_rows) <> (SELECT count(*) FROM new_rows))
    SELECT EXISTS (SELECT FROM changed), true,
      ARRAY(
        SELECT 'events:' || c.old_kind::text FROM changed AS c WHERE true AND 'events:' || c.old_kind::text IS NOT NULL
        UNION
        SELECT 'events:' || c.new_kind::text FROM changed AS c WHERE true AND 'events:' || c.new_kind::text IS NOT NULL
        LIMIT 1001)
    INTO hit, many, made_1;
    PERFORM set_config('work_mem', memory, true);
  END IF;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['events:*'];
    END IF;
    hit := pgspec.enqueue_tags(ARRAY['events'] || made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_update_public_events() FROM PUBLIC;

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
REVOKE ALL ON FUNCTION pgspec.fingerprint(text, text) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION pgspec.invalidate_tags(text[]) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION pgspec.joined_rows(boolean) FROM PUBLIC;

-- create function pgspec.log_switch(text, boolean, text)
CREATE FUNCTION pgspec.log_switch(switch text, thrown boolean, why text) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
  INSERT INTO pgspec.switch_log (name, thrown, db_role, session_role, application, why)
  VALUES (switch, thrown, coalesce(nullif(current_setting('role', true), 'none'), session_user), session_user,
    nullif(current_setting('application_name', true), ''), why)
$function$;
REVOKE ALL ON FUNCTION pgspec.log_switch(text, boolean, text) FROM PUBLIC;

-- create function pgspec.may_switch(text, text)
CREATE FUNCTION pgspec.may_switch(switch text, why text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Refuses what cannot be meant: a switch that is not there, or no reason.
BEGIN
  IF switch IS NULL OR (switch <> ALL (ARRAY['cache', 'enqueue'])
    AND NOT EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = switch)) THEN
    RAISE EXCEPTION 'there is no switch %', coalesce(quote_literal(switch), 'NULL') USING
      ERRCODE = 'invalid_parameter_value', HINT = 'the switches are cache, enqueue';
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
REVOKE ALL ON FUNCTION pgspec.may_switch(text, text) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION pgspec.settle_dead(text[], timestamptz) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION pgspec.skipping() FROM PUBLIC;

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
REVOKE ALL ON FUNCTION pgspec.switch_log_guard() FROM PUBLIC;

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
REVOKE ALL ON FUNCTION pgspec.tag_and_wildcards(text) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION pgspec.storable_tag(text) FROM PUBLIC;

-- create function pgspec.tags_and_wildcards(text[])
CREATE FUNCTION pgspec.tags_and_wildcards(tags text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- A tag that is too long for an index is never in the queue: its wildcard is.
  SELECT ARRAY(SELECT DISTINCT w FROM unnest(tags) AS t, unnest(pgspec.tag_and_wildcards(t))
    AS w WHERE octet_length(w) <= 500 ORDER BY w)
$function$;
REVOKE ALL ON FUNCTION pgspec.tags_and_wildcards(text[]) FROM PUBLIC;

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
REVOKE ALL ON TABLE public.cache_entries FROM PUBLIC;

-- create index public.cache_entries_lookup_tags
CREATE INDEX cache_entries_lookup_tags ON public.cache_entries USING gin (lookup_tags);

-- create access to public.cache_entries
REVOKE ALL ON TABLE public.cache_entries FROM PUBLIC;

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
REVOKE ALL ON FUNCTION pgspec.wake_joined(timestamptz) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION public.ack_cache_invalidations(uuid, bigint[]) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION public.cache_put(text, jsonb, text[], bigint[], interval) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION public.cache_tag_versions(text[]) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION public.cache_get(text) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION public.claim_cache_invalidations(integer, integer) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION public.cleanup_cache_invalidation_queue(interval, integer) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION public.drain_cache_invalidation_queue(integer, integer) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION public.enqueue_cache_invalidation(text, integer) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION public.evaluate_alerts() FROM PUBLIC;

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
REVOKE ALL ON FUNCTION public.fail_cache_invalidations(uuid, bigint[], text) FROM PUBLIC;

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
  DELETE FROM pgspec.thrown_switches AS s WHERE s.name = reset_switch.name;
  IF NOT FOUND THEN
    RETURN 'was not thrown';
  END IF;
  PERFORM pgspec.log_switch(reset_switch.name, false, reset_switch.why);
  RETURN effect;
END
$function$;
REVOKE ALL ON FUNCTION public.reset_switch(text, text, integer) FROM PUBLIC;

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
REVOKE ALL ON FUNCTION public.retry_dead_cache_invalidations() FROM PUBLIC;

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
  RETURN effect;
END
$function$;
REVOKE ALL ON FUNCTION public.throw_switch(text, text) FROM PUBLIC;

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
    SELECT 'no switch is thrown', s.names IS NULL, coalesce('thrown: ' || s.names, 'none is')
    FROM (
      SELECT string_agg(format('%s by %s: %s', s.name, s.thrown_by, s.why), '; ' ORDER BY s.name) FROM public.pgspec_switches AS s WHERE s.thrown
    ) AS s (names);
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'no switch is thrown', false, SQLERRM;
  END;
END
$function$;
REVOKE ALL ON FUNCTION public.verify_migration_success() FROM PUBLIC;

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
REVOKE ALL ON PROCEDURE public.run_cache_invalidations(integer) FROM PUBLIC;

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
    'public.cleanup_cache_invalidation_queue()'
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
REVOKE ALL ON PROCEDURE public.run_maintenance(integer) FROM PUBLIC;

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
REVOKE ALL ON TABLE public.cache_invalidation_health FROM PUBLIC;

-- create view public.pgspec_alerts
CREATE VIEW public.pgspec_alerts AS
SELECT v.name, v.severity, v.value, v.threshold,
  v.breached AND (v.pending = interval '0' OR coalesce(s.breached_since <= clock_timestamp() - v.pending, false)) AS firing,
  CASE WHEN v.breached THEN coalesce(s.breached_since, statement_timestamp()) END AS since,
  v.detail, v.runbook, v.breached, v.problem
FROM pgspec.alert_values() AS v
LEFT JOIN pgspec.alert_state AS s ON s.name = v.name;

-- create access to public.pgspec_alerts
REVOKE ALL ON TABLE public.pgspec_alerts FROM PUBLIC;

-- create view public.pgspec_switch_log
CREATE VIEW public.pgspec_switch_log AS
SELECT id, at, name, thrown, db_role, session_role, application, why
FROM pgspec.switch_log;

-- create access to public.pgspec_switch_log
REVOKE ALL ON TABLE public.pgspec_switch_log FROM PUBLIC;

-- create view public.pgspec_switches
CREATE VIEW public.pgspec_switches AS
SELECT coalesce(k.name, s.name) AS name, s.name IS NOT NULL AS thrown, s.thrown_at, s.thrown_by, s.why
FROM (VALUES
  ('cache'),
  ('enqueue')
) AS k (name)
FULL JOIN pgspec.thrown_switches AS s ON s.name = k.name;

-- create access to public.pgspec_switches
REVOKE ALL ON TABLE public.pgspec_switches FROM PUBLIC;

-- create trigger pgspec_cache_delete ON public."Odd ""name"  [specs/cache.yaml:8]
CREATE TRIGGER pgspec_cache_delete AFTER DELETE ON public."Odd ""name"
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec."cache_delete_public_Odd ""name"();

-- create trigger pgspec_cache_delete ON public.events  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_delete AFTER DELETE ON public.events
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_delete_public_events();

-- create trigger pgspec_cache_delete ON public.events_january  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_delete AFTER DELETE ON public.events_january
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_delete_public_events();

-- create trigger pgspec_cache_delete ON public.events_later  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_delete AFTER DELETE ON public.events_later
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_delete_public_events();

-- create trigger pgspec_cache_delete ON public.events_later_all  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_delete AFTER DELETE ON public.events_later_all
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_delete_public_events();

-- create trigger pgspec_cache_insert ON public."Odd ""name"  [specs/cache.yaml:8]
CREATE TRIGGER pgspec_cache_insert AFTER INSERT ON public."Odd ""name"
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec."cache_insert_public_Odd ""name"();

-- create trigger pgspec_cache_insert ON public.events  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_insert AFTER INSERT ON public.events
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_insert_public_events();

-- create trigger pgspec_cache_insert ON public.events_january  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_insert AFTER INSERT ON public.events_january
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_insert_public_events();

-- create trigger pgspec_cache_insert ON public.events_later  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_insert AFTER INSERT ON public.events_later
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_insert_public_events();

-- create trigger pgspec_cache_insert ON public.events_later_all  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_insert AFTER INSERT ON public.events_later_all
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_insert_public_events();

-- create trigger pgspec_cache_truncate ON public."Odd ""name"  [specs/cache.yaml:8]
CREATE TRIGGER pgspec_cache_truncate BEFORE TRUNCATE ON public."Odd ""name"
FOR EACH STATEMENT EXECUTE FUNCTION pgspec."cache_truncate_public_Odd ""name"();

-- create trigger pgspec_cache_truncate ON public.events  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_truncate BEFORE TRUNCATE ON public.events
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_truncate_public_events();

-- create trigger pgspec_cache_truncate ON public.events_january  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_truncate BEFORE TRUNCATE ON public.events_january
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_truncate_public_events();

-- create trigger pgspec_cache_truncate ON public.events_later  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_truncate BEFORE TRUNCATE ON public.events_later
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_truncate_public_events();

-- create trigger pgspec_cache_truncate ON public.events_later_all  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_truncate BEFORE TRUNCATE ON public.events_later_all
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_truncate_public_events();

-- create trigger pgspec_cache_update ON public."Odd ""name"  [specs/cache.yaml:8]
CREATE TRIGGER pgspec_cache_update AFTER UPDATE ON public."Odd ""name"
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec."cache_update_public_Odd ""name"();

-- create trigger pgspec_cache_update ON public.events  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_update AFTER UPDATE ON public.events
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_update_public_events();

-- create trigger pgspec_cache_update ON public.events_january  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_update AFTER UPDATE ON public.events_january
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_update_public_events();

-- create trigger pgspec_cache_update ON public.events_later  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_update AFTER UPDATE ON public.events_later
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_update_public_events();

-- create trigger pgspec_cache_update ON public.events_later_all  [specs/cache.yaml:2]
CREATE TRIGGER pgspec_cache_update AFTER UPDATE ON public.events_later_all
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_update_public_events();

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
  ('function', 'pgspec."cache_delete_public_Odd ""name"()', '450416beaf7fabdd'),
  ('function', 'pgspec."cache_insert_public_Odd ""name"()', '54029515fb2d24bd'),
  ('function', 'pgspec."cache_truncate_public_Odd ""name"()', '105c3b01f3b60699'),
  ('function', 'pgspec."cache_update_public_Odd ""name"()', 'fcae4c67a04f514a'),
  ('function', 'pgspec.alert_values()', '305ced1210726460'),
  ('function', 'pgspec.cache_delete_public_events()', '36fdbb5c9a196a0a'),
  ('function', 'pgspec.cache_insert_public_events()', '4a1eb2ceb13e4aef'),
  ('function', 'pgspec.cache_truncate_public_events()', '21caa668271a8dd5'),
  ('function', 'pgspec.cache_update_public_events()', '0892ff70e8c3ec14'),
  ('function', 'pgspec.catch_up(interval)', 'a2957778a7e29162'),
  ('function', 'pgspec.enqueue_tags(text[], interval)', '2bf21438e2a5d9af'),
  ('function', 'pgspec.fingerprint(text, text)', '1ad9ce3789cb18ad'),
  ('function', 'pgspec.invalidate_tags(text[])', 'f7d7ac6b08f991aa'),
  ('function', 'pgspec.joined_rows(boolean)', 'd4de64a16f312d72'),
  ('function', 'pgspec.log_switch(text, boolean, text)', 'b712249576e8d00f'),
  ('function', 'pgspec.may_switch(text, text)', 'fa66af6fe2bd8419'),
  ('function', 'pgspec.settle_dead(text[], timestamptz)', '60e984392a37049e'),
  ('function', 'pgspec.skipping()', 'a340a1ff19faceef'),
  ('function', 'pgspec.storable_tag(text)', '046f95306dbc21a3'),
  ('function', 'pgspec.switch_log_guard()', '702296405df5e9ac'),
  ('function', 'pgspec.tag_and_wildcards(text)', '1ff6cf179fb91769'),
  ('function', 'pgspec.tags_and_wildcards(text[])', 'fb4dc36e96b07702'),
  ('function', 'pgspec.wake_joined(timestamptz)', '1210b10d63cc0e95'),
  ('function', 'public.ack_cache_invalidations(uuid, bigint[])', '8fdcb1da7267f036'),
  ('function', 'public.cache_get(text)', 'eb208f382b5e9ff2'),
  ('function', 'public.cache_put(text, jsonb, text[], bigint[], interval)', 'bd15d8327e480536'),
  ('function', 'public.cache_tag_versions(text[])', '39124162898a5d58'),
  ('function', 'public.claim_cache_invalidations(integer, integer)', 'b5cb6228608a7164'),
  ('function', 'public.cleanup_cache_invalidation_queue(interval, integer)', '448119a861b31799'),
  ('function', 'public.drain_cache_invalidation_queue(integer, integer)', 'fc8429933a255cab'),
  ('function', 'public.enqueue_cache_invalidation(text, integer)', 'e1fbb73c106a1468'),
  ('function', 'public.evaluate_alerts()', 'e0de30e16ba373a0'),
  ('function', 'public.fail_cache_invalidations(uuid, bigint[], text)', '3413e4c4cb3d72a3'),
  ('function', 'public.reset_switch(text, text, integer)', '5819ab39b95cd248'),
  ('function', 'public.retry_dead_cache_invalidations()', '253364334af3c652'),
  ('function', 'public.throw_switch(text, text)', '02ed0cea8a245b1d'),
  ('function', 'public.verify_migration_success()', '6e533c74849bb0fd'),
  ('index', 'public.cache_entries_lookup_tags', 'f46047d8b206e56f'),
  ('index', 'public.cache_invalidation_queue_dead', '1116f3b2103ab22e'),
  ('index', 'public.cache_invalidation_queue_due', 'cae7a0d7d03d78c9'),
  ('index', 'public.cache_invalidation_queue_joined', '499dc0f2fafedee3'),
  ('index', 'public.cache_invalidation_queue_open', '295c8539199213a4'),
  ('procedure', 'public.run_cache_invalidations(integer)', '7c62686c8817753e'),
  ('procedure', 'public.run_maintenance(integer)', '0b7c1666d5e4ebef'),
  ('table', 'pgspec.alert_state', '76fe62e40223bc18'),
  ('table', 'pgspec.cache_tags', 'dca0ba6d0bdb2700'),
  ('table', 'pgspec.deployed_objects', 'efcb123fde98c1d9'),
  ('table', 'pgspec.switch_log', '86592d77ad71038b'),
  ('table', 'pgspec.thrown_switches', 'f1b49f2b937ba62c'),
  ('table', 'public.cache_entries', '225147e92cbe4528'),
  ('table', 'public.cache_invalidation_queue', '1e8cb366cf1ea2ed'),
  ('trigger', 'pgspec_cache_delete ON public."Odd ""name"', '7a384bf2da174e1c'),
  ('trigger', 'pgspec_cache_delete ON public.events', 'd1a8061e97d010ea'),
  ('trigger', 'pgspec_cache_delete ON public.events_january', '235f250b21cfb09d'),
  ('trigger', 'pgspec_cache_delete ON public.events_later', 'abebe147230baeea'),
  ('trigger', 'pgspec_cache_delete ON public.events_later_all', '5f7e09df41cd46ce'),
  ('trigger', 'pgspec_cache_insert ON public."Odd ""name"', 'ef8f87b73c1c8708'),
  ('trigger', 'pgspec_cache_insert ON public.events', '3a072fed5ef120a2'),
  ('trigger', 'pgspec_cache_insert ON public.events_january', 'f6e33dd1e308eec7'),
  ('trigger', 'pgspec_cache_insert ON public.events_later', '692cc6f3c1d1915d'),
  ('trigger', 'pgspec_cache_insert ON public.events_later_all', '65ef4e1c935e0629'),
  ('trigger', 'pgspec_cache_truncate ON public."Odd ""name"', 'b8157debe8ffcff2'),
  ('trigger', 'pgspec_cache_truncate ON public.events', 'a185a7b5078dd4e3'),
  ('trigger', 'pgspec_cache_truncate ON public.events_january', '28a64c14ea05a360'),
  ('trigger', 'pgspec_cache_truncate ON public.events_later', '8d9641fd9f353304'),
  ('trigger', 'pgspec_cache_truncate ON public.events_later_all', '8d94ab02e255a999'),
  ('trigger', 'pgspec_cache_update ON public."Odd ""name"', 'bf5bd0b4852e43d1'),
  ('trigger', 'pgspec_cache_update ON public.events', 'bdaaff47f4c3720e'),
  ('trigger', 'pgspec_cache_update ON public.events_january', '1b24af395b97f6b7'),
  ('trigger', 'pgspec_cache_update ON public.events_later', '7c662c96c336a3db'),
  ('trigger', 'pgspec_cache_update ON public.events_later_all', '20212a723a694dd0'),
  ('trigger', 'pgspec_switch_log_guard_delete ON pgspec.switch_log', 'f3a0e9d9e832543c'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON pgspec.switch_log', '6e0f576c6a956253'),
  ('trigger', 'pgspec_switch_log_guard_update ON pgspec.switch_log', '6326de6d31525e23'),
  ('view', 'public.cache_invalidation_health', 'a73a53906bcb6d12'),
  ('view', 'public.pgspec_alerts', '3626645fbf47b003'),
  ('view', 'public.pgspec_switch_log', 'ba481a6ae5d4dbd0'),
  ('view', 'public.pgspec_switches', 'd48b74276d4a6624')
) AS o (type, name, definition);
