"""What visitors leave behind, and the staff's inbox over it."""

import datetime
import threading

import pytest
from sqlalchemy import text

from bot.errors import PeopleError, RecordsError, StaleRevision, UnknownRecord
from bot.records import audit, cases, exchanges, feedback, inbox, retention
from bot.records.database import Records
from bot.records.inbox import Count, Filters, Order
from bot.records.tables import Decision, Kind, Reason, Status, Thumb
from bot.reply import Route
from tests.databases import START, Clock, exchange, settings

SETTINGS = settings(keep_conversations=30)
SAID = feedback.Words("Call me on 020 7946 0018", "I'm Priya Patel, is kneading safe?", "Ten minutes.")


def found(records: Records, **filters) -> list[str]:
    return [row.exchange_id for row in inbox.search(records, Filters(**filters)).rows]


def only(records: Records) -> inbox.Row:
    [row] = inbox.search(records, Filters()).rows
    return row


# --- Exchanges --------------------------------------------------------------------------------------------------------


def test_an_ordinary_exchange_is_kept_without_words(records: Records) -> None:
    exchange(records, "How long?", consented=False)
    exchange(records, "And how often?", keep=0, position=1)
    first, second = exchanges.conversation(records, "talk")
    assert (first.question, first.answer, first.citations) == (None, None, ())
    assert (second.question, second.answer, second.citations) == (None, None, ())
    assert (first.at, first.route, first.mode, first.total_ms, first.failed) == (
        START,
        Route.ANSWER,
        "extractive",
        20,
        False,
    )
    assert inbox.search(records, Filters()).total == 0


def test_with_both_consents_the_words_are_kept_redacted(records: Records) -> None:
    exchange(records, "My name is Priya Patel. How long should I knead L4/L5?")
    [kept] = exchanges.conversation(records, "talk")
    assert kept.question == "My name is [name]. How long should I knead L4/L5?"
    assert kept.answer == "Ten."
    assert kept.citations[0]["quote"] == "Ten minutes."


@pytest.mark.parametrize(
    ("made", "kinds"),
    [
        ({"route": Route.OUT_OF_SCOPE}, (Kind.REFUSAL,)),
        ({"route": Route.PROFESSIONAL}, (Kind.REFERRAL,)),
        ({"route": Route.EMERGENCY, "failed": True}, (Kind.REFERRAL, Kind.FAILED)),
        ({"total_ms": 2001}, (Kind.SLOW,)),
        ({"route": Route.OUT_OF_SCOPE, "total_ms": 9000}, (Kind.REFUSAL, Kind.SLOW)),
    ],
)
def test_what_comes_into_the_inbox_by_itself(records: Records, made, kinds) -> None:
    assert only_kinds(records, exchange(records, **made)) == kinds


def only_kinds(records: Records, exchange_id: str) -> tuple[Kind, ...]:
    row = only(records)
    assert row.exchange_id == exchange_id
    return row.kinds


@pytest.mark.parametrize("question", ["half \ud800 a letter", "a nul\x00 byte", "x" * 4000, "emoji 🙃"])
def test_no_message_breaks_it(records: Records, question: str) -> None:
    exchange(records, question, Route.PROFESSIONAL)
    assert only(records).question


# --- Feedback ---------------------------------------------------------------------------------------------------------


def test_a_thumb_alone_keeps_no_words(records: Records) -> None:
    number = exchange(records, consented=False)
    feedback.give(records, SETTINGS, number, Thumb.DOWN, reason=Reason.UNSAFE)
    row = only(records)
    assert (row.kinds, row.thumb, row.reason) == ((Kind.THUMB_DOWN,), Thumb.DOWN, Reason.UNSAFE)
    assert (row.comment, row.question, row.answer) == (None, None, None)


def test_words_that_were_sent_along_are_redacted(records: Records) -> None:
    number = exchange(records, consented=False)
    feedback.give(records, SETTINGS, number, Thumb.DOWN, words=SAID)
    row = only(records)
    assert (row.comment, row.question) == ("Call me on [phone]", "I'm [name], is kneading safe?")
    assert row.answer == "Ten minutes."


