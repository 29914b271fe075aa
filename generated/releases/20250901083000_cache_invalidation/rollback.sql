-- pgspec rollback: marketplace, 20250901083000_cache_invalidation, back to 20250823191011_performance_optimization_enhanced
-- drop 3 tables, 34 functions, 1 view, 16 triggers, 5 indexes, 4 access lists
-- from specs/cache/locations.yaml, specs/cache/services.yaml, specs/cache/specialties.yaml, specs/cache/vendors.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- drop trigger pgspec_cache_update ON public.specialties  [specs/cache/specialties.yaml:2]
DROP TRIGGER pgspec_cache_update ON public.specialties;

-- drop trigger pgspec_cache_update ON public.services  [specs/cache/services.yaml:2]
DROP TRIGGER pgspec_cache_update ON public.services;

-- drop trigger pgspec_cache_update ON public.profiles  [specs/cache/vendors.yaml:2]
DROP TRIGGER pgspec_cache_update ON public.profiles;

-- drop trigger pgspec_cache_update ON public.locations  [specs/cache/locations.yaml:2]
DROP TRIGGER pgspec_cache_update ON public.locations;

-- drop trigger pgspec_cache_truncate ON public.specialties  [specs/cache/specialties.yaml:2]
DROP TRIGGER pgspec_cache_truncate ON public.specialties;

-- drop trigger pgspec_cache_truncate ON public.services  [specs/cache/services.yaml:2]
DROP TRIGGER pgspec_cache_truncate ON public.services;

-- drop trigger pgspec_cache_truncate ON public.profiles  [specs/cache/vendors.yaml:2]
DROP TRIGGER pgspec_cache_truncate ON public.profiles;

-- drop trigger pgspec_cache_truncate ON public.locations  [specs/cache/locations.yaml:2]
DROP TRIGGER pgspec_cache_truncate ON public.locations;

-- drop trigger pgspec_cache_insert ON public.specialties  [specs/cache/specialties.yaml:2]
DROP TRIGGER pgspec_cache_insert ON public.specialties;

-- drop trigger pgspec_cache_insert ON public.services  [specs/cache/services.yaml:2]
DROP TRIGGER pgspec_cache_insert ON public.services;

-- drop trigger pgspec_cache_insert ON public.profiles  [specs/cache/vendors.yaml:2]
DROP TRIGGER pgspec_cache_insert ON public.profiles;

-- drop trigger pgspec_cache_insert ON public.locations  [specs/cache/locations.yaml:2]
DROP TRIGGER pgspec_cache_insert ON public.locations;

-- drop trigger pgspec_cache_delete ON public.specialties  [specs/cache/specialties.yaml:2]
DROP TRIGGER pgspec_cache_delete ON public.specialties;

-- drop trigger pgspec_cache_delete ON public.services  [specs/cache/services.yaml:2]
DROP TRIGGER pgspec_cache_delete ON public.services;

-- drop trigger pgspec_cache_delete ON public.profiles  [specs/cache/vendors.yaml:2]
DROP TRIGGER pgspec_cache_delete ON public.profiles;

-- drop trigger pgspec_cache_delete ON public.locations  [specs/cache/locations.yaml:2]
DROP TRIGGER pgspec_cache_delete ON public.locations;

-- drop view public.cache_invalidation_health
DROP VIEW public.cache_invalidation_health;

-- drop function public.retry_dead_cache_invalidations()
DROP FUNCTION public.retry_dead_cache_invalidations();

-- drop function public.fail_cache_invalidations(uuid, bigint[], text)
DROP FUNCTION public.fail_cache_invalidations(uuid, bigint[], text);

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

-- drop function pgspec.settle_dead(text[], timestamptz)
DROP FUNCTION pgspec.settle_dead(text[], timestamptz);

-- drop function pgspec.joined_rows(boolean)
DROP FUNCTION pgspec.joined_rows(boolean);

-- drop function pgspec.invalidate_tags(text[])
DROP FUNCTION pgspec.invalidate_tags(text[]);

-- drop function pgspec.cache_update_public_specialties()  [specs/cache/specialties.yaml:2]
DROP FUNCTION pgspec.cache_update_public_specialties();

-- drop function pgspec.cache_update_public_services()  [specs/cache/services.yaml:2]
DROP FUNCTION pgspec.cache_update_public_services();

-- drop function pgspec.cache_update_public_profiles()  [specs/cache/vendors.yaml:2]
DROP FUNCTION pgspec.cache_update_public_profiles();

-- drop function pgspec.cache_update_public_locations()  [specs/cache/locations.yaml:2]
DROP FUNCTION pgspec.cache_update_public_locations();

-- drop function pgspec.cache_truncate_public_specialties()  [specs/cache/specialties.yaml:2]
DROP FUNCTION pgspec.cache_truncate_public_specialties();

-- drop function pgspec.cache_truncate_public_services()  [specs/cache/services.yaml:2]
DROP FUNCTION pgspec.cache_truncate_public_services();

-- drop function pgspec.cache_truncate_public_profiles()  [specs/cache/vendors.yaml:2]
DROP FUNCTION pgspec.cache_truncate_public_profiles();

-- drop function pgspec.cache_truncate_public_locations()  [specs/cache/locations.yaml:2]
DROP FUNCTION pgspec.cache_truncate_public_locations();

-- drop function pgspec.cache_insert_public_specialties()  [specs/cache/specialties.yaml:2]
DROP FUNCTION pgspec.cache_insert_public_specialties();

