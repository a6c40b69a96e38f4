"""Voice activity detection: what each rule drops of real speech, and what it keeps of noise.

    python bench/vad.py FOLDER_OF_CLIPS --weights FILE.onnx [--clips 60] [--json]

Recordings of ten real clips each are made, with pauses of 1 to 3 s; every other clip is ``--quiet`` dB quieter, as a
second speaker far from the microphone. Noise is added at signal-to-noise ratios relative to the loud clips. Audible
speech is every frame of a clean clip within 25 dB of the clip's loudest frame, whatever the noise, so that the
reference favours no rule. ``missed`` is the share of audible frames outside all stretches, ``lost`` the share of clips
of which more than a fifth is missed, ``kept`` the share of the pauses inside stretches. ``noise_kept`` is the share of
sounds without speech (tests/support/non_speech.py, the held-out ones) inside stretches.
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
from asr.audio.silero import SileroVad  # noqa: E402
from asr.audio.vad import Detector, energy, frame_levels, silero, stretches  # noqa: E402
from asr.types import SAMPLE_RATE, Waveform  # noqa: E402
from tests.support.non_speech import HELD_OUT, sounds  # noqa: E402

FRAME = SAMPLE_RATE // 50
AUDIBLE = 25.0
RATIOS: tuple[float | None, ...] = (None, 30, 20, 10, 5, 0)
Noise = Callable[[int, np.random.Generator], Waveform]


def white(samples: int, random: np.random.Generator) -> Waveform:
    return random.standard_normal(samples).astype(np.float32)


def pink(samples: int, random: np.random.Generator) -> Waveform:
    """Noise with a spectrum of 1/f, as rooms and traffic have."""
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


def flags(detector: Detector, waveform: Waveform) -> np.ndarray:
    found = np.zeros(-(-len(waveform) // FRAME), bool)
    for start, end in stretches(waveform, detector=detector):
        found[start // FRAME : -(-end // FRAME)] = True
    return found


def measure(
    detector: Detector, clips: list[Waveform], quiet: float, noise: Noise, ratio: float | None
) -> dict[str, float]:
    random = np.random.default_rng(5)
    missed = spoken = kept = pauses = lost = number = 0
    for clean, audible, places in recordings(clips, quiet, random):
        level = 10 ** (-(70 if ratio is None else 20 + ratio) / 20)
        noisy = clean + level * noise(len(clean), random)
        found = flags(detector, noisy.clip(-1, 1).astype(np.float32))
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


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--weights", type=Path, required=True)
    arguments.add_argument("--clips", type=int, default=60)
    arguments.add_argument("--first", type=int, default=0)
    arguments.add_argument("--quiet", type=float, default=20)
    arguments.add_argument("--json", action="store_true")
    given = arguments.parse_args()
    files = sorted(given.folder.glob("*.mp3"))[given.first :: 7][: given.clips]
    clips = [clip for clip in (decode_audio(file.read_bytes(), 600) for file in files) if clip.any()]
    network = silero(SileroVad(given.weights))
    results: dict[str, Any] = {"clips": len(clips), "quiet_db": given.quiet}
    for name, detector in (("energy", energy), ("silero", network)):
        alone = sum(not stretches(clip, detector=detector) for clip in clips)
        results[f"{name}_whole_clips_lost"] = alone
        for kind, noise in NOISES.items():
            for ratio in RATIOS:
                found = measure(detector, clips, given.quiet, noise, ratio)
                for key, value in found.items():
                    results[f"{name}_{kind}_{'clean' if ratio is None else ratio}_{key}"] = round(value, 4)
                print(name, kind, ratio, {key: round(value, 3) for key, value in found.items()}, file=sys.stderr)
        others = [flags(detector, sound) for _, sound in sounds(HELD_OUT, (10.0,), (0.3, 0.03), 3)]
        results[f"{name}_noise_kept"] = round(float(np.concatenate(others).mean()), 4)
        results[f"{name}_noise_sounds_kept"] = sum(map(bool, map(np.any, others))) / len(others)
        began = time.process_time()
        for clip in clips:
            stretches(clip, detector=detector)
        spent = time.process_time() - began
        results[f"{name}_times_real_time"] = round(sum(map(len, clips)) / SAMPLE_RATE / max(spent, 1e-6))
        print(
            name,
            {key: value for key, value in results.items() if key.startswith(name) and key.count("_") < 4},
            file=sys.stderr,
        )
    print(json.dumps(results))


if __name__ == "__main__":
    main()
