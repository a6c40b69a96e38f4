"""Settings that do not fit, in words: which, why, and the value that was given unless it is a secret."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

SECRET: Final = re.compile("key|password|secret|token")
"""What the name of a setting has in it whose value nobody may see, also where it is wrong."""


def fault_in_words(name: str, why: str, given: object) -> str:
    """A fault of one setting; ``given`` is told where it is a plain value: an address in a list may hold a secret."""
    is_told = isinstance(given, str | int | float) and not SECRET.search(name)
    return f"{name}: {why} (given: {given!r})" if is_told else f"{name}: {why}"


def faults_in_words(faults: Iterable[Mapping[str, Any]]) -> str:
    """Faults as pydantic tells them, with the members ``loc``, ``msg`` and ``input``."""
    return "; ".join(fault_in_words(".".join(map(str, each["loc"])), each["msg"], each["input"]) for each in faults)
