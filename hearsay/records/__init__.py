"""Clip records: what is known of one clip, and the files that hold many."""
