"""Every mail is one plain letter in two forms, in the reader's language, with nothing in it that a stranger chose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from jinja2 import DictLoader, TemplateError

from petition.config import Config, data_folder
from petition.outbox import suppression
from petition.outbox.models import OutboxMail
from petition.outbox.rendering import render
from tests import pseudo
from tests.conftest import settings
from tests.mailing import WORDS
from tests.smtp_server import body

SITE = "https://letters.example.org"
ENTRY = f"{SITE}/admin/reset/token"
TO_MEMBERS = {"admin": f"{SITE}/admin/letters", "account": f"{SITE}/admin/account#mail"}
LETTER = {
    "title": "The road", "admin": f"{SITE}/admin/letters", "new": 3, "held": 2, "oldest": "2 June 2026", "reports": 1,
    "failed": 4,
}  # fmt: skip
QUIET = {"title": "", "admin": f"{SITE}/admin/letters", "new": 1, "held": 0, "oldest": "", "reports": 0, "failed": 0}
NEWS = {
    "title": "The council answers", "body": "It opens the road.", "body_html": "<p>It opens the road.</p>", "body_language": "en",
    "body_direction": "ltr", "update_address": f"{SITE}/letters/road/updates/1", "unsubscribe": f"{SITE}/subscription/{'A' * 72}",
    "signed": False,
}  # fmt: skip
CASES: list[tuple[str, dict[str, Any]]] = [
    ("verify", {}),
    ("verify", {"kind": "organisation"}),
    ("expose", {}),
    ("find", {}),
    ("find", {"links": []}),
    ("find", {"links": [{"token": "one", "kind": "person"}, {"token": "two", "kind": "organisation"}]}),
    *[("takeover", {"outcome": outcome, "token": None}) for outcome in ("replaced", "refused")],
    ("takeover", {"outcome": "approved"}),
    ("takeover", {"outcome": "refused", "token": None, "reason": "We know another speaker.\nPlease write to us."}),
    *[("decision", {"decision": decision}) for decision in ("published", "rejected", "held")],
    ("question", {}),
    *[
        ("invitation", {"team": "The road team", "role": role, "by": "owner@example.org", "newcomer": newcomer, "address": ENTRY})
        for role, newcomer in (("owner", True), ("viewer", False))
    ],
    ("remind", {}),
    ("follow", {"standing": False, "prefix": "/hy"}),
    ("update", NEWS | {"signed": True}),
    ("last_call", NEWS | {"closes": "4 July 2026"}),
    ("decision", {"decision": "rejected", "reason": "This is no name.\nPlease sign again.", "token": None}),
    *[("milestone", {"kind": kind, "number": 250, "total": 252} | TO_MEMBERS) for kind in ("number", "goal")],
    ("digest", {"digest": "daily", "first": "1 July 2026", "last": "1 July 2026", "letters": [LETTER]} | TO_MEMBERS),
    ("digest", {"digest": "weekly", "first": "1 July 2026", "last": "7 July 2026", "letters": [LETTER, LETTER | QUIET]} | TO_MEMBERS),
]
TYPED = {
    "name": "Ана Stranger", "organisation": "Stranger Ltd", "comment": "stranger.example/win",
    "email": "stranger@evil.example", "website": "https://stranger.example", "role": "Strangest",
}  # fmt: skip


@pytest.fixture
def invented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Must be asked for before the application."""
    with pseudo.spoken(tmp_path_factory.mktemp("pseudo")):
        yield


@pytest.fixture
def config(sqlite_app: Flask) -> Config:
    found = sqlite_app.config["PETITION"]
    assert isinstance(found, Config)
    return settings(found.instance, base_url=SITE, operator="Ana & Friends <team@example.org>")


