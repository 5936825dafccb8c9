"""gathering, archive, and asking again"""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

REACHABLE = sa.text('email IS NOT NULL')


def upgrade() -> None:
    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.add_column(sa.Column('gathering', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('publishes_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('archived', sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table('letter_version', schema=None) as batch_op:
        batch_op.add_column(sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('asked_until', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))

    with op.batch_alter_table('signature', schema=None) as batch_op:
        batch_op.create_index('ix_signature_reachable', ['letter_id', 'id'], unique=False, sqlite_where=REACHABLE, postgresql_where=REACHABLE)


def downgrade() -> None:
    with op.batch_alter_table('signature', schema=None) as batch_op:
        batch_op.drop_index('ix_signature_reachable')

    with op.batch_alter_table('letter_version', schema=None) as batch_op:
        batch_op.drop_column('asked_until')
        batch_op.drop_column('asked_at')

    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.drop_column('archived')
        batch_op.drop_column('publishes_at')
        batch_op.drop_column('gathering')
