"""Settings that make no sense stop the start with one sentence; printed, none shows a password."""

from pathlib import Path

import pytest

from petition import config
from petition.errors import BadSetting

NONSENSE = (
    ("base_url", "http://["), ("base_url", "https://example.org/letters"), ("base_url", "https://exa mple.org"), ("base_url", "http://h:99999"),
    ("base_url", "example.org"), ("mail_url", "smtp://["), ("mail_url", "smtp://h:99999"), ("redis_url", "redis://["),
    ("redis_url", "redis://h:abc"), ("redis_url", "redis:///0"), ("mail_from", "nobody"), ("mail_from", "x@é..b"),
    ("mail_from", "é@example.org"), ("mail_from", "a@example.org, b@example.org"), ("mail_from", "a@example.org\nBcc: b@example.org"),
    ("database_url", "sqlite://"), ("database_url", "sqlite:///:memory:"), ("database_url", "mysql://h/d"), ("limits", "maybe"),
    ("trusted_proxies", "-1"), ("trusted_proxies", "17"), ("languages", "en,en"), ("languages", "xx"),
    ("secret_key", "short"), ("mode", "test"),
)  # fmt: skip
SENSE = (
    ("base_url", "https://letters.example.org/"), ("base_url", "http://127.0.0.1:8000"),
    ("mail_from", "Open letters <letters@example.org>"),
    ("mail_from", "letters@bücher.example"), ("redis_url", "redis://:secret@h:6379/0"), ("database_url", "postgresql://u:p@h/d"),
    ("database_url", "sqlite:////var/lib/letters.sqlite3"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "value"), NONSENSE, ids=str)
def test_nonsense_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=config.PREFIX + name.upper()):
        config.load({}, mode="development", instance=str(tmp_path), **{name: value}) if name != "mode" else config.load({}, mode=value)


@pytest.mark.parametrize(("name", "value"), SENSE, ids=str)
def test_what_makes_sense_is_taken(tmp_path: Path, name: str, value: str) -> None:
    assert getattr(config.load({}, mode="development", instance=str(tmp_path), **{name: value}), name)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(BadSetting, match="PETITION_NONSENSE"):
        config.load({"PETITION_NONSENSE": "1"})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:hunter2@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:hun/ter2@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:hun:ter2@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:hun@ter2@h/d", "postgresql://u:***@h/d"),
        ("postgresql://h/d?user=u&password=hunter2", "postgresql://h/d?user=***&password=***"),
        ("sqlite:////var/lib/letters.sqlite3", "sqlite:////var/lib/letters.sqlite3"),
    ],
)
def test_a_printed_address_hides_its_password(tmp_path: Path, url: str, shown: str) -> None:
    loaded = config.load({}, mode="development", instance=str(tmp_path), database_url=url)
    assert dict(config.masked(loaded))["PETITION_DATABASE_URL"] == shown
