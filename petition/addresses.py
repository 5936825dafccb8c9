"""E-mail addresses: how they are checked, folded to one identity, and remembered as a keyed fingerprint only."""

from __future__ import annotations

import hashlib
import hmac
from functools import cache

import idna
from email_validator import EmailNotValidError, validate_email
from publicsuffixlist import PublicSuffixList

from petition.errors import N_, Fault, Invalid

# Providers that deliver a+tag@ and a@ to one mailbox; those in _DOTLESS ignore dots as well.
_ALIASES = {"googlemail.com": "gmail.com", "ya.ru": "yandex.ru", "yandex.com": "yandex.ru", "protonmail.com": "proton.me", "pm.me": "proton.me"}
_DOTLESS = {"gmail.com"}
_PLUS_TAGS = {"gmail.com", "outlook.com", "hotmail.com", "live.com", "icloud.com", "me.com", "proton.me", "fastmail.com", "yandex.ru"}

# The large mail domains of the regions our letters reach; a near miss of one is almost always a slip of the finger.
COMMON_DOMAINS = (
    "gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "mail.ru", "yandex.ru", "proton.me",
    "protonmail.com", "gmx.de", "web.de", "orange.fr", "wanadoo.fr", "free.fr", "laposte.net", "hotmail.fr", "yahoo.fr",
)  # fmt: skip
_NOT_NEAR_MISSES = frozenset(
    {"gmx.net", "gmx.at", "gmx.ch", "mail.com", "email.com", "gmx.com", "gmx.fr", "ymail.com", "free.com", "mail.de", "yahoo.de", "hotmail.de", "me.com", "hotmail.it", "yahoo.it", "hotmail.es", "yahoo.es"}
)  # fmt: skip

# Providers of mailboxes for everybody: their domain says nothing about who signs, and many from there is no wave. Only
# large ones that stand for years: an attacker must not be able to register a name of this list.
FREE_MAIL = frozenset(
    """
    gmail.com googlemail.com outlook.com outlook.fr outlook.de outlook.es outlook.it outlook.pt outlook.com.br hotmail.com
    hotmail.fr hotmail.de hotmail.es hotmail.it hotmail.co.uk hotmail.be hotmail.ca hotmail.com.tr live.com live.fr live.de
    live.co.uk live.it live.nl live.be live.ca live.com.mx live.com.pt msn.com passport.com yahoo.com yahoo.fr yahoo.de
    yahoo.es yahoo.it yahoo.co.uk yahoo.ca yahoo.com.br yahoo.com.mx yahoo.com.ar yahoo.co.in yahoo.in yahoo.co.jp
    yahoo.com.au yahoo.com.tr yahoo.co.id yahoo.com.ph yahoo.com.sg yahoo.com.vn yahoo.gr yahoo.ro yahoo.ie yahoo.se
    ymail.com rocketmail.com icloud.com me.com mac.com aol.com aol.fr aol.de aim.com mail.ru bk.ru inbox.ru list.ru
    internet.ru yandex.ru yandex.com yandex.by yandex.kz yandex.ua ya.ru rambler.ru lenta.ru autorambler.ru myrambler.ru ro.ru
    proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.io tuta.com gmx.de gmx.net gmx.at gmx.ch
    gmx.com gmx.fr web.de t-online.de freenet.de arcor.de posteo.de mailbox.org online.de mail.de vodafone.de
    orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr numericable.fr cegetel.net club-internet.fr aliceadsl.fr
    ukr.net i.ua meta.ua bigmir.net tut.by mail.kz inbox.lv mail.ee hot.ee one.lt libero.it virgilio.it tiscali.it alice.it
    tin.it inwind.it iol.it fastwebnet.it wp.pl o2.pl onet.pl onet.eu poczta.onet.pl op.pl vp.pl interia.pl interia.eu
    gazeta.pl tlen.pl seznam.cz centrum.cz email.cz post.cz volny.cz azet.sk zoznam.sk centrum.sk abv.bg mail.bg dir.bg
    freemail.hu citromail.hu otenet.gr hol.gr in.gr bluewin.ch hispeed.ch sunrise.ch telenet.be skynet.be proximus.be
    scarlet.be ziggo.nl kpnmail.nl planet.nl xs4all.nl hetnet.nl home.nl upcmail.nl casema.nl chello.nl chello.at aon.at
    telia.com bredband.net comhem.se spray.se online.no frisurf.no mail.dk jubii.dk luukku.com suomi24.fi sapo.pt terra.es
    telefonica.net ono.com uol.com.br bol.com.br terra.com.br ig.com.br globo.com globomail.com walla.co.il walla.com
    zahav.net.il 012.net.il bezeqint.net mynet.com qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com
    naver.com daum.net hanmail.net nate.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp nifty.com rediffmail.com zoho.com
    zohomail.com fastmail.com fastmail.fm hey.com mail.com email.com usa.com usa.net comcast.net verizon.net att.net
    sbcglobal.net bellsouth.net cox.net charter.net earthlink.net optonline.net juno.com btinternet.com virginmedia.com
    sky.com talktalk.net ntlworld.com blueyonder.co.uk tiscali.co.uk bigpond.com bigpond.net.au optusnet.com.au iinet.net.au
    xtra.co.nz shaw.ca rogers.com sympatico.ca videotron.ca telus.net bell.net riseup.net disroot.org autistici.org
    duck.com mozmail.com privaterelay.appleid.com
    """.split()  # noqa: SIM905 (a list that is read and mended by eye)
)


