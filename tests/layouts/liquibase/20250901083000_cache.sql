--liquibase formatted sql
-- written by pgspec from generated/releases/20250901083000_cache/

--changeset pgspec:20250901083000_cache splitStatements:false rollbackSplitStatements:false stripComments:false logicalFilePath:20250901083000_cache.sql
SET statement_timeout = '900s';

DO $pgspec$
BEGIN
-- to migrate: x
END
$pgspec$;

RESET statement_timeout;

--rollback SET statement_timeout = '900s';
--rollback 
--rollback DO $pgspec$
--rollback BEGIN
--rollback -- to rollback: x
--rollback END
--rollback $pgspec$;
--rollback 
--rollback RESET statement_timeout;
