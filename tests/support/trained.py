"""A tiny CTC model, trained on a few clips so that its output depends on its input.

With random weights, nearly all frames have the same token, and effects of batches on transcripts would not show.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

import torch
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

from asr.audio.decoding import decode_audio
from asr.types import Waveform
from hearsay.records.table import read_csv
from tests.support.checkpoints import LETTERS, SPECIALS, save_wav2vec2

LEARNED = 6
STEPS = {"group": 450, "layer": 330}
"""Steps until it spells most of its training clips: about twenty seconds on one core."""

APART = 2e-4
"""The minimum lead of the most likely letter of a frame: logits that are exact within 1e-4 keep their order then."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread: a tiny model is slower with two, especially on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def sample_sentences(samples: Path) -> list[tuple[Waveform, str]]:
    """The sample clips of one sentence with their references, in the order of the CSV."""
    rows = read_csv(samples / "clips.csv").rows().values()
    return [
        (decode_audio((samples / Path(row.id).name).read_bytes(), 60), row.text)
        for row in rows
        if "interview" not in row.id
    ]


def save_trained(folder: Path, norm: str, sentences: Sequence[tuple[Waveform, str]]) -> Path:
    """A checkpoint of the group-norm or the layer-norm family, trained on the shortest sentences."""
    save_wav2vec2(folder, norm)
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    lessons = [
        (extractor(waveform, sampling_rate=16_000, return_tensors="pt")["input_values"], _spelled(text))
        for waveform, text in sorted(sentences, key=lambda sentence: len(sentence[0]))
    ]
    torch.manual_seed(0)
    model = Wav2Vec2ForCTC(_config(norm)).train()
    with one_thread():
        _learn(model, lessons[:LEARNED], STEPS[norm])
        _break_ties(model.eval(), [samples for samples, _ in lessons])
    model.save_pretrained(folder)
    return folder


def _learn(model: Wav2Vec2ForCTC, lessons: Sequence[tuple[torch.Tensor, torch.Tensor]], steps: int) -> None:
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, steps, pct_start=0.1)
    for samples, letters in islice(cycle(lessons), steps):
        model(samples, labels=letters).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()


@torch.inference_mode()
def _break_ties(model: Wav2Vec2ForCTC, sounds: Sequence[torch.Tensor]) -> None:
    """Shift the letters slightly, until no frame of these sounds has a tie, which CPUs break differently."""
    while True:
        best = torch.cat([model(samples).logits[0].topk(2).values for samples in sounds])
        if (best[:, 0] - best[:, 1]).min() > APART:
            return
        model.lm_head.bias += 0.01 * torch.randn_like(model.lm_head.bias)


def _spelled(text: str) -> torch.Tensor:
    """Token numbers, shape (1, tokens)."""
    tokens = SPECIALS + LETTERS
    return torch.tensor([[tokens.index(letter) for letter in "|".join(text.upper().split()) if letter in LETTERS]])


def _config(norm: str) -> Wav2Vec2Config:
    dropouts = ("hidden_dropout", "attention_dropout", "feat_proj_dropout", "activation_dropout", "final_dropout")
    return Wav2Vec2Config(
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        conv_dim=(32, 32, 32, 64, 64, 64, 64),
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        vocab_size=len(SPECIALS + LETTERS),
        pad_token_id=0,
        feat_extract_norm=norm,
        do_stable_layer_norm=norm == "layer",
        ctc_loss_reduction="mean",
        ctc_zero_infinity=True,
        mask_time_prob=0.0,
        layerdrop=0.0,
        **dict.fromkeys(dropouts, 0.0),
    )
