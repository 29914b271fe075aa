-- pgspec clinic, switch: give public.secrets back to the API roles
-- Gives API roles the rights that the specs of the last migration say, and to others what the switch took of them.
-- What another thrown switch closes stays closed.  It takes no lock on any table.
-- Run: psql -X -v ON_ERROR_STOP=1 -v why='INC-123: ...' -d DATABASE -f generated/runbook/relax_public_secrets.sql
-- Undo: generated/runbook/harden_public_secrets.sql
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
SELECT public.reset_switch('harden public.secrets', :'why');
\pset tuples_only off
\pset format aligned
SELECT at, name, thrown, session_role AS by, why FROM public.pgspec_switch_log WHERE name = 'harden public.secrets' ORDER BY id DESC LIMIT 1;
