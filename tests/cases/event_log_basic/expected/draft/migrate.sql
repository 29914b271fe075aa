-- pgspec migrate: telemetry, draft, after an empty start
-- create 1 schema, 6 tables, 12 functions, 1 procedure, 3 views, 1 materialized view, 5 indexes, 1 comment, 8 access lists
-- from specs/logs.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- Rights are taken from the roles of the project, and whoever owns an object can lose them too.
IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user AND NOT r.rolsuper AND r.rolname IN ('back''office', 'web_server', 'web_user')) THEN
  RAISE EXCEPTION 'migrate: nothing was changed, since % is one of the roles of the project', current_user
    USING ERRCODE = 'insufficient_privilege', HINT = 'migrate as a role that is not under roles: in project.yaml, and owns the tables';
END IF;

-- create schema tools
CREATE SCHEMA tools;
REVOKE ALL ON SCHEMA tools FROM PUBLIC, "back'office", web_server, web_user;

-- create table api."100% ""odd's"""  [specs/logs.yaml:17]
CREATE TABLE api."100% ""odd's""" (
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  request_id text NOT NULL DEFAULT gen_random_uuid()::text,
  request_id_given boolean NOT NULL DEFAULT false,
  "the label" text NOT NULL DEFAULT 'unknown',
  "select" text NOT NULL DEFAULT 'unknown',
  "a%s" real
) PARTITION BY RANGE (created_at);
CREATE TABLE api."100% ""odd's""_default" PARTITION OF api."100% ""odd's""" DEFAULT;
REVOKE ALL ON TABLE api."100% ""odd's""" FROM PUBLIC, "back'office", web_server, web_user;
REVOKE ALL ON TABLE api."100% ""odd's""_default" FROM PUBLIC, "back'office", web_server, web_user;

-- create index api."100% ""odd's""_created_at"  [specs/logs.yaml:17]
CREATE INDEX "100% ""odd's""_created_at" ON api."100% ""odd's""" (created_at);

-- create index api."100% ""odd's""_request_id"  [specs/logs.yaml:17]
CREATE INDEX "100% ""odd's""_request_id" ON api."100% ""odd's""" USING hash (request_id);

-- create access to api."100% ""odd's"""  [specs/logs.yaml:17]
REVOKE ALL ON TABLE api."100% ""odd's""" FROM PUBLIC, "back'office", web_server, web_user;
GRANT SELECT ON TABLE api."100% ""odd's""" TO "back'office";
GRANT SELECT ON TABLE api."100% ""odd's""" TO web_server;

-- create table api.requests  [specs/logs.yaml:2]
CREATE TABLE api.requests (
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  request_id text NOT NULL DEFAULT gen_random_uuid()::text,
  request_id_given boolean NOT NULL DEFAULT false,
  endpoint text NOT NULL DEFAULT 'unknown',
  method text NOT NULL DEFAULT 'unknown',
  status int,
  city text NOT NULL DEFAULT 'unknown',
  cached boolean,
  session uuid,
  region api.region,
  took_ms double precision,
  cost numeric(12, 4),
  device jsonb
) PARTITION BY RANGE (created_at);
CREATE TABLE api.requests_default PARTITION OF api.requests DEFAULT;
REVOKE ALL ON TABLE api.requests FROM PUBLIC, "back'office", web_server, web_user;
REVOKE ALL ON TABLE api.requests_default FROM PUBLIC, "back'office", web_server, web_user;

-- create index api.requests_created_at  [specs/logs.yaml:2]
CREATE INDEX requests_created_at ON api.requests (created_at);

-- create index api.requests_request_id  [specs/logs.yaml:2]
CREATE INDEX requests_request_id ON api.requests USING hash (request_id);

-- create comment on api.requests  [specs/logs.yaml:3]
COMMENT ON TABLE api.requests IS 'One row for each request that was answered.';

-- create access to api.requests  [specs/logs.yaml:2]
REVOKE ALL ON TABLE api.requests FROM PUBLIC, "back'office", web_server, web_user;
GRANT SELECT ON TABLE api.requests TO "back'office";
GRANT SELECT ON TABLE api.requests TO web_server;
GRANT SELECT ON TABLE api.requests TO web_user;

-- create table tools."100% ""odd's""_labels"  [specs/logs.yaml:17]
CREATE TABLE tools."100% ""odd's""_labels" (
  label text NOT NULL,
  value text NOT NULL,
  place integer NOT NULL,
  first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (label, value),
  UNIQUE (label, place)
);
REVOKE ALL ON TABLE tools."100% ""odd's""_labels" FROM PUBLIC, "back'office", web_server, web_user;

