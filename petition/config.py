"""Every setting once: name, type, default and one sentence; read from the environment, refused when it makes no sense."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, dataclass, field, fields
from email.utils import getaddresses
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from petition import addresses, i18n
from petition.errors import BadSetting

PREFIX = "PETITION_"
MODES = ("production", "development", "demo")


class _Refused(ValueError):
    """A value that makes no sense; the sentence says what would."""


def _switch(value: str) -> bool:
    known = {"on": True, "1": True, "true": True, "off": False, "0": False, "false": False}
    if value.lower() not in known:
        raise _Refused("say on or off")
    return known[value.lower()]


def _number(value: str) -> int:
    if not value.isdecimal() or int(value) > 16:
        raise _Refused("say a number from 0 to 16")
    return int(value)


def _rate(value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) <= 1_000_000:
        raise _Refused("say how many a minute, from 1 to 1000000")
    return int(value)


def _mode(value: str) -> str:
    if value not in MODES:
        raise _Refused(f"say one of {', '.join(MODES)}")
    return value


def _database(value: str) -> str:
    scheme = value.partition(":")[0]
    if scheme not in ("sqlite", "postgresql", "postgresql+psycopg", "postgres"):
        raise _Refused("say sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")
    if scheme == "sqlite" and not re.fullmatch(r"sqlite:///[^?:]+.*", value):
        raise _Refused("say sqlite:///FILE: the database needs a file of its own")
    return value.replace("postgres://", "postgresql://", 1)


def _site(value: str) -> str:
    parts = urlsplit(value)
    odd = parts.query or parts.fragment or parts.username or parts.path.strip("/") or parts.port == 0 or not value.isprintable()
    if parts.scheme not in ("http", "https") or not parts.hostname or odd or " " in value:
        raise _Refused("say the site's own address, without a path, such as https://letters.example.org")
    return value.rstrip("/")


def _mail(value: str) -> str:
    if value == "mailbox:":
        return value
    parts = urlsplit(value)
    try:
        known = parts.scheme in ("smtp", "smtps", "smtp+starttls") and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise _Refused("say smtp://, smtps:// or smtp+starttls://USER:PASSWORD@HOST:PORT")
    return value


def _redis(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("redis", "rediss") or not parts.hostname or parts.port == 0:
        raise _Refused("say redis://HOST:PORT/NUMBER")
    return value


def _resolver(value: str) -> str:
    try:
        parts = urlsplit(f"//{value}")
        if parts.hostname is None or not parts.port or parts.netloc != value or parts.username is not None:
            raise ValueError
        ipaddress.ip_address(parts.hostname)
    except ValueError as error:
        raise _Refused("say a name server's address and port, such as 127.0.0.1:53 or [::1]:53") from error
    return value


def _sender(value: str) -> str:
    found = getaddresses([value])
    address = found[0][1] if len(found) == 1 else ""
    local, _, host = address.rpartition("@")
    # Its own mail server may not speak RFC 6531, and every mail would fail with it.
    if not re.fullmatch(r"[!-?A-~]+", local) or not host or not value.isprintable():
        raise _Refused('say one address, such as "Open letters <letters@example.org>"')
    addresses.domain(address)
    return value


def _address(value: str) -> str:
    if "<" in value:
        raise _Refused("say one address alone, such as returned@example.org")
    return _sender(value)


def _bounces(value: str) -> str:
    if not re.fullmatch(r"maildir:/[^\0]+", value):
        raise _Refused("say maildir:/PATH, the whole path of a Maildir")
    return value


def _folder(value: str) -> Path:
    if not Path(value).is_dir():
        raise _Refused("say a folder that is there")
    return Path(value).absolute()


def _languages(value: str) -> tuple[str, ...]:
    codes = tuple(code.strip() for code in value.split(",") if code.strip())
    unknown = [code for code in codes if code not in i18n.SHIPPED]
    if unknown or not codes or len(set(codes)) != len(codes):
        raise _Refused(f"say some of {','.join(i18n.SHIPPED)}, each once, the first being the site's own")
    return codes


def _secret(value: str) -> str:
    if len(value) < 32:
        raise _Refused("at least 32 characters are needed; `python3 -c 'import secrets; print(secrets.token_hex())'` makes one")
    return value


def setting(sentence: str, parse: Callable[[str], Any] = str, default: Any = MISSING, shown: str = "", secret: bool = False) -> Any:
    """Declare one setting: what it means, how it is read, and what it is when unset (`shown` in the docs)."""
    return field(default=default, metadata={"sentence": sentence, "parse": parse, "shown": shown, "secret": secret})


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of one running platform."""

    mode: str = setting("What this is: `production`, `development` (shows `/mailbox`), or `demo`, which `petition demo` sets.", _mode, "production", "`production`")
    instance: Path = setting("The data folder: database, keys, mailbox.", Path, Path("instance"), "`./instance`")
    database_url: str = setting("The database: SQLite or PostgreSQL.", _database, "", "SQLite in the instance folder", secret=True)
    secret_key: str = setting("Signs the team's sessions and set-up links, and the proofs and tickets at the door; the same on all nodes; required outside the demo, 32 characters or more.", _secret, "", "made in the instance folder in demo and development", secret=True)
    fingerprint_key: str = setting("Keys the fingerprints of addresses; the same on all nodes, backed up apart from the database, never changed while a letter runs.", _secret, "", "made in the instance folder on first use", secret=True)
    base_url: str = setting("The site's own address, the only source of absolute links.", _site, "http://127.0.0.1:8000", "`http://127.0.0.1:8000`")
    mail_url: str = setting("Where mail goes: `smtp://`, `smtps://` or `smtp+starttls://user:password@host:port`; `mailbox:` keeps it in a folder (demo and development only).", _mail, "", "`mailbox:` in demo and development", secret=True)
    mail_from: str = setting("Whom the mails come from.", _sender, "Open letters <letters@localhost.localdomain>", "`Open letters <letters@localhost.localdomain>`")
    mail_rate: int = setting("How many mails in bulk (updates, last calls, reminders, questions about a new version) go out a minute at most, all together; other mails do not wait for them.", _rate, 600, "`600`")
    mail_domain_rate: int = setting("How many of those go to one mail domain a minute at most.", _rate, 120, "`120`")
    bounce_address: str = setting("Where mails that cannot be delivered come back to, used as the envelope sender; `PETITION_BOUNCES` reads its mailbox.", _address, "", "the address of `PETITION_MAIL_FROM`")
    bounces: str = setting("A mailbox of returned mails and complaints that the worker reads every minute: `maildir:/path`; what it understood is deleted there.", _bounces, "", "none is read")
    bounce_secret: str = setting("Opens `/hooks/bounces` to a mail service that signs its reports with it; without it there is no such address; 32 characters or more.", _secret, "", "no such address", secret=True)
    operator: str = setting("Who runs the site and how to reach them; shown at the foot of every page.", str, "", "nobody named")
    languages: tuple[str, ...] = setting("Interface languages, the site's own first.", _languages, i18n.SHIPPED, f"`{','.join(i18n.SHIPPED)}`")
    redis_url: str = setting("Keeps what the limits count, and its 72-hour key, in Redis, for several web nodes; needs the `redis` extra.", _redis, "", "a file shared by the processes of this machine", secret=True)
    trusted_proxies: int = setting("How many reverse proxies in front are ours; exactly so many hops of X-Forwarded-For are believed.", _number, 0, "`0`")
    resolver: str = setting("Which name server is asked for the DNS records that organisations set, as `address:port`.", _resolver, "", "the system's own")
    require_second_factor: bool = setting("Whether team members must log in with a second factor.", _switch, True, "`on`, `off` in the demo")
    fonts: Path | None = setting("A folder with more font files (TTF, OTF, TTC) for the PDFs, such as those for Chinese, Japanese and Korean.", _folder, None, "the fonts that are installed with it")
    metrics_token: str = setting("Opens `/metrics` to whoever sends it as a bearer token; without it there is no such address.", str, "", "no metrics", secret=True)
    limits: bool = setting("The limits at the door; `off` is for tests and benchmarks: everything is counted and noted, nothing refused, and the mail caps stay.", _switch, True, "`on`")

    @property
    def shows_mailbox(self) -> bool:
        """Whether mails may be read at `/mailbox`."""
        return self.mode != "production" and self.mail_url == "mailbox:"

    @property
    def mailbox(self) -> Path:
        """The folder that `mailbox:` delivers into."""
        return self.instance / "mailbox"

    @property
    def fingerprint_bytes(self) -> bytes:
        """The fingerprint key as HMAC wants it."""
        return self.fingerprint_key.encode()


