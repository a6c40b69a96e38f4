"""A small corpus for the commands of the index, and a search of it as JSON."""

import json
from typing import Any

import pytest

from indexer.cli.command_line import main

CORPUS = """\
filename,text,age,gender,accent,duration
cv/1.mp3,the boy runs,twenties,male,us,2.0
cv/2.mp3,the boys run,fourties,female,england,5.5
cv/3.mp3,a girl,,,,9.0
cv/4.mp3,never transcribed,,,,
"""
TRANSCRIPTS = """\
filename,generated_text,emotion,sentiment,error,confidence,asr_model
cv/1.mp3,THE BOY RUNS,happiness,positive,,0.95,one/large
cv/2.mp3,THE BOYS RAN,uncertain,uncertain,,0.5,one/large
cv/3.mp3,A GIRL,,,,,
cv/4.mp3,,,,no sound in it,,
"""


def search_json(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["search", *words, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer
