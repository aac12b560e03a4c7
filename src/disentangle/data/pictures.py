"""A user's picture files, of several kinds and any shape, as square images in colour."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from disentangle.data.foreign import MOST, reading

SIDE = 64
KINDS = ("JPEG", "PNG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "AVIF", "JPEG2000")
"""What is read, whatever a name ends in: kinds that their first bytes tell, and that need no other program."""
LONGEST = 32
"""How many times as long as its short side a picture may be: of more, its centre shows next to nothing."""
MOST_PIXELS = (1 << 30) // 12
"""Of a picture: three copies of four bytes a pixel take 1 GiB. It is Pillow's own limit."""


def read_pictures(files: Sequence[Path]) -> np.ndarray:
    """Return pictures (N, 64, 64, 3) uint8, each as of ``read_picture``; raises InputError that names one."""
    images = np.empty((len(files), SIDE, SIDE, 3), np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what lies around the pixels
        for image, file in zip(images, files, strict=True):
            image[:] = read_picture(file)
    return images


def read_picture(file: Path) -> np.ndarray:
    """Return the centre (64, 64, 3) uint8 of a picture, as of ``read_rgb``, resized to a short side of 64.

    Raises InputError that names a file that is no picture that can be used.
    """
    return np.asarray(ImageOps.fit(read_rgb(file), (SIDE, SIDE), Image.Resampling.BICUBIC))


def read_rgb(file: Path) -> Image.Image:
    """Return a picture turned upright, in colours of 8 bits; what is transparent lies over white.

    Colours are as stored, without their profile; 16 bits are divided by 257.
    Raises InputError that names a file that is damaged or of another kind, holds several pictures (but a camera's MPO,
    of which the first is meant), pixels of which it does not tell what is white, or too many of them.
    """
    with reading(file, "not a readable picture", "Replace or remove it.") as size, _opened(file, size) as picture:
        width, height = picture.size
        if width * height > MOST_PIXELS or max(width, height) > LONGEST * min(width, height):
            allowed = f"{MOST_PIXELS} pixels, and a long side of {LONGEST} short ones"
            raise ValueError(f"{width} x {height} pixels; allowed: {allowed}")
        if getattr(picture, "is_animated", False) and picture.format != "MPO":
            raise ValueError("several pictures, frames or pages; allowed: one")
        ImageOps.exif_transpose(picture, in_place=True)
        return _in_colour(picture)


def _opened(file: Path, size: int) -> Image.Image:
    if size > MOST:
        raise ValueError(f"{size} bytes; allowed: {MOST}")
    content = file.read_bytes()  # of a file, Pillow would ask for as much as is announced, and get the memory for it
    try:
        return Image.open(io.BytesIO(content), formats=KINDS)
    except UnidentifiedImageError:
        raise ValueError(f"damaged, or of another kind than {', '.join(KINDS)}") from None
    except Image.DecompressionBombError:
        raise ValueError(f"far too many pixels; allowed: {MOST_PIXELS}") from None


def _in_colour(picture: Image.Image) -> Image.Image:
    deep = picture.mode.startswith("I;16") or (picture.mode, picture.format) == ("I", "PPM")
    if picture.mode in ("I", "F") and not deep:
        raise ValueError("integers of 32 bits, or floats; allowed: 8 or 16 bits a channel")
    if not picture.has_transparency_data:
        eight = _eight_bits(picture) if deep else picture
        return eight if eight.mode == "RGB" else eight.convert("RGB")
    if deep:
        raise ValueError("16 bits of grey, one of them transparent; allowed: 8 bits, or an alpha channel")
    over = picture if picture.mode == "RGBA" else picture.convert("RGBA")
    page = Image.new("RGB", picture.size, "white")
    page.paste(over, mask=over)
    return page


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return 16 bits of grey as 8."""
    tags = getattr(picture, "tag_v2", {})
    as_told = tags.get(ExifTags.Base.BitsPerSample), tags.get(ExifTags.Base.PhotometricInterpretation)
    if picture.format == "TIFF" and as_told != ((16,), 1):
        raise ValueError("grey of 12 bits, or one whose 0 is white; allowed: 8 or 16 bits, 0 black")
    return picture.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")
