"""How a signature arrived: speed, number and networks add up and hold nobody alone, but for the cap of one mail domain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from petition.config import Config
from petition.db import db, transaction
from petition.letters.models import Letter
from petition.limits.models import LimitSetting
from petition.signatures import arrival, operations, submission
from petition.signatures.models import Signature, SigningRequest
from petition.signatures.rules import AccessRule
from tests import factories

NOON = datetime(2026, 11, 24, 12, 20, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def limits(sqlite_app: Flask) -> Config:
    """The settings with the limits on; the tests' own have them off."""
    return replace(sqlite_app.config["PETITION"], limits=True)


@pytest.fixture
def letter(sqlite_app: Flask) -> Letter:
    return factories.letter()


def signed(
    letter: Letter, config: Config, email: str, name: str = "Ana Sample", *, at: datetime = NOON, asked: timedelta = MINUTE,
    signals: tuple[str, ...] = (), asked_from: str | None = None, network: str | None = None, **more: str,
) -> Signature:  # fmt: skip
    """Sign and confirm, some time after asking."""
    given = submission.check({"name": name, "email": email, "consent": "yes"} | more, language="en")
    operations.request(letter, given, config=config, now=at - asked)
    with transaction() as session:
        row = session.scalars(select(SigningRequest).order_by(SigningRequest.id.desc()).limit(1)).one()
        row.signals, row.network = list(signals), asked_from
    found = operations.confirm(factories.last_token(), config=config, now=at, network=network).signature
    assert found is not None
    return found


def crowd(letter: Letter, config: Config, number: int, domain: str = "wave.example", **more: Any) -> list[Signature]:
    start = len(db.session.scalars(select(Signature.id)).all())
    return [signed(letter, config, f"p{start + each}@{domain}", **more) for each in range(number)]


def codes(signature: Signature) -> set[str]:
    assert signature.flag_codes == ("|" + "|".join(flag["code"] for flag in signature.flags) + "|" if signature.flags else "")
    return {flag["code"] for flag in signature.flags}


def test_a_person_from_a_known_provider_has_nothing_to_explain(letter: Letter, limits: Config) -> None:
    found = signed(letter, limits, "ana@gmail.com")
    assert (found.state, codes(found)) == ("published", set())
    assert (found.mail_domain, found.hour, found.name_shape) == ("gmail.com", NOON.replace(minute=0), "Aa Aa")


def test_a_mail_domain_is_new_for_one_day(letter: Letter, limits: Config) -> None:
    day = timedelta(days=1)
    assert codes(signed(letter, limits, "ana@bakers.example")) == {"new_domain"}
    assert codes(signed(letter, limits, "eva@bakers.example")) == {"new_domain"}
    assert codes(signed(letter, limits, "ida@bakers.example", at=NOON + day)) == set()


def test_the_domain_of_an_organisation_on_the_list_is_not_new(letter: Letter, limits: Config) -> None:
    union = organisation(letter, limits, "Bakers", "rita@gmail.com", "https://bakers.example")
    assert "new_domain" in codes(signed(letter, limits, "ana@bakers.example"))
    with transaction() as session:
        session.get_one(Signature, union.id).state = "published"
    assert codes(signed(letter, limits, "eva@bakers.example")) == set()


def test_nobody_reads_a_mail_within_two_seconds(letter: Letter, limits: Config) -> None:
    second = timedelta(seconds=1)
    assert codes(signed(letter, limits, "a@gmail.com", asked=2 * second - timedelta(microseconds=1))) == {"too_quick"}
    assert codes(signed(letter, limits, "b@gmail.com", asked=2 * second)) == set()
    assert codes(signed(letter, limits, "c@gmail.com", asked=-second)) == set()  # a clock was set back


def test_a_phone_that_changes_its_network_is_a_mark_only(letter: Letter, limits: Config) -> None:
    moved = signed(letter, limits, "ana@gmail.com", asked_from="home", network="mobile")
    assert (moved.state, codes(moved), moved.network) == ("published", {"other_network"}, "mobile")
    stayed = signed(letter, limits, "eva@gmail.com", asked_from="home", network="home")
    assert codes(stayed) == set()
    unknown = signed(letter, limits, "ida@gmail.com", asked_from="home")
    assert (codes(unknown), unknown.network) == (set(), "home")