def _mail(message: str = "verify", language: str = "en", to: str = "ana@example.org", **values: Any) -> OutboxMail:
    return OutboxMail(
        id=1, message_id="0f3c", message=message, language=language, recipient=to, values=WORDS | values,
        queued_at=datetime(2026, 7, 1, 12, tzinfo=UTC), recipient_fingerprint="ab" * 32,
    )  # fmt: skip


def _words(html: str) -> str:
    """What a reader of the HTML sees."""
    inside = re.sub(r"(?s)<head>.*</head>", "", html)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", inside)).split())


def _links(html: str) -> list[str]:
    return [str(given["href"]) for tag, given in _Markup(html).tags if tag == "a"]


class _Markup(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("protected", [False, True])
@pytest.mark.parametrize(("message", "values"), CASES)
def test_text_and_html_say_the_same_in_the_readers_direction(
    config: Config, message: str, values: dict[str, Any], protected: bool, language: str
) -> None:
    found = render(_mail(message, language, protected=protected, **values), config)
    text, html = body(found, "plain"), body(found, "html")
    assert found["Subject"]
    assert "\n" not in found["Subject"]
    assert found["Content-Language"] == language
    seen = _words(html) + " ".join(_links(html))
    for line in text.replace("-- \n", "").splitlines():
        assert " ".join(line.split()) in seen
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in html
    assert "\n\n\n" not in text
    assert "%(" not in text + html + str(found["Subject"])
    assert "Ana & Friends <team@example.org>" in text


SPIKE = {"count": 90, "hour": "12:00", "usual": "3", "link": f"{SITE}/admin/bulk/1"}
MORE: list[tuple[str, dict[str, Any]]] = [
    ("renew", {}),
    ("update_test", NEWS),
    ("webhook", {"host": "hooks.example.org", "page": f"{SITE}/admin/webhooks/1"}),
    ("spike", {"spikes": [SPIKE | {"kind": kind} for kind in ("domain", "network", "letter")]} | TO_MEMBERS),
]  # fmt: skip


def test_no_mail_says_a_word_outside_the_catalogue(invented: None, config: Config) -> None:
    """In an invented language every sentence stands between marks; what is left is what people wrote."""
    written = (
        "Ana & Friends", WORDS["letter_title"], *str(WORDS["question"]).split("\n"), NEWS["title"], NEWS["body"], "The road team",
        "The road", "We know another speaker.", "Please write to us.", "This is no name.", "Please sign again.", "2 June 2026",
    )  # fmt: skip
    for message, values in CASES + MORE:
        for protected in (False, True):
            found = render(_mail(message, pseudo.LANGUAGE, protected=protected, **values), config)
            for said in (str(found["Subject"]), body(found, "plain"), _words(body(found, "html"))):
                assert pseudo.outside(said, written) == [], (message, said)
    subjects = {each.name.removesuffix(".subject.txt") for each in (data_folder("templates") / "mail").glob("*.subject.txt")}
    assert subjects == {message for message, _ in CASES + MORE}


@pytest.mark.parametrize("protected", [False, True])
@pytest.mark.parametrize(("message", "values"), CASES)
def test_a_mail_fetches_nothing_and_leads_only_to_the_site(
    config: Config, message: str, values: dict[str, Any], protected: bool
) -> None:  # fmt: skip
    address = {"letter_address": f"{SITE}/letters/road"}
    html = body(render(_mail(message, protected=protected, **values | address), config), "html")
    tags = {tag for tag, _ in _Markup(html).tags}
    assert tags <= {"html", "head", "meta", "title", "body", "div", "p", "a", "br", "bdi", "blockquote"}
    assert "url(" not in html
    assert "@import" not in html
    assert all(link.startswith(SITE) for link in _links(html))


@pytest.mark.parametrize("protected", [False, True])
@pytest.mark.parametrize("message", sorted({message for message, _ in CASES} - suppression.TO_THE_TEAM))
def test_every_mail_says_how_to_stop_them_all(config: Config, message: str, protected: bool) -> None:
    found = render(_mail(message, protected=protected), config)
    link = f"{SITE}/mail/stop/{suppression.token('ab' * 32, config)}"
    assert f"\nStop all mail from this site to this address:\n{link}\n" in body(found, "plain")
    assert _links(body(found, "html")).count(link) == 1


@pytest.mark.parametrize(("language", "prefix"), [("en", ""), ("hy", "/hy"), ("pl", "")])
def test_the_page_that_stops_mail_speaks_the_mails_language_where_it_can(config: Config, language: str, prefix: str) -> None:
    assert f"\n{SITE}{prefix}/mail/stop/" in body(render(_mail(language=language), config), "plain")


@pytest.mark.parametrize("message", sorted(suppression.TO_THE_TEAM))
def test_a_mail_to_the_team_does_not_offer_to_stop_the_teams_work(sqlite_app: Flask, config: Config, message: str) -> None:
    layout = (data_folder("templates") / "mail" / "layout.txt").read_text(encoding="utf-8")
    sqlite_app.jinja_env.loader = DictLoader({f"mail/{message}.{end}": layout for end in ("subject.txt", "txt", "html")})
    assert "/mail/stop/" not in body(render(_mail(message), config), "plain")


@pytest.mark.parametrize("message", ["verify", "expose"])
def test_the_link_stands_in_both_forms_and_on_the_site_of_the_settings_alone(config: Config, message: str) -> None:
    found = render(_mail(message), config)
    link = f"{SITE}/signature/{WORDS['token']}"
    assert f"\n{link}\n" in body(found, "plain")
    assert _links(body(found, "html")).count(link) == 2, "as a button, and in full"


@pytest.mark.parametrize(("message", "values"), CASES)
def test_nothing_a_stranger_typed_is_in_a_mail(config: Config, message: str, values: dict[str, Any]) -> None:
    whole = render(_mail(message, **values | TYPED), config)
    said = f"{whole['Subject']} {body(whole, 'plain')} {body(whole, 'html')}"
    assert not [typed for typed in TYPED.values() if typed in said]


@pytest.mark.parametrize(("message", "values"), CASES)
def test_of_a_protected_letter_no_mail_speaks(config: Config, message: str, values: dict[str, Any]) -> None:
    told = {"letter_title": "Freedom for the nine", "letter_address": f"{SITE}/letters/nine"}
    reason = {"reason": "The nine thank you."} if values.get("reason") else {}
    mail = render(_mail(message, protected=True, **values | told | reason), config)
    said = f"{mail['Subject']} {body(mail, 'plain')} {_words(body(mail, 'html'))}"
    without_links = re.sub(r"https://\S+", "", said).lower()
    for word in ("nine", "letter", "sign"):
        assert word not in without_links
    assert "/letters/" not in said + body(mail, "html")


def test_a_mail_about_a_find_has_the_same_subject_whether_there_was_one(config: Config) -> None:
    for protected in (False, True):
        found = render(_mail("find", protected=protected), config)
        nothing = render(_mail("find", protected=protected, links=[]), config)
        assert found["Subject"] == nothing["Subject"]


def test_markup_in_a_title_is_shown_as_text(config: Config) -> None:
    found = render(_mail(letter_title='<b>Bread</b> & "roses" {{ site }}'), config)
    assert '<b>Bread</b> & "roses" {{ site }}' in body(found, "plain")
    assert "<b>" not in body(found, "html")
    assert "&lt;b&gt;Bread" in body(found, "html")


@pytest.mark.parametrize("separator", ["\r\n", "\n", "\r", "\x85", "\u2028", "\x0b"])
def test_a_title_begins_no_second_header(config: Config, separator: str) -> None:
    found = render(_mail(letter_title=f"Bread{separator}Bcc: everybody@example.org"), config)
    assert found["Bcc"] is None
    assert found["Subject"] == "Please confirm your signature: Bread Bcc: everybody@example.org"
    head = found.as_bytes().split(b"\r\n\r\n")[0]
    assert not re.search(rb"(?mi)^bcc:", head)


@pytest.mark.parametrize("to", ["ana@example.org\r\nBcc: ben@example.org", "ana@example.org\nx", "ana\r@example.org"])
def test_an_address_begins_no_second_header(config: Config, to: str) -> None:
    with pytest.raises(ValueError):
        render(_mail(to=to), config)


@pytest.mark.parametrize("to", ["ana@example.org, ben@example.org", "ana@example.org> <ben@example.org"])
def test_two_addresses_in_one_are_never_two_recipients(config: Config, to: str) -> None:
    (only,) = render(_mail(to=to), config)["To"].addresses
    assert only.domain == "example.org"
    assert only.addr_spec.startswith('"ana@example.org'), "the first is part of a quoted local part that nobody has"


@pytest.mark.parametrize(
    ("address", "envelope", "international"),
    [
        ("ana@bücher.example", "ana@xn--bcher-kva.example", False),
        ("jürgen@bücher.example", "jürgen@xn--bcher-kva.example", True),
        ('"ana maria"@example.org', '"ana maria"@example.org', False),
        ("o'brien+letters@example.org", "o'brien+letters@example.org", False),
    ],
)
def test_the_domain_is_spelled_so_that_every_server_can_read_it(
    config: Config, address: str, envelope: str, international: bool
) -> None:  # fmt: skip
    found = render(_mail(to=address, letter_title="Հաց և վարդեր"), config)
    assert found["To"].addresses[0].addr_spec == envelope
    assert found.as_bytes().isascii() is not international
    assert found["Subject"].endswith("Հաց և վարդեր")


@pytest.mark.parametrize(("language", "number"), [("en", "1,234,567"), ("ru", "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567")])
def test_a_mail_speaks_its_readers_language(sqlite_app: Flask, config: Config, language: str, number: str) -> None:
    probe = dict.fromkeys(("mail/probe.subject.txt", "mail/probe.txt", "mail/probe.html"), "{{ signed | number }}")
    sqlite_app.jinja_env.loader = DictLoader(probe)
    found = render(_mail("probe", language, signed=1234567), config)
    assert {found["Subject"], body(found, "plain").strip(), body(found, "html").strip()} == {number}
    assert found.as_bytes().isascii(), "short lines too are encoded for servers that know seven bits only"


def test_every_try_is_the_same_mail_to_the_byte(config: Config) -> None:
    first, second = render(_mail(), config), render(_mail(), config)
    assert first.as_bytes() == second.as_bytes()
    assert first["Message-ID"] == "<0f3c@localhost.localdomain>"
    assert first["Date"].datetime == datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_no_machine_is_invited_to_answer(config: Config) -> None:
    found = render(_mail(), config)
    assert (found["Auto-Submitted"], found["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert found["From"] == "Open letters <letters@localhost.localdomain>"
    assert found.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("token", ["", "a/../b", "a b", 'a"><b', "a\r\nb", None])
def test_a_mail_whose_link_would_lead_nowhere_is_not_made(config: Config, token: str | None) -> None:
    with pytest.raises((ValueError, TypeError)):
        render(_mail(token=token), config)


@pytest.mark.parametrize("to", ["ana@example.org", "jürgen@example.org"])
def test_one_click_stands_in_the_head_in_one_piece(config: Config, to: str) -> None:
    link = f"{SITE}/ar/subscription/{'Ab-_' * 30}"
    head = render(_mail("update", to=to, **NEWS | {"unsubscribe": link}), config).as_bytes().split(b"\r\n\r\n")[0]
    assert f"\r\nList-Unsubscribe: <{link}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode() in head + b"\r\n"
    assert b"List-Unsubscribe" not in render(_mail(), config).as_bytes()


def test_an_unknown_message_is_an_error(config: Config) -> None:
    with pytest.raises(TemplateError):
        render(_mail("nonsense"), config)
