"""What a seizure of the server yields: every column that holds something about a person, in which form, until when.

The privacy page is made from this list. tests/house/test_nothing_kept_is_left_out.py fails for a column that is in none of its
entries and not among those that tell of nobody, and for a term that is not the one the rules of retention go by.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from petition.deliveries import keeping
from petition.errors import N_
from petition.imports import staging
from petition.outbox import tally
from petition.signatures import operations, takeovers
from petition.upkeep import retention

TYPED, RECORDED = N_("as typed"), N_("as recorded, for the team only")
FOR_THE_TEAM, FINGERPRINT = N_("as typed, for the team only"), N_("only a keyed fingerprint")
UNCONFIRMED = N_("you confirm, say it was not you, or 7 days")
TERM = N_("you withdraw, or the term the letter names")
FOR_GOOD = N_("the letter is deleted; after you withdraw, nothing beside them leads to you")
WORDS = "kind name organisation latin_name role website country comment"


@dataclass(frozen=True)
class Kept:
    """One thing that is kept: what, in which form, until when, and the columns that hold it.

    `terms` are the lengths of time that `until` names.
    """

    what: str
    form: str
    until: str
    columns: dict[str, str] = field(default_factory=dict)
    terms: tuple[timedelta, ...] = ()


SIGNATORIES = (
    Kept(
        N_("Address before you confirm"), TYPED, UNCONFIRMED,
        {"signing_request": "letter_id digest email address_fingerprint signature_id created_at mailed_at expires_at reminded_at"
         " code_tries"},
        (operations.CONFIRM_WITHIN,),
    ),
    Kept(
        N_("The tag of the link you came by, such as ?s=newsletter, where it has one"),
        N_("with your request; afterwards only as one more in a number of the letter"), UNCONFIRMED,
        {"signing_request": "source"}, (operations.CONFIRM_WITHIN,),
    ),
    Kept(N_("Address of a person after confirming"), FINGERPRINT, N_("you withdraw"), {"signature": "address_fingerprint"}),
    Kept(
        N_("That you withdrew"),
        N_("only a keyed digest of the letter and your address, so that no imported list brings you back; you can sign again yourself"),
        N_("the term the letter names"), {"departure": "letter_id digest"},
    ),
    Kept(
        N_("Address of somebody who asked for news"), TYPED,
        N_("you stop the news or withdraw, at most six months after the letter closes"), {"signature": "email updates"}, (retention.NEWS,),
    ),
    Kept(
        N_("Address of somebody who asked for news without signing"), TYPED,
        N_("you stop the news, 7 days if you never confirm, at most six months after the letter closes"),
        {"follower": "letter_id email address_fingerprint language digest confirmed_at expires_at"},
        (operations.CONFIRM_WITHIN, retention.NEWS),
    ),
    Kept(
        N_("That an update was mailed to you"), N_("only a keyed fingerprint and the mail domain, so that nobody gets it twice"),
        N_("30 days after the mailing ended"),
        {"mailing_recipient": "mailing_id fingerprint domain source source_id fed_at"}, (retention.SENT,),
    ),
    Kept(
        N_("Name and address of a signature that is held"), TYPED, N_("the decision, at most 30 days for the address"),
        {"signature": "name email"}, (retention.HELD,),
    ),
    Kept(
        N_("Name and address of an organisation's representative"), FOR_THE_TEAM,
        N_("the entry is withdrawn, or 30 days after it was rejected"), {"signature": "name email"}, (retention.REPRESENTATIVE,),
    ),
    Kept(
        N_("Mail domain, hour of confirming, network, and the pattern of capitals, small letters and digits in the name"),
        N_("for the team only, so that floods of fakes are found; the network as a keyed hash"),
        N_("72 hours after publication; if the entry is held, the decision; withdrawn or rejected, at once"),
        {"signature": "mail_domain network hour name_shape", "signing_request": "network signals"}, (retention.CLUES,),
    ),
    Kept(
        N_("Mail domain or network that a flood came from"), N_("the domain as it is, the network as a keyed hash"), N_("30 days"),
        {"spike": "letter_id kind key hour count usual bulk_id noticed_at"}, (retention.WAVE,),
    ),
    Kept(
        N_("What was decided about a signature, why it waited, and how an organisation was checked"), RECORDED, FOR_GOOD,
        {
            "signature": "state state_before appeared flags flag_codes level level_at evidence pinned decided_at decided_by reason"
            " reason_class",
            "bulk_item": "bulk_id signature_id state_before done reversed decided_at decided_by pinned",
        },
    ),
    Kept(
        N_("What the team notes about a signature that is checked, its questions and your answers"), FOR_THE_TEAM, TERM,
        {"note": "signature_id kind author words at"},
    ),
    Kept(
        N_("Name and address of somebody who asks to represent an organisation's entry"), FOR_THE_TEAM,
        N_("the team's decision, at most 30 days"),
        {"takeover": "signature_id name email address_fingerprint language asked_at"}, (takeovers.KEPT,),
    ),
    Kept(
        N_("What a reader writes when reporting an entry"), FOR_THE_TEAM, N_("the team's decision, at most 90 days"),
        {"report": "signature_id reason_class words at", "signature": "reports"}, (retention.REPORTED,),
    ),
    Kept(
        N_("Mail that waits to be sent"), N_("address and link as they are"),
        N_("it is sent; for 30 days afterwards only a keyed fingerprint and the mail domain"),
        {"outbox_mail": "recipient values recipient_fingerprint domain message language scope last_error queued_at finished_at"},
        (retention.SENT,),
    ),
    Kept(
        N_("Links in our mails that lead to a signature"), N_("only a digest, from which the link cannot be made"),
        N_("7 days; once used, as long as the signature"),
        {"link_token": "digest purpose request_id signature_id expires_at"}, (operations.CONFIRM_WITHIN,),
    ),
    Kept(
        N_("Mail domain of the mails we send"), N_("only how many went to it on a day and what became of them, for the team"),
        N_("30 days; 72 hours where they are fewer than ten"),
        {"mail_tally": "day about domain state count"}, (tally.KEPT, tally.SMALL_KEPT),
    ),
    Kept(
        N_("Name, affiliation, role, comment, country"), TYPED, TERM,
        {
            "signature": f"public_id {WORDS} search_text skeleton organisation_key website_host listed visibility",
            "signing_request": WORDS,
        },
    ),
    Kept(
        N_("Name of a person counted without a name"), N_("erased, unless you agreed that it is handed to the addressees"),
        N_("publication; if you agreed to it, 30 days after the delivery"),
        {"signature": "name deliver", "signing_request": "deliver visibility"}, (retention.DELIVERED,),
    ),
    Kept(
        N_("Files with signatories that the team has prepared to take away"), N_("what the list shows, for one member of the team only"),
        N_("24 hours, or as soon as somebody in them withdraws"),
        {"prepared_file": "public_id letter_id member_id format wanted asked_at finished_at"}, (keeping.KEPT,),
    ),
    Kept(
        N_("To which addressees a signature was handed"), N_("as a note beside the signature, seen only through its own link"), FOR_GOOD,
        {"delivery_item": "delivery_id signature_id visibility handed changed"},
    ),
    Kept(
        N_("Rows of a list that the team imports"), FOR_THE_TEAM, N_("they are imported, at most 24 hours"),
        {"import_row": "batch_id line digest address_fingerprint organisation_key values", "import_batch": "file_name sha256"},
        (staging.KEPT,),
    ),
    Kept(
        N_("With which list a signature was imported"), N_("only a digest of its row"), TERM,
        {"signature": "origin import_id import_digest"},
    ),
    Kept(
        N_("Address of somebody who stopped all mail from this site"), FINGERPRINT,
        N_("you allow mail again; we keep it as long as you want no mail"), {"suppression": "fingerprint since reason"},
    ),
    Kept(
        N_("Address or network on a team's allow or block list"),
        N_("an address only as a keyed fingerprint; a network as the team typed it, never narrower than a whole network"),
        N_("the entry is removed, or 30 days after it ends"),
        {"access_rule": "letter_id verdict kind pattern shown reason expires_at"}, (retention.ENDED,),
    ),
    Kept(
        N_("Names that a team protects from misuse"), FOR_THE_TEAM, N_("the team removes them"),
        {"letter": "protected_names", "word_list": "team_id name language words"},
    ),
    Kept(
        N_("Names and addresses of officials whom readers are asked to write to"), N_("as the team typed them, shown to everybody"),
        N_("the team removes them, or the term the letter names"), {"contact": "letter_id country name role email language"},
    ),
    Kept(
        N_("Which signatures a message to a team's own program is about"), RECORDED, N_("30 days"),
        {"webhook_delivery": "payload letter_id event queued_at finished_at"}, (retention.SENT,),
    ),
    Kept(
        N_("Day of signing, language, version of the text, sentence agreed to"), N_("as recorded"), FOR_GOOD,
        {
            "signature": "letter_id major signed_on language consent_id text_id",
            "signing_request": "language consent_id text_id updates",
        },
    ),
)  # fmt: skip
TEAM = (
    Kept(
        N_("Address, role, language and wanted mails of a member of the team"), TYPED, N_("the member is removed"),
        {
            "member": "email active created_at sees_all language", "membership": "member_id team_id role",
            "mail_choice": "member_id milestones digest", "digest": "member_id through claimed_at mailed",
        },
    ),
    Kept(
        N_("Password, second factor and passkeys of a member of the team"),
        N_("the password as a hash; second factor and recovery codes encrypted with the site's secret key; of passkeys the public part"),
        N_("the member is removed"),
        {
            "member": "password fs_uniquifier tf_primary_method tf_totp_secret tf_last_counter mf_recovery_codes fs_webauthn_user_handle",
            "passkey": "user_id credential_id public_key sign_count transports backup_state device_type extensions name usage"
            " create_datetime lastuse_datetime",
        },
    ),
    Kept(
        N_("When a member of the team logged in"), N_("beside a digest that leads into no account"), N_("30 days"),
        {"team_session": "digest member_id began_at seen_at ended_at"}, (retention.SESSIONS,),
    ),
    Kept(
        N_("What a member of the team did, and why"), N_("as recorded, without names of signatories"), N_("24 months"),
        {
            "audit_entry": "at actor_kind actor_name member_id action team_id object_kind object_id reason details",
            "bulk_decision": "criteria reason created_at created_by confirmed_at confirmed_by seconded_by reversed_by",
            "import_batch": "created_at created_by confirmed_at confirmed_by taken_back_by",
        },
        (retention.TRAIL,),
    ),
    Kept(
        N_("Who of the team set a limit, a list entry or a webhook, or noted a delivery"), RECORDED, N_("that is removed"),
        {"limit_setting": "changed_by changed_at", "access_rule": "author created_at", "webhook": "created_by created_at",
         "delivery": "delivered_by"},
    ),
)  # fmt: skip

# Columns that tell of nobody: numbers of things, words that are public, and states of work.
OF_NOBODY = {
    "access_rule": "team_id",
    "audit_seal": "number entry_id day digest",
    "bulk_decision": "public_id letter_id decision reason_class tell state finished_at matched through position done skipped leased_until",
    "consent_sentence": "letter_id language version sentence",
    "correction": "letter_id day kind state reason_class shard count",
    "country_tally": "letter_id kind country shard count",
    "day_tally": "letter_id day kind state shard count",
    "delivery": "reference letter_id text_id addressee choice handed state counts files asked_at made_at fetched_at delivered_on noted_at"
    " response_on response",
    "flow_tally": "letter_id series key shard count",
    "import_batch": "public_id letter_id report state rows done skipped returned position finished_at leased_until terms"
    " changed",
    "language_tally": "letter_id kind language shard count",
    "letter": "team_id slug original_language status dated goal opens closes signatories review risk controller contact keep_until"
    " created_at preview_token gathering publishes_at archived closed_at holding proof",
    "letter_text": "version_id language fingerprint canonical created_at",
    "letter_update": "public_id letter_id number state revision created_at changed_at published_at taken_down_at",
    "letter_version": "letter_id major minor created_at asked_at asked_until",
    "limit_setting": "name count seconds",
    "mailing": "letter_id update_id kind state source position gathered fed sent returned complained failed started_at expires_at"
    " finished_at",
    "milestone": "letter_id kind number reached_at",
    "outbox_mail": "message_id bulk state due_at expires_at leased_until attempts unknowns",
    "prepared_file": "delivery_id state total done tries bytes fault leased_until",
    "reason_template": "team_id reason_class words",
    "share_text": "letter_id language text",
    "spent_proof": "digest expires_at",
    "tally": "letter_id major kind origin state visibility shard count",
    "team": "name operator imprint logo logo_type logo_digest",
    "translation": "letter_id language title summary place body senders addressees demands events action loaded_digest made_from",
    "unfinished_translation": "letter_id language typed made_from saved_at",
    "update_text": "update_id language title body corrected_on",
    "webhook": "public_id team_id url events salt failures failing_since retry_at disabled_at disabled_why",
    "webhook_delivery": "hook_id message_id state leased_until attempts answer",
}
