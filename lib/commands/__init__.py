"""The commands of the project, and what all of them share: how they end, and how they print a time."""

import functools
import sys
from collections.abc import Callable

from lib.lists import DataError


def one_sentence(command: str) -> Callable:
    """Decorate a command's main: what stops it becomes a sentence on stderr and an exit code, 130 of Ctrl-C, else 1."""

    def decorate(main: Callable) -> Callable:
        @functools.wraps(main)
        def run(*arguments):
            sys.stdout.reconfigure(errors="backslashreplace")  # names of files may be no text
            try:
                return main(*arguments)
            except (DataError, OSError, MemoryError) as error:
                sys.exit(f"{command}: {error}")
            except KeyboardInterrupt:
                print(f"\n{command}: stopped; the same command goes on from there", file=sys.stderr)
                sys.exit(130)

        return run

    return decorate


def clock(seconds: float) -> str:
    """Return "58 s", or from two minutes on "2 min 05 s"."""
    seconds = round(seconds)
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min {seconds % 60:02} s"
