"""One process at a time: locks that the kernel releases when their process dies. Needs the standard library alone."""

import errno
import fcntl
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POLL = 0.05  # seconds between two looks at a lock that another process holds
_UNSUPPORTED = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)


class OutOfTime(Exception):
    """The deadline is past. What was finished is kept, and the same call goes on from there."""


def deadline() -> float:
    """Return the Unix time at which drawing, decoding, training and waiting stop: the environment variable
    DEEPFASHION_DEADLINE, or infinity where it is unset or empty. Raises OSError where it is not a number."""
    text = os.environ.get("DEEPFASHION_DEADLINE") or "inf"
    try:
        return float(text)
    except ValueError:
        raise OSError(errno.EINVAL, f"{text!r} is not a Unix time", "DEEPFASHION_DEADLINE") from None


@contextmanager
def hold(path: Path, what: str, wait: bool = True) -> Iterator[None]:
    """Hold the lock file `path`, which names this process and its machine, until the block ends or the process dies.

    Where another process holds it, wait for that with one sentence on stderr, which begins with `what` ("cache/x.npy is
    being made"). Without `wait`, raise BlockingIOError with that sentence; after the deadline, OutOfTime. On a file system
    without locks, print a warning and carry on. Raises OSError where the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    said = False
    while True:
        with open(path, "a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = f"process {number}" if (number := file.read().strip()) else "another process"
                if not wait:
                    raise BlockingIOError(f"{what} by {holder}") from None
                if time.time() > deadline():
                    raise OutOfTime(f"{what} by {holder}") from None
                if not said:
                    print(f"{what} by {holder}; waiting for it to end", file=sys.stderr, flush=True)
                    said = True
                time.sleep(POLL)
                continue
            except OSError as error:
                if error.errno not in _UNSUPPORTED:
                    raise
                print(f"{path}: this file system has no locks; start one run at a time", file=sys.stderr, flush=True)
                path.unlink(missing_ok=True)
                yield
                return
            # The last holder deletes the file: whoever waited for that one starts again with the new one.
            try:
                same = os.path.samestat(os.fstat(file.fileno()), os.stat(path))
            except FileNotFoundError:
                same = False
            if not same:
                continue
            file.truncate(0)
            file.write(f"{os.getpid()} on {platform.node()}")
            file.flush()
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return
