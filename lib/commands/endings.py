"""How a command of `lib` ends where it cannot go on: one sentence on stderr and an exit code, as of run_all.sh."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lib.lists import DataError
from lib.locks import OutOfTime, deadline


@contextmanager
def ending(command: str) -> Iterator[None]:
    """Turn errors that the user can fix into one sentence on stderr and an exit code: 75 ("try again later") after the deadline
    or while another process is at work, 130 for Ctrl-C, otherwise 1."""
    try:
        deadline()  # before any work: later its error would be taken for the disk's
        yield
        return
    except DataError as error:
        sys.exit(f"{command}: {error}")
    except OutOfTime as error:
        code, sentence = 75, str(error)
    except KeyboardInterrupt:
        code, sentence = 130, "stopped"
    except BlockingIOError as error:  # of `locks.hold`
        code, sentence = 75, f"{error}; wait until it ends, or stop it"
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        sys.exit(f"{command}: {what}{error.strerror or error}; mend that first")
    print(f"{command}: {sentence}", file=sys.stderr, flush=True)
    sys.exit(code)
