"""Tiny checkpoints with random weights in the usual formats, so that tests load them as users do."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    GenerationConfig,
    GraniteSpeech5CTCConfig,
    GraniteSpeech5EncoderConfig,
    GraniteSpeech5ForCTC,
    LasrCTCConfig,
    LasrEncoderConfig,
    LasrFeatureExtractor,
    LasrForCTC,
    MoonshineConfig,
    MoonshineForConditionalGeneration,
    ParakeetCTCConfig,
    ParakeetEncoderConfig,
    ParakeetFeatureExtractor,
    ParakeetForCTC,
    PreTrainedTokenizerFast,
    SeamlessM4TFeatureExtractor,
    Wav2Vec2BertConfig,
    Wav2Vec2BertForCTC,
    Wav2Vec2Config,
    Wav2Vec2CTCTokenizer,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    Wav2Vec2ForSequenceClassification,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTokenizer,
)

from tests.support.recordings import bursts

SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": (32,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
_CONFORMER: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_kernel_size": 9,
}
SPECIALS = ("<pad>", "<s>", "</s>", "<unk>")
LETTERS = tuple("|ETAONIHSRDLUMWCFGYPBVK'XJQZ")
PIECES = (*SPECIALS, *(f"▁{letter}" for letter in "taiosw"), *"etaonihsrdlu")
"""Settings for a vocabulary of word pieces."""
TIMESTAMPS = 1501


def save_wav2vec2(folder: Path, norm: str = "group", seed: int = 0) -> Path:
    """A CTC checkpoint with the vocabulary of wav2vec2-base-960h, its head scaled so that it outputs many letters."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "letters.json"
    tokens = SPECIALS + LETTERS
    vocabulary.write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    tokenizer = Wav2Vec2CTCTokenizer(str(vocabulary))
    config = Wav2Vec2Config(
        **SMALL,
        vocab_size=len(tokenizer),
        pad_token_id=0,
        feat_extract_norm=norm,
        do_stable_layer_norm=norm == "layer",
    )
    model = Wav2Vec2ForCTC(config)
    sharpen(model, 400)
    for part in (model, tokenizer, _wave_extractor(norm)):
        part.save_pretrained(folder)
    return folder


def sharpen(model: Wav2Vec2ForCTC, scale: float) -> None:
    """Make a random model output many probable letters, in words, and no special tokens, like trained models."""
    tokens = SPECIALS + LETTERS
    with torch.no_grad():
        model.lm_head.weight *= scale
        model.lm_head.weight[tokens.index("|")] = model.lm_head.weight[tokens.index("V")]  # so that words also end
        model.lm_head.bias[tokens.index("|")] = 1
        model.lm_head.bias[1 : len(SPECIALS)] = -1e4


def save_classifier(folder: Path, labels: dict[int, str] | None, count: int = 4, seed: int = 0) -> Path:
    """An audio classifier; without labels, its config names none, like that of the default emotion model."""
    torch.manual_seed(seed)
    named = {"id2label": labels, "num_labels": len(labels)} if labels else {"num_labels": count}
    config = Wav2Vec2Config(**SMALL, **named, classifier_proj_size=16, feat_extract_norm="layer")
    Wav2Vec2ForSequenceClassification(config).save_pretrained(folder)
    _wave_extractor("layer").save_pretrained(folder)
    return folder


def save_moonshine(folder: Path, seed: int = 0) -> Path:
    """A sequence-to-sequence checkpoint that takes samples and outputs letters without timestamps."""
    vocabulary = Tokenizer(models.BPE({token: number for number, token in enumerate(SPECIALS + LETTERS)}, []))
    vocabulary.decoder = decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=vocabulary, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    for part in (moonshine(seed), tokenizer, _wave_extractor("layer")):
        part.save_pretrained(folder)
    return folder


def moonshine(seed: int = 0) -> MoonshineForConditionalGeneration:
    """A model with random weights and strong cross-attention, without which all audio would have the same text."""
    torch.manual_seed(seed)
    config = MoonshineConfig(
        vocab_size=len(SPECIALS + LETTERS),
        hidden_size=32,
        intermediate_size=32,
        encoder_num_hidden_layers=1,
        decoder_num_hidden_layers=1,
        encoder_num_attention_heads=2,
        decoder_num_attention_heads=2,
        max_position_embeddings=40,
        pad_token_id=0,
    )
    model = MoonshineForConditionalGeneration(config)
    with torch.no_grad():
        for layer in model.model.decoder.layers:
            for part in ("q_proj", "k_proj", "v_proj", "o_proj"):
                getattr(layer.encoder_attn, part).weight.mul_(20)
        for convolution in (model.model.encoder.conv2, model.model.encoder.conv3):
            convolution.weight.mul_(8)
    model.generation_config.max_length = 30
    model.generation_config.suppress_tokens = list(range(len(SPECIALS)))  # otherwise it repeats its first token
    return model


def save_conformer(folder: Path, kind: str, seed: int = 0) -> Path:
    """A CTC checkpoint on mel features, of one of the `CONFORMERS`."""
    folder.mkdir(parents=True, exist_ok=True)
    model, extractor, tokenizer = conformer(kind, seed), _MEL_EXTRACTORS[kind](), _piece_tokenizer()
    _spread(model, extractor(bursts((0.2, 3.8), length=4), sampling_rate=16_000, return_tensors="pt"))
    for part in (model, tokenizer, extractor):
        part.save_pretrained(folder)
    return folder


