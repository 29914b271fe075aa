-- pgspec rollback: telemetry, draft, back to an empty start
-- drop 1 schema, 6 tables, 12 functions, 1 procedure, 3 views, 1 materialized view, 5 indexes, 1 comment, 8 access lists
-- from specs/logs.yaml

SET statement_timeout = '900s';

DO $pgspec$
#variable_conflict use_column
BEGIN
SET LOCAL lock_timeout = '3s';

-- Rights are taken from the roles of the project, and whoever owns an object can lose them too.
IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user AND NOT r.rolsuper AND r.rolname IN ('back''office', 'web_server', 'web_user')) THEN
  RAISE EXCEPTION 'migrate: nothing was changed, since % is one of the roles of the project', current_user
    USING ERRCODE = 'insufficient_privilege', HINT = 'migrate as a role that is not under roles: in project.yaml, and owns the tables';
END IF;

-- drop materialized view api.requests_5m  [specs/logs.yaml:25]
DROP MATERIALIZED VIEW api.requests_5m;

-- drop view api.pgspec_alerts
DROP VIEW api.pgspec_alerts;

-- drop view api.event_log_health
DROP VIEW api.event_log_health;

-- drop view api.event_label_health
DROP VIEW api.event_label_health;

-- drop procedure api.run_maintenance(integer)
DROP PROCEDURE api.run_maintenance(integer);

-- drop function api.record_requests(text, text, integer, text, boolean, double precision, numeric, jsonb, uuid, api.region, text, timestamptz)  [specs/logs.yaml:2]
DROP FUNCTION api.record_requests(text, text, integer, text, boolean, double precision, numeric, jsonb, uuid, api.region, text, timestamptz);

-- drop function tools.requests_admits(text, text, integer)  [specs/logs.yaml:2]
DROP FUNCTION tools.requests_admits(text, text, integer);

-- drop function tools.normalize_path(text)
DROP FUNCTION tools.normalize_path(text);

-- drop function api.verify_migration_success()
DROP FUNCTION api.verify_migration_success();

-- drop function tools.fingerprint(text, text)
DROP FUNCTION tools.fingerprint(text, text);

-- drop function api."record_100% ""odd's"""(text, text, real, text, timestamptz)  [specs/logs.yaml:17]
DROP FUNCTION api."record_100% ""odd's"""(text, text, real, text, timestamptz);

-- drop function tools.audit_request_id()
DROP FUNCTION tools.audit_request_id();

-- drop function api.evaluate_alerts()
DROP FUNCTION api.evaluate_alerts();

-- drop function tools.alert_values()
DROP FUNCTION tools.alert_values();

-- drop function tools."100% ""odd's""_admits"(text, text, integer)  [specs/logs.yaml:17]
DROP FUNCTION tools."100% ""odd's""_admits"(text, text, integer);

-- drop function api.maintain_requests(integer)  [specs/logs.yaml:2]
DROP FUNCTION api.maintain_requests(integer);

-- drop function api."maintain_100% ""odd's"""(integer)  [specs/logs.yaml:17]
DROP FUNCTION api."maintain_100% ""odd's"""(integer);

-- drop table tools.requests_labels  [specs/logs.yaml:2]
DROP TABLE tools.requests_labels;

-- drop table tools.deployed_objects
DROP TABLE tools.deployed_objects;

-- drop table tools.alert_state
DROP TABLE tools.alert_state;

-- drop table tools."100% ""odd's""_labels"  [specs/logs.yaml:17]
DROP TABLE tools."100% ""odd's""_labels";

-- drop table api.requests  [specs/logs.yaml:2]
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE api.requests IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM api.requests WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % events in api.requests would be lost', lost USING HINT = 'keep a copy first: COPY (SELECT * FROM api.requests) TO STDOUT; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE api.requests;

-- drop table api."100% ""odd's"""  [specs/logs.yaml:17]
DO $keep$
DECLARE
  lost bigint;
BEGIN
  LOCK TABLE api."100% ""odd's""" IN ACCESS EXCLUSIVE MODE;
  SELECT count(*) INTO lost FROM api."100% ""odd's""" WHERE true;
  IF lost > 0 AND coalesce(current_setting('pgspec.allow_data_loss', true), '') <> 'on' THEN
    RAISE EXCEPTION 'rollback: % events in api."100%% ""odd''s""" would be lost', lost USING HINT = 'keep a copy first: COPY (SELECT * FROM api."100% ""odd''s""") TO STDOUT; or accept the loss: SET pgspec.allow_data_loss = on';
  END IF;
END
$keep$;
DROP TABLE api."100% ""odd's""";

-- drop schema tools
DROP SCHEMA tools;
END
$pgspec$;

RESET statement_timeout;
