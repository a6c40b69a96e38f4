"""Phonetics: how words are pronounced, how they are confused, and which words of an index may stand for another one.

`g2p` gives pronunciations, `g2p_batch` those of thousands of words at once; `edit_distance` compares them by the costs
of `confusions`; `word_counts` counts transcripts' words, and `lexicon` holds an index's own words and neighbouring
pairs; `expansion` gives their probabilities of standing for a word, and `training` learns all figures from corrected
transcripts.
"""
