"""Style sheets, scripts and icons of the page."""

from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent
"""The folder of these files."""
