import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    AutoProcessor,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    Wav2Vec2PhonemeCTCTokenizer,
)

from asr.audio.decoding import decode_audio
from asr.errors import ModelUnavailable
from asr.inference.batching import MOST_PADDING
from asr.speech.alternatives import MIN_CONFIDENCE
from asr.speech.ctc import CtcSpeechModel
from asr.speech.ctc_words import MOST
from asr.types import SpeechOutput, Waveform, seconds
from tests.support.checkpoints import LETTERS, SPECIALS, save_wav2vec2, sharpen
from tests.support.recordings import audio_of, bursts


@pytest.fixture(scope="module", params=["group", "layer"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_wav2vec2(tmp_path_factory.mktemp("ctc") / request.param, request.param)


@pytest.fixture(scope="module")
def speech_model(folder: Path) -> CtcSpeechModel:
    return CtcSpeechModel(str(folder), "cpu")


@pytest.fixture(scope="module")
def clip(samples: Path) -> Waveform:
    return decode_audio((samples / "sample-000000.mp3").read_bytes(), 60)


def test_the_transcript_equals_that_of_the_transformers_processor(
    speech_model: CtcSpeechModel, folder: Path, clip: Waveform
):
    processor = AutoProcessor.from_pretrained(folder)
    with torch.inference_mode():
        inputs = processor(clip, sampling_rate=16_000, return_tensors="pt")
        logits = Wav2Vec2ForCTC.from_pretrained(folder).eval()(**inputs).logits
    expected = processor.decode(logits[0].argmax(-1))
    assert len(set(expected)) > 5
    assert speech_model.transcribe(audio_of(clip))[0].text == " ".join(expected.split())


def test_word_times_are_multiples_of_the_frame_length(speech_model: CtcSpeechModel, clip: Waveform):
    transcript = speech_model.transcribe(audio_of(clip))[0]
    assert len(transcript.words) > 3
    assert transcript.text == " ".join(word.text for word in transcript.words)
    edges = [edge for word in transcript.words for edge in (word.start, word.end)]
    assert edges == sorted(edges)
    assert edges[-1] <= seconds(clip)
    assert all(start == pytest.approx(round(start / 0.02) * 0.02) for start in edges[:-1])
    assert all(word.confidence is not None and 0 < word.confidence <= 1 for word in transcript.words)
    assert transcript.confidence is not None
    assert 0 < transcript.confidence <= 1


def test_words_have_alternatives_with_confidences(speech_model: CtcSpeechModel, clip: Waveform):
    words = speech_model.transcribe(audio_of(clip))[0].words
    assert any(word.alternatives for word in words)
    for word in words:
        assert len(word.alternatives) <= MOST
        assert word.text not in [other.text for other in word.alternatives]
        assert all(other.text.isupper() and MIN_CONFIDENCE <= other.confidence < 1 for other in word.alternatives)
        assert sum(other.confidence for other in word.alternatives) < 1.01


def test_a_transcript_does_not_depend_on_its_batch(speech_model: CtcSpeechModel, clip: Waveform):
    others = [clip[:20_000], clip, clip[5_000:40_000] * 0.1]
    assert speech_model.transcribe(audio_of(*others))[1] == speech_model.transcribe(audio_of(clip))[0]
    assert 1 <= speech_model.padding_ratio <= MOST_PADDING


def test_loudness_changes_few_words(speech_model: CtcSpeechModel, clip: Waveform):
    loud, quiet = speech_model.transcribe(audio_of(clip, clip / 10))
    same = sum(one == other for one, other in zip(loud.text.split(), quiet.text.split(), strict=False))
    assert same > 0.9 * len(loud.words)


def test_a_long_clip_is_transcribed_in_pieces_with_times_from_its_start(speech_model: CtcSpeechModel):
    sound = bursts((1, 20), (22, 38), length=50)
    pieces = ((0.86, 20.14), (21.86, 38.14))
    words = speech_model.transcribe(audio_of(sound))[0].words
    for start, end in pieces:
        alone = speech_model.transcribe(audio_of(sound[round(start * 16_000) : round(end * 16_000)]))[0].words
        there = [word for word in words if start <= word.start < end]
        assert [word.text for word in there] == [word.text for word in alone]
        assert [word.start for word in there] == pytest.approx([start + word.start for word in alone])
    assert len(words) == len([word for word in words if any(start <= word.start < end for start, end in pieces)])


def test_silence_and_very_short_clips_are_transcribed_without_errors(speech_model: CtcSpeechModel):
    assert speech_model.transcribe([]) == []
    assert (
        speech_model.transcribe(audio_of(np.zeros(0, np.float32), np.zeros(16_000, np.float32)))
        == [SpeechOutput("")] * 2
    )
    for length in (1, 39, 399, 401):
        short = np.full(length, 0.4, np.float32)
        (transcript,) = speech_model.transcribe(audio_of(short))
        assert all(word.end <= seconds(short) for word in transcript.words)


def test_the_model_reports_its_checkpoint_and_device(speech_model: CtcSpeechModel, folder: Path):
    assert (speech_model.name, speech_model.device) == (str(folder), "cpu")
    speech_model.close()
    speech_model.close()


def test_a_lower_case_tokenizer_gives_lower_case_transcripts(tmp_path: Path, clip: Waveform):
    folder = save_wav2vec2(tmp_path)
    capital = CtcSpeechModel(str(folder), "cpu").transcribe(audio_of(clip))[0].text
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"do_lower_case": True}))
    assert CtcSpeechModel(str(folder), "cpu").transcribe(audio_of(clip))[0].text == capital.lower()


