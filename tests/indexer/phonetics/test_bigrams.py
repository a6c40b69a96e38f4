"""The bigram model of English: read from an ARPA file, stored, and the one that ships."""

import math
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import WrongRequest
from indexer.phonetics import bigrams
from indexer.phonetics.bigrams import END, START, UNKNOWN_WORD, BigramModel, english_bigrams, from_arpa

ARPA = """\
\\data\\
ngram 1=6
ngram 2=4
ngram 3=1

\\1-grams:
-0.6990 <s> -0.3
-0.6990 </s>
-0.6990 THE -0.2
-0.6990 boy -0.1
-1.0000 don't
-1.3979 dont -0.1
-1.3010 cat

\\2-grams:
-0.3010 <s> the
-0.2218 the boy
-1.0000 the cat
-0.5229 boy </s>

\\3-grams:
-0.1000 <s> the boy

\\end\\
"""


@pytest.fixture(scope="module")
def model() -> BigramModel:
    return from_arpa(ARPA.splitlines(), "a small model")


def after(model: BigramModel, first: str, second: str) -> float:
    return float(np.exp(model.after([(first, second)])[0]))


def test_bigrams_have_their_probability(model: BigramModel):
    assert after(model, START, "the") == pytest.approx(0.5, abs=1e-3)
    assert after(model, "the", "boy") == pytest.approx(0.6, abs=1e-3)
    assert after(model, "boy", END) == pytest.approx(0.3, abs=1e-3)


@pytest.mark.parametrize("first", [START, "the", "boy", "cat"])
def test_the_probabilities_after_a_word_add_up_to_one(model: BigramModel, first: str):
    """Those of the file's single words do: 0.95, and 0.05 of a spelling that becomes equal to another."""
    least = sum(math.exp(model.unigram(word)) for word in model.words)
    assert least == pytest.approx(0.95, abs=1e-3)
    whole = sum(after(model, first, word) for word in model.words)
    assert whole == pytest.approx(1, abs=0.06)


def test_without_a_bigram_the_word_alone_decides(model: BigramModel):
    assert after(model, "cat", "boy") == pytest.approx(math.exp(model.unigram("boy")))
    assert after(model, "the", "dont") < math.exp(model.unigram("dont")), "what follows is mostly boy or cat"
    assert after(model, "nobody", "boy") == pytest.approx(math.exp(model.unigram("boy")))
    assert after(model, "the", "nobody") < 1e-7
    assert model.unigram("nobody") == UNKNOWN_WORD


def test_words_are_normalised_as_in_transcripts(model: BigramModel):
    assert "don't" not in model.words
    assert model.unigram("dont") == pytest.approx(math.log(0.1), abs=1e-3), "that of the more frequent spelling"


def test_many_pairs_are_looked_up_together(model: BigramModel):
    pairs = [("the", "boy"), ("nobody", "cat"), (START, "the")]
    assert model.after(pairs).tolist() == [float(model.after([pair])[0]) for pair in pairs]
    assert model.after([]).shape == (0,)


def test_a_saved_model_is_loaded_with_rounded_logarithms(model: BigramModel, tmp_path: Path):
    file = tmp_path / "model.npz.xz"
    model.save(file)
    again = BigramModel.load(file)
    assert (list(again.words), again.source) == (list(model.words), "a small model")
    assert np.array_equal(again.pairs, model.pairs)
    for name in ("unigrams", "backoffs", "pair_logs"):
        assert getattr(again, name) == pytest.approx(getattr(model, name), abs=1 / 32), name


def test_only_the_most_frequent_words_and_the_most_useful_bigrams_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bigrams, "MOST_WORDS", 4)
    monkeypatch.setattr(bigrams, "MOST_BIGRAMS", 1)
    small = from_arpa(ARPA.splitlines(), "a small model")
    assert set(small.words) == {START, END, "the", "boy"}
    assert len(small.pairs) == 1
    assert after(small, "the", "boy") == pytest.approx(0.6, abs=1e-3), "of three times its probability alone"


@pytest.mark.parametrize("text", ["", "no model", "\\1-grams:\n-1 a\n\\end\\\n"])
def test_a_file_without_bigrams_is_reported(text: str):
    with pytest.raises(WrongRequest, match=r"some\.lm has no bigrams; name a language model in ARPA format"):
        from_arpa(text.splitlines(), "some.lm")


def test_the_shipped_model_prefers_usual_english():
    shipped = english_bigrams()
    assert shipped.source
    assert shipped.unigram("the") > shipped.unigram("boy") > shipped.unigram("xylophone") >= UNKNOWN_WORD
    assert after(shipped, "the", "boy") > 100 * after(shipped, "the", "xylophone")
    assert after(shipped, "he", "was") > after(shipped, "the", "was")
    assert after(shipped, START, "the") > 0.01
    assert after(shipped, "said", END) > after(shipped, "the", END)


@pytest.mark.parametrize("first", [START, "the", "he", "very"])
def test_the_probabilities_of_the_shipped_model_add_up_to_one(first: str):
    shipped = english_bigrams()
    following = np.exp(shipped.after([(first, word) for word in shipped.words])).sum()
    assert following == pytest.approx(1, abs=0.1), "logarithms are rounded"
