"""Training of the phonetic tables, from clips with both a reference and a transcript."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hearsay.records.clip import ClipRow
from hearsay.text.normalize import tokens
from hearsay.text.wer import align
from indexer.errors import WrongRequest
from indexer.phonetics.alphabets import letters, plain
from indexer.phonetics.confusion_table import ConfusionTable
from indexer.phonetics.confusions import SymbolPair, learned_costs, letter_prior, phoneme_prior
from indexer.phonetics.edit_distance import Costs
from indexer.phonetics.expansion import FEATURES, NEAREST_TO_TRAIN, Expander
from indexer.phonetics.g2p import G2pModel
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.model import Observations, fitted_weights
from indexer.phonetics.probability import UNFITTED
from indexer.phonetics.tables import Tables
from indexer.phonetics.word_counts import WordCounter

SHORTEST: Final = 4
"""Letters of the shortest words that the regression is trained on."""

RAREST_SHARE: Final = 0.08
"""Words in more than this share of the references are not trained on, because people rarely search for them alone."""

MOST_CLIPS: Final = 5_000
"""Clips that the regression is trained on, evenly selected if there are more: enough for its sixty weights, and their
words take memory."""

FEWEST: Final = 20
"""Misrecognitions that training requires."""


@dataclass(frozen=True, slots=True)
class TranscriptPair:
    """Reference and transcript of a clip, as tokens."""

    reference: tuple[str, ...]
    transcript: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrainingClips:
    """Clips, the numbers of those whose reference and transcript contain each word, and the words to train on
    (``words``).
    """

    clips: Sequence[TranscriptPair]
    in_references: Mapping[str, frozenset[int]]
    in_transcripts: Mapping[str, frozenset[int]]
    words: Sequence[str]

    @classmethod
    def of(cls, clips: Sequence[TranscriptPair]) -> "TrainingClips":
        in_references, in_transcripts = (
            _clips_by_word(clip.reference for clip in clips),
            _clips_by_word(clip.transcript for clip in clips),
        )
        most = RAREST_SHARE * len(clips)
        words = sorted(word for word, places in in_references.items() if len(word) >= SHORTEST and len(places) < most)
        return cls(clips, in_references, in_transcripts, words)

    def with_word(self, word: str) -> frozenset[int]:
        """The clips whose transcript contains the word."""
        return self.in_transcripts.get(word, frozenset())

    def with_all(self, members: Sequence[str]) -> frozenset[int]:
        """The clips whose transcript contains a word, or both words of a pair next to each other."""
        places = frozenset.intersection(*map(self.with_word, members))
        if len(members) == 1:
            return places
        first, second = members
        return frozenset(place for place in places if (first, second) in pairwise(self.clips[place].transcript))


def learn(
    rows: Iterable[ClipRow],
    g2p: G2pModel,
    source: str,
    lexicon: Lexicon | None = None,
    step: Callable[[int, int], None] = lambda _done, _total: None,
) -> Tables:
    """The phonetic tables trained on records with both a reference and a transcript; others are ignored.

    ``lexicon`` is that of the index to search, by default that of the records themselves. ``step`` is called with the
    number of words done and their total. ``source`` describes the training data. Raises `WrongRequest` if the
    transcripts contain fewer than `FEWEST` misrecognitions.
    """
    clips = [
        TranscriptPair(tuple(tokens(row.text)), tuple(tokens(row.generated_text)))
        for row in rows
        if row.text and row.generated_text
    ]
    confusions = ConfusionTable.of(align(clip.reference, clip.transcript) for clip in clips)
    if (number := confusions.spans.total()) < FEWEST:
        raise WrongRequest(
            f"{len(clips)} clips have both text and generated_text, and they contain {number} misrecognitions; "
            f"learning requires at least {FEWEST}"
        )
    if not lexicon:
        counter = WordCounter()
        for clip in clips:
            counter.add(" ".join(clip.transcript))
        lexicon = Lexicon.of(counter, g2p)
    phonemes, spelled = _phoneme_costs(clips, confusions, g2p), _letter_costs(clips, confusions)
    tables = Tables(phonemes, spelled, np.zeros((2, len(FEATURES))), 1.0, UNFITTED, lexicon.passages, source)
    corpus = TrainingClips.of(clips[:: math.ceil(len(clips) / MOST_CLIPS)])
    observations = _observations(corpus, Expander(lexicon, tables, g2p), step)
    spoken = sum(len(corpus.in_references[word]) for word in corpus.words)
    lost = sum(len(corpus.in_references[word] - corpus.with_word(word)) for word in corpus.words)
    seen = len(np.unique(observations.search[observations.is_right]))
    return replace(tables, weights=fitted_weights(observations), unseen=(lost - seen + 1) / (spoken + 2))


def _phoneme_costs(clips: Sequence[TranscriptPair], confusions: ConfusionTable, g2p: G2pModel) -> Costs:
    def phonemes(words: Iterable[str]) -> bytes:
        return b"".join(next(iter(g2p.pronunciations(plain(word))), b"") for word in words)

    pairs: Counter[SymbolPair] = Counter()
    for (reference, recognised), times in confusions.spans.items():
        pairs[phonemes(reference.split()), phonemes(recognised.split())] += times
    occurrences = Counter(symbol for clip in clips for symbol in phonemes(clip.reference))
    return learned_costs(
        {pair: times for pair, times in pairs.items() if pair[0] != pair[1]}, occurrences, phoneme_prior()
    )


def _letter_costs(clips: Sequence[TranscriptPair], confusions: ConfusionTable) -> Costs:
    pairs: Counter[SymbolPair] = Counter()
    for (reference, recognised), times in confusions.spans.items():
        pairs[letters(plain(reference)), letters(plain(recognised))] += times
    occurrences = Counter(symbol for clip in clips for symbol in letters(plain(" ".join(clip.reference))))
    return learned_costs(pairs, occurrences, letter_prior())


def _observations(corpus: TrainingClips, expander: Expander, step: Callable[[int, int], None]) -> Observations:
    """For each word to train on, its candidates and the clips that contain them.

    Clips whose transcript contains the word itself are left out, because no expansion is needed there.
    """
    found: list[_Candidate] = []
    for number, word in enumerate(corpus.words):
        for entries in (expander.lexicon.single, expander.lexicon.double):
            candidates = expander.candidates(word, entries, NEAREST_TO_TRAIN)
            for row, features in zip(candidates.rows, candidates.features, strict=True):
                members = [expander.lexicon.words[member] for member in entries.members[row]]
                if places := corpus.with_all(members) - corpus.with_word(word):
                    searches = np.fromiter(places, np.int64) + number * len(corpus.clips)
                    is_right = np.fromiter((place in corpus.in_references[word] for place in places), np.bool_)
                    found.append(_Candidate(features, len(members) > 1, searches, is_right))
        step(number + 1, len(corpus.words))
    occurrences = np.concatenate([seen.searches for seen in found]) if found else np.empty(0, np.int64)
    return Observations(
        np.array([seen.features for seen in found]).reshape(-1, len(FEATURES)),
        np.array([seen.is_pair for seen in found], np.bool_),
        np.repeat(np.arange(len(found)), [len(seen.searches) for seen in found]),
        np.unique(occurrences, return_inverse=True)[1],
        np.concatenate([seen.is_right for seen in found]) if found else np.empty(0, np.bool_),
    )


class _Candidate(NamedTuple):
    """A candidate for a word, the searches in which it occurs, and those in which the word was said."""

    features: NDArray[np.float64]
    is_pair: bool
    searches: NDArray[np.int64]
    is_right: NDArray[np.bool_]


def _clips_by_word(transcripts: Iterable[Sequence[str]]) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for number, words in enumerate(transcripts):
        for word in words:
            found[word].add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}
