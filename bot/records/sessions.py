"""Staff's sessions: a random token in the browser, its hash in the database."""

import datetime
import hashlib
import logging
import secrets

from sqlalchemy import delete, or_, select, update

from bot.errors import RecordsError
from bot.records.database import Records
from bot.records.people import Person, person
from bot.records.tables import SignedIn, User
from bot.settings import Settings

log = logging.getLogger(__name__)

SEEN_EVERY = datetime.timedelta(minutes=1)  # `last_seen` need not be written at every request


def start(records: Records, settings: Settings, name: str) -> str:
    """The token of a new session of this user. Raises RecordsError."""
    token = secrets.token_urlsafe(32)
    now = records.now()
    row = SignedIn(
        token_hash=_hash(token),
        user=name,
        created=now,
        last_seen=now,
        expires=now + datetime.timedelta(hours=settings.session_hours),
    )
    with records.writing() as session:
        session.add(row)
    return token


def whose(records: Records, settings: Settings, token: str) -> Person | None:
    """The user with the roles of this moment; None for a session that is unknown, ended, idle too long or too old.

    Raises RecordsError where the database cannot be read; one that cannot be written signs nobody out.
    """
    now = records.now()
    running = (
        select(User, SignedIn.last_seen)
        .join(SignedIn, SignedIn.user == User.name)
        .where(SignedIn.token_hash == _hash(token), SignedIn.expires > now, SignedIn.last_seen > _idle(settings, now))
        .where(User.disabled.is_(False))
    )
    with records.reading() as session:
        row = session.execute(running).one_or_none()
        if row is None:
            return None
        user, last_seen = person(row[0]), row[1]
    if now - last_seen >= SEEN_EVERY:
        try:
            with records.writing() as session:
                session.execute(update(SignedIn).where(SignedIn.token_hash == _hash(token)).values(last_seen=now))
        except RecordsError as error:
            log.error("%s A session goes on all the same.", error)
    return user


def end(records: Records, token: str) -> None:
    """Signs out; an unknown token is no error. Raises RecordsError."""
    with records.writing() as session:
        session.execute(delete(SignedIn).where(SignedIn.token_hash == _hash(token)))


def delete_ended(records: Records, settings: Settings) -> int:
    """Deletes the rows of sessions that ran out; how many. Raises RecordsError."""
    now = records.now()
    ended = or_(SignedIn.expires <= now, SignedIn.last_seen <= _idle(settings, now))
    with records.writing() as session:
        return int(getattr(session.execute(delete(SignedIn).where(ended)), "rowcount", 0))


def _idle(settings: Settings, now: datetime.datetime) -> datetime.datetime:
    return now - datetime.timedelta(minutes=settings.session_idle_minutes)


def _hash(token: str) -> str:
    """A quick one will do: a random token cannot be guessed from it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
