-- pgspec clinic: everything that the specs describe
-- 1 schema, 4 tables, 26 functions, 5 views, 2 tables with row security, 3 policies, 11 triggers, 7 access lists, 2 tables' rights, 1 schema's users, 2 tables' expectations
-- from specs/rls.yaml

-- create schema pgspec
CREATE SCHEMA pgspec;
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, authenticated, service_role;

-- create use of schema pgspec
REVOKE ALL ON SCHEMA pgspec FROM PUBLIC, anon, authenticated, service_role;
GRANT USAGE ON SCHEMA pgspec TO anon;
GRANT USAGE ON SCHEMA pgspec TO authenticated;
GRANT USAGE ON SCHEMA pgspec TO service_role;

-- create table pgspec.alert_state
CREATE TABLE pgspec.alert_state (
  name text PRIMARY KEY,
  breached_since timestamptz,
  checked_at timestamptz NOT NULL
) WITH (fillfactor = 50);
REVOKE ALL ON TABLE pgspec.alert_state FROM PUBLIC, anon, authenticated, service_role;

-- create table pgspec.deployed_objects
CREATE TABLE pgspec.deployed_objects (
  type text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  fingerprint text NOT NULL,
  PRIMARY KEY (type, name)
);
REVOKE ALL ON TABLE pgspec.deployed_objects FROM PUBLIC, anon, authenticated, service_role;

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

