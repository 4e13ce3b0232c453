"""Users, their passwords and their sessions."""

import statistics
import threading
import time

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from bot.errors import PeopleError, SignInRefused
from bot.records import audit, people, sessions
from bot.records.database import Records
from bot.records.tables import Role, SignedIn, User
from tests.databases import PASSWORD, Clock, settings

SETTINGS = settings(sign_in_attempts=3, lock_out_minutes=10, session_idle_minutes=30, session_hours=2)


def refused(records: Records, name: str, password: str) -> str:
    with pytest.raises(SignInRefused) as error:
        people.sign_in(records, SETTINGS, name, password)
    return str(error.value)


# --- Signing in -------------------------------------------------------------------------------------------------------


def test_the_right_password_opens(staff: Records) -> None:
    assert people.sign_in(staff, SETTINGS, " Ben ", PASSWORD).roles == {Role.EDITOR, Role.ADMIN}


def test_only_a_current_hash_is_stored(staff: Records) -> None:
    with staff.reading() as session:
        stored = list(session.scalars(select(User.password_hash)))
    assert all(each.startswith("$argon2id$") for each in stored)
    assert len(set(stored)) == 2, "the same password has another salt for another user"


def test_a_refusal_never_says_why(staff: Records) -> None:
    people.disable(staff, "ben", "ana")
    assert refused(staff, "ana", PASSWORD) == refused(staff, "ben", "wrong") == refused(staff, "nobody", PASSWORD)


def test_a_name_that_nobody_has_takes_as_long(staff: Records) -> None:
    def seconds(name: str) -> float:
        begin = time.perf_counter()
        refused(staff, name, "wrong")
        return time.perf_counter() - begin

    seconds("nobody")  # once beforehand: what is made at first use
    known, unknown = [], []
    for _ in range(7):
        known.append(seconds("ana"))
        unknown.append(seconds("nobody"))
    assert 0.5 < statistics.median(unknown) / statistics.median(known) < 2


def test_locked_out_after_so_many_and_let_in_after_so_long(staff: Records, clock: Clock) -> None:
    for _ in range(3):
        refused(staff, "ana", "wrong")
    assert audit.entries(staff)[0].what == "locked out"
    refused(staff, "ana", PASSWORD)
    clock.forward(minutes=9)
    refused(staff, "ana", PASSWORD)
    clock.forward(minutes=1)
    assert people.sign_in(staff, SETTINGS, "ana", PASSWORD).locked_until is None


def test_the_count_begins_anew_after_a_success_and_after_a_lock(staff: Records, clock: Clock) -> None:
    for _ in range(2):
        refused(staff, "ana", "wrong")
    people.sign_in(staff, SETTINGS, "ana", PASSWORD)
    for _ in range(3):
        refused(staff, "ana", "wrong")
    clock.forward(minutes=10)
    refused(staff, "ana", "wrong")
    people.sign_in(staff, SETTINGS, "ana", PASSWORD)


def test_many_at_once_are_no_way_round_the_limit(staff: Records) -> None:
    before = {user.name: user for user in people.everybody(staff)}
    assert before["ana"].locked_until is None
    looked_at: list[int] = []

    def attempt() -> None:
        _, attempts = people._attempt(staff, SETTINGS, "ana")
        looked_at.append(attempts)

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(looked_at) == [0] * 5 + [1, 2, 3]


def test_others_are_not_locked(staff: Records) -> None:
    for _ in range(3):
        refused(staff, "ana", "wrong")
    assert people.sign_in(staff, SETTINGS, "ben", PASSWORD).name == "ben"


def test_an_old_hash_is_made_anew_at_the_next_sign_in(staff: Records) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
    with staff.writing() as session:
        session.get_one(User, "ana").password_hash = weak
    people.sign_in(staff, SETTINGS, "ana", PASSWORD)
    with staff.reading() as session:
        assert not people.HASHER.check_needs_rehash(session.get_one(User, "ana").password_hash)


def test_the_same_letter_from_another_keyboard(staff: Records) -> None:
    people.add(staff, "tests", "zoe", "ein Gru\u0308ner Tee", ["support"])
    people.sign_in(staff, SETTINGS, "zoe", "ein Gr\u00fcner Tee")


