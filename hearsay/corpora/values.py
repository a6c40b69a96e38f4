"""Spellings of ages, genders, accents and splits: one table per field gives each a canonical value and a label.

Sources: the clip tables of Common Voice (corpus 1 to 27), VCTK's ``speaker-info.txt`` and CREMA-D's
``VideoDemographics.csv``. Canonical values are those of Common Voice's first corpus where it has one, because indexes
and addresses use them.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

UNKNOWN: Final = "unknown"
"""A value that counts as empty, in any case."""


@dataclass(frozen=True, slots=True)
class Value:
    """A canonical value of a field, its label for people, and other spellings of it in corpora."""

    name: str
    label: str
    spellings: tuple[str, ...] = ()


VALUES: Final[Mapping[str, tuple[Value, ...]]] = {
    "age": (
        Value("teens", "teens"),
        Value("twenties", "twenties", ("20s", "20's")),
        Value("thirties", "thirties", ("30s", "30's")),
        Value("fourties", "forties", ("40s", "40's")),  # Common Voice's spelling
        Value("fifties", "fifties", ("50s", "50's")),
        Value("sixties", "sixties", ("60s", "60's")),
        Value("seventies", "seventies", ("70s", "70's")),
        Value("eighties", "eighties", ("80s", "80's")),
        Value("nineties", "nineties", ("90s", "90's")),
    ),
    "gender": (
        Value("female", "female", ("f", "woman", "female_feminine")),
        Value("male", "male", ("m", "man", "male_masculine")),
        Value("non-binary", "non-binary", ("nonbinary", "non binary")),
        Value("transgender", "transgender"),
        Value("intersex", "intersex"),
        Value("other", "other"),
        Value("do_not_wish_to_say", "not disclosed"),
    ),
    "accent": (
        Value("us", "United States", ("United States English", "American", "American English")),
        Value("england", "England", ("England English", "English")),
        Value(
            "indian",
            "India and South Asia",
            ("India and South Asia (India, Pakistan, Sri Lanka)", "Indian English"),
        ),
        Value("australia", "Australia", ("Australian English", "Australian")),
        Value("canada", "Canada", ("Canadian English", "Canadian")),
        Value("scotland", "Scotland", ("Scottish English", "Scottish")),
        Value(
            "african",
            "Southern Africa",
            ("Southern African (South Africa, Zimbabwe, Namibia)", "SouthAfrican", "South African", "South Africa"),
        ),
        Value("newzealand", "New Zealand", ("New Zealand English",)),
        Value("ireland", "Ireland", ("Irish English", "Irish")),
        Value("northernireland", "Northern Ireland", ("NorthernIrish", "Northern Irish")),
        Value("philippines", "Philippines", ("Filipino",)),
        Value("wales", "Wales", ("Welsh English", "Welsh")),
        Value(
            "bermuda",
            "Bermuda and West Indies",
            ("West Indies and Bermuda (Bahamas, Bermuda, Jamaica, Trinidad)",),
        ),
        Value("malaysia", "Malaysia", ("Malaysian English", "Malaysian")),
        Value("singapore", "Singapore", ("Singaporean English", "Singaporean")),
        Value("hongkong", "Hong Kong", ("Hong Kong English",)),
        Value("southatlandtic", "South Atlantic", ("South Atlantic (Falkland Islands, Saint Helena)",)),
    ),
    "split": (
        Value("train", "train", ("training",)),
        Value("dev", "dev", ("valid", "validation", "development")),
        Value("test", "test", ("testing", "eval")),
        Value("validated", "validated"),
        Value("invalidated", "invalidated", ("invalid",)),
        Value("other", "other"),
    ),
}
"""The canonical values of each field, in the order in which people expect them."""

SEVERAL: Final = frozenset({"accent", "split"})
"""Fields whose cells may hold several values, separated by commas outside brackets."""

COMMA: Final = re.compile(r",(?![^(]*\))")
"""A comma outside brackets."""
_YEARS: Final = re.compile(
    r"([1-9])(?:\d(?:\.0+)?|0['’]?s)"
)  # pandas writes a column of whole numbers with gaps as 23.0


def fold(text: str) -> str:
    """The text without differences in case, spaces and Unicode form."""
    return unicodedata.normalize("NFC", " ".join(text.split()).casefold())


_BY_SPELLING: Final[Mapping[str, Mapping[str, Value]]] = {
    field: {fold(text): value for value in values for text in (value.name, value.label, *value.spellings)}
    for field, values in VALUES.items()
}
_DECADES: Final = {str(number): value.name for number, value in enumerate(VALUES["age"], 1)}


def known_values(field: str) -> tuple[str, ...]:
    """The canonical values of a field."""
    return tuple(value.name for value in VALUES[field])


@lru_cache(maxsize=50_000)
def key(field: str, text: str) -> str:
    """The common key of all spellings of a value: its canonical value, or its `fold`."""
    folded = fold(text)
    value = _BY_SPELLING[field].get(folded)
    return value.name if value else folded


@lru_cache(maxsize=50_000)
def label(field: str, text: str) -> str:
    """The label of a cell or value: ``forties`` for ``fourties``; values that are not in the table stay as they are."""
    values = _BY_SPELLING[field]
    return ", ".join(values[fold(part)].label if fold(part) in values else part for part in parts(field, text))


@lru_cache(maxsize=50_000)
def parts(field: str, cell: str) -> tuple[str, ...]:
    """The values in a cell, unchanged except for surrounding spaces; none if the cell says `UNKNOWN`."""
    found: dict[str, str] = {}
    for part in COMMA.split(cell) if field in SEVERAL else [cell]:
        found.setdefault(fold(part), " ".join(part.split()))
    return tuple(part for folded, part in found.items() if folded not in ("", UNKNOWN))


@lru_cache(maxsize=50_000)
def facet_values(field: str, cell: str) -> tuple[str, ...]:
    """The values under which a cell is counted: canonical ones, and those that are not in the table as they are.

    An age in years is counted under its decade.
    """
    return tuple(dict.fromkeys(_facet_value(field, part) for part in parts(field, cell)))


def _facet_value(field: str, part: str) -> str:
    if value := _BY_SPELLING[field].get(fold(part)):
        return value.name
    if field == "age" and (years := _YEARS.fullmatch(part)):
        return _DECADES[years[1]]
    return part


@lru_cache(maxsize=50_000)
def keys(field: str, cell: str) -> tuple[str, ...]:
    """Every `key` by which a cell is found: of its values, of those it is counted under, and of the whole cell."""
    texts = (*parts(field, cell), *facet_values(field, cell))
    return tuple(dict.fromkeys([*(key(field, text) for text in texts), *_whole(field, cell)]))


def _whole(field: str, cell: str) -> Iterator[str]:
    if len(parts(field, cell)) > 1:
        yield key(field, cell)
