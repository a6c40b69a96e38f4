"""Make the sample clips: every sentence of ``sentences.csv`` spoken by flite, and ``interview.csv`` as one long clip.

Run it as ``python hearsay/samples/make.py``. It needs the programs flite (2.2, with the voices slt, rms and awb) and
ffmpeg with libmp3lame; on Debian and Ubuntu: ``apt-get install flite ffmpeg``. The same versions of both give the
same bytes.
"""

import csv
import re
import subprocess
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
COLUMNS = ("filename", "text", "up_votes", "down_votes", "age", "gender", "accent", "duration")
INTERVIEW_VOICES = {"slt": ("180", "1.1"), "rms": ("98", "1.1")}  # pitch in Hz and stretch, constant for each speaker


def as_text(sentence: str) -> str:
    """The sentence in the style of Common Voice's texts: lower case, no punctuation but apostrophes."""
    return " ".join(re.findall(r"[a-z']+", sentence.lower()))


def speak(sentence: str, voice: str, pitch: str, stretch: str, target: Path) -> None:
    """Write the sentence as 16 kHz WAV; ``pitch`` in Hz, a ``stretch`` above 1 is slower speech."""
    settings = ("--setf", f"int_f0_target_mean={pitch}", "--setf", f"duration_stretch={stretch}")
    subprocess.run(["flite", "-voice", voice, *settings, "-t", sentence, "-o", target], check=True)


def compress(source: Path, target: Path) -> None:
    """Write a WAV as MP3, reproducibly."""
    exact = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")
    encoder = ("-ac", "1", "-ar", "16000", "-codec:a", "libmp3lame", "-b:a", "32k")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, *encoder, *exact, target], check=True)


def read(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def make_sentences(folder: Path) -> Iterator[dict[str, str]]:
    """One clip per sentence; yields the rows of ``clips.csv``."""
    for number, line in enumerate(read("sentences.csv")):
        name = f"sample-{number:06}.mp3"
        speak(line["sentence"], line["voice"], line["pitch"], line["stretch"], folder / "spoken.wav")
        compress(folder / "spoken.wav", HERE / name)
        yield line | {"filename": f"samples/{name}", "text": as_text(line["sentence"]), "duration": ""}


def make_interview(folder: Path) -> dict[str, str]:
    """All lines of the interview in one clip, each followed by its pause in seconds."""
    lines = read("interview.csv")
    with wave.open(str(folder / "interview.wav"), "wb") as whole:
        whole.setparams((1, 2, 16000, 0, "NONE", "not compressed"))
        for line in lines:
            speak(line["sentence"], line["voice"], *INTERVIEW_VOICES[line["voice"]], folder / "spoken.wav")
            with wave.open(str(folder / "spoken.wav"), "rb") as spoken:
                whole.writeframes(spoken.readframes(spoken.getnframes()))
            whole.writeframes(bytes(2 * round(16000 * float(line["pause"]))))
    compress(folder / "interview.wav", HERE / "sample-interview.mp3")
    text = " ".join(as_text(line["sentence"]) for line in lines)
    return {"filename": "samples/sample-interview.mp3", "text": text, "up_votes": "2", "down_votes": "0"}


def main() -> None:
    with tempfile.TemporaryDirectory() as name, (HERE / "clips.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(make_sentences(Path(name)))
        table.writerow(make_interview(Path(name)))


if __name__ == "__main__":
    main()
