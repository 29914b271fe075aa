-- Rows that break every promise which the schema does not make: what `fails` lists has duplicates here, what
-- `nullable` lists is NULL here.  Deterministic, and the same on every server version.

INSERT INTO countries
SELECT chr(65 + i / 5) || chr(65 + i % 5), 'Country ' || i, (ARRAY['Europe', 'Asia', NULL])[1 + i % 3]
FROM generate_series(0, 9) AS i;

INSERT INTO orgs (slug, name, country_code, created_at)
SELECT 'org-' || i, 'Org ' || i, (SELECT code FROM countries ORDER BY code OFFSET i % 12 LIMIT 1),
       '2023-01-01 00:00:00+00'::timestamptz + (i % 4) * interval '1 day'
FROM generate_series(1, 12) AS i;

-- Two accounts share an address when one of them was deleted; handles repeat across organisations.
INSERT INTO users (id, org_id, email, handle, nickname, locale, invited_by, created_at, deleted_at, prefs, tags)
SELECT i, 1 + i % 12, 'user' || i % 100 || '@example.com', 'handle' || i / 12, 'nick' || i % 7,
       (ARRAY['en', 'pt', NULL])[1 + i % 3], CASE WHEN i > 4 THEN 1 + (i * 7) % (i - 1) END,
       '2023-02-01 00:00:00+00'::timestamptz + (i % 30) * interval '1 day',
       CASE WHEN i > 100 THEN '2024-06-01 00:00:00+00'::timestamptz END,
       CASE i % 4 WHEN 0 THEN '{}' WHEN 1 THEN '{"theme": "dark", "lang": "en"}'
                  WHEN 2 THEN '{"theme": "dark", "lang": null}' ELSE '{"theme": "light"}' END::jsonb,
       CASE i % 3 WHEN 0 THEN ARRAY['a', 'a', NULL] WHEN 1 THEN ARRAY['b', 'c'] ELSE '{}' END
FROM generate_series(1, 120) AS i;
INSERT INTO users (id, org_id, email, handle, nickname, created_at)
SELECT 900 + i, 1, 'ghost' || i || '@example.com', 'ghost' || i,
       (SELECT nickname FROM users WHERE false), '2023-03-01 00:00:00+00'
FROM generate_series(1, 2) AS i;

INSERT INTO profiles
SELECT i, CASE WHEN i % 5 > 0 THEN i END, (ARRAY['Oslo', 'Rome', NULL, 'Oslo'])[1 + i % 4],
       CASE WHEN i % 7 > 0 THEN (i % 6)::numeric END, CASE WHEN i % 2 = 0 THEN 'about ' || i % 8 END
FROM generate_series(1, 110) AS i;

INSERT INTO follows
SELECT a, b, '2024-01-01 00:00:00+00'::timestamptz + (a % 5) * interval '1 day'
FROM generate_series(1, 25) AS a
CROSS JOIN generate_series(1, 25) AS b
WHERE a <> b AND (a * b) % 3 = 0;

INSERT INTO communities
VALUES (1, 'cats', NULL), (2, 'dogs', NULL), (3, 'cats', 'a.example'), (4, 'dogs', 'a.example'),
       (5, 'cats', 'b.example'), (6, 'empty', NULL), (7, 'birds', 'b.example');

-- Ties in time, shared links, authors who are gone, and one post that is never published.
INSERT INTO posts (id, community_id, author_id, title, body, url, removed, featured_slot, published_at)
SELECT i, 1 + i % 5, CASE WHEN i % 6 > 0 THEN 1 + (i * 5) % 40 END, 'Title ' || i / 2 % 10,
       CASE WHEN i % 2 = 0 THEN 'body' END, CASE WHEN i % 3 > 0 THEN 'https://example.com/' || i % 25 END,
       i % 11 = 0, CASE WHEN i <= 15 THEN (i - 1) / 5 END,
       CASE WHEN i % 50 = 0 THEN 'infinity'
            ELSE '2024-03-01 00:00:00+00'::timestamptz + (i / 10) * interval '8 hours' END
FROM generate_series(1, 200) AS i;

INSERT INTO comments
SELECT i, 1 + (i * 3) % 90, 1 + (i * 11) % 60, CASE WHEN i > 40 AND i % 4 > 0 THEN 1 + i / 3 END, 'comment ' || i % 9,
       '2024-03-01 06:00:00+00'::timestamptz + (i / 6) * interval '5 hours'
