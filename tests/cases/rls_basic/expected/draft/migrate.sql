-- pgspec migrate: clinic, draft, after an empty start
-- create 1 schema, 4 tables, 24 functions, 3 views, 2 tables with row security, 5 policies, 3 triggers, 5 access lists, 2 tables' rights, 1 schema's users, 2 tables' expectations
-- from specs/rls.yaml

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

-- create function pgspec."admits_public_profiles_own row"()  [specs/rls.yaml:2]
CREATE FUNCTION pgspec."admits_public_profiles_own row"() RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN ((SELECT auth.uid()) IS NOT NULL) IS TRUE;
REVOKE ALL ON FUNCTION pgspec."admits_public_profiles_own row"() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec."admits_public_profiles_own row"() TO anon, authenticated, service_role;

-- create function pgspec.access_public_admin_audit_log(text)  [specs/rls.yaml:16]
CREATE FUNCTION pgspec.access_public_admin_audit_log(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
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
    ok := ((SELECT pgspec.claim('app_metadata.role')) = 'admin') IS TRUE;
    condition := '(SELECT pgspec.claim(''app_metadata.role'')) = ''admin''  -- who may read it at all';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.access_public_admin_audit_log(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.access_public_admin_audit_log(text) TO anon, authenticated, service_role;

-- create function pgspec.admits_public_profiles_own_update()  [specs/rls.yaml:2]
CREATE FUNCTION pgspec.admits_public_profiles_own_update() RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN ((SELECT auth.uid()) IS NOT NULL) IS TRUE;
REVOKE ALL ON FUNCTION pgspec.admits_public_profiles_own_update() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.admits_public_profiles_own_update() TO anon, authenticated, service_role;

-- create function pgspec.access_public_profiles(text)  [specs/rls.yaml:2]
CREATE FUNCTION pgspec.access_public_profiles(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
  -- published
  IF command = ANY (ARRAY['select']) AND (pg_has_role('anon', 'USAGE') OR pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'published';
    restrictive := false;
    ok := true;
    condition := 'published';
    RETURN NEXT;
  END IF;
  -- own row
  IF command = ANY (ARRAY['select']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'own row';
    restrictive := false;
    ok := pgspec."admits_public_profiles_own row"();
    condition := 'id = (SELECT auth.uid())';
    RETURN NEXT;
  END IF;
  -- own_update
  IF command = ANY (ARRAY['update']) AND (pg_has_role('authenticated', 'USAGE')) THEN
    policy := 'own_update';
    restrictive := false;
    ok := pgspec.admits_public_profiles_own_update();
    condition := 'id = (SELECT auth.uid())';
    RETURN NEXT;
  END IF;
  -- no_promotion
  IF command = ANY (ARRAY['update']) THEN
    policy := 'no_promotion';
    restrictive := true;
    ok := true;
    condition := 'true';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION pgspec.access_public_profiles(text) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION pgspec.access_public_profiles(text) TO anon, authenticated, service_role;

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
  IF switch IS NULL OR (switch <> ALL (ARRAY['harden public.admin_audit_log', 'harden public.profiles'])
    AND NOT EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = switch)) THEN
    RAISE EXCEPTION 'there is no switch %', coalesce(quote_literal(switch), 'NULL') USING
      ERRCODE = 'invalid_parameter_value', HINT = 'the switches are harden public.admin_audit_log, harden public.profiles';
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
    ('harden public.admin_audit_log', 'public.admin_audit_log', 'anon', ''),
    ('harden public.admin_audit_log', 'public.admin_audit_log', 'authenticated', 'SELECT'),
    ('harden public.profiles', 'public.profiles', 'anon', 'SELECT'),
    ('harden public.profiles', 'public.profiles', 'authenticated', 'SELECT, UPDATE')
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
  IF target = ANY (ARRAY['admin_audit_log', 'public.admin_audit_log']) THEN
    relation := 'public.admin_audit_log'::regclass;
    advice := NULL;
  END IF;
  IF target = ANY (ARRAY['profiles', 'public.profiles']) THEN
    relation := 'public.profiles'::regclass;
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
  IF relation = 'public.admin_audit_log'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM pgspec.access_public_admin_audit_log(wanted) AS a LOOP
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
  ('harden public.admin_audit_log'),
  ('harden public.profiles')
) AS k (name)
FULL JOIN pgspec.thrown_switches AS s ON s.name = k.name;

-- create access to public.pgspec_switches
REVOKE ALL ON TABLE public.pgspec_switches FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.pgspec_switches TO service_role;

-- create row security on public.admin_audit_log  [specs/rls.yaml:16]
ALTER TABLE public.admin_audit_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create row security on public.profiles  [specs/rls.yaml:2]
ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create policy "own row" ON public.profiles  [specs/rls.yaml:6]
CREATE POLICY "own row" ON public.profiles AS PERMISSIVE FOR SELECT TO authenticated
  USING (id = (SELECT auth.uid()));

-- create policy admins_read ON public.admin_audit_log  [specs/rls.yaml:18]
CREATE POLICY admins_read ON public.admin_audit_log AS PERMISSIVE FOR SELECT TO authenticated
  USING ((SELECT pgspec.claim('app_metadata.role')) = 'admin'  -- who may read it at all
);

-- create policy no_promotion ON public.profiles  [specs/rls.yaml:8]
CREATE POLICY no_promotion ON public.profiles AS RESTRICTIVE FOR UPDATE TO PUBLIC
  USING (true)
  WITH CHECK (role <> 'admin' OR (SELECT pgspec.claim('app_metadata.role')) = 'admin');

-- create policy own_update ON public.profiles  [specs/rls.yaml:7]
CREATE POLICY own_update ON public.profiles AS PERMISSIVE FOR UPDATE TO authenticated
  USING (id = (SELECT auth.uid()))
  WITH CHECK (id = (SELECT auth.uid()));

-- create policy published ON public.profiles  [specs/rls.yaml:5]
CREATE POLICY published ON public.profiles AS PERMISSIVE FOR SELECT TO anon, authenticated
  USING (published);

-- create trigger pgspec_switch_log_guard_delete ON pgspec.switch_log
CREATE TRIGGER pgspec_switch_log_guard_delete BEFORE DELETE ON pgspec.switch_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.switch_log_guard();

-- create trigger pgspec_switch_log_guard_truncate ON pgspec.switch_log
CREATE TRIGGER pgspec_switch_log_guard_truncate BEFORE TRUNCATE ON pgspec.switch_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.switch_log_guard();

-- create trigger pgspec_switch_log_guard_update ON pgspec.switch_log
CREATE TRIGGER pgspec_switch_log_guard_update BEFORE UPDATE ON pgspec.switch_log
FOR EACH STATEMENT EXECUTE FUNCTION pgspec.switch_log_guard();

-- create rights on public.admin_audit_log  [specs/rls.yaml:16]
REVOKE ALL ON TABLE public.admin_audit_log FROM PUBLIC, anon, authenticated;
GRANT SELECT ON TABLE public.admin_audit_log TO authenticated;

-- create rights on public.profiles  [specs/rls.yaml:2]
REVOKE ALL ON TABLE public.profiles FROM PUBLIC, anon, authenticated;
GRANT SELECT ON TABLE public.profiles TO anon;
GRANT SELECT, UPDATE ON TABLE public.profiles TO authenticated;

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO pgspec.deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, pgspec.fingerprint(o.type, o.name)
FROM (VALUES
  ('function', 'pgspec."admits_public_profiles_own row"()', '226ca067b4396286'),
  ('function', 'pgspec.access_public_admin_audit_log(text)', '4702ef600fc30aff'),
  ('function', 'pgspec.access_public_profiles(text)', 'fc732176ab138c18'),
  ('function', 'pgspec.admits_public_profiles_own_update()', 'acafe3b691a76612'),
  ('function', 'pgspec.alert_values()', 'd1161bddf44db349'),
  ('function', 'pgspec.api_side()', 'cf12adb47f62537f'),
  ('function', 'pgspec.claim(text)', '3fe0d6a7998416ce'),
  ('function', 'pgspec.claim_bigint(text)', '7e253470e350b2fd'),
  ('function', 'pgspec.claim_uuid(text)', '8b9990e017d6fa17'),
  ('function', 'pgspec.closed_by(text)', '5a33e6b879761b2f'),
  ('function', 'pgspec.fingerprint(text, text)', '019b7fb2cf123c8e'),
  ('function', 'pgspec.harden(text)', '934eaae5ae3b772b'),
  ('function', 'pgspec.log_switch(text, boolean, text)', '6dec32cc9a95e776'),
  ('function', 'pgspec.may_switch(text, text)', '53ee258f817d1bda'),
  ('function', 'pgspec.relation_grants(regclass)', 'd68c4bbef17335bc'),
  ('function', 'pgspec.relax(text)', 'd8de97eb3af694f2'),
  ('function', 'pgspec.switch_log_guard()', 'e3582d5e8cbced43'),
  ('function', 'pgspec.switch_targets()', '8e575d48e8aae36b'),
  ('function', 'public.access_left(text)', '99d143137e471831'),
  ('function', 'public.evaluate_alerts()', '8e9526d29f515906'),
  ('function', 'public.explain_access(text, text)', '5cd598abef25c641'),
  ('function', 'public.reset_switch(text, text, integer)', '183fd7e90ab89195'),
  ('function', 'public.throw_switch(text, text)', 'f10b07ee298d5484'),
  ('function', 'public.verify_migration_success()', 'c9cd014df0b919c9'),
  ('policy', '"own row" ON public.profiles', '9a4403606b5fc465'),
  ('policy', 'admins_read ON public.admin_audit_log', 'f3e3c7384c9a0d38'),
  ('policy', 'no_promotion ON public.profiles', '91c8239c53ff780a'),
  ('policy', 'own_update ON public.profiles', 'fecdeae8aaaa570e'),
  ('policy', 'published ON public.profiles', '55471e5fb5a16a1d'),
  ('row_security', 'public.admin_audit_log', 'b095f7d4849c2b64'),
  ('row_security', 'public.profiles', '61c752a39d1ca6e3'),
  ('table', 'pgspec.alert_state', '0d6fcdeed9392a85'),
  ('table', 'pgspec.deployed_objects', 'e12627b13b639ac9'),
  ('table', 'pgspec.switch_log', '4085dbd0c3900c39'),
  ('table', 'pgspec.thrown_switches', '12931edc53b27321'),
  ('trigger', 'pgspec_switch_log_guard_delete ON pgspec.switch_log', 'f3a0e9d9e832543c'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON pgspec.switch_log', '6e0f576c6a956253'),
  ('trigger', 'pgspec_switch_log_guard_update ON pgspec.switch_log', '6326de6d31525e23'),
  ('view', 'public.pgspec_alerts', '3626645fbf47b003'),
  ('view', 'public.pgspec_switch_log', 'ba481a6ae5d4dbd0'),
  ('view', 'public.pgspec_switches', '181c713f62285d7d')
) AS o (type, name, definition)
ON CONFLICT (type, name) DO UPDATE SET definition = EXCLUDED.definition, fingerprint = EXCLUDED.fingerprint;
END
$pgspec$;

RESET statement_timeout;
