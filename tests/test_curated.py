"""Curated answers: written, approved by a second person, served, and no longer once an article changes."""

import datetime
from dataclasses import replace

import pytest

from bot.errors import CuratedError, StaleRevision, UnknownRecord
from bot.records import audit, curated
from bot.records.curated import CuratedAnswer, Line, Quote
from bot.records.database import Records
from bot.records.tables import State
from tests.databases import START, Clock, settings

TEXTS = {"knead": "Knead for ten minutes. Stop if it hurts.", "oil": "Any oil will do."}
QUOTE = Quote("knead", 0, 22, "Knead for ten minutes.")
LINES = (Line("Ten minutes will do.", (QUOTE,)), Line("That is all."))
TWO, ONE = settings(second_approval=True), settings(second_approval=False)


def drafted(records: Records, **more: datetime.datetime) -> CuratedAnswer:
    return curated.draft(records, "ana", "How long should I knead?", LINES, TEXTS, **more)


def awaiting(records: Records, **more: datetime.datetime) -> CuratedAnswer:
    answer = drafted(records, **more)
    return curated.submit(records, "ana", answer.id, answer.revision, TEXTS)


def approved(records: Records, **more: datetime.datetime) -> CuratedAnswer:
    answer = awaiting(records, **more)
    return curated.approve(records, TWO, "ben", answer.id, answer.revision, texts=TEXTS)


def test_from_draft_to_served(staff: Records) -> None:
    assert drafted(staff).state is State.DRAFT
    assert awaiting(staff).state is State.AWAITING
    assert curated.served(staff) == ()
    answer = approved(staff)
    assert (answer.author, answer.approver, answer.approved_at) == ("ana", "ben", START)
    assert curated.served(staff) == (answer,)
    assert answer.lines == LINES
    assert [each.id for each in curated.listed(staff)] == [3, 2, 1]
    assert [each.id for each in curated.listed(staff, State.AWAITING)] == [2]
    history = audit.entries(staff, subject_kind="curated", subject_id=str(answer.id))
    assert [(entry.who, entry.what) for entry in history] == [
        ("ben", "answer approved"),
        ("ana", "answer submitted"),
        ("ana", "answer drafted"),
    ]


def test_nobody_approves_what_they_wrote(staff: Records) -> None:
    answer = awaiting(staff)
    with pytest.raises(CuratedError, match="somebody else"):
        curated.approve(staff, TWO, "ana", answer.id, answer.revision, texts=TEXTS)
    assert curated.read(staff, answer.id).state is State.AWAITING
    assert curated.approve(staff, ONE, "ana", answer.id, answer.revision, texts=TEXTS).approver == "ana"


def test_who_edits_becomes_the_author_and_needs_another(staff: Records) -> None:
    answer = approved(staff)
    edited = curated.edit(staff, "ben", replace(answer, question="For how long?"), TEXTS)
    assert (edited.state, edited.author, edited.approver, edited.question) == (
        State.DRAFT,
        "ben",
        None,
        "For how long?",
    )
    assert curated.served(staff) == ()
    edited = curated.submit(staff, "ana", edited.id, edited.revision, TEXTS)
    with pytest.raises(CuratedError, match="somebody else"):
        curated.approve(staff, TWO, "ben", edited.id, edited.revision, texts=TEXTS)


def test_not_before_it_awaits_approval(staff: Records) -> None:
    answer = drafted(staff)
    with pytest.raises(CuratedError, match="is draft; only one that is awaiting"):
        curated.approve(staff, TWO, "ben", answer.id, answer.revision, texts=TEXTS)
    answer = awaiting(staff)
    answer = curated.send_back(staff, "ben", answer.id, answer.revision)
    assert answer.state is State.DRAFT


def test_it_expires(staff: Records, clock: Clock) -> None:
    approved(staff, expires_at=START + datetime.timedelta(days=1))
    assert len(curated.served(staff)) == 1
    clock.forward(days=1)
    assert curated.served(staff) == ()
    late = awaiting(staff, expires_at=START)
    with pytest.raises(CuratedError, match="expired"):
        curated.approve(staff, TWO, "ben", late.id, late.revision, texts=TEXTS)


