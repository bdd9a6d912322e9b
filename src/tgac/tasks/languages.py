"""Which language a post is in: a guess by its letters and its commonest words, which says so when it cannot tell.

No model, no list of names: a dozen words of a post are mostly enough, two or three often are not. A text in a language
that is not known here is mostly not told at all, for its words speak for none of these strongly enough.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Final

from pydantic import AfterValidator, Strict
from pydantic_core import PydanticCustomError

from tgac.kit.web.i18n import N_

MAX_READ: Final = 2000
"""Characters that are looked at: what they do not tell, more of them do not tell either."""
_ENOUGH: Final = 1.0
"""Points that a language needs."""
_AHEAD: Final = 1.4
"""How many times the points of the next one it needs."""
_ASIDE: Final = re.compile(r"https?://\S+|\S+@\S+|[@#]\w+")
_WORD: Final = re.compile(r"[^\W\d_]+")

_SCRIPTS: Final = (
    ("Cyrillic", re.compile(r"[Ѐ-ԯ]")),
    ("Latin", re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]")),
    ("ja", re.compile(r"[぀-ヿ]")),
    ("zh", re.compile(r"[㐀-鿿]")),
    ("ko", re.compile(r"[가-힣]")),
    ("Arabic", re.compile(r"[؀-ۿ]")),
    ("el", re.compile(r"[Ͱ-Ͽ]")),
    ("he", re.compile(r"[א-ת]")),
    ("hy", re.compile(r"[Ա-և]")),
    ("ka", re.compile(r"[ა-ჿ]")),
    ("th", re.compile(r"[ก-๎]")),
)
_URDU: Final = re.compile("[ٹڈڑںے]")
_PERSIAN: Final = re.compile("[پچژگ]")

# Words that carry grammar, and a few that posts begin with. A word of several languages speaks for each a little.
_WORDS: Final[Mapping[str, str]] = {
    "ru": (
        "и в во не на что с со как это по но из у за то от так для до или же бы если когда был была были есть нет "
        "уже ещё еще только мы вы он она они я его её ее их нас вас вам нам мне ты чтобы где кто при без под над "
        "после сегодня завтра вчера теперь очень может можно нужно будет все всё всех этот эта эти тот свой "
        "который которые привет почему какой сейчас больше года лет день новости город также более через между об"
    ),
    "uk": (
        "і й та в у не на що з із зі як це по але від за то так для до або чи же б якщо коли був була були є немає "
        "вже ще тільки ми ви він вона вони я його її їх нас вас вам нам мені ти щоб де хто при без під над після "
        "сьогодні завтра вчора тепер дуже може можна треба буде все всі всіх цей ця ці той свій який які привіт "
        "чому зараз більше року день новини місто також через між про"
    ),
    "be": (
        "і й ды у не на што з са як гэта па але ад за то так для да або ці калі быў была былі ёсць няма ужо яшчэ "
        "толькі мы вы ён яна яны я яго яе іх нас вас каб дзе хто пры без пад пасля сёння заўтра вельмі можа трэба "
        "будзе усе гэты які прывітанне цяпер больш дзень навіны горад таксама праз пра"
    ),
    "bg": (
        "и в във не на че с със как това по но от за то така до или ли ако когато беше са е съм няма вече още само "
        "ние вие той тя те аз го я ги нас вас да къде кой при без под над след днес утре вчера сега много може "
        "трябва ще всички този тази тези който които здравейте защо повече година ден новини град също през между "
        "се си"
    ),
    "sr": (
        "и у не на што са како ово по али из од за то тако до или ли ако када је био била су сам нема већ још само "
        "ми ви он она они ја га их нас вас да где ко при без под над после данас сутра јуче сада врло може треба "
        "ће сви овај који које зашто више године дан вести град такође кроз између се"
    ),
    "kk": (
        "және мен бен пен бұл үшін деп бар жоқ емес еді болды болып болады керек қалай не кім осы сол ол біз сіз "
        "олар менің оның бүгін ертең кеше қазір өте барлық жаңа туралы кейін дейін бойынша ма ме да де"
    ),
    "en": (
        "the and of to in is that it for you was with on as are this be at have from or by not but what all were "
        "we when your can there an which their will if how more about has had our out so up who do they he she his "
        "her its been my me just than like time today new now get after here why hello hi please"
    ),
    "de": (
        "der die das und ist in zu den mit von nicht auf für im dem ein eine einen es sich auch als an werden aus "
        "er hat dass sie nach wird bei einer um am sind noch wie einem über so zum war haben nur oder aber vor zur "
        "bis mehr durch man wir ich ihr was wenn heute morgen schon sehr kann hier warum neue unsere hallo guten "
        "danke"
    ),
    "es": (
        "el la de que y en los se del las un por con una su para es al lo como más pero sus le ya o este sí porque "
        "esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno les ni "
        "contra otros ese eso esto ante ellos qué cómo dónde cuándo quién hoy mañana ahora años ser son fue está "
        "hola gracias nuestra"
    ),
    "fr": (
        "le la les de des du et en un une est que qui dans pour pas au aux sur ce cette il elle ne se plus par "
        "avec son sa ses sont nous vous je tu mais ou où comme tout on leur été fait être avoir ont même sans "
        "aussi si bien entre après aujourd hui demain très ici nouveau nouvelle pourquoi bonjour merci"
    ),
    "it": (
        "il lo la gli le di del della dei che e è in un una per con non si da dal al alla sono come più ma anche "
        "se nel nella questo questa ha hanno o cui tra fra dopo oggi domani ora molto tutti tutto perché quando "
        "dove chi noi voi io ci mi essere stato ciao grazie nuovo"
    ),
    "pt": (
        "o a os as de do da dos das que e em um uma para com não se na no nas nos por mais como mas foi ao ele ela "
        "seu sua ou ser quando muito há já está eu também só pelo pela até isso entre depois sem mesmo aos hoje "
        "amanhã agora são você nós tem têm porque às olá obrigado novo"
    ),
    "nl": (
        "de het een en van in is dat op te zijn met voor niet aan er om ook als dan maar bij door over uit naar "
        "heeft hebben ze hij wij we je ik dit die wordt worden nog meer wel geen veel vandaag morgen nu zo kan "
        "waarom nieuwe onze hallo tot uur"
    ),
    "pl": (
        "i w na z się nie do to że jest o jak po za od dla co ale czy są ten ta te tego już tylko może przez przy "
        "oraz który która które był była było bardzo gdy dziś jutro teraz jego jej ich nas was ma być bez pod nad "
        "dlaczego dzień nowe cześć"
    ),
    "tr": (
        "ve bir bu da de için ile çok ne daha o gibi en var yok mi mı değil ama olarak sonra kadar ben sen biz siz "
        "onlar bugün yarın şimdi neden nasıl her olan oldu yeni merhaba ya ki"
    ),
}
# Letters that only one of the languages of their script has, or that only some of them have.
_LETTERS: Final[Mapping[str, str]] = {
    "ru": "ыэёъ", "uk": "їєґі", "be": "ўыэё", "bg": "ъ", "sr": "јљњћђџ", "kk": "әғқңөұүһ",
    "de": "äöüß", "es": "ñ¿¡", "fr": "çèêëîïôûùœàé", "it": "èìòù", "pt": "ãõçâêô", "pl": "ąćęłńśźż", "tr": "ğışçöü",
}  # fmt: skip
# Letters that a language does not have: more than a slip of them, and it is another one.
_FOREIGN: Final[Mapping[str, str]] = {
    "ru": "іїєґўјљњћђџәғқңөұүһ", "uk": "ыэёъўјљњћђџәғқңөұүһ", "be": "иїєґщъјљњћђџәғқңөұүһ",
    "bg": "ыэёіїєґўјљњћђџәғқңөұүһ", "sr": "ыэёъіїєґўщйьюяәғқңөұүһ", "en": "äöüßñ¿¡ãõąćęłńśźżğışìò",
}  # fmt: skip
# Letters that none of the known languages of the Latin script has.
_STRANGE: Final = frozenset("ěřůčšžďťňőűășțåøþðāēīūļķģņėįų")
_ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "ru": ("емся", "имся", "ый", "ая", "ие", "ых", "ого", "ать", "ить", "ться", "ются", "ешь", "ция", "ции", "ость"),
    "uk": ("ий", "ого", "ться", "ють", "ати", "ити", "ння", "ість"),
    "bg": ("ът", "ите", "ата", "ото", "ване"),
}
KNOWN: Final = tuple(sorted({*_WORDS, "ar", "el", "fa", "he", "hy", "ja", "ka", "ko", "th", "zh"}))
"""The languages that can be told."""
_UNTOLD: Final = N_("This language cannot be told; the two letters of one that can are needed.")


def _known(code: str) -> str:
    if code.lower() not in KNOWN:
        raise PydanticCustomError(
            "tgac", N_("This language cannot be told; the two letters of one that can are needed.")
        )
    return code.lower()


LanguageCode = Annotated[str, Strict(), AfterValidator(_known)]


def guess_language(text: str) -> str | None:
    """The two letters of the language (one of KNOWN), or None where it cannot be told. Pure."""
    read = _ASIDE.sub(" ", text[:MAX_READ].casefold())
    script = _script(read)
    if script == "Arabic":
        return None if _URDU.search(read) else "fa" if _PERSIAN.search(read) else "ar"
    if script in ("Cyrillic", "Latin"):
        return _spoken(read, script)
    return script


def _script(text: str) -> str | None:
    """The script of most letters; None where none has most of them. Japanese is written with Chinese signs as well, and
    names of things stand in Latin letters in a text of any script."""
    counts = {name: len(letters.findall(text)) for name, letters in _SCRIPTS}
    if counts["Latin"] < sum(counts.values()):
        counts["Latin"] //= 2
    if counts["ja"] and counts["ja"] * 5 >= counts["zh"]:
        counts["ja"] += counts.pop("zh")
    name, most = max(counts.items(), key=lambda one: one[1])
    return name if most * 5 >= sum(counts.values()) * 3 and most else None


def _spoken(text: str, script: str) -> str | None:
    words = _WORD.findall(text)
    points = _points_of_words(words, script)
    letters = Counter(text)
    if sum(letters[sign] for sign in _STRANGE) > 1:
        return None
    whole = sum(map(len, words))
    for code in _of_script(script):
        marks = sum(min(letters[sign], 3) * _weight(sign) for sign in _LETTERS.get(code, ""))
        points[code] += min(marks, 3)
        if sum(letters[sign] for sign in _FOREIGN.get(code, "")) * 50 > whole:
            points[code] = 0
    (most, best), (second, _next) = sorted(((points[code], code) for code in points), reverse=True)[:2]
    return best if most >= _ENOUGH and most >= second * _AHEAD else None


def _points_of_words(words: Iterable[str], script: str) -> dict[str, float]:
    points = dict.fromkeys(_of_script(script), 0.0)
    for word in words:
        speaking = _speaking().get(word, ())
        for code in speaking:
            if code in points:
                points[code] += 1 / len(speaking) ** 0.5
        for code, endings in _ENDINGS.items():
            if code in points and len(word) > 4 and word.endswith(endings):
                points[code] += 0.5
    return points


@cache
def _weight(sign: str) -> float:
    """How much a letter says: the fewer languages have it, the more."""
    return 0.8 / sum(sign in letters for letters in _LETTERS.values())


@cache
def _speaking() -> dict[str, tuple[str, ...]]:
    """For each common word the languages that it speaks for."""
    found: dict[str, tuple[str, ...]] = {}
    for code, words in _WORDS.items():
        for word in set(words.split()):
            found[word] = (*found.get(word, ()), code)
    return found


@cache
def _of_script(script: str) -> tuple[str, ...]:
    cyrillic = ("ru", "uk", "be", "bg", "sr", "kk")
    return cyrillic if script == "Cyrillic" else tuple(code for code in _WORDS if code not in cyrillic)
