-- pgspec verify: shop, draft
-- 1 schema, 10 tables, 68 functions, 2 procedures, 9 views, 2 tables with row security, 8 policies, 39 triggers, 11 indexes, 5 comments, 17 access lists, 1 schema's users, 1 table's expectations
-- from specs/audit.yaml

DO $pgspec$
#variable_conflict use_column
DECLARE
  checked bigint;
  failed bigint;
  failures text;
  thrown text;
  cell record;
  probe record;
  labels text[];
  keys text[];
  reached text[];
  wrong text[] := ARRAY[]::text[];
  tried bigint := 0;
  touched bigint;
  stage text;
  state text;
  said text;
  advice text;
  denied text;
  broken text;
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
  ('pgspec."Every Write"', '3b8f1c6d48838f99'),
  ('pgspec."quiet log"', '5721bbdb3937b8b8'),
  ('pgspec.admin_audit_log', 'd7e188cc67edb79b'),
  ('pgspec.alert_state', 'ac8257730a72daf1'),
  ('pgspec.cache_tags', 'd453a14fe544acac'),
  ('pgspec.deployed_objects', '4cc575c0713faf43'),
  ('pgspec.switch_log', '85709fbd55b423de'),
  ('pgspec.thrown_switches', '8405ee231ed4b068'),
  ('public.cache_entries', '2a1956ebc0ac9754'),
  ('public.cache_invalidation_queue', 'cf5fb6cc49f8c820')
) AS e (name, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'r'
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'table' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (NOT EXISTS (
     SELECT FROM pg_catalog.pg_depend AS o
     JOIN pg_catalog.pg_class AS s ON s.oid = o.objid AND s.relkind = 'S'
     CROSS JOIN LATERAL pg_catalog.aclexplode(s.relacl) AS x
     WHERE o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.refclassid = o.classid
       AND o.refobjid = c.oid AND o.deptype = 'i' AND x.grantee <> s.relowner),
   'has a sequence that others than its owner may use'),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('table', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'function ' || e.name, x.ok, x.detail
FROM (VALUES
  ('pgspec."audit_Every Write_delete_public_Odd Names"()', ARRAY[]::text[], '7a8e681adba8928c'),
  ('pgspec."audit_Every Write_delete_public_profiles"()', ARRAY[]::text[], '376bacb1af8b3d97'),
  ('pgspec."audit_Every Write_insert_public_Odd Names"()', ARRAY[]::text[], '283ba9827567ce90'),
  ('pgspec."audit_Every Write_insert_public_profiles"()', ARRAY[]::text[], '2e6f2c6044b21689'),
  ('pgspec."audit_Every Write_truncate_public_Odd Names"()', ARRAY[]::text[], '194c38f2b6652ef2'),
  ('pgspec."audit_Every Write_truncate_public_profiles"()', ARRAY[]::text[], 'b214a5867ef88002'),
  ('pgspec."audit_Every Write_update_public_Odd Names"()', ARRAY[]::text[], '9fdf4e1b0439575b'),
  ('pgspec."audit_Every Write_update_public_profiles"()', ARRAY[]::text[], '9c9083389b2b5e01'),
  ('pgspec."audit_quiet log_update_public_profiles"()', ARRAY[]::text[], 'b1cc0dd3c770d751'),
  ('pgspec."may_view_quiet viewer"(boolean)', ARRAY['anon', 'worker']::text[], '01183db564171a96'),
  ('pgspec.access_pgspec_admin_audit_log(text)', ARRAY['anon', 'authenticated', 'worker']::text[], 'df90307b22524335'),
  ('pgspec.alert_values()', ARRAY['worker']::text[], '58e41bcb8806a252'),
  ('pgspec.api_side()', ARRAY[]::text[], 'c014987cdc2f3de9'),
  ('pgspec.audit_admin_audit_log_delete_public_events()', ARRAY[]::text[], 'b5e2a8e0527e67f5'),
  ('pgspec.audit_admin_audit_log_delete_public_profiles()', ARRAY[]::text[], '998ea55cbb04af7a'),
  ('pgspec.audit_admin_audit_log_insert_public_events()', ARRAY[]::text[], '83087bccf5954c41'),
  ('pgspec.audit_admin_audit_log_truncate_public_events()', ARRAY[]::text[], 'da05ec7b66bb5413'),
  ('pgspec.audit_admin_audit_log_update_public_events()', ARRAY[]::text[], '420acc06d1a7c9c9'),
  ('pgspec.audit_admin_audit_log_update_public_profiles()', ARRAY[]::text[], 'ff95c75706a120ce'),
  ('pgspec.audit_claims()', ARRAY[]::text[], '11731686391c0aa3'),
  ('pgspec.audit_guard()', ARRAY[]::text[], '66b7a045394eecc9'),
  ('pgspec.audit_request_id()', ARRAY[]::text[], '2776ba6831d3a02a'),
  ('pgspec.cache_delete_public_profiles()', ARRAY[]::text[], '8e22330e3b227e52'),
  ('pgspec.cache_insert_public_profiles()', ARRAY[]::text[], '4a094cdde8a6ef49'),
  ('pgspec.cache_truncate_public_profiles()', ARRAY[]::text[], 'edc985eda170bcfd'),
  ('pgspec.cache_update_public_profiles()', ARRAY[]::text[], '4dce3b537b0ba911'),
  ('pgspec.catch_up(interval)', ARRAY[]::text[], '889f6f4d24b479d0'),
  ('pgspec.claim(text)', ARRAY['anon', 'authenticated', 'worker']::text[], '0de1c9a6145710f0'),
  ('pgspec.claim_bigint(text)', ARRAY['anon', 'authenticated', 'worker']::text[], '6af793b7c24dd839'),
  ('pgspec.claim_uuid(text)', ARRAY['anon', 'authenticated', 'worker']::text[], 'ca8269f6770e3b0c'),
  ('pgspec.closed_by(text)', ARRAY[]::text[], 'ef86a1d3edb52902'),
  ('pgspec.enqueue_tags(text[], interval)', ARRAY[]::text[], 'c914cb40b0ea2569'),
  ('pgspec.fingerprint(text, text)', ARRAY[]::text[], '9893c2f3843974a9'),
  ('pgspec.harden(text)', ARRAY[]::text[], 'cd0278cb67d9af36'),
  ('pgspec.invalidate_tags(text[])', ARRAY[]::text[], '17bbc74911a346a9'),
  ('pgspec.joined_rows(boolean)', ARRAY[]::text[], '8f35c2a326b8d25e'),
  ('pgspec.log_switch(text, boolean, text)', ARRAY[]::text[], 'c9fc08ae46a51200'),
  ('pgspec.may_switch(text, text)', ARRAY[]::text[], '524517d432cb4a2e'),
  ('pgspec.may_view_admin_audit_viewer(boolean)', ARRAY['authenticated']::text[], 'd4c141641101793f'),
  ('pgspec.relation_grants(regclass)', ARRAY[]::text[], 'bc14760f90a6764a'),
  ('pgspec.relax(text)', ARRAY[]::text[], '7e36891ac3ca2fae'),
  ('pgspec.settle_dead(text[], timestamptz)', ARRAY[]::text[], 'ec1fac62627e95ae'),
  ('pgspec.skipping()', ARRAY[]::text[], '5d08794df3e49df8'),
  ('pgspec.storable_tag(text)', ARRAY[]::text[], '41dc1f7f1ee65b04'),
  ('pgspec.switch_log_guard()', ARRAY[]::text[], '99be9fd56dc00e6f'),
  ('pgspec.switch_targets()', ARRAY[]::text[], 'a0f49abd07c5bd7e'),
  ('pgspec.tag_and_wildcards(text)', ARRAY[]::text[], 'd858fe534b2ee21b'),
  ('pgspec.tags_and_wildcards(text[])', ARRAY[]::text[], 'c86f7d75616437c6'),
  ('pgspec.wake_joined(timestamptz)', ARRAY[]::text[], 'fd2b892d51f91636'),
  ('public."cleanup_Every Write"(integer)', ARRAY['worker']::text[], 'c45e42abce93d865'),
  ('public."cleanup_quiet log"(integer)', ARRAY['worker']::text[], 'bc517ac9f78a8e9f'),
  ('public.access_left(text)', ARRAY['worker']::text[], 'd7553995d55005a1'),
  ('public.ack_cache_invalidations(uuid, bigint[])', ARRAY['worker']::text[], '79b069a3a7dbab9c'),
  ('public.cache_get(text)', ARRAY['worker']::text[], 'a12562d31da4b7ed'),
  ('public.cache_put(text, jsonb, text[], bigint[], interval)', ARRAY['worker']::text[], '8e52329589a51a40'),
  ('public.cache_tag_versions(text[])', ARRAY['worker']::text[], '483bac663003cd29'),
  ('public.claim_cache_invalidations(integer, integer)', ARRAY['worker']::text[], 'e55668bef86dc6a0'),
  ('public.cleanup_admin_audit_log(integer)', ARRAY['worker']::text[], '5c9e3b27cfdbf4a3'),
  ('public.cleanup_cache_invalidation_queue(interval, integer)', ARRAY['worker']::text[], 'e623017745082f4e'),
  ('public.drain_cache_invalidation_queue(integer, integer)', ARRAY['worker']::text[], '2e3e916f24f39c44'),
  ('public.enqueue_cache_invalidation(text, integer)', ARRAY['worker']::text[], 'e6cf730998a782c3'),
  ('public.evaluate_alerts()', ARRAY['worker']::text[], '798b635230d97361'),
  ('public.explain_access(text, text)', ARRAY['anon', 'authenticated', 'worker']::text[], '8f53d276cca4e1ef'),
  ('public.fail_cache_invalidations(uuid, bigint[], text)', ARRAY['worker']::text[], 'ffeafca8538c7314'),
  ('public.reset_switch(text, text, integer)', ARRAY['worker']::text[], '5246729bac0ca3b9'),
  ('public.retry_dead_cache_invalidations()', ARRAY['worker']::text[], '21fbc85722980a83'),
  ('public.throw_switch(text, text)', ARRAY['worker']::text[], 'c70df98b18cac888'),
  ('public.verify_migration_success()', ARRAY['worker']::text[], '97d54c48e2fb60f2')
) AS e (name, may_execute, definition)
LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(e.name)
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'function' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (p.oid IS NOT NULL, 'does not exist'),
  (p.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('function', e.name)),
   'is not as it was deployed from these specs'),
  (p.oid IS NULL OR pg_catalog.array_remove(e.may_execute, pg_catalog.pg_get_userbyid(p.proowner)::text) = ARRAY(
     SELECT g.role FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS a
     CROSS JOIN LATERAL (SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee) END::text) AS g (role)
     WHERE a.grantee <> p.proowner ORDER BY g.role COLLATE "C"),
   'can be executed by others than the spec says')
) AS x (ok, detail)
UNION ALL
SELECT 'procedure ' || e.name, x.ok, x.detail
FROM (VALUES
  ('public.run_cache_invalidations(integer)', ARRAY['worker']::text[], '4cca039f7d32a951'),
  ('public.run_maintenance(integer)', ARRAY['worker']::text[], '24d7f887405fe518')
) AS e (name, may_execute, definition)
LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = pg_catalog.to_regprocedure(e.name)
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'procedure' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (p.oid IS NOT NULL, 'does not exist'),
  (p.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('procedure', e.name)),
   'is not as it was deployed from these specs'),
  (p.oid IS NULL OR pg_catalog.array_remove(e.may_execute, pg_catalog.pg_get_userbyid(p.proowner)::text) = ARRAY(
     SELECT g.role FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS a
     CROSS JOIN LATERAL (SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee) END::text) AS g (role)
     WHERE a.grantee <> p.proowner ORDER BY g.role COLLATE "C"),
   'can be executed by others than the spec says')
) AS x (ok, detail)
UNION ALL
SELECT 'view ' || e.name, x.ok, x.detail
FROM (VALUES
  ('public."Every Write"', 'security_invoker=true,security_barrier=true', '2d59739277a9ea8b'),
  ('public."quiet log"', 'security_invoker=true,security_barrier=true', '67e8112a7560d616'),
  ('public."quiet viewer"', 'security_invoker=true,security_barrier=true', '73ea7b968b09da4c'),
  ('public.admin_audit_log', 'security_invoker=true,security_barrier=true', '83dde495e5e97307'),
  ('public.admin_audit_viewer', 'security_invoker=true,security_barrier=true', '54c04f1a8b62f8ee'),
  ('public.cache_invalidation_health', '', 'a73a53906bcb6d12'),
  ('public.pgspec_alerts', '', '3626645fbf47b003'),
  ('public.pgspec_switch_log', '', 'ba481a6ae5d4dbd0'),
  ('public.pgspec_switches', '', 'ad0d45f2d02ecf47')
) AS e (name, options, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind = 'v'
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'view' AND d.name = e.name
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'does not exist'),
  (c.oid IS NULL OR coalesce(pg_catalog.array_to_string(c.reloptions, ','), '') = e.options,
   CASE WHEN e.options = '' THEN 'has options' ELSE 'has other options than ' || e.options END),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('view', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'row security on ' || e.name, x.ok, x.detail
FROM (VALUES
  ('pgspec."quiet log"', true, '32181299ffcceb9f'),
  ('pgspec.admin_audit_log', true, 'f2162f0bdf9e0fe3')
) AS e (name, forced, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name)
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'row_security' AND d.name = e.name
CROSS JOIN LATERAL (
  SELECT pg_catalog.string_agg(pg_catalog.quote_ident(p.polname), ', ' ORDER BY p.polname) AS names
  FROM pg_catalog.pg_policy AS p
  WHERE p.polrelid = c.oid AND NOT EXISTS (
    SELECT FROM pgspec.deployed_objects AS k
    CROSS JOIN pg_catalog.regexp_match(k.name, '^("(?:[^"]|"")+"|[^" ]+) ON (.+)$') AS m
    WHERE k.type = 'policy' AND pg_catalog.to_regclass(m[2]) = p.polrelid AND (pg_catalog.parse_ident(m[1]))[1] = p.polname)
) AS others
CROSS JOIN LATERAL (VALUES
  (c.oid IS NOT NULL, 'the table does not exist'),
  (c.oid IS NULL OR c.relrowsecurity, 'is not enabled: policies are not asked'),
  (c.oid IS NULL OR c.relforcerowsecurity = e.forced,
   CASE WHEN e.forced THEN 'does not bind the owner of the table' ELSE 'binds the owner of the table' END),
  (c.oid IS NULL OR d.definition = e.definition, 'is not as it was deployed from these specs'),
  (others.names IS NULL, 'has policies that are not in the specs: ' || others.names)
) AS x (ok, detail)
UNION ALL
SELECT 'policy ' || e.name, x.ok, x.detail
FROM (VALUES
  ('"own entries" ON pgspec.admin_audit_log', 'own entries', 'pgspec.admin_audit_log', true, 'r', ARRAY['authenticated']::text[], '4cf5a384a01da0af'),
  ('no_settings ON pgspec.admin_audit_log', 'no_settings', 'pgspec.admin_audit_log', false, 'r', ARRAY['anon', 'authenticated']::text[], '5ffd208272c50a3f'),
  ('pgspec_owner ON pgspec."quiet log"', 'pgspec_owner', 'pgspec."quiet log"', true, '*', ARRAY[NULL]::text[], '16867a505c062d93'),
  ('pgspec_owner ON pgspec.admin_audit_log', 'pgspec_owner', 'pgspec.admin_audit_log', true, '*', ARRAY[NULL]::text[], '4c03c27bb0033e1a'),
  ('pgspec_service ON pgspec."quiet log"', 'pgspec_service', 'pgspec."quiet log"', true, 'r', ARRAY['worker']::text[], '0aebecd0070b71f2'),
  ('pgspec_service ON pgspec.admin_audit_log', 'pgspec_service', 'pgspec.admin_audit_log', true, 'r', ARRAY['worker']::text[], '1fa56e64db6f0cd7'),
  ('pgspec_viewer ON pgspec."quiet log"', 'pgspec_viewer', 'pgspec."quiet log"', true, 'r', ARRAY['anon', 'worker']::text[], '076fc9e57db5b8e1'),
  ('pgspec_viewer ON pgspec.admin_audit_log', 'pgspec_viewer', 'pgspec.admin_audit_log', true, 'r', ARRAY['authenticated']::text[], '7cd0e07bed4e5dbb')
) AS e (name, policy, relation, permissive, command, roles, definition)
LEFT JOIN pg_catalog.pg_policy AS p ON p.polrelid = pg_catalog.to_regclass(e.relation) AND p.polname = e.policy
LEFT JOIN pgspec.deployed_objects AS d ON d.type = 'policy' AND d.name = e.name
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
CROSS JOIN LATERAL (VALUES
  (p.oid IS NOT NULL, 'does not exist'),
  (p.oid IS NULL OR p.polpermissive = e.permissive,
   CASE WHEN e.permissive THEN 'is restrictive' ELSE 'is permissive: it widens what it should narrow' END),
  (p.oid IS NULL OR p.polcmd = e.command, 'is for other commands'),
  (p.oid IS NULL OR pg_catalog.array_replace(e.roles, NULL, pg_catalog.pg_get_userbyid(c.relowner)::text) = ARRAY(
     SELECT r.name FROM pg_catalog.unnest(p.polroles) AS o (role)
     CROSS JOIN LATERAL (SELECT CASE WHEN o.role = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(o.role) END::text) AS r (name)
     ORDER BY r.name COLLATE "C"), 'is for other roles'),
  (p.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('policy', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'trigger ' || e.trigger || ' on ' || e.relation, x.ok, x.detail
FROM (VALUES
  ('pgspec_audit__very__rite_cdf00115_delete ON public."Odd Names"', 'pgspec_audit__very__rite_cdf00115_delete', 'public."Odd Names"', 8, 'pgspec."audit_Every Write_delete_public_Odd Names"()', '13df159bad66da55'),
  ('pgspec_audit__very__rite_cdf00115_delete ON public.profiles', 'pgspec_audit__very__rite_cdf00115_delete', 'public.profiles', 8, 'pgspec."audit_Every Write_delete_public_profiles"()', '9d4d196cbe16e9d1'),
  ('pgspec_audit__very__rite_cdf00115_insert ON public."Odd Names"', 'pgspec_audit__very__rite_cdf00115_insert', 'public."Odd Names"', 4, 'pgspec."audit_Every Write_insert_public_Odd Names"()', 'c15ea648cd0a8cf7'),
  ('pgspec_audit__very__rite_cdf00115_insert ON public.profiles', 'pgspec_audit__very__rite_cdf00115_insert', 'public.profiles', 4, 'pgspec."audit_Every Write_insert_public_profiles"()', '2bb6d1ab8f406db2'),
  ('pgspec_audit__very__rite_cdf00115_truncate ON public."Odd Names"', 'pgspec_audit__very__rite_cdf00115_truncate', 'public."Odd Names"', 34, 'pgspec."audit_Every Write_truncate_public_Odd Names"()', '2be3c029a8139cbd'),
  ('pgspec_audit__very__rite_cdf00115_truncate ON public.profiles', 'pgspec_audit__very__rite_cdf00115_truncate', 'public.profiles', 34, 'pgspec."audit_Every Write_truncate_public_profiles"()', 'f612aba070c08ba7'),
  ('pgspec_audit__very__rite_cdf00115_update ON public."Odd Names"', 'pgspec_audit__very__rite_cdf00115_update', 'public."Odd Names"', 16, 'pgspec."audit_Every Write_update_public_Odd Names"()', '721c27d245f57b52'),
  ('pgspec_audit__very__rite_cdf00115_update ON public.profiles', 'pgspec_audit__very__rite_cdf00115_update', 'public.profiles', 16, 'pgspec."audit_Every Write_update_public_profiles"()', '994bc413174d8640'),
  ('pgspec_audit_admin_audit_log_delete ON public.events', 'pgspec_audit_admin_audit_log_delete', 'public.events', 8, 'pgspec.audit_admin_audit_log_delete_public_events()', '2f47d6f344f9c429'),
  ('pgspec_audit_admin_audit_log_delete ON public.events_1', 'pgspec_audit_admin_audit_log_delete', 'public.events_1', 8, 'pgspec.audit_admin_audit_log_delete_public_events()', '43a408ea17d191bf'),
  ('pgspec_audit_admin_audit_log_delete ON public.events_2', 'pgspec_audit_admin_audit_log_delete', 'public.events_2', 8, 'pgspec.audit_admin_audit_log_delete_public_events()', '63adba5bb3a4d02b'),
  ('pgspec_audit_admin_audit_log_delete ON public.profiles', 'pgspec_audit_admin_audit_log_delete', 'public.profiles', 8, 'pgspec.audit_admin_audit_log_delete_public_profiles()', '7359564b9c2fe1d7'),
  ('pgspec_audit_admin_audit_log_insert ON public.events', 'pgspec_audit_admin_audit_log_insert', 'public.events', 4, 'pgspec.audit_admin_audit_log_insert_public_events()', 'ae2a67a7ff9c9f1a'),
  ('pgspec_audit_admin_audit_log_insert ON public.events_1', 'pgspec_audit_admin_audit_log_insert', 'public.events_1', 4, 'pgspec.audit_admin_audit_log_insert_public_events()', '2423608af4c9bb46'),
  ('pgspec_audit_admin_audit_log_insert ON public.events_2', 'pgspec_audit_admin_audit_log_insert', 'public.events_2', 4, 'pgspec.audit_admin_audit_log_insert_public_events()', '6365f833edc8d0a0'),
  ('pgspec_audit_admin_audit_log_truncate ON public.events', 'pgspec_audit_admin_audit_log_truncate', 'public.events', 34, 'pgspec.audit_admin_audit_log_truncate_public_events()', '00695221a03fd339'),
  ('pgspec_audit_admin_audit_log_truncate ON public.events_1', 'pgspec_audit_admin_audit_log_truncate', 'public.events_1', 34, 'pgspec.audit_admin_audit_log_truncate_public_events()', '3601b002f9759520'),
  ('pgspec_audit_admin_audit_log_truncate ON public.events_2', 'pgspec_audit_admin_audit_log_truncate', 'public.events_2', 34, 'pgspec.audit_admin_audit_log_truncate_public_events()', '1c98f83e3a9787ca'),
  ('pgspec_audit_admin_audit_log_update ON public.events', 'pgspec_audit_admin_audit_log_update', 'public.events', 16, 'pgspec.audit_admin_audit_log_update_public_events()', '6c1a9d7c0b40f753'),
  ('pgspec_audit_admin_audit_log_update ON public.events_1', 'pgspec_audit_admin_audit_log_update', 'public.events_1', 16, 'pgspec.audit_admin_audit_log_update_public_events()', '226007e9c2654fef'),
  ('pgspec_audit_admin_audit_log_update ON public.events_2', 'pgspec_audit_admin_audit_log_update', 'public.events_2', 16, 'pgspec.audit_admin_audit_log_update_public_events()', '1b80c06a259a8806'),
  ('pgspec_audit_admin_audit_log_update ON public.profiles', 'pgspec_audit_admin_audit_log_update', 'public.profiles', 16, 'pgspec.audit_admin_audit_log_update_public_profiles()', '9d7e658cca708762'),
  ('pgspec_audit_guard_delete ON pgspec."Every Write"', 'pgspec_audit_guard_delete', 'pgspec."Every Write"', 10, 'pgspec.audit_guard()', '350bc924f1da7e1e'),
  ('pgspec_audit_guard_delete ON pgspec."quiet log"', 'pgspec_audit_guard_delete', 'pgspec."quiet log"', 10, 'pgspec.audit_guard()', 'afd6d20c5d95f16d'),
  ('pgspec_audit_guard_delete ON pgspec.admin_audit_log', 'pgspec_audit_guard_delete', 'pgspec.admin_audit_log', 10, 'pgspec.audit_guard()', 'a17d905bf5c5d881'),
  ('pgspec_audit_guard_truncate ON pgspec."Every Write"', 'pgspec_audit_guard_truncate', 'pgspec."Every Write"', 34, 'pgspec.audit_guard()', '0104f44343ecfab3'),
  ('pgspec_audit_guard_truncate ON pgspec."quiet log"', 'pgspec_audit_guard_truncate', 'pgspec."quiet log"', 34, 'pgspec.audit_guard()', '8da3f0734f0a2837'),
  ('pgspec_audit_guard_truncate ON pgspec.admin_audit_log', 'pgspec_audit_guard_truncate', 'pgspec.admin_audit_log', 34, 'pgspec.audit_guard()', '25b29b286cacdd4d'),
  ('pgspec_audit_guard_update ON pgspec."Every Write"', 'pgspec_audit_guard_update', 'pgspec."Every Write"', 18, 'pgspec.audit_guard()', '45e4ecc13ddc5c1d'),
  ('pgspec_audit_guard_update ON pgspec."quiet log"', 'pgspec_audit_guard_update', 'pgspec."quiet log"', 18, 'pgspec.audit_guard()', 'c0ba80ef06c382d8'),
  ('pgspec_audit_guard_update ON pgspec.admin_audit_log', 'pgspec_audit_guard_update', 'pgspec.admin_audit_log', 18, 'pgspec.audit_guard()', 'a51619fd433ddb10'),
  ('pgspec_audit_quiet_log_6d39d39e_update ON public.profiles', 'pgspec_audit_quiet_log_6d39d39e_update', 'public.profiles', 16, 'pgspec."audit_quiet log_update_public_profiles"()', 'ddcee09e3a0e9bc7'),
  ('pgspec_cache_delete ON public.profiles', 'pgspec_cache_delete', 'public.profiles', 8, 'pgspec.cache_delete_public_profiles()', 'b7d9813dd72e4dbf'),
  ('pgspec_cache_insert ON public.profiles', 'pgspec_cache_insert', 'public.profiles', 4, 'pgspec.cache_insert_public_profiles()', '64709d24d1d2bb6c'),
  ('pgspec_cache_truncate ON public.profiles', 'pgspec_cache_truncate', 'public.profiles', 34, 'pgspec.cache_truncate_public_profiles()', '494e274545fc1db5'),
  ('pgspec_cache_update ON public.profiles', 'pgspec_cache_update', 'public.profiles', 16, 'pgspec.cache_update_public_profiles()', 'c532711bd6728e49'),
  ('pgspec_switch_log_guard_delete ON pgspec.switch_log', 'pgspec_switch_log_guard_delete', 'pgspec.switch_log', 10, 'pgspec.switch_log_guard()', 'f3a0e9d9e832543c'),
  ('pgspec_switch_log_guard_truncate ON pgspec.switch_log', 'pgspec_switch_log_guard_truncate', 'pgspec.switch_log', 34, 'pgspec.switch_log_guard()', '6e0f576c6a956253'),
  ('pgspec_switch_log_guard_update ON pgspec.switch_log', 'pgspec_switch_log_guard_update', 'pgspec.switch_log', 18, 'pgspec.switch_log_guard()', '6326de6d31525e23')
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
  ('pgspec."Every Write_at"', 'pgspec."Every Write"', false, false, 'btree', ARRAY['at'], '693cc73ce2632067'),
  ('pgspec."Every Write_row_key"', 'pgspec."Every Write"', false, false, 'hash', ARRAY['row_key'], '3f6f6775abe0c846'),
  ('pgspec."quiet log_at"', 'pgspec."quiet log"', false, false, 'btree', ARRAY['at'], '05b24f013dbecfe6'),
  ('pgspec."quiet log_row_key"', 'pgspec."quiet log"', false, false, 'hash', ARRAY['row_key'], '5e6eb72d87271c2d'),
  ('pgspec.admin_audit_log_at', 'pgspec.admin_audit_log', false, false, 'btree', ARRAY['at'], 'f1203ae265d2585a'),
  ('pgspec.admin_audit_log_row_key', 'pgspec.admin_audit_log', false, false, 'hash', ARRAY['row_key'], '711ea98b95b2e065'),
  ('public.cache_entries_lookup_tags', 'public.cache_entries', false, false, 'gin', ARRAY['lookup_tags'], 'f46047d8b206e56f'),
  ('public.cache_invalidation_queue_dead', 'public.cache_invalidation_queue', false, true, 'btree', ARRAY['tag'], '1116f3b2103ab22e'),
  ('public.cache_invalidation_queue_due', 'public.cache_invalidation_queue', false, true, 'btree', ARRAY['visible_at', 'id'], 'cae7a0d7d03d78c9'),
  ('public.cache_invalidation_queue_joined', 'public.cache_invalidation_queue', false, true, 'btree', ARRAY['id'], '499dc0f2fafedee3'),
  ('public.cache_invalidation_queue_open', 'public.cache_invalidation_queue', false, true, 'btree', ARRAY['tag', 'enqueued_at'], '295c8539199213a4')
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
  ('public."Every Write"', 'Audit log, kept for 7 days.'),
  ('public."quiet log"', 'Nobody but admins reads it.'),
  ('public."quiet viewer"', 'Nobody but admins reads it.'),
  ('public.admin_audit_log', 'Who changed what profiles may do.'),
  ('public.admin_audit_viewer', 'Who changed what profiles may do.')
) AS e (name, text)
UNION ALL
SELECT 'access to ' || e.name,
  a.granted = e.granted,
  pg_catalog.format('is {%s}, the spec says {%s}', pg_catalog.array_to_string(a.granted, ', '), pg_catalog.array_to_string(e.granted, ', '))
FROM (VALUES
  ('pgspec."Every Write"', ARRAY['worker SELECT']::text[]),
  ('pgspec."quiet log"', ARRAY['anon SELECT', 'worker SELECT']::text[]),
  ('pgspec.admin_audit_log', ARRAY['authenticated SELECT', 'worker SELECT']::text[]),
  ('pgspec.cache_tags', ARRAY[]::text[]),
  ('pgspec.switch_log', ARRAY[]::text[]),
  ('pgspec.thrown_switches', ARRAY[]::text[]),
  ('public."Every Write"', ARRAY['worker SELECT']::text[]),
  ('public."quiet log"', ARRAY['worker SELECT']::text[]),
  ('public."quiet viewer"', ARRAY['anon SELECT', 'worker SELECT']::text[]),
  ('public.admin_audit_log', ARRAY['authenticated SELECT', 'worker SELECT']::text[]),
  ('public.admin_audit_viewer', ARRAY['authenticated SELECT']::text[]),
  ('public.cache_entries', ARRAY['worker SELECT']::text[]),
  ('public.cache_invalidation_health', ARRAY['worker SELECT']::text[]),
  ('public.cache_invalidation_queue', ARRAY['worker SELECT']::text[]),
  ('public.pgspec_alerts', ARRAY['worker SELECT']::text[]),
  ('public.pgspec_switch_log', ARRAY['worker SELECT']::text[]),
  ('public.pgspec_switches', ARRAY['worker SELECT']::text[])
) AS e (name, granted)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name)
CROSS JOIN LATERAL (
  SELECT ARRAY(
    SELECT entry FROM (
      SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee) END || ' ' || x.privilege_type
        || CASE WHEN x.is_grantable THEN ' with grant option' ELSE '' END AS entry
      FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS x
      WHERE x.grantee <> c.relowner OR pg_catalog.pg_get_userbyid(x.grantee) || ' ' || x.privilege_type = ANY (e.granted)
      UNION ALL
      SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee) END || ' ' || x.privilege_type
        || ' of column ' || t.attname
      FROM pg_catalog.pg_attribute AS t CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) AS x
      WHERE t.attrelid = c.oid AND x.grantee <> c.relowner
    ) AS entries ORDER BY entry COLLATE "C") AS granted
) AS a
UNION ALL
SELECT 'use of schema ' || e.name,
  e.may_use = ARRAY(
    SELECT g.entry
    FROM pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) AS a
    CROSS JOIN LATERAL (
      SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee) END || ' ' || a.privilege_type
    ) AS g (entry)
    WHERE a.grantee <> n.nspowner OR g.entry = ANY (e.may_use) ORDER BY g.entry COLLATE "C"),
  'is open to others than the spec says'
