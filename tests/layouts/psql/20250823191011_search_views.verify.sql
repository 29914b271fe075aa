-- written by pgspec from generated/releases/20250823191011_search_views/
\set ON_ERROR_STOP on

DO $pgspec$
BEGIN
-- to verify: x
END
$pgspec$;
