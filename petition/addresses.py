"""E-mail addresses: how they are checked, folded to one identity, and remembered as a keyed fingerprint only."""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import cache

import idna
from email_validator import EmailNotValidError, validate_email
from publicsuffixlist import PublicSuffixList

from petition.errors import N_, Fault, Invalid

# Providers that deliver a+tag@ and a@ to one mailbox; those in _DOTLESS ignore dots as well.
_ALIASES = {"googlemail.com": "gmail.com", "ya.ru": "yandex.ru", "yandex.com": "yandex.ru", "protonmail.com": "proton.me", "pm.me": "proton.me"}
_DOTLESS = {"gmail.com"}
# Those of them that deliver a+tag@ to a@; of other providers nobody can be sure, and one mailbox must never open another's.
_PLUS_TAGS = {
    "gmail.com", "icloud.com", "me.com", "mac.com", "proton.me", "protonmail.ch", "fastmail.com", "fastmail.fm", "yandex.ru", "msn.com",
    "windowslive.com", "posteo.de", "posteo.net", "mailbox.org", "runbox.com", "zoho.com", "zohomail.com", "zohomail.eu", "hey.com",
    "riseup.net", "disroot.org",
}  # fmt: skip
_PLUS_TAGS_IN = ("outlook.", "hotmail.", "live.")

