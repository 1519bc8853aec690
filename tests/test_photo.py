"""The reader of photos: every kind of file that people have is read as it looks, or refused in a sentence."""

import binascii
import io
import os
import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import simplejpeg
from PIL import Image

from lib import predict
from lib.commands import photo as command
from lib.lists import DataError
from lib.photo import photo_size, photos_under, read_photo

PIXELS = np.full((32, 48, 3), 255, np.uint8)  # red at the top left, green at the top right, then white and blue
PIXELS[:16, :24], PIXELS[:16, 24:], PIXELS[16:, 24:] = (200, 30, 30), (30, 160, 30), (30, 30, 200)
RGB = Image.fromarray(PIXELS)
GREY = np.repeat(np.asarray(RGB.convert("L"))[..., None], 3, 2)
CUT = PIXELS.copy()  # what shows on white where the right half is transparent
CUT[:, 24:] = 255
NO_GREEN = PIXELS.copy()
NO_GREEN[:16, 24:] = 255
RGBA = Image.fromarray(np.dstack([PIXELS, np.where(np.arange(48) < 24, 255, 0)[None].repeat(32, 0)]).astype(np.uint8))
STORED = {  # by EXIF orientation: the pixels as a camera stores them, by hand
    1: PIXELS,
    2: PIXELS[:, ::-1],
    3: PIXELS[::-1, ::-1],
    4: PIXELS[::-1],
    5: PIXELS.transpose(1, 0, 2),
    6: np.rot90(PIXELS, 1),
    7: np.rot90(PIXELS, 2).transpose(1, 0, 2),
    8: np.rot90(PIXELS, -1),
}


