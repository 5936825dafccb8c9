# ruff: noqa: E501 (lists of names and roles are read as crowds)
"""Names: ordinary ones of every script pass, jokes, insults and borrowed names do not, and the shape of a name only adds up."""

from __future__ import annotations

import pytest

from petition.signatures import screening
from petition.signatures.screening.offices import claims_office
from petition.signatures.screening.wordset import Names
from petition.upkeep import cast

KNOWN = screening.compiled()
INNOCENT = """
    Ana Sample|O'Brien-Łęcki|Nguyễn Thị Hạnh|Nguyễn|李|李伟|محمد|محمد بن سلمان الأحمد|Jean DUPONT|JEAN DUPONT|MARIA DEL CARMEN|Teller|Suharto
    Արամ Օրինակյան|ԱՐԱՄ ՕՐԻՆԱԿՅԱՆ|Աստղիկ|Գարեգին Նժդեհյան|Վարդան Խաչատրյան|Aram I.|Aram Khachatryan|Khachik Dick|Խաչիկ Պողոսյան
    Иван Примеров|ИВАН ПРИМЕРОВ|Анна-Мария Смит|Сергей Сапронов|Кямран Кенгерли|Наталья Проленко|Юрий Жидков|Хохол Андрій|Владимир Андреев
    Дмитрий Медведев|Александр Путинцев|Олена Приклад|Тарас Ющенко|Андре Жид|Тимур Хачиков|Ирина Кукушкина|Наталія Коваль
    أحمد مثال|فاطمة الزهراء|محمود عباس|أحمد الطيب|كلبون سامي|عبد الله بن محمد|سارا رضا|Reza Ahmadi|Treza Hakobyan|Azer Mammadov
    Γιώργος Παράδειγμας|ΜΑΡΙΑ ΠΑΠΑΔΟΠΟΥΛΟΥ|გიორგი ნიმუში|დავით მაგალითი|דוד לדוגמה|आरव उदाहरण|प्रिया काल्पनिक|አበበ ምሳሌ|太郎 見本|さくら 例文|견본 민준|김종은
    Cockburn|Alex Cockburn|Dick Sample|Assad Hassan|Hassan Nasr|Scunthorpe Smith|Penistone Ann|Kike García|Carrie Coon|Louis Nègre|Gaylord Focker
    Sergio Verga|Marica Horvat|Bich Ngoc Tran|Phuc Nguyen|Dung Pham|Fanny Hancock|Wang Long Dong|Peter Weiner|Randy Butts|Mike Hunt
    Patrick Dougherty|Niamh Flaherty|Hans Schwert|Anke Hertz|Ilse Wertz|Poldark Trewin|Ytrehus Knut|Barbara Wert|Jürgen Hertzog
    Charles King|King Okafor|Queen Latimer|Prince Smith|Martin Luther King|Donald Smith|Vladimir Sample|Emmanuel Martin|William Prince|Harry Prince
    Charles Michel|Pedro Sánchez|António Costa|Joseph Aoun|Imran Khan|Karim Khan|Muhammad Yunus|Mohammad Abbas|Ali Hassan
    John Smith III|Henry Ford II|Louis XIV Sample|Krzysztof Brzęczyszczykiewicz|Vlk Smrž|Krk Petr|Åsa Öberg|Øyvind Æsøy|Bjørn Ørn|J. R. R. Sample
    X Æ Sample|Ng|Y|Bo Li|Anne-Sophie de la Tour d'Auvergne|Zoë Saldaña|D’Angelo Russo|Jose Ma. Santos|Ömer Şule|Gökhan Işıl|Dr. Ruth Example
    Aaron Aaberg|Anna Wiiala|Isaac Zwaan|Mac an tSaoir|van der Meer|María-José|Þórunn Jónsdóttir|Ivana Hrvatić|Tran Thi Bich|Test Ana|Graham Anna
"""
PEOPLE = [name.strip() for line in INNOCENT.strip().splitlines() for name in line.split("|")]


def codes(name: str, **more: str) -> set[str]:
    texts = {"name": name, "organisation": "", "role": "", "comment": ""} | more
    return {flag.code for flag in [*screening.of_texts(texts, "name", KNOWN), *screening.screen(texts)]}


