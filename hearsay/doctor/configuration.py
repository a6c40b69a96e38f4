"""``config.yml`` and the environment: unreadable files, unknown names and invalid values."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import yaml

from hearsay.config import ProgramSettings, home, names_of, read_settings
from hearsay.doctor.findings import Finding, ok, problem, warning
from hearsay.errors import BadSettings

OWN_NAMES: Final = frozenset({"HEARSAY_HOME", "HEARSAY_CALLED", "HEARSAY_DATA", "HEARSAY_REQUIRE"})
"""Environment variables of Hearsay that are not settings."""


def look_at_configuration() -> Iterator[Finding]:
    """Invalid values and unknown names in ``config.yml`` and in the environment."""
    file = home() / "config.yml"
    found = [*_wrong_values(), *_unknown_keys(file), *_unknown_variables()]
    yield from found
    if not found:
        names = sorted(name.upper() for name in _names() if os.environ.get(name.upper()))
        environment = f"from the environment {', '.join(names)}" if names else "nothing from the environment"
        yield ok(f"{file if file.exists() else 'defaults'}, and {environment}")


def kinds() -> tuple[type[ProgramSettings], ...]:
    """The settings of all programs; none of these needs an extra."""
    from asr.settings import AsrSettings
    from search_ui.settings import PageSettings

    return AsrSettings, PageSettings


def _names() -> set[str]:
    return {name for kind in kinds() for name in names_of(kind)}


def _wrong_values() -> Iterator[Finding]:
    sentences: dict[str, None] = {}
    for kind in kinds():
        try:
            read_settings(kind)
        except BadSettings as fault:
            sentences[str(fault)] = None
    for sentence in sentences:
        yield problem(sentence, "correct the environment variable, or the line in config.yml")


def _unknown_keys(file: Path) -> Iterator[Finding]:
    try:
        held: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):  # a file that cannot be read was reported when the settings were read
        return
    for key in held if isinstance(held, dict) else ():
        if str(key) not in _names():
            yield warning(f"{file} has the key {key}, which is not a setting", _advice(str(key), _names()))


def _unknown_variables() -> Iterator[Finding]:
    for name in sorted(os.environ):
        if name.startswith("HEARSAY_") and name not in OWN_NAMES:
            names = OWN_NAMES | {known.upper() for known in _names()}
            yield warning(f"the environment has {name}, which is not a setting", _advice(name, names))


def _advice(given: str, known: set[str] | frozenset[str]) -> str:
    close = get_close_matches(given, known, 1)
    return f"did you mean {close[0]}?" if close else "remove it; docs/configuration.md lists the settings"
