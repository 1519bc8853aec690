"""One live line of progress. Needs the standard library alone."""

import re
import shutil
import sys
import time

# Lines of lib that a user has to see: what was damaged, who is waited for, what is not used.
KEPT = re.compile(r"[^\r\n]*(?:made again|waiting for it to end|left out)[^\r\n]*")


class Progress:
    """Show the output of a notebook or an installer as one live line: its label, the time so far, its last line.
    On a terminal the line is redrawn once a second; a log file gets a new one once a minute. Lines of KEPT stay."""

    REDRAW = "\r\x1b[K"  # back to the start of the line, and clear it

    def __init__(self, label: str, every: float | None = None):
        self.label, self.live = label, sys.stdout.isatty()
        self.every = every or (1 if self.live else 60)
        self.start = self.drawn = time.monotonic()
        print(f"{label} ..." if self.live else "", end="", flush=True)

    def seconds(self) -> float:
        return time.monotonic() - self.start

    def write(self, text: str) -> None:
        for line in KEPT.findall(text):
            print(f"{self.REDRAW * self.live}{line}", flush=True)
        if time.monotonic() < self.drawn + self.every:
            return
        lines = [line.strip() for line in re.split(r"[\r\n]", re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text))]
        if last := next(filter(None, reversed(lines)), ""):
            self.drawn = time.monotonic()
            line = f"{self.label}: {clock(self.seconds())}  {last}"
            width = shutil.get_terminal_size((110, 24)).columns - 1 if self.live else 150
            print(self.REDRAW * self.live + line[:width], end="" if self.live else "\n", flush=True)

    def flush(self) -> None: ...

    def end(self, result: str) -> None:
        print(f"{self.REDRAW * self.live}{self.label}: {result}", flush=True)


def clock(seconds: float) -> str:
    seconds = round(seconds)
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min {seconds % 60:02} s"
