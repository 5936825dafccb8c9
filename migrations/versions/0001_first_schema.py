"""first schema"""

import sqlalchemy as sa
from alembic import op


revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('audit_entry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_kind', sa.String(length=20), nullable=False),
    sa.Column('actor_name', sa.String(length=200), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=True),
    sa.Column('action', sa.String(length=60), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=True),
    sa.Column('object_kind', sa.String(length=30), nullable=False),
    sa.Column('object_id', sa.String(length=60), nullable=False),
    sa.Column('reason', sa.String(length=1000), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_entry'))
    )
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_entry_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_entry_team_id'), ['team_id'], unique=False)

    op.create_table('member',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('password', sa.String(length=255), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('fs_uniquifier', sa.String(length=64), nullable=False),
    sa.Column('tf_primary_method', sa.String(length=20), nullable=True),
    sa.Column('tf_totp_secret', sa.String(length=255), nullable=True),
    sa.Column('tf_last_counter', sa.Integer(), nullable=True),
    sa.Column('mf_recovery_codes', sa.JSON(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sees_all', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_member')),
    sa.UniqueConstraint('email', name=op.f('uq_member_email')),
    sa.UniqueConstraint('fs_uniquifier', name=op.f('uq_member_fs_uniquifier'))
    )
    op.create_table('outbox_mail',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.String(length=200), nullable=False),
    sa.Column('message', sa.String(length=30), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=False),
    sa.Column('recipient', sa.String(length=254), nullable=True),
    sa.Column('values', sa.JSON(), nullable=True),
    sa.Column('recipient_fingerprint', sa.String(length=64), nullable=False),
    sa.Column('scope', sa.String(length=60), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('queued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('leased_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('unknowns', sa.Integer(), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_error', sa.String(length=500), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_mail')),
    sa.UniqueConstraint('message_id', name=op.f('uq_outbox_mail_message_id'))
    )
    with op.batch_alter_table('outbox_mail', schema=None) as batch_op:
        batch_op.create_index('ix_outbox_mail_cap', ['recipient_fingerprint', 'scope', 'queued_at'], unique=False)
        batch_op.create_index('ix_outbox_mail_due', ['state', 'due_at'], unique=False)

    op.create_table('team',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('operator', sa.String(length=300), nullable=False),
    sa.Column('imprint', sa.Text(), nullable=False),
    sa.Column('logo', sa.LargeBinary(), nullable=True),
    sa.Column('logo_type', sa.String(length=20), nullable=False),
    sa.Column('logo_digest', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_team')),
    sa.UniqueConstraint('name', name=op.f('uq_team_name'))
    )
    op.create_table('letter',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=False),
    sa.Column('slug', sa.String(length=80), nullable=False),
    sa.Column('original_language', sa.String(length=20), nullable=False),
    sa.Column('status', sa.String(length=10), nullable=False),
    sa.Column('dated', sa.Date(), nullable=True),
    sa.Column('goal', sa.Integer(), nullable=True),
    sa.Column('opens', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closes', sa.DateTime(timezone=True), nullable=True),
    sa.Column('signatories', sa.String(length=15), nullable=False),
    sa.Column('review', sa.String(length=10), nullable=False),
    sa.Column('risk', sa.String(length=10), nullable=False),
    sa.Column('controller', sa.String(length=200), nullable=False),
    sa.Column('contact', sa.String(length=254), nullable=False),
    sa.Column('keep_until', sa.Date(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_letter_team_id_team')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter')),
    sa.UniqueConstraint('slug', name=op.f('uq_letter_slug'))
    )
    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_letter_team_id'), ['team_id'], unique=False)

    op.create_table('membership',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.String(length=10), nullable=False),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_membership_member_id_member'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_membership_team_id_team')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_membership')),
    sa.UniqueConstraint('member_id', 'team_id', name=op.f('uq_membership_member_id_team_id'))
    )
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_membership_team_id'), ['team_id'], unique=False)

    op.create_table('consent_sentence',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sentence', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_consent_sentence_letter_id_letter')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent_sentence')),
    sa.UniqueConstraint('letter_id', 'language', 'version', name=op.f('uq_consent_sentence_letter_id_language_version'))
    )
    op.create_table('country_tally',
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=15), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('shard', sa.Integer(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_country_tally_letter_id_letter')),
    sa.PrimaryKeyConstraint('letter_id', 'kind', 'country', 'shard', name=op.f('pk_country_tally'))
    )
    op.create_table('letter_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('major', sa.Integer(), nullable=False),
    sa.Column('minor', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_letter_version_letter_id_letter')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter_version')),
    sa.UniqueConstraint('letter_id', 'major', 'minor', name=op.f('uq_letter_version_letter_id_major_minor'))
    )
    op.create_table('tally',
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('major', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=15), nullable=False),
    sa.Column('origin', sa.String(length=10), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('visibility', sa.String(length=10), nullable=False),
    sa.Column('shard', sa.Integer(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_tally_letter_id_letter')),
    sa.PrimaryKeyConstraint('letter_id', 'major', 'kind', 'origin', 'state', 'visibility', 'shard', name=op.f('pk_tally'))
    )
    op.create_table('translation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=False),
    sa.Column('title', sa.String(length=300), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('place', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('senders', sa.JSON(), nullable=False),
    sa.Column('addressees', sa.JSON(), nullable=False),
    sa.Column('demands', sa.JSON(), nullable=False),
    sa.Column('events', sa.JSON(), nullable=False),
    sa.Column('action', sa.JSON(), nullable=True),
    sa.Column('loaded_digest', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_translation_letter_id_letter')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_translation')),
    sa.UniqueConstraint('letter_id', 'language', name=op.f('uq_translation_letter_id_language'))
    )
    op.create_table('letter_text',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version_id', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('canonical', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['letter_version.id'], name=op.f('fk_letter_text_version_id_letter_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letter_text'))
    )
    with op.batch_alter_table('letter_text', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_letter_text_fingerprint'), ['fingerprint'], unique=False)
        batch_op.create_index(batch_op.f('ix_letter_text_version_id'), ['version_id'], unique=False)

    op.create_table('signature',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('public_id', sa.String(length=36), nullable=False),
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('major', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('state_before', sa.String(length=10), nullable=False),
    sa.Column('origin', sa.String(length=10), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('address_fingerprint', sa.String(length=64), nullable=True),
    sa.Column('organisation_key', sa.String(length=200), nullable=True),
    sa.Column('listed', sa.Boolean(), nullable=False),
    sa.Column('search_text', sa.String(length=400), nullable=True),
    sa.Column('skeleton', sa.String(length=400), nullable=True),
    sa.Column('flags', sa.JSON(), nullable=False),
    sa.Column('website_host', sa.String(length=254), nullable=True),
    sa.Column('mail_domain', sa.String(length=254), nullable=True),
    sa.Column('signed_on', sa.Date(), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.String(length=254), nullable=False),
    sa.Column('reason', sa.String(length=1000), nullable=False),
    sa.Column('kind', sa.String(length=15), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('organisation', sa.String(length=200), nullable=False),
    sa.Column('role', sa.String(length=120), nullable=False),
    sa.Column('website', sa.String(length=300), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('comment', sa.Text(), nullable=False),
    sa.Column('visibility', sa.String(length=10), nullable=False),
    sa.Column('deliver', sa.Boolean(), nullable=False),
    sa.Column('updates', sa.Boolean(), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=False),
    sa.Column('consent_id', sa.Integer(), nullable=False),
    sa.Column('text_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['consent_id'], ['consent_sentence.id'], name=op.f('fk_signature_consent_id_consent_sentence')),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_signature_letter_id_letter')),
    sa.ForeignKeyConstraint(['text_id'], ['letter_text.id'], name=op.f('fk_signature_text_id_letter_text')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signature')),
    sa.UniqueConstraint('letter_id', 'organisation_key', name='uq_signature_organisation'),
    sa.UniqueConstraint('public_id', name=op.f('uq_signature_public_id'))
    )
    with op.batch_alter_table('signature', schema=None) as batch_op:
        batch_op.create_index('ix_signature_address', ['letter_id', 'address_fingerprint'], unique=False)
        batch_op.create_index('ix_signature_list', ['letter_id', 'state', 'listed', 'id'], unique=False)
        batch_op.create_index('ix_signature_list_kind', ['letter_id', 'state', 'listed', 'kind', 'id'], unique=False)
        batch_op.create_index('ix_signature_skeleton', ['letter_id', 'skeleton'], unique=False)
        batch_op.create_index('ix_signature_website_host', ['letter_id', 'website_host'], unique=False)
        batch_op.create_index('uq_signature_person', ['letter_id', 'address_fingerprint'], unique=True, sqlite_where=sa.text("kind = 'person'"), postgresql_where=sa.text("kind = 'person'"))

    op.create_table('signing_request',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('letter_id', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('address_fingerprint', sa.String(length=64), nullable=False),
    sa.Column('signature_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('mailed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.String(length=15), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('organisation', sa.String(length=200), nullable=False),
    sa.Column('role', sa.String(length=120), nullable=False),
    sa.Column('website', sa.String(length=300), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('comment', sa.Text(), nullable=False),
    sa.Column('visibility', sa.String(length=10), nullable=False),
    sa.Column('deliver', sa.Boolean(), nullable=False),
    sa.Column('updates', sa.Boolean(), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=False),
    sa.Column('consent_id', sa.Integer(), nullable=False),
    sa.Column('text_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['consent_id'], ['consent_sentence.id'], name=op.f('fk_signing_request_consent_id_consent_sentence')),
    sa.ForeignKeyConstraint(['letter_id'], ['letter.id'], name=op.f('fk_signing_request_letter_id_letter')),
    sa.ForeignKeyConstraint(['signature_id'], ['signature.id'], name=op.f('fk_signing_request_signature_id_signature')),
    sa.ForeignKeyConstraint(['text_id'], ['letter_text.id'], name=op.f('fk_signing_request_text_id_letter_text')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signing_request')),
    sa.UniqueConstraint('letter_id', 'digest', name=op.f('uq_signing_request_letter_id_digest'))
    )
    with op.batch_alter_table('signing_request', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_signing_request_address_fingerprint'), ['address_fingerprint'], unique=False)
        batch_op.create_index(batch_op.f('ix_signing_request_expires_at'), ['expires_at'], unique=False)

    op.create_table('link_token',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('purpose', sa.String(length=10), nullable=False),
    sa.Column('request_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('signature_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['request_id'], ['signing_request.id'], name=op.f('fk_link_token_request_id_signing_request')),
    sa.ForeignKeyConstraint(['signature_id'], ['signature.id'], name=op.f('fk_link_token_signature_id_signature')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_link_token')),
    sa.UniqueConstraint('digest', name=op.f('uq_link_token_digest'))
    )
    with op.batch_alter_table('link_token', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_link_token_request_id'), ['request_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_link_token_signature_id'), ['signature_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('link_token', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_link_token_signature_id'))
        batch_op.drop_index(batch_op.f('ix_link_token_request_id'))

    op.drop_table('link_token')
    with op.batch_alter_table('signing_request', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_signing_request_expires_at'))
        batch_op.drop_index(batch_op.f('ix_signing_request_address_fingerprint'))

    op.drop_table('signing_request')
    with op.batch_alter_table('signature', schema=None) as batch_op:
        batch_op.drop_index('uq_signature_person', sqlite_where=sa.text("kind = 'person'"), postgresql_where=sa.text("kind = 'person'"))
        batch_op.drop_index('ix_signature_website_host')
        batch_op.drop_index('ix_signature_skeleton')
        batch_op.drop_index('ix_signature_list_kind')
        batch_op.drop_index('ix_signature_list')
        batch_op.drop_index('ix_signature_address')

    op.drop_table('signature')
    with op.batch_alter_table('letter_text', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_letter_text_version_id'))
        batch_op.drop_index(batch_op.f('ix_letter_text_fingerprint'))

    op.drop_table('letter_text')
    op.drop_table('translation')
    op.drop_table('tally')
    op.drop_table('letter_version')
    op.drop_table('country_tally')
    op.drop_table('consent_sentence')
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_membership_team_id'))

    op.drop_table('membership')
    with op.batch_alter_table('letter', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_letter_team_id'))

    op.drop_table('letter')
    op.drop_table('team')
    with op.batch_alter_table('outbox_mail', schema=None) as batch_op:
        batch_op.drop_index('ix_outbox_mail_due')
        batch_op.drop_index('ix_outbox_mail_cap')

    op.drop_table('outbox_mail')
    op.drop_table('member')
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_entry_team_id'))
        batch_op.drop_index(batch_op.f('ix_audit_entry_at'))

    op.drop_table('audit_entry')
