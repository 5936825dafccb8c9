"""wrong codes that were typed for a request"""

import sqlalchemy as sa
from alembic import op


revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('signing_request', schema=None) as batch_op:
        batch_op.add_column(sa.Column('code_tries', sa.Integer(), nullable=False, server_default='0'))


def downgrade() -> None:
    with op.batch_alter_table('signing_request', schema=None) as batch_op:
        batch_op.drop_column('code_tries')
