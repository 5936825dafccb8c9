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

# Where anybody gets a mailbox: such a domain says nothing about who writes from it.
_FREE_MAIL = frozenset(
    """
    gmail.com googlemail.com outlook.com outlook.de outlook.fr outlook.es outlook.it outlook.jp outlook.com.br hotmail.com hotmail.co.uk hotmail.de hotmail.fr
    hotmail.it hotmail.es hotmail.be hotmail.nl hotmail.ca hotmail.com.br hotmail.com.tr hotmail.gr live.com live.co.uk live.de live.fr live.it live.nl live.be
    live.ca live.se live.dk live.no live.com.au live.ru msn.com windowslive.com passport.com yahoo.com yahoo.co.uk yahoo.de yahoo.fr yahoo.it yahoo.es yahoo.ca
    yahoo.co.in yahoo.in yahoo.co.jp yahoo.com.br yahoo.com.ar yahoo.com.mx yahoo.com.au yahoo.com.tr yahoo.com.hk yahoo.com.tw yahoo.com.vn yahoo.co.id yahoo.gr
    yahoo.ie yahoo.se yahoo.ro yahoo.pl ymail.com rocketmail.com myyahoo.com aol.com aol.de aol.fr aol.co.uk aim.com icloud.com me.com mac.com proton.me
    protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tutamail.com tuta.io tuta.com keemail.me fastmail.com fastmail.fm zoho.com zohomail.com zohomail.eu
    mail.com email.com usa.com europe.com post.com consultant.com gmx.com gmx.net gmx.de gmx.at gmx.ch gmx.fr gmx.us gmx.eu web.de freenet.de t-online.de
    posteo.de posteo.net posteo.eu mailbox.org mail.de arcor.de vodafone.de 1und1.de online.de bluewin.ch sunrise.ch hispeed.ch chello.at aon.at orange.fr wanadoo.fr
    free.fr laposte.net sfr.fr neuf.fr bbox.fr numericable.fr aliceadsl.fr club-internet.fr cegetel.net skynet.be telenet.be proximus.be scarlet.be ziggo.nl kpnmail.nl
    planet.nl home.nl xs4all.nl hetnet.nl libero.it virgilio.it tiscali.it alice.it tin.it inwind.it fastwebnet.it terra.es telefonica.net movistar.es sapo.pt
    btinternet.com sky.com talktalk.net virginmedia.com ntlworld.com blueyonder.co.uk o2.co.uk eircom.net comcast.net verizon.net att.net sbcglobal.net bellsouth.net
    cox.net charter.net earthlink.net juno.com netzero.net optonline.net rogers.com shaw.ca sympatico.ca bell.net telus.net videotron.ca bigpond.com optusnet.com.au
    xtra.co.nz uol.com.br bol.com.br terra.com.br ig.com.br globo.com mail.ru bk.ru inbox.ru list.ru internet.ru xmail.ru yandex.ru yandex.com yandex.ua yandex.by
    yandex.kz ya.ru rambler.ru lenta.ru ro.ru autorambler.ru myrambler.ru ukr.net i.ua meta.ua bigmir.net tut.by mail.kz mail.am freenet.am posta.ge mail.az box.az
    wp.pl o2.pl onet.pl onet.eu op.pl interia.pl interia.eu gazeta.pl tlen.pl poczta.onet.pl seznam.cz email.cz centrum.cz post.cz volny.cz azet.sk zoznam.sk centrum.sk
    freemail.hu citromail.hu indamail.hu abv.bg mail.bg dir.bg in.gr otenet.gr mynet.com superonline.com walla.com walla.co.il 013.net maktoob.com naver.com hanmail.net
    daum.net nate.com kakao.com qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn aliyun.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp
    nifty.com rediffmail.com indiatimes.com vsnl.net hushmail.com hush.com lavabit.com riseup.net disroot.org autistici.org inventati.org cock.li mailfence.com
    runbox.com startmail.com countermail.com ctemplar.com kolabnow.com simplelogin.com duck.com relay.firefox.com mozmail.com privaterelay.appleid.com hey.com
    """.split()  # noqa: SIM905 (a list literal would be four times as long)
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


@cache
def _suffixes() -> PublicSuffixList:
    # The list inside the package: it is never updated over the network.
    return PublicSuffixList()


def registered_domain(host: str) -> str | None:
    """The domain that somebody registered and this host belongs to, in punycode; None for a public suffix and for nonsense."""
    try:
        plain = idna.encode(host.rstrip("."), uts46=True).decode() if host else ""
    except idna.IDNAError:
        return None
    found = _suffixes().privatesuffix(plain.lower())
    return str(found) if found else None


def is_free_mail(domain: str) -> bool:
    """Whether anybody can get a mailbox at this domain or at the one it belongs to."""
    return domain in _FREE_MAIL or registered_domain(domain) in _FREE_MAIL


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
