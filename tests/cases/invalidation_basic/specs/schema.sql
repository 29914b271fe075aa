CREATE SCHEMA cache;
CREATE TYPE state AS ENUM ('draft', 'open', 'done');
CREATE TABLE cities (id bigint PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  city_id bigint REFERENCES cities (id),
  state state NOT NULL,
  amount numeric NOT NULL CHECK (amount > 0),
  note jsonb,
  placed_at timestamptz NOT NULL
);
CREATE FUNCTION is_public(state state) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT state <> 'draft' $$;
