-- pgspec rollback: names, draft, back to an empty start
-- drop 1 schema, 4 tables, 22 functions, 3 views, 2 tables with row security, 1 policy, 3 triggers, 5 access lists, 2 tables' rights, 1 schema's users, 2 tables' expectations
-- from specs/guards.yaml

SET statement_timeout = '900s';

DO $pgspec_$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- Rights are taken from the roles of the project, and whoever owns an object can lose them too.
IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user AND NOT r.rolsuper AND r.rolname IN ('Anon x', 'xjob')) THEN
  RAISE EXCEPTION 'migrate: nothing was changed, since % is one of the roles of the project', current_user
    USING ERRCODE = 'insufficient_privilege', HINT = 'migrate as a role that is not under roles: in project.yaml, and owns the tables';
END IF;

-- drop rights on public.locked  [specs/guards.yaml:11]
REVOKE ALL ON TABLE public.locked FROM PUBLIC, "Anon x";
GRANT ALL ON TABLE public.locked TO "Anon x";
REVOKE TRUNCATE ON TABLE public.locked FROM "Anon x";
GRANT SELECT (id) ON TABLE public.locked TO PUBLIC;

-- drop rights on "App"."Big Table"  [specs/guards.yaml:2]
REVOKE ALL ON TABLE "App"."Big Table" FROM PUBLIC, "Anon x";

-- drop trigger pgspec_switch_log_guard_update ON "Own-Int".switch_log
DROP TRIGGER pgspec_switch_log_guard_update ON "Own-Int".switch_log;

-- drop trigger pgspec_switch_log_guard_truncate ON "Own-Int".switch_log
DROP TRIGGER pgspec_switch_log_guard_truncate ON "Own-Int".switch_log;

-- drop trigger pgspec_switch_log_guard_delete ON "Own-Int".switch_log
DROP TRIGGER pgspec_switch_log_guard_delete ON "Own-Int".switch_log;

-- drop policy "sel "" ON $pgspec$ 'x" ON "App"."Big Table"  [specs/guards.yaml:4]
DROP POLICY "sel "" ON $pgspec$ 'x" ON "App"."Big Table";

-- drop row security on public.locked  [specs/guards.yaml:11]
ALTER TABLE public.locked DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop row security on "App"."Big Table"  [specs/guards.yaml:2]
ALTER TABLE "App"."Big Table" DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop view public.pgspec_switches
DROP VIEW public.pgspec_switches;

-- drop view public.pgspec_switch_log
DROP VIEW public.pgspec_switch_log;

-- drop view public.pgspec_alerts
DROP VIEW public.pgspec_alerts;

-- drop function public.verify_migration_success()
DROP FUNCTION public.verify_migration_success();

-- drop function public.throw_switch(text, text)
DROP FUNCTION public.throw_switch(text, text);

-- drop function public.reset_switch(text, text, integer)
DROP FUNCTION public.reset_switch(text, text, integer);

-- drop function public.explain_access(text, text)
DROP FUNCTION public.explain_access(text, text);

-- drop function public.evaluate_alerts()
DROP FUNCTION public.evaluate_alerts();

-- drop function public.access_left(text)
DROP FUNCTION public.access_left(text);

-- drop function "Own-Int".closed_by(text)
DROP FUNCTION "Own-Int".closed_by(text);

-- drop function "Own-Int".switch_targets()
DROP FUNCTION "Own-Int".switch_targets();

-- drop function "Own-Int".switch_log_guard()
DROP FUNCTION "Own-Int".switch_log_guard();

-- drop function "Own-Int".relax(text)
DROP FUNCTION "Own-Int".relax(text);

-- drop function "Own-Int".relation_grants(regclass)
DROP FUNCTION "Own-Int".relation_grants(regclass);

-- drop function "Own-Int".may_switch(text, text)
DROP FUNCTION "Own-Int".may_switch(text, text);

-- drop function "Own-Int".log_switch(text, boolean, text)
DROP FUNCTION "Own-Int".log_switch(text, boolean, text);

-- drop function "Own-Int".harden(text)
DROP FUNCTION "Own-Int".harden(text);

-- drop function "Own-Int".fingerprint(text, text)
DROP FUNCTION "Own-Int".fingerprint(text, text);

-- drop function "Own-Int".access_public_locked(text)  [specs/guards.yaml:11]
DROP FUNCTION "Own-Int".access_public_locked(text);

-- drop function "Own-Int"."access_App_Big Table"(text)  [specs/guards.yaml:2]
DROP FUNCTION "Own-Int"."access_App_Big Table"(text);

-- drop function "Own-Int".claim_uuid(text)
DROP FUNCTION "Own-Int".claim_uuid(text);

-- drop function "Own-Int".claim_bigint(text)
DROP FUNCTION "Own-Int".claim_bigint(text);

-- drop function "Own-Int".claim(text)
DROP FUNCTION "Own-Int".claim(text);

-- drop function "Own-Int".api_side()
DROP FUNCTION "Own-Int".api_side();

-- drop function "Own-Int".alert_values()
DROP FUNCTION "Own-Int".alert_values();

-- drop table "Own-Int".thrown_switches
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE "Own-Int".thrown_switches IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM "Own-Int".thrown_switches WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % thrown switches in "Own-Int".thrown_switches would be lost', lost USING HINT = 'reset them first: they say what is switched off, and for hardened tables what was taken; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE "Own-Int".thrown_switches;

-- drop table "Own-Int".switch_log
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE "Own-Int".switch_log IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM "Own-Int".switch_log WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % entries of the log of switches in "Own-Int".switch_log would be lost', lost USING HINT = 'keep a copy first: COPY "Own-Int".switch_log TO STDOUT; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE "Own-Int".switch_log;

-- drop table "Own-Int".deployed_objects
DROP TABLE "Own-Int".deployed_objects;

-- drop table "Own-Int".alert_state
DROP TABLE "Own-Int".alert_state;

-- drop schema Own-Int
DROP SCHEMA "Own-Int";
END
$pgspec_$;

RESET statement_timeout;
