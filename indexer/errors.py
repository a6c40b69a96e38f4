"""What can go wrong with an index.

HearsayError
└── IndexerError
    ├── IndexUnavailable   nothing answers at the address, or it refuses us
    ├── IndexMissing       nothing has been loaded there yet
    ├── IndexInUse         another process writes it
    ├── IndexForeign       what stands in its place was not created by Hearsay
    ├── IndexIncompatible  it was made by another version, and a new load mends it
    ├── IndexDamaged       files of it are missing or cannot be what was written, and a new load mends it
    ├── FilesChanged       what the index was loaded from is not there as it was; the index still stands
    ├── LoadFailed         some documents were refused; the index that was there still stands
    └── WrongRequest       what was asked for cannot be answered as it stands
"""

from typing import Final

from hearsay.errors import HearsayError
from hearsay.terminal.commands import to_type

HOW_TO_LOAD: Final = f"load your clips with: {to_type('load FILE')}"
"""What to do where nothing has been loaded yet."""


HOW_TO_RELOAD: Final = to_type("reload")
"""What to do where an index knows the files that have to be loaded again."""


class IndexerError(HearsayError):
    """Something is wrong with the index or what was asked of it."""


class IndexUnavailable(IndexerError):
    """Nothing answers at the index's address, or it refuses us."""


class IndexMissing(IndexerError):
    """The index is empty-handed: nothing has been loaded there yet."""


class IndexInUse(IndexerError):
    """Another process writes the index."""


class IndexForeign(IndexerError):
    """What stands in the index's place was not created by Hearsay, which neither changes nor removes it."""


class IndexIncompatible(IndexerError):
    """The index was made by another version of Hearsay."""


class IndexDamaged(IndexerError):
    """Parts of the index are missing, or are not what was written."""


class FilesChanged(IndexerError):
    """What the index was loaded from cannot be loaded again as it was; nothing was changed."""


class LoadFailed(IndexerError):
    """Some documents were refused; the index that was there still stands."""


class WrongRequest(IndexerError):
    """What was asked for cannot be answered as it stands: an unknown mode, a range upside down."""


def no_way_back(before: str, current: str) -> IndexIncompatible:
    """What a rollback says where the version before is of another schema, in any engine."""
    return IndexIncompatible(
        f"{before}, the version before, was made by another version of Hearsay; roll back with that one, or load your "
        f"files again; {current} is still served"
    )
