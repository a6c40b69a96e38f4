"""The settings of the index."""

import re
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr

from hearsay.config import ProgramSettings, below_home, home


class IndexSettings(ProgramSettings):
    """Address of the index, and files that loading and searching use."""

    index_url: str = Field(
        default_factory=lambda: str(home() / "var" / "index"),
        description="Address of the index: a folder (embedded), or http(s)://host:9200 (Elasticsearch; commas between "
        "several nodes).",
    )
    index_name: str = Field("cv-transcriptions", description="Name of the index; in Elasticsearch, its alias.")
    index_api_key: SecretStr | None = Field(None, description="Elasticsearch API key.")
    index_username: str | None = Field(None, description="Elasticsearch user, if there is no API key.")
    index_password: SecretStr | None = Field(None, description="That user's password.")
    index_ca_cert: Path | None = Field(None, description="Certificate authority of an https:// index, as a PEM file.")
    index_shards: int = Field(1, ge=1, description="Primary shards of a new Elasticsearch index.")
    index_versions: int = Field(3, ge=1, description="Number of loaded versions to keep, for rollback.")
    inbox_dir: Path = Field(
        default_factory=below_home("var/inbox"),
        description="Folder of the clips that were added on the page; loads include it.",
    )
    deletions: Path = Field(
        default_factory=below_home("var/deletions.jsonl"),
        description="Journal of deleted clips, which loads leave out.",
    )
    rejected_passages: Path = Field(
        default_factory=below_home("var/refused.jsonl"),
        validation_alias=AliasChoices("rejected_passages", "refusals"),
        description="Passages that Elasticsearch rejected in the latest change, with its reasons (old name: REFUSALS).",
    )
    phonetic_tables: Path = Field(
        default_factory=below_home("var/sound-tables.json"),
        validation_alias=AliasChoices("phonetic_tables", "sound_tables"),
        description="Phonetic tables written by learn; without the file, those that ship with Hearsay for the speech "
        "model of most passages are used (old name: SOUND_TABLES).",
    )

    @property
    def inbox_journal(self) -> Path:
        return self.inbox_dir / "clips.jsonl"

    @property
    def inbox_audio(self) -> Path:
        return self.inbox_dir / "audio"


def is_elastic(address: str) -> bool:
    """Whether the address of an index is that of an Elasticsearch."""
    return re.match("https?://", address, re.IGNORECASE) is not None
