"""search_views"""
# written by pgspec from generated/releases/20250823191011_search_views/

from alembic import op

revision = "20250823191011"
down_revision = None
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
