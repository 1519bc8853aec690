"""The one reader of photos: whatever phones, shops and web pages hand over becomes upright RGB pixels on white.

Boxes and landmarks are in pixels of this upright photo, everywhere.
"""

import errno
import io
import re
import struct
import sys
import warnings
from pathlib import Path

import numpy as np
import pillow_heif
import simplejpeg
from PIL import ExifTags, Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from lib.lists import MOST_PIXELS, DataError

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "TIFF", "BMP", "PPM")  # no EPS: it runs Ghostscript
FAULTS = (OSError, SyntaxError, ValueError, RuntimeError, struct.error)  # of decoders; the last of EXIF readers
END = b"\xff\xd9"  # of a JPEG
FEW = 8  # stray bytes before the end of a JPEG; more of them are pixels that its decoder has lost

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # MOST_PIXELS is the limit, and its error names the file
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY  # colour profiles may be larger than 1 MB
warnings.filterwarnings("ignore", category=UserWarning, module="PIL")  # of broken metadata; they name no file


def read_photo(path: Path | str) -> np.ndarray:
    """Read a photo as (H, W, 3) uint8 RGB, upright, of an animation the first frame, on white where it has alpha.

    Bytes behind the end of a picture are passed over. Raises DataError where it is no picture, is damaged or has more
    than 100 megapixels, and MemoryError, which says nothing about the photo.
    """
    return _read(path)[0]


def photo_size(path: Path | str) -> tuple[int, int]:
    """Return the (width, height) of what `read_photo` returns, and raise what it raises; JPEGs take a third as long."""
    return _read(path, {"min_height": 1, "min_width": 1, "min_factor": 1})[1]  # an eighth: every bit is still read


def _read(path: Path | str, scale: dict[str, int] | None = None) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the upright pixels of a photo, and its (width, height) upright.

    scale: simplejpeg's arguments, by which plain JPEGs are decoded smaller.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        cure = "make it readable" if error.errno == errno.EACCES else "put the photo there or correct its name"
        raise DataError(f"{path}: {error.strerror or error}; {cure}") from None
    cure = "download it again, or save it as JPEG or PNG"
    try:
        return _upright(path, data, scale or {})
    except DataError:
        raise
    except UnidentifiedImageError:
        what = "no picture of a known kind" if data else "an empty file"
        what = "no whole HEIC or AVIF photo" if data[4:8] == b"ftyp" else what
        raise DataError(f"{path}: {what}; {cure}") from None
    except (*FAULTS, MemoryError) as error:
        if isinstance(error, MemoryError) or "memory" in str(error).lower():  # libjpeg has words alone
            raise MemoryError(f"{path}: too little memory to read it; free some, or save it smaller") from None
        raise DataError(f"{path}: damaged ({' '.join(str(error).split())}); {cure}") from error


def photos_under(folder: Path | str) -> list[Path]:
    """Return the photos under a folder by name, sorted; count other files on stderr. Raises DataError without any."""
    folder = Path(folder)
    suffixes = {suffix for suffix, kind in Image.registered_extensions().items() if kind in FORMATS}
    files = sorted(path for path in folder.rglob("*") if not path.is_dir())
    photos = [path for path in files if path.suffix.lower() in suffixes]
    if others := len(files) - len(photos):
        print(f"{folder}: passed over {others} files that are no photos by their names", file=sys.stderr)
    if not photos:
        what = "no photo (.jpg, .png, .webp, .heic, ...) under it" if folder.is_dir() else "no folder"
        raise DataError(f"{folder}: {what}; name a folder with photos")
    return photos


def _upright(path: Path | str, data: bytes, scale: dict[str, int]) -> tuple[np.ndarray, tuple[int, int]]:
    if data.startswith(b"\xff\xd8") and not data.startswith(b"\xff\xd8\xff"):  # stray bytes; Pillow looks at three
        data = b"".join(_split(data))
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        if image.width * image.height > MOST_PIXELS:
            size = f"{image.width} x {image.height} pixels"
            raise DataError(f"{path}: {size}; photos above 100 megapixels are refused, save it smaller")
        jpeg = image.format in ("JPEG", "MPO") and image.mode in ("L", "RGB")
        pixels = _decode_jpeg(data, scale) if jpeg else None
        pixels = _decode(image) if pixels is None else pixels
        try:  # now: a PNG may have its EXIF behind the pixels
            turn = image.getexif().get(ExifTags.Base.Orientation)
        except FAULTS:  # a broken EXIF block leaves the pixels sound
            turn = None
    if turn not in range(2, 9):
        return pixels, image.size
    turned = Image.fromarray(pixels)
    turned.getexif()[ExifTags.Base.Orientation] = turn
    return np.asarray(ImageOps.exif_transpose(turned)), image.size[::-1] if turn >= 5 else image.size


def _decode(image: Image.Image) -> np.ndarray:
    """Decode any picture but a plain JPEG into (H, W, 3) uint8."""
    if image.mode.startswith("I"):  # 16 bits, which Pillow would clip
        image = Image.fromarray((np.asarray(image).clip(0, 65535) // 256).astype(np.uint8))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def _decode_jpeg(data: bytes, scale: dict[str, int]) -> np.ndarray | None:
    """Decode a JPEG of one or three channels into (H, W, 3) uint8; None where only Pillow can.

    Raises ValueError where pixels are missing: libjpeg makes them up and warns. It warns of bytes that stray before a
    marker, too; these are taken out, for only its first warning is known.
    """
    try:
        return simplejpeg.decode_jpeg(data, **scale)
    except ValueError as error:
        if "subsampling" in str(error):
            return None
    header, scan = _split(data)
    end = scan.find(END)
    data = header + scan + (END if end < 0 else b"")
    try:
        return simplejpeg.decode_jpeg(data, **scale)
    except ValueError as error:
        stray = re.search(r"(\d+) extraneous bytes before marker 0xd9", str(error))
        if not stray or end < 0 or len(scan[end - int(stray[1]) : end].strip(b"\0")) > FEW:
            raise
    return simplejpeg.decode_jpeg(data, strict=False, **scale)


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Split a JPEG at its first scan, and take the bytes out that stray before the markers in front of it."""
    parts, at = [data[:2]], 2
    while (at := data.find(b"\xff", at)) >= 0:
        marker = data[at + 1 : at + 2]
        if marker == b"\xda":
            return b"".join(parts), data[at:]
        if marker == b"\xff":  # any number of these may come before a marker
            at += 1
            continue
        length = 2 + int.from_bytes(data[at + 2 : at + 4])
        parts.append(data[at : at + length])
        at += length
    return data, b""
