CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TABLE profiles (
  id bigint PRIMARY KEY,
  role text NOT NULL,
  status state NOT NULL,
  name text NOT NULL,
  settings json,
  rate numeric DEFAULT 1.50
);
CREATE TABLE "Odd Names" (o int, "N" int, tg_op text, old text, c1 text, "it's" jsonb, PRIMARY KEY (o, "N"));
CREATE TABLE events (id bigint, at date NOT NULL, note text) PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2025-07-01') TO ('2026-01-01');
