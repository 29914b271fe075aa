-- pgspec rollback: shop, draft, back to an empty start
-- drop 1 schema, 7 tables, 37 functions, 2 procedures, 4 views, 11 triggers, 5 indexes, 9 access lists
-- from specs/cached.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- Rights are taken from the roles of the project, and whoever owns an object can lose them too.
IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user AND NOT r.rolsuper AND r.rolname IN ('authenticated')) THEN
  RAISE EXCEPTION 'migrate: nothing was changed, since % is one of the roles of the project', current_user
    USING ERRCODE = 'insufficient_privilege', HINT = 'migrate as a role that is not under roles: in project.yaml, and owns the tables';
END IF;

-- drop trigger pgspec_switch_log_guard_update ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_update ON pgspec.switch_log;

-- drop trigger pgspec_switch_log_guard_truncate ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_truncate ON pgspec.switch_log;

-- drop trigger pgspec_switch_log_guard_delete ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_delete ON pgspec.switch_log;

-- drop trigger pgspec_cache_update ON public.orders  [specs/cached.yaml:11]
DROP TRIGGER pgspec_cache_update ON public.orders;

-- drop trigger pgspec_cache_update ON public.cities  [specs/cached.yaml:16]
DROP TRIGGER pgspec_cache_update ON public.cities;

-- drop trigger pgspec_cache_truncate ON public.orders  [specs/cached.yaml:11]
DROP TRIGGER pgspec_cache_truncate ON public.orders;

-- drop trigger pgspec_cache_truncate ON public.cities  [specs/cached.yaml:16]
DROP TRIGGER pgspec_cache_truncate ON public.cities;

-- drop trigger pgspec_cache_insert ON public.orders  [specs/cached.yaml:11]
DROP TRIGGER pgspec_cache_insert ON public.orders;

-- drop trigger pgspec_cache_insert ON public.cities  [specs/cached.yaml:16]
DROP TRIGGER pgspec_cache_insert ON public.cities;

-- drop trigger pgspec_cache_delete ON public.orders  [specs/cached.yaml:11]
DROP TRIGGER pgspec_cache_delete ON public.orders;

-- drop trigger pgspec_cache_delete ON public.cities  [specs/cached.yaml:16]
DROP TRIGGER pgspec_cache_delete ON public.cities;

-- drop view public.pgspec_switches
DROP VIEW public.pgspec_switches;

-- drop view public.pgspec_switch_log
DROP VIEW public.pgspec_switch_log;

-- drop view public.pgspec_alerts
DROP VIEW public.pgspec_alerts;

-- drop view public.cache_invalidation_health
DROP VIEW public.cache_invalidation_health;

-- drop procedure public.run_maintenance(integer)
DROP PROCEDURE public.run_maintenance(integer);

-- drop procedure public.run_cache_invalidations(integer)
DROP PROCEDURE public.run_cache_invalidations(integer);

-- drop function public.verify_migration_success()
DROP FUNCTION public.verify_migration_success();

-- drop function public.throw_switch(text, text)
DROP FUNCTION public.throw_switch(text, text);

-- drop function public.retry_dead_cache_invalidations()
DROP FUNCTION public.retry_dead_cache_invalidations();

-- drop function public.reset_switch(text, text, integer)
DROP FUNCTION public.reset_switch(text, text, integer);

-- drop function public.fail_cache_invalidations(uuid, bigint[], text)
DROP FUNCTION public.fail_cache_invalidations(uuid, bigint[], text);

-- drop function public.evaluate_alerts()
DROP FUNCTION public.evaluate_alerts();

-- drop function public.enqueue_cache_invalidation(text, integer)
DROP FUNCTION public.enqueue_cache_invalidation(text, integer);

-- drop function public.drain_cache_invalidation_queue(integer, integer)
DROP FUNCTION public.drain_cache_invalidation_queue(integer, integer);

-- drop function public.cleanup_cache_invalidation_queue(interval, integer)
DROP FUNCTION public.cleanup_cache_invalidation_queue(interval, integer);

-- drop function public.claim_cache_invalidations(integer, integer)
DROP FUNCTION public.claim_cache_invalidations(integer, integer);

-- drop function public.cache_get(text)
DROP FUNCTION public.cache_get(text);

