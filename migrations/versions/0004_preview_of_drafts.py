"""preview of drafts"""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.add_column(sa.Column('preview_token', sa.String(length=40), nullable=True))
        batch_op.create_unique_constraint(batch_op.f('uq_letter_preview_token'), ['preview_token'])


def downgrade() -> None:
    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_letter_preview_token'), type_='unique')
        batch_op.drop_column('preview_token')
