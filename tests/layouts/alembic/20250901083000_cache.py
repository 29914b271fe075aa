"""cache"""
# written by pgspec from generated/releases/20250901083000_cache/

from alembic import op

revision = "20250901083000"
down_revision = "20250823191011"
branch_labels = None
depends_on = None

UP = (
    """SET statement_timeout = '900s';""",
    """DO $pgspec$
BEGIN
-- to migrate: x
END
$pgspec$;""",
    """RESET statement_timeout;""",
)

DOWN = (
    """SET statement_timeout = '900s';""",
    """DO $pgspec$
BEGIN
-- to rollback: x
END
$pgspec$;""",
    """RESET statement_timeout;""",
)


def upgrade() -> None:
    run(UP)


def downgrade() -> None:
    run(DOWN)


def run(statements: tuple[str, ...]) -> None:
    # op.execute() would read `:name` as a parameter.
    context = op.get_context()
    for statement in statements:
        if context.as_sql:
            context.impl.static_output(statement)
        else:
            op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
