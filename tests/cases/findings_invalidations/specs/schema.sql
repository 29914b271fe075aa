CREATE TABLE orders (id bigint PRIMARY KEY, city text, amount numeric NOT NULL, placed_at timestamptz, gone text);
CREATE VIEW open_orders AS SELECT id FROM orders;
ALTER TABLE orders DROP COLUMN gone;