def test_retired_is_kept_and_not_served(staff: Records) -> None:
    answer = approved(staff)
    curated.retire(staff, "ben", answer.id, answer.revision)
    assert curated.served(staff) == ()
    assert curated.read(staff, answer.id).state is State.RETIRED


@pytest.mark.parametrize(
    "texts",
    [
        {**TEXTS, "knead": TEXTS["knead"] + " Never knead a fresh injury."},  # the span itself still reads the same
        {**TEXTS, "knead": "Knead for five minutes."},
        {"oil": TEXTS["oil"]},
    ],
    ids=["elsewhere in the article", "the span", "the article is gone"],
)
def test_a_changed_article_takes_the_answer_off(staff: Records, texts: dict[str, str]) -> None:
    answer, waiting, draft = approved(staff), awaiting(staff), drafted(staff)
    assert curated.mark_stale(staff, "ben", texts) == (answer.id, waiting.id)
    assert curated.served(staff) == ()
    assert curated.read(staff, draft.id).state is State.DRAFT
    assert dict(audit.entries(staff)[0].details)["articles"] == ["knead"]
    assert curated.mark_stale(staff, "ben", texts) == ()


def test_a_stale_answer_is_served_again_once_looked_at(staff: Records) -> None:
    answer = approved(staff)
    longer = {**TEXTS, "knead": TEXTS["knead"] + " Oil helps."}
    curated.mark_stale(staff, "ben", longer)
    stale = curated.read(staff, answer.id)
    again = curated.submit(staff, "ben", stale.id, stale.revision, longer)
    again = curated.approve(staff, TWO, "ben", again.id, again.revision, texts=longer)
    assert curated.served(staff) == (again,)
    assert curated.mark_stale(staff, "ben", longer) == ()


def test_another_article_is_none_of_its_business(staff: Records) -> None:
    approved(staff)
    assert curated.mark_stale(staff, "ben", {**TEXTS, "oil": "No oil will do."}) == ()


def test_an_article_that_changes_while_it_awaits_approval(staff: Records) -> None:
    answer = awaiting(staff)
    with pytest.raises(CuratedError, match="knead has changed"):
        curated.approve(staff, TWO, "ben", answer.id, answer.revision, texts={"knead": TEXTS["knead"] + "!"})


@pytest.mark.parametrize(
    ("question", "lines", "said"),
    [
        (" ", LINES, "no question"),
        ("How?", (), "empty line, or none"),
        ("How?", (Line(" ", (QUOTE,)),), "empty line"),
        ("How?", (Line("Ten."),), "cites no article"),
        ("How?", (Line("Ten.", (replace(QUOTE, article="gone"),)),), "no article 'gone'"),
        ("How?", (Line("Ten.", (replace(QUOTE, start=1),)),), "does not read 'Knead for ten minutes.' at 1 to 22"),
        ("How?", (Line("Ten.", (Quote("knead", -5, -1, "urts"),)),), "mark the passage again"),
        ("How?", (Line("Ten.", (Quote("knead", 5, 5, ""),)),), "mark the passage again"),
    ],
)
def test_an_answer_that_cannot_be_taken(staff: Records, question: str, lines: tuple[Line, ...], said: str) -> None:
    with pytest.raises(CuratedError, match=said):
        curated.draft(staff, "ana", question, lines, TEXTS)
    assert curated.listed(staff) == ()


def test_the_second_of_two_editors_is_told(staff: Records) -> None:
    answer = drafted(staff)
    curated.edit(staff, "ana", replace(answer, question="First?"), TEXTS)
    with pytest.raises(StaleRevision):
        curated.edit(staff, "ben", replace(answer, question="Second?"), TEXTS)
    assert curated.read(staff, answer.id).question == "First?"


def test_a_hit_is_no_change(staff: Records) -> None:
    answer = approved(staff)
    curated.count_hit(staff, answer.id)
    curated.count_hit(staff, answer.id)
    assert curated.read(staff, answer.id) == replace(answer, hits=2)


def test_an_answer_that_is_not_there(staff: Records) -> None:
    with pytest.raises(UnknownRecord, match="no curated answer 7"):
        curated.read(staff, 7)
