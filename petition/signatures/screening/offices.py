"""Whether somebody claims a high public office: head of state or government, crown, faith, or a world organisation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from petition import i18n
from petition.signatures.screening.folding import words

LANGUAGES = ("en", "fr", "ru", "de", "es", "uk", "hy", "ar")

# Enough by themselves, where a role is one of these or begins with it.
_ALONE = (
    "prime minister", "head of state", "head of government", "supreme leader", "dalai lama", "us president", "u s president",
    "president of the united nations", "his holiness", "his majesty", "her majesty", "pope of rome", "catholicos of all armenians",
    "patriarch of moscow", "patriarch of constantinople", "premier ministre", "première ministre", "président de la république",
    "présidente de la république", "sa sainteté", "sa majesté", "le pape", "catholicos de tous les arméniens",
    "премьер-министр", "глава государства", "глава правительства", "папа римский", "патриарх московский", "далай-лама",
    "католикос всех армян", "bundeskanzler", "bundeskanzlerin", "bundespräsident", "bundespräsidentin", "premierminister",
    "premierministerin", "staatsoberhaupt", "regierungschef", "regierungschefin", "reichskanzler", "der papst",
    "katholikos aller armenier", "primer ministro", "primera ministra", "presidente del gobierno", "presidenta del gobierno",
    "jefe de estado", "jefa de estado", "el papa", "su santidad", "su majestad", "католікос усіх вірмен", "прем'єр-міністр",
    "прем'єр-міністерка", "глава держави", "глава уряду", "папа римський", "патріарх московський", "далай-лама",
    "հռոմի պապ", "ամենայն հայոց կաթողիկոս", "մեծի տանն կիլիկիո կաթողիկոս", "հհ նախագահ", "հհ վարչապետ", "رئيس الوزراء",
    "رئيس مجلس الوزراء", "رئيس الحكومة", "رئيس الجمهورية", "رئيس الدولة", "بابا الفاتيكان", "المرشد الأعلى", "شيخ الأزهر",
    "صاحب الجلالة",
)  # fmt: skip
# The whole role: as part of one they are too ordinary.
_WHOLE = (
    "pope", "king", "queen", "emperor", "empress", "premier", "pape", "roi", "reine", "empereur", "papst", "könig", "königin",
    "kaiser", "rey", "reina", "emperador", "король", "королева", "император", "папа", "премьер", "царь", "король", "королева",
    "імператор", "прем'єр", "цар", "թագավոր", "թագուհի", "վարչապետ", "կաթողիկոս", "ملك", "الملك", "الملكة", "البابا",
)  # fmt: skip
# Offices of a country, where the country follows.
_OF_COUNTRY = (
    "president", "vice president", "king", "queen", "emperor", "chancellor", "premier", "prime minister", "crown prince", "président",
    "présidente", "roi", "reine", "chancelier", "chancelière", "президент", "король", "королева", "канцлер", "премьер", "präsident",
    "präsidentin", "könig", "königin", "kanzler", "kanzlerin", "ministerpräsident", "presidente", "presidenta", "rey", "reina",
    "canciller", "прем'єр", "رئيس", "رئيسة", "ملك", "ملكة", "رئيس وزراء", "أمير",
)  # fmt: skip
# In Armenian the country comes first and the office ends the role.
_AFTER_COUNTRY = ("նախագահ", "նախագահը", "վարչապետ", "վարչապետը", "թագավոր", "թագուհի", "president", "prime minister")
_WORLD_OFFICES = (
    "secretary general", "president", "secrétaire général", "secrétaire générale", "président", "présidente",
    "генеральный секретарь", "председатель", "generalsekretär", "generalsekretärin", "präsident", "präsidentin",
    "secretario general", "secretaria general", "presidente", "presidenta", "генеральний секретар", "голова",
    "الأمين العام", "الأمينة العامة", "أمين عام", "رئيس", "رئيسة",
)  # fmt: skip
_WORLD = (
    "united nations", "un", "uno", "nato", "osce", "council of europe", "european commission", "european council",
    "european parliament", "european union", "arab league", "league of arab states", "african union", "world bank", "nations unies",
    "onu", "otan", "conseil de l'europe", "commission européenne", "conseil européen", "parlement européen", "ligue arabe", "оон",
    "организации объединённых наций", "объединённых наций", "нато", "обсе", "совета европы", "европейской комиссии", "еврокомиссии",
    "европейского совета", "европарламента", "vereinten nationen", "europäischen kommission", "europäischen rates", "europarats",
    "europäischen parlaments", "eu kommission", "naciones unidas", "comisión europea", "consejo europeo", "parlamento europeo",
    "consejo de europa", "організації об'єднаних націй", "об'єднаних націй", "обсє", "ради європи", "європейської комісії",
    "європейської ради", "європарламенту", "للأمم المتحدة", "الأمم المتحدة", "الاتحاد الأوروبي", "المفوضية الأوروبية",
    "لجامعة الدول العربية", "جامعة الدول العربية", "حلف الناتو", "ناتو",
)  # fmt: skip
_WORLD_FIRST = (
    "un secretary general", "nato secretary general", "un generalsekretär", "nato generalsekretär", "генсек оон", "генсек нато",
    "մակ ի գլխավոր քարտուղար", "մակ գլխավոր քարտուղար", "նատօ ի գլխավոր քարտուղար",
)  # fmt: skip
# How a state's full name begins: whatever follows, a state is meant.
_FULL_NAMES = (
    "republic", "kingdom", "peoples republic", "islamic republic", "russian federation", "united kingdom", "république", "royaume",
    "république populaire", "république islamique", "fédération de russie", "республики", "королевства", "республіки", "королівства",
    "republik", "volksrepublik", "russischen föderation", "vereinigten königreichs", "república", "reino", "جمهورية", "الجمهورية",
    "المملكة", "دولة",
)  # fmt: skip
# Countries by names that CLDR does not give them, and the cases that a cut ending does not reach.
_COUNTRIES_TOO = (
    "usa", "us", "u s", "u s a", "uk", "america", "england", "great britain", "holland", "soviet union", "ussr", "angleterre",
    "российской федерации", "рф", "сша", "соединённых штатов америки", "соединённых штатов", "ссср", "англии", "великобритании", "кнр",
    "російської федерації", "сполучених штатів", "англії", "великої британії", "vereinigten staaten", "estados unidos", "ee uu",
    "inglaterra", "հհ", "արցախի", "ռդ", "ամն", "الولايات المتحدة", "artsakh", "nagorno karabakh", "арцаха", "нагорного карабаха",
    "bergkarabach",
)  # fmt: skip
_OF_A_STATE = frozenset(words("հանրապետության դաշնության republic federation"))
_QUALIFIERS = frozenset(
    words(
        "the his her excellency former ex acting current interim hon honourable le la ancien ancienne ex der die das ehemaliger "
        "ehemalige amtierender el бывший бывшая экс действующий колишній колишня чинний نայխկին նախկին ներկայիս السابق"
    )
)
_CONNECTORS = frozenset(
    words("of the for de du des del la le les los las el l d der die das von des vom im всея всей")
)
_GOES_ON = frozenset(words("and et und y e и і та և ու و since seit depuis desde с з"))


@lru_cache(maxsize=1024)  # the same roles are given again and again
def claims_office(text: str, *, whole: bool = True) -> bool:
    """Whether a role claims a high public office; without `whole` a bare 'King' or 'Pope' is no claim."""
    return any(_claims(tuple(words(part)), whole) for part in re.split(r"[,;/|()•·–—]", text))


def is_state(text: str) -> bool:
    """Whether these words name a state or a world organisation, and nothing else."""
    found = tuple(words(text))
    named = any(end == len(found) for end in _after_country(found, 0)) or _is_full_name(found, 0)
    return named or found in _phrases(_WORLD)


def _claims(found: tuple[str, ...], whole: bool) -> bool:
    while found and found[0] in _QUALIFIERS:
        found = found[1:]
    if not found:
        return False
    if whole and found in _phrases(_WHOLE):
        return True
    if any(found[:end] in _alone() for end in range(1, len(found) + 1)):
        return True
    return _office_of(found) or _country_first(found) or _office_in_the_world(found)


def _office_of(found: tuple[str, ...]) -> bool:
    for office in _phrases(_OF_COUNTRY):
        if found[: len(office)] != office:
            continue
        start = len(office)
        for at in range(start, len(found)):
            ends = list(_after_country(found, at))
            if any(end == len(found) or found[end] in _GOES_ON or found[end].isdigit() for end in ends) or _is_full_name(found, at):
                return True
            if found[at] not in _CONNECTORS:
                break
    return False


def _country_first(found: tuple[str, ...]) -> bool:
    offices = [each for each in _phrases(_AFTER_COUNTRY) if found[-len(each) :] == each]
    between = (found[end : -len(office)] for office in offices for end in _after_country(found[: -len(office)], 0))
    return any(all(word in _OF_A_STATE for word in each) for each in between)


def _office_in_the_world(found: tuple[str, ...]) -> bool:
    for office in _phrases(_WORLD_OFFICES):
        if found[: len(office)] == office:
            rest = found[len(office) :]
            while rest and rest[0] in _CONNECTORS:
                rest = rest[1:]
            if any(rest[: len(each)] in (each, ("l" + each[0], *each[1:])) for each in _phrases(_WORLD)):
                return True
    return False


def _is_full_name(found: tuple[str, ...], at: int) -> bool:
    """Whether a state's full name begins here ('Republic of ...'), whatever follows."""
    return any(found[at : at + len(each)] == each for each in _phrases(_FULL_NAMES))


def _after_country(found: tuple[str, ...], at: int) -> Iterator[int]:
    """The positions behind every country name that begins here, in any language and in its usual cases."""
    for name in (*_countries(), *_phrases(_COUNTRIES_TOO)):
        end = at + len(name)
        if end <= len(found) and all(_is_case_of(token, word) for token, word in zip(found[at:end], name, strict=True)):
            yield end


def _is_case_of(token: str, word: str) -> bool:
    """Whether a word may be this name's word in another case (Россия, России), or with an elided article (l'Arménie)."""
    if token == word or (token[:1] in ("l", "d") and token[1:] == word):
        return True
    if word.isascii() and not token.startswith(word):
        return False
    stem = word[:-2] if len(word) > 5 else word[:-1] if len(word) > 4 else word
    return token.startswith(stem) and abs(len(token) - len(word)) <= 2


@cache
def _alone() -> frozenset[tuple[str, ...]]:
    return _phrases(_ALONE) | _phrases(_WORLD_FIRST)


@cache
def _countries() -> frozenset[tuple[str, ...]]:
    names = (words(name) for language in LANGUAGES for _, name in i18n.countries(language))
    return frozenset(tuple(name) for name in names if name)


@cache
def _phrases(texts: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(words(text)) for text in texts)
