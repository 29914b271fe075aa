--liquibase formatted sql
-- written by pgspec from generated/releases/20250823191011_search_views/

--changeset pgspec:20250823191011_search_views splitStatements:false rollbackSplitStatements:false stripComments:false logicalFilePath:20250823191011_search_views.sql
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
