CREATE SCHEMA "Run's Time";
GRANT USAGE ON SCHEMA "Run's Time" TO service_role, "Keeper Two";
CREATE TABLE orders (id bigint NOT NULL, placed_on date NOT NULL, amount numeric NOT NULL) PARTITION BY RANGE (placed_on);
CREATE TABLE "Orders '25" PARTITION OF orders FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE kept (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
CREATE VIEW days AS SELECT placed_on, amount FROM orders WHERE EXISTS (SELECT FROM kept) OR amount > 0;
