-- pgspec rollback: shop, draft, back to an empty start
-- drop 1 schema, 7 tables, 19 functions, 2 procedures, 6 views, 5 materialized views, 6 triggers, 6 indexes, 16 access lists
-- from specs/views.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '2s';

-- Rights are taken from the roles of the project, and whoever owns an object can lose them too.
IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user AND NOT r.rolsuper AND r.rolname IN ('Keeper Two', 'anon', 'service_role')) THEN
  RAISE EXCEPTION 'migrate: nothing was changed, since % is one of the roles of the project', current_user
    USING ERRCODE = 'insufficient_privilege', HINT = 'migrate as a role that is not under roles: in project.yaml, and owns the tables';
END IF;

-- drop trigger pgspec_switch_log_guard_update ON "in side".switch_log
DROP TRIGGER pgspec_switch_log_guard_update ON "in side".switch_log;

-- drop trigger pgspec_switch_log_guard_truncate ON "in side".switch_log
DROP TRIGGER pgspec_switch_log_guard_truncate ON "in side".switch_log;

-- drop trigger pgspec_switch_log_guard_delete ON "in side".switch_log
DROP TRIGGER pgspec_switch_log_guard_delete ON "in side".switch_log;

-- drop trigger pgspec_refresh ON public.orders  [specs/views.yaml:5]
DROP TRIGGER pgspec_refresh ON public.orders;

-- drop trigger pgspec_refresh ON public.kept  [specs/views.yaml:32]
DROP TRIGGER pgspec_refresh ON public.kept;

-- drop trigger pgspec_refresh ON public."Orders '25"  [specs/views.yaml:5]
DROP TRIGGER pgspec_refresh ON public."Orders '25";

-- drop materialized view public.recent  [specs/views.yaml:16]
DROP MATERIALIZED VIEW public.recent;

-- drop materialized view public."a ""monthly"" view"  [specs/views.yaml:8]
DROP MATERIALIZED VIEW public."a ""monthly"" view";

-- drop materialized view public.orders_daily  [specs/views.yaml:2]
DROP MATERIALIZED VIEW public.orders_daily;

-- drop materialized view public.by_hand  [specs/views.yaml:29]
DROP MATERIALIZED VIEW public.by_hand;

-- drop materialized view public.always  [specs/views.yaml:23]
DROP MATERIALIZED VIEW public.always;

-- drop view "in side".mv_refresh_basis
DROP VIEW "in side".mv_refresh_basis;

-- drop view "in side".mv_reads
DROP VIEW "in side".mv_reads;

-- drop view "Run's Time".pgspec_switches
DROP VIEW "Run's Time".pgspec_switches;

-- drop view "Run's Time".pgspec_switch_log
DROP VIEW "Run's Time".pgspec_switch_log;

-- drop view "Run's Time".pgspec_alerts
DROP VIEW "Run's Time".pgspec_alerts;

-- drop view "Run's Time".mv_refresh_health
DROP VIEW "Run's Time".mv_refresh_health;

-- drop procedure "Run's Time".run_maintenance(integer)
DROP PROCEDURE "Run's Time".run_maintenance(integer);

-- drop procedure "Run's Time".refresh_materialized_views()
DROP PROCEDURE "Run's Time".refresh_materialized_views();

-- drop function "in side".switch_log_guard()
DROP FUNCTION "in side".switch_log_guard();

-- drop function "in side".settle_mv_sources()
DROP FUNCTION "in side".settle_mv_sources();

-- drop function "in side".refreshed_views()
DROP FUNCTION "in side".refreshed_views();

-- drop function "in side".open_mv_refresh(text, boolean)
DROP FUNCTION "in side".open_mv_refresh(text, boolean);

-- drop function "in side".note_write()
DROP FUNCTION "in side".note_write();

-- drop function "in side".may_switch(text, text)
DROP FUNCTION "in side".may_switch(text, text);

-- drop function "in side".log_switch(text, boolean, text)
DROP FUNCTION "in side".log_switch(text, boolean, text);

-- drop function "Run's Time".verify_migration_success()
DROP FUNCTION "Run's Time".verify_migration_success();

-- drop function "in side".fingerprint(text, text)
DROP FUNCTION "in side".fingerprint(text, text);

-- drop function "in side".close_mv_refresh(bigint, bigint, text, interval)
DROP FUNCTION "in side".close_mv_refresh(bigint, bigint, text, interval);

-- drop function "Run's Time".evaluate_alerts()
DROP FUNCTION "Run's Time".evaluate_alerts();

-- drop function "in side".alert_values()
DROP FUNCTION "in side".alert_values();

-- drop function "Run's Time".throw_switch(text, text)
DROP FUNCTION "Run's Time".throw_switch(text, text);

-- drop function "Run's Time".run_mv_refresh(bigint)
DROP FUNCTION "Run's Time".run_mv_refresh(bigint);

-- drop function "Run's Time".reset_switch(text, text, integer)
DROP FUNCTION "Run's Time".reset_switch(text, text, integer);

-- drop function "Run's Time".refresh_materialized_view(text)
DROP FUNCTION "Run's Time".refresh_materialized_view(text);

-- drop function "Run's Time".cleanup_mv_refresh_log(interval, integer)
DROP FUNCTION "Run's Time".cleanup_mv_refresh_log(interval, integer);

-- drop function "Run's Time".cancel_overdue_refreshes()
DROP FUNCTION "Run's Time".cancel_overdue_refreshes();

-- drop function "Run's Time".begin_mv_refresh(integer)
DROP FUNCTION "Run's Time".begin_mv_refresh(integer);

-- drop table "in side".thrown_switches
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE "in side".thrown_switches IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM "in side".thrown_switches WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % thrown switches in "in side".thrown_switches would be lost', lost USING HINT = 'reset them first: they say what is switched off, and for hardened tables what was taken; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE "in side".thrown_switches;

-- drop table "in side".switch_log
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE "in side".switch_log IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM "in side".switch_log WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % entries of the log of switches in "in side".switch_log would be lost', lost USING HINT = 'keep a copy first: COPY "in side".switch_log TO STDOUT; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE "in side".switch_log;

-- drop table "in side".mv_source_writes
DROP TABLE "in side".mv_source_writes;

-- drop table "in side".mv_refresh_state
DROP TABLE "in side".mv_refresh_state;

-- drop table "in side".deployed_objects
DROP TABLE "in side".deployed_objects;

-- drop table "in side".alert_state
DROP TABLE "in side".alert_state;

-- drop table "Run's Time".mv_refresh_log
DROP TABLE "Run's Time".mv_refresh_log;

-- drop schema in side
DROP SCHEMA "in side";
END
$pgspec$;

RESET statement_timeout;
