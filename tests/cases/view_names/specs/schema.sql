CREATE SCHEMA "Odd Names";
CREATE TABLE "Odd Names"."Order" ("Id" bigint PRIMARY KEY, "select" text NOT NULL, "a""b" text, "$money" numeric);
CREATE TYPE "Odd Names"."Mood" AS ENUM ('good', 'bad');
CREATE FUNCTION "Odd Names"."Feel"(text) RETURNS "Odd Names"."Mood" LANGUAGE sql IMMUTABLE
  AS $$ SELECT 'good'::"Odd Names"."Mood" $$;
