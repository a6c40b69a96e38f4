"""Clip records: the data of one clip, and files of records."""
