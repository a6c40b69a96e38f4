"""Which of the hits can be heard, and a sentence where none of them can."""

from collections.abc import Iterable
from typing import Final

import streamlit as st

from indexer.passages import Passage
from search_ui.connection import audio_bucket, audio_folders
from search_ui.errors import BucketOutOfReach
from search_ui.media.bucket import is_path
from search_ui.media.player import audio_of
from search_ui.search.facets import plain

KEYS: Final = (
    '<p class="keys"><kbd>n</kbd> <kbd>p</kbd> next and previous hit · <kbd>space</kbd> plays and pauses · '
    "<kbd>←</kbd> <kbd>→</kbd> from word to word, <kbd>enter</kbd> plays from there</p>"
)
"""What the keyboard does, at the foot of the hits; not shown where there is none."""


def heard_among(passages: Iterable[Passage]) -> frozenset[str]:
    """The clips that can be heard; says on the page why, where none can.

    A file is looked for. Of a bucket it is believed, since asking it for every hit takes long: a clip that it does not
    have says so when it is played.
    """
    folders = audio_folders()
    clips = {passage.clip for passage in passages}
    found = frozenset(clip for clip in clips if audio_of(folders, clip))
    try:
        if audio_bucket():
            return found | frozenset(filter(is_path, clips))
    except BucketOutOfReach as problem:
        st.info(plain(f"The audio cannot be heard. {problem}."))
        return found
    if not found:
        where = " or ".join(str(folder.path) for folder in folders)
        advice = "Load them with --audio FOLDER, or set AUDIO_DIR, to the folder that their names are relative to."
        st.info(plain(f"No audio was found for these clips under {where}. {advice}"))
    return found
