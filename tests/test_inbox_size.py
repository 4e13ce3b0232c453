"""The inbox with 100,000 stored conversations: every page comes along an index, on both databases."""

import datetime
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import event

from bot.records import inbox, people
from bot.records.database import Records, open_records
from bot.records.inbox import Filters, Order
from bot.records.tables import Kind, Status
from bot.reply import Route
from bot.settings import Settings
from tests.databases import PASSWORD, START
from tests.many import fill

MANY = 100_000


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    folder = tmp_path_factory.mktemp("full")
    url = f"sqlite:///{folder}/records.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").format("postgres")
    records = open_records(Settings.load(data=folder, database_url=url))
    people.add(records, "tests", "ana", PASSWORD, ["support"])
    fill(records, MANY)
    yield records
    records.engine.dispose()


PAGES = [
    (Filters(), Order.NEWEST),
    (Filters(), Order.OLDEST),
    (Filters(), Order.SLOWEST),
    (Filters(kind=Kind.THUMB_DOWN), Order.NEWEST),
    (Filters(status=Status.OPEN), Order.NEWEST),
    (Filters(assignee="ana"), Order.NEWEST),
    (Filters(route=Route.EMERGENCY), Order.OLDEST),
    (Filters(since=START + datetime.timedelta(days=80)), Order.NEWEST),
    (Filters(kind=Kind.SLOW, status=Status.OPEN, route=Route.CAUTION), Order.NEWEST),
    (Filters(text="only99999"), Order.NEWEST),
]


def plans(records: Records, filters: Filters, order: Order) -> list[str]:
    """How the database goes about the statements that a search really sends."""
    sent: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        sent.append((statement, parameters))

    event.listen(records.engine, "before_cursor_execute", note)
    inbox.search(records, filters, order)
    event.remove(records.engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN" if records.engine.dialect.name == "sqlite" else "EXPLAIN"
    with records.engine.connect() as connection:
        return [
            "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters))
            for statement, parameters in sent
        ]


@pytest.mark.parametrize(("filters", "order"), PAGES)
def test_a_page_comes_along_an_index(full: Records, filters: Filters, order: Order) -> None:
    total, page, kinds = plans(full, filters, order)
    for plan in (page, kinds):
        assert not re.search(r"Seq Scan on|SCAN (cases|case_kinds|exchanges|feedback)\b(?! USING)", plan), plan
    assert re.search("ix_case|cases_search", page), page
    assert "Seq Scan on exchanges" not in total and "SCAN exchanges" not in total, total


@pytest.mark.parametrize(("filters", "order"), PAGES)
def test_a_page_is_right(full: Records, filters: Filters, order: Order) -> None:
    page = inbox.search(full, filters, order)
    assert 0 < len(page.rows) <= 50
    assert page.total >= len(page.rows)
    if not filters.kind and not filters.text and order is Order.NEWEST:
        assert [row.at for row in page.rows] == sorted((row.at for row in page.rows), reverse=True)
    assert all(not filters.kind or filters.kind in row.kinds for row in page.rows)
    assert all(not filters.status or row.status is filters.status for row in page.rows)


def test_one_among_all(full: Records) -> None:
    [row] = inbox.search(full, Filters(text="only99999")).rows
    assert row.exchange_id == "x99999"


def test_counts_cover_all(full: Records) -> None:
    counts = inbox.per_day(full, START, START + datetime.timedelta(days=100))
    assert sum(count.cases for count in counts if count.kind is Kind.REFUSAL) == MANY


def test_an_export_begins_at_once(full: Records) -> None:
    with closing(inbox.csv_rows(full, Filters())) as rows:
        assert [len(next(rows)) for _ in range(3)] == [len(inbox.COLUMNS)] * 3
