-- pgspec rollback: shop, draft, back to an empty start
-- drop 1 schema, 10 tables, 68 functions, 2 procedures, 9 views, 2 tables with row security, 8 policies, 39 triggers, 11 indexes, 5 comments, 17 access lists, 1 schema's users, 1 table's expectations
-- from specs/audit.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- Rights are taken from the roles of the project, and whoever owns an object can lose them too.
IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user AND NOT r.rolsuper AND r.rolname IN ('anon', 'authenticated', 'worker')) THEN
  RAISE EXCEPTION 'migrate: nothing was changed, since % is one of the roles of the project', current_user
    USING ERRCODE = 'insufficient_privilege', HINT = 'migrate as a role that is not under roles: in project.yaml, and owns the tables';
END IF;

-- drop trigger pgspec_switch_log_guard_update ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_update ON pgspec.switch_log;

-- drop trigger pgspec_switch_log_guard_truncate ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_truncate ON pgspec.switch_log;

-- drop trigger pgspec_switch_log_guard_delete ON pgspec.switch_log
DROP TRIGGER pgspec_switch_log_guard_delete ON pgspec.switch_log;

-- drop trigger pgspec_cache_update ON public.profiles  [specs/audit.yaml:42]
DROP TRIGGER pgspec_cache_update ON public.profiles;

-- drop trigger pgspec_cache_truncate ON public.profiles  [specs/audit.yaml:42]
DROP TRIGGER pgspec_cache_truncate ON public.profiles;

-- drop trigger pgspec_cache_insert ON public.profiles  [specs/audit.yaml:42]
DROP TRIGGER pgspec_cache_insert ON public.profiles;

-- drop trigger pgspec_cache_delete ON public.profiles  [specs/audit.yaml:42]
DROP TRIGGER pgspec_cache_delete ON public.profiles;

-- drop trigger pgspec_audit_quiet_log_6d39d39e_update ON public.profiles  [specs/audit.yaml:27]
DROP TRIGGER pgspec_audit_quiet_log_6d39d39e_update ON public.profiles;

-- drop trigger pgspec_audit_guard_update ON pgspec.admin_audit_log  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_guard_update ON pgspec.admin_audit_log;

-- drop trigger pgspec_audit_guard_update ON pgspec."quiet log"  [specs/audit.yaml:27]
DROP TRIGGER pgspec_audit_guard_update ON pgspec."quiet log";

-- drop trigger pgspec_audit_guard_update ON pgspec."Every Write"  [specs/audit.yaml:35]
DROP TRIGGER pgspec_audit_guard_update ON pgspec."Every Write";

-- drop trigger pgspec_audit_guard_truncate ON pgspec.admin_audit_log  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_guard_truncate ON pgspec.admin_audit_log;

-- drop trigger pgspec_audit_guard_truncate ON pgspec."quiet log"  [specs/audit.yaml:27]
DROP TRIGGER pgspec_audit_guard_truncate ON pgspec."quiet log";

-- drop trigger pgspec_audit_guard_truncate ON pgspec."Every Write"  [specs/audit.yaml:35]
DROP TRIGGER pgspec_audit_guard_truncate ON pgspec."Every Write";

-- drop trigger pgspec_audit_guard_delete ON pgspec.admin_audit_log  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_guard_delete ON pgspec.admin_audit_log;

-- drop trigger pgspec_audit_guard_delete ON pgspec."quiet log"  [specs/audit.yaml:27]
DROP TRIGGER pgspec_audit_guard_delete ON pgspec."quiet log";

-- drop trigger pgspec_audit_guard_delete ON pgspec."Every Write"  [specs/audit.yaml:35]
DROP TRIGGER pgspec_audit_guard_delete ON pgspec."Every Write";

-- drop trigger pgspec_audit_admin_audit_log_update ON public.profiles  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_admin_audit_log_update ON public.profiles;

-- drop trigger pgspec_audit_admin_audit_log_update ON public.events_2  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_admin_audit_log_update ON public.events_2;

-- drop trigger pgspec_audit_admin_audit_log_update ON public.events_1  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_admin_audit_log_update ON public.events_1;

-- drop trigger pgspec_audit_admin_audit_log_update ON public.events  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_admin_audit_log_update ON public.events;

-- drop trigger pgspec_audit_admin_audit_log_truncate ON public.events_2  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_admin_audit_log_truncate ON public.events_2;

-- drop trigger pgspec_audit_admin_audit_log_truncate ON public.events_1  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_admin_audit_log_truncate ON public.events_1;

-- drop trigger pgspec_audit_admin_audit_log_truncate ON public.events  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_admin_audit_log_truncate ON public.events;

-- drop trigger pgspec_audit_admin_audit_log_insert ON public.events_2  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_admin_audit_log_insert ON public.events_2;

