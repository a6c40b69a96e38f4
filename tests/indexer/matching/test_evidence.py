"""What was transcribed in place of words, and how well these fit there."""

import pytest

from hearsay.records.clip import ClipRow
from hearsay.records.transcript import Alternative, Word
from indexer.matching.evidence import UNKNOWN_CONFIDENCE, EvidenceFinder, LostWord, Transcribed
from indexer.matching.search import Finder, evidence_finder
from indexer.passages import passages_of
from indexer.phonetics.expansion import Expansion
from indexer.query.explanation import QueryTerm
from tests.support.finders import finder_over

DOUBTED = ClipRow(
    "doubted.mp3",
    generated_text="THE WALL WAS PANTED RED",
    words=(
        Word("PANTED", 1.0, 1.5, 0.4, (Alternative("painted", 0.31),)),
        Word("RED", 1.5, 2.0, 0.9, (Alternative("xylophone", 0.2),)),
    ),
)
ROWS = (
    ClipRow("fits.mp3", generated_text="THE WALL WAS VAINTED RED"),
    ClipRow("twice.mp3", generated_text="PANTED THE WALL WAS VAINTED"),
    ClipRow("split.mp3", generated_text="THE BLACK SMITH RAN"),
    ClipRow("said.mp3", generated_text="HE PAINTS"),
    ClipRow("nonsense.mp3", generated_text="ZZYX VAINTED GRUMPF"),
    ClipRow("empty.mp3"),
    DOUBTED,
)
NUMBERS = {row.id: number for number, row in enumerate(ROWS)}


def transcribed(row: ClipRow) -> Transcribed:
    (passage,) = passages_of(row)
    return Transcribed.of(passage)


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    return finder_over(ROWS, tmp_path_factory.mktemp("evidence"))


@pytest.fixture(scope="module")
def evidence(finder: Finder) -> EvidenceFinder:
    return evidence_finder(finder.planner)


def lost(finder: Finder, evidence: EvidenceFinder, word: str) -> dict[str, LostWord]:
    """The evidence for a word by clip."""
    (term,) = finder.planner.plan(word).terms
    found = evidence.lost(term, [transcribed(row) for row in ROWS])
    return {ROWS[number].id: one for number, one in found.items()}


def test_a_transcript_has_the_places_of_its_tokens():
    found = transcribed(ClipRow("a", generated_text="No, no: ZZYX painted"))
    assert found.tokens == ("no", "no", "zzyx", "painted")
    assert found.places["no"] == [0, 1]
    assert found.unknown == (False, False, True, False)
    assert found.share_unknown == 0.25
    assert transcribed(ClipRow("a")).share_unknown == 0.0


@pytest.mark.parametrize(
    ("term", "is_there"),
    [
        (QueryTerm("painted", "paint"), True),
        (QueryTerm("painting", "paint"), True),
        (QueryTerm("paint*"), True),
        (QueryTerm("pant*"), False),
        (QueryTerm("ainted", "aint"), False),
    ],
    ids=lambda value: getattr(value, "word", str(value)),
)
def test_a_word_is_matched_as_word_as_stem_and_as_prefix(term: QueryTerm, is_there: bool):
    assert transcribed(ClipRow("a", generated_text="He painted it")).matches(term) == is_there


def test_tokens_and_neighbouring_pairs_are_found_where_they_are():
    found = transcribed(ClipRow("a", generated_text="black smith and smith black smith"))
    assert sorted(found.found({("black", "smith"): 3, ("and",): 1})) == [(0, 3), (2, 1), (4, 3)]


def test_only_transcripts_without_the_word_have_evidence_for_it(finder: Finder, evidence: EvidenceFinder):
    found = lost(finder, evidence, "painted")
    assert {"fits.mp3", "twice.mp3", "nonsense.mp3", "doubted.mp3"} <= found.keys()
    assert not {"said.mp3", "empty.mp3"} & found.keys(), "another form was said, or nothing at all"


def test_the_best_of_several_pieces_of_evidence_is_chosen(finder: Finder, evidence: EvidenceFinder):
    found = lost(finder, evidence, "painted")["twice.mp3"]
    assert found.expansion is not None
    assert (found.expansion.tokens, found.at) == (("vainted",), 4)


def test_a_pair_is_evidence_at_the_place_of_its_first_word(finder: Finder, evidence: EvidenceFinder):
    found = lost(finder, evidence, "blacksmith")["split.mp3"]
    assert found.expansion is not None
    assert (found.expansion.tokens, found.at) == (("black", "smith"), 1)


def test_a_word_that_fits_its_neighbours_better_than_what_was_transcribed_has_more_context(
    evidence: EvidenceFinder,
):
    term = QueryTerm("painted", "paint", (Expansion(("vainted",), 0.9),))
    texts = ("THE WALL WAS VAINTED RED", "OF VAINTED THE")
    found = evidence.lost(term, [transcribed(ClipRow("a", generated_text=text)) for text in texts])
    assert found[0].before > found[1].before
    assert found[0].context > found[1].context
    assert found[0].posterior == found[1].posterior, "which does not depend on the neighbours"


def test_neighbours_that_are_no_words_are_counted(finder: Finder, evidence: EvidenceFinder):
    found = lost(finder, evidence, "painted")
    assert (found["nonsense.mp3"].unknown_neighbours, found["fits.mp3"].unknown_neighbours) == (1.0, 0.0)


def test_confidences_of_the_speech_model_are_those_of_what_was_transcribed(finder: Finder, evidence: EvidenceFinder):
    found = lost(finder, evidence, "painted")
    assert (found["doubted.mp3"].confidence, found["doubted.mp3"].alternative) == (0.4, 0.31)
    assert (found["fits.mp3"].confidence, found["fits.mp3"].alternative) == (UNKNOWN_CONFIDENCE, 0.0)


def test_an_alternative_alone_is_evidence(finder: Finder, evidence: EvidenceFinder):
    found = evidence.lost(QueryTerm("xylophone", "xylophon"), [transcribed(row) for row in ROWS])
    assert list(found) == [NUMBERS["doubted.mp3"]]
    (one,) = found.values()
    assert (one.expansion, one.alternative) == (None, 0.2)
    assert one.log_odds < -5


def test_an_improbable_expansion_has_a_lower_rank_and_log_odds(evidence: EvidenceFinder):
    several = (Expansion(("vainted",), 0.9), Expansion(("wall",), 0.01))
    term = QueryTerm("painted", "paint", several)
    first, second = (
        evidence.lost(term, [transcribed(ClipRow("a", generated_text=text))])[0] for text in ("VAINTED", "WALL")
    )
    assert (first.rank, second.rank) == (0, 1)
    assert first.log_odds > 0 > second.log_odds


def test_without_expansions_there_is_no_evidence(evidence: EvidenceFinder):
    assert evidence.lost(QueryTerm("painted", "paint"), [transcribed(row) for row in ROWS[:5]]) == {}
    assert evidence.lost(QueryTerm("painted", "paint"), []) == {}
