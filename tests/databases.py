"""Databases for the tests: a clock that stands still, and the rows that a visitor's exchange leaves."""

import datetime
import uuid
from dataclasses import dataclass, field

from bot.records import exchanges
from bot.records.database import Records
from bot.reply import Citation, Flag, Reply, Route
from bot.settings import Settings

START = datetime.datetime(2026, 11, 2, 12, 0, tzinfo=datetime.UTC)
PASSWORD = "knead gently 42"  # of every user


@dataclass
class Clock:
    """A moment that moves only when told to."""

    moment: datetime.datetime = field(default=START)

    def __call__(self) -> datetime.datetime:
        return self.moment

    def forward(self, **distance: float) -> None:
        self.moment += datetime.timedelta(**distance)


def settings(**changed: object) -> Settings:
    return Settings.load(**changed)


def reply(
    route: Route = Route.ANSWER, *, total_ms: float = 20, conversation: str = "talk", text: str = "Ten."
) -> Reply:
    flag = Flag("numbness", "Numbness", route, "numb", 0, 4, 0, "phrase", "nhs")
    citation = Citation(1, "knead", "Kneading", "How", "Ten minutes.", 0, 12, "/articles/knead#how", ("nhs",))
    return Reply(
        route=route,
        answer=text,
        citations=(citation,),
        flags=(flag,) if route.refers else (),
        timings_ms={"total": total_ms},
        conversation_id=conversation,
        corpus_version="v1",
        settings_hash="0123456789ab",
        id=uuid.uuid4().hex,
    )


def exchange(
    records: Records,
    question: str = "",
    route: Route = Route.ANSWER,
    *,
    consented: bool = True,
    failed: bool = False,
    total_ms: float = 20,
    keep: int = 30,
    position: int = 0,
    conversation: str = "talk",
) -> str:
    """The id of an exchange that is now in the database."""
    said = reply(route, total_ms=total_ms, conversation=conversation)
    kept = settings(keep_conversations=keep)
    exchanges.record(records, kept, said, position, question=question, consented=consented, failed=failed)
    return said.id
