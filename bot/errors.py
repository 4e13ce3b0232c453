"""Errors that a person can act on. Each message is one sentence: what, where, what to do."""


class UserError(Exception):
    """Something the person running or asking can put right; shown without a traceback."""


class SettingsError(UserError):
    """A setting is unknown, has a wrong type, or names something that is not there."""


class CorpusError(UserError):
    """An article or a red-flag file cannot be used; names the file."""


class IndexUnavailable(UserError):
    """There is no usable index, or it could not be built."""


class RecordsError(UserError):
    """The database cannot be opened, read or written."""


class StaleRevision(RecordsError):
    """Somebody else has changed the row since it was read; nothing was written."""


class UnknownRecord(RecordsError):
    """There is no row of this id."""


class CuratedError(UserError):
    """A curated answer that cannot be taken, or a step that its state does not allow."""


class BenchmarkError(UserError):
    """A run that cannot be started, stopped or shown."""


class DraftError(UserError):
    """A draft of an article that cannot be taken, or a file that cannot be read as one."""


class PublishingError(UserError):
    """A version of the library that cannot be built, tried or published now."""


class PeopleError(UserError):
    """A user of the console who cannot be made or changed as asked."""


class SignInRefused(UserError):
    """Wrong name, wrong password, disabled or locked: one sentence for all, so that nobody learns which."""


class MessageError(UserError):
    """A visitor's message or a case that cannot be taken; `code` is the stable name in the HTTP error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