def test_the_crowd_is_large() -> None:
    assert len(set(PEOPLE)) >= 120


@pytest.mark.parametrize("name", PEOPLE)
def test_an_ordinary_name_holds_nobody(name: str) -> None:
    assert not screening.holds(codes(name)), codes(name)
    # Nor when the name came with everything that a campus in a busy hour brings along.
    busy = {"new_domain", "domain_burst", "network_burst", "other_network", "letter_load"}
    assert not screening.holds(busy)
    assert codes(name) <= {"all_caps"}


def test_the_invented_signatories_of_the_demonstration_are_ordinary() -> None:
    for people in cast.PEOPLE:
        for family in people.families.split():
            for given in people.given.split():
                name = people.form.format(given=given, family=family)
                assert codes(name) == set(), name
    for language, roles in cast.ROLES.items():
        for role in roles:
            assert codes("Ana Sample", role=role) == set(), (language, role)


JOKES = (
    "Dr Johnny Bananas", "Mickey Mouse", "mouse, mickey", "MICKEY MOUSE", "Harry Potter", "Вася Пупкин", "Пупкин Василий", "Jean Peuplu",
    "Max Mustermann", "Elsa Pato", "Вася Пупкін", "Միկի Մաուս", "ميكي ماوس", "Test Test", "Mlckey M0use", "Мiсkеу Моusе", "Mr. Seymour Butts Jr",
    "Spider-Man", "no name", "Vоldemort", "Gandalf the Grey", "Spongebob", "Claus, Santa", "Dr. Santa Claus of the North",
)  # fmt: skip
FAMOUS = (
    "Vladimir Putin", "Putin Vladimir", "PUTIN VLADIMIR", "Vladimir V. Putin", "Dr Pope Francis", "King X. Charles III", "Владимир Владимирович Путин", "Путин", "Vlаdimir Рutin",
    "President Emmanuel Macron", "Emmanue1 Macron", "Ernmanuel Macron", "Recep Tayyip Erdogan", "Recep Tayyip ERDOĞAN", "Xi Jinping", "Нікол Пашинян",
    "Նիկոլ Փաշինյան", "بشار الأسد", "بشار الاسد", "King Charles III", "Pope Francis", "Pape François", "Dalai Lama", "António Guterres",
    "Antonio Guterres", "Ursula von der Leyen", "Wladimir Putin", "Володимир Зеленський", "Donald J. Trump",
)  # fmt: skip


@pytest.mark.parametrize("name", JOKES)
def test_a_joke_name_is_held(name: str) -> None:
    assert "joke_name" in codes(name)
    assert screening.holds({"joke_name"})


@pytest.mark.parametrize("name", FAMOUS)
def test_a_borrowed_name_is_held_in_whatever_order_and_letters(name: str) -> None:
    assert "protected_name" in codes(name)
    assert screening.holds({"protected_name"})


@pytest.mark.parametrize("name", ["J.Ma", "Prof.Li Wei", "Dipl.-Ing. Sample", "Ana S.Pierre", "St.Clair", "Anna.Maria", "Ana Sample Jr.", "Mag.phil. Ana"])
def test_a_dot_makes_no_link_of_a_name(name: str) -> None:
    assert screening.screen({"name": name}) == []


def test_a_star_stands_for_the_words_behind_it_and_for_no_others() -> None:
    names = Names()
    for line in ("Gandalf *", "Ana Sample *", "- Ana Sample"):
        names.take(line)
    assert names.find("GANDALF the Grey") == names.find("gandalf") == "Gandalf *"
    assert [names.find(name) for name in ("Gandalfo Grey", "Sir John Gandalf", "Ana Sample", "Ana Sample Smith")] == [None] * 4


def test_a_flag_says_which_entry_the_name_was_taken_for() -> None:
    flags = screening.of_texts({"name": "Putin, Vladimir"}, "name", KNOWN)
    assert [(flag.code, flag.detail) for flag in flags] == [("protected_name", "Vladimir Putin")]


