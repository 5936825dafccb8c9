"""Whatever is sent, the answer is a clear 4xx, what was typed is kept, and nothing is half-stored."""

from html import unescape

import pytest
from sqlalchemy import select

from petition.audit import COMMAND_LINE
from petition.db import db
from petition.letters import operations as letters
from petition.outbox.models import OutboxMail
from petition.signatures.models import Signature, SigningRequest
from tests.factories import ANA, SIGN, UNION, ask, count, letter, now, sign

OVERRIDE = "\u202e"


def nothing_stored() -> bool:
    db.session.rollback()
    return db.session.scalar(select(SigningRequest)) is None and db.session.scalar(select(OutboxMail)) is None


REFUSED_NAMES = {
    "empty": "", "spaces": "   ", "no-break spaces": "\u00a0\u00a0", "zero width": "\u200b\u200b", "only marks": "...",
    "ten thousand letters": "a" * 10_000, "bidi override": f"Ana {OVERRIDE}elpmaS", "NUL": "Ana\x00Sample", "line feed": "Ana\nSample",
    "carriage return": "Ana\rSample", "isolate": "Ana \u2066x",
    "Hangul fillers": "\u3164\u115f\u1160\uffa0", "Braille blanks": "\u2800\u2800",
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED_NAMES.values(), ids=REFUSED_NAMES)
def test_a_name_that_is_none_is_refused_beside_its_field(client, name):
    letter()
    answer = client.post(SIGN, data=ANA | {"name": name, "comment": "Kept words"})
    assert answer.status_code == 422
    assert 'id="name-fault"' in answer.text
    assert "Kept words" in answer.text
    assert "ana@example.org" in answer.text
    assert nothing_stored()


ACCEPTED_NAMES = (
    "M",
    "Suharto",
    "O'Brien-Łęcki",
    "Nguyễn",
    "李",
    "محمد",
    "Գրիգոր",
    "José" + "\u0301"[:0],
    "Jose\u0301",
    "Siân ab Iorwerth",
    "می‌خواهم",
)


@pytest.mark.parametrize("name", ACCEPTED_NAMES)
def test_names_of_all_scripts_are_published_and_come_back_composed(client, name):
    import unicodedata

    letter()
    sign(client, **ANA | {"name": name})
    db.session.rollback()
    assert db.session.scalars(select(Signature)).one().name == unicodedata.normalize("NFC", name)
    assert count(client)["people"] == 1


HELD_NAMES = {
    "mixed scripts in one word": "Аna Sample", "a link": "Ana www.example.com", "a bare host": "freecasino.pl",
    "a bare IDN": "Ана казино.рф", "markup": "<b>Ana</b>", "template": "{{7*7}} Ana",
    "formula": "=HYPERLINK(1)", "plus": "+Ana", "full-width formula": "＝1+1",
}  # fmt: skip


@pytest.mark.parametrize("name", HELD_NAMES.values(), ids=HELD_NAMES)
def test_a_suspicious_name_is_held_and_shown_as_text_only(client, name):
    letter()
    token = sign(client, **ANA | {"name": name})
    assert count(client) | {"as_of": ""} == {"total": 0, "people": 0, "organisations": 0, "held": 1, "imported": 0, "as_of": ""}
    page = client.get(f"/signature/{token}").text
    assert "<b>Ana" not in page
    assert name in unescape(page)


def test_a_look_alike_of_somebody_on_display_is_held(client):
    letter()
    sign(client, **ANA)
    sign(client, **ANA | {"name": "Ana Sаmple", "email": "eve@example.org"})
    sign(client, **ANA | {"name": "Ana Sample", "email": "other.ana@example.org"})
    assert count(client)["people"] == 2
    assert count(client)["held"] == 1


def test_a_throw_away_mailbox_is_held(client):
    letter()
    sign(client, **ANA | {"email": "ana@mailinator.com"})
    assert count(client)["held"] == 1


REFUSED_ADDRESSES = (
    "", "ana", "ana@", "@example.org", "ana@example", "ana@localhost", "ana@[127.0.0.1]", "a@b@example.org",
    "ana@example.org, eve@example.org",
    "ana@example.org;eve@example.org", "ana@example.org\nBcc: eve@example.org", "Ana <ana@example.org>", "ana@exa mple.org",
    "ana@example..org", ".ana@example.org", "a" * 65 + "@example.org", "ana@" + "a" * 250 + ".org", "ana\x00@example.org",
)  # fmt: skip


