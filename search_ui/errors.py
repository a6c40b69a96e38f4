"""The errors of the page.

HearsayError
└── PageError
    ├── SpectrogramUnavailable  the spectrogram of a file cannot be drawn
    ├── TranscriptionRefused    a file is rejected, by the API or before
    └── InboxUnavailable        the inbox cannot be written

An API that cannot be reached or stays busy is `hearsay.errors.ApiUnreachable` or `ApiBusy`.
"""

from hearsay.errors import HearsayError


class PageError(HearsayError):
    """The page cannot be shown."""


class SpectrogramUnavailable(PageError):
    """The spectrogram of a file cannot be drawn."""


class TranscriptionRefused(PageError):
    """A file is rejected; the message says why, and what to do."""


class InboxUnavailable(PageError):
    """The inbox cannot be written."""
