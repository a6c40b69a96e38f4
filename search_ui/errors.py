"""What can go wrong with the page.

HearsayError
└── PageError
    ├── PortTaken  something else listens where the page should
    └── NoPicture  a sound of which no picture can be drawn
"""

from clips.errors import HearsayError


class PageError(HearsayError):
    """The page cannot be shown."""


class PortTaken(PageError):
    """Something else listens where the page should."""


class NoPicture(PageError):
    """No picture can be drawn of a sound."""
