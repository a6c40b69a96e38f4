"""The settings of the page: those of the index, and its own."""

from typing import Final

from pydantic import Field, SecretStr

from indexer.settings import IndexSettings

INBOX_DATASET: Final = "inbox"
"""The dataset of the clips that people add on the transcription page; their ids begin with it."""


class PageSettings(IndexSettings):
    """The address of the page, what it shows, and the API that it uses."""

    page_host: str = Field("127.0.0.1", description="Address that the page listens on.")
    page_port: int = Field(8501, ge=1, le=65535, description="Port of the page.")
    page_size: int = Field(10, ge=1, le=100, description="Results per page.")
    api_url: str = Field(
        "http://127.0.0.1:8001", description="Address of the API that transcribes uploads on the page."
    )
    api_key: SecretStr = Field(SecretStr(""), description="Bearer key that decode --via and the page send to the API.")
    api_timeout: float = Field(
        600, gt=0, description="Seconds that the API may take for one file that is uploaded on the page."
    )
    max_upload_bytes: int = Field(
        200_000_000,
        gt=0,
        description="Largest upload that the API accepts, in bytes, for all files of a request together.",
    )
    audio_dir: str | None = Field(
        None,
        description="Folder with the clips' audio, or s3://BUCKET/PREFIX, if it is not the one given to load --audio.",
    )
    aws_endpoint_url: str | None = Field(None, description="Address of the S3 server, if it is not Amazon's.")
