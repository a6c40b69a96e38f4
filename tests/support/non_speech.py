"""Synthetic sounds without speech, for which a speech model must return an empty transcript.

`TUNING` are the kinds that the gate of `asr.speech.whisper` was fitted on, `HELD_OUT` are others. `UNSEEN` were written
after the gate was last changed, with different generators: spectra, envelopes and harmonics that the others lack.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.types import SAMPLE_RATE, Waveform

Samples = NDArray[np.float64]
Random = np.random.Generator
Kind = Callable[[int, Random], Samples]


def _times(samples: int) -> Samples:
    return np.arange(samples) / SAMPLE_RATE


def _tone(samples: int, hertz: float) -> Samples:
    return np.sin(2 * np.pi * hertz * _times(samples))


def _white(samples: int, random: Random) -> Samples:
    return random.standard_normal(samples)


def _coloured(exponent: float) -> Kind:
    """Noise whose power falls with the frequency to that exponent: 1 is pink, 2 brown."""

    def noise(samples: int, random: Random) -> Samples:
        spectrum = np.fft.rfft(_white(samples, random))
        return np.fft.irfft(spectrum / np.maximum(1, np.arange(len(spectrum))) ** (exponent / 2), samples)

    return noise


def _band(low: float, high: float) -> Kind:
    def noise(samples: int, random: Random) -> Samples:
        spectrum = np.fft.rfft(_white(samples, random))
        frequencies = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
        return np.fft.irfft(np.where((frequencies >= low) & (frequencies <= high), spectrum, 0), samples)

    return noise


def _events(every: float, make: Callable[[Samples, Random], Samples], length: float, jitter: float = 0.2) -> Kind:
    """A short sound, repeated about every ``every`` seconds; ``make`` gets its times."""

    def sound(samples: int, random: Random) -> Samples:
        found = np.zeros(samples)
        at = 0.1 * every
        while at * SAMPLE_RATE < samples:
            first = int(at * SAMPLE_RATE)
            own = make(_times(min(int(length * SAMPLE_RATE), samples - first)), random)
            found[first : first + len(own)] += own
            at += every * (1 + jitter * random.uniform(-1, 1))
        return found

    return sound


def _chords(decay: float) -> Kind:
    def chord(times: Samples, random: Random) -> Samples:
        root = random.choice([220.0, 247.0, 262.0, 294.0, 330.0])
        partials = [(root * ratio * number, number) for ratio in (1, 1.25, 1.5) for number in (1, 2, 3)]
        return np.exp(-decay * times) * sum(np.sin(2 * np.pi * hertz * times) / number for hertz, number in partials)

    return _events(0.5, chord, 3.0, 0)


def _breath(samples: int, random: Random) -> Samples:
    return _band(300, 4000)(samples, random) * np.clip(_tone(samples, 0.35), 0, 1) ** 2


def _traffic(samples: int, random: Random) -> Samples:
    times = _times(samples)
    passing = sum(
        np.exp(-(((times - at) / 1.2) ** 2)) for at in random.uniform(0, times[-1], max(1, samples // 64_000))
    )
    return _coloured(2)(samples, random) * 20 + _band(60, 900)(samples, random) * passing


def _sweep(samples: int, _: Random) -> Samples:
    times = _times(samples)
    return np.sin(2 * np.pi * (200 * times + 1500 * times**2 / max(times[-1], 0.1)))


def _chirp(times: Samples, random: Random) -> Samples:
    start = random.uniform(2500, 4500)
    return np.sin(2 * np.pi * (start * times + 4000 * times**2)) * np.hanning(len(times))


def _pluck(times: Samples, random: Random) -> Samples:
    """A string by Karplus and Strong's algorithm."""
    period = int(SAMPLE_RATE / random.choice([110.0, 147.0, 196.0, 247.0]))
    string = random.uniform(-1, 1, period)
    found = np.zeros(len(times))
    for first in range(0, len(times), period):
        own = string[: len(times) - first]
        found[first : first + len(own)] = own
        string = 0.498 * (string + np.roll(string, 1))
    return found


