"""The version, which stands here and nowhere else: pyproject.toml, the commands and the API's document read it."""

from typing import Final

VERSION: Final = "0.2.0"

USER_AGENT: Final = f"hearsay/{VERSION}"
"""What our HTTP clients call themselves."""