-- drop function public.cache_tag_versions(text[])
DROP FUNCTION public.cache_tag_versions(text[]);

-- drop function public.cache_put(text, jsonb, text[], bigint[], interval)
DROP FUNCTION public.cache_put(text, jsonb, text[], bigint[], interval);

-- drop function public.ack_cache_invalidations(uuid, bigint[])
DROP FUNCTION public.ack_cache_invalidations(uuid, bigint[]);

-- drop function pgspec.wake_joined(timestamptz)
DROP FUNCTION pgspec.wake_joined(timestamptz);

-- drop table public.cache_entries
DROP TABLE public.cache_entries;

-- drop function pgspec.tags_and_wildcards(text[])
DROP FUNCTION pgspec.tags_and_wildcards(text[]);

-- drop function pgspec.storable_tag(text)
DROP FUNCTION pgspec.storable_tag(text);

-- drop function pgspec.tag_and_wildcards(text)
DROP FUNCTION pgspec.tag_and_wildcards(text);

-- drop function pgspec.switch_log_guard()
DROP FUNCTION pgspec.switch_log_guard();

-- drop function pgspec.skipping()
DROP FUNCTION pgspec.skipping();

-- drop function pgspec.settle_dead(text[], timestamptz)
DROP FUNCTION pgspec.settle_dead(text[], timestamptz);

-- drop function pgspec.may_switch(text, text)
DROP FUNCTION pgspec.may_switch(text, text);

-- drop function pgspec.log_switch(text, boolean, text)
DROP FUNCTION pgspec.log_switch(text, boolean, text);

-- drop function pgspec.joined_rows(boolean)
DROP FUNCTION pgspec.joined_rows(boolean);

-- drop function pgspec.invalidate_tags(text[])
DROP FUNCTION pgspec.invalidate_tags(text[]);

-- drop function pgspec.fingerprint(text, text)
DROP FUNCTION pgspec.fingerprint(text, text);

-- drop function pgspec.cache_update_public_orders()  [specs/cached.yaml:11]
DROP FUNCTION pgspec.cache_update_public_orders();

-- drop function pgspec.cache_update_public_cities()  [specs/cached.yaml:16]
DROP FUNCTION pgspec.cache_update_public_cities();

-- drop function pgspec.cache_truncate_public_orders()  [specs/cached.yaml:11]
DROP FUNCTION pgspec.cache_truncate_public_orders();

-- drop function pgspec.cache_truncate_public_cities()  [specs/cached.yaml:16]
DROP FUNCTION pgspec.cache_truncate_public_cities();

-- drop function pgspec.cache_insert_public_orders()  [specs/cached.yaml:11]
DROP FUNCTION pgspec.cache_insert_public_orders();

-- drop function pgspec.cache_insert_public_cities()  [specs/cached.yaml:16]
DROP FUNCTION pgspec.cache_insert_public_cities();

-- drop function pgspec.cache_delete_public_orders()  [specs/cached.yaml:11]
DROP FUNCTION pgspec.cache_delete_public_orders();

-- drop function pgspec.cache_delete_public_cities()  [specs/cached.yaml:16]
DROP FUNCTION pgspec.cache_delete_public_cities();

-- drop function pgspec.enqueue_tags(text[], interval)
DROP FUNCTION pgspec.enqueue_tags(text[], interval);

-- drop function pgspec.catch_up(interval)
DROP FUNCTION pgspec.catch_up(interval);

-- drop function pgspec.alert_values()
DROP FUNCTION pgspec.alert_values();

-- drop table public.cache_invalidation_queue
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE public.cache_invalidation_queue IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM public.cache_invalidation_queue WHERE processed_at IS NULL;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % cache invalidations that are not done in public.cache_invalidation_queue would be lost', lost USING HINT = 'drain them first: SELECT public.drain_cache_invalidation_queue(); or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE public.cache_invalidation_queue;

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

-- drop table pgspec.cache_tags
DROP TABLE pgspec.cache_tags;

-- drop table pgspec.alert_state
DROP TABLE pgspec.alert_state;

-- drop schema pgspec
DROP SCHEMA pgspec;
END
$pgspec$;

RESET statement_timeout;
