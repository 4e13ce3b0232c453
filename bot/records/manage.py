"""python -m bot users: add, list, passwd, disable, enable, role."""

import getpass
import sys
from collections.abc import Sequence

from bot.errors import PeopleError
from bot.records import people
from bot.records.audit import COMMAND_LINE
from bot.records.database import Records, open_records
from bot.settings import Settings


def add(name: str, roles: Sequence[str]) -> int:
    """Makes a user; the exit status. Raises PeopleError, RecordsError."""
    user = people.add(_records(), COMMAND_LINE, name, _password(), roles)
    print(f"{user.name} may sign in as {_roles(user)}.")
    return 0


def show() -> int:
    """Prints every user, one a line: name, roles, state."""
    records = _records()
    everybody = people.everybody(records)
    if not everybody:
        print("There is no user yet; make one: python -m bot users add NAME --role admin", file=sys.stderr)
    for user in everybody:
        locked = user.locked_until is not None and user.locked_until > records.now()
        state = "disabled" if user.disabled else "locked" if locked else "active"
        print(f"{user.name}\t{_roles(user)}\t{state}")
    return 0


def passwd(name: str) -> int:
    """Changes a password; all sessions of the user end."""
    people.set_password(_records(), COMMAND_LINE, name, _password())
    print(f"The password of {name} is changed; every session has ended.")
    return 0


def disable(name: str) -> int:
    """Shuts a user out at once."""
    people.disable(_records(), COMMAND_LINE, name)
    print(f"{name} can no longer sign in; every session has ended.")
    return 0


def enable(name: str) -> int:
    """Lets a user in again, also one who was locked out."""
    people.enable(_records(), COMMAND_LINE, name)
    print(f"{name} may sign in again.")
    return 0


def role(name: str, roles: Sequence[str]) -> int:
    """Gives a user these roles instead of the present ones."""
    people.set_roles(_records(), COMMAND_LINE, name, roles)
    print(f"{name} has new roles: {', '.join(roles)}.")
    return 0


def _records() -> Records:
    return open_records(Settings.load())


def _roles(user: people.Person) -> str:
    return ", ".join(sorted(user.roles))


def _password() -> str:
    """Asked for twice on a terminal, else one line of standard input. Raises PeopleError."""
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise PeopleError("There is no password; give it as one line on standard input, or run this in a terminal.")
        return password
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise PeopleError("The two passwords differ; run the command again.")
    return password
