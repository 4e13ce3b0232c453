"""A database with very many conversations, for what must stay fast."""

import datetime
import random

from sqlalchemy import insert, text

from bot.records.database import Records
from bot.records.tables import Audit, Case, CaseKind, Exchange, Feedback, Kind, Status, Thumb
from bot.reply import Route
from tests.databases import START

BATCH = 10_000
WORDS = "knead stroke neck shoulder spine oil pain numb tingling pregnant stone cupping hour minute week sleep".split()
ANSWER = "Knead with slow, even strokes beside the spine and never on it, and stop wherever it hurts. [1]\n\n" * 8


def fill(
    records: Records,
    exchanges: int,
    *,
    messages: int = 1,
    one_case_in: int = 1,
    begin: datetime.datetime = START,
    every: float = 77,
) -> None:
    """So many exchanges, `every` seconds one, with so many of them in a conversation and a case for some.

    Of a hundred cases ninety are decided and seven of the open ones ana's; all kinds and routes.
    """
    chance = random.Random(7)
    for first in range(0, exchanges, BATCH):
        said, thumbs, cases, of_kinds = [], [], [], []
        for number in range(first, min(first + BATCH, exchanges)):
            at = begin + datetime.timedelta(seconds=every * number)
            route, words = chance.choice(list(Route)), " ".join(chance.choices(WORDS, k=12)) + f" only{number}"
            both = {"at": at, "route": route, "total_ms": chance.expovariate(0.01)}
            said.append(
                {"id": f"x{number}", "conversation_id": f"c{number // messages}", "position": number % messages}
                | {"flags": [], "mode": "extractive", "corpus_version": "v1", "settings_hash": "0", "failed": False}
                | {"question": words, "answer": ANSWER, "citations": [{"article": chance.choice(WORDS)}]}
                | both
            )
            if number % one_case_in:
                continue
            case = number // one_case_in
            cases.append(
                {"id": case + 1, "exchange_id": f"x{number}", "note": "", "words": f"{words}\n{ANSWER}", "revision": 1}
                | {
                    "status": Status.DECIDED if case % 10 else Status.OPEN,
                    "assignee": None if case % 100 > 6 else "ana",
                }
                | both
            )
            if case % 6 < 2:
                thumb = Thumb.DOWN if case % 6 else Thumb.UP
                thumbs.append({"exchange_id": f"x{number}", "thumb": thumb, "reason": None, "at": at})
            kinds = {list(Kind)[case % 6], Kind.REFUSAL}
            of_kinds += [{"case_id": case + 1, "kind": kind, "at": at} for kind in kinds]
        with records.writing() as session:
            for table, rows in ((Exchange, said), (Feedback, thumbs), (Case, cases), (CaseKind, of_kinds)):
                session.execute(insert(table), rows)
    with records.engine.begin() as connection:
        connection.execute(text("ANALYZE"))


def fill_audit(records: Records, entries: int, begin: datetime.datetime = START, every: float = 77) -> None:
    """So many entries, of one user after the other, on cases."""
    with records.writing() as session:
        session.execute(
            insert(Audit),
            [
                {"at": begin + datetime.timedelta(seconds=every * number), "who": f"user{number % 20}"}
                | {"what": "case decided", "subject_kind": "case", "subject_id": str(number), "details": {"n": number}}
                for number in range(entries)
            ],
        )
    with records.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
