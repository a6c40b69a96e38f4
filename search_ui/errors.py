"""What can go wrong with the page.

HearsayError
└── PageError
    ├── SpectrogramUnavailable  no spectrogram can be drawn of a file
    ├── TranscriptionRefused    the API refuses a file
    └── InboxUnavailable        the inbox cannot be written

An API that cannot be reached or stays busy is `hearsay.errors.ApiUnreachable` or `ApiBusy`.
"""

from hearsay.errors import HearsayError


class PageError(HearsayError):
    """The page cannot be shown."""


class SpectrogramUnavailable(PageError):
    """No spectrogram can be drawn of a file."""


class TranscriptionRefused(PageError):
    """The API refuses a file; the sentence says why, and what to do."""


class InboxUnavailable(PageError):
    """The inbox cannot be written."""
