"""Silero VAD, a network that gives the probability of speech, run by ONNX Runtime."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asr.types import Waveform

_CHUNK: Final = 512
"""Samples for which the network gives one probability: 32 ms at 16 kHz."""

_CONTEXT: Final = 64
"""Samples before a chunk that the network sees as well."""

_CHUNKS: Final = 512
"""Chunks in one call: 16.4 s, so that memory does not grow with the recording."""

_STATE: Final = (1, 1, 128)


class SileroVad:
    """The network in the file ``silero_vad_16k_sequence.onnx`` of the package silero-vad 6.2 (MIT).

    May be called from several threads at once. ONNX Runtime is imported here; raises `ImportError` without it, and
    ONNX Runtime's own errors for a damaged file.
    """

    name = "silero-vad"

    def __init__(self, weights: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(weights, sess_options=options, providers=["CPUExecutionProvider"])

    def probabilities(self, waveform: Waveform) -> NDArray[np.float32]:
        """The probability of speech in each 32 ms; the last may be shorter."""
        hidden = cell = np.zeros(_STATE, np.float32)
        context = np.zeros(_CONTEXT, np.float32)
        found = [np.zeros(0, np.float32)]
        for first in range(0, len(waveform), _CHUNKS * _CHUNK):
            block = waveform[first : first + _CHUNKS * _CHUNK]
            chunks = np.zeros((-(-len(block) // _CHUNK), _CHUNK), np.float32)
            chunks.reshape(-1)[: len(block)] = block
            contexts = np.vstack([context, chunks[:-1, -_CONTEXT:]])
            context = chunks[-1, -_CONTEXT:]
            probabilities, hidden, cell = self._session.run(
                ["speech_probs", "hn", "cn"], {"input": np.hstack([contexts, chunks]), "h": hidden, "c": cell}
            )
            found.append(probabilities.reshape(-1))
        return np.concatenate(found)