-- drop function pgspec.cache_insert_public_services()  [specs/cache/services.yaml:2]
DROP FUNCTION pgspec.cache_insert_public_services();

-- drop function pgspec.cache_insert_public_profiles()  [specs/cache/vendors.yaml:2]
DROP FUNCTION pgspec.cache_insert_public_profiles();

-- drop function pgspec.cache_insert_public_locations()  [specs/cache/locations.yaml:2]
DROP FUNCTION pgspec.cache_insert_public_locations();

-- drop function pgspec.cache_delete_public_specialties()  [specs/cache/specialties.yaml:2]
DROP FUNCTION pgspec.cache_delete_public_specialties();

-- drop function pgspec.cache_delete_public_services()  [specs/cache/services.yaml:2]
DROP FUNCTION pgspec.cache_delete_public_services();

-- drop function pgspec.cache_delete_public_profiles()  [specs/cache/vendors.yaml:2]
DROP FUNCTION pgspec.cache_delete_public_profiles();

-- drop function pgspec.cache_delete_public_locations()  [specs/cache/locations.yaml:2]
DROP FUNCTION pgspec.cache_delete_public_locations();

-- drop function pgspec.enqueue_tags(text[], interval)
DROP FUNCTION pgspec.enqueue_tags(text[], interval);

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

-- drop table pgspec.cache_tags
DROP TABLE pgspec.cache_tags;

-- What verify.sql compares with: the server's own text of what was made.
DELETE FROM pgspec.deployed_objects WHERE (type, name) IN (
  ('function', 'pgspec.cache_delete_public_locations()'),
  ('function', 'pgspec.cache_delete_public_profiles()'),
  ('function', 'pgspec.cache_delete_public_services()'),
  ('function', 'pgspec.cache_delete_public_specialties()'),
  ('function', 'pgspec.cache_insert_public_locations()'),
  ('function', 'pgspec.cache_insert_public_profiles()'),
  ('function', 'pgspec.cache_insert_public_services()'),
  ('function', 'pgspec.cache_insert_public_specialties()'),
  ('function', 'pgspec.cache_truncate_public_locations()'),
  ('function', 'pgspec.cache_truncate_public_profiles()'),
  ('function', 'pgspec.cache_truncate_public_services()'),
  ('function', 'pgspec.cache_truncate_public_specialties()'),
  ('function', 'pgspec.cache_update_public_locations()'),
  ('function', 'pgspec.cache_update_public_profiles()'),
  ('function', 'pgspec.cache_update_public_services()'),
  ('function', 'pgspec.cache_update_public_specialties()'),
  ('function', 'pgspec.enqueue_tags(text[], interval)'),
  ('function', 'pgspec.invalidate_tags(text[])'),
  ('function', 'pgspec.joined_rows(boolean)'),
  ('function', 'pgspec.settle_dead(text[], timestamptz)'),
  ('function', 'pgspec.storable_tag(text)'),
  ('function', 'pgspec.tag_and_wildcards(text)'),
  ('function', 'pgspec.tags_and_wildcards(text[])'),
  ('function', 'pgspec.wake_joined(timestamptz)'),
  ('function', 'public.ack_cache_invalidations(uuid, bigint[])'),
  ('function', 'public.cache_get(text)'),
  ('function', 'public.cache_put(text, jsonb, text[], bigint[], interval)'),
  ('function', 'public.cache_tag_versions(text[])'),
  ('function', 'public.claim_cache_invalidations(integer, integer)'),
  ('function', 'public.cleanup_cache_invalidation_queue(interval, integer)'),
  ('function', 'public.drain_cache_invalidation_queue(integer, integer)'),
  ('function', 'public.enqueue_cache_invalidation(text, integer)'),
  ('function', 'public.fail_cache_invalidations(uuid, bigint[], text)'),
  ('function', 'public.retry_dead_cache_invalidations()'),
  ('index', 'public.cache_entries_lookup_tags'),
  ('index', 'public.cache_invalidation_queue_dead'),
  ('index', 'public.cache_invalidation_queue_due'),
  ('index', 'public.cache_invalidation_queue_joined'),
  ('index', 'public.cache_invalidation_queue_open'),
  ('table', 'pgspec.cache_tags'),
  ('table', 'public.cache_entries'),
  ('table', 'public.cache_invalidation_queue'),
  ('trigger', 'pgspec_cache_delete ON public.locations'),
  ('trigger', 'pgspec_cache_delete ON public.profiles'),
  ('trigger', 'pgspec_cache_delete ON public.services'),
  ('trigger', 'pgspec_cache_delete ON public.specialties'),
  ('trigger', 'pgspec_cache_insert ON public.locations'),
  ('trigger', 'pgspec_cache_insert ON public.profiles'),
  ('trigger', 'pgspec_cache_insert ON public.services'),
  ('trigger', 'pgspec_cache_insert ON public.specialties'),
  ('trigger', 'pgspec_cache_truncate ON public.locations'),
  ('trigger', 'pgspec_cache_truncate ON public.profiles'),
  ('trigger', 'pgspec_cache_truncate ON public.services'),
  ('trigger', 'pgspec_cache_truncate ON public.specialties'),
  ('trigger', 'pgspec_cache_update ON public.locations'),
  ('trigger', 'pgspec_cache_update ON public.profiles'),
  ('trigger', 'pgspec_cache_update ON public.services'),
  ('trigger', 'pgspec_cache_update ON public.specialties'),
  ('view', 'public.cache_invalidation_health')
);
END
$pgspec$;

RESET statement_timeout;
