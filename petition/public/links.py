"""Links that open somebody else's program with our words in it: mails and the share pages of messengers; nothing is loaded from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from petition.errors import N_

LONGEST = 1_900  # characters of a link that old mail programs and browsers still take
POST = 250  # characters of text that leave room for the address in a short post
MAIL = N_("E-mail")


@dataclass(frozen=True)
class Way:
    """One way to share: the tag it is counted under, its name, and its link."""

    tag: str
    label: str
    href: str


def mail(to: str, subject: str, body: str) -> str:
    """A link to a mail that is begun already (RFC 6068): UTF-8 in percent signs, lines that end in CRLF."""
    lines = "\r\n".join(body.replace("\r\n", "\n").split("\n"))
    fields = [f"{name}={quote(value, safe='')}" for name, value in (("subject", subject), ("body", lines)) if value]
    return f"mailto:{quote(to, safe='@')}{'?' if fields else ''}{'&'.join(fields)}"


def ways(title: str, text: str, address: Callable[[str], str]) -> list[Way]:
    """Every way to share a page; `address` gives its address with a tag."""
    said = {tag: quote(address(tag), safe="") for tag in ("telegram", "x", "facebook")}
    words, short = quote(text, safe=""), quote(text if len(text) <= POST else f"{text[: POST - 1]}…", safe="")
    return [
        Way("mail", MAIL, mail("", title, f"{text}\n\n{address('mail')}")),
        Way("whatsapp", "WhatsApp", f"https://wa.me/?text={quote(text + chr(10) + address('whatsapp'), safe='')}"),
        Way("telegram", "Telegram", f"https://t.me/share/url?url={said['telegram']}&text={words}"),
        Way("x", "X", f"https://x.com/intent/post?text={short}&url={said['x']}"),
        Way("facebook", "Facebook", f"https://www.facebook.com/sharer/sharer.php?u={said['facebook']}"),
    ]
