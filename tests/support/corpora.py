"""Collections as corpora are released, made of real clips."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

HEADER: Final = (
    "client_id path sentence_id sentence sentence_domain up_votes down_votes age gender accents variant locale segment"
).replace(" ", "\t")
"""The header of the clip tables of a current release of Common Voice."""

SPONTANEOUS: Final = (
    "client_id audio_id audio_file duration_ms prompt_id prompt transcription votes age gender accents variant "
    "language split char_per_sec quality_tags"
).replace(" ", "\t")
"""The header of a release of Spontaneous Speech."""

RELEASE: Final = "cv-corpus-27.0-2026-09-11"

SPEAKERS: Final = (
    ("twenties", "male_masculine", "United States English,Midwestern"),
    ("fourties", "female_feminine", "India and South Asia (India, Pakistan, Sri Lanka)"),
    ("", "do_not_wish_to_say", ""),
)
"""Age, gender and accents of the speakers, as the tables spell them."""


def put(folder: Path, path: str, text: str = "") -> None:
    """Write a file of a corpus, in its folders."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text, encoding="utf-8")


def common_voice(folder: Path, clips: Sequence[Path], locale: str = "en") -> Path:
    """A locale of a current release: all clips are validated, the first two in train, the third in dev."""
    own = folder / RELEASE / locale
    (own / "clips").mkdir(parents=True)
    lines, lengths = [], ["clip\tduration[ms]"]
    for number, clip in enumerate(clips):
        name = f"common_voice_{locale}_{number}.mp3"
        shutil.copyfile(clip, own / "clips" / name)
        age, gender, accents = SPEAKERS[number % 3]
        sentence = f'"Clip {number}, said she'  # without quoting: a mark is a character
        cells = (f"speaker{number % 3}", name, f"s{number}", sentence, "", "2", str(number))
        lines.append("\t".join((*cells, age, gender, accents, "", locale, "")))
        lengths.append(f"{name}\t{2000 + number}")
    splits = {"train": lines[:2], "dev": lines[2:3], "test": [], "validated": lines, "other": [], "invalidated": []}
    for split, own_lines in splits.items():
        (own / f"{split}.tsv").write_text("\n".join([HEADER, *own_lines]) + "\n", encoding="utf-8")
    (own / "clip_durations.tsv").write_text("\n".join(lengths) + "\n", encoding="utf-8")
    (own / "reported.tsv").write_text("sentence_id\tsentence\tlocale\treason\n", encoding="utf-8")
    (own / "validated_sentences.tsv").write_text("sentence_id\tsentence\n", encoding="utf-8")
    return own


def spontaneous_speech(folder: Path, clips: Sequence[Path]) -> Path:
    """A locale of a release of Spontaneous Speech."""
    own = folder / "sps-corpus-3.0-2026-09-11" / "en"
    (own / "audios").mkdir(parents=True)
    lines = [SPONTANEOUS]
    for number, clip in enumerate(clips):
        name = f"spontaneous-speech-en-{number}.mp3"
        shutil.copyfile(clip, own / "audios" / name)
        age, gender, accents = SPEAKERS[number % 3]
        cells = (f"speaker{number % 3}", str(number), name, "2500", "7", "What do you cook?", f"I cook soup {number}.")
        lines.append("\t".join((*cells, "2", age, gender, accents, "", "en", "train", "11.5", "")))
    (own / "ss-corpus-en.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return own
