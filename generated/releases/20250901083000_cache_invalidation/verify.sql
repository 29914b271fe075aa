-- pgspec verify: marketplace, 20250901083000_cache_invalidation
-- 1 schema, 4 tables, 35 functions, 1 view, 7 materialized views, 16 triggers, 19 indexes, 7 comments, 11 access lists
-- from specs/cache/locations.yaml, specs/cache/services.yaml, specs/cache/specialties.yaml, specs/cache/vendors.yaml, specs/views/api_metrics_5m.yaml, specs/views/api_metrics_hourly_enhanced.yaml, specs/views/geographic_analytics_daily.yaml, specs/views/performance_analytics_5min.yaml and 3 more

DO $pgspec$
#variable_conflict use_column
DECLARE
  checked bigint;
  failed bigint;
  failures text;
BEGIN
IF pg_catalog.to_regclass('pgspec.deployed_objects') IS NULL THEN
  RAISE EXCEPTION 'verify: nothing is deployed here: % does not exist', 'pgspec.deployed_objects'
    USING HINT = 'Run migrate.sql first.';
END IF;

SELECT count(*), count(*) FILTER (WHERE ok IS NOT TRUE),
  pg_catalog.string_agg(object || ': ' || detail, E'\n' ORDER BY object, detail) FILTER (WHERE ok IS NOT TRUE)
