-- search.sql: a part of load test search, by pgspec from specs/load/search.yaml:12
-- run all: pgspec load search --database URL
-- by hand, with one value of each parameter and without thresholds: pgbench -n -M prepared -c 8 -T 30 -D specialty_id="$(psql -AtX -c 'SELECT v FROM (SELECT id FROM specialties WHERE is_active) AS q (v) ORDER BY random() LIMIT 1' "$DATABASE_URL")" -D vendor_id="$(psql -AtX -c 'SELECT v FROM (SELECT id FROM profiles WHERE role = '"'"'vendor'"'"') AS q (v) ORDER BY random() LIMIT 1' "$DATABASE_URL")" -f search.sql@9 -f update_vendor.sql@1 "$DATABASE_URL"
-- pgbench reads its clock after a command of its own, but not always before a query
\set pgspec_clock 0
SELECT p.id, p.business_name, s.name AS specialty, min(v.price) AS price_from
FROM profiles p
JOIN specialties s ON s.id = p.specialty_id
LEFT JOIN services v ON v.provider_id = p.id AND v.is_active
WHERE p.role = 'vendor' AND p.status = 'active' AND p.specialty_id = :specialty_id AND s.is_active
GROUP BY p.id, p.business_name, s.name;
