"""Curated answers for the tests, on the shipped articles."""

from bot.answering.curated import Approved, Quote
from bot.chat import Bot

DAILY = "Is it good to massage your back daily?"


def quote(bot: Bot, article: str = "how-often-and-how-long", unit: int = 0) -> Quote:
    """One whole sentence of an article."""
    found = bot.articles[article]
    start, end = found.units[unit].start, found.units[unit].end
    return Quote(article, start, end, found.text[start:end])


def approved(
    bot: Bot, question: str = DAILY, *texts: str, id: int = 1, article: str = "how-often-and-how-long"
) -> Approved:
    """An answer whose every line rests on the article's first sentence."""
    said = texts or ("Once a day is plenty.", "Leave one day a week out.")
    cited = quote(bot, article)
    return Approved(id, question, tuple((text, (cited,)) for text in said), {article: bot.articles[article].digest})
