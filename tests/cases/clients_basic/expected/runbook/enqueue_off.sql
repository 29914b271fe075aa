-- pgspec shop, switch: enqueue off
-- Writers put nothing into the invalidation queue and do not read it.  The cache is off too: nobody tells it what is stale.
-- For a queue that is itself the trouble; for all else cache_off.sql is enough.  It takes no lock on any table.
-- It does not reach a cache elsewhere: applications must not use one until cache_on.sql has run.
-- Run: psql -X -v ON_ERROR_STOP=1 -v why='INC-123: ...' -d DATABASE -f generated/runbook/enqueue_off.sql
-- Undo: generated/runbook/enqueue_on.sql
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
SELECT public.throw_switch('enqueue', :'why');
\pset tuples_only off
\pset format aligned
SELECT at, name, thrown, session_role AS by, why FROM public.pgspec_switch_log WHERE name = 'enqueue' ORDER BY id DESC LIMIT 1;
