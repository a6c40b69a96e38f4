"""What can go wrong with the page.

HearsayError
└── PageError
    ├── BadSettings  a setting is not what it should be
    └── PortTaken    something else listens where the page should
"""

from clips.errors import HearsayError


class PageError(HearsayError):
    """The page cannot be shown."""


class BadSettings(PageError):
    """A setting is not what it should be."""


class PortTaken(PageError):
    """Something else listens where the page should."""
