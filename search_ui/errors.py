"""What can go wrong with the page.

HearsayError
└── PageError
    └── PortTaken  something else listens where the page should
"""

from clips.errors import HearsayError


class PageError(HearsayError):
    """The page cannot be shown."""


class PortTaken(PageError):
    """Something else listens where the page should."""