def test_many_from_one_domain_in_one_hour_are_a_burst(letter: Letter, limits: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "DOMAIN_BURST", 4)
    wave = crowd(letter, limits, arrival.DOMAIN_BURST + 1)
    assert ["domain_burst" in codes(each) for each in wave[-2:]] == [False, True]
    assert {each.state for each in wave} == {"published"}
    assert "domain_burst" not in codes(signed(letter, limits, "later@wave.example", at=NOON + HOUR))
    assert "domain_burst" not in codes(signed(letter, limits, "ana@calm.example"))


def test_many_from_one_network_in_one_hour_are_a_burst(letter: Letter, limits: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "NETWORK_BURST", 4)
    office = crowd(letter, limits, arrival.NETWORK_BURST + 1, "gmail.com", network="office")
    assert ["network_burst" in codes(each) for each in office[-2:]] == [False, True]
    assert office[-1].state == "published"
    assert codes(signed(letter, limits, "ana@gmail.com", network="elsewhere")) == set()


def test_many_from_a_provider_for_everybody_are_no_burst(letter: Letter, limits: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "DOMAIN_BURST", 4)
    assert all(codes(each) == set() for each in crowd(letter, limits, arrival.DOMAIN_BURST + 2, "gmail.com"))


def cap(count: int, seconds: int = 3600) -> None:
    with transaction() as session:
        session.add(LimitSetting(name="domain_cap", count=count, seconds=seconds, changed_by="x", changed_at=NOON))


def test_the_cap_is_a_hundred_an_hour_unless_the_team_set_another(sqlite_app: Flask) -> None:
    assert arrival.cap(db.session()) == (100, 3600)
    cap(7, 7200)
    assert arrival.cap(db.session()) == (7, 7200)


def test_above_the_cap_one_domain_publishes_nothing_more_in_that_hour(letter: Letter, limits: Config) -> None:
    cap(3)
    wave = crowd(letter, limits, 6)
    assert [each.state for each in wave] == ["published"] * 3 + ["held"] * 3
    assert all("domain_cap" in codes(each) for each in wave[3:])
    assert signed(letter, limits, "ana@calm.example").state == "published"
    assert {each.state for each in crowd(letter, limits, 6, "gmail.com")} == {"published"}
    assert signed(letter, limits, "soon@wave.example", at=NOON + HOUR).state == "held", "not as soon as the clock strikes"
    assert signed(letter, limits, "later@wave.example", at=NOON + 2 * HOUR).state == "published"


def test_sub_domains_made_by_the_thousand_share_the_cap(letter: Letter, limits: Config) -> None:
    cap(3)
    wave = [signed(letter, limits, f"a@m{number}.wave.example") for number in range(5)]
    assert [each.state for each in wave] == ["published"] * 3 + ["held"] * 2
    assert {each.mail_domain for each in wave} == {"wave.example"}


def test_the_cap_counts_only_what_nobody_looked_at(letter: Letter, limits: Config) -> None:
    cap(3)
    wave = crowd(letter, limits, 3)
    with transaction() as session:
        session.get_one(Signature, wave[0].id).decided_at = NOON
    assert [each.state for each in crowd(letter, limits, 2)] == ["published", "held"]


def test_a_longer_period_looks_back_that_far(letter: Letter, limits: Config) -> None:
    cap(2, 3 * 3600)
    crowd(letter, limits, 2)
    assert signed(letter, limits, "a@wave.example", at=NOON + 3 * HOUR).state == "held"
    assert signed(letter, limits, "b@wave.example", at=NOON + 4 * HOUR).state == "published"


def test_with_the_limits_off_speed_and_number_only_mark(letter: Letter, limits: Config) -> None:
    cap(1)
    off = replace(limits, limits=False)
    wave = crowd(letter, off, 3, asked=timedelta(0), signals=("network_burst", "letter_load"))
    assert [each.state for each in wave] == ["published"] * 3
    assert codes(wave[2]) == {"domain_cap", "too_quick", "new_domain", "network_burst", "letter_load"}
    assert signed(letter, off, "bot@gmail.com", signals=("honeypot",)).state == "held"


