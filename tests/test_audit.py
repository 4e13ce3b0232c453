"""The audit: in step with every change, and nobody can rewrite it."""

import pytest
from sqlalchemy import delete, text, update

from bot.errors import PeopleError, RecordsError
from bot.records import audit, people
from bot.records.database import Records
from bot.records.tables import Audit
from tests.databases import PASSWORD, START, Clock


def test_the_newest_first_and_by_what_is_asked(staff: Records, clock: Clock) -> None:
    clock.forward(hours=1)
    people.set_roles(staff, "ben", "ana", ["editor"])
    newest, *older = audit.entries(staff)
    assert (newest.who, newest.what, newest.subject_kind, newest.subject_id) == ("ben", "roles changed", "user", "ana")
    assert dict(newest.details) == {"before": ["support"], "after": ["editor"]}
    assert [entry.subject_id for entry in older] == ["ben", "ana"]
    assert audit.entries(staff, who="ben") == (newest,)
    assert audit.entries(staff, since=clock()) == (newest,)
    assert audit.entries(staff, until=clock()) == tuple(older)
    assert len(audit.entries(staff, subject_kind="user", subject_id="ana")) == 2
    assert audit.entries(staff, limit=1, offset=1) == (older[0],)
    assert audit.entries(staff, before=newest.id) == tuple(older)
    assert older[0].at == START


def test_a_change_that_fails_leaves_no_entry(staff: Records) -> None:
    before = audit.entries(staff)
    with pytest.raises(PeopleError):
        people.add(staff, "ben", "ana", PASSWORD, ["support"])
    assert audit.entries(staff) == before


@pytest.mark.parametrize(
    "change",
    [
        update(Audit).values(who="nobody"),
        delete(Audit),
        text("DELETE FROM audit WHERE id = 1"),
        text("UPDATE audit SET details = '{}'"),
    ],
)
def test_the_database_refuses_to_change_or_delete(staff: Records, change) -> None:
    before = audit.entries(staff)
    with pytest.raises(RecordsError, match="append-only"), staff.writing() as session:
        session.execute(change)
    assert audit.entries(staff) == before


def test_nor_is_there_a_way_round(staff: Records) -> None:
    statement = {
        "sqlite": "REPLACE INTO audit SELECT id, at, 'nobody', what, subject_kind, subject_id, details FROM audit",
        "postgresql": "TRUNCATE audit",
    }[staff.engine.dialect.name]
    before = audit.entries(staff)
    with pytest.raises(RecordsError, match="append-only"), staff.writing() as session:
        session.execute(text(statement))
    assert audit.entries(staff) == before
