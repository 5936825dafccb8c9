"""organisations' names in Latin letters"""

import sqlalchemy as sa
from alembic import op


revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ('signing_request', 'signature'):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column('latin_name', sa.String(length=200), nullable=False, server_default=''))


def downgrade() -> None:
    for table in ('signature', 'signing_request'):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column('latin_name')
