"""reversals and seals"""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

HELD = sa.text("state = 'held'")
PINNED = sa.text('pinned IS NOT NULL')
WAITING = ['letter_id', 'state', 'flag_codes', 'mail_domain', 'network', 'hour', 'name_shape']


def upgrade() -> None:
    with op.batch_alter_table('audit_seal', schema=None) as batch_op:
        batch_op.add_column(sa.Column('day', sa.Date(), nullable=False, server_default='1970-01-01'))

    with op.batch_alter_table('signature', schema=None) as batch_op:
        batch_op.add_column(sa.Column('appeared', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_index('ix_signature_pinned', ['letter_id', 'pinned'], unique=False, sqlite_where=PINNED, postgresql_where=PINNED)
        batch_op.create_index('ix_signature_waiting', WAITING, unique=False, sqlite_where=HELD, postgresql_where=HELD)
        batch_op.drop_index('ix_signature_network')
        batch_op.drop_index('ix_signature_mail_domain')
        batch_op.create_index('ix_signature_mail_domain', ['letter_id', 'mail_domain', 'hour'], unique=False)
        batch_op.create_index('ix_signature_network', ['letter_id', 'network', 'hour'], unique=False)

    with op.batch_alter_table('bulk_item', schema=None) as batch_op:
        batch_op.add_column(sa.Column('done', sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('decided_by', sa.String(length=254), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('pinned', sa.Integer(), nullable=True))

    with op.batch_alter_table('outbox_mail', schema=None) as batch_op:
        batch_op.create_index('ix_outbox_mail_scope', ['scope', 'queued_at'], unique=False)

    op.execute("UPDATE signature SET appeared = true WHERE state = 'published' OR state_before = 'published'")
    # What clusters are found by is of no use any more where the decision has been taken.
    op.execute("UPDATE signature SET mail_domain = NULL, network = NULL, hour = NULL, name_shape = NULL "
               "WHERE state IN ('rejected', 'withdrawn')")


def downgrade() -> None:
    with op.batch_alter_table('outbox_mail', schema=None) as batch_op:
        batch_op.drop_index('ix_outbox_mail_scope')

    with op.batch_alter_table('bulk_item', schema=None) as batch_op:
        batch_op.drop_column('pinned')
        batch_op.drop_column('decided_by')
        batch_op.drop_column('decided_at')
        batch_op.drop_column('done')

    with op.batch_alter_table('signature', schema=None) as batch_op:
        batch_op.drop_index('ix_signature_network')
        batch_op.drop_index('ix_signature_mail_domain')
        batch_op.create_index('ix_signature_mail_domain', ['letter_id', 'mail_domain'], unique=False)
        batch_op.create_index('ix_signature_network', ['letter_id', 'network'], unique=False)
        batch_op.drop_index('ix_signature_waiting')
        batch_op.drop_index('ix_signature_pinned')
        batch_op.drop_column('appeared')

    with op.batch_alter_table('audit_seal', schema=None) as batch_op:
        batch_op.drop_column('day')
