"""Users of the console: their passwords, roles, and what happens after wrong passwords."""

import datetime
import itertools
import re
import secrets
import threading
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import case, delete, or_, select, update
from sqlalchemy.orm import Session

from bot.errors import PeopleError, SignInRefused
from bot.records import audit
from bot.records.database import Records
from bot.records.tables import Role, SignedIn, User
from bot.settings import Settings

NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
SHORTEST = 12  # characters of a password
LONGEST = 1024  # a longer one would only cost time

HASHER = PasswordHasher()  # argon2id with the parameters of RFC 9106 for little memory: 64 MiB a password
HASHING = threading.BoundedSemaphore(2)  # at once, or a burst of sign-ins would take all memory


@dataclass(frozen=True)
class Person:
    """A user as the pages see one."""

    name: str
    roles: frozenset[Role]
    disabled: bool
    locked_until: datetime.datetime | None
    created: datetime.datetime
    provider: bool = False  # whether an OpenID Connect provider signs the user in, and gives the roles


def add(records: Records, who: str, name: str, password: str, roles: Collection[str]) -> Person:
    """A new user. Raises PeopleError for a name, password or role that will not do, RecordsError."""
    name = _new_name(name)
    given = _roles(roles)
    password_hash = _hash(name, password)
    now = records.now()
    with records.writing() as session:
        if session.get(User, name):
            raise PeopleError(f"There is a user {name!r} already; choose another name, or use: users passwd {name}")
        user = User(name=name, password_hash=password_hash, roles=given, created=now)
        session.add(user)
        session.flush()
        audit.note(session, now, who, "user added", ("user", name), roles=given)
        return person(user)


def everybody(records: Records) -> tuple[Person, ...]:
    """By name; empty where there is no user yet. Raises RecordsError."""
    with records.reading() as session:
        return tuple(person(user) for user in session.scalars(select(User).order_by(User.name)))


def set_password(records: Records, who: str, name: str, password: str) -> None:
    """Replaces it, lifts a lock and ends every session of the user. Raises PeopleError, RecordsError."""
    password_hash = _hash(name, password)
    with records.writing() as session:
        user = _known(session, name)
        user.password_hash, user.failed_attempts, user.locked_until = password_hash, 0, None
        _end_sessions(session, user)
        audit.note(session, records.now(), who, "password changed", ("user", user.name))


def disable(records: Records, who: str, name: str) -> None:
    """From now on the user cannot sign in, and every session has ended. Raises PeopleError, RecordsError."""
    with records.writing() as session:
        user = _known(session, name)
        user.disabled = True
        _end_sessions(session, user)
        audit.note(session, records.now(), who, "user disabled", ("user", user.name))


def enable(records: Records, who: str, name: str) -> None:
    """The user may sign in again, a lock is lifted. Raises PeopleError, RecordsError."""
    with records.writing() as session:
        user = _known(session, name)
        user.disabled, user.failed_attempts, user.locked_until = False, 0, None
        audit.note(session, records.now(), who, "user enabled", ("user", user.name))


def set_roles(records: Records, who: str, name: str, roles: Collection[str]) -> None:
    """Replaces all roles; running sessions have the new ones at once. Raises PeopleError, RecordsError."""
    given = _roles(roles)
    with records.writing() as session:
        user = _known(session, name)
        before, user.roles = user.roles, given
        audit.note(session, records.now(), who, "roles changed", ("user", user.name), before=before, after=given)


def sign_in(records: Records, settings: Settings, name: str, password: str) -> Person:
    """Who this is. Raises SignInRefused, in one sentence whatever the reason, and RecordsError.

    Every attempt counts before its password is looked at, so that many at once are no way round the limit. A name
    that nobody has costs the same time as one that somebody has.
    """
    name = name.strip().lower()
    known_hash, attempts = _attempt(records, settings, name)
    right = _verify(known_hash or _nobodys_hash(), password) and known_hash is not None
    if right:
        return _welcome(records, name, password)
    if known_hash and attempts >= settings.sign_in_attempts:
        with records.writing() as session:
            audit.note(session, records.now(), name, "locked out", ("user", name), minutes=settings.lock_out_minutes)
    raise SignInRefused(
        "The name or the password is wrong, or this user is disabled or locked for a while after too many attempts; "
        "try again, or ask an admin."
    )