# The large mail domains of the regions our letters reach; a near miss of one is almost always a slip of the finger.
COMMON_DOMAINS = (
    "gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "mail.ru", "yandex.ru", "proton.me",
    "protonmail.com", "gmx.de", "web.de", "orange.fr", "wanadoo.fr", "free.fr", "laposte.net", "hotmail.fr", "yahoo.fr",
)  # fmt: skip
_NOT_NEAR_MISSES = frozenset(
    {"gmx.net", "gmx.at", "gmx.ch", "mail.com", "email.com", "gmx.com", "gmx.fr", "ymail.com", "free.com", "mail.de", "yahoo.de", "hotmail.de", "me.com", "hotmail.it", "yahoo.it", "hotmail.es", "yahoo.es"}
)  # fmt: skip
# Labels of up to 63 letters, digits and inner hyphens (RFC 1123).
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Mailbox providers that anybody may join, and access providers that give every customer a mailbox: whoever writes from
# there speaks for nobody but themselves, and many honest people do so at once.
FREE_MAIL = frozenset(
    """
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com icloud.com me.com mac.com aol.com aim.com
    yahoo.com ymail.com rocketmail.com proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tutamail.com tuta.io
    tuta.com keemail.me fastmail.com fastmail.fm zoho.com zohomail.com zohomail.eu hey.com mail.com email.com usa.com consultant.com
    europe.com gmx.com gmx.us inbox.com hushmail.com riseup.net disroot.org autistici.org inventati.org posteo.de posteo.net
    mailbox.org mailfence.com runbox.com startmail.com lavabit.com duck.com skiff.com
    outlook.fr outlook.de outlook.es outlook.it outlook.pt outlook.be outlook.at outlook.dk outlook.ie outlook.com.br outlook.com.tr
    outlook.jp outlook.kr outlook.co.id outlook.in outlook.sa hotmail.fr hotmail.de hotmail.es hotmail.it hotmail.be hotmail.nl
    hotmail.se hotmail.no hotmail.dk hotmail.fi hotmail.ch hotmail.gr hotmail.co.uk hotmail.co.jp hotmail.co.il hotmail.com.ar
    hotmail.com.br hotmail.com.tr hotmail.ca hotmail.rs live.fr live.de live.it live.be live.nl live.se live.no live.dk live.ca
    live.cl live.co.uk live.com.ar live.com.au live.com.mx live.com.pt live.in live.ru live.cn windowslive.com
    yahoo.fr yahoo.de yahoo.es yahoo.it yahoo.ie yahoo.at yahoo.be yahoo.nl yahoo.se yahoo.no yahoo.dk yahoo.pl yahoo.gr yahoo.ro
    yahoo.ca yahoo.in yahoo.co.uk yahoo.co.in yahoo.co.id yahoo.co.jp yahoo.co.kr yahoo.co.nz yahoo.co.za yahoo.com.ar yahoo.com.au
    yahoo.com.br yahoo.com.cn yahoo.com.hk yahoo.com.mx yahoo.com.my yahoo.com.ph yahoo.com.sg yahoo.com.tr yahoo.com.tw yahoo.com.vn
    mail.ru inbox.ru list.ru bk.ru internet.ru xmail.ru yandex.ru yandex.com yandex.by yandex.kz yandex.ua yandex.com.tr
    ya.ru narod.ru rambler.ru lenta.ru autorambler.ru myrambler.ru ro.ru pochta.ru hotbox.ru nm.ru e1.ru ngs.ru sibmail.com
    mail.am yandex.am freenet.am ukr.net i.ua meta.ua bigmir.net online.ua email.ua ua.fm tut.by mail.by mail.kz mail.ge
    gmx.de gmx.net gmx.at gmx.ch gmx.fr gmx.es gmx.li web.de freenet.de t-online.de arcor.de online.de mail.de email.de 1und1.de
    vodafone.de kabelmail.de bluewin.ch hispeed.ch sunrise.ch aon.at chello.at
    orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr club-internet.fr numericable.fr bbox.fr aliceadsl.fr cegetel.net
    noos.fr voila.fr caramail.com skynet.be telenet.be proximus.be scarlet.be pandora.be
    libero.it virgilio.it tiscali.it alice.it tin.it tim.it inwind.it iol.it email.it fastwebnet.it
    terra.es telefonica.net ono.com sapo.pt clix.pt iol.pt netcabo.pt
    btinternet.com btopenworld.com talktalk.net tiscali.co.uk sky.com virginmedia.com virgin.net ntlworld.com blueyonder.co.uk
    plus.net eircom.net
    ziggo.nl kpnmail.nl planet.nl xs4all.nl home.nl hetnet.nl upcmail.nl casema.nl telia.com telenor.no online.no spray.se bredband.net
    comhem.se passagen.se tele2.se mail.dk stofanet.dk tdcadsl.dk suomi24.fi luukku.com elisanet.fi kolumbus.fi pp.inet.fi
    wp.pl o2.pl onet.pl onet.eu op.pl poczta.onet.pl vp.pl interia.pl interia.eu gazeta.pl tlen.pl poczta.fm go2.pl
    seznam.cz email.cz centrum.cz volny.cz post.cz atlas.cz azet.sk centrum.sk zoznam.sk post.sk pobox.sk
    freemail.hu citromail.hu indamail.hu vipmail.hu t-online.hu abv.bg mail.bg dir.bg inbox.lv inbox.lt apollo.lv one.lv mail.ee hot.ee
    online.ee net.hr inet.hr siol.net t-com.me eunet.rs sezampro.rs
    otenet.gr forthnet.gr hol.gr in.gr mynet.com ttmail.com superonline.com walla.co.il walla.com netvision.net.il bezeqint.net
    012.net.il maktoob.com link.net tedata.net.eg cyberia.net.lb idm.net.lb menara.ma topnet.tn planet.tn chmail.ir mailfa.com
    comcast.net xfinity.com verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net spectrum.net roadrunner.com rr.com
    earthlink.net mindspring.com juno.com netzero.net optonline.net optimum.net frontier.com windstream.net centurylink.net q.com
    pacbell.net ameritech.net swbell.net prodigy.net netscape.net
    rogers.com bell.net sympatico.ca shaw.ca telus.net videotron.ca cogeco.ca
    bigpond.com bigpond.net.au optusnet.com.au iinet.net.au tpg.com.au internode.on.net dodo.com.au xtra.co.nz slingshot.co.nz
    uol.com.br bol.com.br terra.com.br ig.com.br globo.com globomail.com zipmail.com.br fibertel.com.ar arnet.com.ar
    speedy.com.ar ciudad.com.ar prodigy.net.mx vtr.net une.net.co cantv.net adinet.com.uy
    qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn 21cn.com aliyun.com tom.com wo.cn
    naver.com daum.net hanmail.net nate.com kakao.com docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp nifty.com
    biglobe.ne.jp ocn.ne.jp so-net.ne.jp excite.co.jp infoseek.jp hinet.net pchome.com.tw seed.net.tw netvigator.com singnet.com.sg
    rediffmail.com sify.com indiatimes.com vsnl.net sancharnet.in telkom.net mweb.co.za telkomsa.net webmail.co.za vodamail.co.za
    """.split()  # noqa: SIM905 (five hundred quotation marks would not make it clearer)
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
    return _suffixes().privatesuffix(name) or "" if len(name) <= 253 and _HOST.fullmatch(name) else ""


def delegated_domain(host: str) -> str:
    """What a registry gave out, so that sub-domains made by the thousand are one; the host itself where that is unknown.

    Unlike `registered_domain`, a domain that somebody lets out by the name, as dynamic DNS does, counts as one.
    """
    return str(registries().privatesuffix(host) or host)


def is_domain(host: str) -> bool:
    """Whether a host lies under a public suffix that exists."""
    try:
        return _known_suffixes().privatesuffix(domain(f"@{host}")) is not None
    except UnicodeError:
        return False


def readable_domain(host: str) -> str:
    """A domain in the letters its owner reads (xn--e1afmkfd.xn--p1ai -> пример.рф)."""
    try:
        return str(idna.decode(host))
    except idna.IDNAError:
        return host


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # the list inside the package: it is never updated over the network


@cache
def registries() -> PublicSuffixList:
    """The public suffixes of registries, without those of companies."""
    return PublicSuffixList(only_icann=True)


@cache
def _known_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def fold(address: str) -> str:
    """The one identity of a mailbox: domain case, punycode and the known providers' rules; never used for sending."""
    local, host = address.rpartition("@")[0], domain(address)
    host = _ALIASES.get(host, host)
    if not local.startswith('"'):
        local = local.lower()
        if host in _PLUS_TAGS or (host.startswith(_PLUS_TAGS_IN) and host in FREE_MAIL):
            local = local.partition("+")[0] or local
        if host in _DOTLESS:
            local = local.replace(".", "")
    return f"{local}@{host}"


def fingerprint(address: str, key: bytes) -> str:
    """HMAC-SHA256 of the folded address under the installation's key, 64 hex digits (RFC 2104)."""
    return hmac.new(key, b"address:" + fold(address).encode(), hashlib.sha256).hexdigest()


def mailbox(address: str, key: bytes) -> str:
    """As `fingerprint`, without a tag at whatever domain: for caps, where it does no harm to take two mailboxes for one."""
    local, _, host = fold(address).rpartition("@")
    whole = local if local.startswith('"') else local.partition("+")[0] or local
    return hmac.new(key, f"mailbox:{whole}@{host}".encode(), hashlib.sha256).hexdigest()


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
