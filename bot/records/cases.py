"""Cases of the inbox: how an exchange becomes one, and what staff do with it. Reading them: bot/records/inbox.py."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.errors import PeopleError, UnknownRecord
from bot.records import audit
from bot.records.database import Records, stale_revision
from bot.records.redaction import redact
from bot.records.tables import Case, CaseKind, Decision, Exchange, Feedback, Kind, Status, User


def file(session: Session, exchange: Exchange, kinds: Iterable[Kind]) -> Case:
    """The exchange's case, made where there is none, with these kinds besides those that it has."""
    case = session.scalar(select(Case).where(Case.exchange_id == exchange.id))
    if case is None:
        case = Case(
            exchange_id=exchange.id,
            at=exchange.at,
            route=exchange.route,
            total_ms=exchange.total_ms,
            status=Status.OPEN,
            note="",
        )
        session.add(case)
        session.flush()
    known = set(session.scalars(select(CaseKind.kind).where(CaseKind.case_id == case.id)))
    session.add_all(CaseKind(case_id=case.id, kind=kind, at=case.at) for kind in set(kinds) - known)
    index_words(session, case)
    return case


def index_words(session: Session, case: Case) -> None:
    """Makes the case found by the words that it holds now, and by no others."""
    with session.no_autoflush:  # or one change would count as two revisions
        exchange = session.get_one(Exchange, case.exchange_id)
        feedback = session.get(Feedback, case.exchange_id)
    texts = [exchange.question, exchange.answer, case.note]
    if feedback:
        texts += [feedback.comment, feedback.question, feedback.answer]
    case.words = "\n".join(dict.fromkeys(text for text in texts if text))


def assign(records: Records, who: str, case_id: int, revision: int, assignee: str | None) -> int:
    """Gives the case to a user, or to nobody; its new revision.

    Raises StaleRevision, UnknownRecord, PeopleError for a user who is unknown or disabled, RecordsError.
    """
    with records.writing() as session:
        case = _current(session, case_id, revision)
        user = session.get(User, assignee) if assignee else None
        if assignee and (user is None or user.disabled):
            raise PeopleError(f"There is no user {assignee!r} who could take the case; choose somebody else.")
        case.assignee = assignee
        if case.status is not Status.DECIDED:
            case.status = Status.ASSIGNED if assignee else Status.OPEN
        return _save(records, session, who, "case assigned", case, assignee=assignee)


def decide(
    records: Records, who: str, case_id: int, revision: int, decision: Decision, *, note: str | None = None
) -> int:
    """Closes the case, with a note where one is given, redacted; its new revision.

    Raises StaleRevision, UnknownRecord, RecordsError.
    """
    written = redact(note) if note is not None else None
    with records.writing() as session:
        case = _current(session, case_id, revision)
        case.status, case.decision = Status.DECIDED, decision
        if written is not None:
            case.note = written
        return _save(records, session, who, "case decided", case, decision=decision.value)


def reopen(records: Records, who: str, case_id: int, revision: int) -> int:
    """Takes the decision back; the new revision. Raises StaleRevision, UnknownRecord, RecordsError."""
    with records.writing() as session:
        case = _current(session, case_id, revision)
        before = case.decision.value if case.decision else None
        case.status, case.decision = (Status.ASSIGNED if case.assignee else Status.OPEN), None
        return _save(records, session, who, "case reopened", case, before=before)


def write_note(records: Records, who: str, case_id: int, revision: int, note: str) -> int:
    """Replaces the note by one that is redacted: staff paste words of visitors. The new revision.

    Raises StaleRevision, UnknownRecord, RecordsError.
    """
    written = redact(note)
    with records.writing() as session:
        case = _current(session, case_id, revision)
        case.note = written
        return _save(records, session, who, "case noted", case)


def _current(session: Session, case_id: int, revision: int) -> Case:
    case = session.get(Case, case_id)
    if case is None:
        raise UnknownRecord(f"There is no case {case_id}; look for it in the inbox.")
    if case.revision != revision:
        raise stale_revision()
    return case


def _save(records: Records, session: Session, who: str, what: str, case: Case, **details: object) -> int:
    index_words(session, case)
    audit.note(session, records.now(), who, what, ("case", case.id), **details)
    session.flush()
    return case.revision