@pytest.mark.parametrize(
    "text",
    ["You nigger", "you n1gger!", "Va te faire, ENCULÉ", "fils de pute", "Fils  de Pute!", "Путин хуйло", "сука", "сyкa", "Arschloch!", "hijo de puta",
     "hijos de Puta", "підор", "բոզ", "բոզի տղա", "يا ابن الكلب", "كس امك"],
)  # fmt: skip
def test_an_insult_is_held_wherever_it_would_be_shown(text: str) -> None:
    assert "slur" in codes("Ana Sample", comment=text)
    assert "slur" in codes("Ana Sample", organisation=text)
    assert screening.holds({"slur"})


@pytest.mark.parametrize(
    "text",
    ["The road from Scunthorpe", "Nigeria and Niger", "Страхуй меня, барсук", "les retards du train", "Slutet är nära", "dva puta dnevno", "Kike was here",
     "Die Hurenkinder der Typografie", "La disputa sigue", "Шлюхани", "My dog is a beagle: كلبي جميل", "The FDP voted", "Assassins in Cockermouth"],
)  # fmt: skip
def test_an_ordinary_word_is_no_insult(text: str) -> None:
    assert codes("Ana Sample", comment=text) == set()


CLAIMS = (
    "President of France and Andorra", "President of France 2017", "President of France, retired",
    "President of France", "President of the United States", "US President", "former President of the Republic of Armenia", "Prime Minister",
    "Prime Minister of Armenia", "King", "King of Spain", "Pope", "Secretary-General of the United Nations", "UN Secretary-General", "Chancellor of Germany",
    "Président de la République", "Président de l’Arménie", "Premier ministre", "Secrétaire général de l'ONU", "Roi du Maroc", "Президент России",
    "Президент Российской Федерации", "Президент Республики Армения", "Премьер-министр Армении", "Король", "Папа Римский", "Генеральный секретарь ООН",
    "Bundeskanzlerin", "Präsident von Frankreich", "Präsident der Russischen Föderation", "König von Spanien", "Papst", "Presidente de México",
    "Presidente del Gobierno", "Rey de España", "Secretario General de las Naciones Unidas", "Президент України", "Прем'єр-міністр", "Король",
    "Հայաստանի նախագահ", "Հայաստանի Հանրապետության նախագահ", "ՀՀ վարչապետ", "վարչապետ", "رئيس الجمهورية", "رئيس فرنسا", "رئيس الوزراء", "ملك المغرب",
    "الأمين العام للأمم المتحدة",
)  # fmt: skip
JOBS = (
    "President", "President of the Sample Bakers' Union", "Vice-President, Rotary Club", "President, US Chess Federation", "President of UK Students",
    "President of Friends of Armenia", "President of America's Voice", "Secretary-General", "Secretary-General of Amnesty Sample", "Adviser to the Prime Minister",
    "Chancellor of the University of Sampletown", "Queen bee keeper", "Kingston teacher", "Reader in papal history", "Papa", "Chef", "Minister of a church",
    "Présidente de l'association", "Président de la Fédération française de pétanque", "Secrétaire générale du syndicat", "Président d'honneur",
    "Президент фонда «Армения»", "Президент Российской федерации футбола", "Председатель союза", "Генеральный секретарь профсоюза", "Папа троих детей",
    "Präsidentin des Vereins", "Generalsekretär der Bäckerinnung", "Presidenta de la asociación", "Secretario general del sindicato", "Президент клубу",
    "Հիմնադրամի նախագահ", "Հայաստանի օրինակելի հիմնադրամի նախագահ", "رئيس الجمعية", "أمين عام النقابة", "teacher", "врач", "",
)  # fmt: skip


@pytest.mark.parametrize("role", CLAIMS)
def test_a_high_office_is_a_claim(role: str) -> None:
    assert "office" in codes("Ana Sample", role=role)


@pytest.mark.parametrize("role", JOBS)
def test_an_office_of_a_club_is_none(role: str) -> None:
    assert "office" not in codes("Ana Sample", role=role)