FROM (VALUES
  ('pgspec', ARRAY['anon USAGE', 'authenticated USAGE', 'worker USAGE']::text[])
) AS e (name, may_use)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = e.name
UNION ALL
SELECT pg_catalog.replace(d.type, '_', ' ') || ' ' || d.name, false, 'was deployed, and is not in the specs'
FROM pgspec.deployed_objects AS d
WHERE (d.type, d.name) NOT IN (
  ('function', 'pgspec."audit_Every Write_delete_public_Odd Names"()'),
  ('function', 'pgspec."audit_Every Write_delete_public_profiles"()'),
  ('function', 'pgspec."audit_Every Write_insert_public_Odd Names"()'),
  ('function', 'pgspec."audit_Every Write_insert_public_profiles"()'),
  ('function', 'pgspec."audit_Every Write_truncate_public_Odd Names"()'),
  ('function', 'pgspec."audit_Every Write_truncate_public_profiles"()'),
  ('function', 'pgspec."audit_Every Write_update_public_Odd Names"()'),
  ('function', 'pgspec."audit_Every Write_update_public_profiles"()'),
  ('function', 'pgspec."audit_quiet log_update_public_profiles"()'),
  ('function', 'pgspec."may_view_quiet viewer"(boolean)'),
  ('function', 'pgspec.access_pgspec_admin_audit_log(text)'),
  ('function', 'pgspec.alert_values()'),
  ('function', 'pgspec.api_side()'),
  ('function', 'pgspec.audit_admin_audit_log_delete_public_events()'),
  ('function', 'pgspec.audit_admin_audit_log_delete_public_profiles()'),
  ('function', 'pgspec.audit_admin_audit_log_insert_public_events()'),
  ('function', 'pgspec.audit_admin_audit_log_truncate_public_events()'),
  ('function', 'pgspec.audit_admin_audit_log_update_public_events()'),
  ('function', 'pgspec.audit_admin_audit_log_update_public_profiles()'),
  ('function', 'pgspec.audit_claims()'),
  ('function', 'pgspec.audit_guard()'),
  ('function', 'pgspec.audit_request_id()'),
  ('function', 'pgspec.cache_delete_public_profiles()'),
  ('function', 'pgspec.cache_insert_public_profiles()'),
  ('function', 'pgspec.cache_truncate_public_profiles()'),
  ('function', 'pgspec.cache_update_public_profiles()'),
  ('function', 'pgspec.catch_up(interval)'),
  ('function', 'pgspec.claim(text)'),
  ('function', 'pgspec.claim_bigint(text)'),
  ('function', 'pgspec.claim_uuid(text)'),
  ('function', 'pgspec.closed_by(text)'),
  ('function', 'pgspec.enqueue_tags(text[], interval)'),
  ('function', 'pgspec.fingerprint(text, text)'),
  ('function', 'pgspec.harden(text)'),
  ('function', 'pgspec.invalidate_tags(text[])'),
  ('function', 'pgspec.joined_rows(boolean)'),
  ('function', 'pgspec.log_switch(text, boolean, text)'),
  ('function', 'pgspec.may_switch(text, text)'),
  ('function', 'pgspec.may_view_admin_audit_viewer(boolean)'),
  ('function', 'pgspec.relation_grants(regclass)'),
  ('function', 'pgspec.relax(text)'),
  ('function', 'pgspec.settle_dead(text[], timestamptz)'),
  ('function', 'pgspec.skipping()'),
  ('function', 'pgspec.storable_tag(text)'),
  ('function', 'pgspec.switch_log_guard()'),
  ('function', 'pgspec.switch_targets()'),
  ('function', 'pgspec.tag_and_wildcards(text)'),
  ('function', 'pgspec.tags_and_wildcards(text[])'),
  ('function', 'pgspec.wake_joined(timestamptz)'),
  ('function', 'public."cleanup_Every Write"(integer)'),
  ('function', 'public."cleanup_quiet log"(integer)'),
  ('function', 'public.access_left(text)'),
  ('function', 'public.ack_cache_invalidations(uuid, bigint[])'),
  ('function', 'public.cache_get(text)'),
  ('function', 'public.cache_put(text, jsonb, text[], bigint[], interval)'),
  ('function', 'public.cache_tag_versions(text[])'),
  ('function', 'public.claim_cache_invalidations(integer, integer)'),
  ('function', 'public.cleanup_admin_audit_log(integer)'),
  ('function', 'public.cleanup_cache_invalidation_queue(interval, integer)'),
  ('function', 'public.drain_cache_invalidation_queue(integer, integer)'),
  ('function', 'public.enqueue_cache_invalidation(text, integer)'),
  ('function', 'public.evaluate_alerts()'),
  ('function', 'public.explain_access(text, text)'),
  ('function', 'public.fail_cache_invalidations(uuid, bigint[], text)'),
  ('function', 'public.reset_switch(text, text, integer)'),
  ('function', 'public.retry_dead_cache_invalidations()'),
  ('function', 'public.throw_switch(text, text)'),
  ('function', 'public.verify_migration_success()'),
  ('index', 'pgspec."Every Write_at"'),
  ('index', 'pgspec."Every Write_row_key"'),
  ('index', 'pgspec."quiet log_at"'),
  ('index', 'pgspec."quiet log_row_key"'),
  ('index', 'pgspec.admin_audit_log_at'),
  ('index', 'pgspec.admin_audit_log_row_key'),
  ('index', 'public.cache_entries_lookup_tags'),
  ('index', 'public.cache_invalidation_queue_dead'),
  ('index', 'public.cache_invalidation_queue_due'),
  ('index', 'public.cache_invalidation_queue_joined'),
  ('index', 'public.cache_invalidation_queue_open'),
  ('policy', '"own entries" ON pgspec.admin_audit_log'),
  ('policy', 'no_settings ON pgspec.admin_audit_log'),
  ('policy', 'pgspec_owner ON pgspec."quiet log"'),
  ('policy', 'pgspec_owner ON pgspec.admin_audit_log'),
  ('policy', 'pgspec_service ON pgspec."quiet log"'),
  ('policy', 'pgspec_service ON pgspec.admin_audit_log'),
  ('policy', 'pgspec_viewer ON pgspec."quiet log"'),
  ('policy', 'pgspec_viewer ON pgspec.admin_audit_log'),
  ('procedure', 'public.run_cache_invalidations(integer)'),
  ('procedure', 'public.run_maintenance(integer)'),
  ('row_security', 'pgspec."quiet log"'),
  ('row_security', 'pgspec.admin_audit_log'),
  ('table', 'pgspec."Every Write"'),
  ('table', 'pgspec."quiet log"'),
  ('table', 'pgspec.admin_audit_log'),
  ('table', 'pgspec.alert_state'),
  ('table', 'pgspec.cache_tags'),
  ('table', 'pgspec.deployed_objects'),
  ('table', 'pgspec.switch_log'),
  ('table', 'pgspec.thrown_switches'),
  ('table', 'public.cache_entries'),
  ('table', 'public.cache_invalidation_queue'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_delete ON public."Odd Names"'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_delete ON public.profiles'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_insert ON public."Odd Names"'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_insert ON public.profiles'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_truncate ON public."Odd Names"'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_truncate ON public.profiles'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_update ON public."Odd Names"'),
  ('trigger', 'pgspec_audit__very__rite_cdf00115_update ON public.profiles'),
  ('trigger', 'pgspec_audit_admin_audit_log_delete ON public.events'),
  ('trigger', 'pgspec_audit_admin_audit_log_delete ON public.events_1'),
  ('trigger', 'pgspec_audit_admin_audit_log_delete ON public.events_2'),
  ('trigger', 'pgspec_audit_admin_audit_log_delete ON public.profiles'),
  ('trigger', 'pgspec_audit_admin_audit_log_insert ON public.events'),
  ('trigger', 'pgspec_audit_admin_audit_log_insert ON public.events_1'),
  ('trigger', 'pgspec_audit_admin_audit_log_insert ON public.events_2'),
  ('trigger', 'pgspec_audit_admin_audit_log_truncate ON public.events'),
  ('trigger', 'pgspec_audit_admin_audit_log_truncate ON public.events_1'),
  ('trigger', 'pgspec_audit_admin_audit_log_truncate ON public.events_2'),
  ('trigger', 'pgspec_audit_admin_audit_log_update ON public.events'),
  ('trigger', 'pgspec_audit_admin_audit_log_update ON public.events_1'),
  ('trigger', 'pgspec_audit_admin_audit_log_update ON public.events_2'),
  ('trigger', 'pgspec_audit_admin_audit_log_update ON public.profiles'),
  ('trigger', 'pgspec_audit_guard_delete ON pgspec."Every Write"'),
  ('trigger', 'pgspec_audit_guard_delete ON pgspec."quiet log"'),
  ('trigger', 'pgspec_audit_guard_delete ON pgspec.admin_audit_log'),
  ('trigger', 'pgspec_audit_guard_truncate ON pgspec."Every Write"'),
  ('trigger', 'pgspec_audit_guard_truncate ON pgspec."quiet log"'),
  ('trigger', 'pgspec_audit_guard_truncate ON pgspec.admin_audit_log'),
  ('trigger', 'pgspec_audit_guard_update ON pgspec."Every Write"'),
  ('trigger', 'pgspec_audit_guard_update ON pgspec."quiet log"'),
  ('trigger', 'pgspec_audit_guard_update ON pgspec.admin_audit_log'),
  ('trigger', 'pgspec_audit_quiet_log_6d39d39e_update ON public.profiles'),
  ('trigger', 'pgspec_cache_delete ON public.profiles'),
  ('trigger', 'pgspec_cache_insert ON public.profiles'),
  ('trigger', 'pgspec_cache_truncate ON public.profiles'),
  ('trigger', 'pgspec_cache_update ON public.profiles'),
  ('trigger', 'pgspec_switch_log_guard_delete ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_update ON pgspec.switch_log'),
  ('view', 'public."Every Write"'),
  ('view', 'public."quiet log"'),
  ('view', 'public."quiet viewer"'),
  ('view', 'public.admin_audit_log'),
  ('view', 'public.admin_audit_viewer'),
  ('view', 'public.cache_invalidation_health'),
  ('view', 'public.pgspec_alerts'),
  ('view', 'public.pgspec_switch_log'),
  ('view', 'public.pgspec_switches')
)
) AS checks (object, ok, detail);

