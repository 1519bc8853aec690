"""How a command of `lib` ends where it cannot go on: one sentence on stderr and an exit code, as of run_all.sh."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lib.lists import DataError
from lib.locks import OutOfTime


@contextmanager
def ending(command: str) -> Iterator[None]:
    """End the process where the block raises what a user can mend: 75 ("try again later") after the deadline and where another
    process is at work, 130 at Ctrl-C, 1 for data and files."""
    try:
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
        sys.exit(f"{command}: {error.filename or 'a file'}: {error.strerror or error}; mend that first")
    print(f"{command}: {sentence}", file=sys.stderr, flush=True)
    sys.exit(code)