def test_an_office_may_be_divided_between_role_and_affiliation_or_stand_in_the_name() -> None:
    assert "office" in codes("Ana Sample", role="President", organisation="Republic of Armenia")
    assert "office" in codes("Ana Sample", role="Secretary-General", organisation="United Nations")
    assert "office" not in codes("Ana Sample", role="President", organisation="France Sample Association")
    assert "office" not in codes("Ana Sample", role="teacher", organisation="Armenia")
    assert "office" in codes("President of France")
    assert not claims_office("King", whole=False)


SHAPES = {
    "qwerty": {"keyboard_run"}, "Asdf": {"keyboard_run"}, "Fdsa Ana": {"keyboard_run"}, "йцукен": {"keyboard_run"}, "Фыва Пролдж": {"keyboard_run"},
    "azerty": {"keyboard_run"}, "zxcvb": {"keyboard_run", "no_vowels"}, "asdasd": {"keyboard_run"}, "Ana Poiuy": {"keyboard_run"},
    "Ana SAMPLE": set(), "ANA SAMPLE": {"all_caps"}, "АННА ПРИМЕРОВА": {"all_caps"}, "ANA": set(), "AB C": set(), "დავით მაგალითი": set(),
    "Annna Sample": {"repeated_letter"}, "Аааа": {"repeated_letter"}, "Sample III": set(), "李李李": set(),
    "Brtkz Sample": {"no_vowels"}, "Ana 2": {"digits"}, "Ana٣ Sample": {"digits"},
}  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), SHAPES.items())
def test_the_shape_of_a_name_is_noticed(name: str, expected: set[str]) -> None:
    assert {flag.code for flag in screening.shapes(name)} == expected


def test_no_shape_and_no_way_of_arriving_holds_by_itself() -> None:
    mild = {code for code, weight in screening.WEIGHTS.items() if weight < screening.HOLDS_AT}
    assert mild >= {"keyboard_run", "all_caps", "digits", "new_domain", "domain_burst", "network_burst", "too_quick", "other_network"}
    assert not any(screening.holds({code}) for code in mild)


@pytest.mark.parametrize("name", ["QWRTP SDFGH", "qwerty123", "aaaa asdf", "Asdfgh 99"])
def test_shapes_together_hold(name: str) -> None:
    assert screening.holds(codes(name))


def test_names_of_one_machine_share_their_shape() -> None:
    assert screening.name_shape("Ana Sample") == screening.name_shape("Bo Li") == screening.name_shape("Élodie Łęcka") == "Aa Aa"
    assert screening.name_shape("Ana Q77 BAR") == "Aa A9 A"
    assert screening.name_shape("O'Brien-Łęcki") == "A'Aa-Aa"
    assert screening.name_shape("李 伟") == "a a"
    assert len(screening.name_shape("aA" * 60)) == 60


def test_a_row_of_letters_is_no_roman_numeral() -> None:
    assert "repeated_letter" in {flag.code for flag in screening.of_texts({"name": "XXXXXXXX"}, "name", KNOWN)}
    assert {flag.code for flag in screening.of_texts({"name": "Louis XIII Sample"}, "name", KNOWN)} == set()


def test_organisations_are_not_judged_by_the_shape_of_their_names() -> None:
    flags = screening.of_texts({"organisation": "UNION OF BAKERS 2000", "role": "President of France"}, "organisation", KNOWN)
    assert flags == []


def test_flags_are_kept_heaviest_first_and_each_once() -> None:
    stored = [screening.Flag(code, "name").as_json() for code in ("all_caps", "link", "all_caps", "keyboard_run")]
    flags = screening.heaviest_first(stored)
    assert [flag["code"] for flag in flags] == ["link", "keyboard_run", "all_caps"]
    assert screening.codes_of(flags) == "|link|keyboard_run|all_caps|"
    assert screening.codes_of([]) == ""


def test_every_shipped_line_can_be_matched() -> None:
    for language in ("en", "fr", "ru", "de", "es", "uk", "hy", "ar"):
        for line in screening.shipped("joke", language):
            assert KNOWN.jokes.find(line.strip('"')), line
        for line in screening.shipped("protected", language):
            assert KNOWN.protected.find(line.strip('"')), line
        for line in screening.shipped("slur", language):
            assert KNOWN.has_slur(f"... {line}!"), line
