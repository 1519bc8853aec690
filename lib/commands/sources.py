"""What results are made from, as digests: results of anything else are stale. Needs the standard library alone."""

import hashlib
import json
import os
import re
from pathlib import Path

# The official lists, the fine annotations by split, and photos; other texts beside them change nothing.
LISTS_AND_PHOTOS = re.compile(
    r"(list_.*|(train|val|test)(_.*)?)\.txt|.*\.(jpe?g|jpe|jfif|png|webp|bmp|dib|tiff?|gif|avif|jp2|p[bgpn]m)",
    re.IGNORECASE,
)


def data_digest(out: Path, values: dict[str, str]) -> str:
    """Hash what results in `out` depend on besides the code: the notebooks' parameters `values`, the lists and photos of a real
    data set (name, size and modification time of each) and the weights."""
    parts, seen = [json.dumps(values), str(out), *_state(values.get("weights") or "")], set()
    for folder, folders, names in os.walk(values["data"], followlinks=True) if values.get("data") else ():
        place = os.stat(folder)
        if (place.st_dev, place.st_ino) in seen:  # by a link that leads back
            folders.clear()
            continue
        seen.add((place.st_dev, place.st_ino))
        folders.sort()
        for name in sorted(names):
            if LISTS_AND_PHOTOS.fullmatch(name):
                parts += _state(os.path.join(folder, name))
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _state(path: str) -> list[str]:
    try:
        stat = os.stat(path)
    except OSError:  # reported by what reads it
        return []
    return [f"{path} {stat.st_size} {stat.st_mtime_ns}"]


def file_digest(path: Path) -> str:
    """Hash a file; "" where it is absent."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def code_digest(lib: Path) -> str:
    """Hash the code in the folder `lib`, without its commands, and the data that the project ships there."""
    parts = []
    for path in sorted(path for kind in ("py", "csv", "jpg", "safetensors") for path in lib.rglob(f"*.{kind}")):
        if path.parent.name != "commands":
            parts.append(f"{path.relative_to(lib)} {file_digest(path)}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
