-- orders_of_city.sql: a part of load test orders, by pgspec from specs/load.yaml:12
-- run all: pgspec load orders --database URL
-- by hand, with one value of each parameter and without thresholds: PGOPTIONS='-c request.jwt.claims={"sub":\ "it'"'"'s\ me",\ "role":\ "clerk"} -c role=authenticated' pgbench -n -M prepared -c 4 -T 30 -D city_id="$(psql -AtX -c 'SELECT v FROM (SELECT id FROM cities) AS q (v) ORDER BY random() LIMIT 1' "$DATABASE_URL")" -D note=a:b -f orders_of_city.sql@9 -f add_order.sql@1 -f names.sql@1 "$DATABASE_URL"
\set limit random(1, 1000)
SELECT o.id, o.amount
FROM orders o JOIN cities c ON c.id = o.city_id  -- not by : name
WHERE c.id = :city_id AND o.amount < :limit;
