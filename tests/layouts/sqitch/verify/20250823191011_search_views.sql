-- Verify 20250823191011_search_views on pg
-- written by pgspec from generated/releases/20250823191011_search_views/

BEGIN;

-- Sqitch verifies every change, also those whose objects a later one has changed: only the last release is asked.
SELECT NOT EXISTS (
  SELECT FROM :"registry".changes
  WHERE project = 'pgspec' AND change ~ '^[0-9]{14}_' AND change COLLATE "C" > '20250823191011_search_views' COLLATE "C"
) AS last \gset

\if :last
DO $pgspec$
BEGIN
-- to verify: x
END
$pgspec$;
\endif

ROLLBACK;
