"""Pixel ranges, contact sheets, PNG and GIF files, pictures of users. Images are [C, H, W], batches [N, C, H, W]."""

import contextlib
import io
import os
import re
import warnings

import numpy as np
from PIL import Image, ImageDraw, ImageOps, PngImagePlugin

from common import arrays, capacity, files
from common.quiet import suppress_stderr

SUFFIXES = '.png', '.jpg', '.jpeg', '.tif', '.tiff', '.bmp', '.npy'  # of files that `load` reads
MOST = 64 * 2**20  # pixels of a picture that is read
DECODED = 16  # bytes of memory that one of them takes at most while it is scaled
ORIENTATION, SIDEWAYS = 0x0112, (5, 6, 7, 8)  # the EXIF tag, and its values that exchange width and height
SHEET, FRAMES = 4, 10  # bytes that `grid` and `save`, or `animate`, take at most for each byte of pixels
FULL = 0, 65535  # the range of 16 bits
LEAST_SPAN = 8192  # values that a set of pictures spans at least if it is scaled to 16 bits: twice the 12 bits of CT
OFFSETS = 1024, 32768  # what programs add to HU, so that none is negative


def to_uint8(x):
    """Network range -1..1 to gray levels 0..255, rounded to the nearest and clipped."""
    return np.clip(np.rint((np.asarray(x, np.float32) + 1) * 127.5), 0, 255).astype(np.uint8)


def grid(batch, columns=None):
    """A contact sheet [C, rows*H, columns*W], row by row from the top left; as square as can be without `columns`.

    Places that no image fills are black.
    """
    count, c, h, w = batch.shape
    columns = columns or max(int(np.ceil(np.sqrt(count))), 1)
    rows = -(-count // columns)
    sheet = np.zeros([rows * columns, c, h, w], batch.dtype)
    sheet[:count] = batch
    return sheet.reshape(rows, columns, c, h, w).transpose(2, 0, 3, 1, 4).reshape(c, rows * h, columns * w)


def mirrored(batch, random):
    """A copy of images [N, C, H, W] of which a RandomState mirrors each left to right with a probability of 1/2."""
    batch, chosen = batch.copy(), random.rand(len(batch)) < 0.5
    batch[chosen] = batch[chosen, :, :, ::-1]
    return batch


def check_channels(path, channels):
    """ValueError for a network in a file whose images are neither gray nor colour."""
    if channels not in (1, 3):
        raise ValueError('%s makes images of %d channels; pictures have 1 (gray) or 3 (colour)' % (path, channels))


def _picture(image):
    return Image.fromarray(image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0)))


def encode(image, f, texts=None):
    """Write a uint8 image [1, H, W] as gray or [3, H, W] as colour PNG into a binary file.

    texts: {keyword: text}, which the file holds compressed.
    """
    metadata = PngImagePlugin.PngInfo()
    for keyword, text in (texts or {}).items():
        metadata.add_text(keyword, text, zip=True)
    _picture(image).save(f, 'PNG', pnginfo=metadata)


def enlarged(image, factor):
    """An image [C, H, W] as [C, factor * H, factor * W], each pixel as a square of its own gray level."""
    return image.repeat(factor, axis=1).repeat(factor, axis=2)


def captioned(image, text):
    """A uint8 image [C, H, W] with a text in a black strip of 16 pixels below it, [C, H + 16, W]."""
    strip = Image.new('L', (image.shape[2], 16))
    ImageDraw.Draw(strip).text((4, 2), text, fill=255)
    return np.concatenate([image, np.asarray(strip)[None].repeat(len(image), axis=0)], axis=1)


def save(path, image, durable=False):
    """Write a uint8 image [1, H, W] or [3, H, W] as PNG, whole or not at all. durable: as of files.atomic."""
    with files.atomic(path, durable) as f:
        encode(image, f)


