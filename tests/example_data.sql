-- Rows for the example project: a few weeks of a small marketplace, with the awkward ones that real data has.
-- Deterministic: no clock, and random() starts from a fixed seed.
SELECT setseed(0.25);

CREATE TEMPORARY TABLE ids AS
SELECT kind, n, (kind || lpad(n::text, 12, '0'))::uuid AS id
FROM (VALUES ('a1000000-0000-4000-8000-', 9), ('a2000000-0000-4000-8000-', 30), ('a3000000-0000-4000-8000-', 400),
             ('a4000000-0000-4000-8000-', 150), ('a5000000-0000-4000-8000-', 900)) AS k (kind, size)
CROSS JOIN LATERAL generate_series(1, size) AS n;

INSERT INTO specialties (id, parent_id, slug, name, created_at)
SELECT i.id, p.id, 'specialty-' || i.n, 'Specialty ' || i.n, '2025-01-01 00:00:00+00'
FROM ids i
LEFT JOIN ids p ON p.kind = i.kind AND p.n = i.n - 4
WHERE i.kind LIKE 'a1%'
ORDER BY i.n;

-- The same place in several rows, places without a state, blank and unknown ones.
INSERT INTO locations (id, city, state, country, created_at)
SELECT i.id,
       (ARRAY['Austin', 'Austin ', 'Lisbon', '', NULL, 'Springfield'])[1 + i.n % 6],
       (ARRAY['TX', 'TX', NULL, NULL, NULL, 'IL', 'OR'])[1 + i.n % 7],
       (ARRAY['US', 'US', 'PT', NULL, 'US'])[1 + i.n % 5],
       '2025-01-01 00:00:00+00'
FROM ids i
WHERE i.kind LIKE 'a2%';

INSERT INTO profiles (id, role, status, display_name, email, business_name, specialty_id, location_id, created_at)
SELECT i.id,
       CASE WHEN i.n <= 60 THEN 'vendor' ELSE 'customer' END,
       (ARRAY['active', 'active', 'active', 'paused', 'deleted'])[1 + i.n % 5],
       CASE WHEN i.n % 11 > 0 THEN 'Person ' || i.n END,
       CASE WHEN i.n % 3 > 0 THEN 'person' || i.n || '@example.com' END,
       CASE WHEN i.n <= 60 THEN 'Business ' || i.n % 40 END,
       (SELECT s.id FROM ids s WHERE s.kind LIKE 'a1%' AND s.n = i.n % 12),
       (SELECT l.id FROM ids l WHERE l.kind LIKE 'a2%' AND l.n = i.n % 40),
       '2025-01-02 00:00:00+00'
FROM ids i
WHERE i.kind LIKE 'a3%';

INSERT INTO services (id, provider_id, specialty_id, name, price, duration_minutes, is_active, created_at)
SELECT i.id, p.id, (SELECT s.id FROM ids s WHERE s.kind LIKE 'a1%' AND s.n = i.n % 11),
       'Service ' || i.n / 60, round((random() * 300)::numeric, 2) * (i.n % 9)::numeric / 4,
       nullif(30 * (i.n % 5), 0), i.n % 8 > 0, '2025-01-03 00:00:00+00'
FROM ids i
JOIN ids p ON p.kind LIKE 'a3%' AND p.n = 1 + i.n % 60
WHERE i.kind LIKE 'a4%';

INSERT INTO bookings (id, service_id, provider_id, customer_id, location_id, status, amount, refunded_amount,
                      scheduled_at, completed_at, cancelled_at, created_at)
SELECT b.id, b.service_id, b.provider_id, b.customer_id, b.location_id, b.status, b.amount,
       CASE WHEN random() < 0.1 THEN b.amount ELSE 0 END,
       CASE WHEN random() < 0.7 THEN b.created_at + interval '2 days' END,
       CASE WHEN b.status = 'completed' THEN b.created_at + random() * interval '3 days' END,
       CASE WHEN b.status = 'cancelled' THEN b.created_at + random() * interval '1 day' END,
       b.created_at
FROM (
    SELECT i.id, v.id AS service_id, v.provider_id, v.price AS amount,
           (SELECT p.id FROM ids p WHERE p.kind LIKE 'a3%' AND p.n = 60 + i.n % 400) AS customer_id,
           (SELECT l.id FROM ids l WHERE l.kind LIKE 'a2%' AND l.n = i.n % 36) AS location_id,
           (ARRAY['requested', 'confirmed', 'completed', 'completed', 'cancelled', 'no_show'])[1 + i.n % 6] AS status,
           '2025-02-20 00:00:00+00'::timestamptz + i.n * interval '31 minutes' AS created_at
    FROM ids i
    JOIN services v ON v.id = ('a4000000-0000-4000-8000-' || lpad((1 + i.n * 7 % 150)::text, 12, '0'))::uuid
    WHERE i.kind LIKE 'a5%'
) b;

