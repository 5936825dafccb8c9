"""A letter handed over: the pack, its public record, what signatories are told, and who may no longer be in it."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import os
import re
import signal
import threading
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient

from petition import accounts, deliveries
from petition.db import db, transaction
from petition.deliveries import keeping, preparing, references
from petition.deliveries.models import Delivery, PreparedFile
from petition.errors import Busy
from petition.exports import numbers, typesetting, workplace
from petition.letters import operations as letters
from petition.signatures import changes, directory
from petition.upkeep import retention
from tests import factories
from tests.admin import people

DESK = "/admin/letters/open-the-road/deliveries"
SHY = {"name": "Shy Person", "email": "shy@example.org", "visibility": "counted", "deliver": "1", "consent": "yes"}
HIDDEN = {"name": "Hidden Person", "email": "hidden@example.org", "visibility": "counted", "consent": "yes"}


def work() -> int:
    """What the worker does."""
    db.session.rollback()  # it sees what was asked for meanwhile
    return preparing.work(factories.config(), clock=factories.now, stop=threading.Event())


def delivered(browser: FlaskClient, **fields: str) -> Delivery:
    """A delivery whose files are made."""
    answer = people.post(browser, DESK, DESK, **{"addressee": "The Sample Council", "language": "en", **fields})
    assert answer.status_code == 303, answer.text
    assert work() == 1
    db.session.rollback()
    return db.session.query(Delivery).order_by(Delivery.id.desc()).first()


def pack(browser: FlaskClient, found: Delivery) -> dict[str, bytes]:
    """The files in the newest pack, by the end of their names."""
    (row, *_) = preparing.of(accounts.find_member(people.ADDRESSES["owner"]), found.letter)
    answer = browser.get(f"/admin/prepared/{row.public_id}/file")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return {name.removeprefix(found.reference): archive.read(name) for name in archive.namelist()}


@pytest.fixture
def owner(sqlite_client: FlaskClient) -> FlaskClient:
    """A letter with a person on display, one counted only, one who may be handed over, and an owner."""
    factories.letter()
    factories.sign(sqlite_client, **factories.ANA)
    factories.sign(sqlite_client, **HIDDEN)
    return people.browser(people.member("owner"))


def names(files: dict[str, bytes]) -> list[str]:
    return [row["name"] for row in csv.DictReader(io.StringIO(files[".csv"].decode("utf-8-sig")))]


def test_a_pack_is_made_and_its_numbers_and_hashes_are_public(sqlite_client: FlaskClient, owner: FlaskClient) -> None:
    token = factories.sign(sqlite_client, **SHY)
    found = delivered(owner, handed="yes")
    files = pack(owner, found)
    assert set(files) == {".pdf", ".csv", ".xlsx", "-summary.pdf", "SHA256SUMS"}
    assert names(files) == ["Ana Sample", "", "Shy Person"]
    assert files[".pdf"].startswith(b"%PDF-") and b"/MarkInfo" in files[".pdf"]
    page = sqlite_client.get(f"/deliveries/{found.reference}")
    for name in (".pdf", ".csv", ".xlsx", "-summary.pdf"):
        digest = hashlib.sha256(files[name]).hexdigest()
        assert digest in page.text
        checked = sqlite_client.get(f"/deliveries/{found.reference}", query_string={"sha256": f"{digest.upper()}  {name}"})
        assert "It matches: this is" in checked.text
    assert "Shy Person" not in page.text and "Set-Cookie" not in page.headers
    other = sqlite_client.get(f"/deliveries/{found.reference}", query_string={"sha256": "0" * 64})
    assert "It matches none" in other.text
    assert "This is no SHA-256" in sqlite_client.get(f"/deliveries/{found.reference}?sha256={'0' * 65}").text
    assert deliveries.numbers(found) == numbers.Numbers(people=3, hidden=2)
    # Nothing is public of it before it was handed over, and everything afterwards.
    assert "The Sample Council" not in sqlite_client.get(f"/signature/{token}").text
    today = factories.now().date().isoformat()
    noted = {"delivered_on": today, "delivered_by": "Rita", "response_on": today, "response_en": "We thank <you>."}
    assert people.post(owner, f"/admin/deliveries/{found.reference}", **noted).status_code == 303
    letter = sqlite_client.get("/letters/open-the-road").text
    assert f"/deliveries/{found.reference}" in letter and "We thank &lt;you&gt;." in letter
    mine = sqlite_client.get(f"/signature/{token}").text
    assert "The Sample Council" in mine and "with your name, as you agreed" in mine


def test_without_an_owners_word_nobody_is_named_who_is_counted_only(sqlite_client: FlaskClient, owner: FlaskClient) -> None:
    factories.sign(sqlite_client, **SHY)
    found = delivered(owner)
    assert names(pack(owner, found)) == ["Ana Sample", "", ""]
    editor = people.browser(people.member("editor"))
    assert people.post(editor, DESK, DESK, addressee="The Council", language="en", handed="yes").status_code == 403
    assert people.post(owner, DESK, DESK, addressee=" ", language="en").status_code == 422


def test_who_withdraws_or_hides_is_handed_over_by_no_file(sqlite_client: FlaskClient, owner: FlaskClient) -> None:
    token = factories.sign(sqlite_client, **factories.ARAM)
    found = delivered(owner)
    row = preparing.of(accounts.find_member(people.ADDRESSES["owner"]), found.letter)[0]
    file = keeping.place(factories.config(), row.public_id)
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
    assert people.browser(people.member("viewer")).get(f"/admin/prepared/{row.public_id}/file").status_code == 404
    sqlite_client.post(f"/signature/{token}", data={"action": "change", "visibility": "initials"})
    answer = owner.get(f"/admin/prepared/{row.public_id}/file")
    assert answer.status_code == 409 and not file.exists()
    assert "have the files made again" in owner.get(f"/admin/deliveries/{found.reference}").text.lower()
    assert people.post(owner, f"/admin/deliveries/{found.reference}/files", f"/admin/deliveries/{found.reference}").status_code == 303
    assert work() == 1
    assert names(pack(owner, found)) == ["Ana Sample", "", "Ա. Օ."]


def test_a_name_that_was_kept_to_be_handed_over_is_erased_30_days_later(sqlite_client: FlaskClient, owner: FlaskClient) -> None:
    factories.sign(sqlite_client, **SHY)
    found = delivered(owner, handed="yes")
    due = "names of people counted only that were handed over 30 days ago"
    later = factories.now() + timedelta(days=60)
    assert dict(retention.purge(later, dry_run=True))[due] == 0  # neither taken away nor handed over
    assert people.signature("Shy Person").name
    page, ahead = f"/admin/deliveries/{found.reference}", factories.now() + timedelta(days=25)
    people.post(owner, page, delivered_on=factories.now().date().isoformat())
    assert dict(retention.purge(factories.now() + timedelta(days=29)))[due] == 0
    # Neither another day nor a note taken back and made again gives the names more time.
    for day in ("", ahead.date().isoformat()):
        deliveries.note(accounts.find_member(people.ADDRESSES["owner"]), found, {"delivered_on": day}, now=ahead)
    assert str(found.delivered_on) == ahead.date().isoformat()
    assert dict(retention.purge(factories.now() + timedelta(days=31)))[due] == 1
    db.session.rollback()
    assert people.signature().name == ""
    assert directory.counts(letters.find("open-the-road")).total == 3


def test_files_are_gone_after_a_day(sqlite_client: FlaskClient, owner: FlaskClient) -> None:
    delivered(owner)
    config = factories.config()
    assert len(list(workplace.folder(config).iterdir())) == 1
    preparing.sweep(config, factories.now())
    assert len(list(workplace.folder(config).iterdir())) == 1
    assert dict(retention.purge(factories.now() + timedelta(hours=25)))["files prepared a day ago"] == 1
    preparing.sweep(config, factories.now())
    assert list(workplace.folder(config).iterdir()) == []


def test_names_lie_in_private_folders_that_a_killed_process_leaves_to_the_sweep(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    config, seen = factories.config(), []
    place, later = workplace.folder(config), factories.now() + timedelta(minutes=2)

    def look(job: dict[str, str], _seconds: int) -> None:
        found = Path(job["root"])
        seen.append((found.parent, found.stat().st_mode & 0o777, (found / "data.json").exists()))

    monkeypatch.setattr(typesetting, "_run", look)
    typesetting.typeset("letter", {}, place / "letter.pdf", config=config, now=factories.now())
    assert seen == [(place, 0o700, True)] and list(place.iterdir()) == []
    if not (child := os.fork()):
        with workplace.work(place) as left:
            (left / "deep").mkdir()
            (left / "deep" / "names.json").write_text("Ana Sample")
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    with workplace.work(place) as alive:
        assert len(list(place.iterdir())) == 2
        assert preparing.sweep(config, later) == 1
        assert list(place.iterdir()) == [alive]


def test_what_is_noted_has_to_make_sense(sqlite_client: FlaskClient, owner: FlaskClient) -> None:
    found = delivered(owner)
    page = f"/admin/deliveries/{found.reference}"
    before = (factories.now() - timedelta(days=2)).date().isoformat()
    wrong = ({"delivered_on": "yesterday"}, {"delivered_on": "2999-01-01"}, {"delivered_on": before}, {"response_en": "Thanks."})
    for given in (*wrong, {"delivered_by": "x" * 201}):
        assert people.post(owner, page, page, **given).status_code == 422, given
    assert people.post(owner, page, page, delivered_on=factories.now().date().isoformat()).status_code == 303
    assert people.post(owner, f"{page}/files", page).status_code == 422  # its hashes stay


def test_a_protected_letter_names_nobody_but_who_agreed(sqlite_client: FlaskClient) -> None:
    factories.letter(more="risk: protected\n")
    factories.sign(sqlite_client, **factories.ANA)
    factories.sign(sqlite_client, **SHY)
    owner = people.browser(people.member("owner"))
    assert names(pack(owner, delivered(owner))) == ["", ""]
    assert names(pack(owner, delivered(owner, handed="yes"))) == ["", "Shy Person"]


def test_a_reference_notices_a_slip_and_forgives_how_it_is_typed(sqlite_client: FlaskClient, owner: FlaskClient) -> None:
    found = delivered(owner)
    assert references.read(f" {found.reference.lower().replace('-', ' ')} ") == found.reference
    for place in (0, 5, 6, 8, 10, 13):
        sign = found.reference[place]
        wrong = found.reference[:place] + ("7" if sign != "7" else "8") + found.reference[place + 1 :]
        assert references.read(wrong) is None, wrong
    assert f"Delivery {found.reference}" in sqlite_client.get("/deliveries", query_string={"reference": found.reference}).text
    assert "no delivery with this reference" in sqlite_client.get("/deliveries?reference=2026-0000-0001").text
    assert sqlite_client.get("/deliveries/2026-0000-0001").status_code == 404
    assert re.fullmatch(r"\d{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", found.reference)


def test_a_text_that_cannot_be_set_says_why(sqlite_app: Flask, sqlite_client: FlaskClient) -> None:
    factories.letter(body="Письмо и 信.")
    owner = people.browser(people.member("owner"))
    found = delivered(owner)
    assert found.state == "failed"
    row = preparing.of(accounts.find_member(people.ADDRESSES["owner"]), found.letter)[0]
    assert "No font here has these characters of the letter: 信" in owner.get(f"/admin/prepared/{row.public_id}").text
    assert sqlite_client.get("/letters/open-the-road/letter.pdf").status_code == 409
    assert current_app.config["PETITION"].fonts is None


def newest(found: Delivery) -> PreparedFile:
    return preparing.of(accounts.find_member(people.ADDRESSES["owner"]), found.letter)[0]


def test_only_the_newest_pack_is_given_out_and_who_withdraws_is_swept_from_all(sqlite_client: FlaskClient, owner: FlaskClient) -> None:
    token = factories.sign(sqlite_client, **factories.ARAM)
    found = delivered(owner)
    first, page = newest(found).public_id, f"/admin/deliveries/{found.reference}"
    sqlite_client.post(f"/signature/{token}", data={"action": "withdraw"})
    db.session.rollback()
    preparing.sweep(factories.config(), factories.now())
    assert not keeping.place(factories.config(), first).exists()
    assert people.post(owner, f"{page}/files", page).status_code == 303
    assert work() == 1
    second = newest(found).public_id
    assert owner.get(f"/admin/prepared/{first}/file").status_code == 409
    assert people.post(owner, f"{page}/files", page).status_code == 303
    assert people.post(owner, f"{page}/files", page).status_code == 422  # one at a time
    assert owner.get(f"/admin/prepared/{second}/file").status_code == 409
    assert work() == 1
    assert not keeping.place(factories.config(), second).exists()
    assert names(pack(owner, found)) == ["Ana Sample", ""]


def test_what_was_delivered_stays_also_where_files_were_asked_for_before(sqlite_client: FlaskClient, owner: FlaskClient) -> None:
    found = delivered(owner)
    page, files = f"/admin/deliveries/{found.reference}", list(found.files)
    assert people.post(owner, f"{page}/files", page).status_code == 303
    assert people.post(owner, page, page, delivered_on="2026-11-01").status_code == 422
    with preparing.transaction():
        found.delivered_on = factories.now().date()
    factories.sign(sqlite_client, **factories.ARAM)
    assert work() == 1
    db.session.refresh(found)
    assert (found.state, found.files, found.counts["people"]) == ("made", files, 2)
    assert newest(found).state == "failed"


def test_a_delivery_names_the_text_that_was_printed(sqlite_client: FlaskClient, owner: FlaskClient) -> None:
    answer = people.post(owner, DESK, DESK, addressee="The Sample Council", language="en")
    assert answer.status_code == 303
    factories.letter(body="Another text.")
    assert work() == 1
    found = db.session.query(Delivery).one()
    assert "Another text." in found.text.canonical and found.text.version.label == "2"


def test_a_draft_is_delivered_to_nobody(sqlite_client: FlaskClient, owner: FlaskClient) -> None:
    with preparing.transaction():
        letters.find("open-the-road").status = "draft"
    answer = people.post(owner, DESK, DESK, addressee="The Sample Council", language="en")
    assert answer.status_code == 422 and "A draft is handed over to nobody" in answer.text


def test_who_is_no_owner_any_more_takes_no_handed_names_away(sqlite_client: FlaskClient, owner: FlaskClient) -> None:
    found = delivered(owner, handed="yes")
    mine = accounts.find_member(people.ADDRESSES["owner"])
    page = f"/admin/prepared/{preparing.of(mine, found.letter)[0].public_id}"
    assert owner.get(f"{page}/file").status_code == 200
    with transaction():
        accounts.find_member(people.ADDRESSES["owner"]).memberships[0].role = "viewer"
    assert (owner.get(page).status_code, owner.get(f"{page}/file").status_code) == (403, 403)


def test_who_is_not_shown_by_name_leaves_no_traces_in_the_tables(sqlite_client: FlaskClient, owner: FlaskClient) -> None:
    factories.sign(sqlite_client, **SHY)
    rows = list(csv.DictReader(io.StringIO(pack(owner, delivered(owner, handed="yes"))[".csv"].decode("utf-8-sig"))))
    traces = [[row[name] for name in ("id", "country", "language", "signed_on", "organisation", "role")] for row in rows]
    assert all(traces[0][:1] + traces[0][2:4]) and traces[1:] == [[""] * 6] * 2
    assert [row["name"] for row in rows] == ["Ana Sample", "", "Shy Person"]


def test_a_pack_is_overtaken_by_a_shortened_name_until_it_is_made_again(sqlite_client: FlaskClient, owner: FlaskClient) -> None:
    token = factories.sign(sqlite_client, **factories.ARAM)
    found = delivered(owner)
    file, page = keeping.place(factories.config(), newest(found).public_id), f"/admin/deliveries/{found.reference}"
    assert deliveries.changed(found.id) == 0 and file.exists()
    sqlite_client.post(f"/signature/{token}", data={"action": "change", "name": "Արամ", "visibility": "public"})
    db.session.rollback()
    assert deliveries.changed(found.id) == 1 and "1 signatory has withdrawn or changed" in owner.get(page).text
    preparing.sweep(factories.config(), factories.now())
    assert not file.exists()
    assert owner.get(f"/admin/prepared/{newest(found).public_id}/file").status_code == 409
    assert people.post(owner, f"{page}/files", page).status_code == 303
    assert work() == 1
    db.session.rollback()
    assert deliveries.changed(found.id) == 0
    assert names(pack(owner, found)) == ["Ana Sample", "", "Արամ"]


def test_who_changes_while_a_pack_is_finished_fails_neither_it_nor_themself(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    factories.letter()
    token = factories.sign(client, **factories.ANA)
    browser = people.browser(people.member("owner"))
    assert people.post(browser, DESK, DESK, addressee="The Sample Council", language="en").status_code == 303
    put_in, discard, found, locked = preparing._put_in, changes.discard, list[object](), threading.Event()

    def change() -> None:
        with app.app_context(), contextlib.suppress(Busy):
            found.append(changes.change(token, {"name": "Ana S."}, config=factories.config(), now=factories.now()))

    signatory = threading.Thread(target=change, daemon=True)

    def holding(*given: Any) -> None:
        locked.set()
        discard(*given)

    def put(*given: Any) -> None:
        if signatory.ident is None:  # the worker has locked what it finishes
            signatory.start()
            locked.wait(0.5)
        put_in(*given)

    monkeypatch.setattr(changes, "discard", holding)
    monkeypatch.setattr(preparing, "_put_in", put)
    work()
    signatory.join(10)
    db.session.rollback()
    assert found == ["changed"]
    assert db.session.query(PreparedFile.state).scalar() == "outdated", "made, and overtaken a moment later"


def test_a_pack_is_made_later_where_the_database_was_busy(
    sqlite_client: FlaskClient, owner: FlaskClient, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    people.post(owner, DESK, DESK, addressee="The Sample Council", language="en")
    with monkeypatch.context() as patched:
        patched.setattr(preparing, "_put_in", lambda *_given: (_ for _ in ()).throw(Busy))
        with pytest.raises(Busy):
            work()
    db.session.rollback()
    assert work() == 1
    db.session.rollback()
    assert [(each.state, each.tries) for each in db.session.query(PreparedFile)] == [("ready", 1)]
