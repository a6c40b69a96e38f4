"""Sounds: how words are pronounced, how they are misheard, and which words of an index may stand for one that was said.

`spelling` says words, and `reading` thousands of them at once; `distance` compares what is said; `tally` counts what
was heard, and `lexicon` holds an index's own words and neighbouring pairs; `guesses` says how likely each of them was
the word asked for, and `learn` learns all figures from corrected transcripts.
"""
