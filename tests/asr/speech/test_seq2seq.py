import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoProcessor, WhisperForConditionalGeneration

from asr.audio.decoding import decode_audio
from asr.audio.vad import pieces
from asr.errors import ModelUnavailable
from asr.inference.batching import MOST_PADDING
from asr.speech.seq2seq import Seq2SeqSpeechModel
from asr.types import SpeechOutput, Waveform, seconds
from tests.support.checkpoints import save_moonshine, save_whisper
from tests.support.recordings import audio_of, bursts


@pytest.fixture(scope="module", params=[("en", "de"), ("en",)], ids=["many languages", "English only"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_whisper(tmp_path_factory.mktemp("whisper"), request.param)


@pytest.fixture(scope="module")
def speech_model(folder: Path) -> Seq2SeqSpeechModel:
    return Seq2SeqSpeechModel(str(folder), "cpu")


@pytest.fixture(scope="module")
def clip(samples: Path) -> Waveform:
    return decode_audio((samples / "sample-interview.mp3").read_bytes(), 600)[: 16_000 * 20]


def test_segments_equal_those_generated_by_transformers(speech_model: Seq2SeqSpeechModel, folder: Path, clip: Waveform):
    processor = AutoProcessor.from_pretrained(folder)
    features = processor(clip, sampling_rate=16_000, return_tensors="pt", return_attention_mask=True)
    with torch.inference_mode():
        model = WhisperForConditionalGeneration.from_pretrained(folder).eval()
        generated = model.generate(**features, return_timestamps=True, return_segments=True)["segments"][0]
    expected = [
        text
        for sentence in generated
        if (text := processor.decode(sentence["tokens"], skip_special_tokens=True).strip()) and sentence["start"] < 20
    ]
    transcript = speech_model.transcribe(audio_of(clip))[0]
    assert expected
    assert [segment.text for segment in transcript.segments] == expected
    assert transcript.text == " ".join(expected)


def test_segments_are_in_order_and_within_their_pieces(
    speech_model: Seq2SeqSpeechModel,
):
    sound = bursts((1, 20), (22, 38), (42, 55), length=60)
    (transcript,) = speech_model.transcribe(audio_of(sound))
    starts = [segment.start for segment in transcript.segments]
    assert len(starts) > 2
    assert starts == sorted(starts)
    assert all(0.86 <= segment.start < segment.end <= 55.14 for segment in transcript.segments)
    assert not [start for start in starts if 20.14 < start < 21.86]
    assert transcript.text == " ".join(segment.text for segment in transcript.segments)


def test_the_transcript_has_no_word_times_and_no_confidence(speech_model: Seq2SeqSpeechModel, clip: Waveform):
    (transcript,) = speech_model.transcribe(audio_of(clip))
    assert transcript.words == ()
    assert transcript.confidence is None


def test_the_padding_ratio_includes_padding_to_30_seconds(folder: Path, clip: Waveform):
    speech_model = Seq2SeqSpeechModel(str(folder), "cpu")
    assert speech_model.padding_ratio == 1
    speech_model.transcribe(audio_of(clip))
    (start, end), *others = pieces(*audio_of(clip))
    assert not others
    assert speech_model.padding_ratio == 480_000 / (end - start)


def test_silence_has_an_empty_transcript(speech_model: Seq2SeqSpeechModel):
    silence = [np.zeros(0, np.float32), np.zeros(32_000, np.float32)]
    assert speech_model.transcribe(audio_of(*silence)) == [SpeechOutput(""), SpeechOutput("")]
    assert speech_model.transcribe([]) == []


def test_a_clip_is_transcribed_the_same_alone_and_among_others(speech_model: Seq2SeqSpeechModel, clip: Waveform):
    assert speech_model.transcribe(audio_of(clip[:50_000], clip))[1] == speech_model.transcribe(audio_of(clip))[0]


def test_a_model_without_timestamps_has_one_segment_per_piece(tmp_path: Path):
    speech_model = Seq2SeqSpeechModel(str(save_moonshine(tmp_path)), "cpu")
    short, long = bursts((1, 3), length=4), bursts((1, 20), (22, 38), length=40)
    of_short, of_long = speech_model.transcribe(audio_of(short, long))
    assert of_short.text
    assert [(segment.start, segment.end, segment.text) for segment in of_short.segments] == [
        (0, seconds(short), of_short.text)
    ]
    edges = [(segment.start, segment.end) for segment in of_long.segments]
    assert edges == [pytest.approx((0.86, 20.14)), pytest.approx((21.86, 38.14))]
    assert not set("<>") & set(of_short.text + of_long.text)


def test_no_transcript_of_moonshine_changes_with_neighbours_order_or_batch_size(
    tmp_path: Path, sentences: list[tuple[Waveform, str]]
):
    waveforms = [waveform[: len(waveform) - 777 * number] for number, (waveform, _) in enumerate(sentences[:12])]
    waveforms.append(bursts((1, 20), (22, 38), length=40))
    folder = str(save_moonshine(tmp_path))
    single = Seq2SeqSpeechModel(folder, "cpu", batch_seconds=0.1)
    expected = [single.transcribe(audio_of(waveform))[0] for waveform in waveforms]
    assert single.padding_ratio == 1
    assert len({transcript.text for transcript in expected}) > len(waveforms) / 2
    for batch_seconds in (10, 100):
        together = Seq2SeqSpeechModel(folder, "cpu", batch_seconds=batch_seconds)
        assert together.transcribe(audio_of(*waveforms)) == expected
        assert together.transcribe(audio_of(*waveforms[::-1])) == expected[::-1]
        assert 1 < together.padding_ratio <= MOST_PADDING


def test_the_model_reports_its_checkpoint_and_device(speech_model: Seq2SeqSpeechModel, folder: Path):
    assert (speech_model.name, speech_model.device) == (str(folder), "cpu")
    speech_model.close()


def test_half_precision_gives_a_transcript(folder: Path, clip: Waveform):
    (transcript,) = Seq2SeqSpeechModel(str(folder), "cpu", "bfloat16").transcribe(audio_of(clip))
    assert transcript.segments


def test_a_checkpoint_without_a_feature_extractor_is_rejected(tmp_path: Path):
    (save_whisper(tmp_path) / "preprocessor_config.json").unlink()
    with pytest.raises(ModelUnavailable, match="preprocessor_config"):
        Seq2SeqSpeechModel(str(tmp_path), "cpu")


def without_a_limit(folder: Path) -> Path:
    """The checkpoint without a configured maximum length and end token, so that it generates without end."""
    for name in ("config.json", "generation_config.json"):
        stated = json.loads((folder / name).read_text())
        for key in ("max_length", "max_new_tokens", "eos_token_id"):
            stated.pop(key, None)
        (folder / name).write_text(json.dumps(stated))
    return folder


def test_without_a_configured_limit_transcripts_exceed_20_tokens_and_a_reached_limit_is_reported(
    tmp_path: Path, clip: Waveform, caplog: pytest.LogCaptureFixture
):
    model = Seq2SeqSpeechModel(str(without_a_limit(save_moonshine(tmp_path))), "cpu")
    named = [replace(audio, name=name) for audio, name in zip(audio_of(clip, clip[:32_000]), "ab", strict=True)]
    whole, short = model.transcribe(named)
    assert len(whole.text) > 30
    for name, length in (("a", len(clip)), ("b", 32_000)):
        assert f"{name}: the transcript of {length / 16_000:.1f} s reached the limit of" in caplog.text
    assert [short.text] == [output.text for output in model.transcribe(audio_of(clip[:32_000]))]


def test_the_token_limit_of_the_checkpoint_is_respected(tmp_path: Path, clip: Waveform):
    folder = without_a_limit(save_moonshine(tmp_path))
    (folder / "generation_config.json").write_text(
        json.dumps(json.loads((folder / "generation_config.json").read_text()) | {"max_length": 9})
    )
    (output,) = Seq2SeqSpeechModel(str(folder), "cpu").transcribe(audio_of(clip))
    assert 0 < len(output.text) <= 9