def load(environ: Mapping[str, str], **overrides: str) -> Config:
    """Read every setting, `overrides` winning over `environ`; raises BadSetting with one sentence on the first fault."""
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    given.update({PREFIX + name.upper(): value for name, value in overrides.items()})
    known = {PREFIX + each.name.upper(): each for each in fields(Config)}
    values = {}
    for name, value in given.items():
        plain = name.removesuffix("_FILE") if name not in known else name
        if plain not in known:
            raise BadSetting(name=name, reason="there is no such setting; docs/configuration.md lists them all")
        if plain != name and plain in given:
            raise BadSetting(name=name, reason=f"{plain} is set as well; keep one of the two")
        text = value if plain == name else _from_file(name, value)
        if text != "":
            values[known[plain].name] = _parse(plain, known[plain], text)
    return _complete(values)


def _from_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(name=name, reason=f"the file {path} cannot be read ({error})") from error


def _parse(name: str, which: Field[Any], text: str) -> Any:
    try:
        return which.metadata["parse"](text)
    except ValueError as error:
        error = error if isinstance(error, _Refused) else _Refused("this is no address; docs/configuration.md shows the form")
        shown = "" if which.metadata["secret"] else f'"{text}" is not understood; '
        raise BadSetting(name=name, reason=f"{shown}{error}") from error


