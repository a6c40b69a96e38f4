"""The contract between the programs: the clip row, its journal and CSV, its words and how they are counted."""
