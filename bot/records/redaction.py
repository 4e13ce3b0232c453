"""Takes out of a text what tells who wrote it: names, e-mail and postal addresses, telephone numbers, dates of birth.

It works with no model and no network. Telephone numbers are phonenumbers' business, dates in words dateparser's, names
come from Faker's lists (bot/records/names.py); the rest is the shape of addresses. It cannot find everything: a name in
small letters that nothing introduces stays, and so does a town alone.
"""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import dateparser
from phonenumbers import Leniency, PhoneNumberMatcher

from bot.records.names import find_names


class Private(StrEnum):
    """What is taken out. Where two overlap, the one named first here says what it was."""

    EMAIL = "e-mail"
    BIRTH = "date of birth"
    ADDRESS = "address"
    PHONE = "phone"
    NAME = "name"


@dataclass(frozen=True)
class Finding:
    """A span of the text, in code points."""

    kind: Private
    start: int
    end: int


def redact(text: str) -> str:
    """The text with "[name]", "[phone]" and so on in place of what was found; and one that any database takes.

    A half of a surrogate pair and the NUL sign, which JSON can bring in, are replaced and dropped.
    """
    text = text.replace("\0", "").encode("utf-8", "replace").decode()
    for finding in reversed(find(text)):
        text = f"{text[: finding.start]}[{finding.kind}]{text[finding.end :]}"
    return text


def find(text: str) -> list[Finding]:
    """What would be taken out, in order; of findings that overlap one is made, so that nothing sticks out."""
    found = [
        *(Finding(Private.EMAIL, *span) for span in _emails(text)),
        *(Finding(Private.BIRTH, *span) for span in _births(text)),
        *(Finding(Private.ADDRESS, *span) for span in _addresses(text)),
        *(Finding(Private.PHONE, *span) for span in _phones(text)),
        *(Finding(Private.NAME, *span) for span in find_names(text)),
    ]
    rank = list(Private)
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda each: (rank.index(each.kind), each.start - each.end)):  # long ones first
        met = [other for other in kept if finding.start < other.end and other.start < finding.end]
        whole = [finding, *met]
        kind = met[0].kind if met else finding.kind
        kept = [other for other in kept if other not in met]
        kept.append(Finding(kind, min(each.start for each in whole), max(each.end for each in whole)))
    return sorted(kept, key=lambda each: each.start)


# --- E-mail -----------------------------------------------------------------------------------------------------------

EMAIL = re.compile(
    r"[\w.+'-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+(?:\.[\w-]+)+"
    r"|[\w.+-]+ at [\w-]+ dot (?:com|org|net|edu|de|in|fr|eu|co dot uk|co\.uk)\b",
    re.IGNORECASE,
)


def _emails(text: str) -> Iterator[tuple[int, int]]:
    for match in EMAIL.finditer(text):
        yield match.span()


# --- Telephone --------------------------------------------------------------------------------------------------------

REGIONS = (
    "US",
    "GB",
    "DE",
    "IN",
    "AU",
    "IE",
    "FR",
    "ES",
    "IT",
    "NL",
    "NZ",
    "ZA",
)  # of numbers without a country's code
FEWEST_DIGITS = 7  # in some countries three digits are a valid number
LONG_NUMBER = re.compile(r"(?<![\w.,/-])[+(]?\d(?:[ ().\-/]{0,2}\d){8,14}(?!\w)")  # no measure has nine digits
CALLED = re.compile(
    r"\b(?:phone|tel|telephone|mobile|cell|whatsapp|number|no|call(?: me)?|text(?: me)?|ring(?: me)?)\b"
    r"\.?(?: is| at| on)?[:\s]+(\+?\(?\d(?:[ ().\-/]{0,2}\d){5,14})(?!\w)",
    re.IGNORECASE,
)


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for region in REGIONS:
        for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID):
            if sum(sign.isdigit() for sign in match.raw_string) >= FEWEST_DIGITS:
                yield match.start, match.end
    yield from (number.span() for number in LONG_NUMBER.finditer(text))
    yield from (number.span(1) for number in CALLED.finditer(text))


# --- Postal address ---------------------------------------------------------------------------------------------------

