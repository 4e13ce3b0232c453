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


class MessageError(UserError):
    """A visitor's message or a case that cannot be taken; `code` is the stable name in the HTTP error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
