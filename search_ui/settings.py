"""The settings of the page: those of the index, and its own."""

from typing import Final

from pydantic import Field

from hearsay.config import SharedSettings
from indexer.settings import IndexSettings

INBOX_DATASET: Final = "inbox"
"""The dataset of the clips that people add on the transcription page; their ids begin with it."""


class PageSettings(IndexSettings, SharedSettings):
    """The address of the page, what it shows, and the API that it uses."""

    page_host: str = Field("127.0.0.1", description="Address that the page listens on.")
    page_port: int = Field(8501, ge=1, le=65535, description="Port of the page.")
    page_size: int = Field(10, ge=1, le=100, description="Results per page.")
    api_url: str = Field(
        "http://127.0.0.1:8001", description="Address of the API that transcribes uploads on the page."
    )
    api_timeout: float = Field(
        600, gt=0, description="Seconds that the API may take for one file that is uploaded on the page."
    )
    audio_dir: str | None = Field(
        None,
        description="Folder with the clips' audio, or s3://BUCKET/PREFIX, if it is not the one given to load --audio.",
    )
