"""moderation"""

import sqlalchemy as sa
from alembic import op


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('audit_seal',
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('entry_id', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_audit_seal')),
    sa.UniqueConstraint('entry_id', name=op.f('uq_audit_seal_entry_id'))
    )
    op.create_table('limit_setting',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('seconds', sa.Integer(), nullable=False),
    sa.Column('changed_by', sa.String(length=254), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_limit_setting'))
    )
    op.create_table('spent_proof',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_spent_proof'))
    )
    with op.batch_alter_table('spent_proof', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_spent_proof_expires_at'), ['expires_at'], unique=False)

    op.create_table('suppression',
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('fingerprint', name=op.f('pk_suppression'))
    )
    op.create_table('passkey',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('credential_id', sa.LargeBinary(length=1024), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('sign_count', sa.Integer(), nullable=False),
    sa.Column('transports', sa.JSON(), nullable=True),
    sa.Column('backup_state', sa.Boolean(), nullable=False),
    sa.Column('device_type', sa.String(length=64), nullable=False),
    sa.Column('extensions', sa.String(length=255), nullable=True),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('usage', sa.String(length=64), nullable=False),
    sa.Column('create_datetime', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lastuse_datetime', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['member.id'], name=op.f('fk_passkey_user_id_member'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_passkey')),
    sa.UniqueConstraint('credential_id', name=op.f('uq_passkey_credential_id'))
    )
    with op.batch_alter_table('passkey', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_passkey_user_id'), ['user_id'], unique=False)

    op.create_table('reason_template',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=False),
    sa.Column('reason_class', sa.String(length=15), nullable=False),
    sa.Column('words', sa.String(length=1000), nullable=False),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_reason_template_team_id_team')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reason_template'))
    )
    with op.batch_alter_table('reason_template', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reason_template_team_id'), ['team_id'], unique=False)

    op.create_table('team_session',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_team_session_member_id_member'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_team_session'))
    )
    with op.batch_alter_table('team_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_team_session_member_id'), ['member_id'], unique=False)

    op.create_table('word_list',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=10), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_word_list_team_id_team')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_word_list')),
    sa.UniqueConstraint('team_id', 'name', 'language', name=op.f('uq_word_list_team_id_name_language'))
    )
    op.create_table('access_rule',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('letter_id', sa.Integer(), nullable=True),
    sa.Column('team_id', sa.Integer(), nullable=True),
    sa.Column('verdict', sa.String(length=5), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('pattern', sa.String(length=254), nullable=False),
    sa.Column('shown', sa.String(length=254), nullable=False),
    sa.Column('reason', sa.String(length=1000), nullable=False),
    sa.Column('author', sa.String(length=254), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_access_rule_letter_id_letter')),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_access_rule_team_id_team')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_access_rule'))
    )
    with op.batch_alter_table('access_rule', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_access_rule_letter_id'), ['letter_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_access_rule_team_id'), ['team_id'], unique=False)

    op.create_table('bulk_decision',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=36), nullable=False),
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('decision', sa.String(length=10), nullable=False),
    sa.Column('criteria', sa.JSON(), nullable=False),
    sa.Column('reason', sa.String(length=1000), nullable=False),
    sa.Column('reason_class', sa.String(length=15), nullable=False),
    sa.Column('tell', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=254), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('confirmed_by', sa.String(length=254), nullable=False),
    sa.Column('seconded_by', sa.String(length=254), nullable=False),
    sa.Column('reversed_by', sa.String(length=254), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('matched', sa.Integer(), nullable=False),
    sa.Column('through', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('skipped', sa.Integer(), nullable=False),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_bulk_decision_letter_id_letter')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bulk_decision')),
    sa.UniqueConstraint('public_id', name=op.f('uq_bulk_decision_public_id'))
    )
    with op.batch_alter_table('bulk_decision', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_bulk_decision_letter_id'), ['letter_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_bulk_decision_state'), ['state'], unique=False)

    op.create_table('correction',
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('kind', sa.String(length=15), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('reason_class', sa.String(length=15), nullable=False),
    sa.Column('shard', sa.Integer(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_correction_letter_id_letter')),
    sa.PrimaryKeyConstraint('letter_id', 'day', 'kind', 'state', 'reason_class', 'shard', name=op.f('pk_correction'))
    )
    op.create_table('day_tally',
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('kind', sa.String(length=15), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('shard', sa.Integer(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_day_tally_letter_id_letter')),
    sa.PrimaryKeyConstraint('letter_id', 'day', 'kind', 'state', 'shard', name=op.f('pk_day_tally'))
    )
    op.create_table('spike',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('key', sa.String(length=254), nullable=False),
    sa.Column('hour', sa.DateTime(timezone=True), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('usual', sa.Double(), nullable=False),
    sa.Column('bulk_id', sa.Integer(), nullable=True),
    sa.Column('noticed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['bulk_id'], ['bulk_decision.id'], name=op.f('fk_spike_bulk_id_bulk_decision')),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_spike_letter_id_letter')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_spike')),
    sa.UniqueConstraint('letter_id', 'kind', 'key', 'hour', name=op.f('uq_spike_letter_id_kind_key_hour'))
    )
    op.create_table('bulk_item',
    sa.Column('bulk_id', sa.Integer(), nullable=False),
    sa.Column('signature_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state_before', sa.String(length=10), nullable=False),
    sa.Column('reversed', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['bulk_id'], ['bulk_decision.id'], name=op.f('fk_bulk_item_bulk_id_bulk_decision')),
    sa.ForeignKeyConstraint(['signature_id'], ['signature.id'], name=op.f('fk_bulk_item_signature_id_signature')),
    sa.PrimaryKeyConstraint('bulk_id', 'signature_id', name=op.f('pk_bulk_item'))
    )
    op.create_table('note',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('signature_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('author', sa.String(length=254), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['signature_id'], ['signature.id'], name=op.f('fk_note_signature_id_signature')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_note'))
    )
    with op.batch_alter_table('note', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_note_signature_id'), ['signature_id'], unique=False)

    op.create_table('report',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('signature_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason_class', sa.String(length=15), nullable=False),
    sa.Column('words', sa.String(length=500), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['signature_id'], ['signature.id'], name=op.f('fk_report_signature_id_signature')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report'))
    )
    with op.batch_alter_table('report', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_report_signature_id'), ['signature_id'], unique=False)

    op.create_table('takeover',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('signature_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('address_fingerprint', sa.String(length=64), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['signature_id'], ['signature.id'], name=op.f('fk_takeover_signature_id_signature')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_takeover')),
    sa.UniqueConstraint('signature_id', 'address_fingerprint', name=op.f('uq_takeover_signature_id_address_fingerprint'))
    )
    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.add_column(sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('holding', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('proof', sa.String(length=10), nullable=False, server_default='auto'))
        batch_op.add_column(sa.Column('protected_names', sa.JSON(), nullable=False, server_default='[]'))

    with op.batch_alter_table('member', schema=None) as batch_op:
        batch_op.add_column(sa.Column('fs_webauthn_user_handle', sa.String(length=64), nullable=True))
        batch_op.create_index(batch_op.f('ix_member_fs_webauthn_user_handle'), ['fs_webauthn_user_handle'], unique=True)

    with op.batch_alter_table('signature', schema=None) as batch_op:
        batch_op.add_column(sa.Column('network', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('hour', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('name_shape', sa.String(length=60), nullable=True))
        batch_op.add_column(sa.Column('flag_codes', sa.String(length=400), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('reports', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('level', sa.String(length=10), nullable=False, server_default='unverified'))
        batch_op.add_column(sa.Column('level_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('evidence', sa.String(length=1000), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('pinned', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('reason_class', sa.String(length=15), nullable=False, server_default=''))
        batch_op.create_index('ix_signature_hour', ['letter_id', 'hour'], unique=False)
        batch_op.create_index('ix_signature_mail_domain', ['letter_id', 'mail_domain'], unique=False)
        batch_op.create_index('ix_signature_network', ['letter_id', 'network'], unique=False)

    with op.batch_alter_table('signing_request', schema=None) as batch_op:
        batch_op.add_column(sa.Column('signals', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('network', sa.String(length=64), nullable=True))

    _fill()


def _fill() -> None:
    """Count and classify what is there already, as if it had come under this schema."""
    op.execute("INSERT INTO day_tally (letter_id, day, kind, state, shard, count) "
               "SELECT letter_id, signed_on, kind, state, 0, count(*) FROM signature GROUP BY letter_id, signed_on, kind, state")
    op.execute("UPDATE signature SET level = 'team', level_at = decided_at "
               "WHERE kind = 'organisation' AND state = 'published' AND decided_at IS NOT NULL")
    signature = sa.table("signature", sa.column("id"), sa.column("flags", sa.JSON), sa.column("flag_codes"))
    connection = op.get_bind()
    held = sa.select(signature.c.id, signature.c.flags).where(sa.column("state") == "held")
    for number, flags in connection.execute(held).all():
        codes = "".join(f"{code}|" for code in dict.fromkeys(flag["code"] for flag in flags or ()))
        if codes:
            connection.execute(signature.update().where(signature.c.id == number).values(flag_codes=f"|{codes}"[:400]))


def downgrade() -> None:
    with op.batch_alter_table('signing_request', schema=None) as batch_op:
        batch_op.drop_column('network')
        batch_op.drop_column('signals')

    with op.batch_alter_table('signature', schema=None) as batch_op:
        batch_op.drop_index('ix_signature_network')
        batch_op.drop_index('ix_signature_mail_domain')
        batch_op.drop_index('ix_signature_hour')
        batch_op.drop_column('reason_class')
        batch_op.drop_column('pinned')
        batch_op.drop_column('evidence')
        batch_op.drop_column('level_at')
        batch_op.drop_column('level')
        batch_op.drop_column('reports')
        batch_op.drop_column('flag_codes')
        batch_op.drop_column('name_shape')
        batch_op.drop_column('hour')
        batch_op.drop_column('network')

    with op.batch_alter_table('member', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_member_fs_webauthn_user_handle'))
        batch_op.drop_column('fs_webauthn_user_handle')

    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.drop_column('protected_names')
        batch_op.drop_column('proof')
        batch_op.drop_column('holding')
        batch_op.drop_column('closed_at')

    op.drop_table('takeover')
    with op.batch_alter_table('report', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_report_signature_id'))

    op.drop_table('report')
    with op.batch_alter_table('note', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_note_signature_id'))

    op.drop_table('note')
    op.drop_table('bulk_item')
    op.drop_table('spike')
    op.drop_table('day_tally')
    op.drop_table('correction')
    with op.batch_alter_table('bulk_decision', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_bulk_decision_state'))
        batch_op.drop_index(batch_op.f('ix_bulk_decision_letter_id'))

    op.drop_table('bulk_decision')
    with op.batch_alter_table('access_rule', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_access_rule_team_id'))
        batch_op.drop_index(batch_op.f('ix_access_rule_letter_id'))

    op.drop_table('access_rule')
    op.drop_table('word_list')
    with op.batch_alter_table('team_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_team_session_member_id'))

    op.drop_table('team_session')
    with op.batch_alter_table('reason_template', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reason_template_team_id'))

    op.drop_table('reason_template')
    with op.batch_alter_table('passkey', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_passkey_user_id'))

    op.drop_table('passkey')
    op.drop_table('suppression')
    with op.batch_alter_table('spent_proof', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_spent_proof_expires_at'))

    op.drop_table('spent_proof')
    op.drop_table('limit_setting')
    op.drop_table('audit_seal')
