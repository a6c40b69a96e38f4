"""The settings of speech and emotion recognition."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from asr.inference.precision import Precision
from hearsay.config import ProgramSettings, below_home


class AsrSettings(ProgramSettings):
    """Models, the API, and decoding over the API."""

    asr_model: str = Field("auto", description="Speech model: auto, pocketsphinx, a Hugging Face name or a folder.")
    ser_model: str = Field("auto", description="Emotion model: auto, classic, a Hugging Face name or a folder.")
    device: str = Field("auto", description="Where models run: auto, cpu, cuda or cuda:N.")
    precision: Precision = Field(
        "auto", description="Numbers that models compute in: auto, float32, bfloat16; on a GPU float16; on a CPU int8."
    )
    batch_seconds: float = Field(
        0, ge=0, description="Seconds of sound, padding included, in one forward pass; 0 chooses by the device."
    )
    workers: int = Field(0, ge=0, description="Processes that recognise speech side by side; 0 is one per core.")
    batch_clips: int = Field(
        0, ge=0, description="Clips heard and written to the journal together; 0 chooses by the model."
    )
    max_clip_seconds: float = Field(4 * 3600, gt=0, description="Longest clip that is accepted, in seconds.")
    max_upload_bytes: int = Field(
        200_000_000, gt=0, description="Largest upload that the API accepts, in bytes: all files of a request."
    )
    max_upload_seconds: float = Field(300, gt=0, description="Longest that an upload to the API may take, in seconds.")
    max_uploads: int = Field(64, ge=1, description="Uploads that the API receives and hears at the same time.")
    api_keys: SecretStr = Field(
        SecretStr(""), description="Bearer keys that the API lets in, with commas between; without any it is open."
    )
    google_audience: str = Field(
        "", description="The API's own address, for which Google Cloud's identity tokens let services in."
    )
    google_callers: str = Field(
        "", description="Service accounts that these tokens let in, by e-mail, with commas between."
    )
    api_host: str = Field("127.0.0.1", description="Address that the API listens on.")
    api_port: int = Field(8001, ge=1, le=65535, description="Port of the API.")
    api_key: SecretStr = Field(SecretStr(""), description="Bearer key that decode --via and the page send to the API.")
    api_token: Literal["google"] | None = Field(
        None, description="google: decode --via shows an identity token of Google Cloud for the API's address."
    )
    via_clips: int = Field(8, ge=1, description="Clips that decode --via sends to the API at the same time.")
    via_timeout: float = Field(600, gt=0, description="Seconds that the API may take for one clip.")
    via_patience: float = Field(300, ge=0, description="Seconds that decode --via waits for an API that is away.")
    aws_endpoint_url: str | None = Field(None, description="Address of the S3 server, if it is not Amazon's.")
    log_dir: Path = Field(default_factory=below_home("logs"), description="Folder of the log files, one a run, by day.")
