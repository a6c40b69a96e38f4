"""The glossary, which the API and the page show."""

from pathlib import Path
from typing import Final

GLOSSARY: Final = Path(__file__).with_name("glossary.md")
"""A copy of ``docs/glossary.md``, which is not part of the wheel."""
