"""One row for every message of a visitor and its reply. Words only where owner and visitor both agreed, redacted."""

import datetime
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from bot.records import cases
from bot.records.database import Records
from bot.records.redaction import redact
from bot.records.tables import Exchange, Kind
from bot.reply import Reply, Route
from bot.settings import Settings


@dataclass(frozen=True)
class Stored:
    """An exchange as it was kept; `question` and `answer` are redacted, and None where no words were kept."""

    id: str
    conversation_id: str
    position: int
    at: datetime.datetime
    route: Route
    flags: tuple[str, ...]
    mode: str
    corpus_version: str
    settings_hash: str
    total_ms: float
    failed: bool
    question: str | None
    answer: str | None
    citations: tuple[dict[str, Any], ...]


def record(
    records: Records,
    settings: Settings,
    reply: Reply,
    position: int,
    *,
    question: str = "",
    consented: bool = False,
    failed: bool = False,
) -> None:
    """Writes the exchange down, and files a case where it was refused, referred, slow or failed.

    `position` counts the messages of the conversation from 0. `consented` is the visitor's own tick on the page; the
    words are kept only where the owner keeps conversations as well. Raises RecordsError.
    """
    failed = failed or any(flag.found_by == "fallback" for flag in reply.flags)
    exchange = Exchange(
        id=reply.id,
        conversation_id=reply.conversation_id,
        position=position,
        at=records.now(),
        route=reply.route,
        flags=[flag.id for flag in reply.flags],
        mode=reply.mode,
        corpus_version=reply.corpus_version,
        settings_hash=reply.settings_hash,
        total_ms=reply.timings_ms.get("total", 0.0),
        failed=failed,
    )
    if consented and settings.keep_conversations:
        exchange.question, exchange.answer = redact(question), redact(reply.answer)
        exchange.citations = [asdict(citation) for citation in reply.citations]
    with records.writing() as session:
        session.add(exchange)
        session.flush()
        if kinds := set(_kinds(exchange, settings)):
            cases.file(session, exchange, kinds)


def conversation(records: Records, conversation_id: str) -> tuple[Stored, ...]:
    """Its exchanges in order; empty where it is not known. Raises RecordsError."""
    chosen = (
        select(Exchange).where(Exchange.conversation_id == conversation_id).order_by(Exchange.position, Exchange.at)
    )
    with records.reading() as session:
        return tuple(stored(row) for row in session.scalars(chosen))


def stored(row: Exchange) -> Stored:
    """The row as the pages see it."""
    return Stored(
        id=row.id,
        conversation_id=row.conversation_id,
        position=row.position,
        at=row.at,
        route=row.route,
        flags=tuple(row.flags),
        mode=row.mode,
        corpus_version=row.corpus_version,
        settings_hash=row.settings_hash,
        total_ms=row.total_ms,
        failed=row.failed,
        question=row.question,
        answer=row.answer,
        citations=tuple(row.citations or ()),
    )


def _kinds(exchange: Exchange, settings: Settings) -> Iterator[Kind]:
    """Why staff should see it."""
    if exchange.route is Route.OUT_OF_SCOPE:
        yield Kind.REFUSAL
    if exchange.route.refers:
        yield Kind.REFERRAL
    if exchange.total_ms > settings.slow_ms:
        yield Kind.SLOW
    if exchange.failed:
        yield Kind.FAILED
