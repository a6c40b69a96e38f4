"""Voice activity detection: the speech that each rule misses, and the noise that it keeps.

    python bench/vad.py FOLDER_OF_CLIPS [--clips 60] [--first 0] [--words MODEL] [--json]

The rules are the levels alone (``energy``), the network alone (``network``), and both as `asr.audio.vad` combines them
(``both``).

Recordings of ten real clips each are made, with pauses of 1 to 3 s; every other clip is ``--quiet`` dB quieter, like a
second speaker far from the microphone. Noise is added at signal-to-noise ratios relative to the loud clips. Audible
speech is every frame of a clean clip within 25 dB of the clip's loudest frame, whatever the noise, so that the
reference favours no rule. ``missed`` is the share of audible frames outside all stretches, ``lost`` the share of clips
of which more than a fifth is missed, ``kept`` the share of the pauses inside stretches. ``noise_kept`` is the share of
sounds without speech (tests/support/non_speech.py, the held-out ones) inside stretches, and ``noise_between_kept`` that
of the same sounds between spoken clips; what is kept is left to the speech model, which rejects such sounds. With
``--words``, a Whisper model transcribes the recordings without noise and at 30 and 20 dB with the stretches of
``energy`` and of ``both``, and ``wer`` is its word error rate.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

import numpy as np  # noqa: E402

from asr.audio.decoding import decode_audio  # noqa: E402
from asr.audio.silero import CHUNK, silero_vad  # noqa: E402
from asr.audio.vad import frame_levels, stretches  # noqa: E402
from asr.models.registry import open_speech_model  # noqa: E402
from asr.settings import AsrSettings  # noqa: E402
from asr.types import SAMPLE_RATE, DecodedAudio, Stretch, Waveform  # noqa: E402
from hearsay.config import read_settings  # noqa: E402
from hearsay.records.table import read_csv  # noqa: E402
from hearsay.text.scoring import scored_words  # noqa: E402
from hearsay.text.wer import WordErrors, word_errors  # noqa: E402
from tests.support.non_speech import HELD_OUT, sounds  # noqa: E402

FRAME = SAMPLE_RATE // 50
AUDIBLE = 25.0
RATIOS: tuple[float | None, ...] = (None, 30, 20, 10, 5, 0)
LIKELY = 0.5
Noise = Callable[[int, np.random.Generator], Waveform]
Rule = Callable[[Waveform], list[Stretch]]


def network_alone(waveform: Waveform) -> list[Stretch]:
    """Runs of likely speech, with the margins and pauses of `asr.audio.vad`."""
    likely = np.flatnonzero(silero_vad().probabilities(waveform) >= LIKELY)
    margin, pause = round(0.14 * SAMPLE_RATE), round(0.3 * SAMPLE_RATE)
    found: list[Stretch] = []
    for start in (likely * CHUNK).tolist():
        end = start + CHUNK
        if found and start - (found[-1][1] - margin) < pause:
            found[-1] = (found[-1][0], end + margin)
        else:
            found.append((max(0, start - margin), end + margin))
    return [(start, min(end, len(waveform))) for start, end in found]


def both(waveform: Waveform) -> list[Stretch]:
    return stretches(waveform, network=silero_vad())


RULES: dict[str, Rule] = {"energy": stretches, "network": network_alone, "both": both}


def white(samples: int, random: np.random.Generator) -> Waveform:
    return random.standard_normal(samples).astype(np.float32)


def pink(samples: int, random: np.random.Generator) -> Waveform:
    """Noise with a 1/f spectrum, like that of rooms and traffic."""
    spectrum = np.fft.rfft(random.standard_normal(samples))
    noise = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), samples)
    return (noise / noise.std()).astype(np.float32)


NOISES: dict[str, Noise] = {"white": white, "pink": pink}


def recordings(
    clips: list[Waveform], quiet: float, random: np.random.Generator
) -> Iterator[tuple[Waveform, np.ndarray, list[tuple[int, int]]]]:
    """Recordings of ten clips, whether each frame is audible speech, and the frames of each clip."""
    for first in range(0, len(clips), 10):
        parts: list[Waveform] = []
        audible: list[np.ndarray] = []
        places = []
        begun = 0
        for number, clip in enumerate(clips[first : first + 10]):
            pause = int(random.uniform(1, 3) * 50) * FRAME
            whole = clip[: len(clip) // FRAME * FRAME]
            levels = frame_levels(whole)
            gain = 10 ** (-(quiet if number % 2 else 0) / 20) * 0.1 / np.sqrt(np.square(whole).mean())
            parts += [np.zeros(pause, np.float32), (gain * whole).astype(np.float32)]
            audible += [np.zeros(pause // FRAME, bool), levels > levels.max() - AUDIBLE]
            begun += pause // FRAME
            places.append((begun, begun + len(levels)))
            begun += len(levels)
        yield np.concatenate(parts), np.concatenate(audible), places


def flags(rule: Rule, waveform: Waveform) -> np.ndarray:
    found = np.zeros(-(-len(waveform) // FRAME), bool)
    for start, end in rule(waveform):
        found[start // FRAME : -(-end // FRAME)] = True
    return found


def measure(rule: Rule, clips: list[Waveform], quiet: float, noise: Noise, ratio: float | None) -> dict[str, float]:
    random = np.random.default_rng(5)
    missed = spoken = kept = pauses = lost = number = 0
    for clean, audible, places in recordings(clips, quiet, random):
        level = 10 ** (-(70 if ratio is None else 20 + ratio) / 20)
        noisy = clean + level * noise(len(clean), random)
        found = flags(rule, noisy.clip(-1, 1).astype(np.float32))
        spoken += int(audible.sum())
        missed += int((audible & ~found).sum())
        for start, end in places:
            own = audible[start:end]
            number += 1
            lost += (own & ~found[start:end]).sum() > 0.2 * own.sum()
        is_pause = np.ones(len(found), bool)
        for start, end in places:
            is_pause[max(0, start - 15) : end + 15] = False
        pauses += int(is_pause.sum())
        kept += int((found & is_pause).sum())
    return {"missed": missed / spoken, "lost": lost / number, "kept": kept / max(1, pauses)}


def between_kept(rule: Rule, clips: list[Waveform]) -> float:
    """The share of sounds without speech that is inside stretches, each between two spoken clips."""
    kept = []
    pause = np.zeros(SAMPLE_RATE, np.float32)
    for number, (_, sound) in enumerate(sounds(HELD_OUT, (10.0,), (0.3, 0.03), 3)):
        before, after = clips[2 * number % len(clips)], clips[(2 * number + 1) % len(clips)]
        found = flags(rule, np.concatenate([before, pause, sound, pause, after]))
        first = (len(before) + len(pause)) // FRAME
        kept.append(found[first : first + len(sound) // FRAME].mean())
    return float(np.mean(kept))


def words_of(model: str, clips: list[Waveform], texts: list[str], quiet: float) -> dict[str, Any]:
    """The word error rates of the recordings, of all words and of those of the quiet clips' recordings as a whole."""
    found: dict[str, Any] = {}
    speech = open_speech_model(read_settings(AsrSettings, asr_model=model)).model
    for ratio in (None, 30, 20):
        for name in ("energy", "both"):
            counted = WordErrors()
            random = np.random.default_rng(5)
            for number, (clean, _, _) in enumerate(recordings(clips, quiet, random)):
                level = 10 ** (-(70 if ratio is None else 20 + ratio) / 20)
                noisy = (clean + level * pink(len(clean), random)).clip(-1, 1).astype(np.float32)
                (output,) = speech.transcribe([DecodedAudio(noisy, tuple(RULES[name](noisy)))])
                said = " ".join(texts[10 * number : 10 * number + 10])
                counted += word_errors(*scored_words(said, output.text))
            found[f"{name}_pink_{'clean' if ratio is None else ratio}_wer"] = round(counted.rate or 0, 4)
            print(name, ratio, "wer", counted, round(counted.rate or 0, 4), file=sys.stderr, flush=True)
    speech.close()
    return found


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--clips", type=int, default=60)
    arguments.add_argument("--first", type=int, default=0)
    arguments.add_argument("--quiet", type=float, default=20)
    arguments.add_argument("--words", metavar="MODEL", help="also transcribe with this model")
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    files = sorted(given.folder.glob("*.mp3"))[given.first :: 7][: given.clips]
    decoded = [(clip, file.name) for file in files if (clip := decode_audio(file.read_bytes(), 600)).any()]
    clips = [clip for clip, _ in decoded]
    results: dict[str, Any] = {"clips": len(clips), "quiet_db": given.quiet}
    for name, rule in RULES.items():
        results[f"{name}_whole_clips_lost"] = sum(not rule(clip) for clip in clips)
        for kind, noise in NOISES.items():
            for ratio in RATIOS:
                found = measure(rule, clips, given.quiet, noise, ratio)
                for key, value in found.items():
                    results[f"{name}_{kind}_{'clean' if ratio is None else ratio}_{key}"] = round(value, 4)
                print(name, kind, ratio, {key: round(value, 3) for key, value in found.items()}, file=sys.stderr)
        others = [flags(rule, sound) for _, sound in sounds(HELD_OUT, (10.0,), (0.3, 0.03), 3)]
        results[f"{name}_noise_kept"] = round(float(np.concatenate(others).mean()), 4)
        results[f"{name}_noise_sounds_kept"] = sum(map(bool, map(np.any, others))) / len(others)
        results[f"{name}_noise_between_kept"] = round(between_kept(rule, clips), 4)
        began = time.process_time()
        for clip in clips:
            rule(clip)
        spent = time.process_time() - began
        results[f"{name}_times_real_time"] = round(sum(map(len, clips)) / SAMPLE_RATE / max(spent, 1e-6))
        print(name, {key: one for key, one in results.items() if key.startswith(f"{name}_noise")}, file=sys.stderr)
    if given.words:
        references = {Path(row.id).name: row.text for row in read_csv(given.folder.with_suffix(".csv")).rows().values()}
        texts = [references[name] for _, name in decoded]
        results |= words_of(given.words, clips, texts, given.quiet)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
