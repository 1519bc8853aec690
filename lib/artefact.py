"""Whatever is made from something else: a folder or file that is whole or absent, made by one process at a time."""

import contextlib
import errno
import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from lib.lists import DataError

CURES = dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some disk space")
CURES |= dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), "name, or copy the project to, a writable folder")
UNSUPPORTED = (errno.ENODEV, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP)
CURES |= dict.fromkeys(UNSUPPORTED, "its file system lacks locks or memory maps: use a folder on a local disk")
OFFLINE = "connect (behind a proxy, set https_proxy), or name a file with --weights"  # when a download fails


def digest(*parts) -> str:
    """Return 12 hex digits that identify JSON-serialisable parts. Every artefact is named by those of its origin."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:12]


def cure_of(error: Exception, otherwise: str = "") -> str:
    """Return what helps against an error of the disk, by its cause, which safetensors gives in words alone."""
    number = getattr(error, "errno", None)
    return next((cure for n, cure in CURES.items() if n == number or os.strerror(n) in str(error)), otherwise)


def cannot_write(path: Path, error: Exception) -> DataError:
    """Return the sentence for a file or folder that cannot be written, with the cure for its cause."""
    why = getattr(error, "strerror", None) or error
    cure = cure_of(error, "see whether the folder exists and can be written")
    return DataError(f"{path}: cannot be written ({why}); {cure}")


def artefact(folder: Path, make: Callable[[Path], None], about: dict) -> Path:
    """Return `folder`, made by `make(part)` unless it is there.

    `make` fills <folder>.part, which is then renamed: the folder is complete as soon as it exists. A call that was
    killed leaves its part behind, and the next call's `make` goes on with what it finds there. Other processes wait.
    about: what the folder was made from, written to its about.json. Raises DataError where it cannot be written.
    """
    if folder.exists():
        return folder
    part = folder.with_name(f"{folder.name}.part")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with alone(folder):
            if not folder.exists():  # otherwise made by the process that was waited for
                part.mkdir(exist_ok=True)
                make(part)
                write_json(part / "about.json", about)
                _sync(part)
                part.rename(folder)
                _sync(folder.parent)
    except OSError as error:
        raise cannot_write(part, error) from error
    return folder


def alone(path: Path) -> contextlib.AbstractContextManager:
    """Take the lock of `path`, <path>.lock, for a with statement; wait, and say so on stderr, where another has it."""
    lock = FileLock(f"{path}.lock")
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        print(f"{path} is being made by another process; waiting for it to end", file=sys.stderr, flush=True)
        return lock.acquire()


def _sync(path: Path) -> None:
    """Flush a file or folder to the disk: a power cut cannot undo the rename that follows."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def write_beside(path: Path, write: Callable[[Path], None]) -> Path:
    """Call `write` with a private path in the same folder, then rename that to `path`; return it. Raises DataError."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        _sync(part)
        os.replace(part, path)
    except (OSError, SafetensorError) as error:
        with contextlib.suppress(OSError):  # its folder may be a file
            part.unlink()
        raise cannot_write(path, error) from error
    return path


def write_json(path: Path, content) -> Path:
    """Write indented JSON."""
    return write_beside(path, lambda part: part.write_text(json.dumps(content, indent=1, default=str) + "\n"))


def write_tensors(path: Path, tensors: dict, metadata: dict[str, str] | None = None) -> Path:
    """Write tensors or NumPy arrays as a safetensors file with a string-to-string header."""
    tensors = {name: torch.as_tensor(values).detach().cpu().contiguous() for name, values in tensors.items()}
    return write_beside(path, lambda part: save_file(tensors, part, metadata))


def read_tensors(path: Path, framework: str = "pt", cure: str = "") -> tuple[dict, dict[str, str]]:
    """Return the tensors (NumPy arrays for framework "np") and the header of a safetensors file.

    Raises DataError where the file is absent or cut; `cure` ends its sentence, by default the folder to delete.
    """
    try:
        with safe_open(path, "pt") as file:
            tensors, header = {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; {cure or 'run the notebook that writes it first'}") from None
    except (SafetensorError, OSError) as error:
        cure = cure_of(error, cure or f"delete {path.parent} and start again")
        raise DataError(f"{path}: cannot be read as safetensors ({error}); {cure}") from None
    header.pop("crc32", None)  # of networks that were shipped with a checksum
    if framework == "np":
        tensors = {name: (t.float() if t.is_floating_point() else t).numpy() for name, t in tensors.items()}
    return tensors, header
