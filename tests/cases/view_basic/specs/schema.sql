CREATE TABLE customers (id bigint PRIMARY KEY, city text);
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers (id),
  placed_on date NOT NULL,
  amount numeric NOT NULL,
  coupon text
);
GRANT SELECT ON orders TO keeper;
