"""What can go wrong with the page.

HearsayError
└── PageError
    ├── PortTaken  something else listens where the page should
    ├── NoPicture  a sound of which no picture can be drawn
    ├── ApiAway    nothing answers where the API should
    ├── ApiBusy    the API has no time for a sound, or a fault of its own
    ├── NotHeard   the API refuses a sound
    └── NotAdded   the inbox takes no clip
"""

from hearsay.errors import HearsayError


class PageError(HearsayError):
    """The page cannot be shown."""


class PortTaken(PageError):
    """Something else listens where the page should."""


class NoPicture(PageError):
    """No picture can be drawn of a sound."""


class ApiAway(PageError):
    """Nothing answers where the API should."""


class ApiBusy(PageError):
    """The API has no time for a sound, or a fault of its own; later it may be heard."""


class NotHeard(PageError):
    """The API refuses a sound; the sentence says why, and what to do."""


class NotAdded(PageError):
    """The inbox takes no clip."""
