"""imports keep the rules they were read under; countries and languages are counted of verified signatures only"""

import sqlalchemy as sa
from alembic import op


revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('import_batch', schema=None) as batch_op:
        batch_op.add_column(sa.Column('terms', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('changed', sa.JSON(), nullable=False, server_default='[]'))

    _recount(" AND origin = 'online'")


def downgrade() -> None:
    _recount("")

    with op.batch_alter_table('import_batch', schema=None) as batch_op:
        batch_op.drop_column('changed')
        batch_op.drop_column('terms')


def _recount(condition: str) -> None:
    for name, there in (('country', " AND country <> ''"), ('language', '')):
        op.execute(f"DELETE FROM {name}_tally")
        op.execute(f"INSERT INTO {name}_tally (letter_id, kind, {name}, shard, count) "
                   f"SELECT letter_id, kind, {name}, 0, count(*) FROM signature WHERE state = 'published'{there}{condition} "
                   f"GROUP BY letter_id, kind, {name}")
