-- pgspec verify: marketplace, 20251006080000_operations
-- 1 schema, 13 tables, 88 functions, 3 procedures, 11 views, 4 tables with row security, 14 policies, 7 materialized views, 37 triggers, 24 indexes, 10 comments, 29 access lists, 3 tables' rights, 1 schema's users, 4 tables' expectations, 1 check of rows read
-- from specs/access/audit.yaml, specs/access/bookings.yaml, specs/access/profiles.yaml, specs/access/services.yaml, specs/cache/locations.yaml, specs/cache/services.yaml, specs/cache/specialties.yaml, specs/cache/vendors.yaml and 8 more

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
  ('pgspec.admin_audit_log', '3d2be7f14d4e0de7'),
  ('pgspec.alert_state', '0d6fcdeed9392a85'),
  ('pgspec.cache_tags', '4150b0b2d222aadf'),
  ('pgspec.deployed_objects', 'e12627b13b639ac9'),
  ('pgspec.mv_refresh_state', '06d0e43b1fac5cad'),
  ('pgspec.mv_source_writes', '4c853d450aeaef32'),
  ('pgspec.performance_metrics_labels', 'db61a94b4cfa91d4'),
  ('pgspec.switch_log', '4085dbd0c3900c39'),
  ('pgspec.thrown_switches', '12931edc53b27321'),
  ('public.cache_entries', '37617706afd13506'),
  ('public.cache_invalidation_queue', '561cffa08e253d19'),
  ('public.mv_refresh_log', '2a3ee73a4ac0a389'),
  ('public.performance_metrics', 'ffbe8880d484d0d0')
) AS e (name, definition)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name) AND c.relkind IN ('r', 'p')
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
  (e.name NOT IN ('public.performance_metrics') OR EXISTS (
     SELECT FROM pg_catalog.pg_partitioned_table AS p WHERE p.partrelid = c.oid AND p.partdefid <> 0), 'has no default partition'),
  (c.oid IS NULL OR (d.definition = e.definition AND d.fingerprint = pgspec.fingerprint('table', e.name)),
   'is not as it was deployed from these specs')
) AS x (ok, detail)
UNION ALL
SELECT 'function ' || e.name, x.ok, x.detail
FROM (VALUES
  ('pgspec.access_pgspec_admin_audit_log(text)', ARRAY['anon', 'authenticated', 'service_role']::text[], '0c1da78ebe16781c'),
  ('pgspec.access_public_bookings(text)', ARRAY['anon', 'authenticated', 'service_role']::text[], 'be483442b503e715'),
  ('pgspec.access_public_profiles(text)', ARRAY['anon', 'authenticated', 'service_role']::text[], '82ec99f986725fa4'),
  ('pgspec.access_public_services(text)', ARRAY['anon', 'authenticated', 'service_role']::text[], 'bc64008323c469a9'),
  ('pgspec.alert_values()', ARRAY['service_role']::text[], '95d5029c8a0270ce'),
  ('pgspec.api_side()', ARRAY[]::text[], 'cf12adb47f62537f'),
  ('pgspec.audit_admin_audit_log_delete_public_bookings()', ARRAY[]::text[], 'a8270095e2372518'),
  ('pgspec.audit_admin_audit_log_delete_public_profiles()', ARRAY[]::text[], 'ba2c03a84b02c120'),
  ('pgspec.audit_admin_audit_log_delete_public_services()', ARRAY[]::text[], 'a77c780679a225bf'),
  ('pgspec.audit_admin_audit_log_truncate_public_bookings()', ARRAY[]::text[], 'a7d03e13b3a2542c'),
  ('pgspec.audit_admin_audit_log_truncate_public_services()', ARRAY[]::text[], '3358eb6eb8a527cd'),
  ('pgspec.audit_admin_audit_log_update_public_bookings()', ARRAY[]::text[], '7ac3c24d838b7ff0'),
  ('pgspec.audit_admin_audit_log_update_public_profiles()', ARRAY[]::text[], 'da0cdae938784f12'),
  ('pgspec.audit_admin_audit_log_update_public_services()', ARRAY[]::text[], '2196bfe7cc0ae6e6'),
  ('pgspec.audit_claims()', ARRAY[]::text[], '5ee5762ddfcbc2d0'),
  ('pgspec.audit_guard()', ARRAY[]::text[], '54205c5e68e15170'),
  ('pgspec.audit_request_id()', ARRAY[]::text[], '2fb2509b8aa0d223'),
  ('pgspec.cache_delete_public_locations()', ARRAY[]::text[], '58b59b18646e9f53'),
  ('pgspec.cache_delete_public_profiles()', ARRAY[]::text[], 'ab31146bda520984'),
  ('pgspec.cache_delete_public_services()', ARRAY[]::text[], '6c625928763d59d7'),
  ('pgspec.cache_delete_public_specialties()', ARRAY[]::text[], 'c60d7fcf6d911898'),
  ('pgspec.cache_insert_public_locations()', ARRAY[]::text[], 'bccd329268c2d62f'),
  ('pgspec.cache_insert_public_profiles()', ARRAY[]::text[], '4a73009c0b3b5174'),
  ('pgspec.cache_insert_public_services()', ARRAY[]::text[], '7dfb0431fb82258f'),
  ('pgspec.cache_insert_public_specialties()', ARRAY[]::text[], '6aa2c33690be051e'),
  ('pgspec.cache_truncate_public_locations()', ARRAY[]::text[], 'e37ca99cb869f56c'),
  ('pgspec.cache_truncate_public_profiles()', ARRAY[]::text[], '184b4cc2739bd2a4'),
  ('pgspec.cache_truncate_public_services()', ARRAY[]::text[], 'a01a5ce97d2cc990'),
  ('pgspec.cache_truncate_public_specialties()', ARRAY[]::text[], '0ee10cbd053a95eb'),
  ('pgspec.cache_update_public_locations()', ARRAY[]::text[], '8c0bce83698de00a'),
  ('pgspec.cache_update_public_profiles()', ARRAY[]::text[], '663c78cb2e6fb8b9'),
  ('pgspec.cache_update_public_services()', ARRAY[]::text[], 'a544693b8affa5a2'),
  ('pgspec.cache_update_public_specialties()', ARRAY[]::text[], '33bb08a9c9a22bc3'),
  ('pgspec.catch_up(interval)', ARRAY[]::text[], 'f080adedaa6ac16a'),
  ('pgspec.claim(text)', ARRAY['anon', 'authenticated', 'service_role']::text[], '3fe0d6a7998416ce'),
  ('pgspec.claim_bigint(text)', ARRAY['anon', 'authenticated', 'service_role']::text[], '7e253470e350b2fd'),
  ('pgspec.claim_uuid(text)', ARRAY['anon', 'authenticated', 'service_role']::text[], '8b9990e017d6fa17'),
  ('pgspec.close_mv_refresh(bigint, bigint, text, interval)', ARRAY[]::text[], 'c774153b5ffb913e'),
  ('pgspec.closed_by(text)', ARRAY[]::text[], '5a33e6b879761b2f'),
  ('pgspec.enqueue_tags(text[], interval)', ARRAY[]::text[], 'e59512f7716823a4'),
  ('pgspec.fingerprint(text, text)', ARRAY[]::text[], '019b7fb2cf123c8e'),
  ('pgspec.guard_pgspec_admin_audit_log(text)', ARRAY['anon', 'authenticated', 'service_role']::text[], '7e74aae54a3dc623'),
  ('pgspec.harden(text)', ARRAY[]::text[], '934eaae5ae3b772b'),
  ('pgspec.invalidate_tags(text[])', ARRAY[]::text[], 'f63e7a6f07a70f3e'),
  ('pgspec.joined_rows(boolean)', ARRAY[]::text[], 'b787d5d8550ad52f'),
  ('pgspec.log_switch(text, boolean, text)', ARRAY[]::text[], '6dec32cc9a95e776'),
  ('pgspec.may_switch(text, text)', ARRAY[]::text[], '4473e0641f697ed8'),
  ('pgspec.may_view_admin_audit_viewer(boolean)', ARRAY['authenticated']::text[], '4ddb8671a90c8471'),
  ('pgspec.normalize_path(text)', ARRAY[]::text[], 'faceb71a8366653e'),
  ('pgspec.note_write()', ARRAY[]::text[], '2ebe8eafb75a0532'),
  ('pgspec.open_mv_refresh(text, boolean)', ARRAY[]::text[], '2e42c345d03830bd'),
  ('pgspec.performance_metrics_admits(text, text, integer)', ARRAY[]::text[], 'f49d27667aee54f4'),
  ('pgspec.refreshed_views()', ARRAY['service_role']::text[], 'a3a47d392389ba71'),
  ('pgspec.relation_grants(regclass)', ARRAY[]::text[], 'd68c4bbef17335bc'),
  ('pgspec.relax(text)', ARRAY[]::text[], 'd8de97eb3af694f2'),
  ('pgspec.settle_dead(text[], timestamptz)', ARRAY[]::text[], 'cce34043e61d79d1'),
  ('pgspec.settle_mv_sources()', ARRAY[]::text[], '59b1e5ffdf47283e'),
  ('pgspec.skipping()', ARRAY[]::text[], '94e4399568dd0a42'),
  ('pgspec.storable_tag(text)', ARRAY[]::text[], '731522ce59338dfe'),
  ('pgspec.switch_log_guard()', ARRAY[]::text[], 'e3582d5e8cbced43'),
  ('pgspec.switch_targets()', ARRAY[]::text[], '3778b804b44821d2'),
  ('pgspec.tag_and_wildcards(text)', ARRAY[]::text[], '40c9c934e320929c'),
  ('pgspec.tags_and_wildcards(text[])', ARRAY[]::text[], '48f4d2c33a6f649d'),
  ('pgspec.wake_joined(timestamptz)', ARRAY[]::text[], 'a2ed2b678d79c45a'),
  ('public.access_left(text)', ARRAY['service_role']::text[], '99d143137e471831'),
  ('public.ack_cache_invalidations(uuid, bigint[])', ARRAY['service_role']::text[], '6cd807e26c037239'),
  ('public.begin_mv_refresh(integer)', ARRAY['service_role']::text[], '33fa82950579b742'),
  ('public.cache_get(text)', ARRAY['service_role']::text[], '3fa6242ffbbee6d3'),
  ('public.cache_put(text, jsonb, text[], bigint[], interval)', ARRAY['service_role']::text[], 'a9f9e93d2ec4b647'),
  ('public.cache_tag_versions(text[])', ARRAY['service_role']::text[], 'd1327da0a2c261b8'),
  ('public.cancel_overdue_refreshes()', ARRAY['service_role']::text[], '3b6f9a7a322c741b'),
  ('public.claim_cache_invalidations(integer, integer)', ARRAY['service_role']::text[], '9ad38770e0d8e1f4'),
  ('public.cleanup_admin_audit_log(integer)', ARRAY['service_role']::text[], 'c9add9c750ef1170'),
  ('public.cleanup_cache_invalidation_queue(interval, integer)', ARRAY['service_role']::text[], '68c5b7c6f5557b47'),
  ('public.cleanup_mv_refresh_log(interval, integer)', ARRAY['service_role']::text[], 'd92911da62633a84'),
  ('public.drain_cache_invalidation_queue(integer, integer)', ARRAY['service_role']::text[], '985666bcc81717c7'),
  ('public.enqueue_cache_invalidation(text, integer)', ARRAY['service_role']::text[], '08f62ec6dea40ce2'),
  ('public.evaluate_alerts()', ARRAY['service_role']::text[], '8e9526d29f515906'),
  ('public.explain_access(text, text)', ARRAY['anon', 'authenticated', 'service_role']::text[], '8cd362645b910ed4'),
  ('public.fail_cache_invalidations(uuid, bigint[], text)', ARRAY['service_role']::text[], '1231e6e754ad2951'),
  ('public.maintain_performance_metrics(integer)', ARRAY['service_role']::text[], 'c01905b0b47b014e'),
  ('public.record_performance_metrics(text, text, integer, double precision, boolean, integer, text, timestamptz)', ARRAY['service_role']::text[], '304cf216f824dd9d'),
  ('public.refresh_materialized_view(text)', ARRAY['service_role']::text[], '815410c14a520bee'),
  ('public.reset_switch(text, text, integer)', ARRAY['service_role']::text[], '80e1ae2959a7c569'),
  ('public.retry_dead_cache_invalidations()', ARRAY['service_role']::text[], '45be198419be3ced'),
  ('public.run_mv_refresh(bigint)', ARRAY['service_role']::text[], 'c5334df1d7f91b3d'),
  ('public.throw_switch(text, text)', ARRAY['service_role']::text[], '5b45742ea407fa11'),
  ('public.verify_migration_success()', ARRAY['service_role']::text[], 'b7fc0fbcecda325d')
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
  ('public.refresh_materialized_views()', ARRAY['service_role']::text[], '3637f5c8e0064289'),
  ('public.run_cache_invalidations(integer)', ARRAY['service_role']::text[], '06a2ad8458718738'),
  ('public.run_maintenance(integer)', ARRAY['service_role']::text[], 'ca671a73965a283c')
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
  ('pgspec.mv_reads', '', '8a80c240cddcc84c'),
  ('pgspec.mv_refresh_basis', '', 'fb6b618d164d20a0'),
  ('public.admin_audit_log', 'security_invoker=true,security_barrier=true', 'e340a384f1804b0d'),
  ('public.admin_audit_viewer', 'security_invoker=true,security_barrier=true', '54c04f1a8b62f8ee'),
  ('public.cache_invalidation_health', '', 'a73a53906bcb6d12'),
  ('public.event_label_health', '', 'd24339c9bea6bf60'),
  ('public.event_log_health', '', '1f0ab5ed2214a60c'),
  ('public.mv_refresh_health', '', 'ae684ff0d9e177c6'),
  ('public.pgspec_alerts', '', '3626645fbf47b003'),
  ('public.pgspec_switch_log', '', 'ba481a6ae5d4dbd0'),
  ('public.pgspec_switches', '', 'dc02205aa73a11c4')
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
  ('pgspec.admin_audit_log', true, 'f2162f0bdf9e0fe3'),
  ('public.bookings', true, 'dbe2a3bb40ea8461'),
  ('public.profiles', true, '61c752a39d1ca6e3'),
  ('public.services', true, '8271bb3c7f8476da')
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
  ('admins_read ON pgspec.admin_audit_log', 'admins_read', 'pgspec.admin_audit_log', true, 'r', ARRAY['authenticated']::text[], '2d375879cbbf88e8'),
  ('admins_read ON public.bookings', 'admins_read', 'public.bookings', true, 'r', ARRAY['authenticated']::text[], 'd936661b0e906262'),
  ('admins_read ON public.profiles', 'admins_read', 'public.profiles', true, 'r', ARRAY['authenticated']::text[], '721bd657cbabcfa8'),
  ('as_customer ON public.bookings', 'as_customer', 'public.bookings', true, 'r', ARRAY['authenticated']::text[], 'b5e394031de58e91'),
  ('as_vendor ON public.bookings', 'as_vendor', 'public.bookings', true, 'r', ARRAY['authenticated']::text[], '8a9fa6016889e725'),
  ('customers_ask ON public.bookings', 'customers_ask', 'public.bookings', true, 'a', ARRAY['authenticated']::text[], 'c020ae083f9f5e11'),
  ('on_offer ON public.services', 'on_offer', 'public.services', true, 'r', ARRAY['anon', 'authenticated']::text[], '5b02f50eb8085d17'),
  ('own_changes ON public.profiles', 'own_changes', 'public.profiles', true, 'w', ARRAY['authenticated']::text[], '144aecf9b307aba0'),
  ('own_profile ON public.profiles', 'own_profile', 'public.profiles', true, 'r', ARRAY['authenticated']::text[], 'b5f4b313e8a8bf78'),
  ('own_services ON public.services', 'own_services', 'public.services', true, '*', ARRAY['authenticated']::text[], '2b9b6603c579cc38'),
  ('pgspec_owner ON pgspec.admin_audit_log', 'pgspec_owner', 'pgspec.admin_audit_log', true, '*', ARRAY[NULL]::text[], '4c03c27bb0033e1a'),
  ('pgspec_service ON pgspec.admin_audit_log', 'pgspec_service', 'pgspec.admin_audit_log', true, 'r', ARRAY['service_role']::text[], '5075101d2355306a'),
  ('pgspec_viewer ON pgspec.admin_audit_log', 'pgspec_viewer', 'pgspec.admin_audit_log', true, 'r', ARRAY['authenticated']::text[], '7cd0e07bed4e5dbb'),
  ('vendors_answer ON public.bookings', 'vendors_answer', 'public.bookings', true, 'w', ARRAY['authenticated']::text[], 'a6568a497a799b4f')
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
SELECT 'materialized view ' || e.name, x.ok, x.detail
FROM (VALUES
  ('public.api_metrics_5m', '2bc51879ebb3f83f'),
  ('public.api_metrics_hourly_enhanced', 'de6c401928cbc4c7'),
  ('public.geographic_analytics_daily', '4bbd391a059b96e5'),
  ('public.performance_analytics_5min', '259e49ba3834433d'),
  ('public.performance_analytics_hourly', '070cdfdbe4b915d5'),
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
  ('pgspec_audit_admin_audit_log_delete ON public.bookings', 'pgspec_audit_admin_audit_log_delete', 'public.bookings', 8, 'pgspec.audit_admin_audit_log_delete_public_bookings()', 'c33905174dcad46b'),
  ('pgspec_audit_admin_audit_log_delete ON public.profiles', 'pgspec_audit_admin_audit_log_delete', 'public.profiles', 8, 'pgspec.audit_admin_audit_log_delete_public_profiles()', '7359564b9c2fe1d7'),
  ('pgspec_audit_admin_audit_log_delete ON public.services', 'pgspec_audit_admin_audit_log_delete', 'public.services', 8, 'pgspec.audit_admin_audit_log_delete_public_services()', '7fb7dec36747db93'),
  ('pgspec_audit_admin_audit_log_truncate ON public.bookings', 'pgspec_audit_admin_audit_log_truncate', 'public.bookings', 34, 'pgspec.audit_admin_audit_log_truncate_public_bookings()', '7ba42445806476be'),
  ('pgspec_audit_admin_audit_log_truncate ON public.services', 'pgspec_audit_admin_audit_log_truncate', 'public.services', 34, 'pgspec.audit_admin_audit_log_truncate_public_services()', '2b6a59e9f16bdc2a'),
  ('pgspec_audit_admin_audit_log_update ON public.bookings', 'pgspec_audit_admin_audit_log_update', 'public.bookings', 16, 'pgspec.audit_admin_audit_log_update_public_bookings()', 'cba3c64b897da617'),
  ('pgspec_audit_admin_audit_log_update ON public.profiles', 'pgspec_audit_admin_audit_log_update', 'public.profiles', 16, 'pgspec.audit_admin_audit_log_update_public_profiles()', '9d7e658cca708762'),
  ('pgspec_audit_admin_audit_log_update ON public.services', 'pgspec_audit_admin_audit_log_update', 'public.services', 16, 'pgspec.audit_admin_audit_log_update_public_services()', '1794b876c6d7f2ab'),
  ('pgspec_audit_guard_delete ON pgspec.admin_audit_log', 'pgspec_audit_guard_delete', 'pgspec.admin_audit_log', 10, 'pgspec.audit_guard()', 'a17d905bf5c5d881'),
  ('pgspec_audit_guard_truncate ON pgspec.admin_audit_log', 'pgspec_audit_guard_truncate', 'pgspec.admin_audit_log', 34, 'pgspec.audit_guard()', '25b29b286cacdd4d'),
  ('pgspec_audit_guard_update ON pgspec.admin_audit_log', 'pgspec_audit_guard_update', 'pgspec.admin_audit_log', 18, 'pgspec.audit_guard()', 'a51619fd433ddb10'),
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
  ('pgspec_cache_update ON public.specialties', 'pgspec_cache_update', 'public.specialties', 16, 'pgspec.cache_update_public_specialties()', '944cd2ddf483d15e'),
  ('pgspec_refresh ON public.bookings', 'pgspec_refresh', 'public.bookings', 60, 'pgspec.note_write()', 'd057b05dd4cc07f3'),
  ('pgspec_refresh ON public.locations', 'pgspec_refresh', 'public.locations', 60, 'pgspec.note_write()', 'f48e8dd65448ca12'),
  ('pgspec_refresh ON public.profiles', 'pgspec_refresh', 'public.profiles', 60, 'pgspec.note_write()', 'ca8d4205e7a71f86'),
  ('pgspec_refresh ON public.provider_events', 'pgspec_refresh', 'public.provider_events', 60, 'pgspec.note_write()', '000593cfdd450592'),
  ('pgspec_refresh ON public.reviews', 'pgspec_refresh', 'public.reviews', 60, 'pgspec.note_write()', '7ea3bd4bb5893216'),
  ('pgspec_refresh ON public.search_events', 'pgspec_refresh', 'public.search_events', 60, 'pgspec.note_write()', '5402bac5b2ae03ed'),
  ('pgspec_refresh ON public.services', 'pgspec_refresh', 'public.services', 60, 'pgspec.note_write()', '08098f258bf26d9d'),
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
  ('pgspec.admin_audit_log_at', 'pgspec.admin_audit_log', false, false, 'btree', ARRAY['at'], 'f1203ae265d2585a'),
  ('pgspec.admin_audit_log_row_key', 'pgspec.admin_audit_log', false, false, 'hash', ARRAY['row_key'], '711ea98b95b2e065'),
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
  ('public.mv_refresh_log_view', 'public.mv_refresh_log', false, false, 'btree', ARRAY['view_name', 'started_at'], 'a56311043e5368b1'),
  ('public.performance_analytics_5min_endpoint_five_minute_bucket_idx', 'public.performance_analytics_5min', false, false, 'btree', ARRAY['endpoint', 'five_minute_bucket'], '2e54caacf9239cf3'),
  ('public.performance_analytics_hourly_endpoint_hour_idx', 'public.performance_analytics_hourly', false, false, 'btree', ARRAY['endpoint', 'hour'], 'f9176df087647791'),
  ('public.performance_metrics_created_at', 'public.performance_metrics', false, false, 'btree', ARRAY['created_at'], '9d2bfea124b32568'),
  ('public.performance_metrics_request_id', 'public.performance_metrics', false, false, 'hash', ARRAY['request_id'], 'f437f4b740fb9f89'),
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
  ('public.admin_audit_log', 'Changes that administrators are asked about.'),
  ('public.admin_audit_viewer', 'Changes that administrators are asked about.'),
  ('public.api_metrics_5m', 'Counts, sums and a latency histogram of each endpoint every five minutes; made to be added up.'),
  ('public.api_metrics_hourly_enhanced', 'The five-minute metrics added up by hour, with percentiles from the merged latency histograms.'),
  ('public.geographic_analytics_daily', 'Searches, visits and bookings by place and UTC day.'),
  ('public.performance_analytics_5min', 'Exact latency percentiles, errors and cache hits of each endpoint, every five minutes.'),
  ('public.performance_analytics_hourly', 'Exact latency percentiles, errors and cache hits of each endpoint, by hour.'),
  ('public.performance_metrics', 'One row for each request that the API answered.'),
  ('public.provider_analytics_daily', 'What each provider was shown, clicked, booked and paid, by UTC day.'),
  ('public.specialty_analytics_daily', 'Demand, supply and prices of each specialty, by UTC day.')
) AS e (name, text)
UNION ALL
SELECT 'access to ' || e.name,
  a.granted = e.granted,
  pg_catalog.format('is {%s}, the spec says {%s}', pg_catalog.array_to_string(a.granted, ', '), pg_catalog.array_to_string(e.granted, ', '))
FROM (VALUES
  ('pgspec.admin_audit_log', ARRAY['authenticated SELECT', 'service_role SELECT']::text[]),
  ('pgspec.cache_tags', ARRAY[]::text[]),
  ('pgspec.mv_reads', ARRAY[]::text[]),
  ('pgspec.mv_refresh_basis', ARRAY[]::text[]),
  ('pgspec.mv_refresh_state', ARRAY[]::text[]),
  ('pgspec.mv_source_writes', ARRAY[]::text[]),
  ('pgspec.performance_metrics_labels', ARRAY[]::text[]),
  ('pgspec.switch_log', ARRAY[]::text[]),
  ('pgspec.thrown_switches', ARRAY[]::text[]),
  ('public.admin_audit_log', ARRAY['authenticated SELECT', 'service_role SELECT']::text[]),
  ('public.admin_audit_viewer', ARRAY['authenticated SELECT']::text[]),
  ('public.api_metrics_5m', ARRAY['service_role SELECT']::text[]),
  ('public.api_metrics_hourly_enhanced', ARRAY['service_role SELECT']::text[]),
  ('public.cache_entries', ARRAY['service_role SELECT']::text[]),
  ('public.cache_invalidation_health', ARRAY['service_role SELECT']::text[]),
  ('public.cache_invalidation_queue', ARRAY['service_role SELECT']::text[]),
  ('public.event_label_health', ARRAY['service_role SELECT']::text[]),
  ('public.event_log_health', ARRAY['service_role SELECT']::text[]),
  ('public.geographic_analytics_daily', ARRAY['service_role SELECT']::text[]),
  ('public.mv_refresh_health', ARRAY['service_role SELECT']::text[]),
  ('public.mv_refresh_log', ARRAY['service_role SELECT']::text[]),
  ('public.performance_analytics_5min', ARRAY['service_role SELECT']::text[]),
  ('public.performance_analytics_hourly', ARRAY['service_role SELECT']::text[]),
  ('public.performance_metrics', ARRAY['service_role SELECT']::text[]),
  ('public.pgspec_alerts', ARRAY['service_role SELECT']::text[]),
  ('public.pgspec_switch_log', ARRAY['service_role SELECT']::text[]),
  ('public.pgspec_switches', ARRAY['service_role SELECT']::text[]),
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
      WHERE x.grantee <> c.relowner OR pg_catalog.pg_get_userbyid(x.grantee) || ' ' || x.privilege_type = ANY (e.granted)
      UNION ALL
      SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee) END || ' ' || x.privilege_type
        || ' of column ' || t.attname
      FROM pg_catalog.pg_attribute AS t CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) AS x
      WHERE t.attrelid = c.oid AND x.grantee <> c.relowner
    ) AS entries ORDER BY entry COLLATE "C") AS granted
) AS a
UNION ALL
SELECT 'rights on ' || e.name, x.ok, x.detail
FROM (VALUES
  ('public.bookings', ARRAY['PUBLIC', 'anon', 'authenticated']::text[], ARRAY['anon', 'authenticated']::text[], ARRAY['authenticated INSERT', 'authenticated SELECT', 'authenticated UPDATE']::text[]),
  ('public.profiles', ARRAY['PUBLIC', 'anon', 'authenticated']::text[], ARRAY['anon', 'authenticated']::text[], ARRAY['authenticated SELECT', 'authenticated UPDATE']::text[]),
  ('public.services', ARRAY['PUBLIC', 'anon', 'authenticated']::text[], ARRAY['anon', 'authenticated']::text[], ARRAY['anon SELECT', 'authenticated DELETE', 'authenticated INSERT', 'authenticated SELECT', 'authenticated UPDATE']::text[])
) AS e (name, closed, bound, granted)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(e.name)
CROSS JOIN LATERAL (
  SELECT ARRAY(
    SELECT g.role || ' ' || g.privilege FROM (
      SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee) END, x.privilege_type
        || CASE WHEN x.is_grantable THEN ' with grant option' ELSE '' END, x.grantee
      FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS x
      UNION ALL
      SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee) END, x.privilege_type
        || ' of column ' || t.attname, x.grantee
      FROM pg_catalog.pg_attribute AS t CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) AS x
      WHERE t.attrelid = c.oid
    ) AS g (role, privilege, grantee)
    WHERE g.grantee <> c.relowner AND g.role = ANY (e.closed)
    ORDER BY (g.role || ' ' || g.privilege) COLLATE "C") AS granted
) AS a
CROSS JOIN LATERAL (
  SELECT pg_catalog.string_agg(b.rolname || ' as ' || r.rolname, ', ' ORDER BY b.rolname, r.rolname) AS names
  FROM pg_catalog.pg_roles AS b
  JOIN pg_catalog.pg_roles AS r ON r.rolsuper OR r.rolbypassrls OR r.oid = c.relowner
  WHERE b.rolname = ANY (e.bound) AND pg_catalog.pg_has_role(b.oid, r.oid, 'MEMBER')
) AS free
CROSS JOIN LATERAL (
  WITH RECURSIVE below (oid) AS (
    SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid
    UNION SELECT i.inhrelid FROM below JOIN pg_catalog.pg_inherits AS i ON i.inhparent = below.oid
  )
  SELECT pg_catalog.string_agg(DISTINCT p.oid::pg_catalog.regclass::text, ', ') AS names
  FROM below JOIN pg_catalog.pg_class AS p ON p.oid = below.oid
  CROSS JOIN LATERAL pg_catalog.aclexplode(p.relacl) AS x
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee
  WHERE NOT p.relrowsecurity AND (x.grantee = 0 OR r.rolname = ANY (e.bound))
    AND x.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
) AS parts
CROSS JOIN LATERAL (VALUES
  (a.granted = e.granted,
   pg_catalog.format('are {%s}, the policies need {%s}', pg_catalog.array_to_string(a.granted, ', '), pg_catalog.array_to_string(e.granted, ', '))),
  (free.names IS NULL, 'bind no role that can act as one whom no policy binds: ' || free.names),
  (parts.names IS NULL, 'do not reach tables below it, which can be used by themselves: ' || parts.names)
) AS x (ok, detail)
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
  ('pgspec', ARRAY['anon USAGE', 'authenticated USAGE', 'service_role USAGE']::text[])
) AS e (name, may_use)
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = e.name
UNION ALL
SELECT 'rows read by ' || e.reader, h.tables IS NULL,
  pg_catalog.format('row security on %s shows only some of them to %s, as whom it reads', h.tables, h.roles)
