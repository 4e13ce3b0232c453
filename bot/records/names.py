"""People's names in what visitors write, without a model: lists of names, and the words that introduce one."""

import importlib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from bot.guard.words import dictionary_words

# Faker carries, for making up people, the names that are common in many countries; these are the ones in Latin letters.
LOCALES = (
    "en_US en_GB en_IE en_IN en_NZ en_PK en_NG en_KE de_DE de_AT de_CH fr_FR es_ES es_MX it_IT nl_NL pl_PL pt_PT "
    "pt_BR sv_SE da_DK no_NO fi_FI tr_TR ro_RO cs_CZ hu_HU hr_HR id_ID yo_NG ig_NG zu_ZA tw_GH vi_VN"
).split()

# Names in those lists that are ordinary words here as well. They are taken for names only where a title, a kinship or a
# family name says so.
ORDINARY = frozenset(
    """
    able ace add ah ai al alba ale all almond alto amber america american amma among an anal and angel any apple april
    arch are arm art arvo as ash asia at atlas august aura author autumn babe baby back bald bale bali ball ban bare
    bath bay beat bee bell bent berlin berry best bill bird bishop bitten blanch bless bliss blue bones book boss
    boston bow brain branch brand brandy brave bride british broom brown buck bud buddy bull bunk burn burns bush buy
    can canal candy cane cannon cap captain care carol carry case cash cause chance charity chase cherry chi chin china
    chinese chip christian chuck church clay clear cliff close coach cold colon columbus comfort con cook cool coral
    cord core corn corona cotton council court crane cream crisp crook cross crystal daily dale damp dance dane dawn
    day dean dear december deep dew diamond dick dimple do doc doctor doll dolly don dot dove down drew dry duck duke
    early earth ease east easter echo edit elder else english ether eve even ever every eye fair fairy faith fall fancy
    farmer father fear february fed feet fell fern field fin fish fit flood floor florida flower foot for ford forest
    fox frank free french fresh friday friend frost full gala gay gene general genie gentle german ginger glory go gold
    golden good grace grant gray green grey grit gross guard gun guy hail hale hall ham hand hands handy happy hard
    harden hardy harm harmony harsh hart has haven hazel he head heal heart heath heather heaven heavy held hence henna
    her herb hi high hill him his hit holly home honey hood hook hope house how hug hung hunt hunter hurt ice icy if
    imam in indian infant innocent ireland iris irish irl is ivory ivy jack jade january jasmine jean jerk jet job
    jolly journey joy judge july june just justice key kick kidney kind king kit knee knight ladder lady lake lamb
    lance lane lark lassie last lavender law lawyer lay leaf lean leg lemon less let lie lies light lily limb line link
    lips list little london long look lore lot lotus love low luck lucky lung mad made madonna mae maid major mala male
    man manila many march mare marine mark marks marry mars marsh mart marvel mason mat mate math mats may me meadow
    media mercy merry metro milan mile miles mine miner minor mint miracle miss monday moon more moss mother mum must
    my nacho nada nail nan nana nanna neck need never new nice nick nidra no noble none noon nor north not november
    nurse nuru oak october odd of oil olive on one or ora oral orange ore ouma our out page pages pain palm parent
    paris park parts pastor pat patience pay peace peach pearl peel penny pepper per phoenix piece pier pike pin pink
    pinkie pleasant polish pool poor pop pope pound power pray press price prince princess promise puck pull pure put
    queen quick raid rain ramadan rand rash ray read ready real reason red reed rest rib rice rich ridge right ring rip
    river roar rob robin rock rod roll roman room root rose rosemary rosy round royal rub ruby rush rust sad saga sage
    said saint salami salt sand sandy santa saturday savage save say says scarlet scottish sea seal see self send
    september server set sever sex shade sharp she shin shine short silver sing sister sit skip sky sleep slim slow
    small smart snow so sole some son soon sore sort south speed spine spring stable star starling stern still stone
    storm stout street strength strong such sue suit suits sum summer sun sunday sunny swedish sweet swift sydney tab
    tad tai tan tea teal temple tender texas thai the theres thorn thos thumb thursday thy ties tight til till tiny to
    toe tone too tore touch toy trace tri true try tuesday turn twist uni unknown up urban us usual valid van vein
    velvet vena verde very villa vine viola violet virtue viva wage walk wall ward warm wash water way weak weaver web
    wednesday weeks well welsh were west wheat whit white wick wide wild will win wind windy wing winter wise wish with
    wolf wood woods word work worth yard yes yoga york you young your
    """.split()
)

# Family names that follow a name more often as a word, as in "Anna Will you come?"
NO_FAMILY = frozenset(
    "back best can cant deep each good had has hurt is kind long may more must my said sharp soon strong such too was "
    "way weeks well were will with".split()
)

_LETTERS = r"[^\W\d_]"
WORD = re.compile(rf"{_LETTERS}+(?:['’](?!s\b){_LETTERS}+)?(?:-{_LETTERS}+)*")
BETWEEN = re.compile(r"\.?[ \t]+")  # the parts of one name; a full stop after an initial
PARTICLES = frozenset("de da di del della der den van von bin ibn al el la le zu ter ten dos".split())
MOST = 4  # words of one name

