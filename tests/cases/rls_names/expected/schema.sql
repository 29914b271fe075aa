-- pgspec names: everything that the specs describe
-- 1 schema, 4 tables, 22 functions, 3 views, 2 tables with row security, 1 policy, 3 triggers, 5 access lists, 2 tables' rights, 1 schema's users, 2 tables' expectations
-- from specs/guards.yaml

-- create schema Own-Int
CREATE SCHEMA "Own-Int";
REVOKE ALL ON SCHEMA "Own-Int" FROM PUBLIC, "Anon x", xjob;

-- create use of schema Own-Int
REVOKE ALL ON SCHEMA "Own-Int" FROM PUBLIC, "Anon x", xjob;
GRANT USAGE ON SCHEMA "Own-Int" TO "Anon x";
GRANT USAGE ON SCHEMA "Own-Int" TO xjob;

-- create table "Own-Int".alert_state
CREATE TABLE "Own-Int".alert_state (
  name text PRIMARY KEY,
  breached_since timestamptz,
  checked_at timestamptz NOT NULL
) WITH (fillfactor = 50);
REVOKE ALL ON TABLE "Own-Int".alert_state FROM PUBLIC, "Anon x", xjob;

-- create table "Own-Int".deployed_objects
CREATE TABLE "Own-Int".deployed_objects (
  type text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  fingerprint text NOT NULL,
  PRIMARY KEY (type, name)
);
REVOKE ALL ON TABLE "Own-Int".deployed_objects FROM PUBLIC, "Anon x", xjob;

-- create table "Own-Int".switch_log
CREATE TABLE "Own-Int".switch_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  name text NOT NULL,
  thrown boolean NOT NULL,
  db_role text NOT NULL,
  session_role text NOT NULL,
  application text,
  why text NOT NULL
);
REVOKE ALL ON TABLE "Own-Int".switch_log FROM PUBLIC, "Anon x", xjob;
DO $close$
BEGIN
  EXECUTE 'REVOKE ALL ON SEQUENCE ' || pg_catalog.pg_get_serial_sequence('"Own-Int".switch_log', 'id') || ' FROM PUBLIC, "Anon x", xjob';
END
$close$;

-- create access to "Own-Int".switch_log
REVOKE ALL ON TABLE "Own-Int".switch_log FROM PUBLIC, "Anon x", xjob;

-- create table "Own-Int".thrown_switches
CREATE TABLE "Own-Int".thrown_switches (
  name text PRIMARY KEY,
  thrown_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  thrown_by text NOT NULL,
  why text NOT NULL,
  state jsonb
);
REVOKE ALL ON TABLE "Own-Int".thrown_switches FROM PUBLIC, "Anon x", xjob;

-- create access to "Own-Int".thrown_switches
REVOKE ALL ON TABLE "Own-Int".thrown_switches FROM PUBLIC, "Anon x", xjob;

-- create function "Own-Int".alert_values()
CREATE FUNCTION "Own-Int".alert_values() RETURNS TABLE (name text, severity text, value double precision, threshold double precision, breached boolean, pending interval, detail text, runbook text, problem text)
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
FROM "Own-Int".alert_state AS s
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
FROM "Own-Int".thrown_switches AS s
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
REVOKE ALL ON FUNCTION "Own-Int".alert_values() FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION "Own-Int".alert_values() TO xjob;

-- create function "Own-Int".api_side()
CREATE FUNCTION "Own-Int".api_side() RETURNS SETOF oid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- The API roles, and every role whose rights they can use or take on.
  WITH RECURSIVE side (oid) AS (
    SELECT r.oid FROM pg_roles AS r WHERE r.rolname = ANY (ARRAY['Anon x'])
    UNION SELECT m.roleid FROM side JOIN pg_auth_members AS m ON m.member = side.oid)
  SELECT s.oid FROM side AS s
$function$;
REVOKE ALL ON FUNCTION "Own-Int".api_side() FROM PUBLIC, "Anon x", xjob;