FROM (VALUES
  ('function', 'pgspec.cache_truncate_public_profiles()', ARRAY['public.locations', 'public.profiles']),
  ('materialized_view', 'public.geographic_analytics_daily', ARRAY['public.bookings', 'public.locations', 'public.provider_events', 'public.search_events']),
  ('materialized_view', 'public.provider_analytics_daily', ARRAY['public.bookings', 'public.provider_events', 'public.reviews']),
  ('materialized_view', 'public.specialty_analytics_daily', ARRAY['public.bookings', 'public.profiles', 'public.provider_events', 'public.search_events', 'public.services'])
) AS e (kind, reader, reads)
CROSS JOIN LATERAL (
  WITH RECURSIVE named (relation, role) AS (
    SELECT pg_catalog.to_regclass(n.name)::oid, CASE e.kind
      WHEN 'function' THEN (SELECT p.proowner FROM pg_catalog.pg_proc AS p WHERE p.oid = pg_catalog.to_regprocedure(e.reader))
      ELSE (SELECT m.relowner FROM pg_catalog.pg_class AS m WHERE m.oid = pg_catalog.to_regclass(e.reader)) END
    FROM pg_catalog.unnest(e.reads) AS n (name)
    UNION
    SELECT d.refobjid, CASE WHEN i.invoker THEN n.role ELSE v.relowner END
    FROM named AS n
    JOIN pg_catalog.pg_class AS v ON v.oid = n.relation AND v.relkind = 'v'
    JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = v.oid
    JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> v.oid
    CROSS JOIN LATERAL (SELECT EXISTS (
      SELECT FROM pg_catalog.pg_options_to_table(v.reloptions) AS o
      WHERE o.option_name = 'security_invoker' AND o.option_value::boolean) AS invoker) AS i
  ), policies (relation, permissive, everything, role) AS (
    SELECT p.polrelid, p.polpermissive, pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true', r.role
    FROM pg_catalog.pg_policy AS p CROSS JOIN LATERAL pg_catalog.unnest(p.polroles) AS r (role)
    WHERE p.polcmd IN ('*', 'r')
  )
  SELECT pg_catalog.string_agg(DISTINCT t.oid::pg_catalog.regclass::text, ', ') AS tables,
    pg_catalog.string_agg(DISTINCT r.rolname, ', ') AS roles
  FROM named AS n
  JOIN pg_catalog.pg_class AS t ON t.oid = n.relation AND t.relrowsecurity
  JOIN pg_catalog.pg_roles AS r ON r.oid = n.role AND NOT r.rolsuper AND NOT r.rolbypassrls
  CROSS JOIN LATERAL (
    SELECT coalesce(pg_catalog.bool_or(p.everything) FILTER (WHERE p.permissive), false)
      AND coalesce(pg_catalog.bool_and(p.everything) FILTER (WHERE NOT p.permissive), true) AS all_rows
    FROM policies AS p
    WHERE p.relation = t.oid AND (p.role = 0 OR pg_catalog.pg_has_role(r.oid, p.role, 'USAGE'))
  ) AS a
  WHERE NOT a.all_rows AND (t.relforcerowsecurity OR NOT pg_catalog.pg_has_role(r.oid, t.relowner, 'USAGE'))
) AS h
UNION ALL
SELECT pg_catalog.replace(d.type, '_', ' ') || ' ' || d.name, false, 'was deployed, and is not in the specs'
FROM pgspec.deployed_objects AS d
WHERE (d.type, d.name) NOT IN (
  ('function', 'pgspec.access_pgspec_admin_audit_log(text)'),
  ('function', 'pgspec.access_public_bookings(text)'),
  ('function', 'pgspec.access_public_profiles(text)'),
  ('function', 'pgspec.access_public_services(text)'),
  ('function', 'pgspec.alert_values()'),
  ('function', 'pgspec.api_side()'),
  ('function', 'pgspec.audit_admin_audit_log_delete_public_bookings()'),
  ('function', 'pgspec.audit_admin_audit_log_delete_public_profiles()'),
  ('function', 'pgspec.audit_admin_audit_log_delete_public_services()'),
  ('function', 'pgspec.audit_admin_audit_log_truncate_public_bookings()'),
  ('function', 'pgspec.audit_admin_audit_log_truncate_public_services()'),
  ('function', 'pgspec.audit_admin_audit_log_update_public_bookings()'),
  ('function', 'pgspec.audit_admin_audit_log_update_public_profiles()'),
  ('function', 'pgspec.audit_admin_audit_log_update_public_services()'),
  ('function', 'pgspec.audit_claims()'),
  ('function', 'pgspec.audit_guard()'),
  ('function', 'pgspec.audit_request_id()'),
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
  ('function', 'pgspec.catch_up(interval)'),
  ('function', 'pgspec.claim(text)'),
  ('function', 'pgspec.claim_bigint(text)'),
  ('function', 'pgspec.claim_uuid(text)'),
  ('function', 'pgspec.close_mv_refresh(bigint, bigint, text, interval)'),
  ('function', 'pgspec.closed_by(text)'),
  ('function', 'pgspec.enqueue_tags(text[], interval)'),
  ('function', 'pgspec.fingerprint(text, text)'),
  ('function', 'pgspec.guard_pgspec_admin_audit_log(text)'),
  ('function', 'pgspec.harden(text)'),
  ('function', 'pgspec.invalidate_tags(text[])'),
  ('function', 'pgspec.joined_rows(boolean)'),
  ('function', 'pgspec.log_switch(text, boolean, text)'),
  ('function', 'pgspec.may_switch(text, text)'),
  ('function', 'pgspec.may_view_admin_audit_viewer(boolean)'),
  ('function', 'pgspec.normalize_path(text)'),
  ('function', 'pgspec.note_write()'),
  ('function', 'pgspec.open_mv_refresh(text, boolean)'),
  ('function', 'pgspec.performance_metrics_admits(text, text, integer)'),
  ('function', 'pgspec.refreshed_views()'),
  ('function', 'pgspec.relation_grants(regclass)'),
  ('function', 'pgspec.relax(text)'),
  ('function', 'pgspec.settle_dead(text[], timestamptz)'),
  ('function', 'pgspec.settle_mv_sources()'),
  ('function', 'pgspec.skipping()'),
  ('function', 'pgspec.storable_tag(text)'),
  ('function', 'pgspec.switch_log_guard()'),
  ('function', 'pgspec.switch_targets()'),
  ('function', 'pgspec.tag_and_wildcards(text)'),
  ('function', 'pgspec.tags_and_wildcards(text[])'),
  ('function', 'pgspec.wake_joined(timestamptz)'),
  ('function', 'public.access_left(text)'),
  ('function', 'public.ack_cache_invalidations(uuid, bigint[])'),
  ('function', 'public.begin_mv_refresh(integer)'),
  ('function', 'public.cache_get(text)'),
  ('function', 'public.cache_put(text, jsonb, text[], bigint[], interval)'),
  ('function', 'public.cache_tag_versions(text[])'),
  ('function', 'public.cancel_overdue_refreshes()'),
  ('function', 'public.claim_cache_invalidations(integer, integer)'),
  ('function', 'public.cleanup_admin_audit_log(integer)'),
  ('function', 'public.cleanup_cache_invalidation_queue(interval, integer)'),
  ('function', 'public.cleanup_mv_refresh_log(interval, integer)'),
  ('function', 'public.drain_cache_invalidation_queue(integer, integer)'),
  ('function', 'public.enqueue_cache_invalidation(text, integer)'),
  ('function', 'public.evaluate_alerts()'),
  ('function', 'public.explain_access(text, text)'),
  ('function', 'public.fail_cache_invalidations(uuid, bigint[], text)'),
  ('function', 'public.maintain_performance_metrics(integer)'),
  ('function', 'public.record_performance_metrics(text, text, integer, double precision, boolean, integer, text, timestamptz)'),
  ('function', 'public.refresh_materialized_view(text)'),
  ('function', 'public.reset_switch(text, text, integer)'),
  ('function', 'public.retry_dead_cache_invalidations()'),
  ('function', 'public.run_mv_refresh(bigint)'),
  ('function', 'public.throw_switch(text, text)'),
  ('function', 'public.verify_migration_success()'),
  ('index', 'pgspec.admin_audit_log_at'),
  ('index', 'pgspec.admin_audit_log_row_key'),
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
  ('index', 'public.mv_refresh_log_view'),
  ('index', 'public.performance_analytics_5min_endpoint_five_minute_bucket_idx'),
  ('index', 'public.performance_analytics_hourly_endpoint_hour_idx'),
  ('index', 'public.performance_metrics_created_at'),
  ('index', 'public.performance_metrics_request_id'),
  ('index', 'public.provider_analytics_daily_provider_id_date_idx'),
  ('index', 'public.specialty_analytics_daily_specialty_id_date_idx'),
  ('materialized_view', 'public.api_metrics_5m'),
  ('materialized_view', 'public.api_metrics_hourly_enhanced'),
  ('materialized_view', 'public.geographic_analytics_daily'),
  ('materialized_view', 'public.performance_analytics_5min'),
  ('materialized_view', 'public.performance_analytics_hourly'),
  ('materialized_view', 'public.provider_analytics_daily'),
  ('materialized_view', 'public.specialty_analytics_daily'),
  ('policy', 'admins_read ON pgspec.admin_audit_log'),
  ('policy', 'admins_read ON public.bookings'),
  ('policy', 'admins_read ON public.profiles'),
  ('policy', 'as_customer ON public.bookings'),
  ('policy', 'as_vendor ON public.bookings'),
  ('policy', 'customers_ask ON public.bookings'),
  ('policy', 'on_offer ON public.services'),
  ('policy', 'own_changes ON public.profiles'),
  ('policy', 'own_profile ON public.profiles'),
  ('policy', 'own_services ON public.services'),
  ('policy', 'pgspec_owner ON pgspec.admin_audit_log'),
  ('policy', 'pgspec_service ON pgspec.admin_audit_log'),
  ('policy', 'pgspec_viewer ON pgspec.admin_audit_log'),
  ('policy', 'vendors_answer ON public.bookings'),
  ('procedure', 'public.refresh_materialized_views()'),
  ('procedure', 'public.run_cache_invalidations(integer)'),
  ('procedure', 'public.run_maintenance(integer)'),
  ('row_security', 'pgspec.admin_audit_log'),
  ('row_security', 'public.bookings'),
  ('row_security', 'public.profiles'),
  ('row_security', 'public.services'),
  ('table', 'pgspec.admin_audit_log'),
  ('table', 'pgspec.alert_state'),
  ('table', 'pgspec.cache_tags'),
  ('table', 'pgspec.deployed_objects'),
  ('table', 'pgspec.mv_refresh_state'),
  ('table', 'pgspec.mv_source_writes'),
  ('table', 'pgspec.performance_metrics_labels'),
  ('table', 'pgspec.switch_log'),
  ('table', 'pgspec.thrown_switches'),
  ('table', 'public.cache_entries'),
  ('table', 'public.cache_invalidation_queue'),
  ('table', 'public.mv_refresh_log'),
  ('table', 'public.performance_metrics'),
  ('trigger', 'pgspec_audit_admin_audit_log_delete ON public.bookings'),
  ('trigger', 'pgspec_audit_admin_audit_log_delete ON public.profiles'),
  ('trigger', 'pgspec_audit_admin_audit_log_delete ON public.services'),
  ('trigger', 'pgspec_audit_admin_audit_log_truncate ON public.bookings'),
  ('trigger', 'pgspec_audit_admin_audit_log_truncate ON public.services'),
  ('trigger', 'pgspec_audit_admin_audit_log_update ON public.bookings'),
  ('trigger', 'pgspec_audit_admin_audit_log_update ON public.profiles'),
  ('trigger', 'pgspec_audit_admin_audit_log_update ON public.services'),
  ('trigger', 'pgspec_audit_guard_delete ON pgspec.admin_audit_log'),
  ('trigger', 'pgspec_audit_guard_truncate ON pgspec.admin_audit_log'),
  ('trigger', 'pgspec_audit_guard_update ON pgspec.admin_audit_log'),
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
  ('trigger', 'pgspec_refresh ON public.bookings'),
  ('trigger', 'pgspec_refresh ON public.locations'),
  ('trigger', 'pgspec_refresh ON public.profiles'),
  ('trigger', 'pgspec_refresh ON public.provider_events'),
  ('trigger', 'pgspec_refresh ON public.reviews'),
  ('trigger', 'pgspec_refresh ON public.search_events'),
  ('trigger', 'pgspec_refresh ON public.services'),
  ('trigger', 'pgspec_switch_log_guard_delete ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_truncate ON pgspec.switch_log'),
  ('trigger', 'pgspec_switch_log_guard_update ON pgspec.switch_log'),
  ('view', 'pgspec.mv_reads'),
  ('view', 'pgspec.mv_refresh_basis'),
  ('view', 'public.admin_audit_log'),
  ('view', 'public.admin_audit_viewer'),
  ('view', 'public.cache_invalidation_health'),
  ('view', 'public.event_label_health'),
  ('view', 'public.event_log_health'),
  ('view', 'public.mv_refresh_health'),
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
  RAISE NOTICE 'verify: % expectations are not tried, since the transaction is read-only', 352;
ELSIF pg_catalog.row_security_active('pgspec.admin_audit_log'::regclass) THEN
  RAISE NOTICE 'verify: % expectations are not tried, since row security binds % itself', 352, current_user;
ELSIF pg_catalog.row_security_active('public.bookings'::regclass) THEN
  RAISE NOTICE 'verify: % expectations are not tried, since row security binds % itself', 352, current_user;
ELSIF pg_catalog.row_security_active('public.profiles'::regclass) THEN
  RAISE NOTICE 'verify: % expectations are not tried, since row security binds % itself', 352, current_user;
ELSIF pg_catalog.row_security_active('public.services'::regclass) THEN
  RAISE NOTICE 'verify: % expectations are not tried, since row security binds % itself', 352, current_user;
ELSE
BEGIN
-- expectations of pgspec.admin_audit_log  [specs/access/audit.yaml:20]
BEGIN
  INSERT INTO pgspec.admin_audit_log (id, at, table_schema, table_name, event, row_key, old, new, source, db_role, session_role, txid) OVERRIDING SYSTEM VALUE
  SELECT id, at, table_schema, table_name, event, row_key, old, new, source, db_role, session_role, txid FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, '{"id": -1, "at": "2025-03-01 12:00:00+00", "table_schema": "public", "table_name": "profiles", "event": "UPDATE", "row_key": {"id": "44444444-4444-4444-8444-444444444444"}, "old": {"role": "customer"}, "new": {"role": "vendor"}, "source": "service", "db_role": "service_role", "session_role": "authenticator", "txid": 1}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM pgspec.admin_audit_log AS t, pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, '{"id": -1, "at": "2025-03-01 12:00:00+00", "table_schema": "public", "table_name": "profiles", "event": "UPDATE", "row_key": {"id": "44444444-4444-4444-8444-444444444444"}, "old": {"role": "customer"}, "new": {"role": "vendor"}, "source": "service", "db_role": "service_role", "session_role": "authenticator", "txid": 1}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.at, t.table_schema, t.table_name, t.event, t.row_key, t.old, t.new, t.source, t.db_role, t.session_role, t.txid)::text IS DISTINCT FROM ROW(r.id, r.at, r.table_schema, r.table_name, r.event, r.row_key, r.old, r.new, r.source, r.db_role, r.session_role, r.txid)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": -1, "at": "2025-03-01 12:00:00+00", "table_schema": "public", "table_name": "profiles", "event": "UPDATE", "row_key": {"id": "44444444-4444-4444-8444-444444444444"}, "old": {"role": "customer"}, "new": {"role": "vendor"}, "source": "service", "db_role": "service_role", "session_role": "authenticator", "txid": 1}' USING ERRCODE = 'PS001';
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE EXCEPTION 'verify: the fixture rows for the expectations of % cannot be inserted: %', 'public.admin_audit_log', SQLERRM
    USING ERRCODE = SQLSTATE, HINT = 'give fixture rows keys that no real row has';
