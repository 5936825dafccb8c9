"""whether somebody in a delivery says something else since, and when a handing over was first noted"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op


revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('delivery_item', schema=None) as batch_op:
        batch_op.add_column(sa.Column('changed', sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.add_column(sa.Column('noted_at', sa.DateTime(timezone=True), nullable=True))
    _keep_the_terms_that_run()


def _keep_the_terms_that_run() -> None:
    """What was noted before counts from the day it was noted for, as it did, and can be moved no more."""
    delivery = sa.table('delivery', sa.column('id', sa.Integer()), sa.column('delivered_on', sa.Date()),
                        sa.column('noted_at', sa.DateTime(timezone=True)))
    rows = op.get_bind().execute(sa.select(delivery.c.id, delivery.c.delivered_on).where(delivery.c.delivered_on.is_not(None)))
    for number, day in rows.all():
        noted = datetime(day.year, day.month, day.day, tzinfo=UTC)
        op.get_bind().execute(delivery.update().where(delivery.c.id == number).values(noted_at=noted))


def downgrade() -> None:
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.drop_column('noted_at')

    with op.batch_alter_table('delivery_item', schema=None) as batch_op:
        batch_op.drop_column('changed')
