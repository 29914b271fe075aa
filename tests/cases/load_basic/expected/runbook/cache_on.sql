-- pgspec shop, switch: cache on
-- Readers use the cache again.
-- After enqueue_off.sql it needs enqueue_on.sql first; it then waits up to a minute for the transactions that enqueued nothing,
-- invalidates everything here and elsewhere, and puts the cache on in the same moment.  If one of them is still open, it fails
-- and names it, and the cache stays off: run it again.
-- Run: psql -X -v ON_ERROR_STOP=1 -v why='INC-123: ...' -d DATABASE -f generated/runbook/cache_on.sql
-- Undo: generated/runbook/cache_off.sql
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
SELECT public.reset_switch('cache', :'why');
\pset tuples_only off
\pset format aligned
SELECT at, name, thrown, session_role AS by, why FROM public.pgspec_switch_log WHERE name = 'cache' ORDER BY id DESC LIMIT 1;
