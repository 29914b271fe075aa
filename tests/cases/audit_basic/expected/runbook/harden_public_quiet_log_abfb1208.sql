-- pgspec shop, switch: deny public."quiet log" to the API roles
-- Takes every right of the API roles, of the roles that they are members of, and of PUBLIC: on the table, its columns, the
-- tables below it, and every view that shows it.  Row security stays as it is; service roles and owners keep their rights.
-- It takes no lock on any table.  Transactions that begin afterwards are refused.  One that is open and has used the table may
-- use it until it ends, by a prepared statement or a cursor: the output names its session, for pg_terminate_backend.
-- It does not close functions with SECURITY DEFINER, nor materialized views that hold a copy: the output names the latter.
-- Until it is undone verify.sql fails for the table, and a migration that grants rights on it opens it again.
-- Run: psql -X -v ON_ERROR_STOP=1 -v why='INC-123: ...' -d DATABASE -f generated/runbook/harden_public_quiet_log_abfb1208.sql
-- Undo: generated/runbook/relax_public_quiet_log_abfb1208.sql
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
SELECT public.throw_switch('harden public."quiet log"', :'why');
DO $pgspec$
DECLARE
  open text;
BEGIN
  SELECT pg_catalog.string_agg(pg_catalog.format('%s %s on %s', a.role, a.privilege, a.relation), ', ') INTO open
  FROM public.access_left('harden public."quiet log"') AS a;
  IF open IS NOT NULL THEN
    RAISE EXCEPTION 'the switch is thrown, but API roles still have access: %', open
      USING HINT = 'the switch does not touch what gives these rights: a role, a grantor, an attribute; take them by hand';
  END IF;
END
$pgspec$;
\pset tuples_only off
\pset format aligned
SELECT at, name, thrown, session_role AS by, why FROM public.pgspec_switch_log WHERE name = 'harden public."quiet log"' ORDER BY id DESC LIMIT 1;