def test_what_the_door_noticed_is_kept_as_a_reason(letter: Letter, limits: Config) -> None:
    found = signed(letter, limits, "ana@gmail.com", signals=("came_by_proof", "letter_load", "nobody knows this"))
    assert (found.state, codes(found)) == ("published", {"came_by_proof", "letter_load"})
    trapped = signed(letter, limits, "bot@gmail.com", signals=("honeypot",))
    assert (trapped.state, codes(trapped)) == ("held", {"honeypot"})


def test_mild_reasons_of_every_sort_hold_together(letter: Letter, limits: Config) -> None:
    door = ("domain_burst", "network_burst", "letter_load")
    campus = signed(letter, limits, "ana@campus.example", signals=door, asked_from="hall", network="mobile")
    assert campus.state == "published"
    ticket = signed(letter, limits, "bot@campus.example", "ANA SAMPLE", signals=(*door, "came_by_ticket"))
    assert ticket.state == "held"
    assert ticket.flags[0]["code"] == "domain_burst"  # the heaviest first


def rule(verdict: str, kind: str, pattern: str, **more: Any) -> None:
    with transaction() as session:
        session.add(AccessRule(verdict=verdict, kind=kind, pattern=pattern, shown="", reason="", author="", created_at=NOON, **more))


def test_an_allowed_domain_is_answered_for_but_not_its_words(letter: Letter, limits: Config) -> None:
    cap(1)
    rule("allow", "domain", "*.campus.example")
    everybody = crowd(letter, limits, 3, "law.campus.example", signals=("domain_burst", "letter_load"))
    assert [(each.state, codes(each)) for each in everybody] == [("published", set())] * 3
    joke = signed(letter, limits, "joke@law.campus.example", "Mickey Mouse")
    assert (joke.state, codes(joke)) == ("held", {"joke_name"})
    assert signed(letter, limits, "a@other-campus.example").state == "published"


def test_a_throw_away_domain_may_be_allowed(letter: Letter, limits: Config) -> None:
    assert signed(letter, limits, "ana@mailinator.com").state == "held"
    assert "disposable_domain" in codes(signed(letter, limits, "ana@inbox.mailinator.com"))
    rule("allow", "domain", "mailinator.com", letter_id=letter.id)
    assert signed(letter, limits, "eva@mailinator.com").state == "published"


@pytest.mark.parametrize("more", ["site", "team"])
def test_a_block_holds_and_a_narrower_rule_wins(letter: Letter, limits: Config, more: str) -> None:
    scope = {"site": {}, "team": {"team_id": letter.team_id}}[more]
    rule("block", "domain", "blocked.example", **scope)
    blocked = signed(letter, limits, "ana@blocked.example")
    assert (blocked.state, "blocked" in codes(blocked)) == ("held", True)
    rule("allow", "domain", "blocked.example", letter_id=letter.id)
    assert signed(letter, limits, "eva@blocked.example").state == "published"


def test_a_letters_block_goes_before_the_sites_allowing(letter: Letter, limits: Config) -> None:
    rule("allow", "domain", "campus.example")
    rule("allow", "domain", "campus.example", letter_id=letter.id)
    rule("block", "domain", "campus.example", letter_id=letter.id)
    assert signed(letter, limits, "ana@campus.example").state == "held"


def test_rules_of_others_and_rules_that_ended_do_nothing(letter: Letter, limits: Config) -> None:
    other = factories.letter("another-road", team_name="Another team")
    rule("block", "domain", "*", letter_id=other.id)
    rule("block", "domain", "*", team_id=other.team_id)
    rule("block", "domain", "*", letter_id=letter.id, expires_at=NOON)
    assert signed(letter, limits, "ana@gmail.com").state == "published"
    assert signed(letter, limits, "eva@gmail.com", at=NOON - MINUTE).state == "held"


def test_an_address_and_a_network_may_be_blocked(letter: Letter, limits: Config) -> None:
    first = signed(letter, limits, "ana@gmail.com", network="net")
    rule("block", "network", "net")
    assert signed(letter, limits, "eva@gmail.com", network="net").state == "held"
    assert signed(letter, limits, "ida@gmail.com").state == "published"
    rule("block", "address", str(first.address_fingerprint))
    rule("allow", "address", "nobody")
    other = factories.letter("another-road")
    assert signed(other, limits, "ana@gmail.com").state == "held"