def save_drawing(path, image, description):
    """Write a drawing of few colours, uint8 [3, H, W], as PNG of at most 64, with a text that describes it."""
    metadata = PngImagePlugin.PngInfo()
    metadata.add_text('Description', description)
    with files.atomic(path) as f:
        _picture(image).quantize(64).save(f, 'PNG', optimize=True, pnginfo=metadata)


def encode_animation(frames, f, seconds):
    """Write a GIF of uint8 images [C, H, W], an iterable, into a binary file. Pillow holds them all in memory."""
    pictures = map(_picture, frames)
    options = dict(save_all=True, append_images=pictures, duration=int(round(1000 * seconds)), loop=0)
    next(pictures).save(f, 'GIF', **options)


def animate(path, frames, seconds=0.2, durable=False):
    """As `encode_animation`, into a file that is whole or not there. durable: as of files.atomic."""
    with files.atomic(path, durable) as f:
        encode_animation(frames, f, seconds)


def read(path):
    """A PNG that `save` wrote, uint8 [C, H, W]."""
    pixels = np.asarray(Image.open(path))
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


class ImageWriter:
    """Writes pictures into a folder that may hold those of an earlier run, and counts what becomes of these.

    names: of the pictures to come; a name that belongs to another file is refused before anything is written.
    pattern: of the names that such pictures have, a regular expression.
    """

    def __init__(self, folder, names, pattern):
        os.makedirs(folder, exist_ok=True)
        files.require_replaceable(*(os.path.join(folder, name) for name in names))
        self.folder = folder
        self.before = {name for name in os.listdir(folder) if re.match(pattern, name)}
        self.replaced = 0
        self.removed = 0

    def save(self, name, image):
        """As `save`, under a name in the folder."""
        path = os.path.join(self.folder, name)
        content = io.BytesIO()
        encode(image, content)
        if name in self.before:
            self.before.remove(name)
            with open(path, 'rb') as f:
                self.replaced += f.read() != content.getvalue()
        with files.atomic(path) as f:
            f.write(content.getvalue())

    def remove_others(self):
        """Remove the pictures that an earlier run wrote and this one did not write anew; others stay."""
        removed = {name for name in self.before if files.remove(os.path.join(self.folder, name))}
        self.removed = len(removed)
        self.before -= removed

    def report(self):
        """Print what became of pictures of an earlier run: replaced by others, removed, or still there."""
        counts = [(self.replaced, 'replaced %d'), (self.removed, 'removed %d')]
        counts.append((len(self.before), 'left %d as they were'))
        message = ', '.join(form % count for count, form in counts if count)
        if message:
            print('pictures of an earlier run in %s: %s; another --outdir keeps both' % (self.folder, message))


class BadPicture(files.BadFile):
    """A picture that cannot be used. The remedies of its subclasses depend on the program: `remedies` adds them."""


class WrongSize(BadPicture):
    """It has more or fewer pixels than were wanted."""


class NotGray(BadPicture):
    """It is a colour image."""


class RangeNeeded(BadPicture):
    """It is not known which stored values are black and white. likely: [(lo, hi, description)] that may be meant."""

    def __init__(self, path, fact, likely=()):
        super().__init__(path, fact)
        self.likely = likely


def range_flag(error):
    """The remedy for RangeNeeded in programs that have a flag --range."""
    remedy = 'say with --range LO,HI which of them are black and white'
    examples = ', '.join('%d,%d of %s' % example for example in error.likely)
    return remedy + ', such as ' + examples if examples else remedy


@contextlib.contextmanager
def remedies(table):
    """A block whose BadPictures get a remedy. table: {class: text, or a function that makes it of the error}."""
    try:
        yield
    except BadPicture as error:
        for kind in type(error).__mro__:
            if kind in table:
                error.remedy = table[kind](error) if callable(table[kind]) else table[kind]
                break
        raise


