CREATE TABLE cities (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id bigint PRIMARY KEY, city_id bigint REFERENCES cities (id), amount numeric NOT NULL, state text);
CREATE VIEW named AS SELECT o.id, o.amount, c.name FROM orders o JOIN cities c ON c.id = o.city_id;
CREATE FUNCTION rate() RETURNS numeric LANGUAGE sql STABLE AS 'SELECT 1.0';