def test_everything_new_waits_while_the_team_holds_the_letter(letter: Letter, limits: Config) -> None:
    standing = signed(letter, limits, "ida@gmail.com")
    with transaction():
        letter.holding = True
    found = signed(letter, limits, "ana@gmail.com")
    assert (found.state, codes(found)) == ("held", {"holding"})
    with transaction() as session:
        renamed = session.get_one(Signature, standing.id)
        operations.apply_change(session, renamed, {"name": "Somebody Else"}, limits, NOON)
    assert (renamed.state, "holding" in codes(renamed)) == ("held", True), "nor may names be changed behind its back"
    with transaction():
        letter.holding = False
    assert signed(letter, limits, "eva@gmail.com").state == "published"


def test_new_words_weigh_with_the_way_they_came(letter: Letter, limits: Config) -> None:
    came = ("domain_burst", "network_burst", "came_by_ticket")
    quiet = signed(letter, limits, "ana@gmail.com")
    loud = signed(letter, limits, "eva@gmail.com", signals=came)
    with transaction() as session:
        for each in (quiet, loud):
            operations.apply_change(session, session.get_one(Signature, each.id), {"name": "ANA SAMPLE"}, limits, NOON)
    states = {each.id: each for each in db.session.scalars(select(Signature))}
    assert [states[each.id].state for each in (quiet, loud)] == ["published", "held"]
    assert codes(states[loud.id]) == {"all_caps", *came}
    assert states[loud.id].name_shape == "A A"


def test_after_a_decision_only_new_words_are_looked_at_again(letter: Letter, limits: Config) -> None:
    seen = signed(letter, limits, "ida@gmail.com", signals=("domain_burst", "network_burst", "came_by_ticket"))
    with transaction() as session:
        found = session.get_one(Signature, seen.id)
        found.decided_at = NOON
        operations.apply_change(session, found, {"visibility": "initials", "role": ""}, limits, NOON)
        assert (found.state, found.decided_at) == ("published", NOON)
        operations.apply_change(session, found, {"name": "ANA SAMPLE"}, limits, NOON)
        assert (found.state, found.decided_at, "changed" in codes(found)) == ("held", None, True)


def organisation(letter: Letter, config: Config, name: str, email: str, website: str = "") -> Signature:
    return signed(letter, config, email, "Rita Representative", kind="organisation", organisation=name, website=website)


def same(signature: Signature) -> list[str]:
    return [flag["detail"] for flag in signature.flags if flag["code"] == "same_organisation"]


def test_one_domain_under_two_names_points_at_the_other_entry(letter: Letter, limits: Config) -> None:
    bakers = organisation(letter, limits, "Bakers' Union", "rita@gmail.com", "https://www.bakers.com/about")
    guild = organisation(letter, limits, "Guild of Bread", "tom@mail.bakers.com")
    assert (same(bakers), same(guild)) == ([], [bakers.public_id])
    assert same(organisation(letter, limits, "Union of Akers", "tom@akers.com")) == []
    union = organisation(letter, limits, "Weavers", "rita@weavers.org.uk", "")
    again = organisation(letter, limits, "Union of Weavers", "tom@gmail.com", "https://north.weavers.org.uk")
    assert (same(union), same(again)) == ([], [union.public_id])


def test_a_provider_or_a_page_on_a_big_site_makes_nobody_the_same(letter: Letter, limits: Config) -> None:
    organisation(letter, limits, "Millers", "millers@gmail.com", "https://www.facebook.com/millers")
    assert same(organisation(letter, limits, "Tailors", "tailors@gmail.com", "https://facebook.com/tailors")) == []


def test_an_entry_that_was_rejected_is_no_twin(letter: Letter, limits: Config) -> None:
    first = organisation(letter, limits, "Weavers", "rita@weavers.org.uk")
    with transaction() as session:
        session.get_one(Signature, first.id).state = "rejected"
    assert same(organisation(letter, limits, "Union of Weavers", "tom@weavers.org.uk")) == []


def test_an_international_domain_and_its_punycode_are_one(letter: Letter, limits: Config) -> None:
    first = organisation(letter, limits, "Bücherei", "rita@gmail.com", "https://www.bücherei.de")
    assert same(organisation(letter, limits, "Library", "tom@xn--bcherei-n2a.de")) == [first.public_id]
