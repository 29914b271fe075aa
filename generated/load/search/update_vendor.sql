-- update_vendor.sql: a part of load test search, by pgspec from specs/load/search.yaml:16
-- run all: pgspec load search --database URL
-- by hand, with one value of each parameter and without thresholds: pgbench -n -M prepared -c 8 -T 30 -D specialty_id="$(psql -AtX -c 'SELECT v FROM (SELECT id FROM specialties WHERE is_active) AS q (v) ORDER BY random() LIMIT 1' "$DATABASE_URL")" -D vendor_id="$(psql -AtX -c 'SELECT v FROM (SELECT id FROM profiles WHERE role = '"'"'vendor'"'"') AS q (v) ORDER BY random() LIMIT 1' "$DATABASE_URL")" -f search.sql@9 -f update_vendor.sql@1 "$DATABASE_URL"
\set round random(1, 1000000)
UPDATE profiles
SET business_name = regexp_replace(business_name, ' \(\d+\)$', '') || ' (' || CAST(:round AS integer) || ')',
    updated_at = now()
WHERE id = :vendor_id;