class RangeCheck:
    """What the 16-bit pictures of a set span; 0 and 65535 are not counted, which also stand for padding and drawings.

    The set decides and no single picture: one of them may be dark.
    """

    def __init__(self):
        self.path, self.least, self.most = None, np.inf, -np.inf

    def add(self, path, pixels):
        """Add uint16 pixels of a file."""
        inner = pixels[(pixels > FULL[0]) & (pixels < FULL[1])]
        if inner.size:
            self.path = self.path or path
            self.least = min(self.least, int(inner.min()))
            self.most = max(self.most, int(inner.max()))

    def require(self):
        """RangeNeeded if the pictures span so little of 0..65535 that they would be black or flat."""
        if self.path is not None and self.most - self.least < LEAST_SPAN:
            fact = 'has 16 bits, but such pictures hold only values %d..%d of 0..65535' % (self.least, self.most)
            raise RangeNeeded(self.path, fact, self._likely())

    def _likely(self):
        """Ranges that may be meant, with what the values are then."""
        likely = [(0, 4095, '12 bits')] if self.most < 4096 else []
        for offset in OFFSETS:
            if offset - 3072 <= self.least and self.most < offset - 1024 + LEAST_SPAN:
                likely.append((offset - 1900, offset + 1100, 'HU + %d in the window paper' % offset))
        return likely + [FULL + ('pictures that are right as they are',)]


def _orientation(picture):
    """The EXIF orientation of an open picture that is not a TIFF, 1 to 8; 1, as stored, if none is valid."""
    try:
        orientation = Image.Image.getexif(picture).get(ORIENTATION)  # that of PNG files would decode them
    except Exception:  # damaged EXIF data
        return 1
    return orientation if orientation in range(2, 9) else 1


def text(path, keyword):
    """The text that a PNG of a user holds under a keyword, or None."""
    files.require_regular(path)
    try:
        with warnings.catch_warnings(), suppress_stderr(), Image.open(path) as picture:
            found = picture.info.get(keyword) if picture.format == 'PNG' else None
    except Exception as error:  # Pillow has many ways to fail on a bad file
        raise _unreadable(path, error) from None
    return str(found) if isinstance(found, str) else None


def size(path):
    """Width and height of a picture file, the way up that its EXIF orientation says."""
    files.require_regular(path)
    with open(path, 'rb') as f:
        picture = _attempt(path, lambda: Image.open(f))
        return _attempt(path, lambda: _page_size(picture))


def _page_size(picture):
    """As size, of the page of an open picture that is next to be decoded."""
    if picture.format == 'TIFF':
        width, height, turned = [picture.tag_v2.get(tag) for tag in (256, 257, ORIENTATION)]
    else:
        (width, height), turned = picture.size, _orientation(picture)
    return (height, width) if turned in SIDEWAYS else (width, height)


def load(path, size, channels=1, limits=None, resize=False, check=None):
    """A PNG, JPEG, TIFF or BMP picture or a NumPy array as uint8 [channels, size, size]; size may be (height, width).

    8-bit pixels are kept. Others are scaled so that limits, (LO, HI), become 0 and 255; unsigned 16-bit ones have the
    limits (0, 65535) if there are none and the set of pictures uses that range. check: the RangeCheck of the set, which
    is to be asked after the last picture; None: the picture is alone. resize: take the middle square and scale it,
    smoothly; otherwise another size is an error. Gray in colour files is gray. What cannot be used is a BadPicture.
    """
    return fit(path, _stored(path, size, resize), size, channels, limits, resize, check)


def fit(path, pixels, size, channels=1, limits=None, resize=False, check=None):
    """As load, of pixels [H, W] or [H, W, 3] that are read already. path: what errors call them."""
    if pixels.dtype != np.uint8:
        pixels = _scaled(path, pixels, limits, check)
    return _fitted(path, pixels, size, channels, resize)


def load_mask(path, size):
    """Where a picture is not black, whatever its numbers stand for: uint8 [1, size, size] of 0 and 255."""
    return _fitted(path, np.where(_stored(path, size) != 0, 255, 0).astype(np.uint8), size)


