-- pgspec rollback: shop, draft, back to an empty start
-- drop 1 schema, 4 tables, 25 functions, 1 view, 6 triggers, 5 indexes, 4 access lists
-- from specs/cache.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- drop trigger pgspec_cache_update ON public.orders  [specs/cache.yaml:20]
DROP TRIGGER pgspec_cache_update ON public.orders;

-- drop trigger pgspec_cache_update ON public.cities  [specs/cache.yaml:25]
DROP TRIGGER pgspec_cache_update ON public.cities;

-- drop trigger pgspec_cache_truncate ON public.orders  [specs/cache.yaml:20]
DROP TRIGGER pgspec_cache_truncate ON public.orders;

-- drop trigger pgspec_cache_truncate ON public.cities  [specs/cache.yaml:25]
DROP TRIGGER pgspec_cache_truncate ON public.cities;

-- drop trigger pgspec_cache_insert ON public.orders  [specs/cache.yaml:20]
DROP TRIGGER pgspec_cache_insert ON public.orders;

-- drop trigger pgspec_cache_delete ON public.orders  [specs/cache.yaml:20]
DROP TRIGGER pgspec_cache_delete ON public.orders;

-- drop view cache.cache_invalidation_health
DROP VIEW cache.cache_invalidation_health;

-- drop function pgspec.wake_joined(timestamptz)
DROP FUNCTION pgspec.wake_joined(timestamptz);

-- drop function cache.cache_get(text)
DROP FUNCTION cache.cache_get(text);

-- drop table cache.cache_entries
DROP TABLE cache.cache_entries;

-- drop function pgspec.tags_and_wildcards(text[])
DROP FUNCTION pgspec.tags_and_wildcards(text[]);

-- drop function pgspec.storable_tag(text)
DROP FUNCTION pgspec.storable_tag(text);

-- drop function cache.cache_tag_versions(text[])
DROP FUNCTION cache.cache_tag_versions(text[]);

-- drop function pgspec.tag_and_wildcards(text)
DROP FUNCTION pgspec.tag_and_wildcards(text);

-- drop function pgspec.settle_dead(text[], timestamptz)
DROP FUNCTION pgspec.settle_dead(text[], timestamptz);

-- drop function pgspec.joined_rows(boolean)
DROP FUNCTION pgspec.joined_rows(boolean);

-- drop function pgspec.invalidate_tags(text[])
DROP FUNCTION pgspec.invalidate_tags(text[]);

-- drop function pgspec.fingerprint(text, text)
DROP FUNCTION pgspec.fingerprint(text, text);

-- drop function pgspec.cache_update_public_orders()  [specs/cache.yaml:20]
DROP FUNCTION pgspec.cache_update_public_orders();

-- drop function pgspec.cache_update_public_cities()  [specs/cache.yaml:25]
DROP FUNCTION pgspec.cache_update_public_cities();

-- drop function pgspec.cache_truncate_public_orders()  [specs/cache.yaml:20]
DROP FUNCTION pgspec.cache_truncate_public_orders();

-- drop function pgspec.cache_truncate_public_cities()  [specs/cache.yaml:25]
DROP FUNCTION pgspec.cache_truncate_public_cities();

-- drop function pgspec.cache_insert_public_orders()  [specs/cache.yaml:20]
DROP FUNCTION pgspec.cache_insert_public_orders();

-- drop function pgspec.cache_delete_public_orders()  [specs/cache.yaml:20]
DROP FUNCTION pgspec.cache_delete_public_orders();

-- drop function pgspec.enqueue_tags(text[], interval)
DROP FUNCTION pgspec.enqueue_tags(text[], interval);

-- drop function cache.retry_dead_cache_invalidations()
DROP FUNCTION cache.retry_dead_cache_invalidations();

-- drop function cache.fail_cache_invalidations(uuid, bigint[], text)
DROP FUNCTION cache.fail_cache_invalidations(uuid, bigint[], text);

-- drop function cache.enqueue_cache_invalidation(text, integer)
DROP FUNCTION cache.enqueue_cache_invalidation(text, integer);

-- drop function cache.drain_cache_invalidation_queue(integer, integer)
DROP FUNCTION cache.drain_cache_invalidation_queue(integer, integer);

-- drop function cache.cleanup_cache_invalidation_queue(interval, integer)
DROP FUNCTION cache.cleanup_cache_invalidation_queue(interval, integer);

-- drop function cache.claim_cache_invalidations(integer, integer)
DROP FUNCTION cache.claim_cache_invalidations(integer, integer);

-- drop function cache.cache_put(text, jsonb, text[], bigint[], interval)
DROP FUNCTION cache.cache_put(text, jsonb, text[], bigint[], interval);

-- drop function cache.ack_cache_invalidations(uuid, bigint[])
DROP FUNCTION cache.ack_cache_invalidations(uuid, bigint[]);

-- drop table pgspec.deployed_objects
DROP TABLE pgspec.deployed_objects;

-- drop table pgspec.cache_tags
DROP TABLE pgspec.cache_tags;

-- drop table cache.cache_invalidation_queue
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE cache.cache_invalidation_queue IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM cache.cache_invalidation_queue WHERE processed_at IS NULL;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % cache invalidations that are not done in cache.cache_invalidation_queue would be lost', lost USING HINT = 'drain them first: SELECT cache.drain_cache_invalidation_queue(); or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE cache.cache_invalidation_queue;

-- drop schema pgspec
DROP SCHEMA pgspec;
END
$pgspec$;

RESET statement_timeout;