@pytest.mark.parametrize("email", REFUSED_ADDRESSES, ids=range(len(REFUSED_ADDRESSES)))
def test_a_malformed_address_is_refused_beside_its_field(client, email):
    letter()
    answer = client.post(SIGN, data=ANA | {"email": email})
    assert answer.status_code == 422
    assert 'id="email-fault"' in answer.text
    assert nothing_stored()


LONGEST = "a" * 60 + "@" + ".".join(["b" * 59] * 3) + ".example.org"


@pytest.mark.parametrize("email", ["ana+letters@example.org", '"ana sample"@example.org', LONGEST, "ana@bücher.example.org"])
def test_unusual_but_good_addresses_are_accepted(client, email):
    letter()
    sign(client, **ANA | {"email": email})
    assert count(client)["people"] == 1


def test_an_international_domain_and_its_punycode_are_one_identity(client):
    letter()
    sign(client, **ANA | {"email": "ana@bücher.example.org"})
    sign(client, **ANA | {"email": "ANA@xn--bcher-kva.example.org"})
    assert count(client)["people"] == 1


REFUSED_WEBSITES = (
    "javascript:alert(1)", "data:text/html,x", "https://user:pass@example.org", "https://127.0.0.1/", "https://[::1]/",
    "/about", "//example.org",
    "ftp://example.org", "https://localhost", "https://", "https://example", "http://a b.org", "https://example.org\\@evil.example",
    "https://intranet.local", "x" * 400,
)  # fmt: skip


@pytest.mark.parametrize("website", REFUSED_WEBSITES)
def test_a_website_that_is_none_is_refused(client, website):
    letter()
    answer = client.post(SIGN, data=UNION | {"website": website})
    assert answer.status_code == 422
    assert 'id="website-fault"' in answer.text
    assert nothing_stored()


def test_a_look_alike_host_is_flagged(client):
    letter()
    sign(client, **UNION | {"website": "https://аррӏе.com"})
    flags = db.session.scalars(select(Signature)).one().flags
    assert {"code": "look_alike_host", "field": "website"} in flags


WRONG_FIELDS = {
    "no consent": {"consent": ""}, "consent said no": {"consent": "off"}, "unknown kind": {"kind": "robot"},
    "unknown visibility": {"visibility": "loud"}, "unknown country": {"country": "XX"}, "long comment": {"comment": "x" * 1001},
    "organisation without a name": {"kind": "organisation", "organisation": " "},
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_FIELDS.values(), ids=WRONG_FIELDS)
def test_a_wrong_field_is_refused_and_everything_typed_is_kept(client, wrong):
    letter()
    answer = client.post(SIGN, data=ANA | wrong)
    assert answer.status_code == 422
    assert "Ana Sample" in answer.text
    assert 'role="alert"' in answer.text
    assert nothing_stored()


def test_consent_in_the_query_string_is_no_consent(client):
    letter()
    assert client.post(SIGN + "?consent=yes", data={key: ANA[key] for key in ("name", "email")}).status_code == 422


def test_unknown_fields_are_ignored(client):
    letter()
    assert client.post(SIGN, data=ANA | {"state": "published", "is_admin": "1"}).status_code == 303


REQUESTS = {
    "a field a thousand times": ({"data": {"name": ["x"] * 1000}}, 400),
    "fifty megabytes": ({"data": b"name=" + b"x" * 50_000_000, "content_type": "application/x-www-form-urlencoded"}, 413),
    "JSON": ({"json": ANA}, 415),
    "from another site": ({"data": ANA, "headers": {"Sec-Fetch-Site": "cross-site"}}, 403),
    "a foreign origin": ({"data": ANA, "headers": {"Origin": "https://evil.example"}}, 403),
    "same origin": ({"data": ANA, "headers": {"Sec-Fetch-Site": "same-origin"}}, 303),
    "own origin": ({"data": ANA, "headers": {"Origin": "http://localhost"}}, 303),
    "a null origin": ({"data": ANA, "headers": {"Origin": "null"}}, 303),
    "no origin": ({"data": ANA}, 303),
}


