"""The settings of the remembering half: defaults, then ``config.yml``, then the environment."""

from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource
from yaml import YAMLError

from hearsay.config import faults_in_words
from indexer.errors import BadSettings

PROJECT: Final = Path(__file__).resolve().parent.parent

Settings = TypeVar("Settings", bound="IndexSettings")


class IndexSettings(BaseSettings):
    """Each field is also a key of ``config.yml``, and an environment variable in capitals."""

    # The other programs' settings stand in the same file, so keys that are none of ours pass.
    model_config = SettingsConfigDict(yaml_file=PROJECT / "config.yml", extra="ignore", env_ignore_empty=True)

    index_url: str = Field(
        str(PROJECT / "var" / "index"),
        description="Where the index is: a folder (embedded), or http(s)://host:9200 (Elasticsearch; more nodes with "
        "commas).",
    )
    index_name: str = Field("cv-transcriptions", description="Name of the index, in Elasticsearch its alias.")
    index_api_key: SecretStr | None = Field(None, description="Elasticsearch API key.")
    index_username: str | None = Field(None, description="Elasticsearch user, where there is no API key.")
    index_password: SecretStr | None = Field(None, description="That user's password.")
    index_ca_cert: Path | None = Field(None, description="Certificate authority of an https:// index, as a PEM file.")
    index_shards: int = Field(1, ge=1, description="Primary shards of a new Elasticsearch index.")
    index_versions: int = Field(3, ge=1, description="Loaded versions that are kept to roll back to.")
    inbox_dir: Path = Field(
        PROJECT / "var" / "inbox", description="Folder of the clips that were added on the page, which loads include."
    )
    deletions: Path = Field(
        PROJECT / "var" / "deletions.jsonl", description="Journal of the clips that were deleted, which loads honour."
    )
    refusals: Path = Field(
        PROJECT / "var" / "refused.jsonl",
        description="Passages that Elasticsearch refused at the latest change, with its reasons.",
    )
    sound_tables: Path = Field(
        PROJECT / "var" / "sound-tables.json",
        description="Sound tables that learn wrote; without the file, those that come with Hearsay are used.",
    )

    @property
    def inbox_journal(self) -> Path:
        return self.inbox_dir / "clips.jsonl"

    @property
    def inbox_audio(self) -> Path:
        return self.inbox_dir / "audio"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, YamlConfigSettingsSource(settings_cls)


def read_settings(kind: type[Settings], **given: Any) -> Settings:
    """The settings of a kind, those ``given`` above all others; raises `BadSettings` naming what does not fit."""
    try:
        return kind(**given)
    except ValidationError as problem:
        raise BadSettings(f"settings: {faults_in_words(problem.errors())}") from problem
    except (YAMLError, UnicodeDecodeError, OSError) as problem:
        raise BadSettings(f"config.yml cannot be read: {problem}; it holds lines of the form key: value") from problem
    except (TypeError, ValueError) as problem:  # Python's words for what is no table say nothing to a person
        raise BadSettings("config.yml cannot be read: it is no table; write lines of the form key: value") from problem
