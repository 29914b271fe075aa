-- pgspec rollback: shop, draft, back to an empty start
-- drop 1 schema, 7 tables, 19 functions, 2 procedures, 6 views, 1 materialized view, 4 triggers, 4 indexes, 1 comment, 12 access lists, 1 owner
-- from specs/orders_daily.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- Rights are taken from the roles of the project, and whoever owns an object can lose them too.
IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user AND NOT r.rolsuper AND r.rolname IN ('anon', 'keeper', 'service_role')) THEN
  RAISE EXCEPTION 'migrate: nothing was changed, since % is one of the roles of the project', current_user
    USING ERRCODE = 'insufficient_privilege', HINT = 'migrate as a role that is not under roles: in project.yaml, and owns the tables';
END IF;

-- drop trigger pgspec_switch_log_guard_update ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_update ON pgspec.switch_log;

-- drop trigger pgspec_switch_log_guard_truncate ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_truncate ON pgspec.switch_log;

-- drop trigger pgspec_switch_log_guard_delete ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_delete ON pgspec.switch_log;

-- drop trigger pgspec_refresh ON public.orders  [specs/orders_daily.yaml:15]
DROP TRIGGER pgspec_refresh ON public.orders;

-- drop materialized view public.orders_daily  [specs/orders_daily.yaml:2]
DROP MATERIALIZED VIEW public.orders_daily;

-- drop view public.pgspec_switches
DROP VIEW public.pgspec_switches;

-- drop view public.pgspec_switch_log
DROP VIEW public.pgspec_switch_log;

-- drop view public.pgspec_alerts
DROP VIEW public.pgspec_alerts;

-- drop view public.mv_refresh_health
DROP VIEW public.mv_refresh_health;

-- drop view pgspec.mv_refresh_basis
DROP VIEW pgspec.mv_refresh_basis;

-- drop view pgspec.mv_reads
DROP VIEW pgspec.mv_reads;

-- drop procedure public.run_maintenance(integer)
DROP PROCEDURE public.run_maintenance(integer);

-- drop procedure public.refresh_materialized_views()
DROP PROCEDURE public.refresh_materialized_views();

-- drop function public.verify_migration_success()
DROP FUNCTION public.verify_migration_success();

-- drop function public.throw_switch(text, text)
DROP FUNCTION public.throw_switch(text, text);

-- drop function public.run_mv_refresh(bigint)
DROP FUNCTION public.run_mv_refresh(bigint);

-- drop function public.reset_switch(text, text, integer)
DROP FUNCTION public.reset_switch(text, text, integer);

-- drop function public.refresh_materialized_view(text)
DROP FUNCTION public.refresh_materialized_view(text);

-- drop function public.evaluate_alerts()
DROP FUNCTION public.evaluate_alerts();

-- drop function public.cleanup_mv_refresh_log(interval, integer)
DROP FUNCTION public.cleanup_mv_refresh_log(interval, integer);

-- drop function public.cancel_overdue_refreshes()
DROP FUNCTION public.cancel_overdue_refreshes();

-- drop function public.begin_mv_refresh(integer)
DROP FUNCTION public.begin_mv_refresh(integer);

-- drop function pgspec.switch_log_guard()
DROP FUNCTION pgspec.switch_log_guard();

-- drop function pgspec.settle_mv_sources()
DROP FUNCTION pgspec.settle_mv_sources();

-- drop function pgspec.refreshed_views()
DROP FUNCTION pgspec.refreshed_views();

-- drop function pgspec.open_mv_refresh(text, boolean)
DROP FUNCTION pgspec.open_mv_refresh(text, boolean);

-- drop function pgspec.note_write()
DROP FUNCTION pgspec.note_write();

-- drop function pgspec.may_switch(text, text)
DROP FUNCTION pgspec.may_switch(text, text);

-- drop function pgspec.log_switch(text, boolean, text)
DROP FUNCTION pgspec.log_switch(text, boolean, text);

-- drop function pgspec.fingerprint(text, text)
DROP FUNCTION pgspec.fingerprint(text, text);

-- drop function pgspec.close_mv_refresh(bigint, bigint, text, interval)
DROP FUNCTION pgspec.close_mv_refresh(bigint, bigint, text, interval);

-- drop function pgspec.alert_values()
DROP FUNCTION pgspec.alert_values();

-- drop table public.mv_refresh_log
DROP TABLE public.mv_refresh_log;

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

-- drop table pgspec.mv_source_writes
DROP TABLE pgspec.mv_source_writes;

-- drop table pgspec.mv_refresh_state
DROP TABLE pgspec.mv_refresh_state;

-- drop table pgspec.deployed_objects
DROP TABLE pgspec.deployed_objects;

-- drop table pgspec.alert_state
DROP TABLE pgspec.alert_state;

-- drop schema pgspec
DROP SCHEMA pgspec;
END
$pgspec$;

RESET statement_timeout;