-- create access to tools."100% ""odd's""_labels"  [specs/logs.yaml:17]
REVOKE ALL ON TABLE tools."100% ""odd's""_labels" FROM PUBLIC, "back'office", web_server, web_user;

-- create table tools.alert_state
CREATE TABLE tools.alert_state (
  name text PRIMARY KEY,
  breached_since timestamptz,
  checked_at timestamptz NOT NULL
) WITH (fillfactor = 50);
REVOKE ALL ON TABLE tools.alert_state FROM PUBLIC, "back'office", web_server, web_user;

-- create table tools.deployed_objects
CREATE TABLE tools.deployed_objects (
  type text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  fingerprint text NOT NULL,
  PRIMARY KEY (type, name)
);
REVOKE ALL ON TABLE tools.deployed_objects FROM PUBLIC, "back'office", web_server, web_user;

-- create table tools.requests_labels  [specs/logs.yaml:2]
CREATE TABLE tools.requests_labels (
  label text NOT NULL,
  value text NOT NULL,
  place integer NOT NULL,
  first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (label, value),
  UNIQUE (label, place)
);
REVOKE ALL ON TABLE tools.requests_labels FROM PUBLIC, "back'office", web_server, web_user;

-- create access to tools.requests_labels  [specs/logs.yaml:2]
REVOKE ALL ON TABLE tools.requests_labels FROM PUBLIC, "back'office", web_server, web_user;

