"""Words for invented signatories: given names of many languages, with family names that say that they are made up."""

# ruff: noqa: E501 (one language a line is how this reads)

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class People:
    """One language's names; `form` puts them together, and `language` is the interface such a person would use."""

    countries: str
    given: str
    families: str
    language: str = "en"
    form: str = "{given} {family}"
    second: bool = True  # whether a second given name is usual
    between: str = " "


PEOPLE = (
    People("AM AM AM US FR LB GE RU AR", "Արամ Անի Մարիամ Դավիթ Նարե Տիգրան Լիլիթ Գոռ Սոնա Հայկ Արփինե Վահե Շուշան Կարեն Գայանե Նարեկ Մանե Ռուբեն Աստղիկ Գագիկ", "Օրինակյան Նմուշյան Հորինյան", "hy", second=False),
    People("AM US FR CA AR LB", "Aram Ani Mariam Davit Nare Tigran Lilit Sona Hayk Arpine Vahe Shushan Karen Gayane Narek Ruben", "Orinakyan Nmushyan Sampleian", "en", second=False),
    People("US GB CA AU IE NZ", "Ana James Olivia Thomas Grace Daniel Ruth Henry Alice Samuel Nora Peter Helen Owen Clara Simon Judith Leo", "Sample Example Specimen Placeholder", "en"),
    People("FR BE CH CA SN", "Camille Jules Léa Hugo Chloé Mathis Inès Gaël Élodie Bastien Zoé Rémi Aïcha Théo Maëlle Yves", "Exemple Modèle Fictif Lambda-Exemple", "fr"),
    People("RU RU KZ DE IL", "Иван Анна Мария Сергей Ольга Дмитрий Елена Павел Нина Юрий Вера Лев Софья Артём Тамара Глеб", "Примеров Образцов Вымышленных", "ru", second=False),
    People("UA", "Олена Тарас Ірина Богдан Оксана Андрій Юлія Остап Соломія Данило", "Приклад Зразковий Вигадко", "ru"),
    People("EG LB JO MA TN IQ", "أحمد ليلى محمد فاطمة يوسف مريم عمر سلمى خالد هدى سامي رنا كريم نور زياد", "مثال نموذج تجريبي", "ar"),
    People("IR", "سارا رضا مینا امیر نگار بهرام شیرین کاوه لاله آرش", "نمونه مثالی فرضی", "en"),
    People("GE", "გიორგი ნინო ლუკა თამარ დავით მარიამ ნიკა ელენე სანდრო ქეთი", "ნიმუში მაგალითი გამოგონილი", "en"),
    People("GR CY", "Γιώργος Μαρία Νίκος Ελένη Κώστας Άννα Δημήτρης Σοφία Πέτρος Ιωάννα", "Παράδειγμας Δείγματος Υποθετικού", "en"),
    People("IL", "דוד נועה יוסי תמר אבי מיכל רון שירה אורי רות", "דוגמה לדוגמא בדיוני", "en"),
    People("DE AT CH", "Jonas Mia Lukas Emma Jörg Käthe Günther Annika Björn Sophie Matthias Ute Franz Liesel", "Muster Beispiel Erfunden", "en"),
    People("ES MX AR CL UY", "José María Lucía Álvaro Sofía Íñigo Nuria Andrés Begoña Raúl Inés Óscar", "Ejemplo Muestra Ficticio", "en"),
    People("PT BR", "João Inês Tiago Conceição Rui Beatriz Luís Mafalda Nuno Íris", "Exemplo Amostra Fictício", "en"),
    People("IT", "Giulia Marco Chiara Luca Niccolò Elena Matteo Sara Paolo Noemi", "Esempio Campione Inventato", "en"),
    People("PL", "Zofia Jakub Łucja Michał Małgorzata Stanisław Agnieszka Wojciech", "Przykładowy-Wzór Przykład Zmyślony", "en"),
    People("CZ SK", "Jiří Tereza Ondřej Eliška Tomáš Zuzana Štěpán Ludmila", "Příklad Vzorek Smyšlený", "en"),
    People("SE NO DK", "Åsa Björn Ingrid Lars Øyvind Søren Astrid Märta", "Exempelsson Eksempelsen Påhittad", "en"),
    People("NL BE", "Daan Sanne Bram Lotte Pieter Femke Joris Maartje", "Voorbeeld Monster Verzonnen", "en"),
    People("TR", "Ayşe Çağlar Işıl Ömer Şule Gökhan Elif Barış", "Örnek Numune Hayali", "en"),
    People("HU", "Ágnes Bence Csilla Dániel Ödön Réka Zsófia Győző", "Példa Minta Kitalált", "en", "{family} {given}"),
    People("CN TW SG", "伟 芳 娜 敏 静 磊 军 洋 勇 艳 杰 娟 涛 明 超 霞", "李样本 王示例 张虚构", "en", "{family}{given}", True, ""),
    People("JP", "太郎 花子 健一 由美 翔太 さくら 直樹 美咲", "見本 例文 架空", "en", "{family} {given}", False),
    People("KR", "민준 서연 지훈 하은 도윤 수아 예준 지우", "견본 예시 가상", "en", "{family} {given}", False),
    People("VN", "Anh Bình Châu Dũng Hạnh Khánh Linh Minh Ngọc Phúc", "Nguyễn-Mẫu Trần-Thí-Dụ Lê-Giả-Định", "en", "{family} {given}"),
    People("IN", "आरव प्रिया रोहन सीता विक्रम मीरा अर्जुन काव्या", "उदाहरण नमूना काल्पनिक", "en"),
    People("ET", "አበበ ሰላም ዮናስ ሄለን ዳዊት ማርታ", "ምሳሌ ናሙና", "en"),
    People("KE TZ", "Amina Juma Wanjiku Baraka Neema Otieno", "Mfano Sampuli", "en"),
)  # fmt: skip

