"""imports, bounces and webhooks"""

import sqlalchemy as sa
from alembic import op


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

ONLINE = sa.text("origin = 'online'")
BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table(
        'import_batch',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('public_id', sa.String(length=36), nullable=False),
        sa.Column('letter_id', sa.Integer(), nullable=False),
        sa.Column('file_name', sa.String(length=200), nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
        sa.Column('report', sa.JSON(), nullable=False),
        sa.Column('state', sa.String(length=15), nullable=False),
        sa.Column('rows', sa.Integer(), nullable=False),
        sa.Column('done', sa.Integer(), nullable=False),
        sa.Column('skipped', sa.Integer(), nullable=False),
        sa.Column('returned', sa.Integer(), nullable=False),
        sa.Column('position', BIG, nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('created_by', sa.String(length=254), nullable=False),
        sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('confirmed_by', sa.String(length=254), nullable=False),
        sa.Column('taken_back_by', sa.String(length=254), nullable=False),
        sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_import_batch_letter_id_letter')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_import_batch')),
        sa.UniqueConstraint('public_id', name=op.f('uq_import_batch_public_id')),
    )
    with op.batch_alter_table('import_batch', schema=None) as batch_op:
        batch_op.create_index('ix_import_batch_letter_id', ['letter_id', 'sha256'], unique=False)
        batch_op.create_index(batch_op.f('ix_import_batch_state'), ['state'], unique=False)

    op.create_table(
        'import_row',
        sa.Column('batch_id', sa.Integer(), nullable=False),
        sa.Column('line', sa.Integer(), nullable=False),
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.Column('address_fingerprint', sa.String(length=64), nullable=True),
        sa.Column('organisation_key', sa.String(length=200), nullable=True),
        sa.Column('values', sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(['batch_id'], ['import_batch.id'], name=op.f('fk_import_row_batch_id_import_batch')),
        sa.PrimaryKeyConstraint('batch_id', 'line', name=op.f('pk_import_row')),
    )

    op.create_table(
        'departure',
        sa.Column('letter_id', sa.Integer(), nullable=False),
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_departure_letter_id_letter')),
        sa.PrimaryKeyConstraint('letter_id', 'digest', name=op.f('pk_departure')),
    )

    with op.batch_alter_table('signature', schema=None) as batch_op:
        batch_op.add_column(sa.Column('import_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('import_digest', sa.String(length=64), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_signature_import_id_import_batch'), 'import_batch', ['import_id'], ['id'])
        batch_op.create_index('uq_signature_import_digest', ['letter_id', 'import_digest'], unique=True)
        batch_op.create_index('ix_signature_import_id', ['import_id', 'id'], unique=False)
        batch_op.create_index('ix_signature_online', ['letter_id', 'state', 'listed', 'kind', 'id'], unique=False, sqlite_where=ONLINE, postgresql_where=ONLINE)

    with op.batch_alter_table('outbox_mail', schema=None) as batch_op:
        batch_op.add_column(sa.Column('domain', sa.String(length=254), nullable=False, server_default=''))

    with op.batch_alter_table('suppression', schema=None) as batch_op:
        batch_op.add_column(sa.Column('reason', sa.String(length=10), nullable=False, server_default='asked'))

    op.create_table(
        'webhook',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('public_id', sa.String(length=36), nullable=False),
        sa.Column('team_id', sa.Integer(), nullable=False),
        sa.Column('url', sa.String(length=500), nullable=False),
        sa.Column('events', sa.JSON(), nullable=False),
        sa.Column('salt', sa.String(length=64), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('created_by', sa.String(length=254), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('failing_since', sa.DateTime(timezone=True), nullable=True),
        sa.Column('retry_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('disabled_why', sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_webhook_team_id_team')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook')),
        sa.UniqueConstraint('public_id', name=op.f('uq_webhook_public_id')),
    )
    with op.batch_alter_table('webhook', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_webhook_team_id'), ['team_id'], unique=False)

    op.create_table(
        'webhook_delivery',
        sa.Column('id', BIG, nullable=False),
        sa.Column('hook_id', sa.Integer(), nullable=False),
        sa.Column('letter_id', sa.Integer(), nullable=True),
        sa.Column('message_id', sa.String(length=40), nullable=False),
        sa.Column('event', sa.String(length=30), nullable=False),
        sa.Column('payload', sa.JSON(), nullable=False),
        sa.Column('state', sa.String(length=10), nullable=False),
        sa.Column('queued_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('answer', sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(['hook_id'], ['webhook.id'], name=op.f('fk_webhook_delivery_hook_id_webhook')),
        sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_webhook_delivery_letter_id_letter')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_delivery')),
    )
    with op.batch_alter_table('webhook_delivery', schema=None) as batch_op:
        batch_op.create_index('ix_webhook_delivery_due', ['state', 'hook_id', 'id'], unique=False)
        batch_op.create_index('ix_webhook_delivery_hook_id', ['hook_id', 'id'], unique=False)


def downgrade() -> None:
    op.drop_table('webhook_delivery')
    op.drop_table('webhook')

    with op.batch_alter_table('suppression', schema=None) as batch_op:
        batch_op.drop_column('reason')

    with op.batch_alter_table('outbox_mail', schema=None) as batch_op:
        batch_op.drop_column('domain')

    with op.batch_alter_table('signature', schema=None) as batch_op:
        batch_op.drop_index('ix_signature_online')
        batch_op.drop_index('ix_signature_import_id')
        batch_op.drop_index('uq_signature_import_digest')
        batch_op.drop_constraint(batch_op.f('fk_signature_import_id_import_batch'), type_='foreignkey')
        batch_op.drop_column('import_digest')
        batch_op.drop_column('import_id')

    op.drop_table('departure')
    op.drop_table('import_row')
    op.drop_table('import_batch')
