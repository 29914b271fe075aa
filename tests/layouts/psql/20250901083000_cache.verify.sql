-- written by pgspec from generated/releases/20250901083000_cache/
\set ON_ERROR_STOP on

DO $pgspec$
BEGIN
-- to verify: x
END
$pgspec$;