def _stored(path, size, resize=False):
    """The pixels of a picture or an array, [H, W] or [H, W, 3], as stored."""
    wanted = None if resize else (size[::-1] if isinstance(size, tuple) else (size, size))
    return _load_array(path) if path.lower().endswith('.npy') else _load_picture(path, wanted)


def _fitted(path, pixels, size, channels=1, resize=False):
    """Pixels [H, W] or [H, W, 3] as uint8 [channels, size, size]; ValueError for another size or for colour."""
    height, width = size if isinstance(size, tuple) else (size, size)
    pixels = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)  # [H,W(,C)] -> [C,H,W]
    if channels == 1 and len(pixels) == 3:
        if (pixels[0] != pixels[1]).any() or (pixels[0] != pixels[2]).any():
            raise NotGray(path, 'is a colour image')
        pixels = pixels[:1]
    h, w = pixels.shape[1:]
    if resize and (h, w) != (height, width):
        side = min(h, w)
        box = (w - side) / 2.0, (h - side) / 2.0, (w + side) / 2.0, (h + side) / 2.0
        planes = (Image.fromarray(np.asarray(plane, np.float32)) for plane in pixels)
        pixels = np.stack([np.asarray(plane.resize((width, height), Image.LANCZOS, box)) for plane in planes])
    elif (h, w) != (height, width):
        raise _wrong_size(path, (w, h), (width, height))
    if pixels.dtype != np.uint8:
        pixels = np.rint(pixels).clip(0, 255).astype(np.uint8)
    return np.repeat(pixels, channels, axis=0) if len(pixels) < channels else pixels


def _wrong_size(path, size, wanted):
    return WrongSize(path, 'is %d x %d pixels, wanted are %d x %d' % (size + wanted))


def _scaled(path, pixels, limits, check):
    """Pixels of a file, of more than 8 bits, with limits (LO, HI) as 0 and 255: float32; as `load` says."""
    if limits is None and not (pixels.dtype.kind == 'u' and pixels.dtype.itemsize == 2):
        raise RangeNeeded(path, 'holds %s numbers' % pixels.dtype)
    if limits is None:
        set_check = check or RangeCheck()
        set_check.add(path, pixels)
        if check is None:
            set_check.require()
    lo, hi = limits or FULL
    with np.errstate(all='ignore'):  # beyond single precision is black or white
        return ((pixels.astype(np.float32) - lo) * (255.0 / (hi - lo))).clip(0, 255)


def _load_array(path):
    """Pixels [H, W] or [H, W, 3] of a NumPy file."""
    array = require_plain(path, arrays.load(path))
    if array.ndim == 3 and len(array) in (1, 3) and array.shape[2] not in (1, 3):
        array = array.transpose(1, 2, 0)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if 0 in array.shape or not (array.ndim == 2 or array.ndim == 3 and array.shape[2] == 3):
        raise BadPicture(path, 'has the shape %s' % list(array.shape), 'an image is [H, W], [H, W, 3] or [3, H, W]')
    return array


def require_plain(path, array):
    """A copy of an array; BadPicture for one with too many numbers, or with some that are not finite."""
    if array.size > MOST:
        raise BadPicture(path, 'holds %d numbers' % array.size, 'images may have up to %d' % MOST)
    array = np.array(array)
    if not np.isfinite(array).all():
        raise BadPicture(path, 'holds numbers that are not finite', 'replace them')
    return array


def _unreadable(path, error):
    """The error to raise for one of Pillow's."""
    if getattr(error, 'errno', None) or isinstance(error, MemoryError):
        return error
    reason = type(error).__name__ if path in str(error) or not str(error) else error
    remedy = 'save it again, as 8- or 16-bit PNG or with numpy.save, or remove it'
    return BadPicture(path, 'cannot be read as an image (%s)' % reason, remedy)