# (countries, language, first words, last words): every pair is one organisation.
ORGANISATIONS = (
    ("US GB IE CA", "en", "Sample Union of|Invented Centre for|Example Network of|Placeholder Foundation for", "Teachers|Human Rights|Independent Journalists|Prisoners’ Families|Open Archives|Students|Lawyers|Small Museums"),
    ("FR BE CH", "fr", "Association Exemple de|Collectif Fictif pour|Fondation Modèle pour", "la mémoire|la solidarité|la défense des droits|la liberté de la presse|l’aide aux détenus"),
    ("AM", "hy", "Օրինակելի հիմնադրամ՝|Հորինված միություն՝|Նմուշային կենտրոն՝", "իրավունքների պաշտպանություն|երիտասարդության համար|մշակույթի պահպանում|լրագրողների համար"),
    ("DE AT", "en", "Musterverein für|Beispielstiftung für|Erfundenes Bündnis für", "Menschenrechte|Völkerverständigung|Pressefreiheit|Städtepartnerschaft"),
    ("RU KZ", "ru", "Примерный союз|Вымышленный центр|Образцовый фонд", "журналистов|защиты прав|помощи заключённым|памяти"),
    ("ES AR", "en", "Asociación Ejemplo de|Red Ficticia por", "Derechos Humanos|la Paz|Periodistas|Familias de Presos"),
    ("LB EG", "ar", "جمعية مثالية|مركز افتراضي", "لحقوق الإنسان|للصحافة الحرة|للتضامن"),
    ("GE", "en", "სანიმუშო კავშირი|გამოგონილი ფონდი", "უფლებებისთვის|მშვიდობისთვის"),
    ("GR CY", "en", "Υποδειγματικός Σύλλογος|Φανταστικό Κέντρο", "Δικαιωμάτων|Αλληλεγγύης|Δημοσιογράφων"),
    ("IT", "en", "Associazione Esempio per|Centro Inventato per", "i diritti umani|la pace|la stampa libera"),
    ("NL SE", "en", "Voorbeeldstichting voor|Exempelföreningen för", "Amnestie|Solidaritet|Persvrijheid"),
)  # fmt: skip

PLACES = {
    "en": ("Sample University", "Example Hospital", "Invented School No. 4", "Placeholder Press", "Specimen Museum"),
    "fr": ("Université Exemple", "Hôpital Fictif", "Lycée Modèle"),
    "hy": ("Օրինակելի համալսարան", "Հորինված դպրոց", "Նմուշային թանգարան"),
    "ru": ("Примерный институт", "Образцовая школа", "Вымышленный музей"),
    "ar": ("جامعة مثالية", "مستشفى افتراضي"),
}
ROLES = {
    "en": (
        "teacher",
        "physician",
        "student",
        "lawyer",
        "nurse",
        "historian",
        "engineer",
        "librarian",
        "journalist",
        "",
    ),
    "fr": ("enseignante", "médecin", "étudiant", "avocate", ""),
    "hy": ("ուսուցիչ", "բժիշկ", "ուսանող", "լրագրող", ""),
    "ru": ("врач", "учительница", "студент", "историк", ""),
    "ar": ("معلّمة", "طبيب", "طالب", ""),
}
COMMENTS = {
    "en": ("I sign for those who cannot.", "No trial behind closed doors.", "An invented comment, to show where comments stand.", "Let the families visit.", "Please answer this letter."),
    "fr": ("Je signe pour celles et ceux qui ne le peuvent pas.", "Un commentaire inventé, pour l’exemple."),
    "hy": ("Ստորագրում եմ նրանց փոխարեն, ովքեր չեն կարող։", "Սա հորինված մեկնաբանություն է։"),
    "ru": ("Подписываю за тех, кто не может.", "Это вымышленный комментарий."),
    "ar": ("أوقّع نيابةً عمّن لا يستطيع.", "تعليق مُختلَق على سبيل المثال."),
}  # fmt: skip
