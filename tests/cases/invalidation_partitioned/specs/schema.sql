CREATE TABLE events (id bigint NOT NULL, day date NOT NULL, kind text) PARTITION BY RANGE (day);
CREATE TABLE events_january PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
CREATE TABLE events_later PARTITION OF events FOR VALUES FROM ('2025-02-01') TO (MAXVALUE) PARTITION BY LIST (kind);
CREATE TABLE events_later_all PARTITION OF events_later DEFAULT;
CREATE TABLE "Odd ""name" ("select" integer, rows text, hit text, made_1 text);