FROM generate_series(1, 300) AS i;

INSERT INTO votes
SELECT u, p, CASE WHEN (u + p) % 4 = 0 THEN -1 ELSE 1 END
FROM generate_series(1, 40) AS u
CROSS JOIN generate_series(1, 60) AS p
WHERE (u * p) % 7 < 2;

INSERT INTO tags SELECT i, 'Tag' || i FROM generate_series(1, 12) AS i;
INSERT INTO post_tags
SELECT p, t FROM generate_series(1, 120) AS p CROSS JOIN generate_series(1, 12) AS t WHERE (p * t) % 5 = 1;

INSERT INTO packages
SELECT 'package-' || i, 1 + i % 5, CASE WHEN i % 2 = 0 THEN 'does things' END FROM generate_series(1, 15) AS i;
INSERT INTO versions
SELECT row_number() OVER (ORDER BY p, v), 'package-' || p, v / 3 || '.' || v % 3, v / 3, v % 3, (p + v) % 6 = 0,
       '2024-01-01 00:00:00+00'::timestamptz + (v / 2) * interval '30 days'
FROM generate_series(1, 14) AS p
CROSS JOIN generate_series(1, 6) AS v;
INSERT INTO downloads
SELECT v, '2024-02-01'::date + d, 10 * (1 + (v + d) % 4)
FROM generate_series(1, 60) AS v
CROSS JOIN generate_series(0, 39) AS d
WHERE (v + d) % 5 > 0;

INSERT INTO namespaces
VALUES (1, NULL, 'group', 'acme'), (2, NULL, 'group', 'acme'), (3, 1, 'group', 'web'), (4, 1, 'group', 'infra'),
       (5, 2, 'group', 'web'), (6, 3, 'group', 'blog'), (7, 6, 'group', 'web'), (8, NULL, 'user', 'ann'),
       (9, NULL, 'user', 'bob'), (10, NULL, 'group', 'ann'), (11, 3, 'group', 'shop');
INSERT INTO memberships
SELECT u, n, 10 * (1 + (u + n) % 5), CASE WHEN (u + n) % 3 = 0 THEN '2025-01-01'::date END
FROM generate_series(1, 30) AS u
CROSS JOIN generate_series(1, 11) AS n
WHERE (u * n) % 4 = 1;
INSERT INTO projects
SELECT i, 1 + i % 11, 'project' || i / 11, i % 9 = 0 FROM generate_series(1, 33) AS i;
INSERT INTO issues
SELECT i, 1 + i % 30, 1 + i / 30, s.state, CASE WHEN i % 5 > 0 THEN 1 + i % 20 END,
       CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN '{}' WHEN 2 THEN ARRAY['bug', 'ui'] ELSE ARRAY['bug', 'bug'] END,
       CASE WHEN i % 3 = 0 THEN i % 5 END, '2024-02-01 00:00:00+00'::timestamptz + (i % 60) * interval '1 day',
       CASE WHEN s.state = 'closed' THEN '2024-05-01 00:00:00+00'::timestamptz + (i % 40) * interval '1 day' END
FROM generate_series(1, 240) AS i
CROSS JOIN LATERAL (SELECT (ARRAY['opened', 'opened', 'closed', 'closed', 'locked']::issue_state[])[1 + (i + i / 30) % 5] AS state) AS s;
-- A build may be started again under the same number on another day.
INSERT INTO builds
SELECT 1 + i % 150, '2024-12-20'::date + i / 15, 1 + i % 30, (ARRAY['success', 'failed', 'canceled'])[1 + i / 7 % 3],
       CASE WHEN i % 4 > 0 THEN 'runner-' || i % 3 END, (i * 37) % 600
FROM generate_series(1, 300) AS i;

INSERT INTO sessions
SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, CASE WHEN i % 4 > 0 THEN 1 + i % 25 END,
       (ARRAY['phone', 'laptop', NULL])[1 + i % 3], '2024-03-01'::timestamp + (i / 4) * interval '5 hours',
       CASE WHEN i % 5 > 0 THEN '2024-03-01'::timestamp + (i / 4) * interval '5 hours' + interval '20 minutes' END