-- create function api."maintain_100% ""odd's"""(integer)  [specs/logs.yaml:17]
CREATE FUNCTION api."maintain_100% ""odd's"""(days_ahead integer DEFAULT 7) RETURNS integer
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
  oldest timestamptz := moment - interval '1 day';
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
  IF NOT pg_try_advisory_xact_lock(1885824374, hashtext('api."100% ""odd''s"""')) THEN
    RETURN 0;  -- another session is at it
  END IF;
  days := ARRAY(
    SELECT d.day FROM (
      SELECT today + n FROM generate_series(0, least(greatest(days_ahead, 0), 366)) AS n
      UNION
      SELECT r.created_at::date FROM api."100% ""odd's""_default" AS r WHERE r.created_at >= oldest AND r.created_at < today + 1
    ) AS d (day)
    WHERE to_regclass(format('%I.%I', 'api', '100% "odd''s"' || to_char(d.day, '_YYYYMMDD'))) IS NULL
    ORDER BY d.day);
  FOREACH day IN ARRAY days LOOP
    part := format('%I.%I', 'api', '100% "odd''s"' || to_char(day, '_YYYYMMDD'));
    BEGIN
      EXECUTE format('CREATE TABLE %s (LIKE api."100%% ""odd''s""" INCLUDING ALL)', part);
      EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC, "back''office", web_server, web_user', part);
      IF day <= today + 1 THEN  -- a writer that has chosen the default partition would find the row refused there
        LOCK TABLE ONLY api."100% ""odd's""" IN ACCESS EXCLUSIVE MODE;
      ELSE
        LOCK TABLE ONLY api."100% ""odd's""" IN SHARE UPDATE EXCLUSIVE MODE;
      END IF;
      LOCK TABLE api."100% ""odd's""_default" IN ACCESS EXCLUSIVE MODE;
      EXECUTE format('WITH moved AS (DELETE FROM api."100%% ""odd''s""_default" AS d WHERE d.created_at >= $1 AND d.created_at < $2 RETURNING d.*) INSERT INTO %s (created_at, request_id, request_id_given, "the label", "select", "a%%s") SELECT m.created_at, m.request_id, m.request_id_given, m."the label", m."select", m."a%%s" FROM moved AS m', part) USING day::timestamptz, (day + 1)::timestamptz;
      EXECUTE format('ALTER TABLE api."100%% ""odd''s""" ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', part, day::timestamptz, (day + 1)::timestamptz);
      number := number + 1;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      RAISE WARNING 'the partition % is not made, since somebody holds a lock', part;
    END;
  END LOOP;
  DELETE FROM api."100% ""odd's""_default" AS d WHERE d.created_at < oldest;
  old := ARRAY(
    SELECT format('%I.%I', 'api', c.relname) FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass('api."100% ""odd''s"""') AND c.relname ~ '_[0-9]{8}$'
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
REVOKE ALL ON FUNCTION api."maintain_100% ""odd's"""(integer) FROM PUBLIC, "back'office", web_server, web_user;
GRANT EXECUTE ON FUNCTION api."maintain_100% ""odd's"""(integer) TO "back'office", web_server;

-- create function api.maintain_requests(integer)  [specs/logs.yaml:2]
CREATE FUNCTION api.maintain_requests(days_ahead integer DEFAULT 7) RETURNS integer
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
  IF NOT pg_try_advisory_xact_lock(1885824374, hashtext('api.requests')) THEN
    RETURN 0;  -- another session is at it
  END IF;
  days := ARRAY(
    SELECT d.day FROM (
      SELECT today + n FROM generate_series(0, least(greatest(days_ahead, 0), 366)) AS n
      UNION
      SELECT r.created_at::date FROM api.requests_default AS r WHERE r.created_at >= oldest AND r.created_at < today + 1
    ) AS d (day)
    WHERE to_regclass(format('%I.%I', 'api', 'requests' || to_char(d.day, '_YYYYMMDD'))) IS NULL
    ORDER BY d.day);
  FOREACH day IN ARRAY days LOOP
    part := format('%I.%I', 'api', 'requests' || to_char(day, '_YYYYMMDD'));
    BEGIN
      EXECUTE format('CREATE TABLE %s (LIKE api.requests INCLUDING ALL)', part);
      EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC, "back''office", web_server, web_user', part);
      IF day <= today + 1 THEN  -- a writer that has chosen the default partition would find the row refused there
        LOCK TABLE ONLY api.requests IN ACCESS EXCLUSIVE MODE;
      ELSE
        LOCK TABLE ONLY api.requests IN SHARE UPDATE EXCLUSIVE MODE;
      END IF;
      LOCK TABLE api.requests_default IN ACCESS EXCLUSIVE MODE;
      EXECUTE format('WITH moved AS (DELETE FROM api.requests_default AS d WHERE d.created_at >= $1 AND d.created_at < $2 RETURNING d.*) INSERT INTO %s (created_at, request_id, request_id_given, endpoint, method, status, city, cached, session, region, took_ms, cost, device) SELECT m.created_at, m.request_id, m.request_id_given, m.endpoint, m.method, m.status, m.city, m.cached, m.session, m.region, m.took_ms, m.cost, m.device FROM moved AS m', part) USING day::timestamptz, (day + 1)::timestamptz;
      EXECUTE format('ALTER TABLE api.requests ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', part, day::timestamptz, (day + 1)::timestamptz);
      number := number + 1;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      RAISE WARNING 'the partition % is not made, since somebody holds a lock', part;
    END;
  END LOOP;
  DELETE FROM api.requests_default AS d WHERE d.created_at < oldest;
  old := ARRAY(
    SELECT format('%I.%I', 'api', c.relname) FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass('api.requests') AND c.relname ~ '_[0-9]{8}$'
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
REVOKE ALL ON FUNCTION api.maintain_requests(integer) FROM PUBLIC, "back'office", web_server, web_user;
GRANT EXECUTE ON FUNCTION api.maintain_requests(integer) TO "back'office", web_server;

-- create function tools."100% ""odd's""_admits"(text, text, integer)  [specs/logs.yaml:17]
CREATE FUNCTION tools."100% ""odd's""_admits"(of_label text, wanted text, budget integer) RETURNS boolean
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
    OR NOT pg_try_advisory_xact_lock(1885824374, hashtext('api."100% ""odd''s"""' || '.' || $1)) THEN
    RETURN false;  -- a serializable writer that reads the places would conflict with writers of other rows
  END IF;
  IF (SELECT count(*) FROM tools."100% ""odd's""_labels" AS k WHERE k.label = $1 AND k.place <= $3) >= $3 THEN
    RETURN EXISTS (SELECT FROM tools."100% ""odd's""_labels" AS k WHERE k.label = $1 AND k.value = $2 AND k.place <= $3);
  END IF;
  SELECT min(n) INTO free FROM generate_series(1, $3) AS n
  WHERE NOT EXISTS (SELECT FROM tools."100% ""odd's""_labels" AS k WHERE k.label = $1 AND k.place = n);
  BEGIN
    INSERT INTO tools."100% ""odd's""_labels" AS k (label, value, place) VALUES ($1, $2, free)
    ON CONFLICT (label, value) DO UPDATE SET place = EXCLUDED.place WHERE k.place > $3;
  EXCEPTION WHEN unique_violation OR serialization_failure THEN
    RETURN false;  -- a transaction that sees the rows of an earlier moment cannot know which place is free
  END;
  RETURN true;
END
$function$;
REVOKE ALL ON FUNCTION tools."100% ""odd's""_admits"(text, text, integer) FROM PUBLIC, "back'office", web_server, web_user;

-- create function tools.alert_values()
CREATE FUNCTION tools.alert_values() RETURNS TABLE (name text, severity text, value double precision, threshold double precision, breached boolean, pending interval, detail text, runbook text, problem text)
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
  runbook := 'Call it every minute: SELECT api.evaluate_alerts(). A call that takes as long is in pg_stat_activity.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, NULL INTO value, detail
    FROM (
SELECT coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.max(s.checked_at)), 'infinity')
  AS value
FROM tools.alert_state AS s
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
  runbook := 'Their day had no partition when they were written. CALL api.run_maintenance() makes partitions ahead.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, a.detail::text INTO value, detail
    FROM (
SELECT h.default_rows AS value, h.log AS detail FROM api.event_log_health AS h
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
FROM api.event_label_health AS h
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
  runbook := 'Does the maintenance run? CALL api.run_maintenance() does it once. Rows without a partition are not lost: they go to the default partition.';
  problem := NULL;
  BEGIN
    SELECT a.value::double precision, a.detail::text INTO value, detail
    FROM (
SELECT h.days_ahead AS value, h.log AS detail FROM api.event_log_health AS h
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
END
$function$;
REVOKE ALL ON FUNCTION tools.alert_values() FROM PUBLIC, "back'office", web_server, web_user;
GRANT EXECUTE ON FUNCTION tools.alert_values() TO "back'office", web_server;

-- create function api.evaluate_alerts()
CREATE FUNCTION api.evaluate_alerts() RETURNS integer
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
    INSERT INTO tools.alert_state AS s (name, breached_since, checked_at)
    SELECT v.name, CASE WHEN v.breached THEN moment END, moment FROM tools.alert_values() AS v
    ON CONFLICT (name) DO UPDATE
    SET breached_since = CASE WHEN excluded.breached_since IS NOT NULL
          THEN coalesce(s.breached_since, excluded.breached_since) END,
        checked_at = excluded.checked_at
    RETURNING s.breached_since)
  SELECT count(e.breached_since)::integer INTO number FROM evaluated AS e;
  DELETE FROM tools.alert_state AS s WHERE s.checked_at < moment;  -- alerts that are gone
  RETURN number;
END
$function$;
REVOKE ALL ON FUNCTION api.evaluate_alerts() FROM PUBLIC, "back'office", web_server, web_user;
GRANT EXECUTE ON FUNCTION api.evaluate_alerts() TO "back'office", web_server;

-- create function tools.audit_request_id()
CREATE FUNCTION tools.audit_request_id() RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
-- The number of the request, as project.yaml says; NULL when there is none.  What a client sent must not be able to
-- fail a write.
BEGIN
  RETURN (
current_setting('app.request', true)
  )::text;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION tools.audit_request_id() FROM PUBLIC, "back'office", web_server, web_user;

-- create function api."record_100% ""odd's"""(text, text, real, text, timestamptz)  [specs/logs.yaml:17]
CREATE FUNCTION api."record_100% ""odd's"""("the label" text DEFAULT NULL, "select" text DEFAULT NULL, "a%s" real DEFAULT NULL, request_id text DEFAULT NULL, created_at timestamptz DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
-- Records one event, and returns its request id: the given one, that of the session, or a new one.
<<own>>
DECLARE
  moment timestamptz := clock_timestamp();
  request text := left(nullif($4, ''), 255);
  l1 text := coalesce($1, 'unknown');
  known_l1 boolean;
  l2 text := coalesce($2, 'unknown');
BEGIN
  IF request IS NULL THEN
    request := left(nullif(tools.audit_request_id(), ''), 255);
  END IF;
  SELECT EXISTS (SELECT FROM tools."100% ""odd's""_labels" AS k WHERE k.label = 'the label' AND k.value = l1 AND k.place <= 3) INTO known_l1;
  IF l1 NOT IN ('unknown', 'other') AND NOT known_l1 AND NOT tools."100% ""odd's""_admits"('the label', l1, 3) THEN
    l1 := 'other';
  END IF;
  IF l2 NOT IN ('unknown', 'other') AND l2 NOT IN ('it''s', '100%') THEN
    l2 := 'other';
  END IF;
  INSERT INTO api."100% ""odd's""" AS r (created_at, request_id, request_id_given, "the label", "select", "a%s")
  VALUES (
    CASE WHEN $5 <= moment THEN $5 ELSE moment END,  -- nothing happens in the future
    coalesce(request, gen_random_uuid()::text),
    request IS NOT NULL,
    l1,
    l2,
    CASE WHEN $3 NOT IN ('NaN'::real, 'Infinity'::real, '-Infinity'::real) THEN $3 END)
  RETURNING r.request_id INTO request;
  RETURN request;
END
$function$;
REVOKE ALL ON FUNCTION api."record_100% ""odd's"""(text, text, real, text, timestamptz) FROM PUBLIC, "back'office", web_server, web_user;
GRANT EXECUTE ON FUNCTION api."record_100% ""odd's"""(text, text, real, text, timestamptz) TO "back'office", web_server;

-- create function tools.fingerprint(text, text)
CREATE FUNCTION tools.fingerprint(type text, name text) RETURNS text
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
REVOKE ALL ON FUNCTION tools.fingerprint(text, text) FROM PUBLIC, "back'office", web_server, web_user;

-- create function api.verify_migration_success()
CREATE FUNCTION api.verify_migration_success() RETURNS TABLE (name text, ok boolean, detail text)
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
    FROM tools.deployed_objects AS d CROSS JOIN LATERAL (SELECT tools.fingerprint(d.type, d.name) OFFSET 0) AS f (now)
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
      FROM tools.deployed_objects AS d
      JOIN pg_index AS i ON i.indexrelid = CASE WHEN d.type = 'index' THEN to_regclass(d.name) END
      WHERE NOT (i.indisvalid AND i.indisready)
      UNION ALL
      SELECT 'triggers fire', 'disabled', string_agg(d.name, ', ' ORDER BY d.name)
      FROM tools.deployed_objects AS d
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
        FROM tools.deployed_objects AS d
        JOIN pg_proc AS p ON p.oid = CASE WHEN d.type IN ('function', 'procedure') THEN to_regprocedure(d.name) END
        UNION ALL
        SELECT d.name, x.acl
        FROM tools.deployed_objects AS d
        JOIN pg_class AS c ON c.oid = CASE WHEN d.type IN ('table', 'view', 'materialized_view') THEN to_regclass(d.name) END
        CROSS JOIN LATERAL (
          SELECT c.relacl UNION ALL SELECT t.attacl FROM pg_attribute AS t WHERE t.attrelid = c.oid AND NOT t.attisdropped
        ) AS x (acl)
        UNION ALL
        SELECT 'schema ' || 'tools', n.nspacl FROM pg_namespace AS n WHERE n.nspname = 'tools'
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
      FROM tools.deployed_objects AS d
      JOIN pg_class AS c ON c.oid = CASE WHEN d.type = 'materialized_view' THEN to_regclass(d.name) END
    ) AS v (name, populated, is_unique)
    ORDER BY v.name;
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'materialized views can be refreshed', false, SQLERRM;
  END;
  BEGIN
    RETURN QUERY
    SELECT 'partitions of ' || h.log, coalesce(h.days_ahead >= 1 AND h.default_rows = 0, false),
      CASE WHEN h.days_ahead < 0 THEN 'none for today: run_maintenance() makes them'
        ELSE format('%s days ahead, %s rows outside of any', h.days_ahead, h.default_rows) END
    FROM api.event_log_health AS h
    UNION ALL
    SELECT 'request ids of ' || h.log, h.request_ids_last_hour >= h.events_last_hour * 0.9,
      format('given for %s of %s events of the last hour', h.request_ids_last_hour, h.events_last_hour)
    FROM api.event_log_health AS h
    UNION ALL
    SELECT format('values of %s.%s', h.log, h.label), h.distinct_values < h.budget,
      format('%s of %s', h.distinct_values, h.budget)
    FROM api.event_label_health AS h;
  EXCEPTION WHEN OTHERS THEN
    RETURN QUERY SELECT 'event logs', false, SQLERRM;
  END;
END
$function$;
REVOKE ALL ON FUNCTION api.verify_migration_success() FROM PUBLIC, "back'office", web_server, web_user;
GRANT EXECUTE ON FUNCTION api.verify_migration_success() TO "back'office", web_server;

-- create function tools.normalize_path(text)
CREATE FUNCTION tools.normalize_path(path text) RETURNS text
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
REVOKE ALL ON FUNCTION tools.normalize_path(text) FROM PUBLIC, "back'office", web_server, web_user;

-- create function tools.requests_admits(text, text, integer)  [specs/logs.yaml:2]
CREATE FUNCTION tools.requests_admits(of_label text, wanted text, budget integer) RETURNS boolean
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
    OR NOT pg_try_advisory_xact_lock(1885824374, hashtext('api.requests' || '.' || $1)) THEN
    RETURN false;  -- a serializable writer that reads the places would conflict with writers of other rows
  END IF;
  IF (SELECT count(*) FROM tools.requests_labels AS k WHERE k.label = $1 AND k.place <= $3) >= $3 THEN
    RETURN EXISTS (SELECT FROM tools.requests_labels AS k WHERE k.label = $1 AND k.value = $2 AND k.place <= $3);
  END IF;
  SELECT min(n) INTO free FROM generate_series(1, $3) AS n
  WHERE NOT EXISTS (SELECT FROM tools.requests_labels AS k WHERE k.label = $1 AND k.place = n);
  BEGIN
    INSERT INTO tools.requests_labels AS k (label, value, place) VALUES ($1, $2, free)
    ON CONFLICT (label, value) DO UPDATE SET place = EXCLUDED.place WHERE k.place > $3;
  EXCEPTION WHEN unique_violation OR serialization_failure THEN
    RETURN false;  -- a transaction that sees the rows of an earlier moment cannot know which place is free
  END;
  RETURN true;
END
$function$;
REVOKE ALL ON FUNCTION tools.requests_admits(text, text, integer) FROM PUBLIC, "back'office", web_server, web_user;

-- create function api.record_requests(text, text, integer, text, boolean, double precision, numeric, jsonb, uuid, api.region, text, timestamptz)  [specs/logs.yaml:2]
CREATE FUNCTION api.record_requests(endpoint text DEFAULT NULL, method text DEFAULT NULL, status integer DEFAULT NULL, city text DEFAULT NULL, cached boolean DEFAULT NULL, took_ms double precision DEFAULT NULL, cost numeric DEFAULT NULL, device jsonb DEFAULT NULL, session uuid DEFAULT NULL, region api.region DEFAULT NULL, request_id text DEFAULT NULL, created_at timestamptz DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
-- Records one event, and returns its request id: the given one, that of the session, or a new one.
<<own>>
DECLARE
  moment timestamptz := clock_timestamp();
  request text := left(nullif($11, ''), 255);
  l1 text := coalesce(tools.normalize_path($1), 'unknown');
  known_l1 boolean;
  l2 text := coalesce($2, 'unknown');
  l3 integer := $3;
  known_l3 boolean;
  l4 text := coalesce($4, 'unknown');
  known_l4 boolean;
  l5 boolean := $5;
  known_l5 boolean;
BEGIN
  IF request IS NULL THEN
    request := left(nullif(tools.audit_request_id(), ''), 255);
  END IF;
  SELECT EXISTS (SELECT FROM tools.requests_labels AS k WHERE k.label = 'endpoint' AND k.value = l1 AND k.place <= 50),
    EXISTS (SELECT FROM tools.requests_labels AS k WHERE k.label = 'status' AND k.value = l3::text AND k.place <= 3),
    EXISTS (SELECT FROM tools.requests_labels AS k WHERE k.label = 'city' AND k.value = l4 AND k.place <= 2),
    EXISTS (SELECT FROM tools.requests_labels AS k WHERE k.label = 'cached' AND k.value = l5::text AND k.place <= 2) INTO known_l1, known_l3, known_l4, known_l5;
  IF l1 NOT IN ('unknown', 'other') AND NOT known_l1 AND NOT tools.requests_admits('endpoint', l1, 50) THEN
    l1 := 'other';
  END IF;
  IF l2 NOT IN ('unknown', 'other') AND l2 NOT IN ('GET', 'POST') THEN
    l2 := 'other';
  END IF;
  IF l3 IS NOT NULL AND NOT known_l3 AND NOT tools.requests_admits('status', l3::text, 3) THEN
    l3 := NULL;
  END IF;
  IF l4 NOT IN ('unknown', 'other') AND NOT known_l4 AND NOT tools.requests_admits('city', l4, 2) THEN
    l4 := 'other';
  END IF;
  IF l5 IS NOT NULL AND NOT known_l5 AND NOT tools.requests_admits('cached', l5::text, 2) THEN
    l5 := NULL;
  END IF;
  INSERT INTO api.requests AS r (created_at, request_id, request_id_given, endpoint, method, status, city, cached, session, region, took_ms, cost, device)
  VALUES (
    CASE WHEN $12 <= moment THEN $12 ELSE moment END,  -- nothing happens in the future
    coalesce(request, gen_random_uuid()::text),
    request IS NOT NULL,
    l1,
    l2,
    l3,
    l4,
    l5,
    $9,
    $10,
    CASE WHEN $6 NOT IN ('NaN'::double precision, 'Infinity'::double precision, '-Infinity'::double precision) THEN $6 END,
    CASE WHEN $7 NOT IN ('NaN'::numeric, 'Infinity'::numeric, '-Infinity'::numeric) THEN $7 END,
    $8)
  RETURNING r.request_id INTO request;
  RETURN request;
END
$function$;
REVOKE ALL ON FUNCTION api.record_requests(text, text, integer, text, boolean, double precision, numeric, jsonb, uuid, api.region, text, timestamptz) FROM PUBLIC, "back'office", web_server, web_user;
GRANT EXECUTE ON FUNCTION api.record_requests(text, text, integer, text, boolean, double precision, numeric, jsonb, uuid, api.region, text, timestamptz) TO "back'office", web_server, web_user;

-- create procedure api.run_maintenance(integer)
CREATE PROCEDURE api.run_maintenance(max_seconds integer DEFAULT 600)
LANGUAGE plpgsql
AS $function$
-- Calls each part again and again until it finds nothing more to do or max_seconds are over, each time in a transaction of
-- its own.  A part that fails is left out and does not stop the others; at the end the procedure fails and names it.  Two
-- sessions never work at once, and neither waits.
-- No setting of this procedure can protect it, since it commits: every name and operator is qualified.
DECLARE
  stop timestamp with time zone := pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => max_seconds);
  parts pg_catalog.text[] := ARRAY[
    'api."maintain_100% ""odd''s"""()',
    'api.maintain_requests()'
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
REVOKE ALL ON PROCEDURE api.run_maintenance(integer) FROM PUBLIC, "back'office", web_server, web_user;
GRANT EXECUTE ON PROCEDURE api.run_maintenance(integer) TO "back'office", web_server;

-- create view api.event_label_health
CREATE VIEW api.event_label_health AS
SELECT '100% "odd''s"'::text AS log, b.label, count(k.value) AS distinct_values, b.budget
FROM (VALUES ('the label', 3::bigint)) AS b (label, budget)
LEFT JOIN tools."100% ""odd's""_labels" AS k ON k.label = b.label AND k.place <= b.budget
GROUP BY b.label, b.budget
UNION ALL
SELECT 'requests'::text AS log, b.label, count(k.value) AS distinct_values, b.budget
FROM (VALUES ('endpoint', 50::bigint), ('status', 3::bigint), ('city', 2::bigint), ('cached', 2::bigint)) AS b (label, budget)
LEFT JOIN tools.requests_labels AS k ON k.label = b.label AND k.place <= b.budget
GROUP BY b.label, b.budget;

-- create access to api.event_label_health
REVOKE ALL ON TABLE api.event_label_health FROM PUBLIC, "back'office", web_server, web_user;
GRANT SELECT ON TABLE api.event_label_health TO "back'office";
GRANT SELECT ON TABLE api.event_label_health TO web_server;

-- create view api.event_log_health
CREATE VIEW api.event_log_health AS
SELECT '100% "odd''s"'::text AS log, p.oldest, p.newest, p.days_ahead, d.default_rows, e.events_last_hour, e.request_ids_last_hour
FROM (
  SELECT min(t.day) AS oldest, max(t.day) AS newest,
    -- the days from tomorrow on that have a partition without a gap; -1 when today has none
    (SELECT min(n) FROM generate_series(0, 1000) AS n
      WHERE (now() AT TIME ZONE 'UTC')::date + n <> ALL (coalesce(array_agg(t.day), '{}'))) - 1 AS days_ahead
  FROM (
    SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'api."100% ""odd''s"""'::regclass AND c.relname ~ '_[0-9]{8}$') AS t) AS p,
  (SELECT count(*) AS default_rows FROM (SELECT FROM api."100% ""odd's""_default" LIMIT 100000) AS r) AS d,
  (SELECT count(*) AS events_last_hour, count(*) FILTER (WHERE r.request_id_given) AS request_ids_last_hour
    FROM api."100% ""odd's""" AS r WHERE r.created_at > now() - interval '1 hour' AND r.created_at <= now()) AS e
UNION ALL
SELECT 'requests'::text AS log, p.oldest, p.newest, p.days_ahead, d.default_rows, e.events_last_hour, e.request_ids_last_hour
FROM (
  SELECT min(t.day) AS oldest, max(t.day) AS newest,
    -- the days from tomorrow on that have a partition without a gap; -1 when today has none
    (SELECT min(n) FROM generate_series(0, 1000) AS n
      WHERE (now() AT TIME ZONE 'UTC')::date + n <> ALL (coalesce(array_agg(t.day), '{}'))) - 1 AS days_ahead
  FROM (
    SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'api.requests'::regclass AND c.relname ~ '_[0-9]{8}$') AS t) AS p,
  (SELECT count(*) AS default_rows FROM (SELECT FROM api.requests_default LIMIT 100000) AS r) AS d,
  (SELECT count(*) AS events_last_hour, count(*) FILTER (WHERE r.request_id_given) AS request_ids_last_hour
    FROM api.requests AS r WHERE r.created_at > now() - interval '1 hour' AND r.created_at <= now()) AS e;

-- create access to api.event_log_health
REVOKE ALL ON TABLE api.event_log_health FROM PUBLIC, "back'office", web_server, web_user;
GRANT SELECT ON TABLE api.event_log_health TO "back'office";
GRANT SELECT ON TABLE api.event_log_health TO web_server;

-- create view api.pgspec_alerts
CREATE VIEW api.pgspec_alerts AS
SELECT v.name, v.severity, v.value, v.threshold,
  v.breached AND (v.pending = interval '0' OR coalesce(s.breached_since <= clock_timestamp() - v.pending, false)) AS firing,
  CASE WHEN v.breached THEN coalesce(s.breached_since, statement_timestamp()) END AS since,
  v.detail, v.runbook, v.breached, v.problem
FROM tools.alert_values() AS v
LEFT JOIN tools.alert_state AS s ON s.name = v.name;

-- create access to api.pgspec_alerts
REVOKE ALL ON TABLE api.pgspec_alerts FROM PUBLIC, "back'office", web_server, web_user;
GRANT SELECT ON TABLE api.pgspec_alerts TO "back'office";
GRANT SELECT ON TABLE api.pgspec_alerts TO web_server;

-- create materialized view api.requests_5m  [specs/logs.yaml:25]
CREATE MATERIALIZED VIEW api.requests_5m AS
SELECT date_bin('5 minutes', created_at, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS bucket,
       endpoint, method, count(*) AS requests, count(DISTINCT session) AS sessions, sum(took_ms::numeric) AS total_ms
FROM api.requests
GROUP BY bucket, endpoint, method
WITH DATA;

-- create index api.requests_5m_key  [specs/logs.yaml:26]
CREATE UNIQUE INDEX requests_5m_key ON api.requests_5m (bucket, endpoint, method);

-- create access to api.requests_5m  [specs/logs.yaml:32]
REVOKE ALL ON TABLE api.requests_5m FROM PUBLIC, "back'office", web_server, web_user;
GRANT SELECT ON TABLE api.requests_5m TO web_server;

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO tools.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, tools.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'api."maintain_100% ""odd''s"""(integer)', '0491d0034e654d3b'),
  ('function', 'api."record_100% ""odd''s"""(text, text, real, text, timestamptz)', 'bee97010fa1ff382'),
  ('function', 'api.evaluate_alerts()', '53afb216908d18c8'),
  ('function', 'api.maintain_requests(integer)', 'e51707389d8b02c8'),
  ('function', 'api.record_requests(text, text, integer, text, boolean, double precision, numeric, jsonb, uuid, api.region, text, timestamptz)', '1f35443e65c2e342'),
  ('function', 'api.verify_migration_success()', '14e2326102fbeadf'),
  ('function', 'tools."100% ""odd''s""_admits"(text, text, integer)', '6b47746c4eb9ebbf'),
  ('function', 'tools.alert_values()', '362453cd177d17b7'),
  ('function', 'tools.audit_request_id()', '274c7f1b733b98d8'),
  ('function', 'tools.fingerprint(text, text)', '1a606a6e60810403'),
  ('function', 'tools.normalize_path(text)', 'a63bcbb83c67adcc'),
  ('function', 'tools.requests_admits(text, text, integer)', '1b952f9990de2828'),
  ('index', 'api."100% ""odd''s""_created_at"', 'b75d40d57c8d4700'),
  ('index', 'api."100% ""odd''s""_request_id"', '0f5d17f402085a8b'),
  ('index', 'api.requests_5m_key', '8695fd4a91dd83c1'),
  ('index', 'api.requests_created_at', 'd50bc11cd425ac8d'),
  ('index', 'api.requests_request_id', 'f09b57484f5a835c'),
  ('materialized_view', 'api.requests_5m', 'f8dfc8ffb8a92552'),
  ('procedure', 'api.run_maintenance(integer)', 'e1ef866fc3c486d0'),
  ('table', 'api."100% ""odd''s"""', '736324f77b6268fb'),
  ('table', 'api.requests', '6c7c31fec1d65a1d'),
  ('table', 'tools."100% ""odd''s""_labels"', '0e7e3eb768159da2'),
  ('table', 'tools.alert_state', '00e7ee0865e23466'),
  ('table', 'tools.deployed_objects', '6bd92ac644c572dc'),
  ('table', 'tools.requests_labels', '8e443dfb5c21eabb'),
  ('view', 'api.event_label_health', 'b268704711fe9728'),
  ('view', 'api.event_log_health', 'de36974ec1712467'),
  ('view', 'api.pgspec_alerts', '5f647fdad7b67b25')
) AS o (type, name, definition)
ON CONFLICT (type, name) DO UPDATE SET definition = EXCLUDED.definition, fingerprint = EXCLUDED.fingerprint;
END
$pgspec$;

RESET statement_timeout;
