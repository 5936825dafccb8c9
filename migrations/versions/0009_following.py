"""following: how signatures come in, what became of the mail, milestones, and what each member is mailed"""

import sqlalchemy as sa
from alembic import op


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
STEPS = [step * 10 ** noughts // 10 for noughts in range(2, 8) for step in (10, 25, 50)]


def upgrade() -> None:
    op.create_table('flow_tally',
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('series', sa.String(length=20), nullable=False),
    sa.Column('key', sa.String(length=30), nullable=False),
    sa.Column('shard', sa.Integer(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_flow_tally_letter_id_letter')),
    sa.PrimaryKeyConstraint('letter_id', 'series', 'key', 'shard', name=op.f('pk_flow_tally'))
    )
    op.create_table('language_tally',
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=15), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=False),
    sa.Column('shard', sa.Integer(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_language_tally_letter_id_letter')),
    sa.PrimaryKeyConstraint('letter_id', 'kind', 'language', 'shard', name=op.f('pk_language_tally'))
    )
    op.create_table('mail_tally',
    sa.Column('id', BIG, nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('about', sa.String(length=60), nullable=False),
    sa.Column('domain', sa.String(length=254), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mail_tally')),
    sa.UniqueConstraint('about', 'day', 'domain', 'state', name=op.f('uq_mail_tally_about_day_domain_state'))
    )
    op.create_table('milestone',
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('reached_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_milestone_letter_id_letter')),
    sa.PrimaryKeyConstraint('letter_id', 'kind', 'number', name=op.f('pk_milestone'))
    )
    op.create_table('mail_choice',
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('milestones', sa.Boolean(), nullable=False),
    sa.Column('digest', sa.String(length=10), nullable=False),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_mail_choice_member_id_member'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('member_id', name=op.f('pk_mail_choice'))
    )
    op.create_table('digest',
    sa.Column('id', BIG, nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('through', sa.Date(), nullable=False),
    sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('mailed', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_digest_member_id_member'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_digest')),
    sa.UniqueConstraint('member_id', 'through', name=op.f('uq_digest_member_id_through'))
    )
    with op.batch_alter_table('signing_request', schema=None) as batch_op:
        batch_op.add_column(sa.Column('source', sa.String(length=30), nullable=False, server_default=''))

    op.execute("INSERT INTO language_tally (letter_id, kind, language, shard, count) "
               "SELECT letter_id, kind, language, 0, count(*) FROM signature WHERE state = 'published' "
               "GROUP BY letter_id, kind, language")
    op.execute("INSERT INTO flow_tally (letter_id, series, key, shard, count) "
               "SELECT letter_id, 'asked', substr(CAST(created_at AS VARCHAR), 1, 10), 0, count(*) FROM signing_request "
               "WHERE signature_id IS NULL GROUP BY letter_id, substr(CAST(created_at AS VARCHAR), 1, 10)")
    # What was reached before nobody is told of as news.
    total = ("SELECT letter_id, sum(count) AS total FROM tally WHERE state = 'published' AND origin = 'online' GROUP BY letter_id")
    for step in STEPS:
        op.execute(f"INSERT INTO milestone (letter_id, kind, number, reached_at) SELECT letter_id, 'number', {step}, CURRENT_TIMESTAMP "
                   f"FROM ({total}) AS sums WHERE total >= {step}")
    op.execute(f"INSERT INTO milestone (letter_id, kind, number, reached_at) SELECT letter.id, 'goal', letter.goal, CURRENT_TIMESTAMP "
               f"FROM letter JOIN ({total}) AS sums ON sums.letter_id = letter.id WHERE letter.goal > 0 AND total >= letter.goal")


def downgrade() -> None:
    with op.batch_alter_table('signing_request', schema=None) as batch_op:
        batch_op.drop_column('source')

    for table in ('digest', 'mail_choice', 'milestone', 'mail_tally', 'language_tally', 'flow_tally'):
        op.drop_table(table)