# --- Making and changing users ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "password", "roles", "said"),
    [
        ("", PASSWORD, ["support"], "cannot be a user's name"),
        ("two words", PASSWORD, ["support"], "cannot be a user's name"),
        ("Ana", PASSWORD, ["support"], "already"),
        ("cleo", "elevenchars", ["support"], "12 to 1,024 characters; this one has 11"),
        ("cleo", "x" * 1025, ["support"], "this one has 1,025"),
        ("cleo-the-first", "CLEO-the-first", ["support"], "must not be the user's name"),
        ("cleo", PASSWORD, [], "at least one role"),
        ("cleo", PASSWORD, ["support", "boss"], "no role 'boss'; the roles are support, editor, evaluator, admin"),
    ],
)
def test_a_user_who_cannot_be_made(staff: Records, name: str, password: str, roles: list[str], said: str) -> None:
    with pytest.raises(PeopleError, match=said):
        people.add(staff, "tests", name, password, roles)
    assert [user.name for user in people.everybody(staff)] == ["ana", "ben"]


def test_changing_nobody(staff: Records) -> None:
    for change in (people.disable, people.enable):
        with pytest.raises(PeopleError, match="no user 'cleo'"):
            change(staff, "tests", "cleo")


def test_a_new_password_replaces_the_old_one_and_lifts_a_lock(staff: Records) -> None:
    for _ in range(3):
        refused(staff, "ana", "wrong")
    people.set_password(staff, "ben", "ana", "another good one")
    people.sign_in(staff, SETTINGS, "ana", "another good one")
    refused(staff, "ana", PASSWORD)


def test_enabling_lets_in_again(staff: Records) -> None:
    people.disable(staff, "ben", "ana")
    refused(staff, "ana", PASSWORD)
    people.enable(staff, "ben", "ana")
    people.sign_in(staff, SETTINGS, "ana", PASSWORD)
    assert [entry.what for entry in audit.entries(staff, subject_id="ana")] == [
        "user enabled",
        "user disabled",
        "user added",
    ]


# --- Sessions ---------------------------------------------------------------------------------------------------------


def test_a_session_knows_its_user_with_the_roles_of_now(staff: Records) -> None:
    token = sessions.start(staff, SETTINGS, "ana")
    people.set_roles(staff, "ben", "ana", ["evaluator"])
    user = sessions.whose(staff, SETTINGS, token)
    assert user
    assert (user.name, user.roles) == ("ana", frozenset({Role.EVALUATOR}))


def test_the_token_itself_is_not_stored(staff: Records) -> None:
    token = sessions.start(staff, SETTINGS, "ana")
    with staff.reading() as session:
        [row] = session.scalars(select(SignedIn))
        assert token not in (row.token_hash, row.user)
    assert sessions.start(staff, SETTINGS, "ana") != token
    assert sessions.whose(staff, SETTINGS, row.token_hash) is None


def test_idle_too_long(staff: Records, clock: Clock) -> None:
    token = sessions.start(staff, SETTINGS, "ana")
    for _ in range(3):
        clock.forward(minutes=29)
        assert sessions.whose(staff, SETTINGS, token), "a request begins the idle time anew"
    clock.forward(minutes=30)
    assert sessions.whose(staff, SETTINGS, token) is None


def test_too_old_however_busy(staff: Records, clock: Clock) -> None:
    token = sessions.start(staff, SETTINGS, "ana")
    for _ in range(5):
        clock.forward(minutes=20)
        assert sessions.whose(staff, SETTINGS, token)
    clock.forward(minutes=20)
    assert sessions.whose(staff, SETTINGS, token) is None
    assert sessions.delete_ended(staff, SETTINGS) == 1


@pytest.mark.parametrize(
    "ending",
    [
        sessions.end,
        lambda records, token: people.set_password(records, "ben", "ana", "another good one"),
        lambda records, token: people.disable(records, "ben", "ana"),
    ],
    ids=["sign-out", "new password", "disabled"],
)
def test_what_ends_a_session_at_once(staff: Records, ending) -> None:
    token, of_ben = sessions.start(staff, SETTINGS, "ana"), sessions.start(staff, SETTINGS, "ben")
    ending(staff, token)
    assert sessions.whose(staff, SETTINGS, token) is None
    assert sessions.whose(staff, SETTINGS, of_ben)


@pytest.mark.parametrize("token", ["", "nonsense", "\ud800", "x" * 10_000])
def test_a_token_of_nobody(staff: Records, token: str) -> None:
    assert sessions.whose(staff, SETTINGS, token) is None
    sessions.end(staff, token)
