"""What a load says about records of which it left something out."""

from dataclasses import replace

from hearsay.records.transcript import ModelTranscript
from indexer.ingest.validation import RecordProblems
from tests.support.rows import INTERVIEW


def test_further_transcripts_that_cannot_be_divided_are_counted_with_examples():
    problems = RecordProblems()
    for number in range(5):
        text = ModelTranscript("untimed", "the whole") if number < 4 else ModelTranscript("failed", error="no sound")
        problems.taken(replace(INTERVIEW, id=f"{number}.mp3", transcripts=(text,)))
    (sentence,) = problems.sentences()
    assert sentence.startswith(
        "4 clips of several passages whose further transcripts have no word times and were left out"
    )
    assert sentence.endswith(": 0.mp3, 1.mp3, 2.mp3, …")
