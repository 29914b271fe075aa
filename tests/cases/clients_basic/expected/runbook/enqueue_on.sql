-- pgspec shop, switch: enqueue on
-- Writers use the invalidation queue again.  The cache stays off until cache_on.sql, which makes good for what they skipped.
-- Run: psql -X -v ON_ERROR_STOP=1 -v why='INC-123: ...' -d DATABASE -f generated/runbook/enqueue_on.sql
-- Undo: generated/runbook/enqueue_off.sql
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
SELECT public.reset_switch('enqueue', :'why');
\pset tuples_only off
\pset format aligned
SELECT at, name, thrown, session_role AS by, why FROM public.pgspec_switch_log WHERE name = 'enqueue' ORDER BY id DESC LIMIT 1;