INTO checked, failed, failures
FROM (
SELECT 'schema ' || e.name, n.oid IS NOT NULL, 'does not exist'
FROM (VALUES
  ('pgspec')
) AS e (name)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = e.name
UNION ALL
SELECT 'table ' || e.name, x.ok, x.detail
FROM (VALUES
  ('pgspec.cache_tags', '4150b0b2d222aadf'),
  ('pgspec.deployed_objects', 'e12627b13b639ac9'),
  ('public.cache_entries', '37617706afd13506'),
  ('public.cache_invalidation_queue', '561cffa08e253d19')
) AS e (name, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'r'
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'table' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('table', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'function ' || e.name, x.ok, x.detail
FROM (VALUES
  ('pgspec.cache_delete_public_locations()', ARRAY[]::text[], 'f4b5c0e3e09ac07c'),
  ('pgspec.cache_delete_public_profiles()', ARRAY[]::text[], '19b359d86e50228b'),
  ('pgspec.cache_delete_public_services()', ARRAY[]::text[], '085260d9e26b0ff0'),
  ('pgspec.cache_delete_public_specialties()', ARRAY[]::text[], 'd772f86bf73746b0'),
  ('pgspec.cache_insert_public_locations()', ARRAY[]::text[], 'dc2642bae1c94526'),
  ('pgspec.cache_insert_public_profiles()', ARRAY[]::text[], '524597a724226d76'),
  ('pgspec.cache_insert_public_services()', ARRAY[]::text[], '95fbad61671d7213'),
  ('pgspec.cache_insert_public_specialties()', ARRAY[]::text[], '0aafd52f435b500c'),
  ('pgspec.cache_truncate_public_locations()', ARRAY[]::text[], 'd49705e912473de5'),
  ('pgspec.cache_truncate_public_profiles()', ARRAY[]::text[], '55449dd0e137b234'),
  ('pgspec.cache_truncate_public_services()', ARRAY[]::text[], '98e63d6a7351be70'),
  ('pgspec.cache_truncate_public_specialties()', ARRAY[]::text[], '613506915a655a67'),
  ('pgspec.cache_update_public_locations()', ARRAY[]::text[], '5347d965ad6db16a'),
  ('pgspec.cache_update_public_profiles()', ARRAY[]::text[], '7f6033ba3b2b3153'),
  ('pgspec.cache_update_public_services()', ARRAY[]::text[], '77f417a0b10f4386'),
  ('pgspec.cache_update_public_specialties()', ARRAY[]::text[], '935faada2030bf4b'),
  ('pgspec.enqueue_tags(text[], interval)', ARRAY[]::text[], '8a2c03ece8183b59'),
  ('pgspec.fingerprint(text, text)', ARRAY[]::text[], '5e76377ee98f3bf6'),
  ('pgspec.invalidate_tags(text[])', ARRAY[]::text[], 'f63e7a6f07a70f3e'),
  ('pgspec.joined_rows(boolean)', ARRAY[]::text[], 'b787d5d8550ad52f'),
  ('pgspec.settle_dead(text[], timestamptz)', ARRAY[]::text[], 'cce34043e61d79d1'),
  ('pgspec.storable_tag(text)', ARRAY[]::text[], '731522ce59338dfe'),
  ('pgspec.tag_and_wildcards(text)', ARRAY[]::text[], '40c9c934e320929c'),
  ('pgspec.tags_and_wildcards(text[])', ARRAY[]::text[], '48f4d2c33a6f649d'),
  ('pgspec.wake_joined(timestamptz)', ARRAY[]::text[], 'a2ed2b678d79c45a'),
  ('public.ack_cache_invalidations(uuid, bigint[])', ARRAY['service_role']::text[], '811058181d6a60f7'),
  ('public.cache_get(text)', ARRAY['service_role']::text[], '1987591c019a0742'),
  ('public.cache_put(text, jsonb, text[], bigint[], interval)', ARRAY['service_role']::text[], '3d3dcd8d4334b2a9'),
  ('public.cache_tag_versions(text[])', ARRAY['service_role']::text[], 'd1327da0a2c261b8'),
  ('public.claim_cache_invalidations(integer, integer)', ARRAY['service_role']::text[], '9ad38770e0d8e1f4'),
  ('public.cleanup_cache_invalidation_queue(interval, integer)', ARRAY['service_role']::text[], '68c5b7c6f5557b47'),
  ('public.drain_cache_invalidation_queue(integer, integer)', ARRAY['service_role']::text[], '8979384ce85bf0a4'),
  ('public.enqueue_cache_invalidation(text, integer)', ARRAY['service_role']::text[], '231e0138cd3da360'),
  ('public.fail_cache_invalidations(uuid, bigint[], text)', ARRAY['service_role']::text[], '5db867dab3be71ae'),
  ('public.retry_dead_cache_invalidations()', ARRAY['service_role']::text[], '45be198419be3ced')
) AS e (name, may_execute, definition)
LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(e.name)
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'function' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (p.oid IS NOT NULL, 'does not exist'),
  (p.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('function', e.name)),
   'is not as it was deployed from these specs'),
  (p.oid IS NULL OR e.may_execute = ARRAY(
     SELECT g.role FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS a
     CROSS JOIN LATERAL (SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee) END::text) AS g (role)
     WHERE a.grantee <> p.proowner ORDER BY g.role COLLATE "C"),
   'can be executed by others than the spec says')
) AS x (ok, detail)
UNION ALL
SELECT 'view ' || e.name, x.ok, x.detail
FROM (VALUES
  ('public.cache_invalidation_health', 'a73a53906bcb6d12')
) AS e (name, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'v'
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'view' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('view', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'materialized view ' || e.name, x.ok, x.detail
FROM (VALUES
  ('public.api_metrics_5m', '04540e2c8b02956c'),
  ('public.api_metrics_hourly_enhanced', 'de6c401928cbc4c7'),
  ('public.geographic_analytics_daily', '4bbd391a059b96e5'),
  ('public.performance_analytics_5min', '7582f951152ee83e'),
  ('public.performance_analytics_hourly', '1f9f3a8ccea388ad'),
  ('public.provider_analytics_daily', 'cbd9be7d07474dea'),
  ('public.specialty_analytics_daily', 'dffe5ab0975554ea')
) AS e (name, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'm'
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'materialized_view' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (c.oid IS NULL OR c.relispopulated, 'is not populated'),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('materialized_view', e.name)),
   'its query is not the one deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'trigger ' || e.trigger || ' on ' || e.relation, x.ok, x.detail
FROM (VALUES
  ('pgspec_cache_delete ON public.locations', 'pgspec_cache_delete', 'public.locations', 8, 'pgspec.cache_delete_public_locations()', '73ea4195ff09768b'),
  ('pgspec_cache_delete ON public.profiles', 'pgspec_cache_delete', 'public.profiles', 8, 'pgspec.cache_delete_public_profiles()', 'b7d9813dd72e4dbf'),
  ('pgspec_cache_delete ON public.services', 'pgspec_cache_delete', 'public.services', 8, 'pgspec.cache_delete_public_services()', '1695dad9d2ea45d4'),
  ('pgspec_cache_delete ON public.specialties', 'pgspec_cache_delete', 'public.specialties', 8, 'pgspec.cache_delete_public_specialties()', '86aeb6e37b559b09'),
  ('pgspec_cache_insert ON public.locations', 'pgspec_cache_insert', 'public.locations', 4, 'pgspec.cache_insert_public_locations()', '98f24cba106f9d8f'),
  ('pgspec_cache_insert ON public.profiles', 'pgspec_cache_insert', 'public.profiles', 4, 'pgspec.cache_insert_public_profiles()', '64709d24d1d2bb6c'),
  ('pgspec_cache_insert ON public.services', 'pgspec_cache_insert', 'public.services', 4, 'pgspec.cache_insert_public_services()', '1c00f6b43cf000bb'),
  ('pgspec_cache_insert ON public.specialties', 'pgspec_cache_insert', 'public.specialties', 4, 'pgspec.cache_insert_public_specialties()', '7f9822e4c3611b50'),
  ('pgspec_cache_truncate ON public.locations', 'pgspec_cache_truncate', 'public.locations', 34, 'pgspec.cache_truncate_public_locations()', '2fff86814869c95a'),
  ('pgspec_cache_truncate ON public.profiles', 'pgspec_cache_truncate', 'public.profiles', 34, 'pgspec.cache_truncate_public_profiles()', '494e274545fc1db5'),
  ('pgspec_cache_truncate ON public.services', 'pgspec_cache_truncate', 'public.services', 34, 'pgspec.cache_truncate_public_services()', '24eaca7573e770ce'),
  ('pgspec_cache_truncate ON public.specialties', 'pgspec_cache_truncate', 'public.specialties', 34, 'pgspec.cache_truncate_public_specialties()', '29d73c55249f5595'),
  ('pgspec_cache_update ON public.locations', 'pgspec_cache_update', 'public.locations', 16, 'pgspec.cache_update_public_locations()', 'f1f70d268756b521'),
  ('pgspec_cache_update ON public.profiles', 'pgspec_cache_update', 'public.profiles', 16, 'pgspec.cache_update_public_profiles()', 'c532711bd6728e49'),
  ('pgspec_cache_update ON public.services', 'pgspec_cache_update', 'public.services', 16, 'pgspec.cache_update_public_services()', '32f3ad69e89d60df'),
  ('pgspec_cache_update ON public.specialties', 'pgspec_cache_update', 'public.specialties', 16, 'pgspec.cache_update_public_specialties()', '944cd2ddf483d15e')
) AS e (name, trigger, relation, bits, function, definition)
LEFT JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = pg_catalog.to_regclass(e.relation) AND t.tgname = e.trigger
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'trigger' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (t.oid IS NOT NULL, 'does not exist'),
  (t.oid IS NULL OR t.tgenabled IN ('O', 'A'), 'is disabled: writes are not seen'),
  (t.oid IS NULL OR t.tgtype = e.bits, 'is for other events'),
  (t.oid IS NULL OR t.tgfoid = pg_catalog.to_regprocedure(e.function), 'calls another function than ' || e.function),
  (t.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('trigger', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'index ' || e.name || ' on ' || e.relation, x.ok, x.detail
FROM (VALUES
  ('public.api_metrics_5m_endpoint_bucket_idx', 'public.api_metrics_5m', false, false, 'btree', ARRAY['endpoint', 'bucket'], '2777658fd47be8af'),
  ('public.api_metrics_hourly_enhanced_endpoint_hour_idx', 'public.api_metrics_hourly_enhanced', false, false, 'btree', ARRAY['endpoint', 'hour'], '3ebcde2d2e0f0e0a'),
  ('public.cache_entries_lookup_tags', 'public.cache_entries', false, false, 'gin', ARRAY['lookup_tags'], 'f46047d8b206e56f'),
  ('public.cache_invalidation_queue_dead', 'public.cache_invalidation_queue', false, true, 'btree', ARRAY['tag'], '1116f3b2103ab22e'),
  ('public.cache_invalidation_queue_due', 'public.cache_invalidation_queue', false, true, 'btree', ARRAY['visible_at', 'id'], 'cae7a0d7d03d78c9'),
  ('public.cache_invalidation_queue_joined', 'public.cache_invalidation_queue', false, true, 'btree', ARRAY['id'], '499dc0f2fafedee3'),
  ('public.cache_invalidation_queue_open', 'public.cache_invalidation_queue', false, true, 'btree', ARRAY['tag', 'enqueued_at'], '295c8539199213a4'),
  ('public.geographic_analytics_daily_country_state_city_idx', 'public.geographic_analytics_daily', false, false, 'btree', ARRAY['country', 'state', 'city'], 'd7a7890ddc398db2'),
  ('public.idx_api_metrics_5m_unique', 'public.api_metrics_5m', true, false, 'btree', ARRAY['bucket', 'endpoint', 'method'], '8baaa0e00cac492a'),
  ('public.idx_api_metrics_hourly_enhanced_unique', 'public.api_metrics_hourly_enhanced', true, false, 'btree', ARRAY['hour', 'endpoint', 'method'], 'e0aab7616281d3a3'),
  ('public.idx_geographic_analytics_unique', 'public.geographic_analytics_daily', true, false, 'btree', ARRAY['date', 'city', 'state', 'country'], '43fd694498485481'),
  ('public.idx_performance_5min_unique', 'public.performance_analytics_5min', true, false, 'btree', ARRAY['five_minute_bucket', 'endpoint', 'method'], '38b37b2054a396a3'),
  ('public.idx_performance_hourly_unique', 'public.performance_analytics_hourly', true, false, 'btree', ARRAY['hour', 'endpoint', 'method'], '2cba0a6738778c12'),
  ('public.idx_provider_analytics_unique', 'public.provider_analytics_daily', true, false, 'btree', ARRAY['date', 'provider_id'], '13a8a287598e1b50'),
  ('public.idx_specialty_analytics_unique', 'public.specialty_analytics_daily', true, false, 'btree', ARRAY['date', 'specialty_id'], 'd85c506e299f1285'),
  ('public.performance_analytics_5min_endpoint_five_minute_bucket_idx', 'public.performance_analytics_5min', false, false, 'btree', ARRAY['endpoint', 'five_minute_bucket'], '2e54caacf9239cf3'),
  ('public.performance_analytics_hourly_endpoint_hour_idx', 'public.performance_analytics_hourly', false, false, 'btree', ARRAY['endpoint', 'hour'], 'f9176df087647791'),
  ('public.provider_analytics_daily_provider_id_date_idx', 'public.provider_analytics_daily', false, false, 'btree', ARRAY['provider_id', 'date'], '37d06c8b18503f9d'),
  ('public.specialty_analytics_daily_specialty_id_date_idx', 'public.specialty_analytics_daily', false, false, 'btree', ARRAY['specialty_id', 'date'], 'ee4a26bfcb0635c9')
) AS e (name, relation, is_unique, is_partial, access_method, columns, definition)
LEFT JOIN pg_catalog.pg_index AS i
  ON i.indexrelid = pg_catalog.to_regclass(e.name) AND i.indrelid = pg_catalog.to_regclass(e.relation)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'index' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (i.indexrelid IS NOT NULL, 'does not exist'),
  (i.indexrelid IS NULL OR (i.indisvalid AND i.indisready AND i.indislive), 'is invalid: drop it and create it again'),
  (i.indexrelid IS NULL OR i.indisunique = e.is_unique,
   CASE WHEN e.is_unique THEN 'is not unique' ELSE 'is unique, the spec says it is not' END),
  (i.indexrelid IS NULL OR (i.indpred IS NOT NULL) = e.is_partial,
   CASE WHEN e.is_partial THEN 'has no WHERE clause' ELSE 'has a WHERE clause' END),
  (i.indexrelid IS NULL OR m.amname = e.access_method, 'is of another access method than ' || e.access_method),
  (i.indexrelid IS NULL OR (i.indnatts = i.indnkeyatts AND e.columns = ARRAY(
     SELECT coalesce(a.attname, '(expression)')::text
     FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
     LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0
     ORDER BY k.position)),
   'is not on the columns ' || pg_catalog.array_to_string(e.columns, ', ')),
  (i.indexrelid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('index', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'comment on ' || e.name,
  pg_catalog.obj_description(pg_catalog.to_regclass(e.name), 'pg_class') IS NOT DISTINCT FROM e.text,
  'is not the description in the spec'
FROM (VALUES
  ('public.api_metrics_5m', 'Counts, sums and a latency histogram of each endpoint every five minutes; made to be added up.'),
  ('public.api_metrics_hourly_enhanced', 'The five-minute metrics added up by hour, with percentiles from the merged latency histograms.'),
  ('public.geographic_analytics_daily', 'Searches, visits and bookings by place and UTC day.'),
  ('public.performance_analytics_5min', 'Exact latency percentiles, errors and cache hits of each endpoint, every five minutes.'),
  ('public.performance_analytics_hourly', 'Exact latency percentiles, errors and cache hits of each endpoint, by hour.'),
  ('public.provider_analytics_daily', 'What each provider was shown, clicked, booked and paid, by UTC day.'),
  ('public.specialty_analytics_daily', 'Demand, supply and prices of each specialty, by UTC day.')
) AS e (name, text)
UNION ALL
SELECT 'access to ' || e.name,
  a.granted = e.granted,
  pg_catalog.format('is {%s}, the spec says {%s}', pg_catalog.array_to_string(a.granted, ', '), pg_catalog.array_to_string(e.granted, ', '))
FROM (VALUES
  ('pgspec.cache_tags', ARRAY[]::text[]),
  ('public.api_metrics_5m', ARRAY['service_role SELECT']::text[]),
  ('public.api_metrics_hourly_enhanced', ARRAY['service_role SELECT']::text[]),
  ('public.cache_entries', ARRAY['service_role SELECT']::text[]),
  ('public.cache_invalidation_health', ARRAY['service_role SELECT']::text[]),
  ('public.cache_invalidation_queue', ARRAY['service_role SELECT']::text[]),
  ('public.geographic_analytics_daily', ARRAY['service_role SELECT']::text[]),
  ('public.performance_analytics_5min', ARRAY['service_role SELECT']::text[]),
  ('public.performance_analytics_hourly', ARRAY['service_role SELECT']::text[]),
  ('public.provider_analytics_daily', ARRAY['service_role SELECT']::text[]),
  ('public.specialty_analytics_daily', ARRAY['service_role SELECT']::text[])
) AS e (name, granted)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name)
CROSS JOIN LATERAL (
  SELECT ARRAY(
    SELECT entry FROM (
      SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee) END || ' ' || x.privilege_type
        || CASE WHEN x.is_grantable THEN ' with grant option' ELSE '' END AS entry
      FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS x
      WHERE x.grantee <> c.relowner
      UNION ALL
      SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee) END || ' ' || x.privilege_type
        || ' of column ' || t.attname
      FROM pg_catalog.pg_attribute AS t CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) AS x
      WHERE t.attrelid = c.oid AND x.grantee <> c.relowner
    ) AS entries ORDER BY entry COLLATE "C") AS granted
) AS a
UNION ALL
SELECT pg_catalog.replace(d.type, '_', ' ') || ' ' || d.name, false, 'was deployed, and is not in the specs'
FROM pgspec.deployed_objects AS d
WHERE (d.type, d.name) NOT IN (
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
  ('function', 'pgspec.fingerprint(text, text)'),
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
  ('index', 'public.api_metrics_5m_endpoint_bucket_idx'),
  ('index', 'public.api_metrics_hourly_enhanced_endpoint_hour_idx'),
  ('index', 'public.cache_entries_lookup_tags'),
  ('index', 'public.cache_invalidation_queue_dead'),
  ('index', 'public.cache_invalidation_queue_due'),
  ('index', 'public.cache_invalidation_queue_joined'),
  ('index', 'public.cache_invalidation_queue_open'),
  ('index', 'public.geographic_analytics_daily_country_state_city_idx'),
  ('index', 'public.idx_api_metrics_5m_unique'),
  ('index', 'public.idx_api_metrics_hourly_enhanced_unique'),
  ('index', 'public.idx_geographic_analytics_unique'),
  ('index', 'public.idx_performance_5min_unique'),
  ('index', 'public.idx_performance_hourly_unique'),
  ('index', 'public.idx_provider_analytics_unique'),
  ('index', 'public.idx_specialty_analytics_unique'),
  ('index', 'public.performance_analytics_5min_endpoint_five_minute_bucket_idx'),
  ('index', 'public.performance_analytics_hourly_endpoint_hour_idx'),
  ('index', 'public.provider_analytics_daily_provider_id_date_idx'),
  ('index', 'public.specialty_analytics_daily_specialty_id_date_idx'),
  ('materialized_view', 'public.api_metrics_5m'),
  ('materialized_view', 'public.api_metrics_hourly_enhanced'),
  ('materialized_view', 'public.geographic_analytics_daily'),
  ('materialized_view', 'public.performance_analytics_5min'),
  ('materialized_view', 'public.performance_analytics_hourly'),
  ('materialized_view', 'public.provider_analytics_daily'),
  ('materialized_view', 'public.specialty_analytics_daily'),
  ('table', 'pgspec.cache_tags'),
  ('table', 'pgspec.deployed_objects'),
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
)
) AS checks (object, ok, detail);

IF failed > 0 THEN
  RAISE EXCEPTION E'verify: % of % checks failed\n%', failed, checked, failures;
END IF;
RAISE NOTICE 'verify: % checks passed', checked;
END
$pgspec$;
