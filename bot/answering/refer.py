"""Referrals and precautions, from the guard's own texts, each resting on a section of the safety articles."""

from collections.abc import Mapping, Sequence

from bot.answering.draft import Form, Line, Span, escape, quoted
from bot.guard.flags import FlagDefinition, Question, RedFlags
from bot.guard.guard import UNREAD
from bot.reply import Flag, Route
from bot.retrieval.articles import Article, squash

MAX_FURTHER = 2  # flags named beside the severest one
HEADLINES = {
    Route.EMERGENCY: "**Please get emergency help now.**",
    Route.PROFESSIONAL: "**Please see a health professional about this before any massage.**",
}
AGAIN = {
    Route.EMERGENCY: "**What I said stays true: please get emergency help now.**",
    Route.PROFESSIONAL: "**What I said stays true: please see a health professional before any massage.**",
}
IF_YES = {  # behind a deciding question, by the route that a yes leads to
    Route.EMERGENCY: "If the answer is yes, or you are not sure, call {emergency_number} now.",
    Route.PROFESSIONAL: "If the answer is yes, or you are not sure, see a doctor before any massage.",
}
BECAUSE = "I said this because of what you wrote: \u201c{words}\u201d."
UNSEEN = "I said this because I could not check your message, and then the safe advice is to have it looked at."
IN_ENGLISH = "I can only read English. If something worries you, please see a doctor before any massage."
RED_FLAG_ARTICLE = "back-pain-red-flags"
GENERAL = (  # said when no flag's own text can be used, whatever the reason
    "Massage can wait until somebody qualified has looked at this.",
    "Please ask a doctor or another health professional within the next few days, or today if it is strong, new or "
    "getting worse, and describe what you feel, where, and since when.",
    "If you have numbness between the legs, new trouble with bladder or bowels, chest pain, trouble breathing, or "
    "sudden weakness, call {emergency_number} now.",
    "If life feels too heavy, or somebody is hurting you, contact {crisis_line}.",
)