def _complete(values: dict[str, Any]) -> Config:
    """Fill in what depends on the mode or on the instance folder."""
    mode = values.setdefault("mode", "production")
    instance = values["instance"] = Path(values.get("instance", "instance")).absolute()
    if mode != "production":
        values.setdefault("secret_key", _kept_key(instance / "secret.key"))
        values.setdefault("mail_url", "mailbox:")
        values.setdefault("require_second_factor", mode != "demo")
    if not values.get("secret_key"):
        raise BadSetting(name="PETITION_SECRET_KEY", reason="it is required outside the demo; `python3 -c 'import secrets; print(secrets.token_hex())'` makes one")
    if mode == "production" and values.get("mail_url") == "mailbox:":
        raise BadSetting(name="PETITION_MAIL_URL", reason="mailbox: is for demo and development; in production every link in it could be read by others")
    values.setdefault("fingerprint_key", _kept_key(instance / "fingerprint.key"))
    values.setdefault("database_url", f"sqlite:///{instance / 'petition.sqlite3'}")
    return Config(**values)


def _kept_key(path: Path) -> str:
    """The key in the file, made on first use; two processes starting at once end up with the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32), encoding="ascii")
        with suppress(FileExistsError):
            path.hardlink_to(fresh)  # all or nothing, and never over an existing key
        fresh.unlink()
    key = path.read_text(encoding="ascii").strip()
    if len(key) < 32:
        raise BadSetting(name=str(path), reason="this key file is damaged; restore it from a backup, or fingerprints no longer match")
    return key


def masked(config: Config) -> list[tuple[str, str]]:
    """(name, value) of every setting for printing, secrets masked."""
    rows = []
    for each in fields(config):
        value = getattr(config, each.name)
        if isinstance(value, bool):
            shown = "on" if value else "off"
        elif isinstance(value, tuple):
            shown = ",".join(value)
        else:
            shown = "" if value is None else str(value)
        rows.append((PREFIX + each.name.upper(), _mask(each.name, shown) if each.metadata["secret"] else shown))
    return rows


def _mask(name: str, value: str) -> str:
    if not value:
        return ""
    if name.endswith("_url"):
        scheme, _, rest = value.partition("://")
        user, at, place = rest.rpartition("@")
        user = f"{user.partition(':')[0]}:***" if ":" in user else user
        return f"{scheme}://{user}{at}" + re.sub(r"(?<==)[^&]*", "***", place) if rest else value
    return "***"


def unwise(config: Config) -> list[str]:
    """Sentences about settings that work but that a careful operator would not keep."""
    remarks = []
    if not config.limits:
        remarks.append("PETITION_LIMITS is off: nothing slows a flood down. Switch it on before anybody else can reach the site.")
    if config.mode == "production":
        if not config.base_url.startswith("https://"):
            remarks.append("PETITION_BASE_URL is not https: links and log-ins travel in clear.")
        if not config.mail_url:
            remarks.append("PETITION_MAIL_URL is not set: no signature can be confirmed.")
        if config.mail_from.endswith("localhost.localdomain>"):
            remarks.append("PETITION_MAIL_FROM is not set: mail would come from an address that does not exist.")
        if not config.require_second_factor:
            remarks.append("PETITION_REQUIRE_SECOND_FACTOR is off: one phished password opens the admin.")
        if not config.operator:
            remarks.append("PETITION_OPERATOR is not set: readers cannot see who runs the site.")
    return remarks


def data_folder(name: str) -> Path:
    """Where templates, static files, migrations and letters are: inside the installed package, else in the checkout."""
    installed = Path(__file__).parent / "_data" / name
    return installed if installed.is_dir() else Path(__file__).parent.parent / name