-- create function pgspec.access_public_bookings(text)  [specs/rls.yaml:2]
CREATE FUNCTION pgspec.access_public_bookings(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
  -- own
  IF command = ANY (ARRAY['select', 'update', 'delete']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'own';
    restrictive := false;
    ok := ((SELECT pgspec.claim_uuid('sub')) IS NOT NULL OR (SELECT pgspec.claim('role')) = 'admin') IS TRUE;
    condition := 'vendor_id = (SELECT pgspec.claim_uuid(''sub'')) OR (SELECT pgspec.claim(''role'')) = ''admin''';
    RETURN NEXT;
  END IF;
  -- own
  IF command = ANY (ARRAY['insert']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'own';
    restrictive := false;
    ok := ((SELECT pgspec.claim_uuid('sub')) IS NOT NULL) IS TRUE;
    condition := 'vendor_id = (SELECT pgspec.claim_uuid(''sub'')) -- an admin books for nobody';
    RETURN NEXT;
  END IF;
  -- never_null
  IF command = ANY (ARRAY['update']) THEN
    policy := 'never_null';
    restrictive := true;
    ok := true;
    condition := 'note IS NOT NULL';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.access_public_bookings(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.access_public_bookings(text) TO anon, authenticated, service_role;

-- create function pgspec.access_public_secrets(text)  [specs/rls.yaml:30]
CREATE FUNCTION pgspec.access_public_secrets(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
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
END
$function$;
REVOKE ALL ON FUNCTION pgspec.access_public_secrets(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.access_public_secrets(text) TO anon, authenticated, service_role;

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

-- create function pgspec.guard_public_bookings(text)  [specs/rls.yaml:2]
CREATE FUNCTION pgspec.guard_public_bookings(command text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- Refuses a caller whom no policy can admit, before a row is read: what it says depends on the caller alone.
BEGIN
  IF NOT row_security_active('public.bookings'::regclass)
    OR current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = 'public.bookings'::regclass)
    OR (SELECT coalesce(bool_or(a.ok) FILTER (WHERE NOT a.restrictive), false)
        AND coalesce(bool_and(a.ok) FILTER (WHERE a.restrictive), true) FROM pgspec.access_public_bookings(command) AS a) THEN
    RETURN true;
  END IF;
  RAISE EXCEPTION '% on % is refused', upper(command), 'api.bookings' USING
    ERRCODE = 'insufficient_privilege',
    DETAIL = 'No policy admits this session, whatever the row.',
    HINT = 'SELECT * FROM public.explain_access(''bookings'', ' || quote_literal(command) || ') says what is missing';
END
$function$;
REVOKE ALL ON FUNCTION pgspec.guard_public_bookings(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.guard_public_bookings(text) TO anon, authenticated, service_role;

-- create function pgspec.guard_public_secrets(text)  [specs/rls.yaml:30]
CREATE FUNCTION pgspec.guard_public_secrets(command text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- Refuses a caller whom no policy can admit, before a row is read: what it says depends on the caller alone.
BEGIN
  IF NOT row_security_active('public.secrets'::regclass)
    OR current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = 'public.secrets'::regclass)
    OR (SELECT coalesce(bool_or(a.ok) FILTER (WHERE NOT a.restrictive), false)
        AND coalesce(bool_and(a.ok) FILTER (WHERE a.restrictive), true) FROM pgspec.access_public_secrets(command) AS a) THEN
    RETURN true;
  END IF;
  RAISE EXCEPTION '% on % is refused', upper(command), 'api."sec rets"' USING
    ERRCODE = 'insufficient_privilege',
    DETAIL = 'No policy admits this session, whatever the row.',
    HINT = 'role=admin? session present?';
END
$function$;
REVOKE ALL ON FUNCTION pgspec.guard_public_secrets(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.guard_public_secrets(text) TO anon, authenticated, service_role;

-- create function pgspec.guard_writes_public_bookings()  [specs/rls.yaml:2]
CREATE FUNCTION pgspec.guard_writes_public_bookings() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- Refuses a write, before it reads a row.  Others than those whom row security binds pass, and so do cascades of foreign
-- keys, which run as the owner.
BEGIN
  IF NOT row_security_active(TG_RELID)
    OR current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = TG_RELID) THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'TRUNCATE' THEN
    RAISE EXCEPTION 'TRUNCATE on % is refused', 'api.bookings' USING
      ERRCODE = 'insufficient_privilege',
      HINT = 'TRUNCATE asks no policy; DELETE does';
  END IF;
  PERFORM pgspec.guard_public_bookings(lower(TG_OP));
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.guard_writes_public_bookings() FROM PUBLIC, anon, authenticated, service_role;

-- create function pgspec.guard_writes_public_secrets()  [specs/rls.yaml:30]
CREATE FUNCTION pgspec.guard_writes_public_secrets() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- Refuses a write, before it reads a row.  Others than those whom row security binds pass, and so do cascades of foreign
-- keys, which run as the owner.
BEGIN
  IF NOT row_security_active(TG_RELID)
    OR current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = TG_RELID) THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'TRUNCATE' THEN
    RAISE EXCEPTION 'TRUNCATE on % is refused', 'api."sec rets"' USING
      ERRCODE = 'insufficient_privilege',
      HINT = 'TRUNCATE asks no policy; DELETE does';
  END IF;
  PERFORM pgspec.guard_public_secrets(lower(TG_OP));
  RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.guard_writes_public_secrets() FROM PUBLIC, anon, authenticated, service_role;

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
  IF switch IS NULL OR (switch <> ALL (ARRAY['harden public.bookings', 'harden public.secrets'])
    AND NOT EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = switch)) THEN
    RAISE EXCEPTION 'there is no switch %', coalesce(quote_literal(switch), 'NULL') USING
      ERRCODE = 'invalid_parameter_value', HINT = 'the switches are harden public.bookings, harden public.secrets';
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
    ('harden public.bookings', 'public.bookings', 'anon', ''),
    ('harden public.bookings', 'public.bookings', 'authenticated', 'DELETE, INSERT, SELECT, UPDATE'),
    ('harden public.bookings', 'api.bookings', 'anon', ''),
    ('harden public.bookings', 'api.bookings', 'authenticated', 'DELETE, INSERT, SELECT, UPDATE'),
    ('harden public.secrets', 'public.secrets', 'anon', ''),
    ('harden public.secrets', 'public.secrets', 'authenticated', 'SELECT'),
    ('harden public.secrets', 'api."sec rets"', 'anon', ''),
    ('harden public.secrets', 'api."sec rets"', 'authenticated', 'SELECT')
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
  IF target = ANY (ARRAY['bookings', 'public.bookings', 'api.bookings']) THEN
    relation := 'public.bookings'::regclass;
    advice := NULL;
  END IF;
  IF target = ANY (ARRAY['secrets', 'public.secrets', 'api."sec rets"']) THEN
    relation := 'public.secrets'::regclass;
    advice := 'role=admin? session present?';
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
  IF relation = 'public.bookings'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM pgspec.access_public_bookings(wanted) AS a LOOP
      admitted := admitted OR (found.ok AND NOT found.restrictive);
      narrowed := narrowed OR (found.restrictive AND NOT found.ok);
      RETURN QUERY SELECT 'policy ' || found.policy, found.ok, CASE WHEN NOT found.ok THEN 'needs ' || found.condition END;
    END LOOP;
  END IF;
  IF relation = 'public.secrets'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM pgspec.access_public_secrets(wanted) AS a LOOP
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

-- create view api."sec rets"  [specs/rls.yaml:33]
CREATE VIEW api."sec rets" WITH (security_invoker = true, security_barrier = true) AS
SELECT
  t.id,
  t.text
FROM public.secrets AS t
WHERE (SELECT pgspec.guard_public_secrets('select'));

-- create access to api."sec rets"  [specs/rls.yaml:33]
REVOKE ALL ON TABLE api."sec rets" FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE api."sec rets" TO authenticated;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE api."sec rets" TO service_role;

-- create view api.bookings  [specs/rls.yaml:5]
CREATE VIEW api.bookings WITH (security_invoker = true, security_barrier = true) AS
SELECT
  t.id,
  t.vendor_id,
  t.note,
  t.twice
FROM public.bookings AS t
WHERE (SELECT pgspec.guard_public_bookings('select'));

-- create access to api.bookings  [specs/rls.yaml:5]
REVOKE ALL ON TABLE api.bookings FROM PUBLIC, anon, authenticated, service_role;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE api.bookings TO authenticated;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE api.bookings TO service_role;

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
  ('harden public.bookings'),
  ('harden public.secrets')
) AS k (name)
FULL JOIN pgspec.thrown_switches AS s ON s.name = k.name;

-- create access to public.pgspec_switches
REVOKE ALL ON TABLE public.pgspec_switches FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.pgspec_switches TO service_role;

-- create row security on public.bookings  [specs/rls.yaml:2]
ALTER TABLE public.bookings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create row security on public.secrets  [specs/rls.yaml:30]
ALTER TABLE public.secrets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create policy admins_read ON public.secrets  [specs/rls.yaml:35]
CREATE POLICY admins_read ON public.secrets AS PERMISSIVE FOR SELECT TO authenticated
  USING ((SELECT pgspec.claim('role')) = 'admin');

-- create policy never_null ON public.bookings  [specs/rls.yaml:12]
CREATE POLICY never_null ON public.bookings AS RESTRICTIVE FOR UPDATE TO PUBLIC
  USING (note IS NOT NULL);

-- create policy own ON public.bookings  [specs/rls.yaml:7]
CREATE POLICY own ON public.bookings AS PERMISSIVE FOR ALL TO authenticated
  USING (vendor_id = (SELECT pgspec.claim_uuid('sub')) OR (SELECT pgspec.claim('role')) = 'admin')
  WITH CHECK (vendor_id = (SELECT pgspec.claim_uuid('sub')) -- an admin books for nobody
);

-- create trigger pgspec_guard_delete ON public.bookings  [specs/rls.yaml:2]
CREATE TRIGGER pgspec_guard_delete BEFORE DELETE ON public.bookings
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_bookings();

-- create trigger pgspec_guard_delete ON public.secrets  [specs/rls.yaml:30]
CREATE TRIGGER pgspec_guard_delete BEFORE DELETE ON public.secrets
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_secrets();

-- create trigger pgspec_guard_insert ON public.bookings  [specs/rls.yaml:2]
CREATE TRIGGER pgspec_guard_insert BEFORE INSERT ON public.bookings
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_bookings();

-- create trigger pgspec_guard_insert ON public.secrets  [specs/rls.yaml:30]
CREATE TRIGGER pgspec_guard_insert BEFORE INSERT ON public.secrets
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_secrets();

-- create trigger pgspec_guard_truncate ON public.bookings  [specs/rls.yaml:2]
CREATE TRIGGER pgspec_guard_truncate BEFORE TRUNCATE ON public.bookings
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_bookings();

-- create trigger pgspec_guard_truncate ON public.secrets  [specs/rls.yaml:30]
CREATE TRIGGER pgspec_guard_truncate BEFORE TRUNCATE ON public.secrets
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_secrets();

-- create trigger pgspec_guard_update ON public.bookings  [specs/rls.yaml:2]
CREATE TRIGGER pgspec_guard_update BEFORE UPDATE ON public.bookings
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_bookings();

-- create trigger pgspec_guard_update ON public.secrets  [specs/rls.yaml:30]
CREATE TRIGGER pgspec_guard_update BEFORE UPDATE ON public.secrets
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.guard_writes_public_secrets();

-- create trigger pgspec_switch_log_guard_delete ON pgspec.switch_log
CREATE TRIGGER pgspec_switch_log_guard_delete BEFORE DELETE ON pgspec.switch_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.switch_log_guard();

-- create trigger pgspec_switch_log_guard_truncate ON pgspec.switch_log
CREATE TRIGGER pgspec_switch_log_guard_truncate BEFORE TRUNCATE ON pgspec.switch_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.switch_log_guard();

-- create trigger pgspec_switch_log_guard_update ON pgspec.switch_log
CREATE TRIGGER pgspec_switch_log_guard_update BEFORE UPDATE ON pgspec.switch_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.switch_log_guard();

-- create rights on public.bookings  [specs/rls.yaml:2]
REVOKE ALL ON TABLE public.bookings FROM PUBLIC, anon, authenticated;
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE public.bookings TO authenticated;

-- create rights on public.secrets  [specs/rls.yaml:30]
REVOKE ALL ON TABLE public.secrets FROM PUBLIC, anon, authenticated;
GRANT SELECT ON TABLE public.secrets TO authenticated;

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec.access_public_bookings(text)', '3744294938022e95'),
  ('function', 'pgspec.access_public_secrets(text)', '736aab4079ae9507'),
  ('function', 'pgspec.alert_values()', 'd1161bddf44db349'),
  ('function', 'pgspec.api_side()', 'cf12adb47f62537f'),
  ('function', 'pgspec.claim(text)', '3fe0d6a7998416ce'),
  ('function', 'pgspec.claim_bigint(text)', '7e253470e350b2fd'),
  ('function', 'pgspec.claim_uuid(text)', '8b9990e017d6fa17'),
  ('function', 'pgspec.closed_by(text)', '5a33e6b879761b2f'),
  ('function', 'pgspec.fingerprint(text, text)', '019b7fb2cf123c8e'),
  ('function', 'pgspec.guard_public_bookings(text)', '3cc098e786e69edb'),
  ('function', 'pgspec.guard_public_secrets(text)', '5ca02e57d1c1a38d'),
  ('function', 'pgspec.guard_writes_public_bookings()', 'd68975de1e634bfa'),
  ('function', 'pgspec.guard_writes_public_secrets()', '1fdd09027a428e70'),
  ('function', 'pgspec.harden(text)', '934eaae5ae3b772b'),
  ('function', 'pgspec.log_switch(text, boolean, text)', '6dec32cc9a95e776'),
  ('function', 'pgspec.may_switch(text, text)', '4b05e2dd5ae5b614'),
  ('function', 'pgspec.relation_grants(regclass)', 'd68c4bbef17335bc'),
  ('function', 'pgspec.relax(text)', 'd8de97eb3af694f2'),
  ('function', 'pgspec.switch_log_guard()', 'e3582d5e8cbced43'),
  ('function', 'pgspec.switch_targets()', 'da3ef6ffb7be3d76'),
  ('function', 'public.access_left(text)', '99d143137e471831'),
  ('function', 'public.evaluate_alerts()', '8e9526d29f515906'),
  ('function', 'public.explain_access(text, text)', '9e2fad140c4c9b1e'),
  ('function', 'public.reset_switch(text, text, integer)', '183fd7e90ab89195'),
  ('function', 'public.throw_switch(text, text)', 'f10b07ee298d5484'),
  ('function', 'public.verify_migration_success()', 'c9cd014df0b919c9'),
  ('policy', 'admins_read ON public.secrets', '679530b12fef4456'),
  ('policy', 'never_null ON public.bookings', 'f1966fb50e08ce5f'),
  ('policy', 'own ON public.bookings', '0f3b595f848c1254'),
  ('row_security', 'public.bookings', 'dbe2a3bb40ea8461'),
  ('row_security', 'public.secrets', '9f4b6578bcfd5fbd'),
  ('table', 'pgspec.alert_state', '0d6fcdeed9392a85'),
  ('table', 'pgspec.deployed_objects', 'e12627b13b639ac9'),
  ('table', 'pgspec.switch_log', '4085dbd0c3900c39'),
  ('table', 'pgspec.thrown_switches', '12931edc53b27321'),
  ('trigger', 'pgspec_guard_delete ON public.bookings', '777eb55315ab1fd5'),
  ('trigger', 'pgspec_guard_delete ON public.secrets', 'c9ea3b9413aa9eef'),
  ('trigger', 'pgspec_guard_insert ON public.bookings', '7fd810eaebae8776'),
  ('trigger', 'pgspec_guard_insert ON public.secrets', '9e15d826dec1a258'),
  ('trigger', 'pgspec_guard_truncate ON public.bookings', '89c673f2003ef258'),
  ('trigger', 'pgspec_guard_truncate ON public.secrets', '12ecb76a8e2ef479'),
  ('trigger', 'pgspec_guard_update ON public.bookings', 'aedd18a79ac548f3'),
  ('trigger', 'pgspec_guard_update ON public.secrets', '2f57dc57fe56fdb7'),
  ('trigger', 'pgspec_switch_log_guard_delete ON pgspec.switch_log', 'f3a0e9d9e832543c'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON pgspec.switch_log', '6e0f576c6a956253'),
  ('trigger', 'pgspec_switch_log_guard_update ON pgspec.switch_log', '6326de6d31525e23'),
  ('view', 'api."sec rets"', '273a3f9286a38cb0'),
  ('view', 'api.bookings', '5e3bc02200ca21b9'),
  ('view', 'public.pgspec_alerts', '3626645fbf47b003'),
  ('view', 'public.pgspec_switch_log', 'ba481a6ae5d4dbd0'),
  ('view', 'public.pgspec_switches', '8102d1ebaf6c84da')
) AS o (type, name, definition);
