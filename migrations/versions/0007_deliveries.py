"""deliveries"""

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('delivery',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('reference', sa.String(length=20), nullable=False),
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('text_id', sa.Integer(), nullable=False),
    sa.Column('addressee', sa.String(length=300), nullable=False),
    sa.Column('choice', sa.JSON(), nullable=False),
    sa.Column('handed', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('counts', sa.JSON(), nullable=False),
    sa.Column('files', sa.JSON(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('fetched_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('delivered_on', sa.Date(), nullable=True),
    sa.Column('delivered_by', sa.String(length=200), nullable=False),
    sa.Column('response_on', sa.Date(), nullable=True),
    sa.Column('response', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_delivery_letter_id_letter')),
    sa.ForeignKeyConstraint(['text_id'], ['letter_text.id'], name=op.f('fk_delivery_text_id_letter_text')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery')),
    sa.UniqueConstraint('reference', name=op.f('uq_delivery_reference'))
    )
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_delivery_letter_id'), ['letter_id'], unique=False)

    op.create_table('delivery_item',
    sa.Column('delivery_id', sa.Integer(), nullable=False),
    sa.Column('signature_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('visibility', sa.String(length=10), nullable=False),
    sa.Column('handed', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_delivery_item_delivery_id_delivery')),
    sa.ForeignKeyConstraint(['signature_id'], ['signature.id'], name=op.f('fk_delivery_item_signature_id_signature')),
    sa.PrimaryKeyConstraint('delivery_id', 'signature_id', name=op.f('pk_delivery_item'))
    )
    with op.batch_alter_table('delivery_item', schema=None) as batch_op:
        batch_op.create_index('ix_delivery_item_signature_id', ['signature_id'], unique=False)

    op.create_table('prepared_file',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=36), nullable=False),
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('delivery_id', sa.Integer(), nullable=True),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('format', sa.String(length=10), nullable=False),
    sa.Column('wanted', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('bytes', sa.Integer(), nullable=False),
    sa.Column('fault', sa.String(length=300), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_prepared_file_delivery_id_delivery')),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_prepared_file_letter_id_letter')),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_prepared_file_member_id_member'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_prepared_file')),
    sa.UniqueConstraint('public_id', name=op.f('uq_prepared_file_public_id'))
    )
    with op.batch_alter_table('prepared_file', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_prepared_file_delivery_id'), ['delivery_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_prepared_file_letter_id'), ['letter_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_prepared_file_member_id'), ['member_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_prepared_file_state'), ['state'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('prepared_file', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_prepared_file_state'))
        batch_op.drop_index(batch_op.f('ix_prepared_file_member_id'))
        batch_op.drop_index(batch_op.f('ix_prepared_file_letter_id'))
        batch_op.drop_index(batch_op.f('ix_prepared_file_delivery_id'))

    op.drop_table('prepared_file')
    with op.batch_alter_table('delivery_item', schema=None) as batch_op:
        batch_op.drop_index('ix_delivery_item_signature_id')

    op.drop_table('delivery_item')
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_delivery_letter_id'))

    op.drop_table('delivery')
