"""The settings of the page: those of the index that it asks, and its own."""

from pathlib import Path

from pydantic import Field

from indexer.settings import IndexSettings


class PageSettings(IndexSettings):
    """Each field is also a key of ``config.yml``, and an environment variable in capitals."""

    page_host: str = Field("127.0.0.1", description="Address that the page listens on.")
    page_port: int = Field(8501, ge=1, le=65535, description="Port of the page.")
    page_size: int = Field(10, ge=1, le=100, description="Hits that the page shows at a time.")
    audio_dir: Path | None = Field(
        None, description="Folder with the clips' audio, where it is not the one that load --audio named."
    )