def _struck(ratio: float, decay: float) -> Callable[[Samples, Random], Samples]:
    """A bar or a glass: a root and an inharmonic partial."""

    def note(times: Samples, random: Random) -> Samples:
        root = random.choice([262.0, 330.0, 392.0, 523.0, 659.0])
        return np.exp(-decay * times) * (
            np.sin(2 * np.pi * root * times) + 0.4 * np.sin(2 * np.pi * ratio * root * times)
        )

    return note


def _violin(samples: int, random: Random) -> Samples:
    """A saw-tooth with vibrato, another note every second."""
    times = _times(samples)
    notes = np.repeat(random.choice([294.0, 330.0, 370.0, 440.0, 494.0], samples // SAMPLE_RATE + 1), SAMPLE_RATE)
    phase = np.cumsum(notes[:samples] * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * times))) / SAMPLE_RATE
    return sum((np.sin(2 * np.pi * n * phase) / n for n in range(1, 10)), np.zeros(samples))


def _bark(times: Samples, _: Random) -> Samples:
    phase = np.cumsum(450 - 700 * times) / SAMPLE_RATE
    return np.exp(-15 * times) * sum(
        (np.sin(2 * np.pi * n * phase) / n**0.7 for n in range(1, 8)), np.zeros(len(times))
    )


def _ring(times: Samples, _: Random) -> Samples:
    return (np.sin(2 * np.pi * 440 * times) + np.sin(2 * np.pi * 480 * times)) * (times < 1.2)


def _siren(samples: int, _: Random) -> Samples:
    times = _times(samples)
    return np.sin(2 * np.pi * 800 * times + 250 * np.sin(2 * np.pi * 0.4 * times))


def _burst(decay: float, low: float, high: float) -> Callable[[Samples, Random], Samples]:
    def burst(times: Samples, random: Random) -> Samples:
        return _band(low, high)(len(times), random) * np.exp(-decay * times) if len(times) > 8 else np.zeros(len(times))

    return burst


