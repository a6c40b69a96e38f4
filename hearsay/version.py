"""The version, which is defined only here: pyproject.toml, the commands and the API's document read it."""

from typing import Final

VERSION: Final = "0.2.0"

USER_AGENT: Final = f"hearsay/{VERSION}"
"""The user agent of our HTTP clients."""
