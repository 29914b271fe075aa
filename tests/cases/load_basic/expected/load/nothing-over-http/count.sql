-- count.sql: a part of load test nothing-over-http, by pgspec from specs/load.yaml:35
-- run all: pgspec load nothing-over-http --database URL
-- by hand, with one value of each parameter and without thresholds: pgbench -n -M prepared -c 8 -T 10 -f count.sql@1 "$DATABASE_URL"
-- pgbench reads its clock after a command of its own, but not always before a query
\set pgspec_clock 0
SELECT count(*) FROM orders;
