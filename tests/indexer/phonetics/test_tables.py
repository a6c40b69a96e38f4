import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.errors import WrongRequest
from indexer.matching.features import (
    QUERY_FEATURES,
    SECONDED_QUERY_FEATURES,
    SECONDED_WORD_FEATURES,
    WORD_FEATURES,
)
from indexer.phonetics.alphabets import LETTER_COUNT, PHONEME_COUNT
from indexer.phonetics.expansion import FEATURES
from indexer.phonetics.probability import Regressions
from indexer.phonetics.tables import GENERAL, SHIPPED, VERSION, Tables, has_own_tables, shipped

MODELS = ("", "whisper-tiny.en", "whisper-base")
"""A model for each shipped file; the general tables are for transcripts without a model."""


@pytest.mark.parametrize("model", MODELS)
def test_shipped_tables_fit_the_alphabets_and_name_their_source(model: str):
    tables = shipped(model)
    assert (model or "wav2vec2-large-960h") in tables.source
    assert tables.passages > 1000
    assert 0 < tables.unseen < 0.1
    assert f"{tables.passages:,} clips" in tables.source
    assert tables.phonemes.shape == (PHONEME_COUNT, PHONEME_COUNT)
    assert tables.letters.shape == (LETTER_COUNT, LETTER_COUNT)
    assert tables.weights.shape == (2, len(FEATURES))
    alone, seconded = tables.possible.of(is_seconded=False), tables.possible.of(is_seconded=True)
    assert (alone.word.shape, alone.several.shape) == ((len(WORD_FEATURES),), (2, len(QUERY_FEATURES)))
    assert (seconded.word.shape, seconded.several.shape) == (
        (len(SECONDED_WORD_FEATURES),),
        (2, len(SECONDED_QUERY_FEATURES)),
    )
    assert all(0 < threshold < 1 for threshold in (*alone.thresholds, *seconded.thresholds))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["phonemes", "letters"])
def test_a_correct_symbol_costs_nothing_and_confusion_costs_are_limited(model: str, kind: str):
    costs = getattr(shipped(model), kind)
    assert np.all(costs.diagonal() == 0)
    assert costs.min() >= 0
    assert costs.max() == pytest.approx(1.5), "the cost exceeds the limit"


def test_every_shipped_file_belongs_to_a_model():
    sources = {Tables.load(file).source for file in SHIPPED.iterdir()}
    assert sources == {shipped(model).source for model in MODELS}
    assert len(sources) == len(MODELS)


def test_an_adapted_model_uses_the_tables_of_its_base():
    assert shipped("whisper-tiny.en-short") is shipped("whisper-tiny.en")


@pytest.mark.parametrize(
    ("model", "is_its_own"),
    [("facebook/wav2vec2-large-960h", True), ("Systran/faster-whisper-large-v3", False), ("../x", False), ("", False)],
)
def test_other_models_have_the_general_tables(model: str, is_its_own: bool):
    """These were learned from transcripts by one of them."""
    assert shipped(model) is shipped()
    assert has_own_tables(model) == is_its_own


@pytest.mark.parametrize("words", [0, 1, 2, 3, 4, 200])
def test_thresholds_and_weights_are_those_for_the_number_of_words(words: int):
    model = Regressions(np.array([1.0]), np.array([[2.0], [3.0]]), (0.1, 0.2, 0.3))
    expected = min(max(words, 1), 3)
    assert model.threshold(words) == expected / 10
    assert model.weights(words).tolist() == [expected]


def test_saved_tables_are_loaded_unchanged(tmp_path: Path):
    file = tmp_path / "tables.json"
    shipped().save(file)
    again = Tables.load(file)
    for name in ("phonemes", "letters", "weights"):
        assert np.array_equal(getattr(again, name), getattr(shipped(), name)), name
    for name in ("unseen", "passages", "source"):
        assert getattr(again, name) == getattr(shipped(), name), name
    assert again.possible.to_json() == shipped().possible.to_json()
    assert list(tmp_path.iterdir()) == [file], "no other file is left"


def test_a_very_small_share_is_not_saved_as_zero(tmp_path: Path):
    file = tmp_path / "tables.json"
    replace(shipped(), unseen=1 / 3_000_000).save(file)
    assert Tables.load(file).unseen == pytest.approx(1 / 3_000_000, rel=1e-3)


def changed(tmp_path: Path, **members: Any) -> Path:
    """The shipped tables with changed members; None removes one."""
    whole = json.loads((SHIPPED / f"{GENERAL}.json").read_text(encoding="utf-8")) | members
    file = tmp_path / "tables.json"
    file.write_text(json.dumps({name: value for name, value in whole.items() if value is not None}))
    return file


POSSIBLE = shipped().possible.to_json()


@pytest.mark.parametrize(
    "members",
    [
        {"version": VERSION + 1},
        {"version": 1, "unseen": None},
        {"phonemes": [[0.0]]},
        {"letters": np.zeros((PHONEME_COUNT, PHONEME_COUNT + 3)).tolist()},
        {"weights": [[math.nan]]},
        {"unseen": 0},
        {"unseen": math.nan},
        {"passages": 0},
        {"version": 2, "possible": None},
        {"possible": POSSIBLE | {"thresholds": [0.5, 0.5, 1.5]}},
        {"possible": POSSIBLE | {"word": [math.nan]}},
        {"possible": POSSIBLE | {"several": [1.0, 2.0]}},
        {"possible": POSSIBLE | {"seconded": POSSIBLE | {"word": [math.nan]}}},
    ],
    ids=lambda members: str(members)[:60],
)
def test_tables_of_another_version_must_be_learned_again(tmp_path: Path, members: dict[str, Any]):
    with pytest.raises(WrongRequest, match="written by another version of Hearsay; learn it again with: indexer learn"):
        Tables.load(changed(tmp_path, **members))


@pytest.mark.parametrize(
    "members",
    [
        {"letters": None},
        {"weights": [["heavy"]]},
        {"passages": "many"},
        {"possible": None},
        {"possible": POSSIBLE | {"thresholds": [0.5]}},
    ],
    ids=lambda members: str(members)[:60],
)
def test_a_file_without_tables_is_reported_with_the_command_to_learn_them(tmp_path: Path, members: dict[str, Any]):
    with pytest.raises(WrongRequest, match=r"tables\.json has no phonetic tables: .*learn them with: indexer learn"):
        Tables.load(changed(tmp_path, **members))


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "null", "{}", '{"version": 1', "\x00", "[[[["])
def test_a_broken_file_is_reported_by_name(tmp_path: Path, text: str):
    file = tmp_path / "broken.json"
    file.write_text(text)
    with pytest.raises(WrongRequest, match=r"broken\.json has no phonetic tables"):
        Tables.load(file)


def test_a_binary_or_missing_file_is_reported_by_name(tmp_path: Path):
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    for name in ("bytes.json", "nothing.json"):
        with pytest.raises(WrongRequest, match=name):
            Tables.load(tmp_path / name)
