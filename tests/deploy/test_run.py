import signal
import threading

import pytest

from deploy.local.run import ENDING, _end


@pytest.fixture
def ending_signals():
    """Signals that end a run, handled as there."""
    handlers = {each: signal.signal(each, _end) for each in ENDING}
    yield ENDING
    for each, handler in handlers.items():
        signal.signal(each, handler)


def test_signals_that_come_at_once_or_later_end_a_run_once_and_without_a_word(ending_signals, monkeypatch):
    # A closed terminal sends SIGINT and SIGHUP in one moment: both are pending when the first is looked at.
    complaints = []
    monkeypatch.setattr("sys.unraisablehook", complaints.append)
    signal.pthread_sigmask(signal.SIG_BLOCK, ending_signals)
    for each in ending_signals:
        signal.pthread_kill(threading.get_ident(), each)
    with pytest.raises(KeyboardInterrupt):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ending_signals)
    for each in ending_signals:
        signal.pthread_kill(threading.get_ident(), each)
    assert complaints == []
