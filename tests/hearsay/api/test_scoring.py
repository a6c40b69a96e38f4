"""Word error rate from Python."""

import pytest

import hearsay


def test_errors_are_counted_by_kind_over_all_texts():
    references = ["the blacksmith put down his hammer", "It's very late!"]
    hypotheses = ["the black smith put down his hammer", "its late"]
    rate = hearsay.word_error_rate(references, hypotheses, normalizer="plain")
    assert (rate.substitutions, rate.deletions, rate.insertions) == (1, 1, 1)
    assert (rate.reference_words, rate.texts, rate.left_out) == (9, 2, 0)
    assert rate.rate == 3 / 9


def test_english_spelling_variants_are_not_errors():
    texts = ["he won't pay twenty two dollars", "the colour of it"], ["He will not pay $22.", "The color of it"]
    rate = hearsay.word_error_rate(*texts)
    assert (rate.rate, rate.normalizer.split()[0]) == (0, "whisper-normalizer")
    plain = hearsay.word_error_rate(*texts, normalizer="plain")
    assert (plain.rate, plain.normalizer.split("(")[0]) == (6 / 10, "the plain normaliser ")
    assert hearsay.word_error_rate(*texts, language="de").rate == plain.rate


def test_chinese_is_counted_by_character():
    rate = hearsay.word_error_rate("今天天气很好", "今天天氣很好")
    assert (rate.reference_words, rate.substitutions) == (6, 1)


def test_the_interval_contains_the_rate_and_is_reproducible():
    references, hypotheses = ["a b c d"] * 40, ["a b c d", "a b x d"] * 20
    rate = hearsay.word_error_rate(references, hypotheses)
    assert rate.interval is not None
    low, high = rate.interval
    assert 0.05 < low < (rate.rate or 0) < high < 0.2
    assert hearsay.word_error_rate(references, hypotheses) == rate


def test_texts_of_one_speaker_are_resampled_together():
    references = ["a b c d"] * 40
    hypotheses = ["a b c d"] * 20 + ["a b x x"] * 20
    by_text = hearsay.word_error_rate(references, hypotheses).interval
    by_speaker = hearsay.word_error_rate(references, hypotheses, speakers=["one"] * 20 + ["two"] * 20).interval
    assert by_text is not None
    assert by_speaker == (0.0, 0.5)
    assert by_text[1] - by_text[0] < 0.5


def test_a_single_text_has_a_rate_but_no_interval():
    rate = hearsay.word_error_rate("a b", "a c")
    assert (rate.rate, rate.interval) == (0.5, None)


def test_texts_without_reference_words_are_excluded_and_counted():
    rate = hearsay.word_error_rate(["", "a b"], ["noise", "a b"])
    assert (rate.rate, rate.texts, rate.left_out) == (0.0, 1, 1)
    nothing = hearsay.word_error_rate([], [])
    assert (nothing.rate, nothing.interval) == (None, None)
    assert str(nothing) == "no word error rate: no reference has a word"


def test_a_rate_is_displayed_in_a_terminal_and_in_a_notebook():
    rate = hearsay.word_error_rate(["a b c d"] * 2, ["a b c d", "a b c x"])
    assert str(rate) == "word error rate 12.5 % · 95 % interval 0.0 % to 25.0 % · 8 words"
    assert "<td" in rate._repr_html_()
    assert "12.5 %" in rate._repr_html_()


@pytest.mark.parametrize(
    ("hypotheses", "speakers", "sentence"),
    [
        (["a"], None, "there are 2 references and 1 hypotheses"),
        (["a", "b"], ["one"], "there are 2 texts and 1 speakers"),
    ],
)
def test_lists_of_different_lengths_are_an_error(hypotheses: list[str], speakers: list[str] | None, sentence: str):
    with pytest.raises(hearsay.BadArgument, match=sentence):
        hearsay.word_error_rate(["a", "b"], hypotheses, speakers=speakers)


def test_an_unknown_normalizer_is_reported():
    with pytest.raises(hearsay.BadArgument, match="no normalizer loud; there are whisper, plain"):
        hearsay.word_error_rate("a", "a", normalizer="loud")  # type: ignore[arg-type]
