-- pgspec marketplace, switch: cache off
-- cache_get finds nothing and cache_put stores nothing, for every statement that begins afterwards: readers ask the tables.
-- Writers go on enqueueing and the queue is drained, so the cache can be put on again at any time.
-- It does not reach a cache elsewhere: an application that has one asks pgspec_switches.  It takes no lock on any table.
-- Run: psql -X -v ON_ERROR_STOP=1 -v why='INC-123: ...' -d DATABASE -f generated/runbook/cache_off.sql
-- Undo: generated/runbook/cache_on.sql
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
SELECT public.throw_switch('cache', :'why');
\pset tuples_only off
\pset format aligned
SELECT at, name, thrown, session_role AS by, why FROM public.pgspec_switch_log WHERE name = 'cache' ORDER BY id DESC LIMIT 1;