IF failed > 0 THEN
  -- A switch that is thrown may be all there is to it.
  SELECT pg_catalog.string_agg(s.name || ' (' || s.why || ')', ', ' ORDER BY s.name) INTO thrown FROM pgspec.thrown_switches AS s;
  IF thrown IS NOT NULL THEN
    RAISE EXCEPTION E'verify: % of % checks failed\n%', failed, checked, failures USING HINT = 'thrown switches: ' || thrown;
  END IF;
  RAISE EXCEPTION E'verify: % of % checks failed\n%', failed, checked, failures;
END IF;
RAISE NOTICE 'verify: % checks passed', checked;

-- Expectations: each cell as its real role, on fixture rows.  All of it is undone by the error that ends each block.
IF pg_catalog.current_setting('transaction_read_only')::boolean THEN
  RAISE NOTICE 'verify: % expectations are not tried, since the transaction is read-only', 88;
ELSIF pg_catalog.row_security_active('pgspec.admin_audit_log'::regclass) THEN
  RAISE NOTICE 'verify: % expectations are not tried, since row security binds % itself', 88, current_user;
ELSE
BEGIN
-- expectations of pgspec.admin_audit_log  [specs/audit.yaml:20]
BEGIN
  INSERT INTO pgspec.admin_audit_log (id, table_schema, table_name, event, source, db_role, session_role, txid, claims) OVERRIDING SYSTEM VALUE
  SELECT id, table_schema, table_name, event, source, db_role, session_role, txid, claims FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, '{"id": 1, "table_schema": "public", "table_name": "profiles", "event": "UPDATE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "a"}}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM pgspec.admin_audit_log AS t, pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, '{"id": 1, "table_schema": "public", "table_name": "profiles", "event": "UPDATE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "a"}}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.table_schema, t.table_name, t.event, t.source, t.db_role, t.session_role, t.txid, t.claims)::text IS DISTINCT FROM ROW(r.id, r.table_schema, r.table_name, r.event, r.source, r.db_role, r.session_role, r.txid, r.claims)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": 1, "table_schema": "public", "table_name": "profiles", "event": "UPDATE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "a"}}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO pgspec.admin_audit_log (id, table_schema, table_name, event, source, db_role, session_role, txid, claims) OVERRIDING SYSTEM VALUE
  SELECT id, table_schema, table_name, event, source, db_role, session_role, txid, claims FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, '{"id": 2, "table_schema": "public", "table_name": "profiles", "event": "DELETE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "v"}}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM pgspec.admin_audit_log AS t, pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, '{"id": 2, "table_schema": "public", "table_name": "profiles", "event": "DELETE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "v"}}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.table_schema, t.table_name, t.event, t.source, t.db_role, t.session_role, t.txid, t.claims)::text IS DISTINCT FROM ROW(r.id, r.table_schema, r.table_name, r.event, r.source, r.db_role, r.session_role, r.txid, r.claims)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": 2, "table_schema": "public", "table_name": "profiles", "event": "DELETE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "v"}}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO pgspec.admin_audit_log (id, table_schema, table_name, event, source, db_role, session_role, txid, claims) OVERRIDING SYSTEM VALUE
  SELECT id, table_schema, table_name, event, source, db_role, session_role, txid, claims FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, '{"id": 3, "table_schema": "public", "table_name": "secrets", "event": "UPDATE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "a"}}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM pgspec.admin_audit_log AS t, pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, '{"id": 3, "table_schema": "public", "table_name": "secrets", "event": "UPDATE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "a"}}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.table_schema, t.table_name, t.event, t.source, t.db_role, t.session_role, t.txid, t.claims)::text IS DISTINCT FROM ROW(r.id, r.table_schema, r.table_name, r.event, r.source, r.db_role, r.session_role, r.txid, r.claims)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": 3, "table_schema": "public", "table_name": "secrets", "event": "UPDATE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "a"}}' USING ERRCODE = 'PS001';
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE EXCEPTION 'verify: the fixture rows for the expectations of % cannot be inserted: %', 'public.admin_audit_log', SQLERRM
    USING ERRCODE = SQLSTATE, HINT = 'give fixture rows keys that no real row has';
END;
labels := ARRAY['promotion', 'purge', 'secret']::text[];
keys := ARRAY[
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, '{"id": 1, "table_schema": "public", "table_name": "profiles", "event": "UPDATE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "a"}}') AS t),
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, '{"id": 2, "table_schema": "public", "table_name": "profiles", "event": "DELETE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "v"}}') AS t),
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, '{"id": 3, "table_schema": "public", "table_name": "secrets", "event": "UPDATE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "a"}}') AS t)
];
FOR cell IN SELECT * FROM (VALUES
  ('anonymous', 'anon', '', true),
  ('admin', 'authenticated', '{"sub": "a", "level": 5, "app_metadata": {"role": "admin"}}', true),
  ('vendor', 'authenticated', '{"sub": "v", "app_metadata": {"role": "vendor"}}', true),
  ('trusted', 'anon', '{"level": 4}', true),
  ('garbled', 'anon', '{"level": "high"}', true),
  ('job', 'worker', '', false),
  ('admin without a session', 'authenticated', '', true),
  ('admin posing as vendor', 'authenticated', '{"sub": "a", "level": 5, "app_metadata": {"role": "admin"}, "user_metadata": {"sub": "v", "app_metadata": {"role": "vendor"}, "role": "vendor"}}', true),
  ('admin posing as trusted', 'authenticated', '{"sub": "a", "level": 5, "app_metadata": {"role": "admin"}, "user_metadata": {"level": 4}}', true),
  ('admin posing as garbled', 'authenticated', '{"sub": "a", "level": 5, "app_metadata": {"role": "admin"}, "user_metadata": {"level": "high"}}', true),
  ('vendor without a session', 'authenticated', '', true),
  ('vendor posing as admin', 'authenticated', '{"sub": "v", "app_metadata": {"role": "vendor"}, "user_metadata": {"sub": "a", "level": 5, "app_metadata": {"role": "admin"}, "role": "admin"}}', true),
  ('vendor posing as trusted', 'authenticated', '{"sub": "v", "app_metadata": {"role": "vendor"}, "user_metadata": {"level": 4}}', true),
  ('vendor posing as garbled', 'authenticated', '{"sub": "v", "app_metadata": {"role": "vendor"}, "user_metadata": {"level": "high"}}', true),
  ('trusted without a session', 'anon', '', true),
  ('trusted posing as admin', 'anon', '{"level": 4, "user_metadata": {"sub": "a", "level": 5, "app_metadata": {"role": "admin"}, "role": "admin"}}', true),
  ('trusted posing as vendor', 'anon', '{"level": 4, "user_metadata": {"sub": "v", "app_metadata": {"role": "vendor"}, "role": "vendor"}}', true),
  ('trusted posing as garbled', 'anon', '{"level": 4, "user_metadata": {"level": "high"}}', true),
  ('garbled without a session', 'anon', '', true),
  ('garbled posing as admin', 'anon', '{"level": "high", "user_metadata": {"sub": "a", "level": 5, "app_metadata": {"role": "admin"}, "role": "admin"}}', true),
  ('garbled posing as vendor', 'anon', '{"level": "high", "user_metadata": {"sub": "v", "app_metadata": {"role": "vendor"}, "role": "vendor"}}', true),
  ('garbled posing as trusted', 'anon', '{"level": "high", "user_metadata": {"level": 4}}', true)
) AS p (persona, role, claims, bound) JOIN (VALUES
  ('select', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('select', 'admin', false, ARRAY['promotion', 'purge']::text[], NULL, NULL),
  ('select', 'vendor', false, ARRAY['purge']::text[], NULL, NULL),
  ('select', 'trusted', false, ARRAY[]::text[], '42501', NULL),
  ('select', 'garbled', false, ARRAY[]::text[], '42501', NULL),
  ('select', 'job', false, ARRAY['promotion', 'purge', 'secret']::text[], NULL, NULL),
  ('insert', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'trusted', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'garbled', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'job', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'trusted', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'garbled', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'job', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'trusted', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'garbled', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'job', false, ARRAY[]::text[], '42501', NULL),
  ('select', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as vendor', true, ARRAY['promotion', 'purge']::text[], NULL, NULL),
  ('insert', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as trusted', true, ARRAY['promotion', 'purge']::text[], NULL, NULL),
  ('insert', 'admin posing as trusted', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as trusted', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as trusted', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as garbled', true, ARRAY['promotion', 'purge']::text[], NULL, NULL),
  ('insert', 'admin posing as garbled', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as garbled', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as garbled', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as admin', true, ARRAY['purge']::text[], NULL, NULL),
  ('insert', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as trusted', true, ARRAY['purge']::text[], NULL, NULL),
  ('insert', 'vendor posing as trusted', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor posing as trusted', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor posing as trusted', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as garbled', true, ARRAY['purge']::text[], NULL, NULL),
  ('insert', 'vendor posing as garbled', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor posing as garbled', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor posing as garbled', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'trusted without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'trusted without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'trusted without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'trusted without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'trusted posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'trusted posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'trusted posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'trusted posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'trusted posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'trusted posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'trusted posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'trusted posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'trusted posing as garbled', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'trusted posing as garbled', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'trusted posing as garbled', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'trusted posing as garbled', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'garbled without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'garbled without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'garbled without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'garbled without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'garbled posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'garbled posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'garbled posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'garbled posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'garbled posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'garbled posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'garbled posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'garbled posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'garbled posing as trusted', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'garbled posing as trusted', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'garbled posing as trusted', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'garbled posing as trusted', true, ARRAY[]::text[], NULL, NULL)
) AS c (command, persona, most, labels, error, hint) USING (persona) ORDER BY command, persona LOOP
  IF cell.bound AND EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = cell.role AND (r.rolsuper OR r.rolbypassrls)) THEN
    wrong := wrong || pg_catalog.format('%s on %s as %s: no policy binds the role %I', cell.command, 'public.admin_audit_log', cell.persona, cell.role);
    CONTINUE;
  END IF;
  reached := ARRAY[]::text[];
  denied := NULL;
  broken := NULL;
  advice := NULL;
  FOR probe IN SELECT * FROM (VALUES
    ('select', NULL, 'SELECT ARRAY(SELECT k.label FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (label, key) WHERE k.key IN (SELECT ROW(t.id::text)::text FROM public.admin_audit_log AS t))'),
    ('insert', 'promotion', 'INSERT INTO pgspec.admin_audit_log (id, table_schema, table_name, event, source, db_role, session_role, txid, claims) OVERRIDING SYSTEM VALUE SELECT id, table_schema, table_name, event, source, db_role, session_role, txid, claims FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, ''{"id": 1, "table_schema": "public", "table_name": "profiles", "event": "UPDATE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "a"}}'')'),
    ('update', 'promotion', 'UPDATE pgspec.admin_audit_log AS t SET at = t.at FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, ''{"id": 1, "table_schema": "public", "table_name": "profiles", "event": "UPDATE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "a"}}'') AS r WHERE t.id = r.id'),
    ('delete', 'promotion', 'DELETE FROM pgspec.admin_audit_log AS t USING pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, ''{"id": 1, "table_schema": "public", "table_name": "profiles", "event": "UPDATE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "a"}}'') AS r WHERE t.id = r.id'),
    ('insert', 'purge', 'INSERT INTO pgspec.admin_audit_log (id, table_schema, table_name, event, source, db_role, session_role, txid, claims) OVERRIDING SYSTEM VALUE SELECT id, table_schema, table_name, event, source, db_role, session_role, txid, claims FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, ''{"id": 2, "table_schema": "public", "table_name": "profiles", "event": "DELETE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "v"}}'')'),
    ('update', 'purge', 'UPDATE pgspec.admin_audit_log AS t SET at = t.at FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, ''{"id": 2, "table_schema": "public", "table_name": "profiles", "event": "DELETE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "v"}}'') AS r WHERE t.id = r.id'),
    ('delete', 'purge', 'DELETE FROM pgspec.admin_audit_log AS t USING pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, ''{"id": 2, "table_schema": "public", "table_name": "profiles", "event": "DELETE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "v"}}'') AS r WHERE t.id = r.id'),
    ('insert', 'secret', 'INSERT INTO pgspec.admin_audit_log (id, table_schema, table_name, event, source, db_role, session_role, txid, claims) OVERRIDING SYSTEM VALUE SELECT id, table_schema, table_name, event, source, db_role, session_role, txid, claims FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, ''{"id": 3, "table_schema": "public", "table_name": "secrets", "event": "UPDATE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "a"}}'')'),
    ('update', 'secret', 'UPDATE pgspec.admin_audit_log AS t SET at = t.at FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, ''{"id": 3, "table_schema": "public", "table_name": "secrets", "event": "UPDATE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "a"}}'') AS r WHERE t.id = r.id'),
    ('delete', 'secret', 'DELETE FROM pgspec.admin_audit_log AS t USING pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, ''{"id": 3, "table_schema": "public", "table_name": "secrets", "event": "UPDATE", "source": "api", "db_role": "a", "session_role": "b", "txid": 1, "claims": {"sub": "a"}}'') AS r WHERE t.id = r.id')
  ) AS p (command, label, query) WHERE p.command = cell.command LOOP
    stage := 'role';
    BEGIN
      PERFORM pg_catalog.set_config('request.jwt.claims', cell.claims, true), pg_catalog.set_config('row_security', 'on', true);
      PERFORM pg_catalog.set_config('role', cell.role, true);
      stage := 'query';
      IF cell.command = 'select' THEN
        EXECUTE probe.query INTO reached USING labels, keys;
      ELSE
        EXECUTE probe.query;
        GET DIAGNOSTICS touched = ROW_COUNT;
        reached := CASE WHEN touched > 0 THEN reached || probe.label ELSE reached END;
      END IF;
      stage := 'done';
      RAISE EXCEPTION USING ERRCODE = 'PS000';
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = PG_EXCEPTION_HINT;
      IF stage = 'role' THEN
        RAISE;
      ELSIF stage = 'query' AND state LIKE '23%' THEN
        reached := reached || probe.label;  -- row security has let it pass: keys and checks come later
      ELSIF stage = 'query' AND state = '42501' THEN
        denied := state;
        advice := said;
      ELSIF stage = 'query' THEN
        broken := state;
        advice := said;
      END IF;
    END;
  END LOOP;
  tried := tried + 1;
  state := coalesce(broken, CASE WHEN reached = '{}' THEN denied END);
  IF (CASE
      WHEN cell.most THEN broken IS NULL AND reached <@ cell.labels
      WHEN cell.error IS NOT NULL THEN state = cell.error AND (cell.hint IS NULL OR advice LIKE cell.hint)
      ELSE state IS NULL AND reached @> cell.labels AND reached <@ cell.labels
    END) IS NOT TRUE THEN
    wrong := wrong || pg_catalog.format('%s on %s as %s: gives %s, the spec expects %s', cell.command, 'public.admin_audit_log', cell.persona,
      coalesce(state || coalesce(' with the hint ' || pg_catalog.quote_literal(nullif(advice, '')), ''), reached::text),
      CASE WHEN cell.most THEN 'at most ' ELSE '' END || coalesce(cell.error || coalesce(' with a hint like ' || pg_catalog.quote_literal(cell.hint), ''), cell.labels::text));
  END IF;
END LOOP;
RAISE EXCEPTION USING ERRCODE = 'PS000';
EXCEPTION WHEN SQLSTATE 'PS000' THEN
  NULL;
END;
IF pg_catalog.cardinality(wrong) > 0 THEN
  RAISE EXCEPTION E'verify: % of % expectations failed\n%', pg_catalog.cardinality(wrong), tried, pg_catalog.array_to_string(wrong, E'\n');
END IF;
RAISE NOTICE 'verify: % expectations hold', tried;
END IF;

END
$pgspec$;
