"""Errors in clip records, and the root of every error that Hearsay raises on purpose.

HearsayError              a message for people: what is wrong, and what to do
├── BadSettings           a setting has an invalid value
├── BadArgument           a function of the Python API was called with an invalid argument
├── MissingExtra          a part of Hearsay that is not installed
├── AudioError            bytes that cannot be read as audio
│   ├── NotAudio          not a known format, or not audio at all
│   ├── NoAudio           a clip without a file, or one that cannot be read
│   ├── EmptyAudio        no bytes, or no samples
│   └── AudioTooLong      more seconds, or more bytes, than are accepted
├── ApiError              an API did not give a `hearsay.Client` the expected reply
│   ├── ApiUnreachable    no response from its address
│   ├── ApiRefused        it does not accept the key
│   └── ApiBusy           it stays busy, or is still loading its models
├── PortTaken             another program listens on the address of a server
├── StorageError          a bucket or an object in it cannot be read; also an `OSError`
└── ClipsError
    ├── BadRow            a cell or a journal line with a value that is invalid for its column
    │   └── NewerRecord   a line that a newer version of Hearsay wrote
    ├── BadTable          a CSV without the columns, or with the same clip twice
    └── JournalInUse      another run writes this journal
"""


class HearsayError(Exception):
    """Anything that a command or the page reports as a sentence instead of a stack trace."""


class BadSettings(HearsayError):
    """A setting, or the settings file, has an invalid value."""


class BadArgument(HearsayError, ValueError):
    """A function of the Python API was called with an invalid argument."""


class MissingExtra(HearsayError, ImportError):
    """A part of Hearsay is needed that is not installed; the message names the command that installs it."""


class AudioError(HearsayError):
    """The bytes cannot be read as audio."""


class NotAudio(AudioError):
    """Not a known audio format, or damaged from the first sample on."""


class NoAudio(AudioError):
    """The clip has no file, or one that cannot be read."""


class EmptyAudio(AudioError):
    """No bytes, or no samples."""


class AudioTooLong(AudioError):
    """More seconds, or more bytes, than are accepted."""


class ApiError(HearsayError):
    """An API did not give the expected reply."""


class ApiUnreachable(ApiError):
    """No response from the API's address."""


class ApiRefused(ApiError):
    """The API does not accept the key."""


class ApiBusy(ApiError):
    """The API stays busy, or is still loading its models."""


class PortTaken(HearsayError):
    """Another program listens on the address of a server."""


class StorageError(HearsayError, OSError):
    """A bucket or an object in it cannot be read: credentials, address, name, or a library that is not installed."""


class ClipsError(HearsayError):
    """A problem with clip rows or their files."""


class BadRow(ClipsError):
    """A cell or a member of a journal line is invalid for its column."""


class NewerRecord(BadRow):
    """A line that a newer version of Hearsay wrote; it is not damaged."""


class BadTable(ClipsError):
    """A CSV lacks a column that is needed, or names the same clip twice."""


class JournalInUse(ClipsError):
    """Another run has this journal open for writing."""