INSERT INTO reviews (booking_id, rating, body, created_at)
SELECT b.id, 1 + (random() * 4)::smallint, CASE WHEN random() < 0.5 THEN 'fine' END, b.completed_at + interval '1 hour'
FROM bookings b
WHERE b.status = 'completed' AND random() < 0.6;

INSERT INTO provider_events (provider_id, event_type, viewer_id, session_id, location_id, created_at)
SELECT ('a3000000-0000-4000-8000-' || lpad((1 + (random() ^ 3 * 59)::integer)::text, 12, '0'))::uuid,
       (ARRAY['search_impression', 'search_impression', 'search_impression', 'profile_view', 'profile_view',
              'contact_click'])[1 + (random() * 5)::integer],
       CASE WHEN random() < 0.3
            THEN ('a3000000-0000-4000-8000-' || lpad((61 + (random() * 300)::integer)::text, 12, '0'))::uuid END,
       CASE WHEN random() < 0.7
            THEN ('c0000000-0000-4000-8000-' || lpad((random() * 500)::integer::text, 12, '0'))::uuid END,
       CASE WHEN random() < 0.6
            THEN ('a2000000-0000-4000-8000-' || lpad((1 + (random() * 29)::integer)::text, 12, '0'))::uuid END,
       '2025-02-20 00:00:00+00'::timestamptz + random() * interval '20 days'
FROM generate_series(1, 8000);

-- Either side of midnight UTC, which is another day in most session time zones.
INSERT INTO provider_events (provider_id, event_type, created_at)
SELECT 'a3000000-0000-4000-8000-000000000001', 'profile_view', at
FROM (VALUES ('2025-03-01 23:59:59.999999+00'::timestamptz), ('2025-03-02 00:00:00+00')) AS edge (at);

INSERT INTO search_events (specialty_id, location_id, query, results_count, clicked_provider_id, created_at)
SELECT CASE WHEN random() < 0.6
            THEN ('a1000000-0000-4000-8000-' || lpad((1 + (random() * 8)::integer)::text, 12, '0'))::uuid END,
       CASE WHEN random() < 0.7
            THEN ('a2000000-0000-4000-8000-' || lpad((1 + (random() * 29)::integer)::text, 12, '0'))::uuid END,
       CASE WHEN random() < 0.8 THEN 'words ' || (random() * 50)::integer END,
       (random() ^ 2 * 40)::integer,
       CASE WHEN random() < 0.2
            THEN ('a3000000-0000-4000-8000-' || lpad((1 + (random() * 59)::integer)::text, 12, '0'))::uuid END,
       '2025-02-20 00:00:00+00'::timestamptz + random() * interval '20 days'
FROM generate_series(1, 3000);

-- Latencies with a long tail, two of them far from the rest; bursts, so that five-minute buckets differ in size.
INSERT INTO performance_metrics (endpoint, method, status_code, response_time_ms, cache_hit, database_queries,
                                 request_id_given, created_at)
SELECT route.endpoint, route.method,
       (ARRAY[200, 200, 200, 200, 201, 304, 404, 422, 500, 503])[1 + (random() ^ 2 * 9)::integer],
       CASE WHEN random() < 0.98 THEN exp(2 + 4 * random() * random()) * (1 + (s.n % 97 = 0)::integer * 20) END,
       CASE WHEN route.method = 'GET' AND random() < 0.9 THEN random() < 0.7 END,
       CASE WHEN random() < 0.95 THEN (random() * 12)::integer END,
       random() < 0.9,
       '2025-03-01 00:00:00+00'::timestamptz + (random() ^ 2) * interval '12 hours'
FROM generate_series(1, 20000) AS s (n)
JOIN (VALUES (0, '/search', 'GET'), (1, '/providers/{id}', 'GET'), (2, '/bookings', 'POST'), (3, '/bookings', 'GET'),
             (4, '/providers/{id}', 'PATCH')) AS route (k, endpoint, method) ON route.k = s.n % 5;

-- Zero, below and exactly at class bounds, enormous, aborted only, and alone in an endpoint.
INSERT INTO performance_metrics (endpoint, method, status_code, response_time_ms, created_at)
VALUES ('/edge', 'GET', 200, 0, '2025-03-01 10:00:00+00'),
       ('/edge', 'GET', 200, 0.4, '2025-03-01 10:04:59.999999+00'),
       ('/edge', 'GET', 200, 1, '2025-03-01 10:05:00+00'),
       ('/edge', 'GET', 200, 2, '2025-03-01 10:05:00+00'),
       ('/edge', 'GET', 200, 8, '2025-03-01 10:59:59+00'),
       ('/edge', 'GET', 504, 86400000, '2025-03-01 10:59:59+00'),
       ('/aborted', 'GET', 499, NULL, '2025-03-01 10:00:00+00'),
       ('/aborted', 'GET', 499, NULL, '2025-03-01 10:07:00+00'),
       ('/alone', 'DELETE', 204, 33.3, '2025-03-01 10:07:00+00');

DROP TABLE ids;
