"""Learning: sound tables from clips whose transcripts stand beside what was really said."""

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
from indexer.errors import WrongRequest
from indexer.phonetics.alphabets import letters, plain
from indexer.phonetics.confusions import Stretch, learned, letter_prior, phoneme_prior, stretches
from indexer.phonetics.edit_distance import Costs
from indexer.phonetics.expansion import FEATURES, Expander
from indexer.phonetics.g2p import Spelling
from indexer.phonetics.lexicon import Lexicon
from indexer.phonetics.model import Sights, learned_from
from indexer.phonetics.tables import Tables
from indexer.phonetics.word_counts import Tally

SHORTEST: Final = 4
"""Letters of a word that is learned from."""

RAREST_SHARE: Final = 0.08
"""A word that more of the references have is not learned from: it is not the kind that people search for."""

MOST_CLIPS: Final = 5_000
"""Clips, evenly taken from more, that the regression looks at: plenty for its sixty weights, and what is kept of their
words takes memory."""

FEWEST: Final = 20
"""Clips with a misheard word below which nothing can be learned."""


@dataclass(frozen=True, slots=True)
class TranscriptPair:
    """The reference and the transcript of a clip, as tokens."""

    reference: tuple[str, ...]
    transcript: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Clips, the clips whose references and transcripts have each word, and the words that are worth learning from."""

    clips: Sequence[TranscriptPair]
    in_references: Mapping[str, frozenset[int]]
    in_transcripts: Mapping[str, frozenset[int]]
    asked: Sequence[str]

    @classmethod
    def of(cls, clips: Sequence[TranscriptPair]) -> "Corpus":
        in_references, in_transcripts = (
            _clips_by_word(clip.reference for clip in clips),
            _clips_by_word(clip.transcript for clip in clips),
        )
        most = RAREST_SHARE * len(clips)
        asked = sorted(word for word, places in in_references.items() if len(word) >= SHORTEST and len(places) < most)
        return cls(clips, in_references, in_transcripts, asked)

    def with_word(self, word: str) -> frozenset[int]:
        """The clips in which it was heard as it is."""
        return self.in_transcripts.get(word, frozenset())

    def with_all(self, members: Sequence[str]) -> frozenset[int]:
        """The clips that have a word, or both of a pair side by side."""
        places = frozenset.intersection(*map(self.with_word, members))
        if len(members) == 1:
            return places
        first, second = members
        return frozenset(place for place in places if (first, second) in pairwise(self.clips[place].transcript))


def learn(
    rows: Iterable[ClipRow],
    spelling: Spelling,
    source: str,
    lexicon: Lexicon | None = None,
    step: Callable[[int, int], None] | None = None,
) -> Tables:
    """The tables of rows with references and transcripts; a row that lacks one is passed over.

    ``lexicon`` is that of the index to be searched, by default that of the rows themselves; ``step`` is told how many
    words of how many were looked at. Raises `WrongRequest` where fewer than `FEWEST` clips hold a mishearing.
    """
    clips = [
        TranscriptPair(tuple(tokens(row.text)), tuple(tokens(row.generated_text)))
        for row in rows
        if row.text and row.generated_text
    ]
    misheard = [stretch for clip in clips for stretch in stretches(clip.reference, clip.transcript)]
    if len(misheard) < FEWEST:
        raise WrongRequest(
            f"{len(clips)} clips have both text and generated_text, with {len(misheard)} mishearings between them; "
            f"learning takes at least {FEWEST}"
        )
    lexicon = lexicon or _lexicon(clips, spelling)
    phonemes, spelled = _phoneme_costs(clips, misheard, spelling), _letter_costs(clips, misheard)
    tables = Tables(phonemes, spelled, np.zeros((2, len(FEATURES))), 1.0, lexicon.passages, source)
    corpus = Corpus.of(clips[:: math.ceil(len(clips) / MOST_CLIPS)])
    sights = _sights(corpus, Expander(lexicon, tables, spelling), step or _untold)
    return replace(tables, weights=learned_from(sights), unseen=_unseen(corpus, sights))


def _untold(_done: int, _total: int) -> None:
    """Nobody wants to know how far it is."""


def _lexicon(clips: Sequence[TranscriptPair], spelling: Spelling) -> Lexicon:
    tally = Tally()
    for clip in clips:
        tally.add(" ".join(clip.transcript))
    return Lexicon.of(tally, spelling)


def _phoneme_costs(clips: Sequence[TranscriptPair], misheard: Sequence[Stretch], spelling: Spelling) -> Costs:
    def sound(words: Iterable[str]) -> bytes:
        return b"".join(next(iter(spelling.pronunciations(plain(word))), b"") for word in words)

    pairs = [(sound(said.split()), sound(heard.split())) for said, heard in misheard]
    seen = Counter(symbol for clip in clips for symbol in sound(clip.reference))
    return learned([pair for pair in pairs if pair[0] != pair[1]], seen, phoneme_prior())


def _letter_costs(clips: Sequence[TranscriptPair], misheard: Sequence[Stretch]) -> Costs:
    pairs = [(letters(plain(said)), letters(plain(heard))) for said, heard in misheard]
    seen = Counter(symbol for clip in clips for symbol in letters(plain(" ".join(clip.reference))))
    return learned(pairs, seen, letter_prior())


def _sights(corpus: Corpus, expander: Expander, step: Callable[[int, int], None]) -> Sights:
    """For each word that is asked for, the candidates for it and the clips that have these.

    Clips that have the word as heard are no evidence, since nobody guesses there.
    """
    found: list[_Seen] = []
    for number, word in enumerate(corpus.asked):
        for entries in (expander.lexicon.single, expander.lexicon.double):
            candidates = expander.candidates(word, entries)
            for row, features in zip(candidates.rows, candidates.features, strict=True):
                members = [expander.lexicon.words[member] for member in entries.members[row]]
                if places := corpus.with_all(members) - corpus.with_word(word):
                    searches = np.fromiter(places, np.int64) + number * len(corpus.clips)
                    is_right = np.fromiter((place in corpus.in_references[word] for place in places), np.bool_)
                    found.append(_Seen(features, len(members) > 1, searches, is_right))
        step(number + 1, len(corpus.asked))
    return _as_sights(found)


def _unseen(corpus: Corpus, sights: Sights) -> float:
    """The share of words said that left no sight, as if one more word had left one, and one more none (Laplace)."""
    said = sum(len(corpus.in_references[word]) for word in corpus.asked)
    lost = sum(len(corpus.in_references[word] - corpus.with_word(word)) for word in corpus.asked)
    seen = len(np.unique(sights.search[sights.is_right]))
    return (lost - seen + 1) / (said + 2)


class _Seen(NamedTuple):
    """A candidate for a word, the searches that it was seen in, and in which of them it was right."""

    features: NDArray[np.float64]
    is_pair: bool
    searches: NDArray[np.int64]
    is_right: NDArray[np.bool_]


def _as_sights(found: Sequence[_Seen]) -> Sights:
    searches = np.concatenate([seen.searches for seen in found]) if found else np.empty(0, np.int64)
    return Sights(
        np.array([seen.features for seen in found]).reshape(-1, len(FEATURES)),
        np.array([seen.is_pair for seen in found], np.bool_),
        np.repeat(np.arange(len(found)), [len(seen.searches) for seen in found]),
        np.unique(searches, return_inverse=True)[1],
        np.concatenate([seen.is_right for seen in found]) if found else np.empty(0, np.bool_),
    )


def _clips_by_word(transcripts: Iterable[Sequence[str]]) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for number, words in enumerate(transcripts):
        for word in words:
            found[word].add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}