TUNING: Final[Mapping[str, Kind]] = {
    "white noise": _white,
    "pink noise": _coloured(1),
    "brown noise": _coloured(2),
    "telephone band": _band(300, 3400),
    "mains hum": lambda samples, _: sum((_tone(samples, 50 * n) / n for n in (1, 2, 3, 5)), np.zeros(samples)),
    "440 Hz": lambda samples, _: _tone(samples, 440),
    "1 kHz": lambda samples, _: _tone(samples, 1000),
    "beeps": lambda samples, _: _tone(samples, 800) * (np.arange(samples) // 4000 % 2),
    "piano chords": _chords(3),
    "organ chords": _chords(0.3),
    "clicks": _events(0.3, _burst(1000, 500, 7000), 0.01, 0.9),
    "breathing": _breath,
    "traffic": _traffic,
    "sweep": _sweep,
    "square wave": lambda samples, _: np.sign(_tone(samples, 120)),
    "tremolo": lambda samples, _: _tone(samples, 300) * (1 + _tone(samples, 4)) / 2,
    "wind": lambda samples, random: _band(80, 500)(samples, random) * (1.2 + _tone(samples, 0.23)),
    "bird song": _events(0.35, _chirp, 0.15, 0.6),
    "guitar": _events(0.4, _pluck, 1.5, 0),
    "telephone ring": _events(3.0, _ring, 1.2, 0),
    "siren": _siren,
    "knocks": _events(0.45, _burst(60, 80, 600), 0.15),
    "footsteps": _events(0.55, _burst(35, 60, 2500), 0.2),
    "applause": _events(0.004, _burst(300, 800, 6000), 0.02, 0.9),
    "drums": _events(0.25, _burst(18, 50, 5000), 0.3, 0),
    "clock": _events(1.0, _burst(400, 2000, 7000), 0.02, 0),
    "vacuum cleaner": lambda samples, random: _band(100, 6000)(samples, random) + 0.05 * _tone(samples, 240),
    "kettle": lambda samples, random: _tone(samples, 2300) + 0.3 * _band(2000, 7000)(samples, random),
    "bells": _events(
        1.5,
        lambda times, _: np.exp(-1.5 * times) * sum(np.sin(2 * np.pi * h * times) for h in (523, 1244, 1830)),
        4.0,
        0,
    ),
    "engine": lambda samples, random: np.sign(_tone(samples, 31)) * (0.5 + 0.5 * np.abs(_coloured(1)(samples, random))),
    "crickets": lambda samples, _: _tone(samples, 4200) * (_tone(samples, 28) > 0) * (_tone(samples, 1.3) > 0),
    "rustling": _events(0.02, _burst(120, 1500, 7500), 0.05, 0.9),
    "rain": lambda samples, random: (
        _band(2000, 7900)(samples, random) + _events(0.01, _burst(500, 1500, 7900), 0.01, 0.9)(samples, random)
    ),
    "sea": lambda samples, random: _coloured(1.5)(samples, random) * (1.1 + _tone(samples, 0.12)) ** 2,
    "violin": _violin,
    "synthesiser pad": lambda samples, _: sum(
        (_tone(samples, 110 * n * (1 + 0.002 * n)) / n for n in range(1, 12)), np.zeros(samples)
    ),
    "marimba": _events(0.3, _struck(3.9, 9.0), 0.8, 0),
    "music box": _events(0.22, _struck(6.3, 5.0), 1.0, 0),
    "helicopter": _events(0.09, _burst(30, 40, 1200), 0.09, 0),
    "phone vibration": lambda samples, _: np.sign(_tone(samples, 160)) * (_tone(samples, 0.7) > 0),
    "alarm clock": lambda samples, _: _tone(samples, 2048) * (_tone(samples, 8) > 0) * (_tone(samples, 1) > 0),
    "dog": _events(0.9, _bark, 0.25),
    "glasses": _events(0.7, _struck(2.6, 12.0), 0.5, 0.5),
    "table tennis": _events(0.5, _burst(250, 900, 3000), 0.03),
    "saw": lambda samples, random: _band(500, 5000)(samples, random) * (np.abs(_tone(samples, 1.1)) ** 0.5),
    "dial tone": lambda samples, _: _tone(samples, 350) + _tone(samples, 440),
    "radio static": lambda samples, random: (
        _white(samples, random) * (np.abs(_coloured(2)(samples, random)) > 0.001) + 0.1 * _white(samples, random)
    ),
    "hiccuping pump": _events(0.8, _burst(8, 60, 900), 0.5, 0.3),
}


HELD_OUT: Final[Mapping[str, Kind]] = {
    "thunder": _events(3.0, _burst(1.2, 20, 250), 2.5),
    "hair dryer": lambda samples, random: _band(150, 7000)(samples, random) + 0.2 * _tone(samples, 480),
    "printer": lambda samples, random: _band(400, 3000)(samples, random) * (_tone(samples, 3.5) > -0.3),
    "scraping": lambda samples, random: _band(2500, 6000)(samples, random) * np.abs(_tone(samples, 0.9)),
    "bicycle bell": _events(0.6, _struck(2.1, 6.0), 0.6, 0.3),
    "owl": _events(1.4, lambda times, _: np.sin(2 * np.pi * 360 * times) * np.hanning(len(times)), 0.45, 0.2),
    "whistling": lambda samples, _: np.sin(2 * np.pi * 1400 * _times(samples) + 60 * _tone(samples, 0.8)),
    "sonar": _events(1.2, lambda times, _: np.exp(-4 * times) * np.sin(2 * np.pi * 1500 * times), 1.0, 0),
    "popcorn": _events(0.12, _burst(200, 300, 4000), 0.04, 0.9),
    "synthesiser bass": lambda samples, _: np.sin(2 * np.pi * 55 * _times(samples) + 3 * _tone(samples, 110)),
    "gong": _events(
        4.0, lambda times, _: np.exp(-0.6 * times) * sum(np.sin(2 * np.pi * h * times) for h in (90, 213, 347)), 4.0
    ),
    "coughing": _events(1.1, _burst(14, 300, 3500), 0.3),
    "fan with a rattle": lambda samples, random: 0.3 * _coloured(1)(samples, random) * 30 + (_tone(samples, 11) > 0.95),
    "reversing lorry": lambda samples, _: _tone(samples, 1250) * (_tone(samples, 0.9) > 0),
    "flute": lambda samples, random: (
        _tone(samples, 587) * (1 + 0.2 * _tone(samples, 5)) + 0.05 * _white(samples, random)
    ),
    "accordion": lambda samples, _: sum(
        (_tone(samples, h * n) / n for h in (220, 277, 330) for n in range(1, 7)), np.zeros(samples)
    ),
}


def _speech_shaped(samples: int, random: Random) -> Samples:
    """Noise with about the long-term spectrum of speech: flat to 500 Hz, then 9 dB less per octave (Byrne, 1994)."""
    spectrum = np.fft.rfft(_white(samples, random))
    frequencies = np.maximum(1.0, np.fft.rfftfreq(samples, 1 / SAMPLE_RATE))
    return np.fft.irfft(spectrum * np.minimum(1.0, (500 / frequencies) ** 1.5) * (frequencies > 90), samples)


def _smooth(samples: int, random: Random, changes: float) -> Samples:
    """A random curve between 0 and 1 with this many changes per second."""
    points = max(2, int(samples / SAMPLE_RATE * changes) + 2)
    return np.interp(np.arange(samples), np.linspace(0, samples, points), random.uniform(0, 1, points))


def _modulated(changes: float) -> Kind:
    """Speech-shaped noise whose loudness changes as that of syllables does."""

    def noise(samples: int, random: Random) -> Samples:
        return _speech_shaped(samples, random) * _smooth(samples, random, changes) ** 2

    return noise


def _droplets(rate: float) -> Kind:
    """Rain: impacts at random times, each with its own resonance, over a faint hiss."""

    def rain(samples: int, random: Random) -> Samples:
        found = 0.02 * _white(samples, random)
        for _ in range(int(rate * samples / SAMPLE_RATE)):
            first = random.integers(samples)
            times = _times(min(800, samples - first))
            drop = np.exp(-random.uniform(200, 900) * times) * np.sin(2 * np.pi * random.uniform(900, 6000) * times)
            found[first : first + len(times)] += random.exponential() * drop
        return found

    return rain


def _cylinders(samples: int, random: Random) -> Samples:
    """A combustion engine whose speed drifts: pulses through two resonances."""
    phase = np.cumsum(18 + 30 * _smooth(samples, random, 0.4)) / SAMPLE_RATE
    pulses = (np.diff(np.floor(phase), prepend=0.0) > 0) * random.uniform(0.7, 1.3, samples)
    times = _times(1600)
    body = np.exp(-60 * times) * (np.sin(2 * np.pi * 95 * times) + 0.5 * np.sin(2 * np.pi * 310 * times))
    return np.convolve(pulses, body)[:samples] + 0.01 * _white(samples, random)


def _warble(samples: int, random: Random) -> Samples:
    """Bird-like phrases: short notes whose pitch follows a random curve, with rests between them."""
    pitch = 1800 + 4200 * _smooth(samples, random, 14)
    gate = (_smooth(samples, random, 9) > 0.5) * (_smooth(samples, random, 1) > 0.35)
    return np.sin(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE) * gate


def _handset(samples: int, random: Random) -> Samples:
    """A telephone that trills between two tones for a second, every three seconds."""
    times = _times(samples)
    high, low = random.uniform(900, 1600), random.uniform(600, 850)
    tone = np.where(
        np.sin(2 * np.pi * 12 * times) > 0, np.sin(2 * np.pi * high * times), np.sin(2 * np.pi * low * times)
    )
    return tone * (times % 3 < 1)


def _clapping(people: int) -> Kind:
    """Hands that clap at their own pace, each with its own colour."""

    def claps(samples: int, random: Random) -> Samples:
        found = np.zeros(samples)
        for _ in range(people):
            clap = _band(random.uniform(500, 1200), random.uniform(2000, 6000))(480, random)
            clap = clap * np.exp(-_times(480) * random.uniform(80, 200))
            every, at = random.uniform(0.2, 0.4), random.uniform(0, 0.4)
            while (first := int(at * SAMPLE_RATE)) < samples - len(clap):
                found[first : first + len(clap)] += clap
                at += every * random.uniform(0.9, 1.1)
        return found

    return claps


def _glissando(samples: int, random: Random) -> Samples:
    """A hummed-like line without words: five harmonics that glide from note to note."""
    phase = np.cumsum(150 + 250 * _smooth(samples, random, 1.2)) / SAMPLE_RATE
    return sum((np.sin(2 * np.pi * n * phase) / n**2 for n in range(1, 6)), np.zeros(samples))


def _arpeggio(samples: int, random: Random) -> Samples:
    """Plucked sine notes of a major seventh chord at 120 beats per minute, with a bass below."""
    times = _times(samples)
    beat = (times / 0.25).astype(int)
    notes = 196 * 2 ** (random.choice([0, 4, 7, 11, 12, 16], beat.max() + 1) / 12)
    sound = np.exp(-6 * (times % 0.25)) * np.sin(2 * np.pi * np.cumsum(notes[beat]) / SAMPLE_RATE)
    return sound + 0.5 * np.sin(2 * np.pi * 98 * times) * np.exp(-2 * (times % 1))


def _typing(samples: int, random: Random) -> Samples:
    """Keys: a click going down and a softer one coming up, in bursts."""
    found = 0.003 * _white(samples, random)
    at = 0.1
    while (first := int(at * SAMPLE_RATE)) < samples - 3000:
        for offset, level in ((0, 1.0), (int(random.uniform(900, 2200)), 0.4)):
            key = _band(1200, 7000)(320, random) * np.exp(-_times(320) * 250)
            found[first + offset : first + offset + 320] += level * key
        at += random.choice([0.09, 0.13, 0.2, 0.9], p=[0.4, 0.3, 0.2, 0.1])
    return found


def _snoring(samples: int, random: Random) -> Samples:
    """A rattle of 30 to 60 Hz in noise, while breathing in."""
    rattle = np.clip(np.sin(2 * np.pi * np.cumsum(30 + 30 * _smooth(samples, random, 2)) / SAMPLE_RATE), 0, 1) ** 4
    return _band(80, 1800)(samples, random) * rattle * np.clip(_tone(samples, 0.28), 0, 1)


def _crackle(samples: int, random: Random) -> Samples:
    """Fire: rare strong cracks over low noise."""
    cracks = (random.uniform(0, 1, samples) > 0.9995) * random.exponential(size=samples)
    return np.convolve(cracks, np.exp(-_times(200) * 900) * _white(200, random))[:samples] + 0.1 * _coloured(2)(
        samples, random
    )


def _crossing(samples: int, random: Random) -> Samples:
    """A train: two knocks at each joint of the rails, over a rumble."""
    times = _times(samples)
    found = 5 * _coloured(2)(samples, random)
    for joint in np.arange(0.2, max(times[-1], 0.2), 0.75):
        for knock in (joint, joint + 0.12):
            own = np.clip(times - knock, 0, None)
            found += (own > 0) * np.exp(-40 * own) * np.sin(2 * np.pi * 130 * own)
    return found


UNSEEN: Final[Mapping[str, Kind]] = {
    "speech-shaped noise": _speech_shaped,
    "noise modulated like syllables": _modulated(4),
    "noise modulated slowly": _modulated(1),
    "light rain": _droplets(30),
    "downpour": _droplets(600),
    "combustion engine": _cylinders,
    "warbling": _warble,
    "trilling telephone": _handset,
    "one person clapping": _clapping(1),
    "a room clapping": _clapping(25),
    "glissando": _glissando,
    "arpeggio": _arpeggio,
    "keyboard": _typing,
    "snoring": _snoring,
    "fire": _crackle,
    "train": _crossing,
    "busy tone": lambda samples, _: _tone(samples, 425) * (_times(samples) % 1 < 0.5),
    "fax": lambda samples, random: (
        _tone(samples, 2100) * (_times(samples) % 4 < 2.5) + _tone(samples, 1300) * (_smooth(samples, random, 30) > 0.6)
    ),
}


def sounds(
    kinds: Mapping[str, Kind], seconds: tuple[float, ...], levels: tuple[float, ...], seed: int
) -> Iterator[tuple[str, Waveform]]:
    """Each kind at each length in seconds and each peak level, with its name."""
    random = np.random.default_rng(seed)
    for name, kind in kinds.items():
        for length in seconds:
            samples = kind(int(length * SAMPLE_RATE), random)
            samples = samples / max(1e-9, np.abs(samples).max())
            for level in levels:
                yield f"{name}, {length:g} s, peak {level:g}", (level * samples).astype(np.float32)