END;
labels := ARRAY['promoted']::text[];
keys := ARRAY[
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, '{"id": -1, "at": "2025-03-01 12:00:00+00", "table_schema": "public", "table_name": "profiles", "event": "UPDATE", "row_key": {"id": "44444444-4444-4444-8444-444444444444"}, "old": {"role": "customer"}, "new": {"role": "vendor"}, "source": "service", "db_role": "service_role", "session_role": "authenticator", "txid": 1}') AS t)
];
FOR cell IN SELECT * FROM (VALUES
  ('anonymous', 'anon', '', true),
  ('customer', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}', true),
  ('vendor', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}', true),
  ('other_vendor', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}', true),
  ('admin', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}', true),
  ('service', 'service_role', '', false),
  ('customer without a session', 'authenticated', '', true),
  ('customer posing as vendor', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer", "user_metadata": {"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}}', true),
  ('customer posing as other_vendor', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer", "user_metadata": {"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}}', true),
  ('customer posing as admin', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer", "user_metadata": {"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}}', true),
  ('vendor without a session', 'authenticated', '', true),
  ('vendor posing as customer', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor", "user_metadata": {"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}}', true),
  ('vendor posing as other_vendor', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor", "user_metadata": {"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}}', true),
  ('vendor posing as admin', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor", "user_metadata": {"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}}', true),
  ('other_vendor without a session', 'authenticated', '', true),
  ('other_vendor posing as customer', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor", "user_metadata": {"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}}', true),
  ('other_vendor posing as vendor', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor", "user_metadata": {"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}}', true),
  ('other_vendor posing as admin', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor", "user_metadata": {"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}}', true),
  ('admin without a session', 'authenticated', '', true),
  ('admin posing as customer', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin", "user_metadata": {"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}}', true),
  ('admin posing as vendor', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin", "user_metadata": {"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}}', true),
  ('admin posing as other_vendor', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin", "user_metadata": {"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}}', true)
) AS p (persona, role, claims, bound) JOIN (VALUES
  ('select', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('select', 'customer', false, ARRAY[]::text[], '42501', '%role=admin%'),
  ('select', 'vendor', false, ARRAY[]::text[], '42501', '%role=admin%'),
  ('select', 'other_vendor', false, ARRAY[]::text[], '42501', '%role=admin%'),
  ('select', 'admin', false, ARRAY['promoted']::text[], NULL, NULL),
  ('select', 'service', false, ARRAY['promoted']::text[], NULL, NULL),
  ('insert', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'customer', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'other_vendor', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'service', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'customer', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'other_vendor', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'service', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'customer', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'other_vendor', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'service', false, ARRAY[]::text[], '42501', NULL),
  ('select', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'customer posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'customer posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'customer posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'customer posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'customer posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'customer posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'customer posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'customer posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'customer posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'customer posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'customer posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'customer posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'vendor posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'other_vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'other_vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'other_vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'other_vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'other_vendor posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'other_vendor posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'other_vendor posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'other_vendor posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'other_vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'other_vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'other_vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'other_vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as customer', true, ARRAY['promoted']::text[], NULL, NULL),
  ('insert', 'admin posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as vendor', true, ARRAY['promoted']::text[], NULL, NULL),
  ('insert', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as other_vendor', true, ARRAY['promoted']::text[], NULL, NULL),
  ('insert', 'admin posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as other_vendor', true, ARRAY[]::text[], NULL, NULL)
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
    ('insert', 'promoted', 'INSERT INTO pgspec.admin_audit_log (id, at, table_schema, table_name, event, row_key, old, new, source, db_role, session_role, txid) OVERRIDING SYSTEM VALUE SELECT id, at, table_schema, table_name, event, row_key, old, new, source, db_role, session_role, txid FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, ''{"id": -1, "at": "2025-03-01 12:00:00+00", "table_schema": "public", "table_name": "profiles", "event": "UPDATE", "row_key": {"id": "44444444-4444-4444-8444-444444444444"}, "old": {"role": "customer"}, "new": {"role": "vendor"}, "source": "service", "db_role": "service_role", "session_role": "authenticator", "txid": 1}'')'),
    ('update', 'promoted', 'UPDATE pgspec.admin_audit_log AS t SET at = t.at FROM pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, ''{"id": -1, "at": "2025-03-01 12:00:00+00", "table_schema": "public", "table_name": "profiles", "event": "UPDATE", "row_key": {"id": "44444444-4444-4444-8444-444444444444"}, "old": {"role": "customer"}, "new": {"role": "vendor"}, "source": "service", "db_role": "service_role", "session_role": "authenticator", "txid": 1}'') AS r WHERE t.id = r.id'),
    ('delete', 'promoted', 'DELETE FROM pgspec.admin_audit_log AS t USING pg_catalog.jsonb_populate_record(NULL::pgspec.admin_audit_log, ''{"id": -1, "at": "2025-03-01 12:00:00+00", "table_schema": "public", "table_name": "profiles", "event": "UPDATE", "row_key": {"id": "44444444-4444-4444-8444-444444444444"}, "old": {"role": "customer"}, "new": {"role": "vendor"}, "source": "service", "db_role": "service_role", "session_role": "authenticator", "txid": 1}'') AS r WHERE t.id = r.id')
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
-- expectations of public.bookings  [specs/access/bookings.yaml:17]
BEGIN
  INSERT INTO public.specialties (id, slug, name) OVERRIDING SYSTEM VALUE
  SELECT id, slug, name FROM pg_catalog.jsonb_populate_record(NULL::public.specialties, '{"id": "5a000000-0000-4000-8000-000000000001", "slug": "plumbing", "name": "Plumbing"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.specialties AS t, pg_catalog.jsonb_populate_record(NULL::public.specialties, '{"id": "5a000000-0000-4000-8000-000000000001", "slug": "plumbing", "name": "Plumbing"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.slug, t.name)::text IS DISTINCT FROM ROW(r.id, r.slug, r.name)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "5a000000-0000-4000-8000-000000000001", "slug": "plumbing", "name": "Plumbing"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.specialties (id, slug, name, parent_id) OVERRIDING SYSTEM VALUE
  SELECT id, slug, name, parent_id FROM pg_catalog.jsonb_populate_record(NULL::public.specialties, '{"id": "5a000000-0000-4000-8000-000000000002", "slug": "leak-repair", "name": "Leak repair", "parent_id": "5a000000-0000-4000-8000-000000000001"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.specialties AS t, pg_catalog.jsonb_populate_record(NULL::public.specialties, '{"id": "5a000000-0000-4000-8000-000000000002", "slug": "leak-repair", "name": "Leak repair", "parent_id": "5a000000-0000-4000-8000-000000000001"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.slug, t.name, t.parent_id)::text IS DISTINCT FROM ROW(r.id, r.slug, r.name, r.parent_id)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "5a000000-0000-4000-8000-000000000002", "slug": "leak-repair", "name": "Leak repair", "parent_id": "5a000000-0000-4000-8000-000000000001"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.locations (id, city, country) OVERRIDING SYSTEM VALUE
  SELECT id, city, country FROM pg_catalog.jsonb_populate_record(NULL::public.locations, '{"id": "10c00000-0000-4000-8000-000000000001", "city": "Lisbon", "country": "PT"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.locations AS t, pg_catalog.jsonb_populate_record(NULL::public.locations, '{"id": "10c00000-0000-4000-8000-000000000001", "city": "Lisbon", "country": "PT"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.city, t.country)::text IS DISTINCT FROM ROW(r.id, r.city, r.country)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "10c00000-0000-4000-8000-000000000001", "city": "Lisbon", "country": "PT"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.locations (id) OVERRIDING SYSTEM VALUE
  SELECT id FROM pg_catalog.jsonb_populate_record(NULL::public.locations, '{"id": "10c00000-0000-4000-8000-000000000002"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.locations AS t, pg_catalog.jsonb_populate_record(NULL::public.locations, '{"id": "10c00000-0000-4000-8000-000000000002"}') AS r
    WHERE t.id = r.id AND ROW(t.id)::text IS DISTINCT FROM ROW(r.id)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "10c00000-0000-4000-8000-000000000002"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.profiles (id, role, display_name) OVERRIDING SYSTEM VALUE
  SELECT id, role, display_name FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "11111111-1111-4111-8111-111111111111", "role": "admin", "display_name": "Root"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "11111111-1111-4111-8111-111111111111", "role": "admin", "display_name": "Root"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.display_name)::text IS DISTINCT FROM ROW(r.id, r.role, r.display_name)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "11111111-1111-4111-8111-111111111111", "role": "admin", "display_name": "Root"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.profiles (id, role, display_name, business_name, specialty_id, location_id) OVERRIDING SYSTEM VALUE
  SELECT id, role, display_name, business_name, specialty_id, location_id FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "22222222-2222-4222-8222-222222222222", "role": "vendor", "display_name": "Alice", "business_name": "Alice Repairs", "specialty_id": "5a000000-0000-4000-8000-000000000001", "location_id": "10c00000-0000-4000-8000-000000000001"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "22222222-2222-4222-8222-222222222222", "role": "vendor", "display_name": "Alice", "business_name": "Alice Repairs", "specialty_id": "5a000000-0000-4000-8000-000000000001", "location_id": "10c00000-0000-4000-8000-000000000001"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.display_name, t.business_name, t.specialty_id, t.location_id)::text IS DISTINCT FROM ROW(r.id, r.role, r.display_name, r.business_name, r.specialty_id, r.location_id)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "22222222-2222-4222-8222-222222222222", "role": "vendor", "display_name": "Alice", "business_name": "Alice Repairs", "specialty_id": "5a000000-0000-4000-8000-000000000001", "location_id": "10c00000-0000-4000-8000-000000000001"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.profiles (id, role, display_name) OVERRIDING SYSTEM VALUE
  SELECT id, role, display_name FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "33333333-3333-4333-8333-333333333333", "role": "customer", "display_name": "Carol"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "33333333-3333-4333-8333-333333333333", "role": "customer", "display_name": "Carol"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.display_name)::text IS DISTINCT FROM ROW(r.id, r.role, r.display_name)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "33333333-3333-4333-8333-333333333333", "role": "customer", "display_name": "Carol"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.profiles (id, role, business_name) OVERRIDING SYSTEM VALUE
  SELECT id, role, business_name FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "44444444-4444-4444-8444-444444444444", "role": "vendor", "business_name": "Dave and Sons"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "44444444-4444-4444-8444-444444444444", "role": "vendor", "business_name": "Dave and Sons"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.business_name)::text IS DISTINCT FROM ROW(r.id, r.role, r.business_name)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "44444444-4444-4444-8444-444444444444", "role": "vendor", "business_name": "Dave and Sons"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.services (id, provider_id, specialty_id, name, price) OVERRIDING SYSTEM VALUE
  SELECT id, provider_id, specialty_id, name, price FROM pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "specialty_id": "5a000000-0000-4000-8000-000000000002", "name": "Tap repair", "price": 80.0}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.services AS t, pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "specialty_id": "5a000000-0000-4000-8000-000000000002", "name": "Tap repair", "price": 80.0}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.provider_id, t.specialty_id, t.name, t.price)::text IS DISTINCT FROM ROW(r.id, r.provider_id, r.specialty_id, r.name, r.price)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "specialty_id": "5a000000-0000-4000-8000-000000000002", "name": "Tap repair", "price": 80.0}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.services (id, provider_id, name, price) OVERRIDING SYSTEM VALUE
  SELECT id, provider_id, name, price FROM pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "name": "Odd job", "price": 0}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.services AS t, pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "name": "Odd job", "price": 0}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.provider_id, t.name, t.price)::text IS DISTINCT FROM ROW(r.id, r.provider_id, r.name, r.price)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "name": "Odd job", "price": 0}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.services (id, provider_id, name, price, is_active) OVERRIDING SYSTEM VALUE
  SELECT id, provider_id, name, price, is_active FROM pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000003", "provider_id": "22222222-2222-4222-8222-222222222222", "name": "Gutter cleaning", "price": 120.0, "is_active": false}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.services AS t, pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000003", "provider_id": "22222222-2222-4222-8222-222222222222", "name": "Gutter cleaning", "price": 120.0, "is_active": false}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.provider_id, t.name, t.price, t.is_active)::text IS DISTINCT FROM ROW(r.id, r.provider_id, r.name, r.price, r.is_active)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "5e000000-0000-4000-8000-000000000003", "provider_id": "22222222-2222-4222-8222-222222222222", "name": "Gutter cleaning", "price": 120.0, "is_active": false}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.bookings (id, service_id, provider_id, customer_id, location_id, status, amount, created_at, completed_at) OVERRIDING SYSTEM VALUE
  SELECT id, service_id, provider_id, customer_id, location_id, status, amount, created_at, completed_at FROM pg_catalog.jsonb_populate_record(NULL::public.bookings, '{"id": "b0000000-0000-4000-8000-000000000001", "service_id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "customer_id": "33333333-3333-4333-8333-333333333333", "location_id": "10c00000-0000-4000-8000-000000000001", "status": "completed", "amount": 80.0, "created_at": "2025-03-01 10:00:00+00", "completed_at": "2025-03-02 15:30:00+00"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.bookings AS t, pg_catalog.jsonb_populate_record(NULL::public.bookings, '{"id": "b0000000-0000-4000-8000-000000000001", "service_id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "customer_id": "33333333-3333-4333-8333-333333333333", "location_id": "10c00000-0000-4000-8000-000000000001", "status": "completed", "amount": 80.0, "created_at": "2025-03-01 10:00:00+00", "completed_at": "2025-03-02 15:30:00+00"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.service_id, t.provider_id, t.customer_id, t.location_id, t.status, t.amount, t.created_at, t.completed_at)::text IS DISTINCT FROM ROW(r.id, r.service_id, r.provider_id, r.customer_id, r.location_id, r.status, r.amount, r.created_at, r.completed_at)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "b0000000-0000-4000-8000-000000000001", "service_id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "customer_id": "33333333-3333-4333-8333-333333333333", "location_id": "10c00000-0000-4000-8000-000000000001", "status": "completed", "amount": 80.0, "created_at": "2025-03-01 10:00:00+00", "completed_at": "2025-03-02 15:30:00+00"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.bookings (id, service_id, provider_id, status, amount, created_at) OVERRIDING SYSTEM VALUE
  SELECT id, service_id, provider_id, status, amount, created_at FROM pg_catalog.jsonb_populate_record(NULL::public.bookings, '{"id": "b0000000-0000-4000-8000-000000000002", "service_id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "status": "requested", "amount": 25.5, "created_at": "2025-03-02 09:00:00+00"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.bookings AS t, pg_catalog.jsonb_populate_record(NULL::public.bookings, '{"id": "b0000000-0000-4000-8000-000000000002", "service_id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "status": "requested", "amount": 25.5, "created_at": "2025-03-02 09:00:00+00"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.service_id, t.provider_id, t.status, t.amount, t.created_at)::text IS DISTINCT FROM ROW(r.id, r.service_id, r.provider_id, r.status, r.amount, r.created_at)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "b0000000-0000-4000-8000-000000000002", "service_id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "status": "requested", "amount": 25.5, "created_at": "2025-03-02 09:00:00+00"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.bookings (id, service_id, provider_id, customer_id, status, amount, created_at) OVERRIDING SYSTEM VALUE
  SELECT id, service_id, provider_id, customer_id, status, amount, created_at FROM pg_catalog.jsonb_populate_record(NULL::public.bookings, '{"id": "b0000000-0000-4000-8000-000000000003", "service_id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "customer_id": "33333333-3333-4333-8333-333333333333", "status": "requested", "amount": 80.0, "created_at": "2025-03-02 11:00:00+00"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.bookings AS t, pg_catalog.jsonb_populate_record(NULL::public.bookings, '{"id": "b0000000-0000-4000-8000-000000000003", "service_id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "customer_id": "33333333-3333-4333-8333-333333333333", "status": "requested", "amount": 80.0, "created_at": "2025-03-02 11:00:00+00"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.service_id, t.provider_id, t.customer_id, t.status, t.amount, t.created_at)::text IS DISTINCT FROM ROW(r.id, r.service_id, r.provider_id, r.customer_id, r.status, r.amount, r.created_at)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "b0000000-0000-4000-8000-000000000003", "service_id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "customer_id": "33333333-3333-4333-8333-333333333333", "status": "requested", "amount": 80.0, "created_at": "2025-03-02 11:00:00+00"}' USING ERRCODE = 'PS001';
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE EXCEPTION 'verify: the fixture rows for the expectations of % cannot be inserted: %', 'public.bookings', SQLERRM
    USING ERRCODE = SQLSTATE, HINT = 'give fixture rows keys that no real row has';
END;
labels := ARRAY['done', 'asked', 'wanted']::text[];
keys := ARRAY[
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.bookings, '{"id": "b0000000-0000-4000-8000-000000000001", "service_id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "customer_id": "33333333-3333-4333-8333-333333333333", "location_id": "10c00000-0000-4000-8000-000000000001", "status": "completed", "amount": 80.0, "created_at": "2025-03-01 10:00:00+00", "completed_at": "2025-03-02 15:30:00+00"}') AS t),
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.bookings, '{"id": "b0000000-0000-4000-8000-000000000002", "service_id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "status": "requested", "amount": 25.5, "created_at": "2025-03-02 09:00:00+00"}') AS t),
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.bookings, '{"id": "b0000000-0000-4000-8000-000000000003", "service_id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "customer_id": "33333333-3333-4333-8333-333333333333", "status": "requested", "amount": 80.0, "created_at": "2025-03-02 11:00:00+00"}') AS t)
];
FOR cell IN SELECT * FROM (VALUES
  ('anonymous', 'anon', '', true),
  ('customer', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}', true),
  ('vendor', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}', true),
  ('other_vendor', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}', true),
  ('admin', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}', true),
  ('service', 'service_role', '', false),
  ('customer without a session', 'authenticated', '', true),
  ('customer posing as vendor', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer", "user_metadata": {"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}}', true),
  ('customer posing as other_vendor', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer", "user_metadata": {"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}}', true),
  ('customer posing as admin', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer", "user_metadata": {"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}}', true),
  ('vendor without a session', 'authenticated', '', true),
  ('vendor posing as customer', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor", "user_metadata": {"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}}', true),
  ('vendor posing as other_vendor', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor", "user_metadata": {"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}}', true),
  ('vendor posing as admin', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor", "user_metadata": {"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}}', true),
  ('other_vendor without a session', 'authenticated', '', true),
  ('other_vendor posing as customer', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor", "user_metadata": {"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}}', true),
  ('other_vendor posing as vendor', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor", "user_metadata": {"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}}', true),
  ('other_vendor posing as admin', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor", "user_metadata": {"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}}', true),
  ('admin without a session', 'authenticated', '', true),
  ('admin posing as customer', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin", "user_metadata": {"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}}', true),
  ('admin posing as vendor', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin", "user_metadata": {"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}}', true),
  ('admin posing as other_vendor', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin", "user_metadata": {"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}}', true)
) AS p (persona, role, claims, bound) JOIN (VALUES
  ('select', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('select', 'customer', false, ARRAY['done', 'wanted']::text[], NULL, NULL),
  ('select', 'vendor', false, ARRAY['done', 'wanted']::text[], NULL, NULL),
  ('select', 'other_vendor', false, ARRAY['asked']::text[], NULL, NULL),
  ('select', 'admin', false, ARRAY['asked', 'done', 'wanted']::text[], NULL, NULL),
  ('select', 'service', false, ARRAY['asked', 'done', 'wanted']::text[], NULL, NULL),
  ('insert', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'customer', false, ARRAY['wanted']::text[], NULL, NULL),
  ('insert', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'other_vendor', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'service', false, ARRAY['asked', 'done', 'wanted']::text[], NULL, NULL),
  ('update', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'customer', false, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor', false, ARRAY['done', 'wanted']::text[], NULL, NULL),
  ('update', 'other_vendor', false, ARRAY['asked']::text[], NULL, NULL),
  ('update', 'admin', false, ARRAY[]::text[], NULL, NULL),
  ('update', 'service', false, ARRAY['asked', 'done', 'wanted']::text[], NULL, NULL),
  ('delete', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'customer', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'other_vendor', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'service', false, ARRAY['asked', 'done', 'wanted']::text[], NULL, NULL),
  ('select', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'customer posing as vendor', true, ARRAY['done', 'wanted']::text[], NULL, NULL),
  ('insert', 'customer posing as vendor', true, ARRAY['wanted']::text[], NULL, NULL),
  ('update', 'customer posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'customer posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'customer posing as other_vendor', true, ARRAY['done', 'wanted']::text[], NULL, NULL),
  ('insert', 'customer posing as other_vendor', true, ARRAY['wanted']::text[], NULL, NULL),
  ('update', 'customer posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'customer posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'customer posing as admin', true, ARRAY['done', 'wanted']::text[], NULL, NULL),
  ('insert', 'customer posing as admin', true, ARRAY['wanted']::text[], NULL, NULL),
  ('update', 'customer posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'customer posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as customer', true, ARRAY['done', 'wanted']::text[], NULL, NULL),
  ('insert', 'vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor posing as customer', true, ARRAY['done', 'wanted']::text[], NULL, NULL),
  ('delete', 'vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as other_vendor', true, ARRAY['done', 'wanted']::text[], NULL, NULL),
  ('insert', 'vendor posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor posing as other_vendor', true, ARRAY['done', 'wanted']::text[], NULL, NULL),
  ('delete', 'vendor posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as admin', true, ARRAY['done', 'wanted']::text[], NULL, NULL),
  ('insert', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor posing as admin', true, ARRAY['done', 'wanted']::text[], NULL, NULL),
  ('delete', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'other_vendor posing as customer', true, ARRAY['asked']::text[], NULL, NULL),
  ('insert', 'other_vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'other_vendor posing as customer', true, ARRAY['asked']::text[], NULL, NULL),
  ('delete', 'other_vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'other_vendor posing as vendor', true, ARRAY['asked']::text[], NULL, NULL),
  ('insert', 'other_vendor posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'other_vendor posing as vendor', true, ARRAY['asked']::text[], NULL, NULL),
  ('delete', 'other_vendor posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'other_vendor posing as admin', true, ARRAY['asked']::text[], NULL, NULL),
  ('insert', 'other_vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'other_vendor posing as admin', true, ARRAY['asked']::text[], NULL, NULL),
  ('delete', 'other_vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as customer', true, ARRAY['asked', 'done', 'wanted']::text[], NULL, NULL),
  ('insert', 'admin posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as vendor', true, ARRAY['asked', 'done', 'wanted']::text[], NULL, NULL),
  ('insert', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as other_vendor', true, ARRAY['asked', 'done', 'wanted']::text[], NULL, NULL),
  ('insert', 'admin posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as other_vendor', true, ARRAY[]::text[], NULL, NULL)
) AS c (command, persona, most, labels, error, hint) USING (persona) ORDER BY command, persona LOOP
  IF cell.bound AND EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = cell.role AND (r.rolsuper OR r.rolbypassrls)) THEN
    wrong := wrong || pg_catalog.format('%s on %s as %s: no policy binds the role %I', cell.command, 'public.bookings', cell.persona, cell.role);
    CONTINUE;
  END IF;
  reached := ARRAY[]::text[];
  denied := NULL;
  broken := NULL;
  advice := NULL;
  FOR probe IN SELECT * FROM (VALUES
    ('select', NULL, 'SELECT ARRAY(SELECT k.label FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (label, key) WHERE k.key IN (SELECT ROW(t.id::text)::text FROM public.bookings AS t))'),
    ('insert', 'done', 'INSERT INTO public.bookings (id, service_id, provider_id, customer_id, location_id, status, amount, created_at, completed_at) OVERRIDING SYSTEM VALUE SELECT id, service_id, provider_id, customer_id, location_id, status, amount, created_at, completed_at FROM pg_catalog.jsonb_populate_record(NULL::public.bookings, ''{"id": "b0000000-0000-4000-8000-000000000001", "service_id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "customer_id": "33333333-3333-4333-8333-333333333333", "location_id": "10c00000-0000-4000-8000-000000000001", "status": "completed", "amount": 80.0, "created_at": "2025-03-01 10:00:00+00", "completed_at": "2025-03-02 15:30:00+00"}'')'),
    ('update', 'done', 'UPDATE public.bookings AS t SET service_id = t.service_id FROM pg_catalog.jsonb_populate_record(NULL::public.bookings, ''{"id": "b0000000-0000-4000-8000-000000000001", "service_id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "customer_id": "33333333-3333-4333-8333-333333333333", "location_id": "10c00000-0000-4000-8000-000000000001", "status": "completed", "amount": 80.0, "created_at": "2025-03-01 10:00:00+00", "completed_at": "2025-03-02 15:30:00+00"}'') AS r WHERE t.id = r.id'),
    ('delete', 'done', 'DELETE FROM public.bookings AS t USING pg_catalog.jsonb_populate_record(NULL::public.bookings, ''{"id": "b0000000-0000-4000-8000-000000000001", "service_id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "customer_id": "33333333-3333-4333-8333-333333333333", "location_id": "10c00000-0000-4000-8000-000000000001", "status": "completed", "amount": 80.0, "created_at": "2025-03-01 10:00:00+00", "completed_at": "2025-03-02 15:30:00+00"}'') AS r WHERE t.id = r.id'),
    ('insert', 'asked', 'INSERT INTO public.bookings (id, service_id, provider_id, status, amount, created_at) OVERRIDING SYSTEM VALUE SELECT id, service_id, provider_id, status, amount, created_at FROM pg_catalog.jsonb_populate_record(NULL::public.bookings, ''{"id": "b0000000-0000-4000-8000-000000000002", "service_id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "status": "requested", "amount": 25.5, "created_at": "2025-03-02 09:00:00+00"}'')'),
    ('update', 'asked', 'UPDATE public.bookings AS t SET service_id = t.service_id FROM pg_catalog.jsonb_populate_record(NULL::public.bookings, ''{"id": "b0000000-0000-4000-8000-000000000002", "service_id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "status": "requested", "amount": 25.5, "created_at": "2025-03-02 09:00:00+00"}'') AS r WHERE t.id = r.id'),
    ('delete', 'asked', 'DELETE FROM public.bookings AS t USING pg_catalog.jsonb_populate_record(NULL::public.bookings, ''{"id": "b0000000-0000-4000-8000-000000000002", "service_id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "status": "requested", "amount": 25.5, "created_at": "2025-03-02 09:00:00+00"}'') AS r WHERE t.id = r.id'),
    ('insert', 'wanted', 'INSERT INTO public.bookings (id, service_id, provider_id, customer_id, status, amount, created_at) OVERRIDING SYSTEM VALUE SELECT id, service_id, provider_id, customer_id, status, amount, created_at FROM pg_catalog.jsonb_populate_record(NULL::public.bookings, ''{"id": "b0000000-0000-4000-8000-000000000003", "service_id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "customer_id": "33333333-3333-4333-8333-333333333333", "status": "requested", "amount": 80.0, "created_at": "2025-03-02 11:00:00+00"}'')'),
    ('update', 'wanted', 'UPDATE public.bookings AS t SET service_id = t.service_id FROM pg_catalog.jsonb_populate_record(NULL::public.bookings, ''{"id": "b0000000-0000-4000-8000-000000000003", "service_id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "customer_id": "33333333-3333-4333-8333-333333333333", "status": "requested", "amount": 80.0, "created_at": "2025-03-02 11:00:00+00"}'') AS r WHERE t.id = r.id'),
    ('delete', 'wanted', 'DELETE FROM public.bookings AS t USING pg_catalog.jsonb_populate_record(NULL::public.bookings, ''{"id": "b0000000-0000-4000-8000-000000000003", "service_id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "customer_id": "33333333-3333-4333-8333-333333333333", "status": "requested", "amount": 80.0, "created_at": "2025-03-02 11:00:00+00"}'') AS r WHERE t.id = r.id')
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
    wrong := wrong || pg_catalog.format('%s on %s as %s: gives %s, the spec expects %s', cell.command, 'public.bookings', cell.persona,
      coalesce(state || coalesce(' with the hint ' || pg_catalog.quote_literal(nullif(advice, '')), ''), reached::text),
      CASE WHEN cell.most THEN 'at most ' ELSE '' END || coalesce(cell.error || coalesce(' with a hint like ' || pg_catalog.quote_literal(cell.hint), ''), cell.labels::text));
  END IF;
END LOOP;
-- expectations of public.profiles  [specs/access/profiles.yaml:14]
BEGIN
  INSERT INTO public.specialties (id, slug, name) OVERRIDING SYSTEM VALUE
  SELECT id, slug, name FROM pg_catalog.jsonb_populate_record(NULL::public.specialties, '{"id": "5a000000-0000-4000-8000-000000000001", "slug": "plumbing", "name": "Plumbing"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.specialties AS t, pg_catalog.jsonb_populate_record(NULL::public.specialties, '{"id": "5a000000-0000-4000-8000-000000000001", "slug": "plumbing", "name": "Plumbing"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.slug, t.name)::text IS DISTINCT FROM ROW(r.id, r.slug, r.name)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "5a000000-0000-4000-8000-000000000001", "slug": "plumbing", "name": "Plumbing"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.specialties (id, slug, name, parent_id) OVERRIDING SYSTEM VALUE
  SELECT id, slug, name, parent_id FROM pg_catalog.jsonb_populate_record(NULL::public.specialties, '{"id": "5a000000-0000-4000-8000-000000000002", "slug": "leak-repair", "name": "Leak repair", "parent_id": "5a000000-0000-4000-8000-000000000001"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.specialties AS t, pg_catalog.jsonb_populate_record(NULL::public.specialties, '{"id": "5a000000-0000-4000-8000-000000000002", "slug": "leak-repair", "name": "Leak repair", "parent_id": "5a000000-0000-4000-8000-000000000001"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.slug, t.name, t.parent_id)::text IS DISTINCT FROM ROW(r.id, r.slug, r.name, r.parent_id)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "5a000000-0000-4000-8000-000000000002", "slug": "leak-repair", "name": "Leak repair", "parent_id": "5a000000-0000-4000-8000-000000000001"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.locations (id, city, country) OVERRIDING SYSTEM VALUE
  SELECT id, city, country FROM pg_catalog.jsonb_populate_record(NULL::public.locations, '{"id": "10c00000-0000-4000-8000-000000000001", "city": "Lisbon", "country": "PT"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.locations AS t, pg_catalog.jsonb_populate_record(NULL::public.locations, '{"id": "10c00000-0000-4000-8000-000000000001", "city": "Lisbon", "country": "PT"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.city, t.country)::text IS DISTINCT FROM ROW(r.id, r.city, r.country)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "10c00000-0000-4000-8000-000000000001", "city": "Lisbon", "country": "PT"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.locations (id) OVERRIDING SYSTEM VALUE
  SELECT id FROM pg_catalog.jsonb_populate_record(NULL::public.locations, '{"id": "10c00000-0000-4000-8000-000000000002"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.locations AS t, pg_catalog.jsonb_populate_record(NULL::public.locations, '{"id": "10c00000-0000-4000-8000-000000000002"}') AS r
    WHERE t.id = r.id AND ROW(t.id)::text IS DISTINCT FROM ROW(r.id)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "10c00000-0000-4000-8000-000000000002"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.profiles (id, role, display_name) OVERRIDING SYSTEM VALUE
  SELECT id, role, display_name FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "11111111-1111-4111-8111-111111111111", "role": "admin", "display_name": "Root"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "11111111-1111-4111-8111-111111111111", "role": "admin", "display_name": "Root"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.display_name)::text IS DISTINCT FROM ROW(r.id, r.role, r.display_name)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "11111111-1111-4111-8111-111111111111", "role": "admin", "display_name": "Root"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.profiles (id, role, display_name, business_name, specialty_id, location_id) OVERRIDING SYSTEM VALUE
  SELECT id, role, display_name, business_name, specialty_id, location_id FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "22222222-2222-4222-8222-222222222222", "role": "vendor", "display_name": "Alice", "business_name": "Alice Repairs", "specialty_id": "5a000000-0000-4000-8000-000000000001", "location_id": "10c00000-0000-4000-8000-000000000001"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "22222222-2222-4222-8222-222222222222", "role": "vendor", "display_name": "Alice", "business_name": "Alice Repairs", "specialty_id": "5a000000-0000-4000-8000-000000000001", "location_id": "10c00000-0000-4000-8000-000000000001"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.display_name, t.business_name, t.specialty_id, t.location_id)::text IS DISTINCT FROM ROW(r.id, r.role, r.display_name, r.business_name, r.specialty_id, r.location_id)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "22222222-2222-4222-8222-222222222222", "role": "vendor", "display_name": "Alice", "business_name": "Alice Repairs", "specialty_id": "5a000000-0000-4000-8000-000000000001", "location_id": "10c00000-0000-4000-8000-000000000001"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.profiles (id, role, display_name) OVERRIDING SYSTEM VALUE
  SELECT id, role, display_name FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "33333333-3333-4333-8333-333333333333", "role": "customer", "display_name": "Carol"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "33333333-3333-4333-8333-333333333333", "role": "customer", "display_name": "Carol"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.display_name)::text IS DISTINCT FROM ROW(r.id, r.role, r.display_name)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "33333333-3333-4333-8333-333333333333", "role": "customer", "display_name": "Carol"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.profiles (id, role, business_name) OVERRIDING SYSTEM VALUE
  SELECT id, role, business_name FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "44444444-4444-4444-8444-444444444444", "role": "vendor", "business_name": "Dave and Sons"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "44444444-4444-4444-8444-444444444444", "role": "vendor", "business_name": "Dave and Sons"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.business_name)::text IS DISTINCT FROM ROW(r.id, r.role, r.business_name)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "44444444-4444-4444-8444-444444444444", "role": "vendor", "business_name": "Dave and Sons"}' USING ERRCODE = 'PS001';
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE EXCEPTION 'verify: the fixture rows for the expectations of % cannot be inserted: %', 'public.profiles', SQLERRM
    USING ERRCODE = SQLSTATE, HINT = 'give fixture rows keys that no real row has';
END;
labels := ARRAY['root', 'alice', 'carol', 'dave']::text[];
keys := ARRAY[
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "11111111-1111-4111-8111-111111111111", "role": "admin", "display_name": "Root"}') AS t),
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "22222222-2222-4222-8222-222222222222", "role": "vendor", "display_name": "Alice", "business_name": "Alice Repairs", "specialty_id": "5a000000-0000-4000-8000-000000000001", "location_id": "10c00000-0000-4000-8000-000000000001"}') AS t),
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "33333333-3333-4333-8333-333333333333", "role": "customer", "display_name": "Carol"}') AS t),
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "44444444-4444-4444-8444-444444444444", "role": "vendor", "business_name": "Dave and Sons"}') AS t)
];
FOR cell IN SELECT * FROM (VALUES
  ('anonymous', 'anon', '', true),
  ('customer', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}', true),
  ('vendor', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}', true),
  ('other_vendor', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}', true),
  ('admin', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}', true),
  ('service', 'service_role', '', false),
  ('customer without a session', 'authenticated', '', true),
  ('customer posing as vendor', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer", "user_metadata": {"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}}', true),
  ('customer posing as other_vendor', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer", "user_metadata": {"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}}', true),
  ('customer posing as admin', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer", "user_metadata": {"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}}', true),
  ('vendor without a session', 'authenticated', '', true),
  ('vendor posing as customer', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor", "user_metadata": {"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}}', true),
  ('vendor posing as other_vendor', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor", "user_metadata": {"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}}', true),
  ('vendor posing as admin', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor", "user_metadata": {"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}}', true),
  ('other_vendor without a session', 'authenticated', '', true),
  ('other_vendor posing as customer', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor", "user_metadata": {"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}}', true),
  ('other_vendor posing as vendor', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor", "user_metadata": {"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}}', true),
  ('other_vendor posing as admin', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor", "user_metadata": {"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}}', true),
  ('admin without a session', 'authenticated', '', true),
  ('admin posing as customer', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin", "user_metadata": {"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}}', true),
  ('admin posing as vendor', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin", "user_metadata": {"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}}', true),
  ('admin posing as other_vendor', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin", "user_metadata": {"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}}', true)
) AS p (persona, role, claims, bound) JOIN (VALUES
  ('select', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('select', 'customer', false, ARRAY['carol']::text[], NULL, NULL),
  ('select', 'vendor', false, ARRAY['alice']::text[], NULL, NULL),
  ('select', 'other_vendor', false, ARRAY['dave']::text[], NULL, NULL),
  ('select', 'admin', false, ARRAY['alice', 'carol', 'dave', 'root']::text[], NULL, NULL),
  ('select', 'service', false, ARRAY['alice', 'carol', 'dave', 'root']::text[], NULL, NULL),
  ('insert', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'customer', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'other_vendor', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'service', false, ARRAY['alice', 'carol', 'dave', 'root']::text[], NULL, NULL),
  ('update', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'customer', false, ARRAY['carol']::text[], NULL, NULL),
  ('update', 'vendor', false, ARRAY['alice']::text[], NULL, NULL),
  ('update', 'other_vendor', false, ARRAY['dave']::text[], NULL, NULL),
  ('update', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'service', false, ARRAY['alice', 'carol', 'dave', 'root']::text[], NULL, NULL),
  ('delete', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'customer', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'vendor', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'other_vendor', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'service', false, ARRAY['alice', 'carol', 'dave', 'root']::text[], NULL, NULL),
  ('select', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'customer posing as vendor', true, ARRAY['carol']::text[], NULL, NULL),
  ('insert', 'customer posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'customer posing as vendor', true, ARRAY['carol']::text[], NULL, NULL),
  ('delete', 'customer posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'customer posing as other_vendor', true, ARRAY['carol']::text[], NULL, NULL),
  ('insert', 'customer posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'customer posing as other_vendor', true, ARRAY['carol']::text[], NULL, NULL),
  ('delete', 'customer posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'customer posing as admin', true, ARRAY['carol']::text[], NULL, NULL),
  ('insert', 'customer posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'customer posing as admin', true, ARRAY['carol']::text[], NULL, NULL),
  ('delete', 'customer posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as customer', true, ARRAY['alice']::text[], NULL, NULL),
  ('insert', 'vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor posing as customer', true, ARRAY['alice']::text[], NULL, NULL),
  ('delete', 'vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as other_vendor', true, ARRAY['alice']::text[], NULL, NULL),
  ('insert', 'vendor posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor posing as other_vendor', true, ARRAY['alice']::text[], NULL, NULL),
  ('delete', 'vendor posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as admin', true, ARRAY['alice']::text[], NULL, NULL),
  ('insert', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor posing as admin', true, ARRAY['alice']::text[], NULL, NULL),
  ('delete', 'vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'other_vendor posing as customer', true, ARRAY['dave']::text[], NULL, NULL),
  ('insert', 'other_vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'other_vendor posing as customer', true, ARRAY['dave']::text[], NULL, NULL),
  ('delete', 'other_vendor posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'other_vendor posing as vendor', true, ARRAY['dave']::text[], NULL, NULL),
  ('insert', 'other_vendor posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'other_vendor posing as vendor', true, ARRAY['dave']::text[], NULL, NULL),
  ('delete', 'other_vendor posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'other_vendor posing as admin', true, ARRAY['dave']::text[], NULL, NULL),
  ('insert', 'other_vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'other_vendor posing as admin', true, ARRAY['dave']::text[], NULL, NULL),
  ('delete', 'other_vendor posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('insert', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as customer', true, ARRAY['alice', 'carol', 'dave', 'root']::text[], NULL, NULL),
  ('insert', 'admin posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as vendor', true, ARRAY['alice', 'carol', 'dave', 'root']::text[], NULL, NULL),
  ('insert', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as other_vendor', true, ARRAY['alice', 'carol', 'dave', 'root']::text[], NULL, NULL),
  ('insert', 'admin posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as other_vendor', true, ARRAY[]::text[], NULL, NULL)
) AS c (command, persona, most, labels, error, hint) USING (persona) ORDER BY command, persona LOOP
  IF cell.bound AND EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = cell.role AND (r.rolsuper OR r.rolbypassrls)) THEN
    wrong := wrong || pg_catalog.format('%s on %s as %s: no policy binds the role %I', cell.command, 'public.profiles', cell.persona, cell.role);
    CONTINUE;
  END IF;
  reached := ARRAY[]::text[];
  denied := NULL;
  broken := NULL;
  advice := NULL;
  FOR probe IN SELECT * FROM (VALUES
    ('select', NULL, 'SELECT ARRAY(SELECT k.label FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (label, key) WHERE k.key IN (SELECT ROW(t.id::text)::text FROM public.profiles AS t))'),
    ('insert', 'root', 'INSERT INTO public.profiles (id, role, display_name) OVERRIDING SYSTEM VALUE SELECT id, role, display_name FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "11111111-1111-4111-8111-111111111111", "role": "admin", "display_name": "Root"}'')'),
    ('update', 'root', 'UPDATE public.profiles AS t SET role = t.role FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "11111111-1111-4111-8111-111111111111", "role": "admin", "display_name": "Root"}'') AS r WHERE t.id = r.id'),
    ('delete', 'root', 'DELETE FROM public.profiles AS t USING pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "11111111-1111-4111-8111-111111111111", "role": "admin", "display_name": "Root"}'') AS r WHERE t.id = r.id'),
    ('insert', 'alice', 'INSERT INTO public.profiles (id, role, display_name, business_name, specialty_id, location_id) OVERRIDING SYSTEM VALUE SELECT id, role, display_name, business_name, specialty_id, location_id FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "22222222-2222-4222-8222-222222222222", "role": "vendor", "display_name": "Alice", "business_name": "Alice Repairs", "specialty_id": "5a000000-0000-4000-8000-000000000001", "location_id": "10c00000-0000-4000-8000-000000000001"}'')'),
    ('update', 'alice', 'UPDATE public.profiles AS t SET role = t.role FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "22222222-2222-4222-8222-222222222222", "role": "vendor", "display_name": "Alice", "business_name": "Alice Repairs", "specialty_id": "5a000000-0000-4000-8000-000000000001", "location_id": "10c00000-0000-4000-8000-000000000001"}'') AS r WHERE t.id = r.id'),
    ('delete', 'alice', 'DELETE FROM public.profiles AS t USING pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "22222222-2222-4222-8222-222222222222", "role": "vendor", "display_name": "Alice", "business_name": "Alice Repairs", "specialty_id": "5a000000-0000-4000-8000-000000000001", "location_id": "10c00000-0000-4000-8000-000000000001"}'') AS r WHERE t.id = r.id'),
    ('insert', 'carol', 'INSERT INTO public.profiles (id, role, display_name) OVERRIDING SYSTEM VALUE SELECT id, role, display_name FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "33333333-3333-4333-8333-333333333333", "role": "customer", "display_name": "Carol"}'')'),
    ('update', 'carol', 'UPDATE public.profiles AS t SET role = t.role FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "33333333-3333-4333-8333-333333333333", "role": "customer", "display_name": "Carol"}'') AS r WHERE t.id = r.id'),
    ('delete', 'carol', 'DELETE FROM public.profiles AS t USING pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "33333333-3333-4333-8333-333333333333", "role": "customer", "display_name": "Carol"}'') AS r WHERE t.id = r.id'),
    ('insert', 'dave', 'INSERT INTO public.profiles (id, role, business_name) OVERRIDING SYSTEM VALUE SELECT id, role, business_name FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "44444444-4444-4444-8444-444444444444", "role": "vendor", "business_name": "Dave and Sons"}'')'),
    ('update', 'dave', 'UPDATE public.profiles AS t SET role = t.role FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "44444444-4444-4444-8444-444444444444", "role": "vendor", "business_name": "Dave and Sons"}'') AS r WHERE t.id = r.id'),
    ('delete', 'dave', 'DELETE FROM public.profiles AS t USING pg_catalog.jsonb_populate_record(NULL::public.profiles, ''{"id": "44444444-4444-4444-8444-444444444444", "role": "vendor", "business_name": "Dave and Sons"}'') AS r WHERE t.id = r.id')
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
    wrong := wrong || pg_catalog.format('%s on %s as %s: gives %s, the spec expects %s', cell.command, 'public.profiles', cell.persona,
      coalesce(state || coalesce(' with the hint ' || pg_catalog.quote_literal(nullif(advice, '')), ''), reached::text),
      CASE WHEN cell.most THEN 'at most ' ELSE '' END || coalesce(cell.error || coalesce(' with a hint like ' || pg_catalog.quote_literal(cell.hint), ''), cell.labels::text));
  END IF;
END LOOP;
-- expectations of public.services  [specs/access/services.yaml:11]
BEGIN
  INSERT INTO public.specialties (id, slug, name) OVERRIDING SYSTEM VALUE
  SELECT id, slug, name FROM pg_catalog.jsonb_populate_record(NULL::public.specialties, '{"id": "5a000000-0000-4000-8000-000000000001", "slug": "plumbing", "name": "Plumbing"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.specialties AS t, pg_catalog.jsonb_populate_record(NULL::public.specialties, '{"id": "5a000000-0000-4000-8000-000000000001", "slug": "plumbing", "name": "Plumbing"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.slug, t.name)::text IS DISTINCT FROM ROW(r.id, r.slug, r.name)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "5a000000-0000-4000-8000-000000000001", "slug": "plumbing", "name": "Plumbing"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.specialties (id, slug, name, parent_id) OVERRIDING SYSTEM VALUE
  SELECT id, slug, name, parent_id FROM pg_catalog.jsonb_populate_record(NULL::public.specialties, '{"id": "5a000000-0000-4000-8000-000000000002", "slug": "leak-repair", "name": "Leak repair", "parent_id": "5a000000-0000-4000-8000-000000000001"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.specialties AS t, pg_catalog.jsonb_populate_record(NULL::public.specialties, '{"id": "5a000000-0000-4000-8000-000000000002", "slug": "leak-repair", "name": "Leak repair", "parent_id": "5a000000-0000-4000-8000-000000000001"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.slug, t.name, t.parent_id)::text IS DISTINCT FROM ROW(r.id, r.slug, r.name, r.parent_id)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "5a000000-0000-4000-8000-000000000002", "slug": "leak-repair", "name": "Leak repair", "parent_id": "5a000000-0000-4000-8000-000000000001"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.locations (id, city, country) OVERRIDING SYSTEM VALUE
  SELECT id, city, country FROM pg_catalog.jsonb_populate_record(NULL::public.locations, '{"id": "10c00000-0000-4000-8000-000000000001", "city": "Lisbon", "country": "PT"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.locations AS t, pg_catalog.jsonb_populate_record(NULL::public.locations, '{"id": "10c00000-0000-4000-8000-000000000001", "city": "Lisbon", "country": "PT"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.city, t.country)::text IS DISTINCT FROM ROW(r.id, r.city, r.country)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "10c00000-0000-4000-8000-000000000001", "city": "Lisbon", "country": "PT"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.locations (id) OVERRIDING SYSTEM VALUE
  SELECT id FROM pg_catalog.jsonb_populate_record(NULL::public.locations, '{"id": "10c00000-0000-4000-8000-000000000002"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.locations AS t, pg_catalog.jsonb_populate_record(NULL::public.locations, '{"id": "10c00000-0000-4000-8000-000000000002"}') AS r
    WHERE t.id = r.id AND ROW(t.id)::text IS DISTINCT FROM ROW(r.id)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "10c00000-0000-4000-8000-000000000002"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.profiles (id, role, display_name) OVERRIDING SYSTEM VALUE
  SELECT id, role, display_name FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "11111111-1111-4111-8111-111111111111", "role": "admin", "display_name": "Root"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "11111111-1111-4111-8111-111111111111", "role": "admin", "display_name": "Root"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.display_name)::text IS DISTINCT FROM ROW(r.id, r.role, r.display_name)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "11111111-1111-4111-8111-111111111111", "role": "admin", "display_name": "Root"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.profiles (id, role, display_name, business_name, specialty_id, location_id) OVERRIDING SYSTEM VALUE
  SELECT id, role, display_name, business_name, specialty_id, location_id FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "22222222-2222-4222-8222-222222222222", "role": "vendor", "display_name": "Alice", "business_name": "Alice Repairs", "specialty_id": "5a000000-0000-4000-8000-000000000001", "location_id": "10c00000-0000-4000-8000-000000000001"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "22222222-2222-4222-8222-222222222222", "role": "vendor", "display_name": "Alice", "business_name": "Alice Repairs", "specialty_id": "5a000000-0000-4000-8000-000000000001", "location_id": "10c00000-0000-4000-8000-000000000001"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.display_name, t.business_name, t.specialty_id, t.location_id)::text IS DISTINCT FROM ROW(r.id, r.role, r.display_name, r.business_name, r.specialty_id, r.location_id)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "22222222-2222-4222-8222-222222222222", "role": "vendor", "display_name": "Alice", "business_name": "Alice Repairs", "specialty_id": "5a000000-0000-4000-8000-000000000001", "location_id": "10c00000-0000-4000-8000-000000000001"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.profiles (id, role, display_name) OVERRIDING SYSTEM VALUE
  SELECT id, role, display_name FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "33333333-3333-4333-8333-333333333333", "role": "customer", "display_name": "Carol"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "33333333-3333-4333-8333-333333333333", "role": "customer", "display_name": "Carol"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.display_name)::text IS DISTINCT FROM ROW(r.id, r.role, r.display_name)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "33333333-3333-4333-8333-333333333333", "role": "customer", "display_name": "Carol"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.profiles (id, role, business_name) OVERRIDING SYSTEM VALUE
  SELECT id, role, business_name FROM pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "44444444-4444-4444-8444-444444444444", "role": "vendor", "business_name": "Dave and Sons"}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.profiles AS t, pg_catalog.jsonb_populate_record(NULL::public.profiles, '{"id": "44444444-4444-4444-8444-444444444444", "role": "vendor", "business_name": "Dave and Sons"}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.role, t.business_name)::text IS DISTINCT FROM ROW(r.id, r.role, r.business_name)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "44444444-4444-4444-8444-444444444444", "role": "vendor", "business_name": "Dave and Sons"}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.services (id, provider_id, specialty_id, name, price) OVERRIDING SYSTEM VALUE
  SELECT id, provider_id, specialty_id, name, price FROM pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "specialty_id": "5a000000-0000-4000-8000-000000000002", "name": "Tap repair", "price": 80.0}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.services AS t, pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "specialty_id": "5a000000-0000-4000-8000-000000000002", "name": "Tap repair", "price": 80.0}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.provider_id, t.specialty_id, t.name, t.price)::text IS DISTINCT FROM ROW(r.id, r.provider_id, r.specialty_id, r.name, r.price)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "specialty_id": "5a000000-0000-4000-8000-000000000002", "name": "Tap repair", "price": 80.0}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.services (id, provider_id, name, price) OVERRIDING SYSTEM VALUE
  SELECT id, provider_id, name, price FROM pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "name": "Odd job", "price": 0}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.services AS t, pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "name": "Odd job", "price": 0}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.provider_id, t.name, t.price)::text IS DISTINCT FROM ROW(r.id, r.provider_id, r.name, r.price)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "name": "Odd job", "price": 0}' USING ERRCODE = 'PS001';
  END IF;
  INSERT INTO public.services (id, provider_id, name, price, is_active) OVERRIDING SYSTEM VALUE
  SELECT id, provider_id, name, price, is_active FROM pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000003", "provider_id": "22222222-2222-4222-8222-222222222222", "name": "Gutter cleaning", "price": 120.0, "is_active": false}')
  ON CONFLICT DO NOTHING;
  IF NOT FOUND AND EXISTS (
    SELECT FROM public.services AS t, pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000003", "provider_id": "22222222-2222-4222-8222-222222222222", "name": "Gutter cleaning", "price": 120.0, "is_active": false}') AS r
    WHERE t.id = r.id AND ROW(t.id, t.provider_id, t.name, t.price, t.is_active)::text IS DISTINCT FROM ROW(r.id, r.provider_id, r.name, r.price, r.is_active)::text) THEN
    RAISE EXCEPTION 'another row with the key of the fixture row % is there', '{"id": "5e000000-0000-4000-8000-000000000003", "provider_id": "22222222-2222-4222-8222-222222222222", "name": "Gutter cleaning", "price": 120.0, "is_active": false}' USING ERRCODE = 'PS001';
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE EXCEPTION 'verify: the fixture rows for the expectations of % cannot be inserted: %', 'public.services', SQLERRM
    USING ERRCODE = SQLSTATE, HINT = 'give fixture rows keys that no real row has';
END;
labels := ARRAY['tap_repair', 'odd_job', 'paused']::text[];
keys := ARRAY[
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "specialty_id": "5a000000-0000-4000-8000-000000000002", "name": "Tap repair", "price": 80.0}') AS t),
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "name": "Odd job", "price": 0}') AS t),
  (SELECT ROW(t.id::text)::text FROM pg_catalog.jsonb_populate_record(NULL::public.services, '{"id": "5e000000-0000-4000-8000-000000000003", "provider_id": "22222222-2222-4222-8222-222222222222", "name": "Gutter cleaning", "price": 120.0, "is_active": false}') AS t)
];
FOR cell IN SELECT * FROM (VALUES
  ('anonymous', 'anon', '', true),
  ('customer', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}', true),
  ('vendor', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}', true),
  ('other_vendor', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}', true),
  ('admin', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}', true),
  ('service', 'service_role', '', false),
  ('customer without a session', 'authenticated', '', true),
  ('customer posing as vendor', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer", "user_metadata": {"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}}', true),
  ('customer posing as other_vendor', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer", "user_metadata": {"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}}', true),
  ('customer posing as admin', 'authenticated', '{"sub": "33333333-3333-4333-8333-333333333333", "role": "customer", "user_metadata": {"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}}', true),
  ('vendor without a session', 'authenticated', '', true),
  ('vendor posing as customer', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor", "user_metadata": {"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}}', true),
  ('vendor posing as other_vendor', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor", "user_metadata": {"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}}', true),
  ('vendor posing as admin', 'authenticated', '{"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor", "user_metadata": {"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}}', true),
  ('other_vendor without a session', 'authenticated', '', true),
  ('other_vendor posing as customer', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor", "user_metadata": {"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}}', true),
  ('other_vendor posing as vendor', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor", "user_metadata": {"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}}', true),
  ('other_vendor posing as admin', 'authenticated', '{"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor", "user_metadata": {"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}}', true),
  ('admin without a session', 'authenticated', '', true),
  ('admin posing as customer', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin", "user_metadata": {"sub": "33333333-3333-4333-8333-333333333333", "role": "customer"}}', true),
  ('admin posing as vendor', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin", "user_metadata": {"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}}', true),
  ('admin posing as other_vendor', 'authenticated', '{"sub": "11111111-1111-4111-8111-111111111111", "role": "admin", "user_metadata": {"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}}', true)
) AS p (persona, role, claims, bound) JOIN (VALUES
  ('select', 'anonymous', false, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('select', 'customer', false, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('select', 'vendor', false, ARRAY['odd_job', 'paused', 'tap_repair']::text[], NULL, NULL),
  ('select', 'other_vendor', false, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('select', 'admin', false, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('select', 'service', false, ARRAY['odd_job', 'paused', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'customer', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'vendor', false, ARRAY['paused', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'other_vendor', false, ARRAY['odd_job']::text[], NULL, NULL),
  ('insert', 'admin', false, ARRAY[]::text[], '42501', NULL),
  ('insert', 'service', false, ARRAY['odd_job', 'paused', 'tap_repair']::text[], NULL, NULL),
  ('update', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('update', 'customer', false, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor', false, ARRAY['paused', 'tap_repair']::text[], NULL, NULL),
  ('update', 'other_vendor', false, ARRAY['odd_job']::text[], NULL, NULL),
  ('update', 'admin', false, ARRAY[]::text[], NULL, NULL),
  ('update', 'service', false, ARRAY['odd_job', 'paused', 'tap_repair']::text[], NULL, NULL),
  ('delete', 'anonymous', false, ARRAY[]::text[], '42501', NULL),
  ('delete', 'customer', false, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor', false, ARRAY['paused', 'tap_repair']::text[], NULL, NULL),
  ('delete', 'other_vendor', false, ARRAY['odd_job']::text[], NULL, NULL),
  ('delete', 'admin', false, ARRAY[]::text[], NULL, NULL),
  ('delete', 'service', false, ARRAY['odd_job', 'paused', 'tap_repair']::text[], NULL, NULL),
  ('select', 'customer without a session', true, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'customer without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'customer posing as vendor', true, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'customer posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'customer posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'customer posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'customer posing as other_vendor', true, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'customer posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'customer posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'customer posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'customer posing as admin', true, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'customer posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'customer posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'customer posing as admin', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor without a session', true, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'vendor posing as customer', true, ARRAY['odd_job', 'paused', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'vendor posing as customer', true, ARRAY['paused', 'tap_repair']::text[], NULL, NULL),
  ('update', 'vendor posing as customer', true, ARRAY['paused', 'tap_repair']::text[], NULL, NULL),
  ('delete', 'vendor posing as customer', true, ARRAY['paused', 'tap_repair']::text[], NULL, NULL),
  ('select', 'vendor posing as other_vendor', true, ARRAY['odd_job', 'paused', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'vendor posing as other_vendor', true, ARRAY['paused', 'tap_repair']::text[], NULL, NULL),
  ('update', 'vendor posing as other_vendor', true, ARRAY['paused', 'tap_repair']::text[], NULL, NULL),
  ('delete', 'vendor posing as other_vendor', true, ARRAY['paused', 'tap_repair']::text[], NULL, NULL),
  ('select', 'vendor posing as admin', true, ARRAY['odd_job', 'paused', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'vendor posing as admin', true, ARRAY['paused', 'tap_repair']::text[], NULL, NULL),
  ('update', 'vendor posing as admin', true, ARRAY['paused', 'tap_repair']::text[], NULL, NULL),
  ('delete', 'vendor posing as admin', true, ARRAY['paused', 'tap_repair']::text[], NULL, NULL),
  ('select', 'other_vendor without a session', true, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'other_vendor without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'other_vendor posing as customer', true, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'other_vendor posing as customer', true, ARRAY['odd_job']::text[], NULL, NULL),
  ('update', 'other_vendor posing as customer', true, ARRAY['odd_job']::text[], NULL, NULL),
  ('delete', 'other_vendor posing as customer', true, ARRAY['odd_job']::text[], NULL, NULL),
  ('select', 'other_vendor posing as vendor', true, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'other_vendor posing as vendor', true, ARRAY['odd_job']::text[], NULL, NULL),
  ('update', 'other_vendor posing as vendor', true, ARRAY['odd_job']::text[], NULL, NULL),
  ('delete', 'other_vendor posing as vendor', true, ARRAY['odd_job']::text[], NULL, NULL),
  ('select', 'other_vendor posing as admin', true, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'other_vendor posing as admin', true, ARRAY['odd_job']::text[], NULL, NULL),
  ('update', 'other_vendor posing as admin', true, ARRAY['odd_job']::text[], NULL, NULL),
  ('delete', 'other_vendor posing as admin', true, ARRAY['odd_job']::text[], NULL, NULL),
  ('select', 'admin without a session', true, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin without a session', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as customer', true, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'admin posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as customer', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as vendor', true, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as vendor', true, ARRAY[]::text[], NULL, NULL),
  ('select', 'admin posing as other_vendor', true, ARRAY['odd_job', 'tap_repair']::text[], NULL, NULL),
  ('insert', 'admin posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('update', 'admin posing as other_vendor', true, ARRAY[]::text[], NULL, NULL),
  ('delete', 'admin posing as other_vendor', true, ARRAY[]::text[], NULL, NULL)
) AS c (command, persona, most, labels, error, hint) USING (persona) ORDER BY command, persona LOOP
  IF cell.bound AND EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = cell.role AND (r.rolsuper OR r.rolbypassrls)) THEN
    wrong := wrong || pg_catalog.format('%s on %s as %s: no policy binds the role %I', cell.command, 'public.services', cell.persona, cell.role);
    CONTINUE;
  END IF;
  reached := ARRAY[]::text[];
  denied := NULL;
  broken := NULL;
  advice := NULL;
  FOR probe IN SELECT * FROM (VALUES
    ('select', NULL, 'SELECT ARRAY(SELECT k.label FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (label, key) WHERE k.key IN (SELECT ROW(t.id::text)::text FROM public.services AS t))'),
    ('insert', 'tap_repair', 'INSERT INTO public.services (id, provider_id, specialty_id, name, price) OVERRIDING SYSTEM VALUE SELECT id, provider_id, specialty_id, name, price FROM pg_catalog.jsonb_populate_record(NULL::public.services, ''{"id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "specialty_id": "5a000000-0000-4000-8000-000000000002", "name": "Tap repair", "price": 80.0}'')'),
    ('update', 'tap_repair', 'UPDATE public.services AS t SET provider_id = t.provider_id FROM pg_catalog.jsonb_populate_record(NULL::public.services, ''{"id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "specialty_id": "5a000000-0000-4000-8000-000000000002", "name": "Tap repair", "price": 80.0}'') AS r WHERE t.id = r.id'),
    ('delete', 'tap_repair', 'DELETE FROM public.services AS t USING pg_catalog.jsonb_populate_record(NULL::public.services, ''{"id": "5e000000-0000-4000-8000-000000000001", "provider_id": "22222222-2222-4222-8222-222222222222", "specialty_id": "5a000000-0000-4000-8000-000000000002", "name": "Tap repair", "price": 80.0}'') AS r WHERE t.id = r.id'),
    ('insert', 'odd_job', 'INSERT INTO public.services (id, provider_id, name, price) OVERRIDING SYSTEM VALUE SELECT id, provider_id, name, price FROM pg_catalog.jsonb_populate_record(NULL::public.services, ''{"id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "name": "Odd job", "price": 0}'')'),
    ('update', 'odd_job', 'UPDATE public.services AS t SET provider_id = t.provider_id FROM pg_catalog.jsonb_populate_record(NULL::public.services, ''{"id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "name": "Odd job", "price": 0}'') AS r WHERE t.id = r.id'),
    ('delete', 'odd_job', 'DELETE FROM public.services AS t USING pg_catalog.jsonb_populate_record(NULL::public.services, ''{"id": "5e000000-0000-4000-8000-000000000002", "provider_id": "44444444-4444-4444-8444-444444444444", "name": "Odd job", "price": 0}'') AS r WHERE t.id = r.id'),
    ('insert', 'paused', 'INSERT INTO public.services (id, provider_id, name, price, is_active) OVERRIDING SYSTEM VALUE SELECT id, provider_id, name, price, is_active FROM pg_catalog.jsonb_populate_record(NULL::public.services, ''{"id": "5e000000-0000-4000-8000-000000000003", "provider_id": "22222222-2222-4222-8222-222222222222", "name": "Gutter cleaning", "price": 120.0, "is_active": false}'')'),
    ('update', 'paused', 'UPDATE public.services AS t SET provider_id = t.provider_id FROM pg_catalog.jsonb_populate_record(NULL::public.services, ''{"id": "5e000000-0000-4000-8000-000000000003", "provider_id": "22222222-2222-4222-8222-222222222222", "name": "Gutter cleaning", "price": 120.0, "is_active": false}'') AS r WHERE t.id = r.id'),
    ('delete', 'paused', 'DELETE FROM public.services AS t USING pg_catalog.jsonb_populate_record(NULL::public.services, ''{"id": "5e000000-0000-4000-8000-000000000003", "provider_id": "22222222-2222-4222-8222-222222222222", "name": "Gutter cleaning", "price": 120.0, "is_active": false}'') AS r WHERE t.id = r.id')
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
    wrong := wrong || pg_catalog.format('%s on %s as %s: gives %s, the spec expects %s', cell.command, 'public.services', cell.persona,
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
