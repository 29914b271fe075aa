--! Previous: -
--! Hash: sha1:60b6e5d6f5516bf45095826cf6bedc193a5e7df3
--! Message: search_views

-- written by pgspec from generated/releases/20250823191011_search_views/

SET statement_timeout = '900s';

DO $pgspec$
BEGIN
-- to migrate: x
END
$pgspec$;

RESET statement_timeout;
