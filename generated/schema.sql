-- pgspec marketplace: everything that the specs describe
-- 1 schema, 5 tables, 57 functions, 3 views, 4 tables with row security, 14 policies, 7 materialized views, 27 triggers, 21 indexes, 9 comments, 14 access lists, 3 tables' rights, 1 schema's users, 4 tables' expectations, 1 check of rows read
-- from specs/access/audit.yaml, specs/access/bookings.yaml, specs/access/profiles.yaml, specs/access/services.yaml, specs/cache/locations.yaml, specs/cache/services.yaml, specs/cache/specialties.yaml, specs/cache/vendors.yaml and 7 more

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
  SELECT count(*)::integer, array_agg(d.tag), max(d.closed_at) INTO number, tags, began FROM done AS d;
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
) AS o (type, name, definition);
