"""The old name of `asr.training.emotion`, which still works: ``python -m asr.train_classic``."""

import sys

from asr.training.emotion import main

if __name__ == "__main__":
    sys.exit(main())
