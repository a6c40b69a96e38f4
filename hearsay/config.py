"""Locations of files, reading of settings, and messages about invalid settings."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource
from yaml import YAMLError

from hearsay.errors import BadSettings

SECRET: Final = re.compile("key|password|secret|token")
"""Parts of the names of secret settings, whose values must never be shown, not even if they are invalid."""

DEMO_INDEX: Final = "index"
"""The name of the demo's index in `demo_folder`."""


def home() -> Path:
    """The folder of ``config.yml`` and of all files whose path is not set: ``HEARSAY_HOME``, else the working folder.

    Never the folder of the code: an installed package may be read-only, and its files are not the user's.
    """
    try:
        return Path(os.environ.get("HEARSAY_HOME", "")).absolute()
    except FileNotFoundError as problem:
        raise BadSettings("the working folder was deleted; change to another one, or set HEARSAY_HOME") from problem


def below_home(path: str) -> Callable[[], Path]:
    """The default of a path setting, evaluated when the settings are read and not at import."""
    return lambda: home() / path


def demo_folder() -> Path:
    """The folder of everything that ``hearsay demo`` writes."""
    return home() / "var" / "demo"


def from_here(path: Path) -> str:
    """A path as it is typed: relative to the working folder if it is below that."""
    return str(path.relative_to(here) if path.is_relative_to(here := Path.cwd()) else path)


def user_cache() -> Path:
    """The user's cache folder: ``XDG_CACHE_HOME``, else ``~/.cache``.

    Raises `RuntimeError` for a user without a home folder.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def cache_path(name: str, below: str = "", variable: str = "") -> Path:
    """The location of a cache called ``name``; the rule applies to weights and their digests alike.

    It is the path in the environment variable ``variable``, if that is set; else in the folder ``below`` of
    ``HEARSAY_HOME``, if that is set; else in ``hearsay`` of `user_cache`, which all working folders share. Raises
    `RuntimeError` as `user_cache` does.
    """
    if given := os.environ.get(variable):
        return Path(given)
    if os.environ.get("HEARSAY_HOME"):
        return home() / below / name
    return user_cache() / "hearsay" / name


class ProgramSettings(BaseSettings):
    """Settings of one program: each field is also a key of ``config.yml``, and an environment variable in capitals."""

    # The file has the settings of all programs, so keys of other programs are accepted.
    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, YamlConfigSettingsSource(settings_cls, home() / "config.yml")


class SharedSettings(ProgramSettings):
    """Settings that recognition and the page share: the key and the upload limits of the API, and the S3 server."""

    api_key: SecretStr = Field(SecretStr(""), description="Bearer key that decode --via and the page send to the API.")
    max_upload_bytes: int = Field(
        200_000_000,
        gt=0,
        description="Largest upload that the API accepts, in bytes, for all files of a request together.",
    )
    aws_endpoint_url: str | None = Field(None, description="Address of the S3 server, if it is not Amazon's.")


def names_of(kind: type[ProgramSettings]) -> set[str]:
    """The names of the settings of a program, in lower case; old names, which still work, are among them."""
    names: set[str] = set()
    for name, field in kind.model_fields.items():
        alias = field.validation_alias
        names |= set(map(str, alias.choices)) if isinstance(alias, AliasChoices) else {name}
    return names


Settings = TypeVar("Settings", bound=ProgramSettings)


def read_settings(kind: type[Settings], **given: Any) -> Settings:
    """The settings of one program: ``given`` before the environment, before ``config.yml``, before the defaults.

    A value of None counts as not given. Raises `BadSettings`, which names the invalid settings.
    """
    try:
        return kind(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as problem:
        raise BadSettings(f"settings: {faults_in_words(problem.errors())}") from problem
    except (YAMLError, UnicodeDecodeError, OSError) as problem:
        raise BadSettings(f"{_unreadable()}: {problem}; write lines of the form key: value") from problem
    except (TypeError, ValueError) as problem:  # Python's own message does not help
        raise BadSettings(
            f"{_unreadable()}: it is not a table of keys and values; write lines of the form key: value"
        ) from problem


def _unreadable() -> str:
    return f"{home() / 'config.yml'} cannot be read"


def fault_in_words(name: str, why: str, given: object) -> str:
    """An error in one setting, with ``given`` if it is a plain value: an address in a list may contain a secret."""
    is_shown = isinstance(given, str | int | float) and not SECRET.search(name)
    return f"{name}: {why} (given: {given!r})" if is_shown else f"{name}: {why}"


def faults_in_words(faults: Iterable[Mapping[str, Any]]) -> str:
    """Errors as pydantic reports them, with the members ``loc``, ``msg`` and ``input``; our own without its prefix."""
    return "; ".join(
        fault_in_words(".".join(map(str, each["loc"])), each["msg"].removeprefix("Value error, "), each["input"])
        for each in faults
    )
