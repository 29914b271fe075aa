-- Revert 20250901083000_cache from pg
-- written by pgspec from generated/releases/20250901083000_cache/

SET statement_timeout = '900s';

DO $pgspec$
BEGIN
-- to rollback: x
END
$pgspec$;

RESET statement_timeout;
