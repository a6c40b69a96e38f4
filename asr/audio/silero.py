"""Silero VAD, a network that gives the probability of speech, run by ONNX Runtime."""

import os
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.audio.samples import release_pages
from asr.types import Waveform

CHUNK: Final = 512
"""Samples for which the network gives one probability: 32 ms at 16 kHz."""

_CONTEXT: Final = 64
"""Samples before a chunk that are also passed to the network."""

_CHUNKS: Final = 512
"""Chunks in one call: 16.4 s, so that memory does not grow with the recording."""

_STATE: Final = (1, 1, 128)
_ERRORS_ONLY: Final = 3

WEIGHTS: Final = Path(__file__).with_name("silero_vad_16k_sequence.onnx")
"""The network for 16 kHz, as the package silero-vad 6.2.3 has it: https://github.com/snakers4/silero-vad, MIT licence.

SHA-256 9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85. Why it is part of this package and is not
fetched: docs/decisions/0097-vad-network.md.
"""


class SileroVad:
    """The network in `WEIGHTS`. May be called from several threads at once.

    ONNX Runtime is imported here, because the import is slow and short clips do not need it.
    """

    def __init__(self) -> None:
        # ONNX Runtime would otherwise store an identifier of this machine in the user's cache, and send usage events.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(WEIGHTS, sess_options=options, providers=["CPUExecutionProvider"])

    def probabilities(self, waveform: Waveform) -> NDArray[np.float32]:
        """The probability of speech in each 32 ms; the last may be shorter."""
        hidden = cell = np.zeros(_STATE, np.float32)
        context = np.zeros(_CONTEXT, np.float32)
        found = [np.zeros(0, np.float32)]
        for first in range(0, len(waveform), _CHUNKS * CHUNK):
            block = waveform[first : first + _CHUNKS * CHUNK]
            chunks = np.zeros((-(-len(block) // CHUNK), CHUNK), np.float32)
            chunks.reshape(-1)[: len(block)] = block
            contexts = np.vstack([context, chunks[:-1, -_CONTEXT:]])
            context = chunks[-1, -_CONTEXT:]
            probabilities, hidden, cell = self._session.run(
                ["speech_probs", "hn", "cn"], {"input": np.hstack([contexts, chunks]), "h": hidden, "c": cell}
            )
            found.append(probabilities.reshape(-1))
            release_pages(waveform)
        return np.concatenate(found)


@cache
def silero_vad() -> SileroVad:
    """The network, loaded once per process."""
    return SileroVad()
