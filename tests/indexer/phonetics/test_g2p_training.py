from pathlib import Path

import pytest

from indexer.errors import WrongRequest
from indexer.phonetics.alphabets import PHONEMES
from indexer.phonetics.g2p_training import learn_spelling, read_dictionary

DICTIONARY = """\
bat B AE T
tab T AE B
bit B IH T
tib T IH B
tax T AE K S
axe AE K S
don't D OW N T
read R EH D
read(2) R IY D
x-ray EH K S R EY
3d TH R IY D IY
noise +NOISE+
empty
"""


def phonemes_of(phonemes: str) -> bytes:
    return bytes(PHONEMES.index(name) + 1 for name in phonemes.split())


@pytest.fixture
def dictionary(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.dict"
    file.write_text(DICTIONARY)
    return file


def test_words_of_a_dictionary_are_normalised_as_in_search(dictionary: Path):
    found = read_dictionary(dictionary)
    assert set(found) == {"bat", "tab", "bit", "tib", "tax", "axe", "dont", "read", "xray"}
    assert found["read"] == (phonemes_of("R EH D"), phonemes_of("R IY D"))


def test_every_trained_word_has_the_pronunciations_of_the_dictionary(dictionary: Path):
    pronounced = read_dictionary(dictionary)
    spelling = learn_spelling(pronounced, "tiny.dict")
    assert spelling.words == frozenset(pronounced)
    assert spelling.source == "tiny.dict"
    for word, several in pronounced.items():
        assert spelling.pronunciations(word) == several


def test_new_words_are_pronounced_like_the_trained_ones(dictionary: Path):
    spelling = learn_spelling(read_dictionary(dictionary), "tiny.dict")
    assert spelling.predict("tat") == phonemes_of("T AE T")
    assert spelling.predict("bib") == phonemes_of("B IH B")
    assert spelling.predict("bax") == phonemes_of("B AE K S"), "one letter can represent two sounds"


def test_a_predictable_pronunciation_is_not_an_exception(dictionary: Path):
    spelling = learn_spelling(read_dictionary(dictionary), "tiny.dict")
    assert "bat" not in spelling.exceptions
    assert "read" in spelling.exceptions, "it has two pronunciations"


def test_a_word_with_more_phonemes_than_its_letters_allow_is_an_exception(tmp_path: Path):
    file = tmp_path / "long.dict"
    file.write_text("bat B AE T\nw D AH B AH L Y UW\n")
    spelling = learn_spelling(read_dictionary(file), "long.dict")
    assert spelling.pronunciations("w") == (phonemes_of("D AH B AH L Y UW"),)


def test_a_file_that_is_not_a_dictionary_is_reported(tmp_path: Path):
    file = tmp_path / "no.dict"
    file.write_text("These are words.\n\n1 2 3\n")
    with pytest.raises(WrongRequest, match=r"no\.dict has no line of the form: word W ER D"):
        read_dictionary(file)


def test_a_dictionary_in_latin_1_is_read_without_its_non_ascii_words(tmp_path: Path):
    file = tmp_path / "latin.dict"
    file.write_bytes("d\xe9j\xe0 D EY Z HH AA\nbat B AE T\n".encode("latin-1"))
    assert set(read_dictionary(file)) == {"bat"}
