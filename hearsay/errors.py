"""What can go wrong with clip rows, and the root of every error that Hearsay raises on purpose.

HearsayError              a sentence for a person: what is wrong, and what to do next
├── BadSettings           a setting has a value that it cannot have
└── ClipsError
    ├── BadRow            a cell or a journal line that is not what its column holds
    │   └── NewerRecord   a line that a newer Hearsay wrote
    ├── BadTable          a CSV without the columns, or with the same clip twice
    └── JournalInUse      another run writes this journal
"""


class HearsayError(Exception):
    """Anything that a command or the page reports as a sentence instead of a stack trace."""


class BadSettings(HearsayError):
    """A setting, or the file that holds the settings, has a value that it cannot have."""


class ClipsError(HearsayError):
    """Something is wrong with clip rows or the files that hold them."""


class BadRow(ClipsError):
    """A cell or a journal line is not what its column holds."""


class NewerRecord(BadRow):
    """A line that a newer Hearsay wrote; it is not damaged."""


class BadTable(ClipsError):
    """A CSV lacks a column that is needed, or names the same clip twice."""


class JournalInUse(ClipsError):
    """Another run has this journal open for writing."""