_CAPITAL = r"[A-ZÄÖÜ][\w'’.-]*"
_UNIT = r"(?:flat|apartment|apt|unit|suite|house|plot|door|room)\.?\s*(?:no\.?\s*)?#?\d+\w?"
_ALWAYS = r"(?:street|road|avenue|lane|boulevard|crescent|terrace|highway|blvd|ave|rd)"  # never anything else
_MOSTLY = (
    r"(?:St|Dr|Ln|Ct|Pl|Sq|Drive|Close|Court|Place|Way|Gardens|Grove|Square|Hill|Mews|Row|Park|Parade|Walk|Green"
    r"|Rise|View|Nagar|Marg|Chowk|Colony|Quay)"
)
_TOWN = r"[A-ZÄÖÜ][^\W\d_]+(?:[ '’-][A-ZÄÖÜ][^\W\d_]+){0,3}\b"
_TIME = (
    r"(?:min(?:ute)?s?|hours?|hrs?|days?|weeks?|months?|years?|times?|miles?|met(?:er|re)s?|of|in|on|the|to|and|or|a)"
)
_STREET = (
    rf"(?:(?<![\w/.])\d{{1,5}}(?:/\d{{1,4}})?[a-zA-Z]?,?\s+(?!{_TIME}\b)"
    rf"(?:(?:[\w'’.-]+\s+){{1,3}}?(?i:{_ALWAYS})|(?:{_CAPITAL}\s+){{1,3}}?{_MOSTLY})\b\.?)"
)
_GERMAN = (
    rf"\b(?:{_CAPITAL}\s+)?[A-ZÄÖÜ]?\w*(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|ring|damm|ufer)\s+\d{{1,4}}[a-z]?\b"
)
_POSTCODE = (
    r"(?:\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b"  # United Kingdom
    r"|\b[A-Z]{2}\s+\d{5}(?:-\d{4})?\b"  # United States, behind the state
    rf"|\b(?:D-)?\d{{5}}\s+{_CAPITAL}(?:\s+am\s+{_CAPITAL})?"  # Germany, before the town
    rf"|\b{_CAPITAL}\s*[,–-]?\s*[1-9]\d{{2}}\s?\d{{3}}\b)"  # India, behind the town
)
_MORE = rf"(?:[,\s]\s*(?:(?i:{_UNIT})|{_POSTCODE}|\d{{5,6}}\b)|,\s*{_TOWN})"
ADDRESS = re.compile(
    rf"(?:(?i:{_UNIT}),?\s+)?(?:{_STREET}|{_GERMAN}){_MORE}*"
    rf"|(?i:{_UNIT})(?:,\s*{_TOWN})+{_MORE}*"
    rf"|(?:(?i:{_UNIT}),?\s+)?(?<![\w/.])\d{{1,5}}[a-zA-Z]?,?\s+(?!{_TIME}\b)(?:[^\W\d_][\w'’.-]*,?\s+){{1,5}}?{_POSTCODE}"
    rf"|(?:{_CAPITAL}\s+){{1,3}}\d{{1,4}}[a-z]?,\s*\d{{5}}\s+{_TOWN}"
    rf"|{_POSTCODE}"
    r"|(?i:\bp\.?\s?o\.?\s?box\s+\d+)"
)
LIVES = re.compile(
    r"(?:\b(?:my |home |postal |our )?address(?: is|:)|\bi live at|\bwe live at|\bsend (?:it|them) to)\s+"
    r"((?=[^.!?;\n]*\d).{4,90}?)(?=[.!?;\n]|$| and | but | so | my | because )",
    re.IGNORECASE,
)


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    for match in ADDRESS.finditer(text):
        yield match.span()
    for match in LIVES.finditer(text):
        yield match.span(1)


# --- Date of birth ----------------------------------------------------------------------------------------------------

LANGUAGES = ["en", "de", "fr", "es"]  # of the names of months
LONG_AGO = 14  # years: a whole date so old is a birth rather than an operation, even where nothing says so
DATE = re.compile(
    r"(?<![\w/.-])(?:\d{1,2}([./-])\d{1,2}\1\d{2,4}|\d{4}-\d{1,2}-\d{1,2}"
    r"|\d{1,2}(?:st|nd|rd|th)?\.?(?: of)? [^\W\d_]{3,10}\.?,? (?:19|20)\d\d"
    r"|[^\W\d_]{3,10}\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d\d)(?![\w/-])"
)
PARTLY = re.compile(
    r"(?:[^\W\d_]{3,10}\.? )?(?:19|20)\d\d\b|['’]\d\d\b|\d{1,2}(?:st|nd|rd|th)?\.?(?: of)? [^\W\d_]{3,10}\b"
    r"|[^\W\d_]{3,10} \d{1,2}(?:st|nd|rd|th)?\b"
)
YEAR = re.compile(r"(?:(?:19|20)\d\d|['’]\d\d)$")
BORN = re.compile(
    r"\b(?:born|d\.?o\.?b\.?|date of birth|birth ?date|birth ?day|geb\.|geboren|geburtsdatum|née?)"
    r"(?:\s+(?:is|on|in|was|the|am))*[\s:]*$",
    re.IGNORECASE,
)
BEFORE = 30  # characters in which a word of birth is looked for


def _births(text: str) -> Iterator[tuple[int, int]]:
    for match in DATE.finditer(text):
        born = BORN.search(text[max(0, match.start() - BEFORE) : match.start()])
        date = _date(match.group().replace(" of ", " "))
        if date and (born or date.year <= datetime.date.today().year - LONG_AGO):
            yield match.span()
    for match in PARTLY.finditer(text):
        if BORN.search(text[max(0, match.start() - BEFORE) : match.start()]) and _part(match.group()):
            yield match.span()


def _date(words: str) -> datetime.date | None:
    return _parsed(words, "day", "month", "year")


def _part(words: str) -> bool:
    """A year, with or without a month, or a month with a day."""
    return YEAR.search(words) is not None or _parsed(words, "day", "month") is not None


def _parsed(words: str, *parts: str) -> datetime.date | None:
    """The date that has at least these parts; "2 weeks" is none."""
    settings = {"REQUIRE_PARTS": list(parts), "PARSERS": ["absolute-time"]}
    found = dateparser.parse(words, languages=LANGUAGES, settings=settings)
    return found.date() if found else None
