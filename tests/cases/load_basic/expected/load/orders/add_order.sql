-- add_order.sql: a part of load test orders, by pgspec from specs/load.yaml:16
-- run all: pgspec load orders --database URL
-- by hand, with one value of each parameter and without thresholds: PGOPTIONS='-c request.jwt.claims={"sub":\ "it'"'"'s\ me",\ "role":\ "clerk"} -c role=authenticated' pgbench -n -M prepared -c 4 -T 30 -D city_id="$(psql -AtX -c 'SELECT v FROM (SELECT id FROM cities) AS q (v) ORDER BY random() LIMIT 1' "$DATABASE_URL")" -D note=a:b -f orders_of_city.sql@9 -f add_order.sql@1 -f names.sql@1 "$DATABASE_URL"
-- pgbench reads its clock after a command of its own, but not always before a query
\set pgspec_clock 0
INSERT INTO orders (city_id, note, amount)
SELECT :city_id, :note || ':'
'city_id' || '; '' :'
'note' || E'\\:'
'note', 1 FROM cities WHERE id = :city_id LIMIT 1;
