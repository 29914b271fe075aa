-- pgspec shop, switch: refresh on
-- What is due is refreshed when refresh_materialized_views() is called next.
-- Run: psql -X -v ON_ERROR_STOP=1 -v why='INC-123: ...' -d DATABASE -f generated/runbook/refresh_on.sql
-- Undo: generated/runbook/refresh_off.sql
\set QUIET on
\set ON_ERROR_STOP on
\set AUTOCOMMIT on
\if :{?why}
\else
  \set why ''
\endif
SET lock_timeout = '3s';
SET default_transaction_isolation = 'read committed';
\pset tuples_only on
\pset format unaligned
SELECT public.reset_switch('refresh', :'why');
\pset tuples_only off
\pset format aligned
SELECT at, name, thrown, session_role AS by, why FROM public.pgspec_switch_log WHERE name = 'refresh' ORDER BY id DESC LIMIT 1;
