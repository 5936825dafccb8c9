"""Against `petition serve` with a real mail server: a person and an organisation sign, are confirmed, approved, exported."""

import csv
import io
import re
import time

import pytest

from tests.factories import ORIGINAL
from tests.serving import Visitor, environment, free_port, run, serving
from tests.smtp_server import SmtpServer

SLUG = "open-the-road"
PASSWORD = "a long sample password"


@pytest.fixture
def mail_server():
    with SmtpServer() as server:
        yield server


@pytest.fixture
def site(database_url, mail_server, tmp_path):
    """A served letter and everything a script needs to reach it."""
    port = free_port()
    environ = environment(
        database_url=database_url, instance=str(tmp_path), secret_key="s" * 40, base_url=f"http://127.0.0.1:{port}",
        mail_url=f"smtp://127.0.0.1:{mail_server.port}", mail_from="Letters <letters@example.org>", limits="off",
        require_second_factor="off",
    )  # fmt: skip
    run(environ, "db", "upgrade")
    file = tmp_path / "letter.en.md"
    file.write_text(ORIGINAL.format(slug=SLUG, body="We write from a closed road.", more=""), encoding="utf-8")
    assert f"http://127.0.0.1:{port}/letters/{SLUG}" in run(environ, "letter", "load", str(file), "--publish")
    run(environ, "team", "add", "owner@example.org", "--role", "owner", "--password-stdin", feed=PASSWORD + "\n")
    with serving(environ, "serve", "--port", str(port), "--workers", "2"):
        visitor = Visitor(f"http://127.0.0.1:{port}")
        visitor.wait_until_ready()
        yield visitor, mail_server, environ


def link_in(mail_server: SmtpServer, number: int) -> str:
    """The path of the link in the mail of that number, waited for."""
    deadline = time.monotonic() + 30
    while len(mail_server.mails) <= number and time.monotonic() < deadline:
        time.sleep(0.05)
    found = re.search(r"/signature/[\w-]+", mail_server.mails[number].text)
    assert found
    return found[0]


def test_a_person_and_an_organisation_sign_are_approved_and_exported(site):
    visitor, mail_server, environ = site
    first = visitor.post(f"/letters/{SLUG}/sign", name="Ana Sample", email="ana@example.org", consent="yes")
    assert (first.status, first.headers["Location"]) == (303, f"/letters/{SLUG}/check-your-inbox")
    link = link_in(mail_server, 0)
    assert "Ana" not in mail_server.mails[0].text
    for _ in range(10):
        assert visitor.get(link).status == 200
    assert '"total":0' in visitor.get(f"/api/v1/letters/{SLUG}/count").text.replace(" ", "")
    assert visitor.post(link, action="confirm").status == 303
    again = visitor.post(f"/letters/{SLUG}/sign", name="Ana Sample", email="ana@example.org", consent="yes")
    assert (again.status, again.body) == (first.status, first.body)
    visitor.post(link_in(mail_server, 1), action="confirm")

    visitor.post(
        f"/letters/{SLUG}/sign", kind="organisation", organisation="Sample Union", name="Rita Rep", email="rita@union.example.org",
        website="https://union.example.org", consent="yes",
    )  # fmt: skip
    visitor.post(link_in(mail_server, 2), action="confirm")
    assert "Sample Union" not in visitor.get(f"/letters/{SLUG}/signatories").text

    owner = Visitor(visitor.base)
    logged_in = owner.post(
        "/admin/login", email="owner@example.org", password=PASSWORD, csrf_token=owner.csrf("/admin/login")
    )
    assert logged_in.status in (302, 303), logged_in.text
    queue = owner.get("/admin/")
    assert "Sample Union" in queue.text
    number = re.search(r"/admin/signatures/([\w-]+)/decision", queue.text)
    assert number
    decided = owner.post(
        f"/admin/signatures/{number[1]}/decision", decision="approve", reason="", csrf_token=owner.csrf("/admin/")
    )
    assert decided.status == 303, decided.text

    page = visitor.get(f"/letters/{SLUG}/signatories").text
    assert "Ana Sample" in page
    assert "Sample Union" in page
    counted = visitor.get(f"/api/v1/letters/{SLUG}/count").text.replace(" ", "")
    assert '"people":1' in counted
    assert '"organisations":1' in counted
    rows = list(csv.DictReader(io.StringIO(run(environ, "export", SLUG, "--format", "csv").lstrip("\ufeff"))))
    assert {(row["kind"], row["name"], row["organisation"], row["state"]) for row in rows} == {
        ("person", "Ana Sample", "", "published"), ("organisation", "", "Sample Union", "published"),
    }  # fmt: skip
    assert "FAIL" not in run(environ, "check")

    visitor.post(link, action="withdraw")
    for path in (f"/letters/{SLUG}", f"/letters/{SLUG}/signatories", f"/api/v1/letters/{SLUG}/signatories"):
        assert "Ana Sample" not in visitor.get(path).text
    assert "Ana" not in run(environ, "export", SLUG, "--format", "csv")
    assert "Ana" not in run(environ, "export", SLUG, "--format", "ndjson")
    assert '"total":1' in visitor.get(f"/api/v1/letters/{SLUG}/count").text.replace(" ", "")
    assert visitor.get("/mailbox").status == 404
    assert not list(visitor.jar)
