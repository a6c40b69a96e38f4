"""A number with its noun, as sentences have it."""


def counted(number: int, noun: str) -> str:
    """``1 clip``, ``1,860 clips``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