-- create function "Own-Int".claim(text)
CREATE FUNCTION "Own-Int".claim(name text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  raw text := nullif(pg_catalog.current_setting('my.claims', true), '');
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
REVOKE ALL ON FUNCTION "Own-Int".claim(text) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION "Own-Int".claim(text) TO "Anon x", xjob;

-- create function "Own-Int".claim_bigint(text)
CREATE FUNCTION "Own-Int".claim_bigint(name text) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  value text := "Own-Int".claim(name);
BEGIN
  RETURN CASE WHEN value ~ '^-?[0-9]{1,19}$' THEN
    CASE WHEN value::pg_catalog.numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN value::bigint END
  END;
END
$function$;
REVOKE ALL ON FUNCTION "Own-Int".claim_bigint(text) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION "Own-Int".claim_bigint(text) TO "Anon x", xjob;

-- create function "Own-Int".claim_uuid(text)
CREATE FUNCTION "Own-Int".claim_uuid(name text) RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
DECLARE
  value text := "Own-Int".claim(name);
BEGIN
  RETURN CASE WHEN value ~* '^([0-9a-f]{4}-?){7}[0-9a-f]{4}$' THEN value::pg_catalog.uuid END;
END
$function$;
REVOKE ALL ON FUNCTION "Own-Int".claim_uuid(text) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION "Own-Int".claim_uuid(text) TO "Anon x", xjob;

-- create function "Own-Int"."access_App_Big Table"(text)  [specs/guards.yaml:2]
CREATE FUNCTION "Own-Int"."access_App_Big Table"(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
  -- sel " ON $pgspec$ 'x
  IF command = ANY (ARRAY['select', 'insert', 'update', 'delete']) THEN
    policy := 'sel " ON $pgspec$ ''x';
    restrictive := false;
    ok := ((SELECT "Own-Int".claim('sub')) IS NOT NULL) IS TRUE;
    condition := E'"Id"::text = (SELECT "Own-Int".claim(''sub'')) /* $pgspec$ */ AND "group" = E''it''''s \\\\'' AND "Big Table"."Id" <> 5 -- x';
    RETURN NEXT;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION "Own-Int"."access_App_Big Table"(text) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION "Own-Int"."access_App_Big Table"(text) TO "Anon x", xjob;

-- create function "Own-Int".access_public_locked(text)  [specs/guards.yaml:11]
CREATE FUNCTION "Own-Int".access_public_locked(command text) RETURNS TABLE (policy text, restrictive boolean, ok boolean, condition text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $function$
-- The policies that the caller's query would ask, and whether the session alone already fails them.  No row is read.
BEGIN
END
$function$;
REVOKE ALL ON FUNCTION "Own-Int".access_public_locked(text) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION "Own-Int".access_public_locked(text) TO "Anon x", xjob;

-- create function "Own-Int".fingerprint(text, text)
CREATE FUNCTION "Own-Int".fingerprint(type text, name text) RETURNS text
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
REVOKE ALL ON FUNCTION "Own-Int".fingerprint(text, text) FROM PUBLIC, "Anon x", xjob;

-- create function "Own-Int".harden(text)
CREATE FUNCTION "Own-Int".harden(switch text) RETURNS text
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
  FOR closed IN SELECT c FROM "Own-Int".closed_by(switch) AS c ORDER BY c::text LOOP
    before := (SELECT coalesce(jsonb_agg(jsonb_build_object('relation', closed::text, 'role', g.role, 'privilege', g.privilege, 'part', g.part, 'grantable', g.grantable)), '[]') FROM "Own-Int".relation_grants(closed) AS g);
    BEGIN
      FOR grantee IN
        SELECT DISTINCT g.role FROM "Own-Int".relation_grants(closed) AS g
        WHERE g.role IS NULL OR to_regrole(quote_ident(g.role)) IN (SELECT a FROM "Own-Int".api_side() AS a)
          AND g.role <> ALL (ARRAY['xjob']::text[]) LOOP
        EXECUTE format('REVOKE ALL ON TABLE %s FROM %s CASCADE', closed, coalesce(quote_ident(grantee), 'PUBLIC'));
      END LOOP;
    EXCEPTION WHEN insufficient_privilege THEN
      NULL;  -- a view of somebody else: it is among what is left
    END;
    taken := taken || (SELECT coalesce(jsonb_agg(b.entry), '[]') FROM jsonb_array_elements(before) AS b (entry)
      WHERE NOT (SELECT coalesce(jsonb_agg(jsonb_build_object('relation', closed::text, 'role', g.role, 'privilege', g.privilege, 'part', g.part, 'grantable', g.grantable)), '[]') FROM "Own-Int".relation_grants(closed) AS g) @> jsonb_build_array(b.entry) AND NOT (
        coalesce(b.entry ->> 'role' = ANY (ARRAY['Anon x']), true)
        AND EXISTS (SELECT FROM "Own-Int".switch_targets() AS t WHERE to_regclass(t.relation) = closed)));
    effect := concat_ws(', ', effect, closed);
  END LOOP;
  UPDATE "Own-Int".thrown_switches AS s SET state = coalesce(s.state, '[]') || taken WHERE s.name = switch;
  effect := 'closed to API roles: ' || effect;
  SELECT string_agg(format('%s %s on %s', l.role, l.privilege, l.relation), ', ') INTO more
  FROM public.access_left(switch) AS l;
  IF more IS NOT NULL THEN
    effect := effect || E'\nSTILL OPEN: ' || more;
    RAISE WARNING '%: API roles still have access: %', switch, more;
  END IF;
  SELECT string_agg(DISTINCT m.oid::regclass::text, ', ') INTO more
  FROM "Own-Int".closed_by(switch) AS c (relation)
  JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.relation AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite AS r ON r.oid = d.objid JOIN pg_class AS m ON m.oid = r.ev_class AND m.relkind = 'm'
  JOIN "Own-Int".api_side() AS a (oid) ON has_any_column_privilege(a.oid, m.oid, 'SELECT')
  WHERE m.oid <> c.relation;
  effect := effect || coalesce(E'\ncopies that API roles can read: ' || more, '');
  SELECT string_agg(DISTINCT l.pid::text, ', ') INTO more
  FROM pg_locks AS l
  WHERE l.locktype = 'relation' AND l.relation IN (SELECT c FROM "Own-Int".closed_by(switch) AS c)
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()) AND l.pid <> pg_backend_pid();
  RETURN effect || coalesce(E'\nopen transactions that have used it, which may use it until they end: pid ' || more, '');
END
$function$;
REVOKE ALL ON FUNCTION "Own-Int".harden(text) FROM PUBLIC, "Anon x", xjob;

-- create function "Own-Int".log_switch(text, boolean, text)
CREATE FUNCTION "Own-Int".log_switch(switch text, thrown boolean, why text) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
  INSERT INTO "Own-Int".switch_log (name, thrown, db_role, session_role, application, why)
  VALUES (switch, thrown, coalesce(nullif(current_setting('role', true), 'none'), session_user), session_user,
    nullif(current_setting('application_name', true), ''), why)
$function$;
REVOKE ALL ON FUNCTION "Own-Int".log_switch(text, boolean, text) FROM PUBLIC, "Anon x", xjob;

-- create function "Own-Int".may_switch(text, text)
CREATE FUNCTION "Own-Int".may_switch(switch text, why text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Refuses what cannot be meant: a switch that is not there, or no reason.
BEGIN
  IF switch IS NULL OR (switch <> ALL (ARRAY['harden "App"."Big Table"', 'harden public.locked'])
    AND NOT EXISTS (SELECT FROM "Own-Int".thrown_switches AS s WHERE s.name = switch)) THEN
    RAISE EXCEPTION 'there is no switch %', coalesce(quote_literal(switch), 'NULL') USING
      ERRCODE = 'invalid_parameter_value', HINT = 'the switches are harden "App"."Big Table", harden public.locked';
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
REVOKE ALL ON FUNCTION "Own-Int".may_switch(text, text) FROM PUBLIC, "Anon x", xjob;

-- create function "Own-Int".relation_grants(regclass)
CREATE FUNCTION "Own-Int".relation_grants(relation regclass) RETURNS TABLE (role text, privilege text, part text, grantable boolean)
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
REVOKE ALL ON FUNCTION "Own-Int".relation_grants(regclass) FROM PUBLIC, "Anon x", xjob;

-- create function "Own-Int".relax(text)
CREATE FUNCTION "Own-Int".relax(switch text) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- Gives back what the specs say, and to others what the switch took; what another switch closes stays closed.
DECLARE
  held oid[];
  place regclass;
  entry record;
BEGIN
  held := ARRAY(SELECT c::oid FROM "Own-Int".thrown_switches AS s CROSS JOIN LATERAL "Own-Int".closed_by(s.name) AS c
    WHERE s.name LIKE 'harden %' AND s.name <> relax.switch);
  FOR entry IN
    SELECT e.value, e.value ->> 'relation' AS relation, e.value ->> 'role' AS role, e.value ->> 'privilege' AS privilege,
      e.value ->> 'part' AS part, (e.value ->> 'grantable')::boolean AS grantable
    FROM "Own-Int".thrown_switches AS s CROSS JOIN LATERAL jsonb_array_elements(s.state) AS e WHERE s.name = relax.switch LOOP
    place := to_regclass(entry.relation);
    IF place::oid = ANY (held) THEN
      UPDATE "Own-Int".thrown_switches AS s SET state = s.state || jsonb_build_array(entry.value)
      WHERE s.name = (SELECT o.name FROM "Own-Int".thrown_switches AS o
        WHERE o.name LIKE 'harden %' AND o.name <> relax.switch AND place IN (SELECT c FROM "Own-Int".closed_by(o.name) AS c)
        ORDER BY o.name LIMIT 1);
    ELSIF place IS NOT NULL AND (entry.role IS NULL OR to_regrole(quote_ident(entry.role)) IS NOT NULL) AND NOT (
      (entry.role IS NULL OR entry.role = ANY (ARRAY['Anon x']))
      AND EXISTS (SELECT FROM "Own-Int".switch_targets() AS t WHERE to_regclass(t.relation) = place)) THEN
      EXECUTE format('GRANT %s%s ON TABLE %s TO %s%s', entry.privilege, ' (' || entry.part || ')', place,
        coalesce(quote_ident(entry.role), 'PUBLIC'), CASE WHEN entry.grantable THEN ' WITH GRANT OPTION' END);
    END IF;
  END LOOP;
  FOR entry IN
    SELECT DISTINCT t.relation, t.role, t.privileges
    FROM "Own-Int".switch_targets() AS t JOIN "Own-Int".closed_by(relax.switch) AS c ON to_regclass(t.relation) = c
    WHERE t.privileges <> '' AND c::oid <> ALL (held) AND EXISTS (SELECT FROM "Own-Int".thrown_switches AS s WHERE s.name = relax.switch)
    ORDER BY 1, 2 LOOP
    EXECUTE format('GRANT %s ON TABLE %s TO %I', entry.privileges, entry.relation, entry.role);
  END LOOP;
  RETURN 'API roles have the rights that the specs give them';
END
$function$;
REVOKE ALL ON FUNCTION "Own-Int".relax(text) FROM PUBLIC, "Anon x", xjob;

-- create function "Own-Int".switch_log_guard()
CREATE FUNCTION "Own-Int".switch_log_guard() RETURNS trigger
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
-- The log of switches only grows.
BEGIN
  RAISE EXCEPTION '% on the log of switches is refused', TG_OP USING
    ERRCODE = 'insufficient_privilege', HINT = 'entries are only added';
END
$function$;
REVOKE ALL ON FUNCTION "Own-Int".switch_log_guard() FROM PUBLIC, "Anon x", xjob;

-- create function "Own-Int".switch_targets()
CREATE FUNCTION "Own-Int".switch_targets() RETURNS TABLE (switch text, relation text, role text, privileges text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- What each switch closes, and what the specs let API roles do there.
  SELECT v.switch, v.relation, v.role, v.privileges FROM (VALUES
    ('harden "App"."Big Table"', '"App"."Big Table"', 'Anon x', 'DELETE, INSERT, SELECT, UPDATE'),
    ('harden public.locked', 'public.locked', 'Anon x', '')
  ) AS v (switch, relation, role, privileges)
$function$;
REVOKE ALL ON FUNCTION "Own-Int".switch_targets() FROM PUBLIC, "Anon x", xjob;

-- create function "Own-Int".closed_by(text)
CREATE FUNCTION "Own-Int".closed_by(switch text) RETURNS SETOF regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $function$
  -- What a switch closes: its relations, the tables below them, and the views that show any of them.
  WITH RECURSIVE below (oid) AS (
    SELECT to_regclass(t.relation)::oid FROM "Own-Int".switch_targets() AS t WHERE t.switch = closed_by.switch
    UNION SELECT i.inhrelid FROM below JOIN pg_inherits AS i ON i.inhparent = below.oid),
  shown (oid) AS (
    SELECT b.oid FROM below AS b
    UNION SELECT r.ev_class FROM shown
    JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = shown.oid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS r ON r.oid = d.objid JOIN pg_class AS v ON v.oid = r.ev_class AND v.relkind = 'v')
  SELECT s.oid::regclass FROM shown AS s WHERE s.oid IS NOT NULL
$function$;
REVOKE ALL ON FUNCTION "Own-Int".closed_by(text) FROM PUBLIC, "Anon x", xjob;

-- create function public.access_left(text)
CREATE FUNCTION public.access_left(switch text) RETURNS TABLE (relation text, role text, privilege text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
  -- What API roles can still do with what a switch closes, by whatever way.
  SELECT c.relation::text, r.rolname::text, p.privilege
  FROM "Own-Int".closed_by(switch) AS c (relation)
  CROSS JOIN "Own-Int".api_side() AS a (oid) JOIN pg_roles AS r ON r.oid = a.oid
  CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (privilege)
  WHERE CASE WHEN p.privilege IN ('DELETE', 'TRUNCATE', 'TRIGGER') THEN has_table_privilege(r.oid, c.relation, p.privilege)
    ELSE has_any_column_privilege(r.oid, c.relation, p.privilege) END
  ORDER BY 1, 2, 3
$function$;
REVOKE ALL ON FUNCTION public.access_left(text) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION public.access_left(text) TO xjob;

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
    INSERT INTO "Own-Int".alert_state AS s (name, breached_since, checked_at)
    SELECT v.name, CASE WHEN v.breached THEN moment END, moment FROM "Own-Int".alert_values() AS v
    ON CONFLICT (name) DO UPDATE
    SET breached_since = CASE WHEN excluded.breached_since IS NOT NULL
          THEN coalesce(s.breached_since, excluded.breached_since) END,
        checked_at = excluded.checked_at
    RETURNING s.breached_since)
  SELECT count(e.breached_since)::integer INTO number FROM evaluated AS e;
  DELETE FROM "Own-Int".alert_state AS s WHERE s.checked_at < moment;  -- alerts that are gone
  RETURN number;
END
$function$;
REVOKE ALL ON FUNCTION public.evaluate_alerts() FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION public.evaluate_alerts() TO xjob;

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
  IF target = ANY (ARRAY['App.Big Table', 'Big Table', '"App"."Big Table"']) THEN
    relation := '"App"."Big Table"'::regclass;
    advice := NULL;
  END IF;
  IF target = ANY (ARRAY['locked', 'public.locked']) THEN
    relation := 'public.locked'::regclass;
    advice := NULL;
  END IF;
  IF relation IS NULL THEN
    RETURN QUERY SELECT 'table'::text, false, 'no spec guards a table of this name'::text;
    RETURN;
  END IF;

  held := nullif(current_setting('my.claims', true), '') IS NOT NULL;
  RETURN QUERY SELECT 'session'::text, held, CASE WHEN NOT held THEN 'the request carries no claims' END;
  held := has_table_privilege(relation, wanted);
  RETURN QUERY SELECT 'right'::text, held,
    CASE WHEN NOT held THEN format('%s is not granted to %I', upper(wanted), current_user) END;
  IF NOT row_security_active(relation) THEN
    RETURN QUERY SELECT 'row security'::text, true, format('does not bind %I', current_user);
    RETURN;
  END IF;
  IF relation = '"App"."Big Table"'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM "Own-Int"."access_App_Big Table"(wanted) AS a LOOP
      admitted := admitted OR (found.ok AND NOT found.restrictive);
      narrowed := narrowed OR (found.restrictive AND NOT found.ok);
      RETURN QUERY SELECT 'policy ' || found.policy, found.ok, CASE WHEN NOT found.ok THEN 'needs ' || found.condition END;
    END LOOP;
  END IF;
  IF relation = 'public.locked'::regclass THEN
    FOR found IN SELECT a.policy, a.restrictive, a.ok, a.condition FROM "Own-Int".access_public_locked(wanted) AS a LOOP
      admitted := admitted OR (found.ok AND NOT found.restrictive);
      narrowed := narrowed OR (found.restrictive AND NOT found.ok);
      RETURN QUERY SELECT 'policy ' || found.policy, found.ok, CASE WHEN NOT found.ok THEN 'needs ' || found.condition END;
    END LOOP;
  END IF;
  held := held AND admitted AND NOT narrowed;
  RETURN QUERY SELECT 'access'::text, held, CASE WHEN held THEN 'to the rows that the policies admit' ELSE advice END;
END
$function$;
REVOKE ALL ON FUNCTION public.explain_access(text, text) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION public.explain_access(text, text) TO "Anon x", xjob;

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
  PERFORM "Own-Int".may_switch(reset_switch.name, reset_switch.why);
  IF reset_switch.name LIKE 'harden %' THEN
    effect := "Own-Int".relax(reset_switch.name);
  END IF;
  DELETE FROM "Own-Int".thrown_switches AS s WHERE s.name = reset_switch.name;
  IF NOT FOUND THEN
    RETURN 'was not thrown';
  END IF;
  PERFORM "Own-Int".log_switch(reset_switch.name, false, reset_switch.why);
  RETURN effect;
END
$function$;
REVOKE ALL ON FUNCTION public.reset_switch(text, text, integer) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION public.reset_switch(text, text, integer) TO xjob;

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
  PERFORM "Own-Int".may_switch(throw_switch.name, throw_switch.why);
  INSERT INTO "Own-Int".thrown_switches AS s (name, thrown_by, why)
  VALUES (throw_switch.name, session_user, throw_switch.why)
  ON CONFLICT (name) DO UPDATE SET thrown_at = excluded.thrown_at, thrown_by = excluded.thrown_by, why = excluded.why;
  PERFORM "Own-Int".log_switch(throw_switch.name, true, throw_switch.why);
  IF throw_switch.name LIKE 'harden %' THEN
    effect := "Own-Int".harden(throw_switch.name);
  END IF;
  RETURN effect;
END
$function$;
REVOKE ALL ON FUNCTION public.throw_switch(text, text) FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION public.throw_switch(text, text) TO xjob;

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
    FROM "Own-Int".deployed_objects AS d CROSS JOIN LATERAL (SELECT "Own-Int".fingerprint(d.type, d.name) OFFSET 0) AS f (now)
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
      FROM "Own-Int".deployed_objects AS d
      JOIN pg_index AS i ON i.indexrelid = CASE WHEN d.type = 'index' THEN to_regclass(d.name) END
      WHERE NOT (i.indisvalid AND i.indisready)
      UNION ALL
      SELECT 'triggers fire', 'disabled', string_agg(d.name, ', ' ORDER BY d.name)
      FROM "Own-Int".deployed_objects AS d
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
        FROM "Own-Int".deployed_objects AS d
        JOIN pg_proc AS p ON p.oid = CASE WHEN d.type IN ('function', 'procedure') THEN to_regprocedure(d.name) END
        UNION ALL
        SELECT d.name, x.acl
        FROM "Own-Int".deployed_objects AS d
        JOIN pg_class AS c ON c.oid = CASE WHEN d.type IN ('table', 'view', 'materialized_view') THEN to_regclass(d.name) END
        CROSS JOIN LATERAL (
          SELECT c.relacl UNION ALL SELECT t.attacl FROM pg_attribute AS t WHERE t.attrelid = c.oid AND NOT t.attisdropped
        ) AS x (acl)
        UNION ALL
        SELECT 'schema ' || 'Own-Int', n.nspacl FROM pg_namespace AS n WHERE n.nspname = 'Own-Int'
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
REVOKE ALL ON FUNCTION public.verify_migration_success() FROM PUBLIC, "Anon x", xjob;
GRANT EXECUTE ON FUNCTION public.verify_migration_success() TO xjob;

-- create view public.pgspec_alerts
CREATE VIEW public.pgspec_alerts AS
SELECT v.name, v.severity, v.value, v.threshold,
  v.breached AND (v.pending = interval '0' OR coalesce(s.breached_since <= clock_timestamp() - v.pending, false)) AS firing,
  CASE WHEN v.breached THEN coalesce(s.breached_since, statement_timestamp()) END AS since,
  v.detail, v.runbook, v.breached, v.problem
FROM "Own-Int".alert_values() AS v
LEFT JOIN "Own-Int".alert_state AS s ON s.name = v.name;

-- create access to public.pgspec_alerts
REVOKE ALL ON TABLE public.pgspec_alerts FROM PUBLIC, "Anon x", xjob;
GRANT SELECT ON TABLE public.pgspec_alerts TO xjob;

-- create view public.pgspec_switch_log
CREATE VIEW public.pgspec_switch_log AS
SELECT id, at, name, thrown, db_role, session_role, application, why
FROM "Own-Int".switch_log;

-- create access to public.pgspec_switch_log
REVOKE ALL ON TABLE public.pgspec_switch_log FROM PUBLIC, "Anon x", xjob;
GRANT SELECT ON TABLE public.pgspec_switch_log TO xjob;

-- create view public.pgspec_switches
CREATE VIEW public.pgspec_switches AS
SELECT coalesce(k.name, s.name) AS name, s.name IS NOT NULL AS thrown, s.thrown_at, s.thrown_by, s.why
FROM (VALUES
  ('harden "App"."Big Table"'),
  ('harden public.locked')
) AS k (name)
FULL JOIN "Own-Int".thrown_switches AS s ON s.name = k.name;

-- create access to public.pgspec_switches
REVOKE ALL ON TABLE public.pgspec_switches FROM PUBLIC, "Anon x", xjob;
GRANT SELECT ON TABLE public.pgspec_switches TO xjob;

-- create row security on "App"."Big Table"  [specs/guards.yaml:2]
ALTER TABLE "App"."Big Table" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- create row security on public.locked  [specs/guards.yaml:11]
ALTER TABLE public.locked ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- create policy "sel "" ON $pgspec$ 'x" ON "App"."Big Table"  [specs/guards.yaml:4]
CREATE POLICY "sel "" ON $pgspec$ 'x" ON "App"."Big Table" AS PERMISSIVE FOR ALL TO PUBLIC
  USING ("Id"::text = (SELECT "Own-Int".claim('sub')) /* $pgspec$ */ AND "group" = E'it''s \\' AND "Big Table"."Id" <> 5 -- x
);

-- create trigger pgspec_switch_log_guard_delete ON "Own-Int".switch_log
CREATE TRIGGER pgspec_switch_log_guard_delete BEFORE DELETE ON "Own-Int".switch_log
FOR EACH STATEMENT EXECUTE FUNCTION "Own-Int".switch_log_guard();

-- create trigger pgspec_switch_log_guard_truncate ON "Own-Int".switch_log
CREATE TRIGGER pgspec_switch_log_guard_truncate BEFORE TRUNCATE ON "Own-Int".switch_log
FOR EACH STATEMENT EXECUTE FUNCTION "Own-Int".switch_log_guard();

-- create trigger pgspec_switch_log_guard_update ON "Own-Int".switch_log
CREATE TRIGGER pgspec_switch_log_guard_update BEFORE UPDATE ON "Own-Int".switch_log
FOR EACH STATEMENT EXECUTE FUNCTION "Own-Int".switch_log_guard();

-- create rights on "App"."Big Table"  [specs/guards.yaml:2]
REVOKE ALL ON TABLE "App"."Big Table" FROM PUBLIC, "Anon x";
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "App"."Big Table" TO "Anon x";

-- create rights on public.locked  [specs/guards.yaml:11]
REVOKE ALL ON TABLE public.locked FROM PUBLIC, "Anon x";

-- What verify.sql compares with: the server's own text of what was made.
INSERT INTO "Own-Int".deployed_objects (type, name, definition, fingerprint)
SELECT o.type, o.name, o.definition, "Own-Int".fingerprint(o.type, o.name)
FROM (VALUES
  ('function', '"Own-Int"."access_App_Big Table"(text)', 'd6e9a4194ec832ae'),
  ('function', '"Own-Int".access_public_locked(text)', '20f873b4b70131ee'),
  ('function', '"Own-Int".alert_values()', '93209605e684d541'),
  ('function', '"Own-Int".api_side()', 'd97b6849dc184c09'),
  ('function', '"Own-Int".claim(text)', '4a853ce169f5b706'),
  ('function', '"Own-Int".claim_bigint(text)', '8ed4a626bce1d2d5'),
  ('function', '"Own-Int".claim_uuid(text)', '698e2d35926ea2f2'),
  ('function', '"Own-Int".closed_by(text)', '277767835cc90587'),
  ('function', '"Own-Int".fingerprint(text, text)', 'ca07d75030700f82'),
  ('function', '"Own-Int".harden(text)', '20b0519d2759a3a3'),
  ('function', '"Own-Int".log_switch(text, boolean, text)', 'd110fc21c9e742b5'),
  ('function', '"Own-Int".may_switch(text, text)', 'ea05f218f75fbf6f'),
  ('function', '"Own-Int".relation_grants(regclass)', '7eb97f197f25f179'),
  ('function', '"Own-Int".relax(text)', '9da5d136864d8491'),
  ('function', '"Own-Int".switch_log_guard()', 'a67fdc0bc90afb06'),
  ('function', '"Own-Int".switch_targets()', '929cc527586e4242'),
  ('function', 'public.access_left(text)', '63d212b1171adb77'),
  ('function', 'public.evaluate_alerts()', '32bc5c7dd07d0693'),
  ('function', 'public.explain_access(text, text)', 'cdafce0e0b807d33'),
  ('function', 'public.reset_switch(text, text, integer)', '8e2da32723c4ee83'),
  ('function', 'public.throw_switch(text, text)', '0124bd83a0b7e107'),
  ('function', 'public.verify_migration_success()', 'e898d439c38970de'),
  ('policy', '"sel "" ON $pgspec$ ''x" ON "App"."Big Table"', '9650550335dd3815'),
  ('row_security', '"App"."Big Table"', 'c07f0eb8fb89cc60'),
  ('row_security', 'public.locked', '91c9cfd2396f6bdb'),
  ('table', '"Own-Int".alert_state', 'b78a52d10c3b037d'),
  ('table', '"Own-Int".deployed_objects', '33639dc585a3ea12'),
  ('table', '"Own-Int".switch_log', '05bce13059492885'),
  ('table', '"Own-Int".thrown_switches', '4e8e5f8b2add66a4'),
  ('trigger', 'pgspec_switch_log_guard_delete ON "Own-Int".switch_log', 'cd229ba81f4bf283'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON "Own-Int".switch_log', 'fe831085d2a9bc5d'),
  ('trigger', 'pgspec_switch_log_guard_update ON "Own-Int".switch_log', '46f42ca4793988bc'),
  ('view', 'public.pgspec_alerts', '5acc4e0fb9c6c77e'),
  ('view', 'public.pgspec_switch_log', '48fb557dc5d59577'),
  ('view', 'public.pgspec_switches', 'af0e4f211ed689ac')
) AS o (type, name, definition);
