CREATE SCHEMA api;
CREATE TYPE api.region AS ENUM ('eu', 'us');
GRANT USAGE ON SCHEMA api TO web_user, web_server, "back'office";
