"""The commands of the project, and what all of them share: how they end, and how they print a time."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lib.lists import DataError

# glibc would return large tensors' memory and fault it in again at every step, a quarter of its time on a CPU. Read
# when a process starts.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**32), "MALLOC_TRIM_THRESHOLD_": str(2**32)}


@contextmanager
def one_sentence(command: str) -> Iterator[None]:
    """Decorate a command's main: what stops it becomes a sentence on stderr and an exit code, 130 of Ctrl-C, else 1."""
    sys.stdout.reconfigure(errors="backslashreplace")  # names of files may be no text
    try:
        yield
    except (DataError, MemoryError) as error:
        sys.exit(f"{command}: {error}")
    except OSError as error:
        from lib.artefact import cure_of  # brings PyTorch, for which a wrong call need not wait

        sys.exit("; ".join(filter(None, [f"{command}: {error}", cure_of(error)])))
    except KeyboardInterrupt:
        print(f"\n{command}: stopped; the same command goes on from there", file=sys.stderr)
        sys.exit(130)


def clock(seconds: float) -> str:
    """Return "58 s", or from two minutes on "2 min 05 s"."""
    seconds = round(seconds)
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min {seconds % 60:02} s"