-- drop trigger pgspec_audit_admin_audit_log_insert ON public.events_1  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_admin_audit_log_insert ON public.events_1;

-- drop trigger pgspec_audit_admin_audit_log_insert ON public.events  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_admin_audit_log_insert ON public.events;

-- drop trigger pgspec_audit_admin_audit_log_delete ON public.profiles  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_admin_audit_log_delete ON public.profiles;

-- drop trigger pgspec_audit_admin_audit_log_delete ON public.events_2  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_admin_audit_log_delete ON public.events_2;

-- drop trigger pgspec_audit_admin_audit_log_delete ON public.events_1  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_admin_audit_log_delete ON public.events_1;

-- drop trigger pgspec_audit_admin_audit_log_delete ON public.events  [specs/audit.yaml:2]
DROP TRIGGER pgspec_audit_admin_audit_log_delete ON public.events;

-- drop trigger pgspec_audit__very__rite_cdf00115_update ON public.profiles  [specs/audit.yaml:35]
DROP TRIGGER pgspec_audit__very__rite_cdf00115_update ON public.profiles;

-- drop trigger pgspec_audit__very__rite_cdf00115_update ON public."Odd Names"  [specs/audit.yaml:35]
DROP TRIGGER pgspec_audit__very__rite_cdf00115_update ON public."Odd Names";

-- drop trigger pgspec_audit__very__rite_cdf00115_truncate ON public.profiles  [specs/audit.yaml:35]
DROP TRIGGER pgspec_audit__very__rite_cdf00115_truncate ON public.profiles;

-- drop trigger pgspec_audit__very__rite_cdf00115_truncate ON public."Odd Names"  [specs/audit.yaml:35]
DROP TRIGGER pgspec_audit__very__rite_cdf00115_truncate ON public."Odd Names";

-- drop trigger pgspec_audit__very__rite_cdf00115_insert ON public.profiles  [specs/audit.yaml:35]
DROP TRIGGER pgspec_audit__very__rite_cdf00115_insert ON public.profiles;

-- drop trigger pgspec_audit__very__rite_cdf00115_insert ON public."Odd Names"  [specs/audit.yaml:35]
DROP TRIGGER pgspec_audit__very__rite_cdf00115_insert ON public."Odd Names";

-- drop trigger pgspec_audit__very__rite_cdf00115_delete ON public.profiles  [specs/audit.yaml:35]
DROP TRIGGER pgspec_audit__very__rite_cdf00115_delete ON public.profiles;

-- drop trigger pgspec_audit__very__rite_cdf00115_delete ON public."Odd Names"  [specs/audit.yaml:35]
DROP TRIGGER pgspec_audit__very__rite_cdf00115_delete ON public."Odd Names";

-- drop policy pgspec_viewer ON pgspec.admin_audit_log  [specs/audit.yaml:9]
DROP POLICY pgspec_viewer ON pgspec.admin_audit_log;

-- drop policy pgspec_viewer ON pgspec."quiet log"  [specs/audit.yaml:32]
DROP POLICY pgspec_viewer ON pgspec."quiet log";

-- drop policy pgspec_service ON pgspec.admin_audit_log  [specs/audit.yaml:2]
DROP POLICY pgspec_service ON pgspec.admin_audit_log;

-- drop policy pgspec_service ON pgspec."quiet log"  [specs/audit.yaml:27]
DROP POLICY pgspec_service ON pgspec."quiet log";

-- drop policy pgspec_owner ON pgspec.admin_audit_log  [specs/audit.yaml:2]
DROP POLICY pgspec_owner ON pgspec.admin_audit_log;

-- drop policy pgspec_owner ON pgspec."quiet log"  [specs/audit.yaml:27]
DROP POLICY pgspec_owner ON pgspec."quiet log";

-- drop policy no_settings ON pgspec.admin_audit_log  [specs/audit.yaml:19]
DROP POLICY no_settings ON pgspec.admin_audit_log;

-- drop policy "own entries" ON pgspec.admin_audit_log  [specs/audit.yaml:15]
DROP POLICY "own entries" ON pgspec.admin_audit_log;

-- drop row security on pgspec.admin_audit_log  [specs/audit.yaml:12]
ALTER TABLE pgspec.admin_audit_log DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop row security on pgspec."quiet log"  [specs/audit.yaml:32]
ALTER TABLE pgspec."quiet log" DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- drop view public.pgspec_switches
DROP VIEW public.pgspec_switches;

-- drop view public.pgspec_switch_log
DROP VIEW public.pgspec_switch_log;

-- drop view public.pgspec_alerts
DROP VIEW public.pgspec_alerts;

-- drop view public.cache_invalidation_health
DROP VIEW public.cache_invalidation_health;