def test_an_owner_who_keeps_no_words_of_feedback(records: Records) -> None:
    number = exchange(records, consented=False)
    feedback.give(records, settings(keep_feedback=0), number, Thumb.UP, words=SAID)
    assert only(records).comment is None


def test_a_second_thumb_replaces_the_first(records: Records) -> None:
    number = exchange(records, route=Route.OUT_OF_SCOPE)
    feedback.give(records, SETTINGS, number, Thumb.DOWN, words=SAID)
    feedback.give(records, SETTINGS, number, Thumb.UP)
    row = only(records)
    assert (row.kinds, row.thumb, row.comment) == ((Kind.THUMB_UP, Kind.REFUSAL), Thumb.UP, None)


def test_a_thumb_down_opens_a_decided_case_anew(staff: Records) -> None:
    number = exchange(staff, route=Route.OUT_OF_SCOPE)
    cases.decide(staff, "ana", only(staff).id, only(staff).revision, Decision.FINE)
    feedback.give(staff, SETTINGS, number, Thumb.UP)
    assert only(staff).status is Status.DECIDED
    feedback.give(staff, SETTINGS, number, Thumb.DOWN)
    assert (only(staff).status, only(staff).decision) == (Status.OPEN, None)


def test_feedback_on_nothing(records: Records) -> None:
    with pytest.raises(UnknownRecord, match="nothing was kept"):
        feedback.give(records, SETTINGS, "unknown", Thumb.UP)


# --- Reading ----------------------------------------------------------------------------------------------------------


def test_every_filter_alone_and_all_together(staff: Records, clock: Clock) -> None:
    old = exchange(staff, "how do I knead?", Route.OUT_OF_SCOPE)
    clock.forward(days=1)
    new = exchange(staff, "my foot is numb", Route.PROFESSIONAL, total_ms=5000)
    case = inbox.search(staff, Filters(kind=Kind.REFERRAL)).rows[0]
    cases.assign(staff, "ben", case.id, case.revision, "ana")
    assert found(staff) == [new, old]
    assert found(staff, kind=Kind.SLOW) == found(staff, kind=Kind.REFERRAL) == [new]
    assert found(staff, kind=Kind.THUMB_DOWN) == []
    assert found(staff, status=Status.ASSIGNED) == found(staff, assignee="ana") == [new]
    assert found(staff, assignee="") == found(staff, status=Status.OPEN) == [old]
    assert found(staff, route=Route.OUT_OF_SCOPE) == [old]
    assert found(staff, since=clock()) == [new]
    assert found(staff, until=clock()) == [old]
    assert found(staff, text="NUMB foot") == found(staff, text="num") == [new]
    assert found(staff, text="umb") == found(staff, text="numb kneading") == []
    assert found(staff, text="kne'a\"d*") == [], "no sign is an operator"
    together = {"kind": Kind.SLOW, "status": Status.ASSIGNED, "assignee": "ana", "route": Route.PROFESSIONAL}
    assert found(staff, **together, since=START, until=clock() + datetime.timedelta(1), text="foot") == [new]


def test_order_and_pages(records: Records, clock: Clock) -> None:
    made = []
    for total_ms in (10, 30, 20):
        made.append(exchange(records, route=Route.OUT_OF_SCOPE, total_ms=total_ms))
        clock.forward(minutes=1)
    a, b, c = made

    def pages(order: Order) -> list[str]:
        rows = []
        for offset in range(3):
            page = inbox.search(records, Filters(), order, limit=1, offset=offset)
            assert page.total == 3
            rows += [row.exchange_id for row in page.rows]
        return rows

    assert pages(Order.NEWEST) == [c, b, a]
    assert pages(Order.OLDEST) == [a, b, c]
    assert pages(Order.SLOWEST) == [b, c, a]
    assert inbox.search(records, Filters(), offset=3).rows == ()


