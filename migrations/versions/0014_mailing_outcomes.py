"""what became of a mailing's mails, counted once: in the outbox, or in the mailing when the outbox has forgotten them"""

import sqlalchemy as sa
from alembic import op


revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

LIVE = (
    "(SELECT count(*) FROM outbox_mail WHERE outbox_mail.state IN ({states}) AND outbox_mail.scope ="
    " 'news:' || CAST(mailing.letter_id AS VARCHAR(20)) || ':' || CAST(mailing.id AS VARCHAR(20)))"
)
SENT = LIVE.format(states="'sent', 'bounced', 'complained'")
FAILED = LIVE.format(states="'failed', 'dropped'")


def upgrade() -> None:
    with op.batch_alter_table('mailing', schema=None) as batch_op:
        batch_op.add_column(sa.Column('returned', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('complained', sa.Integer(), nullable=False, server_default='0'))
    # What the outbox still knows is counted there from now on.
    for column, live in (('sent', SENT), ('failed', FAILED)):
        op.execute(f"UPDATE mailing SET {column} = CASE WHEN {column} > {live} THEN {column} - {live} ELSE 0 END")


def downgrade() -> None:
    ended = "state IN ('done', 'stopped')"
    op.execute(f"UPDATE mailing SET sent = sent + returned + complained + {SENT}, failed = failed + {FAILED} WHERE {ended}")
    with op.batch_alter_table('mailing', schema=None) as batch_op:
        batch_op.drop_column('complained')
        batch_op.drop_column('returned')