-- drop view public.admin_audit_viewer  [specs/audit.yaml:9]
DROP VIEW public.admin_audit_viewer;

-- drop view public.admin_audit_log  [specs/audit.yaml:2]
DROP VIEW public.admin_audit_log;

-- drop view public."quiet viewer"  [specs/audit.yaml:32]
DROP VIEW public."quiet viewer";

-- drop view public."quiet log"  [specs/audit.yaml:27]
DROP VIEW public."quiet log";

-- drop view public."Every Write"  [specs/audit.yaml:35]
DROP VIEW public."Every Write";

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

-- drop function public.explain_access(text, text)
DROP FUNCTION public.explain_access(text, text);

-- drop function public.evaluate_alerts()
DROP FUNCTION public.evaluate_alerts();

-- drop function public.enqueue_cache_invalidation(text, integer)
DROP FUNCTION public.enqueue_cache_invalidation(text, integer);

-- drop function public.drain_cache_invalidation_queue(integer, integer)
DROP FUNCTION public.drain_cache_invalidation_queue(integer, integer);

-- drop function public.cleanup_cache_invalidation_queue(interval, integer)
DROP FUNCTION public.cleanup_cache_invalidation_queue(interval, integer);

-- drop function public.cleanup_admin_audit_log(integer)  [specs/audit.yaml:8]
DROP FUNCTION public.cleanup_admin_audit_log(integer);

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

-- drop function public.access_left(text)
DROP FUNCTION public.access_left(text);

-- drop function public."cleanup_quiet log"(integer)  [specs/audit.yaml:31]
DROP FUNCTION public."cleanup_quiet log"(integer);

-- drop function public."cleanup_Every Write"(integer)  [specs/audit.yaml:39]
DROP FUNCTION public."cleanup_Every Write"(integer);

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

-- drop function pgspec.closed_by(text)
DROP FUNCTION pgspec.closed_by(text);

-- drop function pgspec.switch_targets()
DROP FUNCTION pgspec.switch_targets();

-- drop function pgspec.switch_log_guard()
DROP FUNCTION pgspec.switch_log_guard();

-- drop function pgspec.skipping()
DROP FUNCTION pgspec.skipping();

-- drop function pgspec.settle_dead(text[], timestamptz)
DROP FUNCTION pgspec.settle_dead(text[], timestamptz);

-- drop function pgspec.relax(text)
DROP FUNCTION pgspec.relax(text);

-- drop function pgspec.relation_grants(regclass)
DROP FUNCTION pgspec.relation_grants(regclass);

-- drop function pgspec.may_view_admin_audit_viewer(boolean)  [specs/audit.yaml:9]
DROP FUNCTION pgspec.may_view_admin_audit_viewer(boolean);

-- drop function pgspec.may_switch(text, text)
DROP FUNCTION pgspec.may_switch(text, text);

-- drop function pgspec.log_switch(text, boolean, text)
DROP FUNCTION pgspec.log_switch(text, boolean, text);

-- drop function pgspec.joined_rows(boolean)
DROP FUNCTION pgspec.joined_rows(boolean);

-- drop function pgspec.invalidate_tags(text[])
DROP FUNCTION pgspec.invalidate_tags(text[]);

-- drop function pgspec.harden(text)
DROP FUNCTION pgspec.harden(text);

-- drop function pgspec.fingerprint(text, text)
DROP FUNCTION pgspec.fingerprint(text, text);

-- drop function pgspec.cache_update_public_profiles()  [specs/audit.yaml:42]
DROP FUNCTION pgspec.cache_update_public_profiles();

-- drop function pgspec.cache_truncate_public_profiles()  [specs/audit.yaml:42]
DROP FUNCTION pgspec.cache_truncate_public_profiles();

-- drop function pgspec.cache_insert_public_profiles()  [specs/audit.yaml:42]
DROP FUNCTION pgspec.cache_insert_public_profiles();

-- drop function pgspec.cache_delete_public_profiles()  [specs/audit.yaml:42]
DROP FUNCTION pgspec.cache_delete_public_profiles();

-- drop function pgspec.enqueue_tags(text[], interval)
DROP FUNCTION pgspec.enqueue_tags(text[], interval);

-- drop function pgspec.access_pgspec_admin_audit_log(text)  [specs/audit.yaml:12]
DROP FUNCTION pgspec.access_pgspec_admin_audit_log(text);

-- drop function pgspec."may_view_quiet viewer"(boolean)  [specs/audit.yaml:32]
DROP FUNCTION pgspec."may_view_quiet viewer"(boolean);

-- drop function pgspec.claim_uuid(text)
DROP FUNCTION pgspec.claim_uuid(text);

-- drop function pgspec.claim_bigint(text)
DROP FUNCTION pgspec.claim_bigint(text);

