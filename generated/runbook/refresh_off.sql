-- pgspec marketplace, switch: refresh off
-- refresh_materialized_views() begins no refresh; views keep what they hold.  It takes no lock on any table.
-- One that runs is listed, and goes on; with -v cancel=on it is cancelled.  refresh_materialized_view(name) still works by hand.
-- Run: psql -X -v ON_ERROR_STOP=1 -v why='INC-123: ...' -d DATABASE -f generated/runbook/refresh_off.sql
-- Undo: generated/runbook/refresh_on.sql
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
SELECT public.throw_switch('refresh', :'why');
\if :{?cancel}
\else
  \set cancel off
\endif
SELECT 'pid ' || l.pid || ' refreshes ' || g.view_name || CASE WHEN :'cancel'::boolean AND pg_cancel_backend(l.pid) THEN ', cancelled' ELSE '' END
FROM public.mv_refresh_log AS g
JOIN pg_locks AS l ON l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
  AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
  AND l.classid = 1885827954::oid AND l.objid::bigint = hashtext(g.view_name)::bigint & 4294967295
WHERE g.status = 'running';
\pset tuples_only off
\pset format aligned
SELECT at, name, thrown, session_role AS by, why FROM public.pgspec_switch_log WHERE name = 'refresh' ORDER BY id DESC LIMIT 1;