def conformer(kind: str, seed: int = 0, scale: float = 10) -> Any:
    """A Conformer with random weights that outputs the tokens of `PIECES`."""
    torch.manual_seed(seed)
    model = _CONFORMERS[kind]().eval()
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "norm" in name:
                weights.add_(torch.randn_like(weights) * 0.3)
        for name, statistics in model.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                statistics.add_(torch.rand_like(statistics))
        _head_of(model).weight.mul_(scale)
    return model


@torch.no_grad()
def _spread(model: Any, inputs: Any) -> None:
    """Make each token the most probable in some frames, and no special token but the blank, as in trained models."""
    logits, head = model(**inputs).logits[0], _head_of(model)
    scale = 8 / logits.std(0)
    head.weight.mul_(scale.view(-1, *[1] * (head.weight.ndim - 1)))
    head.bias.sub_(logits.mean(0)).mul_(scale)
    head.bias[0] += 5
    head.bias[1 : len(SPECIALS)] = -1e4


def _head_of(model: Any) -> Any:
    return model.lm_head if hasattr(model, "lm_head") else model.ctc_head


def _parakeet() -> ParakeetForCTC:
    encoder = ParakeetEncoderConfig(**_CONFORMER, num_mel_bins=32, subsampling_factor=4, subsampling_conv_channels=8)
    return ParakeetForCTC(ParakeetCTCConfig(vocab_size=len(PIECES), pad_token_id=0, encoder_config=encoder))


def _lasr() -> LasrForCTC:
    encoder = LasrEncoderConfig(**_CONFORMER, num_mel_bins=32, subsampling_conv_channels=16)
    return LasrForCTC(LasrCTCConfig(vocab_size=len(PIECES), pad_token_id=0, encoder_config=encoder))


def _granite() -> GraniteSpeech5ForCTC:
    sizes = {"num_mel_bins": 8, "context_size": 20, "max_position_embeddings": 20, "subsample_layers": [1]}
    encoder = GraniteSpeech5EncoderConfig(**_CONFORMER, **sizes, vocab_size=len(PIECES))
    return GraniteSpeech5ForCTC(GraniteSpeech5CTCConfig(vocab_size=len(PIECES), pad_token_id=0, encoder_config=encoder))


def _wav2vec2_bert(**options: Any) -> Wav2Vec2BertForCTC:
    sizes = {name: size for name, size in _CONFORMER.items() if name != "conv_kernel_size"}
    return Wav2Vec2BertForCTC(
        Wav2Vec2BertConfig(**sizes, **options, feature_projection_input_dim=64, vocab_size=len(PIECES), pad_token_id=0)
    )


_CONFORMERS = {"parakeet": _parakeet, "lasr": _lasr, "granite": _granite, "wav2vec2-bert": _wav2vec2_bert}
_MEL_EXTRACTORS = {
    "parakeet": lambda: ParakeetFeatureExtractor(feature_size=32),
    "lasr": lambda: LasrFeatureExtractor(feature_size=32),
    "wav2vec2-bert": lambda: SeamlessM4TFeatureExtractor(feature_size=32, num_mel_bins=32),
}
CONFORMERS = tuple(_MEL_EXTRACTORS)
"""The Conformers whose features need no further library."""


def _piece_tokenizer() -> PreTrainedTokenizerFast:
    vocabulary = Tokenizer(models.BPE({piece: number for number, piece in enumerate(PIECES)}, []))
    vocabulary.decoder = decoders.Metaspace()
    return PreTrainedTokenizerFast(
        tokenizer_object=vocabulary, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


def _wave_extractor(norm: str) -> Wav2Vec2FeatureExtractor:
    return Wav2Vec2FeatureExtractor(return_attention_mask=norm == "layer")


def save_whisper(folder: Path, languages: tuple[str, ...] = ("en", "de"), seed: int = 0) -> Path:
    """A Whisper checkpoint with byte tokens and timestamps, which detects the language if it has several."""
    torch.manual_seed(seed)
    tokenizer, marks = _whisper_tokenizer(languages)
    ids = tokenizer.convert_tokens_to_ids
    config = WhisperConfig(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_target_positions=40,
        pad_token_id=ids("<|endoftext|>"),
        bos_token_id=ids("<|endoftext|>"),
        eos_token_id=ids("<|endoftext|>"),
        decoder_start_token_id=ids("<|startoftranscript|>"),
    )
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        decoder_start_token_id=ids("<|startoftranscript|>"),
        eos_token_id=ids("<|endoftext|>"),
        pad_token_id=ids("<|endoftext|>"),
        is_multilingual=len(languages) > 1,
        lang_to_id={f"<|{language}|>": ids(f"<|{language}|>") for language in languages},
        task_to_id={"transcribe": ids("<|transcribe|>"), "translate": ids("<|translate|>")},
        no_timestamps_token_id=ids("<|notimestamps|>"),
        suppress_tokens=[token for token in marks if token < ids("<|notimestamps|>")],
        max_initial_timestamp_index=50,
        max_length=40,
    )
    for part in (model, tokenizer, WhisperFeatureExtractor()):
        part.save_pretrained(folder)
    return folder


def _whisper_tokenizer(languages: tuple[str, ...]) -> tuple[WhisperTokenizer, list[int]]:
    """The tokenizer, and the ids of its special tokens; timestamps are the last, as Whisper's code expects."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = WhisperTokenizer({letter: number for number, letter in enumerate(letters)}, [])
    named = ("startoftranscript", *languages, "translate", "transcribe", "startoflm", "startofprev", "nospeech")
    marks = [f"<|{name}|>" for name in (*named, "notimestamps")]
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    tokenizer.add_tokens([f"<|{step * 0.02:.2f}|>" for step in range(TIMESTAMPS)])
    return tokenizer, tokenizer.convert_tokens_to_ids(marks)
