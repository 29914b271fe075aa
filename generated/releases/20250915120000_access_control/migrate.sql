-- pgspec migrate: marketplace, 20250915120000_access_control, after 20250901083000_cache_invalidation
-- create 1 table, 22 functions, 2 views, 4 tables with row security, 14 policies, 11 triggers, 2 indexes, 2 comments, 3 access lists, 3 tables' rights, 1 schema's users, 4 tables' expectations, 1 check of rows read; change 22 functions
-- from specs/access/audit.yaml, specs/access/bookings.yaml, specs/access/profiles.yaml, specs/access/services.yaml, specs/cache/locations.yaml, specs/cache/services.yaml, specs/cache/specialties.yaml, specs/cache/vendors.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

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

-- change function pgspec.cache_delete_public_locations()  [specs/cache/locations.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_delete_public_locations() RETURNS trigger
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

-- change function pgspec.cache_delete_public_profiles()  [specs/cache/vendors.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_delete_public_profiles() RETURNS trigger
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

-- change function pgspec.cache_delete_public_services()  [specs/cache/services.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_delete_public_services() RETURNS trigger
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

-- change function pgspec.cache_delete_public_specialties()  [specs/cache/specialties.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_delete_public_specialties() RETURNS trigger
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

-- change function pgspec.cache_insert_public_locations()  [specs/cache/locations.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_insert_public_locations() RETURNS trigger
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

-- change function pgspec.cache_insert_public_profiles()  [specs/cache/vendors.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_insert_public_profiles() RETURNS trigger
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

-- change function pgspec.cache_insert_public_services()  [specs/cache/services.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_insert_public_services() RETURNS trigger
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

-- change function pgspec.cache_insert_public_specialties()  [specs/cache/specialties.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_insert_public_specialties() RETURNS trigger
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

-- change function pgspec.cache_truncate_public_locations()  [specs/cache/locations.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_truncate_public_locations() RETURNS trigger
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

-- change function pgspec.cache_truncate_public_profiles()  [specs/cache/vendors.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_truncate_public_profiles() RETURNS trigger
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

-- change function pgspec.cache_truncate_public_services()  [specs/cache/services.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_truncate_public_services() RETURNS trigger
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

-- change function pgspec.cache_truncate_public_specialties()  [specs/cache/specialties.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_truncate_public_specialties() RETURNS trigger
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

-- change function pgspec.cache_update_public_locations()  [specs/cache/locations.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_update_public_locations() RETURNS trigger
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

-- change function pgspec.cache_update_public_profiles()  [specs/cache/vendors.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_update_public_profiles() RETURNS trigger
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

-- change function pgspec.cache_update_public_services()  [specs/cache/services.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_update_public_services() RETURNS trigger
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

-- change function pgspec.cache_update_public_specialties()  [specs/cache/specialties.yaml:2]
CREATE OR REPLACE FUNCTION pgspec.cache_update_public_specialties() RETURNS trigger
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

-- change function public.ack_cache_invalidations(uuid, bigint[])
CREATE OR REPLACE FUNCTION public.ack_cache_invalidations(token uuid, ids bigint[]) RETURNS integer
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

-- change function public.drain_cache_invalidation_queue(integer, integer)
CREATE OR REPLACE FUNCTION public.drain_cache_invalidation_queue(batch_size integer DEFAULT 100, max_seconds integer DEFAULT 60) RETURNS integer
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

-- change function public.enqueue_cache_invalidation(text, integer)
CREATE OR REPLACE FUNCTION public.enqueue_cache_invalidation(tag text, window_minutes integer DEFAULT 1) RETURNS void
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

-- change function public.fail_cache_invalidations(uuid, bigint[], text)
CREATE OR REPLACE FUNCTION public.fail_cache_invalidations(token uuid, ids bigint[], error text) RETURNS integer
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
