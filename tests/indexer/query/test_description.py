from itertools import product

import pytest

from indexer.query.builder import MODES
from indexer.query.description import describe_query
from indexer.query.parser import parse
from indexer.query.syntax_tree import (
    Conjunction,
    Disjunction,
    FieldQuery,
    Negation,
    PhraseQuery,
    PrefixQuery,
    RangeQuery,
    SyntaxTree,
    WordQuery,
)

DOG = WordQuery("dog")
PHRASE = PhraseQuery(("the", "old", "man"))


def meaning(text: str, mode: str = "forgiving") -> str:
    return describe_query(parse(text).tree, mode)


@pytest.mark.parametrize(
    ("mode", "one", "two"),
    [
        (
            "exact",
            "clips where “dog” was said, as typed or in another form",
            "clips where “dog” and “cat” were said, as typed or in another form",
        ),
        (
            "forgiving",
            "clips where “dog” was said, as typed or in another form",
            "clips where “dog” and “cat” were said, as typed or in another form",
        ),
        ("any", "clips where “dog” was said", "clips where any of “dog” or “cat” was said"),
        ("baseline", "clips where “dog” was said", "clips where any of “dog” or “cat” was said"),
    ],
)
def test_the_description_says_how_each_mode_searches_for_words(mode: str, one: str, two: str):
    assert meaning("dog", mode) == one
    assert meaning("dog cat", mode) == two


def test_an_empty_query_means_all_clips_and_one_without_words_means_no_clips():
    for mode in MODES:
        assert meaning("", mode) == "all clips"
        assert meaning("?!", mode) == "no clips"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a b c", "clips where “a”, “b” and “c” were said, as typed or in another form"),
        ("dog OR cat", "clips where “dog” or “cat” was said, as typed or in another form"),
        ("fox dog OR cat", "clips where “fox” and either “dog” or “cat” were said, as typed or in another form"),
        ("fox~", "clips where “fox” was said, as typed or in another form"),
        ('"the old man"', "clips with “the old man” in a row"),
        ("smi*", "clips with a word beginning with “smi”"),
        ("京都大学", "clips with “京都大学”"),
        ('"京都 東京"', "clips with “京都 東京” in a row"),
        ('"a b" OR smi*', "clips with “a b” in a row or a word beginning with “smi”"),
        (
            '"a b" c* OR d*',
            "clips with “a b” in a row and either a word beginning with “c” or a word beginning with “d”",
        ),
        ("-dog", "clips other than those where “dog” was said"),
        ("-dog -duration:2-8", "clips other than those where “dog” was said or those lasting 2 to 8 seconds"),
    ],
)
def test_words_phrases_and_prefixes_are_described_in_english(text: str, sentence: str):
    assert meaning(text, "?") == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('dog "the old man"', "and “the old man” in a row"),
        ("dog -cat", "but not “cat”"),
        ('dog -cat -"the old man"', "but not “cat” or “the old man” in a row"),
        ("dog -well-known", "but not those where “well” and “known” were said"),
        ("dog -age:teens", "but not those from speakers in their teens"),
        ("dog accent:england", "from speakers with the accent England"),
        ("dog duration:2-8", "lasting 2 to 8 seconds"),
    ],
)
def test_further_conditions_are_described_after_the_words(text: str, sentence: str):
    assert meaning(text) == f"clips where “dog” was said, as typed or in another form, {sentence}"


def test_mode_baseline_is_described_as_any_of_the_words():
    assert meaning('dog "a b" -cat', "baseline") == "clips where any of “dog” or “a b” in a row was said, but not “cat”"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("accent:us,newzealand", "from speakers with the accent United States or New Zealand"),
        ("accent:england,unknown", "from speakers with the accent England or with no accent given"),
        ("age:fourties OR age:teens", "from speakers in their forties or teens"),
        ("gender:female", "from speakers of the gender female"),
        ("emotion:fear sentiment:negative", "with the emotion fear, with the sentiment negative"),
        ("dataset:cv clip:cv/a.mp3", "from the dataset cv, from the recording cv/a.mp3"),
        ("asr_model:x ser_model:y", "transcribed by x, with an emotion predicted by y"),
        ("error:unknown", "with no error given"),
        ("text:dog,unknown", "with “dog” or “unknown” in the reference"),
        ("extra.my_column:x extra.{}:{0}", "with the my column x, with the {} {0}"),
        ("duration:1", "lasting 1 second"),
        ("duration:0.25-1", "lasting 0.25 to 1 second"),
        ("duration:-8", "lasting at most 8 seconds"),
        ("duration:1000000-", "lasting at least 1000000 seconds"),
        ("duration:1-2,5-", "either lasting 1 to 2 seconds or lasting at least 5 seconds"),
        (
            "start:26- end:-50",
            "starting at least 26 seconds into the recording, ending at most 50 seconds into the recording",
        ),
        ("wer:.5- confidence:.5", "with a word error rate of at least 0.5, with a confidence of 0.5"),
        ("emotion_score:0-.5", "with an emotion score of 0 to 0.5"),
        ("up_votes:2- down_votes:1", "with at least 2 up votes, with 1 down vote"),
        ("duration:unknown", "other than those with a known duration"),
        ("dog OR age:teens", "either where “dog” was said or from speakers in their teens"),
    ],
)
def test_fields_and_numbers_are_described_in_english(text: str, sentence: str):
    assert meaning(text) == f"clips {sentence}"


LEAVES = (
    DOG,
    WordQuery("fox", sounds_like=True),
    PHRASE,
    PrefixQuery("smi"),
    FieldQuery("age", "teens"),
    RangeQuery("wer", 1, None),
)


def trees() -> list[SyntaxTree]:
    """Every tree of two levels above some leaves, and with empty nodes inside others, which no typed query has."""
    small: list[SyntaxTree] = [*LEAVES, Conjunction(()), Disjunction(()), *map(Negation, LEAVES)]
    pairs = [kind(pair) for kind in (Conjunction, Disjunction) for pair in product(small, repeat=2)]
    return [
        *small,
        *pairs,
        *map(Negation, pairs),
        *(Disjunction((pair, DOG)) for pair in pairs),
        *(Conjunction((pair, DOG)) for pair in pairs),
    ]


@pytest.mark.parametrize("mode", MODES)
def test_any_tree_is_described_in_one_sentence(mode: str):
    for tree in trees():
        sentence = describe_query(tree, mode)
        assert sentence.startswith(("clips ", "all clips", "no clips")), tree
        assert not any(wrong in sentence for wrong in ("  ", ",,", " ,", "either either", "None", "not not")), sentence
        assert not sentence.endswith((" ", ",", " or", " and", " not")), sentence


def test_quotes_in_a_value_are_unchanged():
    assert describe_query(FieldQuery("extra.note", '<b>"x"</b>'), "exact") == 'clips with the note <b>"x"</b>'
