"""Phonetics: pronunciations of words, costs of confusing them, and the words of an index that a query word may be.

`g2p` pronounces words, `g2p_batch` thousands of them at once. `edit_distance` compares pronunciations with the costs of
`confusions`. `word_counts` counts the words of transcripts, and `lexicon` holds those of an index. `expansion` finds
the words that may be misrecognitions of a query word; `training` learns all parameters from references and transcripts.
"""
