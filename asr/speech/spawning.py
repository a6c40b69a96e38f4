"""Processes that begin without the caller's main program."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SAYS_WHERE_IT_IS: Final = ("__spec__", "__file__")


@contextmanager
def without_main_program() -> Iterator[None]:
    """Processes that are spawned inside do not run the main program again, as Python has them do by default.

    They need nothing of it, and it may be a script that has no ``if __name__ == "__main__"``: that would transcribe
    once more in each process, and each would try to start processes of its own. For as long as it takes, the main
    module does not say where its code is; what is defined in it stays in place for other threads.
    """
    main = sys.modules["__main__"]
    kept: dict[str, object] = {name: vars(main)[name] for name in _SAYS_WHERE_IT_IS if name in vars(main)}
    vars(main).update(dict.fromkeys(kept))
    try:
        yield
    finally:
        vars(main).update(kept)
