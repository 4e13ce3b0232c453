"""Why the guard decided as it did, step by step, for whoever has to check it."""

from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz, process

from bot.guard.examples import read_examples
from bot.guard.guard import MODEL, PHRASE, UNREAD, Guard, Verdict
from bot.reply import Flag, Route

LIKELY = 3  # routes and flags of the classifier that are shown
NEAREST = 2  # written examples shown for a flag the classifier raised


def explain(guard: Guard, messages: Sequence[str]) -> Iterator[str]:
    """Lines of text: what each message holds by rule and by classifier, and the verdict with its reasons."""
    verdict = Verdict(Route.ANSWER)
    for turn, message in enumerate(messages, start=1):
        yield f"message {turn}: {message}"
        for match, sense in guard.matches(message):
            words = " ".join(word.text for word in match.clause.words[match.first : match.last + 1])
            yield f'  rule {match.id}: "{words}" {sense} (phrase: {match.phrase[:80]})'
        for how, reading in guard.readings(message, messages[: turn - 1]):
            routes = sorted(reading.routes.items(), key=lambda pair: -pair[1])[:LIKELY]
            flags = sorted(reading.flags.items(), key=lambda pair: -pair[1])[:LIKELY]
            yield f"  classifier, {how}: " + ", ".join(f"{name} {value:.2f}" for name, value in routes)
            yield "    its flags: " + ", ".join(f"{name} {value:.2f}" for name, value in flags)
        asked = verdict.memory.asked
        verdict = guard.hear(message, verdict.memory, messages[: turn - 1])
        if any(flag.id == asked and flag.turn == turn - 1 for flag in verdict.flags):
            yield f"  answers the question that was put: {asked}"
        if verdict.question:
            yield f"  asks: {verdict.question.ask} (a yes raises {verdict.question.raises})"
    yield f"verdict: {verdict.route}"
    for flag in verdict.flags:
        yield f'  {flag.id} ({flag.route}): "{flag.text}", message {flag.turn + 1}, source {flag.source}, {_how(flag)}'
        if flag.found_by == MODEL:
            yield from (f"    like the written example: {text}" for text in nearest_examples(flag))


def nearest_examples(flag: Flag) -> list[str]:
    """Messages written for this flag that share most words with the text that raised it."""
    written = [" / ".join(e.written.turns) for e in read_examples() if flag.id in e.written.flags]
    return [text for text, _, _ in process.extract(flag.text, written, scorer=fuzz.token_set_ratio, limit=NEAREST)]


def _how(flag: Flag) -> str:
    if flag.id.startswith(UNREAD):
        return "because it cannot be read"
    return {PHRASE: "by a rule", MODEL: "by the classifier"}.get(flag.found_by, "because the guard failed")
