-- pgspec shop: everything that the specs describe
-- 1 schema, 10 tables, 68 functions, 2 procedures, 9 views, 2 tables with row security, 8 policies, 39 triggers, 11 indexes, 5 comments, 17 access lists, 1 schema's users, 1 table's expectations
-- from specs/audit.yaml

-- create schema pgspec
CREATE SCHEMA pgspec;
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, authenticated, worker;

-- create use of schema pgspec
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, authenticated, worker;
GRANT USAGE ON SCHEMA pgspec TO anon;
GRANT USAGE ON SCHEMA pgspec TO authenticated;
GRANT USAGE ON SCHEMA pgspec TO worker;

-- create table pgspec."Every Write"  [specs/audit.yaml:35]
CREATE TABLE pgspec."Every Write" (
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
REVOKE ALL ON TABLE pgspec."Every Write" FROM PUBLIC, anon, authenticated, worker;
DO $close$
BEGIN
  EXECUTE 'REVOKE ALL ON SEQUENCE ' || pg_catalog.pg_get_serial_sequence('pgspec."Every Write"', 'id') || ' FROM PUBLIC, anon, authenticated, worker';
END
$close$;

-- create index pgspec."Every Write_at"  [specs/audit.yaml:35]
CREATE INDEX "Every Write_at" ON pgspec."Every Write" (at);

-- create index pgspec."Every Write_row_key"  [specs/audit.yaml:35]
CREATE INDEX "Every Write_row_key" ON pgspec."Every Write" USING hash (row_key);

-- create access to pgspec."Every Write"  [specs/audit.yaml:35]
REVOKE ALL ON TABLE pgspec."Every Write" FROM PUBLIC, anon, authenticated, worker;
GRANT SELECT ON TABLE pgspec."Every Write" TO worker;

-- create table pgspec."quiet log"  [specs/audit.yaml:27]
CREATE TABLE pgspec."quiet log" (
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
REVOKE ALL ON TABLE pgspec."quiet log" FROM PUBLIC, anon, authenticated, worker;
DO $close$
BEGIN
  EXECUTE 'REVOKE ALL ON SEQUENCE ' || pg_catalog.pg_get_serial_sequence('pgspec."quiet log"', 'id') || ' FROM PUBLIC, anon, authenticated, worker';
END
$close$;

-- create index pgspec."quiet log_at"  [specs/audit.yaml:27]
CREATE INDEX "quiet log_at" ON pgspec."quiet log" (at);

-- create index pgspec."quiet log_row_key"  [specs/audit.yaml:27]
CREATE INDEX "quiet log_row_key" ON pgspec."quiet log" USING hash (row_key);

-- create access to pgspec."quiet log"  [specs/audit.yaml:27]
REVOKE ALL ON TABLE pgspec."quiet log" FROM PUBLIC, anon, authenticated, worker;
GRANT SELECT ON TABLE pgspec."quiet log" TO anon;
GRANT SELECT ON TABLE pgspec."quiet log" TO worker;

-- create table pgspec.admin_audit_log  [specs/audit.yaml:2]
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
REVOKE ALL ON TABLE pgspec.admin_audit_log FROM PUBLIC, anon, authenticated, worker;
DO $close$
BEGIN
  EXECUTE 'REVOKE ALL ON SEQUENCE ' || pg_catalog.pg_get_serial_sequence('pgspec.admin_audit_log', 'id') || ' FROM PUBLIC, anon, authenticated, worker';
END
$close$;

-- create index pgspec.admin_audit_log_at  [specs/audit.yaml:2]
CREATE INDEX admin_audit_log_at ON pgspec.admin_audit_log (at);

-- create index pgspec.admin_audit_log_row_key  [specs/audit.yaml:2]
CREATE INDEX admin_audit_log_row_key ON pgspec.admin_audit_log USING hash (row_key);

-- create access to pgspec.admin_audit_log  [specs/audit.yaml:2]
REVOKE ALL ON TABLE pgspec.admin_audit_log FROM PUBLIC, anon, authenticated, worker;
GRANT SELECT ON TABLE pgspec.admin_audit_log TO authenticated;
GRANT SELECT ON TABLE pgspec.admin_audit_log TO worker;

-- create table pgspec.alert_state
CREATE TABLE pgspec.alert_state (
  name text PRIMARY KEY,
  breached_since timestamptz,
  checked_at timestamptz NOT NULL
) WITH (fillfactor = 50);
REVOKE ALL ON TABLE pgspec.alert_state FROM PUBLIC, anon, authenticated, worker;

-- create table pgspec.cache_tags
CREATE TABLE pgspec.cache_tags (
  tag text PRIMARY KEY,
  version bigint NOT NULL
) WITH (fillfactor = 70);
REVOKE ALL ON TABLE pgspec.cache_tags FROM PUBLIC, anon, authenticated, worker;

-- create access to pgspec.cache_tags
REVOKE ALL ON TABLE pgspec.cache_tags FROM PUBLIC, anon, authenticated, worker;

-- create table pgspec.deployed_objects
CREATE TABLE pgspec.deployed_objects (
  type text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  fingerprint text NOT NULL,
  PRIMARY KEY (type, name)
);
REVOKE ALL ON TABLE pgspec.deployed_objects FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON TABLE pgspec.switch_log FROM PUBLIC, anon, authenticated, worker;
DO $close$
BEGIN
  EXECUTE 'REVOKE ALL ON SEQUENCE ' || pg_catalog.pg_get_serial_sequence('pgspec.switch_log', 'id') || ' FROM PUBLIC, anon, authenticated, worker';
END
$close$;

-- create access to pgspec.switch_log
REVOKE ALL ON TABLE pgspec.switch_log FROM PUBLIC, anon, authenticated, worker;

-- create table pgspec.thrown_switches
CREATE TABLE pgspec.thrown_switches (
  name text PRIMARY KEY,
  thrown_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  thrown_by text NOT NULL,
  why text NOT NULL,
  state jsonb
);
REVOKE ALL ON TABLE pgspec.thrown_switches FROM PUBLIC, anon, authenticated, worker;

-- create access to pgspec.thrown_switches
REVOKE ALL ON TABLE pgspec.thrown_switches FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON TABLE public.cache_invalidation_queue FROM PUBLIC, anon, authenticated, worker;
DO $close$
BEGIN
  EXECUTE 'REVOKE ALL ON SEQUENCE ' || pg_catalog.pg_get_serial_sequence('public.cache_invalidation_queue', 'id') || ' FROM PUBLIC, anon, authenticated, worker';
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
REVOKE ALL ON TABLE public.cache_invalidation_queue FROM PUBLIC, anon, authenticated, worker;
GRANT SELECT ON TABLE public.cache_invalidation_queue TO worker;

-- create function pgspec."audit_Every Write_delete_public_Odd Names"()  [specs/audit.yaml:35]
CREATE FUNCTION pgspec."audit_Every Write_delete_public_Odd Names"() RETURNS trigger
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
  INSERT INTO pgspec."Every Write" (table_schema, table_name, event, row_key, old, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'Odd Names', 'DELETE', jsonb_build_object('o', w.c1, 'N', w.c2),
    jsonb_build_object('o', w.c1, 'N', w.c2, 'tg_op', w.c3, 'old', w.c4, 'c1', w.c5, 'it''s', w.c6),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    NULL,
    NULL,
    pg_current_xact_id()::text::bigint
  FROM (SELECT r.o AS c1, r."N" AS c2, r.tg_op AS c3, r.old AS c4, r.c1 AS c5, r."it's" AS c6 FROM old_rows AS r) AS w;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec."audit_Every Write_delete_public_Odd Names"() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec."audit_Every Write_delete_public_profiles"()  [specs/audit.yaml:35]
CREATE FUNCTION pgspec."audit_Every Write_delete_public_profiles"() RETURNS trigger
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
  INSERT INTO pgspec."Every Write" (table_schema, table_name, event, row_key, old, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'profiles', 'DELETE', jsonb_build_object('id', w.c1),
    jsonb_build_object('id', w.c1, 'role', w.c2, 'status', w.c3, 'name', w.c4, 'settings', w.c5::text, 'rate', w.c6),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    NULL,
    NULL,
    pg_current_xact_id()::text::bigint
  FROM (SELECT r.id AS c1, r.role AS c2, r.status AS c3, r.name AS c4, r.settings AS c5, r.rate AS c6 FROM old_rows AS r) AS w;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec."audit_Every Write_delete_public_profiles"() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec."audit_Every Write_insert_public_Odd Names"()  [specs/audit.yaml:35]
CREATE FUNCTION pgspec."audit_Every Write_insert_public_Odd Names"() RETURNS trigger
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
  INSERT INTO pgspec."Every Write" (table_schema, table_name, event, row_key, new, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'Odd Names', 'INSERT', jsonb_build_object('o', w.c1, 'N', w.c2),
    jsonb_build_object('o', w.c1, 'N', w.c2, 'tg_op', w.c3, 'old', w.c4, 'c1', w.c5, 'it''s', w.c6),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    NULL,
    NULL,
    pg_current_xact_id()::text::bigint
  FROM (SELECT r.o AS c1, r."N" AS c2, r.tg_op AS c3, r.old AS c4, r.c1 AS c5, r."it's" AS c6 FROM new_rows AS r) AS w;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec."audit_Every Write_insert_public_Odd Names"() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec."audit_Every Write_insert_public_profiles"()  [specs/audit.yaml:35]
CREATE FUNCTION pgspec."audit_Every Write_insert_public_profiles"() RETURNS trigger
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
  INSERT INTO pgspec."Every Write" (table_schema, table_name, event, row_key, new, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'profiles', 'INSERT', jsonb_build_object('id', w.c1),
    jsonb_build_object('id', w.c1, 'role', w.c2, 'status', w.c3, 'name', w.c4, 'settings', w.c5::text, 'rate', w.c6),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    NULL,
    NULL,
    pg_current_xact_id()::text::bigint
  FROM (SELECT r.id AS c1, r.role AS c2, r.status AS c3, r.name AS c4, r.settings AS c5, r.rate AS c6 FROM new_rows AS r) AS w;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec."audit_Every Write_insert_public_profiles"() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec."audit_Every Write_truncate_public_Odd Names"()  [specs/audit.yaml:35]
CREATE FUNCTION pgspec."audit_Every Write_truncate_public_Odd Names"() RETURNS trigger
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
  INSERT INTO pgspec."Every Write" (table_schema, table_name, event, truncated_rows, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'Odd Names', 'TRUNCATE', lost,
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    NULL,
    NULL,
    pg_current_xact_id()::text::bigint;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec."audit_Every Write_truncate_public_Odd Names"() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec."audit_Every Write_truncate_public_profiles"()  [specs/audit.yaml:35]
CREATE FUNCTION pgspec."audit_Every Write_truncate_public_profiles"() RETURNS trigger
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
  INSERT INTO pgspec."Every Write" (table_schema, table_name, event, truncated_rows, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'profiles', 'TRUNCATE', lost,
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    NULL,
    NULL,
    pg_current_xact_id()::text::bigint;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec."audit_Every Write_truncate_public_profiles"() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec."audit_Every Write_update_public_Odd Names"()  [specs/audit.yaml:35]
CREATE FUNCTION pgspec."audit_Every Write_update_public_Odd Names"() RETURNS trigger
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
  INSERT INTO pgspec."Every Write" (table_schema, table_name, event, row_key, new_row_key, old, new, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'Odd Names', 'UPDATE', jsonb_build_object('o', o.c1, 'N', o.c2), CASE WHEN o.c1 IS DISTINCT FROM n.c1 OR o.c2 IS DISTINCT FROM n.c2 THEN jsonb_build_object('o', n.c1, 'N', n.c2) END,
    jsonb_build_object('o', o.c1, 'N', o.c2, 'tg_op', o.c3, 'old', o.c4, 'c1', o.c5, 'it''s', o.c6),
    jsonb_build_object('o', n.c1, 'N', n.c2, 'tg_op', n.c3, 'old', n.c4, 'c1', n.c5, 'it''s', n.c6),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    NULL,
    NULL,
    pg_current_xact_id()::text::bigint
  FROM (SELECT row_number() OVER () AS p, r.o AS c1, r."N" AS c2, r.tg_op AS c3, r.old AS c4, r.c1 AS c5, r."it's" AS c6 FROM old_rows AS r) AS o
  FULL JOIN (SELECT row_number() OVER () AS p, r.o AS c1, r."N" AS c2, r.tg_op AS c3, r.old AS c4, r.c1 AS c5, r."it's" AS c6 FROM new_rows AS r) AS n USING (p)
  WHERE o.c1 IS DISTINCT FROM n.c1 OR o.c2 IS DISTINCT FROM n.c2 OR o.c3 IS DISTINCT FROM n.c3
    OR o.c4 IS DISTINCT FROM n.c4 OR o.c5 IS DISTINCT FROM n.c5 OR record_image_ne(ROW(o.c6), ROW(n.c6))
  ORDER BY p;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec."audit_Every Write_update_public_Odd Names"() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec."audit_Every Write_update_public_profiles"()  [specs/audit.yaml:35]
CREATE FUNCTION pgspec."audit_Every Write_update_public_profiles"() RETURNS trigger
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
  INSERT INTO pgspec."Every Write" (table_schema, table_name, event, row_key, new_row_key, old, new, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'profiles', 'UPDATE', jsonb_build_object('id', o.c1), CASE WHEN o.c1 IS DISTINCT FROM n.c1 THEN jsonb_build_object('id', n.c1) END,
    jsonb_build_object('id', o.c1, 'role', o.c2, 'status', o.c3, 'name', o.c4, 'settings', o.c5::text, 'rate', o.c6),
    jsonb_build_object('id', n.c1, 'role', n.c2, 'status', n.c3, 'name', n.c4, 'settings', n.c5::text, 'rate', n.c6),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    NULL,
    NULL,
    pg_current_xact_id()::text::bigint
  FROM (SELECT row_number() OVER () AS p, r.id AS c1, r.role AS c2, r.status AS c3, r.name AS c4, r.settings AS c5, r.rate AS c6 FROM old_rows AS r) AS o
  FULL JOIN (SELECT row_number() OVER () AS p, r.id AS c1, r.role AS c2, r.status AS c3, r.name AS c4, r.settings AS c5, r.rate AS c6 FROM new_rows AS r) AS n USING (p)
  WHERE o.c1 IS DISTINCT FROM n.c1 OR o.c2 IS DISTINCT FROM n.c2 OR o.c3 IS DISTINCT FROM n.c3
    OR o.c4 IS DISTINCT FROM n.c4 OR record_image_ne(ROW(o.c5), ROW(n.c5)) OR record_image_ne(ROW(o.c6), ROW(n.c6))
  ORDER BY p;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec."audit_Every Write_update_public_profiles"() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec."audit_quiet log_update_public_profiles"()  [specs/audit.yaml:27]
CREATE FUNCTION pgspec."audit_quiet log_update_public_profiles"() RETURNS trigger
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
  INSERT INTO pgspec."quiet log" (table_schema, table_name, event, row_key, new_row_key, old, new, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'profiles', 'UPDATE', jsonb_build_object('id', o.c2), CASE WHEN o.c2 IS DISTINCT FROM n.c2 THEN jsonb_build_object('id', n.c2) END,
    jsonb_build_object('rate', o.c1),
    jsonb_build_object('rate', n.c1),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    NULL,
    NULL,
    pg_current_xact_id()::text::bigint
  FROM (SELECT row_number() OVER () AS p, r.rate AS c1, r.id AS c2 FROM old_rows AS r) AS o
  FULL JOIN (SELECT row_number() OVER () AS p, r.rate AS c1, r.id AS c2 FROM new_rows AS r) AS n USING (p)
  WHERE record_image_ne(ROW(o.c1), ROW(n.c1)) OR o.c2 IS DISTINCT FROM n.c2
  ORDER BY p;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec."audit_quiet log_update_public_profiles"() FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.alert_values() FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION pgspec.alert_values() TO worker;

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
REVOKE ALL ON FUNCTION pgspec.api_side() FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.audit_claims() FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.audit_guard() FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.audit_request_id() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.audit_admin_audit_log_delete_public_events()  [specs/audit.yaml:2]
CREATE FUNCTION pgspec.audit_admin_audit_log_delete_public_events() RETURNS trigger
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
  SELECT 'public', 'events', 'DELETE', NULL,
    jsonb_build_object('id', w.c1, 'at', w.c2, 'note', w.c3),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    (SELECT pgspec.audit_request_id()),
    (SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub'], 'app_metadata.role', c.claims #> ARRAY['app_metadata', 'role'],
      'https://example.com/org', c.claims #> ARRAY['https://example.com/org'])
      FROM (SELECT pgspec.audit_claims() AS claims OFFSET 0) AS c WHERE c.claims IS NOT NULL),
    pg_current_xact_id()::text::bigint
  FROM (SELECT r.id AS c1, r.at AS c2, r.note AS c3 FROM old_rows AS r) AS w;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_admin_audit_log_delete_public_events() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.audit_admin_audit_log_delete_public_profiles()  [specs/audit.yaml:2]
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
    jsonb_build_object('id', w.c1, 'role', w.c2, 'status', w.c3, 'name', w.c4, 'settings', w.c5::text, 'rate', w.c6),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    (SELECT pgspec.audit_request_id()),
    (SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub'], 'app_metadata.role', c.claims #> ARRAY['app_metadata', 'role'],
      'https://example.com/org', c.claims #> ARRAY['https://example.com/org'])
      FROM (SELECT pgspec.audit_claims() AS claims OFFSET 0) AS c WHERE c.claims IS NOT NULL),
    pg_current_xact_id()::text::bigint
  FROM (SELECT r.id AS c1, r.role AS c2, r.status AS c3, r.name AS c4, r.settings AS c5, r.rate AS c6 FROM old_rows AS r) AS w;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_admin_audit_log_delete_public_profiles() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.audit_admin_audit_log_insert_public_events()  [specs/audit.yaml:2]
CREATE FUNCTION pgspec.audit_admin_audit_log_insert_public_events() RETURNS trigger
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
  INSERT INTO pgspec.admin_audit_log (table_schema, table_name, event, row_key, new, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'events', 'INSERT', NULL,
    jsonb_build_object('id', w.c1, 'at', w.c2, 'note', w.c3),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    (SELECT pgspec.audit_request_id()),
    (SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub'], 'app_metadata.role', c.claims #> ARRAY['app_metadata', 'role'],
      'https://example.com/org', c.claims #> ARRAY['https://example.com/org'])
      FROM (SELECT pgspec.audit_claims() AS claims OFFSET 0) AS c WHERE c.claims IS NOT NULL),
    pg_current_xact_id()::text::bigint
  FROM (SELECT r.id AS c1, r.at AS c2, r.note AS c3 FROM new_rows AS r) AS w;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_admin_audit_log_insert_public_events() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.audit_admin_audit_log_truncate_public_events()  [specs/audit.yaml:2]
CREATE FUNCTION pgspec.audit_admin_audit_log_truncate_public_events() RETURNS trigger
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
    -- rows of partitions and children that have this trigger too are counted there
    EXECUTE format(
      'SELECT count(*) FROM %I.%I AS t WHERE t.tableoid <> ALL (ARRAY(SELECT g.tgrelid FROM pg_trigger AS g WHERE g.tgfoid = $1 AND g.tgrelid <> $2))',
      TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO lost
    USING (SELECT g.tgfoid FROM pg_trigger AS g WHERE g.tgrelid = TG_RELID AND g.tgname = TG_NAME), TG_RELID;
  EXCEPTION WHEN insufficient_privilege THEN
    lost := NULL;
  END;
  PERFORM set_config('row_security', 'on', true);
  IF lost = 0 AND EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = TG_RELID) THEN
    RETURN NULL;
  END IF;
  INSERT INTO pgspec.admin_audit_log (table_schema, table_name, event, truncated_rows, db_role, session_role, source, request_id, claims, txid)
  SELECT 'public', 'events', 'TRUNCATE', lost,
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    (SELECT pgspec.audit_request_id()),
    (SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub'], 'app_metadata.role', c.claims #> ARRAY['app_metadata', 'role'],
      'https://example.com/org', c.claims #> ARRAY['https://example.com/org'])
      FROM (SELECT pgspec.audit_claims() AS claims OFFSET 0) AS c WHERE c.claims IS NOT NULL),
    pg_current_xact_id()::text::bigint;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_admin_audit_log_truncate_public_events() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.audit_admin_audit_log_update_public_events()  [specs/audit.yaml:2]
CREATE FUNCTION pgspec.audit_admin_audit_log_update_public_events() RETURNS trigger
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
  SELECT 'public', 'events', 'UPDATE', NULL, NULL,
    CASE WHEN o.here THEN jsonb_build_object('id', o.c1, 'at', o.c2, 'note', o.c3) END,
    CASE WHEN n.here THEN jsonb_build_object('id', n.c1, 'at', n.c2, 'note', n.c3) END,
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    (SELECT pgspec.audit_request_id()),
    (SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub'], 'app_metadata.role', c.claims #> ARRAY['app_metadata', 'role'],
      'https://example.com/org', c.claims #> ARRAY['https://example.com/org'])
      FROM (SELECT pgspec.audit_claims() AS claims OFFSET 0) AS c WHERE c.claims IS NOT NULL),
    pg_current_xact_id()::text::bigint
  FROM (SELECT row_number() OVER () AS p, true AS here, r.id AS c1, r.at AS c2, r.note AS c3 FROM old_rows AS r) AS o
  FULL JOIN (SELECT row_number() OVER () + (SELECT CASE WHEN a.size = b.size THEN 0 ELSE a.size END FROM (SELECT count(*) AS size FROM old_rows) AS a, (SELECT count(*) AS size FROM new_rows) AS b) AS p, true AS here, r.id AS c1, r.at AS c2, r.note AS c3 FROM new_rows AS r) AS n USING (p)
  WHERE o.c1 IS DISTINCT FROM n.c1 OR o.c2 IS DISTINCT FROM n.c2 OR o.c3 IS DISTINCT FROM n.c3 OR o.here IS NULL
    OR n.here IS NULL
  ORDER BY p;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_admin_audit_log_update_public_events() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.audit_admin_audit_log_update_public_profiles()  [specs/audit.yaml:2]
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
    jsonb_build_object('role', o.c1, 'status', o.c2, 'settings', o.c3::text, 'rate', o.c4),
    jsonb_build_object('role', n.c1, 'status', n.c2, 'settings', n.c3::text, 'rate', n.c4),
    writer, session_user,
    CASE WHEN writer = ANY (ARRAY['worker']::text[]) THEN 'service' WHEN writer = ANY (ARRAY['anon', 'authenticated']::text[]) THEN 'api' ELSE 'database' END,
    (SELECT pgspec.audit_request_id()),
    (SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub'], 'app_metadata.role', c.claims #> ARRAY['app_metadata', 'role'],
      'https://example.com/org', c.claims #> ARRAY['https://example.com/org'])
      FROM (SELECT pgspec.audit_claims() AS claims OFFSET 0) AS c WHERE c.claims IS NOT NULL),
    pg_current_xact_id()::text::bigint
  FROM (SELECT row_number() OVER () AS p, r.role AS c1, r.status AS c2, r.settings AS c3, r.rate AS c4, r.id AS c5 FROM old_rows AS r) AS o
  FULL JOIN (SELECT row_number() OVER () AS p, r.role AS c1, r.status AS c2, r.settings AS c3, r.rate AS c4, r.id AS c5 FROM new_rows AS r) AS n USING (p)
  WHERE o.c1 IS DISTINCT FROM n.c1 OR o.c2 IS DISTINCT FROM n.c2 OR record_image_ne(ROW(o.c3), ROW(n.c3))
    OR record_image_ne(ROW(o.c4), ROW(n.c4)) OR o.c5 IS DISTINCT FROM n.c5
  ORDER BY p;
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.audit_admin_audit_log_update_public_profiles() FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.catch_up(interval) FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.claim(text) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION pgspec.claim(text) TO anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.claim_bigint(text) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION pgspec.claim_bigint(text) TO anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.claim_uuid(text) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION pgspec.claim_uuid(text) TO anon, authenticated, worker;

-- create function pgspec."may_view_quiet viewer"(boolean)  [specs/audit.yaml:32]
CREATE FUNCTION pgspec."may_view_quiet viewer"(demand boolean) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Whether the session meets what the viewer of an audit log requires.  A policy asks, and gets an answer; the viewer
-- demands, and gets an error that depends on nothing but the session: not on the rows, so that it tells nothing of them.
BEGIN
  BEGIN
    IF (
(SELECT pgspec.claim('level'))::int > 3
    ) THEN
      RETURN true;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    NULL;  -- what cannot be read does not meet it
  END;
  IF demand THEN
    RAISE EXCEPTION 'permission denied for view public."quiet viewer"' USING ERRCODE = 'insufficient_privilege', HINT = 'required: (SELECT pgspec.claim(''level''))::int > 3';
  END IF;
  RETURN false;
END
$function$;
REVOKE ALL ON FUNCTION pgspec."may_view_quiet viewer"(boolean) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION pgspec."may_view_quiet viewer"(boolean) TO anon, worker;

-- create function pgspec.access_pgspec_admin_audit_log(text)  [specs/audit.yaml:12]
CREATE FUNCTION pgspec.access_pgspec_admin_audit_log(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
  -- own entries
  IF command = ANY (ARRAY['select']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'own entries';
    restrictive := false;
    ok := ((SELECT pgspec.claim('sub')) IS NOT NULL) IS TRUE;
    condition := 'claims ->> ''sub'' = (SELECT pgspec.claim(''sub''))';
    RETURN NEXT;
  END IF;
  -- no_settings
  IF command = ANY (ARRAY['select']) AND (pg_has_role('anon', 'USAGE') OR pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'no_settings';
    restrictive := true;
    ok := true;
    condition := 'table_name <> ''secrets''';
    RETURN NEXT;
  END IF;
  -- pgspec_service
  IF command = ANY (ARRAY['select']) AND (pg_has_role('worker', 'USAGE')) THEN
    policy := 'pgspec_service';
    restrictive := false;
    ok := true;
    condition := 'true';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.access_pgspec_admin_audit_log(text) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION pgspec.access_pgspec_admin_audit_log(text) TO anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.enqueue_tags(text[], interval) FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.cache_delete_public_profiles()  [specs/audit.yaml:42]
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
  made_1 text[];
BEGIN

  -- profiles
  SELECT EXISTS (SELECT FROM old_rows AS profiles),
    ARRAY(SELECT 'profiles:' || r.id::text FROM (SELECT DISTINCT profiles.id FROM old_rows AS profiles) AS r
      WHERE r.id IS NOT NULL LIMIT 1001)
  INTO hit, made_1;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['profiles:*'];
    END IF;
    hit := pgspec.enqueue_tags(made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_delete_public_profiles() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.cache_insert_public_profiles()  [specs/audit.yaml:42]
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
  made_1 text[];
BEGIN

  -- profiles
  SELECT EXISTS (SELECT FROM new_rows AS profiles),
    ARRAY(SELECT 'profiles:' || r.id::text FROM (SELECT DISTINCT profiles.id FROM new_rows AS profiles) AS r
      WHERE r.id IS NOT NULL LIMIT 1001)
  INTO hit, made_1;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['profiles:*'];
    END IF;
    hit := pgspec.enqueue_tags(made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_insert_public_profiles() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.cache_truncate_public_profiles()  [specs/audit.yaml:42]
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
BEGIN

  -- profiles
  hit := true;
  made_1 := ARRAY['profiles:*'];
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['profiles:*'];
    END IF;
    hit := pgspec.enqueue_tags(made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_truncate_public_profiles() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.cache_update_public_profiles()  [specs/audit.yaml:42]
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
BEGIN

  -- profiles
  SELECT (o.id IS DISTINCT FROM n.id OR o.role IS DISTINCT FROM n.role OR o.status IS DISTINCT FROM n.status
    OR o.name IS DISTINCT FROM n.name OR record_image_ne(ROW(o.settings), ROW(n.settings))
    OR record_image_ne(ROW(o.rate), ROW(n.rate))),
    EXISTS (SELECT FROM new_rows OFFSET 1),
    ARRAY['profiles:' || o.id::text, 'profiles:' || n.id::text]
  INTO hit, many, made_1
  FROM (SELECT profiles.id, profiles.role, profiles.status, profiles.name, profiles.settings, profiles.rate FROM old_rows AS profiles) AS o
  LEFT JOIN (SELECT profiles.id, profiles.role, profiles.status, profiles.name, profiles.settings, profiles.rate FROM new_rows AS profiles) AS n ON true
  LIMIT 1;
  IF many THEN
    memory := current_setting('work_mem');  -- the join of a large update would spill
    IF pg_size_bytes(memory) < pg_size_bytes('64MB') THEN
      PERFORM set_config('work_mem', '64MB', true);
    END IF;
    WITH changed AS MATERIALIZED (
      SELECT DISTINCT o.id AS old_id, n.id AS new_id
      FROM (SELECT row_number() OVER () AS pgspec_row, profiles.id, profiles.role, profiles.status, profiles.name, profiles.settings, profiles.rate FROM old_rows AS profiles) AS o
      FULL JOIN (SELECT row_number() OVER () AS pgspec_row, profiles.id, profiles.role, profiles.status, profiles.name, profiles.settings, profiles.rate FROM new_rows AS profiles) AS n USING (pgspec_row)
      WHERE (o.id IS DISTINCT FROM n.id OR o.role IS DISTINCT FROM n.role OR o.status IS DISTINCT FROM n.status
    OR o.name IS DISTINCT FROM n.name OR record_image_ne(ROW(o.settings), ROW(n.settings))
    OR record_image_ne(ROW(o.rate), ROW(n.rate))))
    SELECT EXISTS (SELECT FROM changed), true,
      ARRAY(
        SELECT 'profiles:' || c.old_id::text FROM changed AS c WHERE true AND 'profiles:' || c.old_id::text IS NOT NULL
        UNION
        SELECT 'profiles:' || c.new_id::text FROM changed AS c WHERE true AND 'profiles:' || c.new_id::text IS NOT NULL
        LIMIT 1001)
    INTO hit, many, made_1;
    PERFORM set_config('work_mem', memory, true);
  END IF;
  IF hit THEN
    IF cardinality(made_1) > 1000 THEN
      made_1 := ARRAY['profiles:*'];
    END IF;
    hit := pgspec.enqueue_tags(made_1, interval '60 seconds') > 0;  -- an assignment costs less than PERFORM
  END IF;

  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.cache_update_public_profiles() FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.fingerprint(text, text) FROM PUBLIC, anon, authenticated, worker;

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
          AND g.role <> ALL (ARRAY['worker']::text[]) LOOP
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
REVOKE ALL ON FUNCTION pgspec.harden(text) FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.invalidate_tags(text[]) FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.joined_rows(boolean) FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.log_switch(text, boolean, text)
CREATE FUNCTION pgspec.log_switch(switch text, thrown boolean, why text) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
  INSERT INTO pgspec.switch_log (name, thrown, db_role, session_role, application, why)
  VALUES (switch, thrown, coalesce(nullif(current_setting('role', true), 'none'), session_user), session_user,
    nullif(current_setting('application_name', true), ''), why)
$function$;
REVOKE ALL ON FUNCTION pgspec.log_switch(text, boolean, text) FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.may_switch(text, text)
CREATE FUNCTION pgspec.may_switch(switch text, why text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Refuses what cannot be meant: a switch that is not there, or no reason.
BEGIN
  IF switch IS NULL OR (switch <> ALL (ARRAY['cache', 'enqueue', 'harden public."quiet log"', 'harden public.admin_audit_log'])
    AND NOT EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = switch)) THEN
    RAISE EXCEPTION 'there is no switch %', coalesce(quote_literal(switch), 'NULL') USING
      ERRCODE = 'invalid_parameter_value', HINT = 'the switches are cache, enqueue, harden public."quiet log", harden public.admin_audit_log';
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
REVOKE ALL ON FUNCTION pgspec.may_switch(text, text) FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.may_view_admin_audit_viewer(boolean)  [specs/audit.yaml:9]
CREATE FUNCTION pgspec.may_view_admin_audit_viewer(demand boolean) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Whether the session meets what the viewer of an audit log requires.  A policy asks, and gets an answer; the viewer
-- demands, and gets an error that depends on nothing but the session: not on the rows, so that it tells nothing of them.
BEGIN
  BEGIN
    IF (
pgspec.claim('app_metadata.role') = 'admin'
    ) THEN
      RETURN true;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    NULL;  -- what cannot be read does not meet it
  END;
  IF demand THEN
    RAISE EXCEPTION 'permission denied for view public.admin_audit_viewer' USING ERRCODE = 'insufficient_privilege', HINT = 'required: pgspec.claim(''app_metadata.role'') = ''admin''';
  END IF;
  RETURN false;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.may_view_admin_audit_viewer(boolean) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION pgspec.may_view_admin_audit_viewer(boolean) TO authenticated;

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
REVOKE ALL ON FUNCTION pgspec.relation_grants(regclass) FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.relax(text) FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.settle_dead(text[], timestamptz) FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.skipping() FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.switch_log_guard() FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.switch_targets()
CREATE FUNCTION pgspec.switch_targets() RETURNS TABLE (switch text, relation text, role text, privileges text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- What each switch closes, and what the specs let API roles do there.
  SELECT v.switch, v.relation, v.role, v.privileges FROM (VALUES
    ('harden public."quiet log"', 'pgspec."quiet log"', 'anon', 'SELECT'),
    ('harden public."quiet log"', 'pgspec."quiet log"', 'authenticated', ''),
    ('harden public."quiet log"', 'public."quiet log"', 'anon', ''),
    ('harden public."quiet log"', 'public."quiet log"', 'authenticated', ''),
    ('harden public."quiet log"', 'public."quiet viewer"', 'anon', 'SELECT'),
    ('harden public."quiet log"', 'public."quiet viewer"', 'authenticated', ''),
    ('harden public.admin_audit_log', 'pgspec.admin_audit_log', 'anon', ''),
    ('harden public.admin_audit_log', 'pgspec.admin_audit_log', 'authenticated', 'SELECT'),
    ('harden public.admin_audit_log', 'public.admin_audit_log', 'anon', ''),
    ('harden public.admin_audit_log', 'public.admin_audit_log', 'authenticated', 'SELECT'),
    ('harden public.admin_audit_log', 'public.admin_audit_viewer', 'anon', ''),
    ('harden public.admin_audit_log', 'public.admin_audit_viewer', 'authenticated', 'SELECT')
  ) AS v (switch, relation, role, privileges)
$function$;
REVOKE ALL ON FUNCTION pgspec.switch_targets() FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.closed_by(text) FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.tag_and_wildcards(text) FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION pgspec.storable_tag(text) FROM PUBLIC, anon, authenticated, worker;

-- create function pgspec.tags_and_wildcards(text[])
CREATE FUNCTION pgspec.tags_and_wildcards(tags text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- A tag that is too long for an index is never in the queue: its wildcard is.
  SELECT ARRAY(SELECT DISTINCT w FROM unnest(tags) AS t, unnest(pgspec.tag_and_wildcards(t))
    AS w WHERE octet_length(w) <= 500 ORDER BY w)
$function$;
REVOKE ALL ON FUNCTION pgspec.tags_and_wildcards(text[]) FROM PUBLIC, anon, authenticated, worker;

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
REVOKE ALL ON TABLE public.cache_entries FROM PUBLIC, anon, authenticated, worker;

-- create index public.cache_entries_lookup_tags
CREATE INDEX cache_entries_lookup_tags ON public.cache_entries USING gin (lookup_tags);

-- create access to public.cache_entries
REVOKE ALL ON TABLE public.cache_entries FROM PUBLIC, anon, authenticated, worker;
GRANT SELECT ON TABLE public.cache_entries TO worker;

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
REVOKE ALL ON FUNCTION pgspec.wake_joined(timestamptz) FROM PUBLIC, anon, authenticated, worker;

-- create function public."cleanup_Every Write"(integer)  [specs/audit.yaml:39]
CREATE FUNCTION public."cleanup_Every Write"(max_rows integer DEFAULT 10000) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $function$
-- Forgets entries that are older than the retention, the oldest first.  Returns how many, at most max_rows.
DECLARE
  number integer;
BEGIN
  PERFORM set_config('pgspec.audit_retention', 'pgspec.Every Write', true);  -- for the guard of the log
  DELETE FROM pgspec."Every Write" AS d WHERE d.id IN (
    SELECT l.id FROM pgspec."Every Write" AS l
    WHERE l.at < clock_timestamp() - interval '7 days' ORDER BY l.at LIMIT greatest(max_rows, 0) FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS number = ROW_COUNT;
  PERFORM set_config('pgspec.audit_retention', '', true);
  RETURN number;
END
$function$;
REVOKE ALL ON FUNCTION public."cleanup_Every Write"(integer) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public."cleanup_Every Write"(integer) TO worker;

-- create function public."cleanup_quiet log"(integer)  [specs/audit.yaml:31]
CREATE FUNCTION public."cleanup_quiet log"(max_rows integer DEFAULT 10000) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $function$
-- Forgets entries that are older than the retention, the oldest first.  Returns how many, at most max_rows.
DECLARE
  number integer;
BEGIN
  PERFORM set_config('pgspec.audit_retention', 'pgspec.quiet log', true);  -- for the guard of the log
  DELETE FROM pgspec."quiet log" AS d WHERE d.id IN (
    SELECT l.id FROM pgspec."quiet log" AS l
    WHERE l.at < clock_timestamp() - interval '1 day' ORDER BY l.at LIMIT greatest(max_rows, 0) FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS number = ROW_COUNT;
  PERFORM set_config('pgspec.audit_retention', '', true);
  RETURN number;
END
$function$;
REVOKE ALL ON FUNCTION public."cleanup_quiet log"(integer) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public."cleanup_quiet log"(integer) TO worker;

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
REVOKE ALL ON FUNCTION public.access_left(text) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.access_left(text) TO worker;

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
REVOKE ALL ON FUNCTION public.ack_cache_invalidations(uuid, bigint[]) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.ack_cache_invalidations(uuid, bigint[]) TO worker;

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
REVOKE ALL ON FUNCTION public.cache_put(text, jsonb, text[], bigint[], interval) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.cache_put(text, jsonb, text[], bigint[], interval) TO worker;

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
REVOKE ALL ON FUNCTION public.cache_tag_versions(text[]) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.cache_tag_versions(text[]) TO worker;

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
REVOKE ALL ON FUNCTION public.cache_get(text) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.cache_get(text) TO worker;

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
REVOKE ALL ON FUNCTION public.claim_cache_invalidations(integer, integer) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.claim_cache_invalidations(integer, integer) TO worker;

-- create function public.cleanup_admin_audit_log(integer)  [specs/audit.yaml:8]
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
REVOKE ALL ON FUNCTION public.cleanup_admin_audit_log(integer) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.cleanup_admin_audit_log(integer) TO worker;

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
REVOKE ALL ON FUNCTION public.cleanup_cache_invalidation_queue(interval, integer) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.cleanup_cache_invalidation_queue(interval, integer) TO worker;

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
REVOKE ALL ON FUNCTION public.drain_cache_invalidation_queue(integer, integer) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.drain_cache_invalidation_queue(integer, integer) TO worker;

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
REVOKE ALL ON FUNCTION public.enqueue_cache_invalidation(text, integer) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.enqueue_cache_invalidation(text, integer) TO worker;

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
REVOKE ALL ON FUNCTION public.evaluate_alerts() FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.evaluate_alerts() TO worker;

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
  held := held AND admitted AND NOT narrowed;
  RETURN QUERY SELECT 'access'::text, held, CASE WHEN held THEN 'to the rows that the policies admit' ELSE advice END;
END
$function$;
REVOKE ALL ON FUNCTION public.explain_access(text, text) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.explain_access(text, text) TO anon, authenticated, worker;

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
REVOKE ALL ON FUNCTION public.fail_cache_invalidations(uuid, bigint[], text) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.fail_cache_invalidations(uuid, bigint[], text) TO worker;

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
REVOKE ALL ON FUNCTION public.reset_switch(text, text, integer) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.reset_switch(text, text, integer) TO worker;

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
REVOKE ALL ON FUNCTION public.retry_dead_cache_invalidations() FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.retry_dead_cache_invalidations() TO worker;

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
  IF throw_switch.name LIKE 'harden %' THEN
    effect := pgspec.harden(throw_switch.name);
  END IF;
  RETURN effect;
END
$function$;
REVOKE ALL ON FUNCTION public.throw_switch(text, text) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.throw_switch(text, text) TO worker;

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
REVOKE ALL ON FUNCTION public.verify_migration_success() FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON FUNCTION public.verify_migration_success() TO worker;

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
REVOKE ALL ON PROCEDURE public.run_cache_invalidations(integer) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON PROCEDURE public.run_cache_invalidations(integer) TO worker;

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
    'public."cleanup_Every Write"()',
    'public."cleanup_quiet log"()',
    'public.cleanup_admin_audit_log()',
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
REVOKE ALL ON PROCEDURE public.run_maintenance(integer) FROM PUBLIC, anon, authenticated, worker;
GRANT EXECUTE ON PROCEDURE public.run_maintenance(integer) TO worker;

-- create view public."Every Write"  [specs/audit.yaml:35]
CREATE VIEW public."Every Write" WITH (security_invoker = true, security_barrier = true) AS
SELECT id, at, table_schema, table_name, event, row_key, new_row_key, old, new, truncated_rows, source, db_role, session_role, request_id, claims, txid
FROM pgspec."Every Write";

-- create comment on public."Every Write"  [specs/audit.yaml:35]
COMMENT ON VIEW public."Every Write" IS 'Audit log, kept for 7 days.';

-- create access to public."Every Write"  [specs/audit.yaml:35]
REVOKE ALL ON TABLE public."Every Write" FROM PUBLIC, anon, authenticated, worker;
GRANT SELECT ON TABLE public."Every Write" TO worker;

-- create view public."quiet log"  [specs/audit.yaml:27]
CREATE VIEW public."quiet log" WITH (security_invoker = true, security_barrier = true) AS
SELECT id, at, table_schema, table_name, event, row_key, new_row_key, old, new, truncated_rows, source, db_role, session_role, request_id, claims, txid
FROM pgspec."quiet log";

-- create comment on public."quiet log"  [specs/audit.yaml:27]
COMMENT ON VIEW public."quiet log" IS 'Nobody but admins reads it.';

-- create access to public."quiet log"  [specs/audit.yaml:27]
REVOKE ALL ON TABLE public."quiet log" FROM PUBLIC, anon, authenticated, worker;
GRANT SELECT ON TABLE public."quiet log" TO worker;

-- create view public."quiet viewer"  [specs/audit.yaml:32]
CREATE VIEW public."quiet viewer" WITH (security_invoker = true, security_barrier = true) AS
SELECT id, at, table_schema, table_name, event, row_key, new_row_key, old, new, truncated_rows, source, db_role, session_role, request_id, claims, txid
FROM pgspec."quiet log"
WHERE (SELECT pgspec."may_view_quiet viewer"(true));

-- create comment on public."quiet viewer"  [specs/audit.yaml:32]
COMMENT ON VIEW public."quiet viewer" IS 'Nobody but admins reads it.';

-- create access to public."quiet viewer"  [specs/audit.yaml:32]
REVOKE ALL ON TABLE public."quiet viewer" FROM PUBLIC, anon, authenticated, worker;
GRANT SELECT ON TABLE public."quiet viewer" TO anon;
GRANT SELECT ON TABLE public."quiet viewer" TO worker;

-- create view public.admin_audit_log  [specs/audit.yaml:2]
CREATE VIEW public.admin_audit_log WITH (security_invoker = true, security_barrier = true) AS
SELECT id, at, table_schema, table_name, event, row_key, new_row_key, old, new, truncated_rows, source, db_role, session_role, request_id, claims, txid
FROM pgspec.admin_audit_log;

-- create comment on public.admin_audit_log  [specs/audit.yaml:2]
COMMENT ON VIEW public.admin_audit_log IS 'Who changed what profiles may do.';

-- create access to public.admin_audit_log  [specs/audit.yaml:2]
REVOKE ALL ON TABLE public.admin_audit_log FROM PUBLIC, anon, authenticated, worker;
GRANT SELECT ON TABLE public.admin_audit_log TO authenticated;
GRANT SELECT ON TABLE public.admin_audit_log TO worker;

-- create view public.admin_audit_viewer  [specs/audit.yaml:9]
CREATE VIEW public.admin_audit_viewer WITH (security_invoker = true, security_barrier = true) AS
SELECT id, at, table_schema, table_name, event, row_key, new_row_key, old, new, truncated_rows, source, db_role, session_role, request_id, claims, txid
FROM pgspec.admin_audit_log
WHERE (SELECT pgspec.may_view_admin_audit_viewer(true));

-- create comment on public.admin_audit_viewer  [specs/audit.yaml:9]
COMMENT ON VIEW public.admin_audit_viewer IS 'Who changed what profiles may do.';

-- create access to public.admin_audit_viewer  [specs/audit.yaml:9]
REVOKE ALL ON TABLE public.admin_audit_viewer FROM PUBLIC, anon, authenticated, worker;
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
REVOKE ALL ON TABLE public.cache_invalidation_health FROM PUBLIC, anon, authenticated, worker;
GRANT SELECT ON TABLE public.cache_invalidation_health TO worker;

-- create view public.pgspec_alerts
CREATE VIEW public.pgspec_alerts AS
SELECT v.name, v.severity, v.value, v.threshold,
  v.breached AND (v.pending = interval '0' OR coalesce(s.breached_since <= clock_timestamp() - v.pending, false)) AS firing,
  CASE WHEN v.breached THEN coalesce(s.breached_since, statement_timestamp()) END AS since,
  v.detail, v.runbook, v.breached, v.problem
FROM pgspec.alert_values() AS v
LEFT JOIN pgspec.alert_state AS s ON s.name = v.name;

-- create access to public.pgspec_alerts
REVOKE ALL ON TABLE public.pgspec_alerts FROM PUBLIC, anon, authenticated, worker;
GRANT SELECT ON TABLE public.pgspec_alerts TO worker;

-- create view public.pgspec_switch_log
CREATE VIEW public.pgspec_switch_log AS
SELECT id, at, name, thrown, db_role, session_role, application, why
FROM pgspec.switch_log;

-- create access to public.pgspec_switch_log
REVOKE ALL ON TABLE public.pgspec_switch_log FROM PUBLIC, anon, authenticated, worker;
GRANT SELECT ON TABLE public.pgspec_switch_log TO worker;

-- create view public.pgspec_switches
CREATE VIEW public.pgspec_switches AS
SELECT coalesce(k.name, s.name) AS name, s.name IS NOT NULL AS thrown, s.thrown_at, s.thrown_by, s.why
FROM (VALUES
  ('cache'),
  ('enqueue'),
  ('harden public."quiet log"'),
  ('harden public.admin_audit_log')
) AS k (name)
FULL JOIN pgspec.thrown_switches AS s ON s.name = k.name;

-- create access to public.pgspec_switches
REVOKE ALL ON TABLE public.pgspec_switches FROM PUBLIC, anon, authenticated, worker;
GRANT SELECT ON TABLE public.pgspec_switches TO worker;

-- create row security on pgspec."quiet log"  [specs/audit.yaml:32]
ALTER TABLE pgspec."quiet log" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create row security on pgspec.admin_audit_log  [specs/audit.yaml:12]
ALTER TABLE pgspec.admin_audit_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create policy "own entries" ON pgspec.admin_audit_log  [specs/audit.yaml:15]
CREATE POLICY "own entries" ON pgspec.admin_audit_log AS PERMISSIVE FOR SELECT TO authenticated
  USING (claims ->> 'sub' = (SELECT pgspec.claim('sub')));

-- create policy no_settings ON pgspec.admin_audit_log  [specs/audit.yaml:19]
CREATE POLICY no_settings ON pgspec.admin_audit_log AS RESTRICTIVE FOR SELECT TO anon, authenticated
  USING (table_name <> 'secrets');

-- create policy pgspec_owner ON pgspec."quiet log"  [specs/audit.yaml:27]
CREATE POLICY pgspec_owner ON pgspec."quiet log" AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);

-- create policy pgspec_owner ON pgspec.admin_audit_log  [specs/audit.yaml:2]
CREATE POLICY pgspec_owner ON pgspec.admin_audit_log AS PERMISSIVE FOR ALL TO CURRENT_USER
  USING (true);

-- create policy pgspec_service ON pgspec."quiet log"  [specs/audit.yaml:27]
CREATE POLICY pgspec_service ON pgspec."quiet log" AS PERMISSIVE FOR SELECT TO worker
  USING (true);

-- create policy pgspec_service ON pgspec.admin_audit_log  [specs/audit.yaml:2]
CREATE POLICY pgspec_service ON pgspec.admin_audit_log AS PERMISSIVE FOR SELECT TO worker
  USING (true);

-- create policy pgspec_viewer ON pgspec."quiet log"  [specs/audit.yaml:32]
CREATE POLICY pgspec_viewer ON pgspec."quiet log" AS PERMISSIVE FOR SELECT TO anon, worker
  USING ((SELECT pgspec."may_view_quiet viewer"(false)));

-- create policy pgspec_viewer ON pgspec.admin_audit_log  [specs/audit.yaml:9]
CREATE POLICY pgspec_viewer ON pgspec.admin_audit_log AS PERMISSIVE FOR SELECT TO authenticated
  USING ((SELECT pgspec.may_view_admin_audit_viewer(false)));

-- create trigger pgspec_audit__very__rite_cdf00115_delete ON public."Odd Names"  [specs/audit.yaml:35]
CREATE TRIGGER pgspec_audit__very__rite_cdf00115_delete AFTER DELETE ON public."Odd Names"
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec."audit_Every Write_delete_public_Odd Names"();

-- create trigger pgspec_audit__very__rite_cdf00115_delete ON public.profiles  [specs/audit.yaml:35]
CREATE TRIGGER pgspec_audit__very__rite_cdf00115_delete AFTER DELETE ON public.profiles
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec."audit_Every Write_delete_public_profiles"();

-- create trigger pgspec_audit__very__rite_cdf00115_insert ON public."Odd Names"  [specs/audit.yaml:35]
CREATE TRIGGER pgspec_audit__very__rite_cdf00115_insert AFTER INSERT ON public."Odd Names"
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec."audit_Every Write_insert_public_Odd Names"();

-- create trigger pgspec_audit__very__rite_cdf00115_insert ON public.profiles  [specs/audit.yaml:35]
CREATE TRIGGER pgspec_audit__very__rite_cdf00115_insert AFTER INSERT ON public.profiles
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec."audit_Every Write_insert_public_profiles"();

-- create trigger pgspec_audit__very__rite_cdf00115_truncate ON public."Odd Names"  [specs/audit.yaml:35]
CREATE TRIGGER pgspec_audit__very__rite_cdf00115_truncate BEFORE TRUNCATE ON public."Odd Names"
FOR EACH STATEMENT EXECUTE FUNCTION pgspec."audit_Every Write_truncate_public_Odd Names"();

-- create trigger pgspec_audit__very__rite_cdf00115_truncate ON public.profiles  [specs/audit.yaml:35]
CREATE TRIGGER pgspec_audit__very__rite_cdf00115_truncate BEFORE TRUNCATE ON public.profiles
FOR EACH STATEMENT EXECUTE FUNCTION pgspec."audit_Every Write_truncate_public_profiles"();

-- create trigger pgspec_audit__very__rite_cdf00115_update ON public."Odd Names"  [specs/audit.yaml:35]
CREATE TRIGGER pgspec_audit__very__rite_cdf00115_update AFTER UPDATE ON public."Odd Names"
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec."audit_Every Write_update_public_Odd Names"();

-- create trigger pgspec_audit__very__rite_cdf00115_update ON public.profiles  [specs/audit.yaml:35]
CREATE TRIGGER pgspec_audit__very__rite_cdf00115_update AFTER UPDATE ON public.profiles
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec."audit_Every Write_update_public_profiles"();

-- create trigger pgspec_audit_admin_audit_log_delete ON public.events  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_admin_audit_log_delete AFTER DELETE ON public.events
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_delete_public_events();

-- create trigger pgspec_audit_admin_audit_log_delete ON public.events_1  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_admin_audit_log_delete AFTER DELETE ON public.events_1
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_delete_public_events();

-- create trigger pgspec_audit_admin_audit_log_delete ON public.events_2  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_admin_audit_log_delete AFTER DELETE ON public.events_2
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_delete_public_events();

-- create trigger pgspec_audit_admin_audit_log_delete ON public.profiles  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_admin_audit_log_delete AFTER DELETE ON public.profiles
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_delete_public_profiles();

-- create trigger pgspec_audit_admin_audit_log_insert ON public.events  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_admin_audit_log_insert AFTER INSERT ON public.events
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_insert_public_events();

-- create trigger pgspec_audit_admin_audit_log_insert ON public.events_1  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_admin_audit_log_insert AFTER INSERT ON public.events_1
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_insert_public_events();

-- create trigger pgspec_audit_admin_audit_log_insert ON public.events_2  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_admin_audit_log_insert AFTER INSERT ON public.events_2
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_insert_public_events();

-- create trigger pgspec_audit_admin_audit_log_truncate ON public.events  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_admin_audit_log_truncate BEFORE TRUNCATE ON public.events
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_truncate_public_events();

-- create trigger pgspec_audit_admin_audit_log_truncate ON public.events_1  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_admin_audit_log_truncate BEFORE TRUNCATE ON public.events_1
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_truncate_public_events();

-- create trigger pgspec_audit_admin_audit_log_truncate ON public.events_2  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_admin_audit_log_truncate BEFORE TRUNCATE ON public.events_2
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_truncate_public_events();

-- create trigger pgspec_audit_admin_audit_log_update ON public.events  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_admin_audit_log_update AFTER UPDATE ON public.events
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_update_public_events();

-- create trigger pgspec_audit_admin_audit_log_update ON public.events_1  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_admin_audit_log_update AFTER UPDATE ON public.events_1
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_update_public_events();

-- create trigger pgspec_audit_admin_audit_log_update ON public.events_2  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_admin_audit_log_update AFTER UPDATE ON public.events_2
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_update_public_events();

-- create trigger pgspec_audit_admin_audit_log_update ON public.profiles  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_admin_audit_log_update AFTER UPDATE ON public.profiles
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_admin_audit_log_update_public_profiles();

-- create trigger pgspec_audit_guard_delete ON pgspec."Every Write"  [specs/audit.yaml:35]
CREATE TRIGGER pgspec_audit_guard_delete BEFORE DELETE ON pgspec."Every Write"
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_guard();

-- create trigger pgspec_audit_guard_delete ON pgspec."quiet log"  [specs/audit.yaml:27]
CREATE TRIGGER pgspec_audit_guard_delete BEFORE DELETE ON pgspec."quiet log"
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_guard();

-- create trigger pgspec_audit_guard_delete ON pgspec.admin_audit_log  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_guard_delete BEFORE DELETE ON pgspec.admin_audit_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_guard();

-- create trigger pgspec_audit_guard_truncate ON pgspec."Every Write"  [specs/audit.yaml:35]
CREATE TRIGGER pgspec_audit_guard_truncate BEFORE TRUNCATE ON pgspec."Every Write"
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_guard();

-- create trigger pgspec_audit_guard_truncate ON pgspec."quiet log"  [specs/audit.yaml:27]
CREATE TRIGGER pgspec_audit_guard_truncate BEFORE TRUNCATE ON pgspec."quiet log"
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_guard();

-- create trigger pgspec_audit_guard_truncate ON pgspec.admin_audit_log  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_guard_truncate BEFORE TRUNCATE ON pgspec.admin_audit_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_guard();

-- create trigger pgspec_audit_guard_update ON pgspec."Every Write"  [specs/audit.yaml:35]
CREATE TRIGGER pgspec_audit_guard_update BEFORE UPDATE ON pgspec."Every Write"
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_guard();

-- create trigger pgspec_audit_guard_update ON pgspec."quiet log"  [specs/audit.yaml:27]
CREATE TRIGGER pgspec_audit_guard_update BEFORE UPDATE ON pgspec."quiet log"
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_guard();

-- create trigger pgspec_audit_guard_update ON pgspec.admin_audit_log  [specs/audit.yaml:2]
CREATE TRIGGER pgspec_audit_guard_update BEFORE UPDATE ON pgspec.admin_audit_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.audit_guard();

-- create trigger pgspec_audit_quiet_log_6d39d39e_update ON public.profiles  [specs/audit.yaml:27]
CREATE TRIGGER pgspec_audit_quiet_log_6d39d39e_update AFTER UPDATE ON public.profiles
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec."audit_quiet log_update_public_profiles"();

-- create trigger pgspec_cache_delete ON public.profiles  [specs/audit.yaml:42]
CREATE TRIGGER pgspec_cache_delete AFTER DELETE ON public.profiles
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_delete_public_profiles();

-- create trigger pgspec_cache_insert ON public.profiles  [specs/audit.yaml:42]
CREATE TRIGGER pgspec_cache_insert AFTER INSERT ON public.profiles
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_insert_public_profiles();

-- create trigger pgspec_cache_truncate ON public.profiles  [specs/audit.yaml:42]
CREATE TRIGGER pgspec_cache_truncate BEFORE TRUNCATE ON public.profiles
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_truncate_public_profiles();

-- create trigger pgspec_cache_update ON public.profiles  [specs/audit.yaml:42]
CREATE TRIGGER pgspec_cache_update AFTER UPDATE ON public.profiles
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_update_public_profiles();

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
  ('function', 'pgspec."audit_Every Write_delete_public_Odd Names"()', '7a8e681adba8928c'),
  ('function', 'pgspec."audit_Every Write_delete_public_profiles"()', '376bacb1af8b3d97'),
  ('function', 'pgspec."audit_Every Write_insert_public_Odd Names"()', '283ba9827567ce90'),
  ('function', 'pgspec."audit_Every Write_insert_public_profiles"()', '2e6f2c6044b21689'),
  ('function', 'pgspec."audit_Every Write_truncate_public_Odd Names"()', '194c38f2b6652ef2'),
  ('function', 'pgspec."audit_Every Write_truncate_public_profiles"()', 'b214a5867ef88002'),
  ('function', 'pgspec."audit_Every Write_update_public_Odd Names"()', '9fdf4e1b0439575b'),
  ('function', 'pgspec."audit_Every Write_update_public_profiles"()', '9c9083389b2b5e01'),
  ('function', 'pgspec."audit_quiet log_update_public_profiles"()', 'b1cc0dd3c770d751'),
  ('function', 'pgspec."may_view_quiet viewer"(boolean)', '01183db564171a96'),
  ('function', 'pgspec.access_pgspec_admin_audit_log(text)', 'df90307b22524335'),
  ('function', 'pgspec.alert_values()', '58e41bcb8806a252'),
  ('function', 'pgspec.api_side()', 'c014987cdc2f3de9'),
  ('function', 'pgspec.audit_admin_audit_log_delete_public_events()', 'b5e2a8e0527e67f5'),
  ('function', 'pgspec.audit_admin_audit_log_delete_public_profiles()', '998ea55cbb04af7a'),
  ('function', 'pgspec.audit_admin_audit_log_insert_public_events()', '83087bccf5954c41'),
  ('function', 'pgspec.audit_admin_audit_log_truncate_public_events()', 'da05ec7b66bb5413'),
  ('function', 'pgspec.audit_admin_audit_log_update_public_events()', '420acc06d1a7c9c9'),
  ('function', 'pgspec.audit_admin_audit_log_update_public_profiles()', 'ff95c75706a120ce'),
  ('function', 'pgspec.audit_claims()', '11731686391c0aa3'),
  ('function', 'pgspec.audit_guard()', '66b7a045394eecc9'),
  ('function', 'pgspec.audit_request_id()', '2776ba6831d3a02a'),
  ('function', 'pgspec.cache_delete_public_profiles()', '8e22330e3b227e52'),
  ('function', 'pgspec.cache_insert_public_profiles()', '4a094cdde8a6ef49'),
  ('function', 'pgspec.cache_truncate_public_profiles()', 'edc985eda170bcfd'),
  ('function', 'pgspec.cache_update_public_profiles()', '4dce3b537b0ba911'),
  ('function', 'pgspec.catch_up(interval)', '889f6f4d24b479d0'),
  ('function', 'pgspec.claim(text)', '0de1c9a6145710f0'),
  ('function', 'pgspec.claim_bigint(text)', '6af793b7c24dd839'),
  ('function', 'pgspec.claim_uuid(text)', 'ca8269f6770e3b0c'),
  ('function', 'pgspec.closed_by(text)', 'ef86a1d3edb52902'),
  ('function', 'pgspec.enqueue_tags(text[], interval)', 'c914cb40b0ea2569'),
  ('function', 'pgspec.fingerprint(text, text)', '9893c2f3843974a9'),
  ('function', 'pgspec.harden(text)', 'cd0278cb67d9af36'),
  ('function', 'pgspec.invalidate_tags(text[])', '17bbc74911a346a9'),
  ('function', 'pgspec.joined_rows(boolean)', '8f35c2a326b8d25e'),
  ('function', 'pgspec.log_switch(text, boolean, text)', 'c9fc08ae46a51200'),
  ('function', 'pgspec.may_switch(text, text)', '524517d432cb4a2e'),
  ('function', 'pgspec.may_view_admin_audit_viewer(boolean)', 'd4c141641101793f'),
  ('function', 'pgspec.relation_grants(regclass)', 'bc14760f90a6764a'),
  ('function', 'pgspec.relax(text)', '7e36891ac3ca2fae'),
  ('function', 'pgspec.settle_dead(text[], timestamptz)', 'ec1fac62627e95ae'),
  ('function', 'pgspec.skipping()', '5d08794df3e49df8'),
  ('function', 'pgspec.storable_tag(text)', '41dc1f7f1ee65b04'),
  ('function', 'pgspec.switch_log_guard()', '99be9fd56dc00e6f'),
  ('function', 'pgspec.switch_targets()', 'a0f49abd07c5bd7e'),
  ('function', 'pgspec.tag_and_wildcards(text)', 'd858fe534b2ee21b'),
  ('function', 'pgspec.tags_and_wildcards(text[])', 'c86f7d75616437c6'),
  ('function', 'pgspec.wake_joined(timestamptz)', 'fd2b892d51f91636'),
  ('function', 'public."cleanup_Every Write"(integer)', 'c45e42abce93d865'),
  ('function', 'public."cleanup_quiet log"(integer)', 'bc517ac9f78a8e9f'),
  ('function', 'public.access_left(text)', 'd7553995d55005a1'),
  ('function', 'public.ack_cache_invalidations(uuid, bigint[])', '79b069a3a7dbab9c'),
  ('function', 'public.cache_get(text)', 'a12562d31da4b7ed'),
  ('function', 'public.cache_put(text, jsonb, text[], bigint[], interval)', '8e52329589a51a40'),
  ('function', 'public.cache_tag_versions(text[])', '483bac663003cd29'),
  ('function', 'public.claim_cache_invalidations(integer, integer)', 'e55668bef86dc6a0'),
  ('function', 'public.cleanup_admin_audit_log(integer)', '5c9e3b27cfdbf4a3'),
  ('function', 'public.cleanup_cache_invalidation_queue(interval, integer)', 'e623017745082f4e'),
  ('function', 'public.drain_cache_invalidation_queue(integer, integer)', '2e3e916f24f39c44'),
  ('function', 'public.enqueue_cache_invalidation(text, integer)', 'e6cf730998a782c3'),
  ('function', 'public.evaluate_alerts()', '798b635230d97361'),
  ('function', 'public.explain_access(text, text)', '8f53d276cca4e1ef'),
  ('function', 'public.fail_cache_invalidations(uuid, bigint[], text)', 'ffeafca8538c7314'),
  ('function', 'public.reset_switch(text, text, integer)', '5246729bac0ca3b9'),
  ('function', 'public.retry_dead_cache_invalidations()', '21fbc85722980a83'),
  ('function', 'public.throw_switch(text, text)', 'c70df98b18cac888'),
  ('function', 'public.verify_migration_success()', '97d54c48e2fb60f2'),
  ('index', 'pgspec."Every Write_at"', '693cc73ce2632067'),
  ('index', 'pgspec."Every Write_row_key"', '3f6f6775abe0c846'),
  ('index', 'pgspec."quiet log_at"', '05b24f013dbecfe6'),
  ('index', 'pgspec."quiet log_row_key"', '5e6eb72d87271c2d'),
  ('index', 'pgspec.admin_audit_log_at', 'f1203ae265d2585a'),
  ('index', 'pgspec.admin_audit_log_row_key', '711ea98b95b2e065'),
  ('index', 'public.cache_entries_lookup_tags', 'f46047d8b206e56f'),
  ('index', 'public.cache_invalidation_queue_dead', '1116f3b2103ab22e'),
  ('index', 'public.cache_invalidation_queue_due', 'cae7a0d7d03d78c9'),
  ('index', 'public.cache_invalidation_queue_joined', '499dc0f2fafedee3'),
  ('index', 'public.cache_invalidation_queue_open', '295c8539199213a4'),
  ('policy', '"own entries" ON pgspec.admin_audit_log', '4cf5a384a01da0af'),
  ('policy', 'no_settings ON pgspec.admin_audit_log', '5ffd208272c50a3f'),
  ('policy', 'pgspec_owner ON pgspec."quiet log"', '16867a505c062d93'),
  ('policy', 'pgspec_owner ON pgspec.admin_audit_log', '4c03c27bb0033e1a'),
  ('policy', 'pgspec_service ON pgspec."quiet log"', '0aebecd0070b71f2'),
  ('policy', 'pgspec_service ON pgspec.admin_audit_log', '1fa56e64db6f0cd7'),
  ('policy', 'pgspec_viewer ON pgspec."quiet log"', '076fc9e57db5b8e1'),
  ('policy', 'pgspec_viewer ON pgspec.admin_audit_log', '7cd0e07bed4e5dbb'),
  ('procedure', 'public.run_cache_invalidations(integer)', '4cca039f7d32a951'),
  ('procedure', 'public.run_maintenance(integer)', '24d7f887405fe518'),
  ('row_security', 'pgspec."quiet log"', '32181299ffcceb9f'),
  ('row_security', 'pgspec.admin_audit_log', 'f2162f0bdf9e0fe3'),
  ('table', 'pgspec."Every Write"', '3b8f1c6d48838f99'),
  ('table', 'pgspec."quiet log"', '5721bbdb3937b8b8'),
  ('table', 'pgspec.admin_audit_log', 'd7e188cc67edb79b'),
  ('table', 'pgspec.alert_state', 'ac8257730a72daf1'),
  ('table', 'pgspec.cache_tags', 'd453a14fe544acac'),
  ('table', 'pgspec.deployed_objects', '4cc575c0713faf43'),
  ('table', 'pgspec.switch_log', '85709fbd55b423de'),
  ('table', 'pgspec.thrown_switches', '8405ee231ed4b068'),
  ('table', 'public.cache_entries', '2a1956ebc0ac9754'),
  ('table', 'public.cache_invalidation_queue', 'cf5fb6cc49f8c820'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_delete ON public."Odd Names"', '13df159bad66da55'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_delete ON public.profiles', '9d4d196cbe16e9d1'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_insert ON public."Odd Names"', 'c15ea648cd0a8cf7'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_insert ON public.profiles', '2bb6d1ab8f406db2'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_truncate ON public."Odd Names"', '2be3c029a8139cbd'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_truncate ON public.profiles', 'f612aba070c08ba7'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_update ON public."Odd Names"', '721c27d245f57b52'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_update ON public.profiles', '994bc413174d8640'),
  ('trigger', 'pgspec_audit_admin_audit_log_delete ON public.events', '2f47d6f344f9c429'),
  ('trigger', 'pgspec_audit_admin_audit_log_delete ON public.events_1', '43a408ea17d191bf'),
  ('trigger', 'pgspec_audit_admin_audit_log_delete ON public.events_2', '63adba5bb3a4d02b'),
  ('trigger', 'pgspec_audit_admin_audit_log_delete ON public.profiles', '7359564b9c2fe1d7'),
  ('trigger', 'pgspec_audit_admin_audit_log_insert ON public.events', 'ae2a67a7ff9c9f1a'),
  ('trigger', 'pgspec_audit_admin_audit_log_insert ON public.events_1', '2423608af4c9bb46'),
  ('trigger', 'pgspec_audit_admin_audit_log_insert ON public.events_2', '6365f833edc8d0a0'),
  ('trigger', 'pgspec_audit_admin_audit_log_truncate ON public.events', '00695221a03fd339'),
  ('trigger', 'pgspec_audit_admin_audit_log_truncate ON public.events_1', '3601b002f9759520'),
  ('trigger', 'pgspec_audit_admin_audit_log_truncate ON public.events_2', '1c98f83e3a9787ca'),
  ('trigger', 'pgspec_audit_admin_audit_log_update ON public.events', '6c1a9d7c0b40f753'),
  ('trigger', 'pgspec_audit_admin_audit_log_update ON public.events_1', '226007e9c2654fef'),
  ('trigger', 'pgspec_audit_admin_audit_log_update ON public.events_2', '1b80c06a259a8806'),
  ('trigger', 'pgspec_audit_admin_audit_log_update ON public.profiles', '9d7e658cca708762'),
  ('trigger', 'pgspec_audit_guard_delete ON pgspec."Every Write"', '350bc924f1da7e1e'),
  ('trigger', 'pgspec_audit_guard_delete ON pgspec."quiet log"', 'afd6d20c5d95f16d'),
  ('trigger', 'pgspec_audit_guard_delete ON pgspec.admin_audit_log', 'a17d905bf5c5d881'),
  ('trigger', 'pgspec_audit_guard_truncate ON pgspec."Every Write"', '0104f44343ecfab3'),
  ('trigger', 'pgspec_audit_guard_truncate ON pgspec."quiet log"', '8da3f0734f0a2837'),
  ('trigger', 'pgspec_audit_guard_truncate ON pgspec.admin_audit_log', '25b29b286cacdd4d'),
  ('trigger', 'pgspec_audit_guard_update ON pgspec."Every Write"', '45e4ecc13ddc5c1d'),
  ('trigger', 'pgspec_audit_guard_update ON pgspec."quiet log"', 'c0ba80ef06c382d8'),
  ('trigger', 'pgspec_audit_guard_update ON pgspec.admin_audit_log', 'a51619fd433ddb10'),
  ('trigger', 'pgspec_audit_quiet_log_6d39d39e_update ON public.profiles', 'ddcee09e3a0e9bc7'),
  ('trigger', 'pgspec_cache_delete ON public.profiles', 'b7d9813dd72e4dbf'),
  ('trigger', 'pgspec_cache_insert ON public.profiles', '64709d24d1d2bb6c'),
  ('trigger', 'pgspec_cache_truncate ON public.profiles', '494e274545fc1db5'),
  ('trigger', 'pgspec_cache_update ON public.profiles', 'c532711bd6728e49'),
  ('trigger', 'pgspec_switch_log_guard_delete ON pgspec.switch_log', 'f3a0e9d9e832543c'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON pgspec.switch_log', '6e0f576c6a956253'),
  ('trigger', 'pgspec_switch_log_guard_update ON pgspec.switch_log', '6326de6d31525e23'),
  ('view', 'public."Every Write"', '2d59739277a9ea8b'),
  ('view', 'public."quiet log"', '67e8112a7560d616'),
  ('view', 'public."quiet viewer"', '73ea7b968b09da4c'),
  ('view', 'public.admin_audit_log', '83dde495e5e97307'),
  ('view', 'public.admin_audit_viewer', '54c04f1a8b62f8ee'),
  ('view', 'public.cache_invalidation_health', 'a73a53906bcb6d12'),
  ('view', 'public.pgspec_alerts', '3626645fbf47b003'),
  ('view', 'public.pgspec_switch_log', 'ba481a6ae5d4dbd0'),
  ('view', 'public.pgspec_switches', 'ad0d45f2d02ecf47')
) AS o (type, name, definition);
