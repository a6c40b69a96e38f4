"""Tiny checkpoints with random weights, saved as people save theirs, so that tests load them the way users do."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    GenerationConfig,
    MoonshineConfig,
    MoonshineForConditionalGeneration,
    PreTrainedTokenizerFast,
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

_SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": (32,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
SPECIALS = ("<pad>", "<s>", "</s>", "<unk>")
LETTERS = tuple("|ETAONIHSRDLUMWCFGYPBVK'XJQZ")
TIME_MARKS = 1501


def save_wav2vec2(folder: Path, norm: str = "group", seed: int = 0) -> Path:
    """A CTC checkpoint with the vocabulary of wav2vec2-base-960h, its head scaled so that it writes many letters."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "letters.json"
    tokens = SPECIALS + LETTERS
    vocabulary.write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    tokenizer = Wav2Vec2CTCTokenizer(str(vocabulary))
    config = Wav2Vec2Config(
        **_SMALL,
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
    """Make a random model write many letters, surely, in words, and none of the special tokens, as trained ones do."""
    tokens = SPECIALS + LETTERS
    with torch.no_grad():
        model.lm_head.weight *= scale
        model.lm_head.weight[tokens.index("|")] = model.lm_head.weight[tokens.index("V")]  # so that words end, too
        model.lm_head.bias[tokens.index("|")] = 1
        model.lm_head.bias[1 : len(SPECIALS)] = -1e4


def save_classifier(folder: Path, labels: dict[int, str] | None, count: int = 4, seed: int = 0) -> Path:
    """An audio classifier; without labels its config names none, as the default emotion model's does."""
    torch.manual_seed(seed)
    named = {"id2label": labels, "num_labels": len(labels)} if labels else {"num_labels": count}
    config = Wav2Vec2Config(**_SMALL, **named, classifier_proj_size=16, feat_extract_norm="layer")
    Wav2Vec2ForSequenceClassification(config).save_pretrained(folder)
    _wave_extractor("layer").save_pretrained(folder)
    return folder


def save_moonshine(folder: Path, seed: int = 0) -> Path:
    """A sequence-to-sequence checkpoint that turns samples into letters without times."""
    torch.manual_seed(seed)
    letters = {token: number for number, token in enumerate(SPECIALS + LETTERS)}
    vocabulary = Tokenizer(models.BPE(letters, []))
    vocabulary.decoder = decoders.Fuse()
    config = MoonshineConfig(
        vocab_size=len(letters),
        hidden_size=32,
        intermediate_size=32,
        encoder_num_hidden_layers=1,
        decoder_num_hidden_layers=1,
        encoder_num_attention_heads=2,
        decoder_num_attention_heads=2,
        max_position_embeddings=40,
    )
    model = MoonshineForConditionalGeneration(config)
    model.generation_config.max_length = 30
    model.generation_config.suppress_tokens = list(range(len(SPECIALS)))  # else it repeats its first token
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=vocabulary, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    for part in (model, tokenizer, _wave_extractor("layer")):
        part.save_pretrained(folder)
    return folder


def _wave_extractor(norm: str) -> Wav2Vec2FeatureExtractor:
    return Wav2Vec2FeatureExtractor(return_attention_mask=norm == "layer")


def save_whisper(folder: Path, languages: tuple[str, ...] = ("en", "de"), seed: int = 0) -> Path:
    """A Whisper checkpoint that spells in bytes, with time marks, and tells languages apart where it has several."""
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
    """The tokenizer, and the ids of its marks; the time marks come last, as Whisper's code expects."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = WhisperTokenizer({letter: number for number, letter in enumerate(letters)}, [])
    named = ("startoftranscript", *languages, "translate", "transcribe", "startoflm", "startofprev", "nospeech")
    marks = [f"<|{name}|>" for name in (*named, "notimestamps")]
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    tokenizer.add_tokens([f"<|{step * 0.02:.2f}|>" for step in range(TIME_MARKS)])
    return tokenizer, tokenizer.convert_tokens_to_ids(marks)
