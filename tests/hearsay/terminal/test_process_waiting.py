import signal
import threading
from concurrent.futures import Future

import pytest

from hearsay.terminal.process import wait_in_turns


def test_a_wait_ends_on_a_result_an_error_or_a_cancellation():
    for say in (lambda answer: answer.set_result(1), lambda answer: answer.set_exception(OSError()), Future.cancel):
        answer: Future[int] = Future()
        later = threading.Timer(0.3, say, (answer,))
        later.start()
        wait_in_turns(answer)
        assert answer.done()
        later.join()


def test_ctrl_c_just_before_a_wait_is_handled(ctrl_c: None):
    for _ in range(50):  # a plain wait missed one of the first few
        begun: list[bool] = []

        def interrupt(begun: list[bool] = begun) -> None:
            while not begun:
                pass
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        other = threading.Thread(target=interrupt)
        other.start()
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012
            begun.append(True)
            wait_in_turns(Future())
        other.join()
