-- pgspec rollback: clinic, draft, back to an empty start
-- drop 1 schema, 4 tables, 22 functions, 5 views, 1 table with row security, 1 policy, 2 materialized views, 3 triggers, 2 indexes, 1 comment, 9 access lists, 1 table's rights, 1 schema's users, 2 owners, 1 check of rows read, 1 table's expectations
-- from specs/rls.yaml, specs/views.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- Rights are taken from the roles of the project, and whoever owns an object can lose them too.
IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user AND NOT r.rolsuper AND r.rolname IN ('anon', 'authenticated', 'reporter', 'service_role')) THEN
  RAISE EXCEPTION 'migrate: nothing was changed, since % is one of the roles of the project', current_user
    USING ERRCODE = 'insufficient_privilege', HINT = 'migrate as a role that is not under roles: in project.yaml, and owns the tables';
END IF;

-- drop rights on public.visits  [specs/rls.yaml:2]
REVOKE ALL ON TABLE public.visits FROM PUBLIC, anon, authenticated;

-- drop trigger pgspec_switch_log_guard_update ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_update ON pgspec.switch_log;

-- drop trigger pgspec_switch_log_guard_truncate ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_truncate ON pgspec.switch_log;

-- drop trigger pgspec_switch_log_guard_delete ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_delete ON pgspec.switch_log;

-- drop view "my api"."visits ""mine"""  [specs/views.yaml:7]
DROP VIEW "my api"."visits ""mine""";

-- drop materialized view public.visits_by_patient  [specs/views.yaml:2]
DROP MATERIALIZED VIEW public.visits_by_patient;

-- drop view "my api".costs  [specs/views.yaml:20]
DROP VIEW "my api".costs;

-- drop materialized view public.costs_by_role  [specs/views.yaml:14]
DROP MATERIALIZED VIEW public.costs_by_role;

-- drop policy own ON public.visits  [specs/rls.yaml:4]
DROP POLICY own ON public.visits;

-- drop row security on public.visits  [specs/rls.yaml:2]
ALTER TABLE public.visits DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

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

-- drop function pgspec.closed_by(text)
DROP FUNCTION pgspec.closed_by(text);

-- drop function pgspec.switch_targets()
DROP FUNCTION pgspec.switch_targets();

-- drop function pgspec.switch_log_guard()
DROP FUNCTION pgspec.switch_log_guard();

-- drop function pgspec.relax(text)
DROP FUNCTION pgspec.relax(text);

-- drop function pgspec.relation_grants(regclass)
DROP FUNCTION pgspec.relation_grants(regclass);

-- drop function pgspec.may_switch(text, text)
DROP FUNCTION pgspec.may_switch(text, text);

-- drop function pgspec.log_switch(text, boolean, text)
DROP FUNCTION pgspec.log_switch(text, boolean, text);

-- drop function pgspec.harden(text)
DROP FUNCTION pgspec.harden(text);

-- drop function pgspec.fingerprint(text, text)
DROP FUNCTION pgspec.fingerprint(text, text);

-- drop function pgspec.access_public_visits(text)  [specs/rls.yaml:2]
DROP FUNCTION pgspec.access_public_visits(text);

-- drop function pgspec.admits_public_visits_own()  [specs/rls.yaml:2]
DROP FUNCTION pgspec.admits_public_visits_own();

-- drop function pgspec.claim_uuid(text)
DROP FUNCTION pgspec.claim_uuid(text);

-- drop function pgspec.claim_bigint(text)
DROP FUNCTION pgspec.claim_bigint(text);

-- drop function pgspec.claim(text)
DROP FUNCTION pgspec.claim(text);

-- drop function pgspec.api_side()
DROP FUNCTION pgspec.api_side();

-- drop function pgspec.alert_values()
DROP FUNCTION pgspec.alert_values();

-- drop table pgspec.thrown_switches
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE pgspec.thrown_switches IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM pgspec.thrown_switches WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % thrown switches in pgspec.thrown_switches would be lost', lost USING HINT = 'reset them first: they say what is switched off, and for hardened tables what was taken; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE pgspec.thrown_switches;

-- drop table pgspec.switch_log
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE pgspec.switch_log IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM pgspec.switch_log WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % entries of the log of switches in pgspec.switch_log would be lost', lost USING HINT = 'keep a copy first: COPY pgspec.switch_log TO STDOUT; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE pgspec.switch_log;

-- drop table pgspec.deployed_objects
DROP TABLE pgspec.deployed_objects;

-- drop table pgspec.alert_state
DROP TABLE pgspec.alert_state;

-- drop schema pgspec
DROP SCHEMA pgspec;
END
$pgspec$;

RESET statement_timeout;
