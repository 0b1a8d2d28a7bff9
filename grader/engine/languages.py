"""Whether a text is in another language than English. Pure.

The commonest words of a language are few, and in any text every other one is of them; so lists of
them tell languages apart without a model. What is written like an English word, a name or a
symbol of mathematics is in no list.
"""

from __future__ import annotations

import unicodedata

from grader.reading.lexicon import FUNCTION_WORDS
from grader.reading.text import words

_LANGUAGES = {
    "German": "der das und ist nicht ein eine einen einer einem mit auf für von den dem sich auch "
    "werden wird wurde durch oder sind zu bei nach wie aber dass daß zum zur im es man nur wenn "
    "beim jede jeder alle noch kann weil damit während",
    "Dutch": "het een van niet zijn wordt worden en voor met dat deze dit bij naar ook maar door "
    "om uit aan te wel nog meer tijdens zodat alle elke kan geen elkaar wat omdat",
    "French": "le les des une est et dans qui sur avec pour pas sont du au aux il elle ils "
    "ce cette "
    "ces que nous vous par plus chaque pendant lors ne leur être ainsi mais où donc tous",
    "Spanish": "el los las una es y en del por para con que se como más pero su sus al lo unas "
    "durante cada esto este esta son entre sin cuando porque muy también ser hay",
    "Portuguese": "os uma não são dos mais em para com que por ou ao aos na nas nos pelo pela "
    "durante cada isso este esta como também quando porque são entre sem seu sua ser é à",
    "Italian": "il di che è per non sono della dello delle degli del nel nella con gli una uno si "
    "da dei al alla ogni durante viene vengono anche come più quando perché questo questa lo",
    "Romanian": "și este sunt nu un într din pentru cu care pe la prin mai că sau în de fi fiecare "
    "timpul între se unei unui acest această când dar nici toate",
    "Swedish": "och är inte ett en som av för med på det att den till under varje från kan eller "
    "men så när vid sig alla de blir har om mellan detta",
    "Danish and Norwegian": "og ikke et en som av af til på det at den er med fra kan eller "
    "men når "
    "ved sig seg alle blir bliver hver under mellom mellem dette",
    "Polish": "nie jest są się i w z na do że to przez dla jak lub oraz które który która każdy "
    "każda podczas aby ale tylko po od co tym ich więc także może",
    "Czech and Slovak": "je jsou není se si na v s z že pro při každý každá aby ale nebo které "
    "který která jako jen po od to tak více během sú nie pri každý alebo ktoré ktorý ako",
    "Hungarian": "az egy és nem hogy van vagy meg is csak minden ez ezek mint során ki amely nincs "
    "között által akkor így már",
    "Finnish": "ja on ei ovat se että joka ne kun mutta tai jotka niin kuin myös jokainen aikana "
    "sitä eivät voi kaikki siitä tämä jolloin välillä",
    "Turkish": "ve bir bu için ile olarak olan değil her da de ise gibi daha çok sırasında kadar "
    "sonra veya ki ancak tüm olur edilir yapılır göre",
    "Indonesian and Malay": "yang dan di ke dari untuk dengan pada ini itu adalah tidak secara "
    "setiap selama saat dalam oleh akan atau juga agar karena sebagai bisa dapat lebih semua satu "
    "telah supaya hanya jika maka",
    "Filipino": "ang ng sa mga ay na hindi at para ito kung may habang bawat lahat",
    "Vietnamese": "và là của không các được trong một có cho với những này khi để từ mỗi nhiều "
    "hoặc như mạng đến vào ra",
    "Swahili": "ya wa na ni kwa katika za la cha kila hii wakati au kama hiyo yake bila huu hizo "
    "zote ili kuwa si vya hivyo",
    "Hindi, transliterated": "hai hain ka ki ke ko mein aur se nahi nahin yeh ye hota hoti hote "
    "kar karta karte karne liye jo ek bhi har par jab toh kya diya jata jaata jate",
    "Croatian and Serbian": "je su se u na i da ne za od sa koji koja koje kao ili ali "
    "svaki tijekom "
    "tokom nije samo što kod prilikom",
    "Catalan": "els les una és i en del per amb que es com més però dels cada durant són aquest",
    "Lithuanian, Latvian and Estonian": "ir yra kad su nuo į ne per kiekvienas tik kaip bet arba "
    "un nav ar no katrs kas bet ja on ei et iga kui aga või",
}
# What English texts on any subject have, too: words, names, units, letters of formulas.
_ENGLISH_TOO = frozenset(
    """a an at de de la no on in is to of as so do men under over die man had was were will are all
    alle per van den da du par un en el et al es le los lo par dos uno que si se ne na ni no ya za
    la i u v s z w x y e o is to po pa ki ke ka ye ko wa mein har jo hay has am im mit may ser son
    sin ai il di via des les out met te om wat wel ve bir de her ise au aux ce sur plus main pas
    toh are ja us by it he we me be my or per cha ang sa at ng ay con pro ir su ar et iga kas sua
    com em ser bin fi fy van per se ta ma se si bei um bis dem ist que mais sos ou os es lot bit
    come care till door det cho pe med non bet est af seg ich
    kar jab hoc ad kan het nu alla ten ex ok maka dan bila bias""".split()
)
_FOREIGN = (
    frozenset(w for listed in _LANGUAGES.values() for w in listed.split())
    - _ENGLISH_TOO
    - FUNCTION_WORDS
)
_WEAK = (
    frozenset(w for listed in _LANGUAGES.values() for w in listed.split()) & _ENGLISH_TOO
) - FUNCTION_WORDS
# English words that other languages write, too: they speak for neither.
_SHARED = frozenset("a i on to do no in so as an me".split())
_LOANS = frozenset("naïve façade résumé café cliché vis-à-vis déjà à coöperate rôle".split())
_OTHER_SCRIPT = 0.3
_FEW = 2
_SENTENCE = 4
_SYMBOL = 2


def is_foreign(text: str, share: float) -> bool:
    """Whether a text is in another language than English, by its script or its words.

    Args:
        text: what was written.
        share: the share of its words that must be those of other languages alone.
    """
    # Letters of formulas have forms of their own.
    letters = [c for c in unicodedata.normalize("NFKC", text) if c.isalpha()]
    odd = sum(not unicodedata.name(c, "").startswith(("LATIN", "GREEK")) for c in letters)
    return odd > _OTHER_SCRIPT * len(letters) or foreignness(text) > share


def foreignness(text: str) -> float:
    """The share of the words that only other languages have; 0 where English prevails.

    A lower-case word with a letter that English lacks counts, too (*wyłączane*); a name may have
    one. Words that English texts use as well count only beside surer ones.
    """
    tokens = words(unicodedata.normalize("NFC", text))
    sure = sum(w.lower() in _FOREIGN for w in tokens)
    marked = sum(_is_marked(w) and w.lower() not in _FOREIGN for w in tokens)
    weak = sum(w.lower() in _WEAK for w in tokens)
    english = sum(w.lower() in FUNCTION_WORDS - _SHARED for w in tokens)
    found = sure + marked
    few = 1 if not english and len(tokens) >= _SENTENCE else _FEW
    return found / len(tokens) if found >= few and found + weak > english else 0.0


def _is_marked(word: str) -> bool:
    """Whether a word holds a Latin letter that English has not; names aside."""
    if not word[:1].islower() or len(word) <= _SYMBOL or word in _LOANS:
        return False
    return any(
        not c.isascii() and unicodedata.name(c, "").startswith("LATIN SMALL LETTER") for c in word
    )
