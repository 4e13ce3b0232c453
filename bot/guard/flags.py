"""The red flags and conditions of corpus/red_flags: their shape, and how they are read."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from bot.errors import CorpusError
from bot.guard.experience import NO_CUES, Cues
from bot.guard.phrases import Compiler, PhraseBook
from bot.reply import Route

T = TypeVar("T", bound=BaseModel)

FLAG_FILES = ("emergency", "professional", "caution")  # each holds the flags of that route, worst first


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sign(_Entry):
    """A weak sign: nothing alone, part of a flag in combination."""

    id: str
    phrases: tuple[str, ...]


class Question(_Entry):
    """The one question that decides whether a flag is part of something worse."""

    ask: str
    raises: str  # id of the flag that is raised by "yes" and by "not sure"
    where: str = ""  # a word class of lexicon.yaml; the question is put only to a message with one of its words


class FlagDefinition(_Entry):
    """A red flag (emergency, professional) or a condition that needs care (caution)."""

    id: str
    label: str
    route: Route
    urgency: Literal["now", "today", "soon", "before-massage"]
    phrases: tuple[str, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()  # sets of sign or flag ids that raise it when all of one set are met
    article: str  # the article and the section whose first sentence is the cited reason
    section: str
    source: str  # id in sources.yaml, or "convention"
    reply: str  # what to do and how soon
    avoid: str = ""
    tell: str = ""
    always: bool = False  # counts however it is put: as a question, as long past, as out of curiosity
    questions: tuple[Question, ...] = ()  # the first that fits the message is put, once in a conversation
    reviewed: datetime.date

    @field_validator("route")
    @classmethod
    def _outranks_answer(cls, route: Route) -> Route:
        if route not in (Route.EMERGENCY, Route.PROFESSIONAL, Route.CAUTION):
            raise ValueError("expected emergency, professional or caution")
        return route


class Region(_Entry):
    """Whom to call in one country."""

    emergency: str
    crisis: str


class Language(_Entry):
    """What is said to a message in a language the guard cannot read, in that language."""

    name: str
    reply: str
    urgent: str
    otherwise: str
    reviewed: datetime.date


@dataclass(frozen=True)
class RedFlags:
    """Everything the guard knows, checked and compiled."""

    flags: Mapping[str, FlagDefinition]
    book: PhraseBook  # ids are those of signs and flags
    cues: Cues
    regions: Mapping[str, Region]  # "" is the default
    languages: Mapping[str, Language]  # by ISO 639 code; "other" is for the rest
    places: PhraseBook  # ids are the word classes that a question may ask for
    ids: frozenset[str]  # of all flags and signs


ANYWHERE = Region(emergency="your local emergency number (112, 999 or 911)", crisis="a crisis line near you")
NO_RED_FLAGS = RedFlags(  # what is left where the files cannot be read; with it every message is referred
    {}, PhraseBook([]), NO_CUES, {"": ANYWHERE}, {}, PhraseBook([]), frozenset()
)


def load_red_flags(folder: Path) -> RedFlags:
    """Reads and checks every file. Raises CorpusError naming the file and the entry that is wrong."""
    lexicon: dict[str, list[str]] = _read(folder / "lexicon.yaml", dict)
    signs = [_entry(Sign, row, folder / "signs.yaml") for row in _read(folder / "signs.yaml", list)]
    flags: dict[str, FlagDefinition] = {}
    for name in FLAG_FILES:
        path = folder / f"{name}.yaml"
        for row in _read(path, list):
            flag = _entry(FlagDefinition, row, path)
            if flag.id in flags:
                raise CorpusError(f"{path}: flag {flag.id!r} is defined twice; rename or delete one.")
            flags[flag.id] = flag
    ids = {*flags, *(sign.id for sign in signs)}
    for flag in flags.values():
        for unknown in {part for parts in flag.together for part in parts} - ids:
            raise CorpusError(
                f"{folder / flag.route}.yaml: flag {flag.id!r} combines {unknown!r}, which is no sign or flag."
            )
        for question in flag.questions:
            decided = flags.get(question.raises)
            if decided is None or decided.route.severity <= flag.route.severity:
                raise CorpusError(
                    f"{folder / flag.route}.yaml: a question of flag {flag.id!r} leads to {question.raises!r}, "
                    "which is no flag of a severer route."
                )
    compiler = Compiler(lexicon)
    spoken: list[FlagDefinition | Sign] = [*flags.values(), *signs]
    entries = [(entry.id, compiler.compile(phrase)) for entry in spoken for phrase in entry.phrases]
    regions = {
        str(code): _entry(Region, row, folder / "regions.yaml")
        for code, row in _read(folder / "regions.yaml", dict).items()
    }
    languages = {
        str(code): _entry(Language, row, folder / "languages.yaml")
        for code, row in _read(folder / "languages.yaml", dict).items()
    }
    if "other" not in languages:
        raise CorpusError(f"{folder / 'languages.yaml'} has no entry `other`; it is what most languages get.")
    cues = _entry(Cues, _read(folder / "cues.yaml", dict), folder / "cues.yaml")
    asked_for = sorted({question.where for flag in flags.values() for question in flag.questions if question.where})
    places = PhraseBook([(name, compiler.compile(f"{{{name}}}")) for name in asked_for])
    return RedFlags(flags, PhraseBook(entries), cues, regions, languages, places, frozenset(ids))


def _read(path: Path, kind: type) -> Any:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise CorpusError(f"{path} cannot be read ({error.strerror}); the guard needs it.") from error
    except yaml.YAMLError as error:
        raise CorpusError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(content, kind):
        raise CorpusError(f"{path} must hold a {kind.__name__} at its top level.")
    return content


def _entry(model: type[T], row: Any, path: Path) -> T:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        name = row.get("id", "?") if isinstance(row, dict) else "?"
        where = ".".join(str(part) for part in first["loc"])
        line = _line(path, row, str(first["loc"][0]) if first["loc"] else "")
        raise CorpusError(f"{path}, line {line}: entry {name!r}, {where}: {first['msg'].lower()}.") from error


def _line(path: Path, row: Any, key: str) -> int:
    """The line of that key of that entry, or of the entry where the key is missing; 1 where neither can be found."""
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    listed = root.value if isinstance(root, yaml.SequenceNode) else []
    named = [value for _, value in root.value] if isinstance(root, yaml.MappingNode) else []
    for node in (root, *listed, *named):
        if isinstance(node, yaml.MappingNode) and _same(node, row):
            found = next((name for name, _ in node.value if name.value == key), node)
            return int(found.start_mark.line) + 1
    return 1


def _same(node: yaml.MappingNode, row: Any) -> bool:
    """True where the node was read as that row."""
    loader = yaml.SafeLoader("")
    return bool(loader.construct_mapping(node, deep=True) == row)
