"""Files that are whole or absent: everything is written beside its place and renamed."""

import contextlib
import hashlib
import json
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from lib.lists import DataError

_CHECKSUM = "crc32"  # a name in the header
CURE = "delete it and start again"  # of a file that this project wrote


def digest(*parts) -> str:
    """Return 12 hex digits that identify JSON-serialisable parts. Every cached file and run folder is named by it."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:12]


def write_beside(path: Path, write: Callable[[Path], None]) -> Path:
    """Call `write` with a private path in the same folder, then rename the file to `path`, which is returned.

    Raises DataError where the disk is full or the folder cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        os.replace(part, path)
    except (OSError, SafetensorError) as error:
        with contextlib.suppress(OSError):  # its folder may be a file
            part.unlink()
        why = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be written ({why}); free some disk space") from error
    return path


def set_aside(path: Path, why: str) -> None:
    """Rename a damaged file of this project to *.damaged, in place of an earlier one, and say so on stderr."""
    os.replace(path, aside := path.with_name(f"{path.name}.damaged"))
    print(f"{path}: damaged ({why}); kept as {aside.name} and made again", file=sys.stderr, flush=True)


def write_json(path: Path, content) -> Path:
    """Write indented JSON."""
    return write_beside(path, lambda part: part.write_text(json.dumps(content, indent=1, default=str) + "\n"))


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> Path:
    """Write a safetensors file with a string-to-string header and a checksum in it."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = (metadata or {}) | {_CHECKSUM: _checksum(tensors)}
    return write_beside(path, lambda part: save_file(tensors, part, header))


def _checksum(tensors: dict[str, Tensor]) -> str:
    """Return the CRC-32 of all values, in the order of their names. safetensors itself notices a missing end alone."""
    crc = 0
    for name in sorted(tensors):
        crc = zlib.crc32(tensors[name].flatten().view(torch.uint8).numpy(), zlib.crc32(name.encode(), crc))
    return f"{crc:08x}"


def read_header(path: Path) -> dict[str, str]:
    """Return the header of a safetensors file without its tensors. Raises DataError where it is absent or damaged."""
    with _opened(path, CURE) as file:
        header = file.metadata() or {}
    header.pop(_CHECKSUM, None)
    return header


@contextlib.contextmanager
def _opened(path: Path, cure: str) -> Iterator:
    try:
        with safe_open(path, "pt") as file:
            yield file
    except FileNotFoundError:
        absent = "run the notebook that writes it first" if cure == CURE else cure
        raise DataError(f"{path}: no such file; {absent}") from None
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path}: cannot be read as safetensors ({error}); {cure}") from None


def read_tensors(path: Path, framework: str = "pt", cure: str = CURE) -> tuple[dict, dict[str, str]]:
    """Return the tensors (NumPy arrays for framework "np") and the header of a safetensors file.

    Raises DataError where the file is absent or damaged, by its checksum where it has one; `cure` ends its sentence.
    """
    with _opened(path, cure) as file:
        tensors, header = {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}
    checksum = header.pop(_CHECKSUM, None)  # files from elsewhere have none
    if checksum is not None and checksum != _checksum(tensors):
        raise DataError(f"{path}: its values are not those that were written; {cure}")
    if framework == "np":
        tensors = {name: (t.float() if t.dtype == torch.bfloat16 else t).numpy() for name, t in tensors.items()}
    return tensors, header
