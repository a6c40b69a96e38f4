"""The public names of ``import hearsay``, which loads no library."""

import subprocess
import sys

import pytest

import hearsay

HEAVY = (
    *("av", "boto3", "elasticsearch", "fastapi", "httpx", "numpy", "pandas", "pocketsphinx", "pydantic", "rich"),
    *("soundfile", "streamlit", "tantivy", "torch", "transformers", "yaml", "asr", "indexer", "search_ui"),
)


NAMES = (
    *("ApiBusy", "ApiError", "ApiRefused", "ApiUnreachable"),
    *("AudioError", "AudioTooLong", "EmptyAudio", "NoAudio", "NotAudio"),
    *("BadArgument", "BadRow", "BadSettings", "BadSource", "BadTable", "MissingExtra"),
    *("HearsayError", "JournalInUse", "ListenerGone", "ModelFailed", "ModelUnavailable", "PipelineUnavailable"),
    *("IndexInUse", "IndexIncompatible", "IndexMissing", "IndexUnavailable", "LoadFailed", "WrongRequest"),
    *("Alternative", "ClipRow", "Segment", "Word"),
    *("CheckedMatch", "Emotion", "ErrorRate", "FallbackWarning", "Health", "Hit", "Recording"),
    *("SearchResult", "Transcript"),
    *("DecodeSummary", "DeleteSummary", "LoadSummary", "PutSummary"),
    *("TextScore", "TextScores", "WordsScore"),
    *("Client", "EmotionTagger", "Index", "Transcriber"),
    *("decode", "load", "load_emotion_model", "load_transcriber", "open_index", "word_error_rate"),
    "__version__",
)
"""The names that programs import; a removed name requires a line in the changelog."""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_public_names_match_the_list():
    assert sorted(hearsay.__all__) == sorted(NAMES)


def test_dir_lists_every_public_name():
    assert set(NAMES) <= set(dir(hearsay))


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_available(name: str):
    assert getattr(hearsay, name) is not None


def test_every_public_error_is_a_hearsay_error():
    kinds = [kind for name in NAMES if isinstance(kind := getattr(hearsay, name), type)]
    errors = [kind for kind in kinds if issubclass(kind, Exception) and not issubclass(kind, Warning)]
    assert len(errors) > 20
    assert all(issubclass(error, hearsay.HearsayError) for error in errors)


def test_the_old_name_of_an_unavailable_pipeline_still_works():
    assert hearsay.ListenerGone is hearsay.PipelineUnavailable


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'transcribe_everything'"):
        _ = hearsay.transcribe_everything


def test_importing_hearsay_loads_no_library_and_no_other_package():
    found = run(f"import sys, hearsay; print(sorted(set({HEAVY}) & set(sys.modules)))")
    assert found.stdout == "[]\n", found.stderr


def test_errors_are_available_without_loading_a_library():
    code = "import sys, hearsay; hearsay.ModelUnavailable, hearsay.IndexMissing;"
    found = run(code + f"print(sorted(set({HEAVY[:-3]}) & set(sys.modules)))")
    assert found.stdout.splitlines()[-1:] == ["[]"], found.stderr
