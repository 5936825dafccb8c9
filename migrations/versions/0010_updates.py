"""updates, followers, mailings and reminders"""

import sqlalchemy as sa
from alembic import op


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
MOMENT = sa.DateTime(timezone=True)
WITH_EMAIL = sa.text('email IS NOT NULL')
LAST_CALL = sa.text("kind = 'last_call'")
NOT_FED = sa.text('fed_at IS NULL')


def upgrade() -> None:
    op.create_table('letter_update',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=36), nullable=False),
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('created_at', MOMENT, nullable=False),
    sa.Column('changed_at', MOMENT, nullable=False),
    sa.Column('published_at', MOMENT, nullable=True),
    sa.Column('taken_down_at', MOMENT, nullable=True),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_letter_update_letter_id_letter')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter_update')),
    sa.UniqueConstraint('letter_id', 'number', name=op.f('uq_letter_update_letter_id_number')),
    sa.UniqueConstraint('public_id', name=op.f('uq_letter_update_public_id'))
    )
    op.create_table('update_text',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('update_id', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('corrected_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['update_id'], ['letter_update.id'], name=op.f('fk_update_text_update_id_letter_update')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_update_text')),
    sa.UniqueConstraint('update_id', 'language', name=op.f('uq_update_text_update_id_language'))
    )
    op.create_table('follower',
    sa.Column('id', BIG, nullable=False),
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('address_fingerprint', sa.String(length=64), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('confirmed_at', MOMENT, nullable=True),
    sa.Column('expires_at', MOMENT, nullable=True),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_follower_letter_id_letter')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_follower')),
    sa.UniqueConstraint('digest', name=op.f('uq_follower_digest')),
    sa.UniqueConstraint('letter_id', 'address_fingerprint', name=op.f('uq_follower_letter_id_address_fingerprint'))
    )
    with op.batch_alter_table('follower', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_follower_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index('ix_follower_letter', ['letter_id', 'id'], unique=False)

    op.create_table('mailing',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('update_id', sa.Integer(), nullable=True),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('source', sa.String(length=10), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('gathered', sa.Integer(), nullable=False),
    sa.Column('fed', sa.Integer(), nullable=False),
    sa.Column('sent', sa.Integer(), nullable=False),
    sa.Column('failed', sa.Integer(), nullable=False),
    sa.Column('started_at', MOMENT, nullable=False),
    sa.Column('expires_at', MOMENT, nullable=False),
    sa.Column('finished_at', MOMENT, nullable=True),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_mailing_letter_id_letter')),
    sa.ForeignKeyConstraint(['update_id'], ['letter_update.id'], name=op.f('fk_mailing_update_id_letter_update')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mailing')),
    sa.UniqueConstraint('update_id', name=op.f('uq_mailing_update_id'))
    )
    with op.batch_alter_table('mailing', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mailing_finished_at'), ['finished_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_mailing_state'), ['state'], unique=False)
        batch_op.create_index('uq_mailing_last_call', ['letter_id'], unique=True, sqlite_where=LAST_CALL, postgresql_where=LAST_CALL)

    op.create_table('mailing_recipient',
    sa.Column('mailing_id', sa.Integer(), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('domain', sa.String(length=254), nullable=False),
    sa.Column('source', sa.String(length=10), nullable=False),
    sa.Column('source_id', sa.BigInteger(), nullable=False),
    sa.Column('fed_at', MOMENT, nullable=True),
    sa.ForeignKeyConstraint(['mailing_id'], ['mailing.id'], name=op.f('fk_mailing_recipient_mailing_id_mailing')),
    sa.PrimaryKeyConstraint('mailing_id', 'fingerprint', name=op.f('pk_mailing_recipient'))
    )
    with op.batch_alter_table('mailing_recipient', schema=None) as batch_op:
        batch_op.create_index('ix_mailing_recipient_pace', ['fed_at', 'domain'], unique=False)
        batch_op.create_index('ix_mailing_recipient_waiting', ['mailing_id', 'domain', 'fingerprint'], unique=False,
                              sqlite_where=NOT_FED, postgresql_where=NOT_FED)

    with op.batch_alter_table('outbox_mail', schema=None) as batch_op:
        batch_op.add_column(sa.Column('bulk', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.drop_index('ix_outbox_mail_due')
        batch_op.create_index('ix_outbox_mail_due', ['state', 'bulk', 'due_at'], unique=False)

    with op.batch_alter_table('signing_request', schema=None) as batch_op:
        batch_op.add_column(sa.Column('reminded_at', MOMENT, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('signing_request', schema=None) as batch_op:
        batch_op.drop_column('reminded_at')

    with op.batch_alter_table('outbox_mail', schema=None) as batch_op:
        batch_op.drop_index('ix_outbox_mail_due')
        batch_op.create_index('ix_outbox_mail_due', ['state', 'due_at'], unique=False)
        batch_op.drop_column('bulk')

    op.drop_table('mailing_recipient')
    op.drop_table('mailing')
    op.drop_table('follower')
    op.drop_table('update_text')
    op.drop_table('letter_update')