def from_provider(records: Records, subject: str, wish: str, roles: Collection[str]) -> Person:
    """The user whom an OpenID Connect provider has signed in, with these roles; made at the first time.

    `subject` is issuer and subject, which never go to somebody else, as a name may; `wish` only makes a new user's
    name. Raises SignInRefused for somebody without a role or disabled, and RecordsError.
    """
    if not roles:
        raise SignInRefused("You may not use this console: your account has none of its groups; ask an admin.")
    given = _roles(roles)
    now = records.now()
    with records.writing() as session:
        user = session.scalars(select(User).where(User.subject == subject)).one_or_none()
        if user is None:
            name = _free_name(session, wish)
            unknown = _hash(name, secrets.token_urlsafe(32))  # nobody has this password
            user = User(name=name, password_hash=unknown, roles=given, created=now, subject=subject)
            session.add(user)
            audit.note(session, now, name, "user added", ("user", name), roles=given, by="provider")
        elif user.roles != given:
            before, user.roles = user.roles, given
            details = {"before": before, "after": given, "by": "provider"}
            audit.note(session, now, user.name, "roles changed", ("user", user.name), **details)
        if user.disabled:
            raise SignInRefused("This user is disabled; ask an admin.")
        session.flush()
        return person(user)


def _attempt(records: Records, settings: Settings, name: str) -> tuple[str | None, int]:
    """The hash to compare with, and how many attempts in a row this is; None for whoever may not try."""
    now = records.now()
    # A lock that has run out is taken off here, and the count begins anew.
    attempt = case((User.locked_until.is_not(None), 1), else_=User.failed_attempts + 1)
    until = now + datetime.timedelta(minutes=settings.lock_out_minutes)
    with records.writing() as session:
        row = session.execute(
            update(User)
            .where(User.name == name, User.disabled.is_(False))
            .where(or_(User.locked_until.is_(None), User.locked_until <= now))
            .values(
                failed_attempts=attempt,
                locked_until=case((attempt >= settings.sign_in_attempts, until), else_=None),
            )
            .returning(User.password_hash, User.failed_attempts)
        ).one_or_none()
    return (row.password_hash, row.failed_attempts) if row else (None, 0)


def _welcome(records: Records, name: str, password: str) -> Person:
    with records.writing() as session:
        user = _known(session, name)
        user.failed_attempts, user.locked_until = 0, None
        if HASHER.check_needs_rehash(user.password_hash):
            user.password_hash = _hash(name, password)
        session.flush()
        return person(user)


def person(user: User) -> Person:
    """The row as the pages see it."""
    return Person(
        user.name, frozenset(map(Role, user.roles)), user.disabled, user.locked_until, user.created, bool(user.subject)
    )


def _known(session: Session, name: str) -> User:
    user = session.get(User, name.strip().lower())
    if user is None:
        raise PeopleError(f"There is no user {name!r}; see: python -m bot users list")
    return user


def _end_sessions(session: Session, user: User) -> None:
    session.execute(delete(SignedIn).where(SignedIn.user == user.name))


def _new_name(name: str) -> str:
    name = name.strip().lower()
    if not NAME.fullmatch(name):
        raise PeopleError(
            f"{name!r} cannot be a user's name; use up to 64 small letters, digits, '.', '_', '@' and '-', beginning "
            "with a letter or digit."
        )
    return name


def _free_name(session: Session, wish: str) -> str:
    """A name that nobody has, as near to the wish as names may be."""
    allowed = re.sub(r"[^a-z0-9._@-]+", "-", wish.strip().lower()).lstrip("._@-")[:56] or "user"
    names = (allowed if number == 1 else f"{allowed}-{number}" for number in itertools.count(1))
    return next(name for name in names if session.get(User, name) is None)


def _roles(roles: Collection[str]) -> list[str]:
    known = [role.value for role in Role]
    for role in roles:
        if role not in known:
            raise PeopleError(f"There is no role {role!r}; the roles are {', '.join(known)}.")
    if not roles:
        raise PeopleError(f"A user needs at least one role; the roles are {', '.join(known)}.")
    return [role for role in known if role in roles]


def _hash(name: str, password: str) -> str:
    """Raises PeopleError for a password that will not do."""
    password = _same_everywhere(password)
    if not SHORTEST <= len(password) <= LONGEST:
        raise PeopleError(f"A password has {SHORTEST} to {LONGEST:,} characters; this one has {len(password):,}.")
    if password.lower() == name.strip().lower():
        raise PeopleError("The password must not be the user's name.")
    with HASHING:
        return HASHER.hash(password)


def _verify(password_hash: str, password: str) -> bool:
    with HASHING:
        try:
            return HASHER.verify(password_hash, _same_everywhere(password[:LONGEST]))
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobodys_hash() -> str:
    """To compare with where there is no user."""
    return HASHER.hash("the password of nobody")


def _same_everywhere(password: str) -> str:
    """Keyboards write the same letter in different ways (NIST SP 800-63B, 3.1.1.2 has NFKC)."""
    return unicodedata.normalize("NFKC", password)