def test_a_checkpoint_without_a_tokenizer_is_rejected(tmp_path: Path):
    save_wav2vec2(tmp_path)
    for file in [*tmp_path.glob("*token*"), *tmp_path.glob("vocab*"), *tmp_path.glob("letters*")]:
        file.unlink()
    with pytest.raises(ModelUnavailable, match="tokenizer"):
        CtcSpeechModel(str(tmp_path), "cpu")


def test_a_checkpoint_with_damaged_weights_is_rejected(tmp_path: Path):
    (save_wav2vec2(tmp_path) / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelUnavailable, match=re.escape(f"{tmp_path} cannot be loaded")):
        CtcSpeechModel(str(tmp_path), "cpu")


def test_a_checkpoint_for_another_sample_rate_is_rejected(tmp_path: Path):
    file = save_wav2vec2(tmp_path) / "preprocessor_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"sampling_rate": 8_000}))
    with pytest.raises(ModelUnavailable, match="needs audio at 8000 Hz"):
        CtcSpeechModel(str(tmp_path), "cpu")


def test_the_phones_of_a_phoneme_model_are_words_as_its_tokenizer_decodes_them(tmp_path: Path, clip: Waveform):
    folder = save_wav2vec2(tmp_path)
    tokens = [*SPECIALS, *(f"tʃ{number}" for number in range(len(LETTERS)))]
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    for name in ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.json"):
        (folder / name).unlink(missing_ok=True)
    tokenizer = Wav2Vec2PhonemeCTCTokenizer(str(folder / "vocab.json"), do_phonemize=False)
    tokenizer.save_pretrained(folder)
    with torch.inference_mode():
        inputs = Wav2Vec2FeatureExtractor.from_pretrained(folder)(clip, sampling_rate=16_000, return_tensors="pt")
        best = Wav2Vec2ForCTC.from_pretrained(folder).eval()(**inputs).logits[0].argmax(-1)
    (transcript,) = CtcSpeechModel(str(folder), "cpu").transcribe(audio_of(clip))
    assert len(transcript.words) > 5
    assert transcript.text == tokenizer.decode(best)


def test_without_a_padding_id_the_blank_is_that_of_the_tokenizer(tmp_path: Path, clip: Waveform):
    folder = save_wav2vec2(tmp_path)
    expected = CtcSpeechModel(str(folder), "cpu").transcribe(audio_of(clip))[0].text
    config = json.loads((folder / "config.json").read_text())
    config.pop("pad_token_id", None)
    (folder / "config.json").write_text(json.dumps(config))
    assert CtcSpeechModel(str(folder), "cpu").transcribe(audio_of(clip))[0].text == expected


def test_an_adapter_stretches_the_frames(tmp_path: Path, clip: Waveform):
    """Its convolutions halve the number of frames, each of which then lasts twice as long."""
    folder = save_wav2vec2(tmp_path, "layer")
    config = Wav2Vec2Config.from_pretrained(folder, add_adapter=True, num_adapter_layers=2)
    model = Wav2Vec2ForCTC(config)
    sharpen(model, 400)
    model.save_pretrained(folder)
    words = CtcSpeechModel(str(folder), "cpu").transcribe(audio_of(clip))[0].words
    assert words
    assert words[-1].end > 0.6 * seconds(clip)
    assert all(word.start == pytest.approx(round(word.start / 0.08) * 0.08) for word in words)
