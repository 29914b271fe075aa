--! Previous: sha1:60b6e5d6f5516bf45095826cf6bedc193a5e7df3
--! Hash: sha1:64e291d2e70b18e5d2a56112ef1541cc87f90123
--! Message: cache

-- written by pgspec from generated/releases/20250901083000_cache/

SET statement_timeout = '900s';

DO $pgspec$
BEGIN
-- to migrate: x
END
$pgspec$;

RESET statement_timeout;