@pytest.mark.parametrize(("request_", "status"), REQUESTS.values(), ids=REQUESTS)
def test_requests_are_judged_before_they_are_read(client, request_, status):
    letter()
    assert client.post(SIGN, **request_).status_code == status
    assert nothing_stored() is (status != 303)


def test_a_body_of_unknown_length_is_refused_rather_than_cut(client):
    letter()
    body = {"data": b"name=Ana", "content_type": "application/x-www-form-urlencoded"}
    environ = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    assert client.post(SIGN, **body, environ_overrides=environ).status_code == 411


@pytest.mark.parametrize("path", ["/hy", "/letters//open-the-road", "/admin"])
def test_a_foreign_host_header_never_reaches_a_redirect(client, path):
    letter()
    answer = client.get(path, headers={"Host": "evil.example"})
    assert answer.status_code == 308
    assert answer.headers["Location"].startswith("/")
    assert not answer.headers["Location"].startswith("//")
    assert "evil" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_foreign_host_header_never_reaches_a_mail(client):
    letter()
    client.post(SIGN, data=ANA, headers={"Host": "evil.example"})
    values = db.session.scalars(select(OutboxMail)).one().values
    assert values["letter_address"] == "http://localhost/letters/open-the-road"


def test_a_letter_closed_between_load_and_send_is_409_with_what_was_typed(client):
    found = letter()
    letters.set_status(found, "closed", actor=COMMAND_LINE, now=now())
    answer = client.post(SIGN, data=ANA)
    assert answer.status_code == 409
    assert "Ana Sample" in answer.text
    assert nothing_stored()


def test_a_letter_edited_between_load_and_send_is_409_with_what_was_typed(client):
    letter()
    answer = client.post(SIGN, data=ANA | {"version": "0.9"})
    assert answer.status_code == 409
    assert "The letter changed while you were reading" in answer.text
    assert "Ana Sample" in answer.text


@pytest.mark.parametrize(("takes", "who"), [("people", UNION), ("organisations", ANA)])
def test_the_wrong_kind_for_a_letter_is_told_who_may_sign(client, takes, who):
    letter(more=f"signatories: {takes}\n")
    answer = client.post(SIGN, data=who)
    assert answer.status_code == 422
    assert f"Only {takes} sign this letter." in answer.text
    assert who["email"] in answer.text
    assert nothing_stored()


def test_a_form_open_for_three_days_still_signs(client):
    letter()
    page = client.get("/letters/open-the-road").text
    digest = page.partition('name="consent" value="')[2].partition('"')[0]
    assert len(digest) == 16
    assert client.post(SIGN, data=ANA | {"consent": digest, "version": "1"}).status_code == 303
    assert client.post(SIGN, data=ANA | {"consent": "0" * 16, "version": "1"}).status_code == 409


def test_tokens_that_lead_nowhere_are_404_and_mail_wrapping_is_forgiven(client):
    letter()
    token = ask(client, **ANA)
    for wrong in (token[:-2], token + "xx", "short", "x" * 2000, "../../etc", "%00", token.swapcase()):
        assert client.get(f"/signature/{wrong}").status_code == 404, wrong
        assert client.post(f"/signature/{wrong}", data={"action": "confirm"}).status_code == 404
    for wrapped in (".", ">", ")."):
        assert client.get(f"/signature/{token}{wrapped}").status_code == 200
    assert count(client)["total"] == 0


def test_an_expired_link_is_404_and_signs_nothing(client):
    import time_machine

    letter()
    token = ask(client, **ANA)
    with time_machine.travel(now().timestamp() + 7 * 86_400 + 1):
        assert client.post(f"/signature/{token}", data={"action": "confirm"}).status_code == 404
        assert count(client)["total"] == 0


def test_pressing_the_button_twice_is_pressing_it_once(client):
    letter()
    token = ask(client, **ANA)
    outcomes = [client.post(f"/signature/{token}", data={"action": "confirm"}).headers["Location"][-9:] for _ in range(2)]
    assert outcomes == ["published", "=standing"]
    assert count(client)["people"] == 1