def _attempt(path, function):
    """What a function of Pillow gives; nothing is printed, and its errors name the file."""
    try:
        with warnings.catch_warnings(), suppress_stderr():  # libtiff writes to stderr itself
            warnings.simplefilter('ignore')  # of what matters here, Pillow raises
            return function()
    except Exception as error:  # Pillow has many ways to fail on a bad file
        raise _unreadable(path, error) from None


def _load_picture(path, wanted):
    """Pixels [H, W] or [H, W, 3] of a picture, as stored but turned as its EXIF orientation says.

    BadPicture for what has no plain meaning as an image.
    wanted: its width and height, None for any up to MOST pixels.
    """
    files.require_regular(path)
    with open(path, 'rb') as f:  # by name, Pillow 13 misreads TIFFs that are turned
        picture = _attempt(path, lambda: Image.open(f))
        frames = _attempt(path, lambda: getattr(picture, 'n_frames', 1))
        if frames > 1:
            remedy = 'save each as a file of its own, or give this file alone'
            raise BadPicture(path, 'holds %d pictures' % frames, remedy)
        return _page(path, picture, wanted)


def page_count(path):
    """How many pages a TIFF file has."""
    files.require_regular(path)
    with open(path, 'rb') as f:
        return _attempt(path, lambda: getattr(Image.open(f), 'n_frames', 1))


def pages(path, size=None):
    """Yields (what errors call it, pixels [H, W] or [H, W, 3] as stored) of each page of a TIFF file; errors as `load`.

    size: the width and height that each has to have.
    """
    files.require_regular(path)
    with open(path, 'rb') as f:
        picture = _attempt(path, lambda: Image.open(f))
        for index in range(_attempt(path, lambda: getattr(picture, 'n_frames', 1))):
            name = '%s page %d' % (path, index + 1)
            _attempt(name, lambda place=index: picture.seek(place))
            yield name, _page(name, picture, size and (size, size))


def _page(path, picture, wanted):
    """As _load_picture, of the page of an open picture that is next to be decoded. path: what errors call it."""
    stored_size = _attempt(path, lambda: _page_size(picture))  # before any of it is decoded
    if wanted not in (None, stored_size):
        raise _wrong_size(path, stored_size, wanted)
    if stored_size[0] * stored_size[1] > MOST:
        raise BadPicture(path, 'has %d x %d pixels' % stored_size, 'images may have up to %d' % MOST)
    capacity.require_memory(DECODED * stored_size[0] * stored_size[1], path)
    pixels, stored = _attempt(path, lambda: _decoded(picture))
    if pixels.ndim == 3 and '16' in stored:
        raise BadPicture(path, 'has 16-bit colours, of which Pillow reads only 8 bits', 'save it with 8 bits')
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        if (pixels[..., 3] < 255).any():
            raise BadPicture(path, 'is transparent in places', 'save it without transparency')
        pixels = pixels[..., :3]
    if pixels.dtype == np.int32 and '16' in stored and 'S' not in stored:
        pixels = pixels.astype(np.uint16)  # a 16-bit PNG in older Pillow
    if pixels.dtype.kind == 'f' and not np.isfinite(pixels).all():
        raise BadPicture(path, 'holds numbers that are not finite', 'replace them')
    return pixels


def _decoded(picture):
    """(pixels, how they are stored: such as L, I;16B, or RGB;16B read as 8 bits) of the next page of a picture."""
    stored = str(picture.tile[0][3]) if picture.tile else ''
    mode = picture.mode
    clear = mode in ('LA', 'PA', 'RGBA') or 'transparency' in picture.info
    picture.load()
    if picture.format != 'TIFF' and _orientation(picture) > 1:  # Pillow turns TIFFs itself
        picture = ImageOps.exif_transpose(picture)
    if mode in ('1', 'P', 'PA', 'LA', 'CMYK', 'YCbCr', 'LAB', 'HSV'):
        picture = picture.convert('L' if mode == '1' else 'RGBA' if clear else 'RGB')
    return np.asarray(picture), stored