def normalise(address: str) -> str:
    """The address in its one deliverable spelling; raises Invalid with a fault on `email` (RFC 5321, 6531)."""
    try:
        found = validate_email(address, check_deliverability=False, allow_quoted_local=True, allow_domain_literal=False, strict=True)
    except EmailNotValidError as error:
        raise Invalid([not_an_address()]) from error
    if len(found.normalized) > 254 or "." not in found.ascii_domain:
        raise Invalid([not_an_address()])
    return str(found.normalized)


def not_an_address() -> Fault:
    """The fault shown beside the field when an address cannot be one."""
    return Fault("email", "not_an_address", N_("Enter one e-mail address, like name@example.org."))


def domain(address: str) -> str:
    """The domain of a normalised address, in lower-case punycode."""
    name = address.rpartition("@")[2].lower()
    return idna.encode(name, uts46=True).decode() if not name.isascii() else name


def is_free_mail(host: str) -> bool:
    """Whether everybody can have a mailbox at this mail domain, so that it says nothing about its holders."""
    return host in FREE_MAIL or registered_domain(host) in FREE_MAIL


def registered_domain(host: str) -> str:
    """The part of a host that somebody registered, in lower-case punycode (www.x.co.uk -> x.co.uk); empty for none."""
    try:
        name = domain(f"@{host.strip('.')}")
    except UnicodeError:
        return ""
    return _suffixes().privatesuffix(name) or ""


def readable_domain(host: str) -> str:
    """A domain in the letters its owner reads (xn--e1afmkfd.xn--p1ai -> пример.рф)."""
    try:
        return str(idna.decode(host))
    except idna.IDNAError:
        return host


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # the list inside the package: it is never updated over the network


def fold(address: str) -> str:
    """The one identity of a mailbox: domain case, punycode and the known providers' rules; never used for sending."""
    local, host = address.rpartition("@")[0], domain(address)
    host = _ALIASES.get(host, host)
    if not local.startswith('"'):
        local = local.lower()
        if host in _PLUS_TAGS:
            local = local.partition("+")[0] or local
        if host in _DOTLESS:
            local = local.replace(".", "")
    return f"{local}@{host}"


def fingerprint(address: str, key: bytes) -> str:
    """HMAC-SHA256 of the folded address under the installation's key, 64 hex digits (RFC 2104)."""
    return hmac.new(key, b"address:" + fold(address).encode(), hashlib.sha256).hexdigest()


def near_miss(address: str) -> str | None:
    """The address its owner probably meant (gmial.com -> gmail.com), or None."""
    local, host = address.rpartition("@")[0], domain(address)
    if host in COMMON_DOMAINS or host in _NOT_NEAR_MISSES:
        return None
    for known in COMMON_DOMAINS:
        if _one_slip(host, known):
            return f"{local}@{known}"
    return None


def _one_slip(typed: str, meant: str) -> bool:
    """Whether one letter was left out, added, changed, or swapped with its neighbour."""
    if abs(len(typed) - len(meant)) > 1 or typed == meant:
        return False
    start = next((i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), min(len(typed), len(meant)))
    left, right = typed[start:], meant[start:]
    return (
        left[1:] == right[1:]
        or left[1:] == right
        or left == right[1:]
        or (left[:2] == right[1::-1] and left[2:] == right[2:])
    )
