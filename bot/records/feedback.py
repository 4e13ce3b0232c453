"""Visitors' thumbs. The words of a visitor are kept only where the visitor sent them along, redacted."""

from dataclasses import dataclass

from sqlalchemy import delete

from bot.errors import UnknownRecord
from bot.records import cases
from bot.records.database import Records
from bot.records.redaction import redact
from bot.records.tables import CaseKind, Exchange, Feedback, Kind, Reason, Status, Thumb
from bot.settings import Settings

KINDS = {Thumb.UP: Kind.THUMB_UP, Thumb.DOWN: Kind.THUMB_DOWN}


@dataclass(frozen=True)
class Words:
    """What the visitor agreed to send along, as typed; it is redacted before it is written."""

    comment: str
    question: str
    answer: str


def give(
    records: Records,
    settings: Settings,
    exchange_id: str,
    thumb: Thumb,
    *,
    reason: Reason | None = None,
    words: Words | None = None,
) -> None:
    """Keeps the thumb in place of an earlier one of this exchange, and files its case.

    A thumb down opens a case anew that was decided. `words` are dropped where the owner keeps none (keep_feedback).
    Raises UnknownRecord for an exchange that was not recorded, RecordsError.
    """
    kept = words if settings.keep_feedback else None
    given = Feedback(
        exchange_id=exchange_id,
        thumb=thumb,
        reason=reason,
        comment=redact(kept.comment) if kept else None,
        question=redact(kept.question) if kept else None,
        answer=redact(kept.answer) if kept else None,
        at=records.now(),
    )
    with records.writing() as session:
        exchange = session.get(Exchange, exchange_id)
        if exchange is None:
            raise UnknownRecord("The reply that this feedback is about is not known here; nothing was kept.")
        session.merge(given)
        session.flush()
        case = cases.file(session, exchange, [KINDS[thumb]])
        other = {*KINDS.values()} - {KINDS[thumb]}
        session.execute(delete(CaseKind).where(CaseKind.case_id == case.id, CaseKind.kind.in_(other)))
        if thumb is Thumb.DOWN and case.status is Status.DECIDED:
            case.status, case.decision = (Status.ASSIGNED if case.assignee else Status.OPEN), None
