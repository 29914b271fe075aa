-- +goose Up
-- written by pgspec from generated/releases/20250901083000_cache/

-- +goose StatementBegin
SET statement_timeout = '900s';
-- +goose StatementEnd

-- +goose StatementBegin
DO $pgspec$
BEGIN
-- to migrate: x
END
$pgspec$;
-- +goose StatementEnd

-- +goose StatementBegin
RESET statement_timeout;
-- +goose StatementEnd

-- +goose Down

-- +goose StatementBegin
SET statement_timeout = '900s';
-- +goose StatementEnd

-- +goose StatementBegin
DO $pgspec$
BEGIN
-- to rollback: x
END
$pgspec$;
-- +goose StatementEnd

-- +goose StatementBegin
RESET statement_timeout;
-- +goose StatementEnd
