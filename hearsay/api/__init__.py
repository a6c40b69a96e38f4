"""The Python API: what people import from `hearsay`, over the parts that do the work.

`asr` and `indexer` are imported when they are needed, so that one works where the other's libraries are missing.
"""