-- drop function pgspec.claim(text)
DROP FUNCTION pgspec.claim(text);

-- drop function pgspec.catch_up(interval)
DROP FUNCTION pgspec.catch_up(interval);

-- drop function pgspec.audit_admin_audit_log_update_public_profiles()  [specs/audit.yaml:2]
DROP FUNCTION pgspec.audit_admin_audit_log_update_public_profiles();

-- drop function pgspec.audit_admin_audit_log_update_public_events()  [specs/audit.yaml:2]
DROP FUNCTION pgspec.audit_admin_audit_log_update_public_events();

-- drop function pgspec.audit_admin_audit_log_truncate_public_events()  [specs/audit.yaml:2]
DROP FUNCTION pgspec.audit_admin_audit_log_truncate_public_events();

-- drop function pgspec.audit_admin_audit_log_insert_public_events()  [specs/audit.yaml:2]
DROP FUNCTION pgspec.audit_admin_audit_log_insert_public_events();

-- drop function pgspec.audit_admin_audit_log_delete_public_profiles()  [specs/audit.yaml:2]
DROP FUNCTION pgspec.audit_admin_audit_log_delete_public_profiles();

-- drop function pgspec.audit_admin_audit_log_delete_public_events()  [specs/audit.yaml:2]
DROP FUNCTION pgspec.audit_admin_audit_log_delete_public_events();

-- drop function pgspec.audit_request_id()
DROP FUNCTION pgspec.audit_request_id();

-- drop function pgspec.audit_guard()
DROP FUNCTION pgspec.audit_guard();

-- drop function pgspec.audit_claims()
DROP FUNCTION pgspec.audit_claims();

-- drop function pgspec.api_side()
DROP FUNCTION pgspec.api_side();

-- drop function pgspec.alert_values()
DROP FUNCTION pgspec.alert_values();

-- drop function pgspec."audit_quiet log_update_public_profiles"()  [specs/audit.yaml:27]
DROP FUNCTION pgspec."audit_quiet log_update_public_profiles"();

-- drop function pgspec."audit_Every Write_update_public_profiles"()  [specs/audit.yaml:35]
DROP FUNCTION pgspec."audit_Every Write_update_public_profiles"();

-- drop function pgspec."audit_Every Write_update_public_Odd Names"()  [specs/audit.yaml:35]
DROP FUNCTION pgspec."audit_Every Write_update_public_Odd Names"();

-- drop function pgspec."audit_Every Write_truncate_public_profiles"()  [specs/audit.yaml:35]
DROP FUNCTION pgspec."audit_Every Write_truncate_public_profiles"();

-- drop function pgspec."audit_Every Write_truncate_public_Odd Names"()  [specs/audit.yaml:35]
DROP FUNCTION pgspec."audit_Every Write_truncate_public_Odd Names"();

-- drop function pgspec."audit_Every Write_insert_public_profiles"()  [specs/audit.yaml:35]
DROP FUNCTION pgspec."audit_Every Write_insert_public_profiles"();

-- drop function pgspec."audit_Every Write_insert_public_Odd Names"()  [specs/audit.yaml:35]
DROP FUNCTION pgspec."audit_Every Write_insert_public_Odd Names"();

-- drop function pgspec."audit_Every Write_delete_public_profiles"()  [specs/audit.yaml:35]
DROP FUNCTION pgspec."audit_Every Write_delete_public_profiles"();

-- drop function pgspec."audit_Every Write_delete_public_Odd Names"()  [specs/audit.yaml:35]
DROP FUNCTION pgspec."audit_Every Write_delete_public_Odd Names"();

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

-- drop table pgspec.admin_audit_log  [specs/audit.yaml:2]
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE pgspec.admin_audit_log IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM pgspec.admin_audit_log WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % entries of an audit log in pgspec.admin_audit_log would be lost', lost USING HINT = 'keep a copy first: COPY pgspec.admin_audit_log TO STDOUT; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE pgspec.admin_audit_log;

-- drop table pgspec."quiet log"  [specs/audit.yaml:27]
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE pgspec."quiet log" IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM pgspec."quiet log" WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % entries of an audit log in pgspec."quiet log" would be lost', lost USING HINT = 'keep a copy first: COPY pgspec."quiet log" TO STDOUT; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE pgspec."quiet log";

-- drop table pgspec."Every Write"  [specs/audit.yaml:35]
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE pgspec."Every Write" IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM pgspec."Every Write" WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % entries of an audit log in pgspec."Every Write" would be lost', lost USING HINT = 'keep a copy first: COPY pgspec."Every Write" TO STDOUT; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE pgspec."Every Write";

-- drop schema pgspec
DROP SCHEMA pgspec;
END
$pgspec$;

RESET statement_timeout;
