-- written by pgspec from generated/releases/20250901083000_cache/

SET statement_timeout = '900s';

DO $pgspec$
BEGIN
-- to migrate: x
END
$pgspec$;

RESET statement_timeout;
