-- every release, in order, for a new database
\set ON_ERROR_STOP on
\ir 20250823191011_search_views.up.sql
\ir 20250901083000_cache.up.sql
