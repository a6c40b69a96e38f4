"""Small real models whose output is computed from the samples, so that a result for the wrong clip is noticed."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO

import numpy as np
import soundfile

from asr.types import DecodedAudio, DecodingOptions, EmotionOutput, SpeechOutput, Waveform
from hearsay.records.transcript import Alternative, Segment, Word


class LengthSpeechModel:
    """Transcribes a clip as its number of samples, in one word."""

    name = "length"
    device = "cpu"
    weights = ""
    precision = ""
    padding_ratio = 1.0

    def __init__(self, fails_on: int | None = None, alternatives: tuple[Alternative, ...] = ()) -> None:
        self.fails_on = fails_on
        self.alternatives = alternatives
        self.transcribed = 0
        self.is_closed = False

    def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
        if any(len(clip.waveform) == self.fails_on for clip in clips):
            raise RuntimeError("out of memory")
        self.transcribed += len(clips)
        return [self._transcript(clip.waveform) for clip in clips]

    def _transcript(self, waveform: Waveform) -> SpeechOutput:
        text, end = str(len(waveform)), len(waveform) / 16000
        return SpeechOutput(
            text, (Word(text, 0.0, end, 0.98765, self.alternatives),), (Segment(0.0, end, text, 0.98765),), 0.98765
        )

    def close(self) -> None:
        self.is_closed = True


class OptionsSpeechModel(LengthSpeechModel):
    """Reads options, and transcribes as `LengthSpeechModel` does; ``read`` are the options of all clips.

    Like a model of Whisper's, it translates if it knows several languages, and detects the last one.
    """

    name = "options"
    options = frozenset({"language", "prompt", "hotwords", "temperature", "task"})
    most_tokens = 10

    def __init__(self, languages: tuple[str, ...] = ("en", "de"), fails_on: int | None = None) -> None:
        super().__init__(fails_on)
        self.languages = languages
        self.read: list[DecodingOptions] = []

    def transcribe(self, clips: Sequence[DecodedAudio]) -> list[SpeechOutput]:
        outputs = super().transcribe(clips)
        self.read += (clip.options for clip in clips)
        return [
            replace(output, language=self._language(clip), language_probability=0.98765)
            for clip, output in zip(clips, outputs, strict=True)
        ]

    def excess_tokens(self, options: DecodingOptions) -> int:
        return max(0, len(options.context.split()) - self.most_tokens)

    def _language(self, clip: DecodedAudio) -> str:
        return self.languages[-1] if clip.options.language in ("", "auto") else clip.options.language


class LoudnessEmotionModel:
    """Predicts anger for loud clips, and uncertain for all others."""

    name = "loudness"
    device = "cpu"
    weights = ""
    precision = ""
    padding_ratio = 1.25

    def __init__(self) -> None:
        self.tagged = 0
        self.fails = False

    def tag(self, clips: Sequence[DecodedAudio]) -> list[EmotionOutput]:
        if self.fails:
            raise RuntimeError("out of memory")
        self.tagged += len(clips)
        return [self._emotion(float(np.abs(clip.waveform).max(initial=0))) for clip in clips]

    def _emotion(self, peak: float) -> EmotionOutput:
        return EmotionOutput("angry" if peak > 0.5 else "uncertain", peak, {"angry": peak})

    def close(self) -> None:
        pass


def tone(samples: int, peak: float = 0.25, rate: int = 16000) -> bytes:
    """A WAV file of a 220 Hz tone."""
    wave = peak * np.sin(2 * np.pi * 220 * np.arange(samples) / rate)
    file = BytesIO()
    soundfile.write(file, wave, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()
