-- written by pgspec from generated/releases/20250823191011_search_views/

-- migrate:up

SET statement_timeout = '900s';

DO $pgspec$
BEGIN
-- to migrate: x
END
$pgspec$;

RESET statement_timeout;

-- migrate:down

SET statement_timeout = '900s';

DO $pgspec$
BEGIN
-- to rollback: x
END
$pgspec$;

RESET statement_timeout;