def test_one_case_in_full(staff: Records) -> None:
    exchange(staff, "hello")
    exchange(staff, "my foot is numb", Route.PROFESSIONAL, position=1)
    exchange(staff, "elsewhere", conversation="other")
    case = only(staff)
    cases.write_note(staff, "ana", case.id, case.revision, "called back")
    detail = inbox.read(staff, case.id)
    assert [said.question for said in detail.conversation] == ["hello", "my foot is numb"]
    assert (detail.row.flags, detail.row.note) == (("numbness",), "called back")
    assert [(entry.who, entry.what) for entry in detail.history] == [("ana", "case noted")]
    with pytest.raises(UnknownRecord, match="no case 999"):
        inbox.read(staff, 999)


def test_counts_by_day_in_utc(records: Records, clock: Clock) -> None:
    clock.moment = datetime.datetime(2026, 11, 2, 23, 59, tzinfo=datetime.UTC)
    exchange(records, route=Route.OUT_OF_SCOPE, total_ms=5000)
    clock.forward(minutes=1)
    exchange(records, route=Route.OUT_OF_SCOPE)
    exchange(records, route=Route.OUT_OF_SCOPE)
    second, third = datetime.date(2026, 11, 2), datetime.date(2026, 11, 3)
    everything = inbox.per_day(records, START, START + datetime.timedelta(days=9))
    assert everything == (
        Count(second, Kind.REFUSAL, 1),
        Count(second, Kind.SLOW, 1),
        Count(third, Kind.REFUSAL, 2),
    )
    assert inbox.per_day(records, clock(), clock() + datetime.timedelta(1)) == everything[2:]


def test_csv_runs_no_formula(records: Records) -> None:
    exchange(records, '=HYPERLINK("http://x")', Route.OUT_OF_SCOPE, total_ms=5000)
    header, row = inbox.csv_rows(records, Filters())
    cells = dict(zip(header, row, strict=True))
    assert cells["question"].startswith("'=HYPERLINK")
    assert (cells["kinds"], cells["total_ms"], cells["decision"]) == ("refusal slow", "5000.0", "")
    assert cells["at"] == "2026-11-02T12:00:00+00:00"


# --- Deciding ---------------------------------------------------------------------------------------------------------


def test_from_open_to_decided_and_back(staff: Records) -> None:
    exchange(staff, route=Route.OUT_OF_SCOPE)
    number, revision = only(staff).id, only(staff).revision
    revision = cases.assign(staff, "ben", number, revision, "ana")
    assert (only(staff).status, only(staff).assignee) == (Status.ASSIGNED, "ana")
    revision = cases.decide(
        staff, "ana", number, revision, Decision.MISSING_ARTICLE, note="write one on cupping for 0171 5554443"
    )
    assert (only(staff).status, only(staff).decision) == (Status.DECIDED, Decision.MISSING_ARTICLE)
    assert found(staff, text="cupping"), "the note is searched as well"
    assert not found(staff, text="5554443"), "what a visitor may not leave there, staff may not paste"
    revision = cases.reopen(staff, "ana", number, revision)
    assert (only(staff).status, only(staff).decision) == (Status.ASSIGNED, None)
    cases.assign(staff, "ana", number, revision, None)
    assert (only(staff).status, only(staff).assignee) == (Status.OPEN, None)
    history = audit.entries(staff, subject_kind="case", subject_id=str(number))
    assert [entry.what for entry in history] == ["case assigned", "case reopened", "case decided", "case assigned"]
    assert "cupping" not in str(history), "what can never be deleted holds no words"


def test_the_second_of_two_writers_is_told_and_nothing_is_lost(staff: Records) -> None:
    exchange(staff, route=Route.OUT_OF_SCOPE)
    case = only(staff)
    cases.write_note(staff, "ana", case.id, case.revision, "mine")
    with pytest.raises(StaleRevision, match="Somebody else"):
        cases.write_note(staff, "ben", case.id, case.revision, "over it")
    assert only(staff).note == "mine"
    assert [entry.who for entry in audit.entries(staff, subject_kind="case")] == ["ana"]