FROM generate_series(1, 120) AS i;
INSERT INTO page_views
SELECT i, ('00000000-0000-4000-8000-' || lpad((1 + i % 100)::text, 12, '0'))::uuid, '/page/' || i % 6,
       (ARRAY['https://search.example', '(direct)', NULL])[1 + i % 3],
       CASE i % 4 WHEN 0 THEN '{}' WHEN 1 THEN '{"page": "home", "items": [{"sku": "a"}, {"sku": "a"}, {"sku": "b"}]}'
                  WHEN 2 THEN '{"page": null, "items": []}' ELSE '{"page": "search", "items": [{"sku": "c"}]}' END::jsonb,
       '2024-03-01'::timestamp + (i / 5) * interval '37 minutes'
FROM generate_series(1, 600) AS i;

-- Equal amounts that are written differently.
INSERT INTO plans
SELECT p, '2023-01-01'::date + 90 * i, CASE WHEN i % 2 = 0 THEN 10.0 ELSE 10.00 END
FROM unnest(ARRAY['basic', 'pro', 'team']) AS p
CROSS JOIN generate_series(0, 5) AS i;
INSERT INTO subscriptions
SELECT i, 1 + i % 50, (ARRAY['basic', 'pro', 'gone'])[1 + i % 3], '2023-03-01'::date + (i / 50) * 100,
       CASE WHEN i < 100 THEN '2023-03-01'::date + (i / 50) * 100 + 90 END
FROM generate_series(0, 130) AS i;

INSERT INTO legacy_invoices SELECT i, i, (i % 4) * 5 FROM generate_series(1, 20) AS i;
-- Older than the constraint, which would refuse it today.
SET session_replication_role = replica;
INSERT INTO legacy_invoices VALUES (21, 5000, 5);
RESET session_replication_role;

INSERT INTO committees
SELECT 'C' || c, y, 'Committee ' || c % 4, (ARRAY['TX', 'OR', NULL])[1 + c % 3]
FROM generate_series(1, 12) AS c
CROSS JOIN unnest(ARRAY[2020, 2022, 2024]::smallint[]) AS y;
UPDATE committees SET name = 'org 3' WHERE committee_id = 'C3';
INSERT INTO receipts
SELECT i, 'C' || 1 + i % 12, (ARRAY[2020, 2022, 2024])[1 + i / 12 % 3], (ARRAY['TX', 'ZZ', 'QQ', NULL])[1 + i / 5 % 4],
       (i % 10) * 25, CASE WHEN i % 7 > 0 THEN '2024-01-01'::date + i % 30 END
FROM generate_series(1, 400) AS i;

INSERT INTO exchange_rates
SELECT c, '2024-01-01'::date + d, 1 + (d % 3) * 0.5 FROM unnest(ARRAY['EUR', 'USD']) AS c CROSS JOIN generate_series(0, 9) AS d;

INSERT INTO audit_entries SELECT i, 'message ' || i % 3 FROM generate_series(1, 10) AS i;
INSERT INTO audit_entries_old SELECT i, 'old message' FROM generate_series(6, 15) AS i;
INSERT INTO settings SELECT i, 'setting-' || i, CASE WHEN i % 2 = 0 THEN '{"on": true}'::jsonb END FROM generate_series(1, 9) AS i;
INSERT INTO weights SELECT i, 'weight ' || i % 5 FROM generate_series(0, 8) AS i;
INSERT INTO weights VALUES (5.00000000000000000001, 'a little more than five');
INSERT INTO readings
SELECT s, '2024-01-01 00:00:00+00'::timestamptz + m * interval '17 minutes', CASE WHEN m % 9 > 0 THEN m % 13 END
FROM generate_series(1, 4) AS s
CROSS JOIN generate_series(1, 200) AS m;

ALTER TABLE offers DROP CONSTRAINT offers_code_present;
INSERT INTO offers VALUES (1, 'a', '[2024-01-01,2024-02-01)'), (2, NULL, '(,2024-02-01)'), (3, 'c', '[2024-03-01,)');
ALTER TABLE offers ADD CONSTRAINT offers_code_present CHECK (code IS NOT NULL) NOT VALID;

REFRESH MATERIALIZED VIEW package_downloads_daily;
ANALYZE;