class Referrals:
    """Makes safe replies out of flags. Holds no technique."""

    def __init__(self, red_flags: RedFlags, articles: Mapping[str, Article], region: str) -> None:
        self._flags = red_flags.flags
        self._languages = red_flags.languages
        self._articles = articles
        self._region = red_flags.regions.get(region.lower(), red_flags.regions[""])

    @property
    def emergency_number(self) -> str:
        """For the visitor's region, as it stands in a sentence."""
        return self._region.emergency

    def refer(self, flags: Sequence[Flag], question: Question | None = None) -> list[Line]:
        """The reply to a professional or emergency verdict: the severest flag in full, two further ones by reason."""
        if flags and flags[0].id.startswith(UNREAD):
            return self._in_their_language(flags[0].id.removeprefix(UNREAD))
        known = self._known(flags)
        if not known:
            return self.general()
        first, further = known[0], known[1:]
        reason = self._reason(first)
        lines = [Line(HEADLINES[first.route], reason, Form.PARAGRAPH)]
        if reason:
            lines.append(quoted(reason, Form.PARAGRAPH))
        lines.append(Line(self._fill(first.reply), reason, Form.PARAGRAPH))
        lines += [Line(self._fill(text), reason, Form.SENTENCE) for text in (first.avoid, first.tell) if text]
        said = {first.section}
        for flag in further:
            span = self._reason(flag)
            if span and flag.section not in said and len(said) <= MAX_FURTHER:
                said.add(flag.section)
                lines.append(quoted(span, Form.PARAGRAPH))
        return [*lines, *self.ask(question)]

    def remind(self, flags: Sequence[Flag], question: Question | None = None) -> list[Line]:
        """A referral that was given in full before: that it stands, and what to do."""
        known = self._known(flags)
        if not known:
            return self.refer(flags)
        reason = self._reason(known[0])
        lines = [Line(AGAIN[known[0].route], reason, Form.PARAGRAPH), Line(self._fill(known[0].reply), reason)]
        return [*lines, *self.ask(question)]

    def why(self, flags: Sequence[Flag]) -> list[Line]:
        """The reason of a referral: the visitor's own words, and what the section of the flag says about them."""
        known = self._known(flags)
        first = next((flag for flag in flags if known and flag.id == known[0].id), flags[0])
        words = [Line(BECAUSE.format(words=escape(squash(first.text))), None, Form.PARAGRAPH)] if first.text else []
        if not known:
            return [*(words or [Line(UNSEEN, None, Form.PARAGRAPH)]), *self.general()]
        reason = self._reason(known[0])
        return [*words, *self.more(first), Line(self._fill(known[0].reply), reason, Form.PARAGRAPH)]

    def ask(self, question: Question | None) -> list[Line]:
        """The question that decides, and what a yes would mean; nothing without a question."""
        if question is None:
            return []
        decided = self._flags[question.raises]
        reason = self._reason(decided)
        consequence = Line(self._fill(IF_YES[decided.route]), reason)
        return [Line(f"**{self._fill(question.ask)}**", reason, Form.PARAGRAPH), consequence]

    def _known(self, flags: Sequence[Flag]) -> list[FlagDefinition]:
        return [self._flags[flag.id] for flag in flags if flag.route.refers and flag.id in self._flags]

    def caution(self, flags: Sequence[Flag]) -> list[Line]:
        """The precautions that open an otherwise normal answer: what to ask whom, and what to leave out."""
        lines: list[Line] = []
        said: set[tuple[str, str]] = set()
        for flag in flags:
            definition = self._flags[flag.id]
            place = (definition.article, definition.section)
            if definition.route is not Route.CAUTION or place in said or len(said) > MAX_FURTHER:
                continue
            said.add(place)
            reason = self._reason(definition)
            lines.append(Line(f"**{self._fill(definition.reply)}**", reason, Form.PARAGRAPH))
            if definition.avoid:
                lines.append(Line(self._fill(definition.avoid), reason))
        return lines

    def more(self, flag: Flag) -> list[Line]:
        """What the section of that flag says: the answer to a condition told without a question."""
        definition = self._flags[flag.id]
        article = self._articles.get(definition.article)
        if not article:
            return []
        units = [unit for unit in article.units if article.section_at(unit.start)[1] == definition.section]
        paragraphs = [
            Span(article, unit.start, unit.end)
            for unit in units
            if not article.text[unit.start : unit.end].endswith(":")
        ]
        return [quoted(span, Form.SENTENCE if i else Form.PARAGRAPH) for i, span in enumerate(paragraphs[:3])]

    def _in_their_language(self, code: str) -> list[Line]:
        """What a message gets that cannot be read: the safety message in its language, and a line in English."""
        texts = self._languages[code]
        said = [texts.urgent, texts.otherwise, *([] if code == "other" else [IN_ENGLISH])]
        paragraphs = [Line(escape(text.strip()), None, Form.PARAGRAPH) for text in said]
        return [Line(f"**{escape(texts.reply.strip())}**", None, Form.PARAGRAPH), *paragraphs]

    def general(self) -> list[Line]:
        """What is said where no flag's own text can be; it rests on the opening of the red-flag article, if there."""
        article = self._articles.get(RED_FLAG_ARTICLE)
        first = article.units[0] if article else None
        span = Span(article, first.start, first.end) if article and first else None
        said = [Line(HEADLINES[Route.PROFESSIONAL], span, Form.PARAGRAPH)]
        for position, text in enumerate(GENERAL):
            said.append(Line(self._fill(text), span, Form.SENTENCE if position else Form.PARAGRAPH))
        return said

    def _reason(self, flag: FlagDefinition) -> Span | None:
        article = self._articles.get(flag.article)
        unit = article.first_unit(flag.section) if article else None
        return Span(article, unit.start, unit.end) if article and unit else None

    def _fill(self, text: str) -> str:
        filled = text.replace("{emergency_number}", self._region.emergency).replace(
            "{crisis_line}", self._region.crisis
        )
        return escape(filled.strip())