def test_of_many_at_the_same_moment_one_writes(staff: Records) -> None:
    exchange(staff, route=Route.OUT_OF_SCOPE)
    case = only(staff)
    start, told = threading.Barrier(6), []

    def write(number: int) -> None:
        start.wait()
        try:
            cases.write_note(staff, "ana", case.id, case.revision, f"note {number}")
        except StaleRevision as error:
            told.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 5
    assert len(audit.entries(staff, subject_kind="case")) == 1
    assert only(staff).revision == case.revision + 1


@pytest.mark.parametrize("assignee", ["nobody", "ben"])
def test_nobody_gets_a_case_who_cannot_sign_in(staff: Records, assignee: str) -> None:
    with staff.writing() as session:
        session.execute(text("UPDATE users SET disabled = true WHERE name = 'ben'"))
    exchange(staff, route=Route.OUT_OF_SCOPE)
    with pytest.raises(PeopleError, match=f"no user '{assignee}'"):
        cases.assign(staff, "ana", only(staff).id, only(staff).revision, assignee)


def test_a_case_that_is_not_there(staff: Records) -> None:
    with pytest.raises(UnknownRecord, match="no case 7"):
        cases.reopen(staff, "ana", 7, 1)


# --- Retention --------------------------------------------------------------------------------------------------------


def test_words_go_when_their_days_are_over(records: Records, clock: Clock) -> None:
    old = exchange(records, "my heel is numb", Route.PROFESSIONAL)
    feedback.give(records, SETTINGS, old, Thumb.DOWN, words=feedback.Words("rude", "my heel is numb", "See somebody."))
    clock.forward(days=29)
    exchange(records, "my toe is numb", Route.PROFESSIONAL)
    assert retention.sweep(records, SETTINGS).exchanges == 0
    clock.forward(days=1)
    assert retention.sweep(records, SETTINGS).exchanges == 1
    assert len(found(records, text="heel")) == 1, "sent along with the thumb, it has days of its own"
    assert len(found(records, text="toe")) == 1
    clock.forward(days=150)
    assert retention.sweep(records, SETTINGS) == retention.Swept(exchanges=1, feedback=1, sessions=0)
    assert found(records, text="heel") == found(records, text="toe") == found(records, text="rude") == []
    rows = inbox.search(records, Filters()).rows
    assert [(row.question, row.answer, row.comment) for row in rows] == [(None, None, None)] * 2


def test_an_owner_who_stops_keeping_conversations(records: Records) -> None:
    exchange(records, "my heel is numb", Route.PROFESSIONAL)
    assert retention.sweep(records, settings(keep_conversations=0)).exchanges == 1
    assert only(records).question is None


def test_nothing_of_deleted_words_is_left_in_the_files(records: Records, clock: Clock, tmp_path) -> None:
    if records.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's own vacuum does that, in its own time")
    for number in range(30):
        exchange(records, f"zanzibar{number} and my heel is numb", Route.PROFESSIONAL)
    clock.forward(days=31)
    retention.sweep(records, SETTINGS)
    files = [path for path in tmp_path.iterdir() if path.name.startswith("records.sqlite")]
    assert files
    for path in files:
        assert b"zanzibar" not in path.read_bytes(), path.name


# --- A database that fails --------------------------------------------------------------------------------------------


def test_a_database_that_is_gone_is_one_sentence(records: Records) -> None:
    exchange(records, route=Route.OUT_OF_SCOPE)
    with records.writing() as session:
        for table in ("cases_search", "case_kinds", "cases", "feedback", "exchanges"):
            if table != "cases_search" or records.engine.dialect.name == "sqlite":
                session.execute(text(f"DROP TABLE {table}"))
    with pytest.raises(RecordsError, match="cannot be read"):
        inbox.search(records, Filters())
    with pytest.raises(RecordsError, match="cannot be written") as error:
        exchange(records, "my secret words")
    assert "secret" not in str(error.value) + str(error.value.__cause__)
    assert "\n" not in str(error.value)