# "my name is" is followed by a name whatever it looks like, "I'm" by almost anything.
SURE = re.compile(
    r"\b(?:my (?:full |first |last |sur)?name(?:['’]s| is|:)|names?['’]?s? is|(?:full |first |last |sur)?name:"
    r"|i am called|i['’]?m called|mein name ist|ich hei(?:ß|ss)e|je m['’]appelle|me llamo|mi chiamo)\s+",
    re.IGNORECASE,
)
PERHAPS = re.compile(
    r"\b(?:i['’]?m|i am|this is|it['’]s|call me|ask for|named|called|signed|ich bin|dear|hi|hello|hey)[,:]?\s+",
    re.IGNORECASE,
)
TITLE = re.compile(
    r"\b(?:(?:mr|mrs|ms|mx|dr|prof|rev|dott)\b\.?|miss|doctor|professor|sir|dame|sister|nurse|herr|frau|señora?)[ \t]+",
    re.IGNORECASE,
)
KIN = re.compile(
    r"\b(?:husband|wife|partner|fianc[ée]e?|boyfriend|girlfriend|son|daughter|mother|father|mum|mom|dad|brother|sister"
    r"|aunt|auntie|uncle|cousin|nephew|niece|grandson|granddaughter|gran|grandma|grandad|grandpa|friend|mate|colleague"
    r"|boss|neighbou?r|physio|physiotherapist|therapist|masseuse|masseur|osteopath|chiropractor|gp|trainer|midwife)"
    r",?\s+(?:is\s+)?",
    re.IGNORECASE,
)
FAREWELL = re.compile(
    r"(?:thanks|thank you|thx|cheers|regards|wishes|best|yours|sincerely|love|gr(?:üße|uesse))[\s,.!–-]+"
    r"(?=[^\W\d_'’-]+(?:[ ][^\W\d_'’-]+)?[\s.!x]*$)",
    re.IGNORECASE,
)
# Methods and illnesses that bear a name: "Alexander technique", "Parkinson's disease".
EPONYM = re.compile(
    r"(?:['’]s|s['’])?\s+(?:technique|method|syndrome|disease|cyst|tendon|therapy|massage|release|salts?|exercises?|sign"
    r"|test|scale|phenomenon|lymphoma|palsy|contracture)\b",
    re.IGNORECASE,
)


def find_names(text: str) -> Iterator[tuple[int, int]]:
    """Where names stand, as code points from and to; spans may overlap."""
    for cue in SURE.finditer(text):
        yield from _name(text, cue.end(), lambda word: word.lower() not in ORDINARY)
    for cue in PERHAPS.finditer(text):
        yield from _name(text, cue.end(), _likely)
    for cue in TITLE.finditer(text):
        yield from _name(text, cue.end(), lambda word: word.istitle() or _likely(word) or _rare(word))
    for cue in KIN.finditer(text):
        yield from _name(text, cue.end(), lambda word: _given(word) or (word.istitle() and _either(word)))
    for cue in FAREWELL.finditer(text):
        yield from _name(text, cue.end(), _given)
    for word in WORD.finditer(text):
        if word.group().istitle() and (_given(word.group()) or _full(text, word)):
            yield from _name(text, word.start(), str.istitle)
        if len(word.group()) == 1 and word.group().isupper():
            yield from _initial(text, word)


def _name(text: str, start: int, first: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
    """The name that begins here where `first` takes its first word for one."""
    word = WORD.match(text, start)
    if word is None or not first(word.group()) or EPONYM.match(text, word.end()):
        return
    end = word.end()
    for _ in range(MOST - 1):
        gap = BETWEEN.match(text, end)
        word = WORD.match(text, gap.end()) if gap else None
        if gap is None or word is None or (gap.group().startswith(".") and end - start > 1):
            break
        if not _goes_on(word.group()) or EPONYM.match(text, word.end()):
            break
        end = word.end()
    yield start, end


def _goes_on(word: str) -> bool:
    """Second and later words: capitals that are no ordinary word, particles, and family names in small letters."""
    if word in PARTICLES:
        return True
    lower = word.lower()
    if word in ("I", "A") or lower in NO_FAMILY:
        return False
    if word.istitle() and (len(word) == 1 or lower in _family_names()):
        return True
    if lower in ORDINARY:
        return False
    if word.istitle():
        return lower in _given_names() or lower not in dictionary_words()
    return word.islower() and len(word) > 2 and lower in _family_names()


def _given(word: str) -> bool:
    """A given name, in capitals or not, that is nothing else."""
    return word.lower() in _given_names() and word.lower() not in ORDINARY and len(word) > 2


def _likely(word: str) -> bool:
    return _given(word) or (word.istitle() and _rare(word))


def _either(word: str) -> bool:
    return word.lower() in _given_names() or word.lower() in _family_names()


def _rare(word: str) -> bool:
    """A word of no dictionary, or one that is a family name and no ordinary word."""
    lower = word.lower()
    return len(word) > 2 and lower not in ORDINARY and (lower not in dictionary_words() or lower in _family_names())


def _full(text: str, word: re.Match[str]) -> bool:
    """A given name that is an ordinary word as well, before a family name: "Mark Johnson"."""
    gap = BETWEEN.match(text, word.end())
    after = WORD.match(text, gap.end()) if gap else None
    return (
        word.group().lower() in _given_names()
        and after is not None
        and after.group().istitle()
        and _rare(after.group())
    )


def _initial(text: str, initial: re.Match[str]) -> Iterator[tuple[int, int]]:
    """ "J. Smith" from its initial on."""
    gap = BETWEEN.match(text, initial.end())
    word = WORD.match(text, gap.end()) if gap else None
    family = word is not None and word.group().istitle() and word.group().lower() in _family_names() - ORDINARY
    if word and family and initial.group() not in ("I", "A"):
        yield initial.start(), word.end()


@cache
def _given_names() -> frozenset[str]:
    return frozenset(_listed("first_name"))


@cache
def _family_names() -> frozenset[str]:
    return frozenset(_listed("last_name"))


def _listed(kind: str) -> Iterator[str]:
    """In small letters. A locale lists its names under several attributes, by gender or by frequency."""
    for locale in LOCALES:
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for attribute, names in vars(provider).items():
            if kind in attribute and isinstance(names, Iterable):
                yield from (str(name).lower() for name in names)
