"""Documents: what engines index of a passage, the same for all of them."""

from typing import Any, Final

from clips.normalise import tokens
from indexer.fields import FIELDS
from indexer.passages import Passage
from indexer.stems import stem

SENTINEL: Final = "∅"
"""Stands where a text has no token, so that engines agree on how many documents there are and how long they are.

It is no letter, so nobody's words ever become it.
"""

LONGEST_KEYWORD: Final = 1000
"""Characters of a value that can be filtered and counted; a longer one is kept, given back, and counted as unknown."""

TOKEN_FIELDS: Final = tuple(field.name for field in FIELDS if field.kind == "tokens")
"""What a document has beside its passage's source."""

SCHEMA: Final = 2
"""Raised when documents change so that an index has to be loaded anew."""


def document_of(passage: Passage) -> dict[str, Any]:
    """The passage's source with the token fields of `indexer.fields` beside it, each a text split by single spaces."""
    heard = tokens(passage.row.generated_text) or [SENTINEL]
    reference = tokens(passage.row.text) or [SENTINEL]
    return passage.source() | {
        "tokens": " ".join(heard),
        "stems": " ".join(map(stem, heard)),
        "text_tokens": " ".join(reference),
    }
