"""translations: which original they were made from, and those that are not finished"""

import sqlalchemy as sa
from alembic import op


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('translation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('made_from', sa.JSON(), nullable=True))
    op.create_table(
        'unfinished_translation',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('letter_id', sa.Integer(), nullable=False),
        sa.Column('language', sa.String(length=20), nullable=False),
        sa.Column('typed', sa.JSON(), nullable=False),
        sa.Column('made_from', sa.JSON(), nullable=False),
        sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_unfinished_translation_letter_id_letter')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_unfinished_translation')),
        sa.UniqueConstraint('letter_id', 'language', name=op.f('uq_unfinished_translation_letter_id_language')),
    )


def downgrade() -> None:
    op.drop_table('unfinished_translation')
    with op.batch_alter_table('translation', schema=None) as batch_op:
        batch_op.drop_column('made_from')
