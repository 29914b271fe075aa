-- pgspec rollback: marketplace, 20250823191011_performance_optimization_enhanced, back to an empty start
-- drop 1 schema, 1 table, 1 function, 7 materialized views, 14 indexes, 7 comments, 7 access lists
-- from specs/views/api_metrics_5m.yaml, specs/views/api_metrics_hourly_enhanced.yaml, specs/views/geographic_analytics_daily.yaml, specs/views/performance_analytics_5min.yaml, specs/views/performance_analytics_hourly.yaml, specs/views/provider_analytics_daily.yaml, specs/views/specialty_analytics_daily.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- drop materialized view public.specialty_analytics_daily  [specs/views/specialty_analytics_daily.yaml:2]
DROP MATERIALIZED VIEW public.specialty_analytics_daily;

-- drop materialized view public.provider_analytics_daily  [specs/views/provider_analytics_daily.yaml:2]
DROP MATERIALIZED VIEW public.provider_analytics_daily;

-- drop materialized view public.performance_analytics_hourly  [specs/views/performance_analytics_hourly.yaml:2]
DROP MATERIALIZED VIEW public.performance_analytics_hourly;

-- drop materialized view public.performance_analytics_5min  [specs/views/performance_analytics_5min.yaml:2]
DROP MATERIALIZED VIEW public.performance_analytics_5min;

-- drop materialized view public.geographic_analytics_daily  [specs/views/geographic_analytics_daily.yaml:2]
DROP MATERIALIZED VIEW public.geographic_analytics_daily;

-- drop materialized view public.api_metrics_hourly_enhanced  [specs/views/api_metrics_hourly_enhanced.yaml:2]
DROP MATERIALIZED VIEW public.api_metrics_hourly_enhanced;

-- drop materialized view public.api_metrics_5m  [specs/views/api_metrics_5m.yaml:2]
DROP MATERIALIZED VIEW public.api_metrics_5m;

-- drop function pgspec.fingerprint(text, text)
DROP FUNCTION pgspec.fingerprint(text, text);

-- drop table pgspec.deployed_objects
DROP TABLE pgspec.deployed_objects;

-- drop schema pgspec
DROP SCHEMA pgspec;
END
$pgspec$;

RESET statement_timeout;