def encoded(image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def turned(kind: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(Image.fromarray(np.ascontiguousarray(STORED[orientation])), kind, exif=exif.tobytes(), quality=95)


def png_with(kind: bytes, body: bytes, image=RGB, before: bytes = b"IDAT") -> bytes:
    """Insert a chunk into a PNG."""
    data = encoded(image, "PNG")
    at, check = data.index(before) - 4, binascii.crc32(kind + body)
    return data[:at] + struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check) + data[at:]


JPEG = encoded(RGB, "JPEG", quality=95, subsampling=0)
END = JPEG.rindex(b"\xff\xd9")
STRAYS = {  # where in the JPEG, what
    "first": (2, b"\n"),
    "tables": (JPEG.index(b"\xff\xdb"), b"\0"),
    "sizes": (JPEG.index(b"\xff\xc0"), b"abc"),
    "codes": (JPEG.index(b"\xff\xc4"), bytes(20)),
    "scan": (JPEG.index(b"\xff\xda"), b"\0"),
    "end": (END, b"x"),
    "end_padded": (END, bytes(100)),
}
CMYK = encoded(RGB.convert("CMYK"), "JPEG", quality=95)  # Pillow writes it as Adobe does, inverted
FRAMES = {"save_all": True, "append_images": [RGB.rotate(180)], "duration": 100}
TIFF = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"  # and the orientation
KINDS = {  # file name -> its bytes, and the pixels that it shows
    **{f"turned_{n}.jpg": (turned("JPEG", n), PIXELS) for n in range(1, 9)},
    **{f"turned_{n}.png": (turned("PNG", n), PIXELS) for n in (1, 3, 6)},
    **{f"turned_{n}.tif": (turned("TIFF", n), PIXELS) for n in (2, 6)},
    **{f"turned.{kind}": (turned(kind.upper(), 6), PIXELS) for kind in ("webp", "avif")},
    "turned.heic": (turned("HEIF", 6), PIXELS),
    "turned_at_the_end.png": (png_with(b"eXIf", TIFF + b"\6\0\0", Image.fromarray(STORED[6]), b"IEND"), PIXELS),
    "turned_9.png": (png_with(b"eXIf", TIFF + b"\x09\0\0"), PIXELS),
    "exif_is_no_tiff.png": (png_with(b"eXIf", TIFF[8:] + b"\6"), PIXELS),
    "exif_is_no_tiff.jpg": (encoded(RGB, "JPEG", quality=95, exif=b"Exif\0\0" + TIFF[8:] + b"\6"), PIXELS),
    "exif_of_three_bytes.png": (png_with(b"eXIf", b"MM\0"), PIXELS),
    "exif_as_text.png": (png_with(b"tEXt", b"Raw profile type exif\0no hex"), PIXELS),
    "profile.png": (png_with(b"iCCP", b"icc\0\0" + zlib.compress(bytes(1 << 21))), PIXELS),
    "text.png": (png_with(b"zTXt", b"prompt\0\0" + zlib.compress(bytes(1 << 22))), PIXELS),
    "cut_out.png": (encoded(RGBA, "PNG"), CUT),
    "cut_out.webp": (encoded(RGBA, "WEBP", lossless=True), CUT),
    "cut_out.tif": (encoded(RGBA, "TIFF"), CUT),
    "cut_out_grey.png": (encoded(RGBA.convert("LA"), "PNG"), np.where(np.arange(48)[:, None] < 24, GREY, 255)),
    "cut_out_palette.png": (encoded(RGBA.quantize(4), "PNG"), CUT),
    "cut_out_by_colour.png": (encoded(RGB, "PNG", transparency=(30, 160, 30)), NO_GREEN),
    "palette.png": (encoded(RGB.quantize(4), "PNG"), PIXELS),
    "grey.jpg": (encoded(RGB.convert("L"), "JPEG", quality=95), GREY),
    "grey.png": (encoded(RGB.convert("L"), "PNG"), GREY),
    "one_bit.png": (encoded(RGB.convert("1", dither=0), "PNG"), np.where(GREY > 127, 255, 0)),
    "16_bit.png": (encoded(Image.fromarray(GREY[..., 0].astype(np.uint16) * 257), "PNG"), GREY),
    "16_bit.tif": (encoded(Image.fromarray(GREY[..., 0].astype(np.uint16) * 257), "TIFF"), GREY),
    "cmyk.jpg": (CMYK, PIXELS),
    "animated.gif": (encoded(RGB, "GIF", **FRAMES), PIXELS),
    "animated.png": (encoded(RGB, "PNG", **FRAMES), PIXELS),
    "animated.webp": (encoded(RGB, "WEBP", lossless=True, **FRAMES), PIXELS),
    "several.jpg": (encoded(RGB, "MPO", quality=95, save_all=True, append_images=[RGB.rotate(180)]), PIXELS),
    "photo.heic": (encoded(RGB, "HEIF", quality=95), PIXELS),
    "heic.jpg": (encoded(RGB, "HEIF", quality=95), PIXELS),
    "avif.jpg": (encoded(RGB, "AVIF", quality=95), PIXELS),
    "png.jpg": (encoded(RGB, "PNG"), PIXELS),
    "photo.jfif": (JPEG, PIXELS),
    "photo.bmp": (encoded(RGB, "BMP"), PIXELS),
    "progressive.JPG": (encoded(RGB, "JPEG", quality=95, progressive=True), PIXELS),
    "more_behind.jpg": (JPEG + b"MotionPhoto_Data" + bytes(5000), PIXELS),
    "more_behind.png": (encoded(RGB, "PNG") + bytes(5000), PIXELS),
    **{f"before_{name}.jpg": (JPEG[:at] + stray + JPEG[at:], PIXELS) for name, (at, stray) in STRAYS.items()},
    "fill_bytes.jpg": (JPEG[:2] + b"\xff\xff" + JPEG[2:], PIXELS),
    "no_end.jpg": (JPEG[:END], PIXELS),
}


REFUSED = {  # file name -> its bytes and why it is refused
    "empty.jpg": (b"", "an empty file; download it again"),
    "text.jpg": (b"<html>404</html>", "no picture of a known kind; download it again, or save it as JPEG"),
    "postscript.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture of a known kind"),
    "head.heic": (struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + bytes(400), "no whole HEIC or AVIF photo"),
    "huge.png": (encoded(Image.new("1", (11_000, 10_000)), "PNG"), "11000 x 10000 pixels; photos above 100 megapixels"),
    **{
        f"half_{name}": (data[: len(data) // 2], "; download it again")
        for name, (data, _) in KINDS.items()
        if name.startswith(("turned.", "turned_1", "cut_out.", "cmyk"))
    },
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_photo_is_read_as_it_looks(name, tmp_path):
    data, shown = KINDS[name]
    (tmp_path / name).write_bytes(data)
    got = read_photo(tmp_path / name)
    assert got.dtype == np.uint8 and got.shape == (32, 48, 3) and got.flags.c_contiguous
    assert photo_size(tmp_path / name) == (48, 32)
    far = np.abs(got.astype(int) - shown)
    far[14:18] = far[:, 22:26] = 0  # where colours meet, a lossy code blurs them
    assert far.max() <= (3 if name.endswith(("png", "tif", "gif", "bmp")) else 15)


@pytest.mark.parametrize("read", [read_photo, photo_size])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_whole_photo_is_refused_in_a_sentence(name, tmp_path, read):
    data, why = REFUSED[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=f"{name}: .*{why}"):
        read(tmp_path / name)


DAMAGE = {
    "zeroed": lambda data, n: data[:n] + bytes(800) + data[n + 800 :],
    "cut out": lambda data, n: data[:n] + data[n + 900 :],
    "cut off": lambda data, n: data[:n],
    "cut off, with an end marker": lambda data, n: data[:n] + b"\xff\xd9",
    "cut off and padded": lambda data, n: data[:n] + bytes(50_000),
    "cut off and padded, with an end marker": lambda data, n: data[:n] + bytes(9) + b"\xff\xd9",
    "a stray byte, cut off": lambda data, n: data[:2] + b"\0" + data[2:n],
    "head alone": lambda data, n: data[:400],
}


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": "4:1:1"}])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_jpeg_is_refused_with_its_name(tmp_path, damage, options, capfd):
    noise = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise).resize((120, 160)), "JPEG", quality=95, **options)
    (tmp_path / "x.jpg").write_bytes(DAMAGE[damage](data, len(data) // 2))
    for read in (read_photo, photo_size):
        with pytest.raises(DataError, match="x.jpg: .*; download it again"):
            read(tmp_path / "x.jpg")
    assert capfd.readouterr().err == ""


def test_ordinary_photos_are_decoded_as_by_pillow_and_opencv(tmp_path):
    for path in sorted(predict.EXAMPLES.glob("*.jpg"))[:4]:
        got = read_photo(path)
        np.testing.assert_array_equal(got, np.asarray(Image.open(path)))
        assert photo_size(path) == got.shape[1::-1]
        np.testing.assert_array_equal(got, cv2.imread(str(path), cv2.IMREAD_COLOR_RGB))


def test_lack_of_memory_is_no_damage(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(JPEG)
    for error in (MemoryError(), ValueError("Insufficient memory (case 4)")):  # NumPy's, libjpeg's
        monkeypatch.setattr(simplejpeg, "decode_jpeg", lambda *_, error=error, **__: (_ for _ in ()).throw(error))
        with pytest.raises(MemoryError, match="a.jpg: too little memory to read it; free some"):
            read_photo(tmp_path / "a.jpg")


def test_a_folder_of_odd_files_is_described_whole_beside_itself_as_the_catalogue(tmp_path, capsys, monkeypatch):
    """Of the good files one of each ending, by which photos are found. The catalogue has all that can be read."""
    good = list({Path(name).suffix: name for name in KINDS}.values())
    folder, accents = tmp_path / "odd", os.fsdecode(b"robe_\xe9t\xe9.jpg")
    (folder / "folder.jpg").mkdir(parents=True)
    for name, (data, _) in ({name: KINDS[name] for name in good} | REFUSED).items():
        (folder / name).write_bytes(data)
    (folder / "folder.jpg" / accents).write_bytes(JPEG)
    (folder / "gone.jpg").symlink_to("nowhere.jpg")
    for name in ("notes.txt", "Thumbs.db", ".DS_Store"):
        (folder / name).write_text("no photo")
    monkeypatch.setattr(command, "OUT", tmp_path)
    monkeypatch.setattr(command, "draw", lambda stem, *_: stem)
    monkeypatch.setattr(predict, "SCALES", (0.4,))  # whose windows are too small to look for clothes in
    bad = REFUSED | {"gone.jpg": (b"", "No such file")}
    total = len(good) + 1 + len(bad)
    with pytest.raises(SystemExit, match=f"{len(bad)} of {total} photos could not be described"):
        command.main([str(folder)], catalogue=str(folder))
    out, err = capsys.readouterr()
    assert "odd: passed over 3 files that are no photos by their names\n" in err and "Traceback" not in err
    for name in (*good, "folder.jpg/robe_\\udce9t\\udce9.jpg"):
        assert f"{folder}/{name}  box " in out
    for name, (_, why) in bad.items():
        left_out, line = (line for line in err.splitlines() if f"/{name}: " in line)
        assert re.search(why, line) and left_out.endswith("; left out of the catalogue")

    counted = f"{len(bad)} of {total} photos cannot be read and are left out"
    assert counted in err
    paths, embeddings = predict.index(folder, tmp_path / "cache")  # what was left out is named once, counted each time
    assert {path.name for path in paths} == {*good, accents}
    assert len(embeddings) == len(paths) and np.isfinite(embeddings).all()
    err = capsys.readouterr().err
    assert counted in err and "left out of the catalogue" not in err


def test_a_folder_without_photos_is_refused(tmp_path):
    for folder, why in ((tmp_path, "no photo .*under it"), (tmp_path / "none", "no folder")):
        with pytest.raises(DataError, match=f"{why}; name a folder with photos"):
            photos_under(folder)
