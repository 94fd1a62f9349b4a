"""Multi-resolution datasets: NAME-r02.tfrecords (4x4) ... NAME-r06.tfrecords (64x64), a `tf.train.Example` an image.

FILE FORMAT: the features are `shape`, int64 [C, H, W], and `data`, the uint8 pixels in that order. Level k is the 2x2
box average of level k+1, rounded. The order of the features varies between records, as it does in any protocol buffer.

NAME-rxx.labels beside them holds the labels of the images, as the reference's tools write it; the letters rxx stand as
they are, for all resolutions have the same labels. NumPy's format, float32 [N, size], a row for each record in order;
usually one-hot.
"""

import collections
import contextlib
import glob
import itertools
import os
import re
import zlib

import numpy as np

from common import arrays, capacity, card, files, formatting, tfrecords

HELD_OUT = 8  # FILE FORMAT: which nodules `split` holds out depends on it, so that a resumed run learns from the same
_NAME = re.compile(r'(.*)-r(\d\d)\.tfrecords$')

# How records hold their pixels: the bytes before and after these, and the shape of the image.
Layout = collections.namedtuple('Layout', 'before after shape')
# Stands for a record that is not an image as wanted. fact: what is wrong with it.
BadRecord = collections.namedtuple('BadRecord', 'fact')


def levels(folder):
    """The files of the dataset in a folder, {level: path}, coarsest first."""
    if not os.path.isdir(folder):
        raise FileNotFoundError('%s is not a folder; name one that holds NAME-r02.tfrecords and so on' % folder)
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), '*.tfrecords')))
    matches = [match for match in map(_NAME.match, paths) if match]
    if not matches:
        raise FileNotFoundError('%s holds no NAME-r??.tfrecords; make some with 0-dataset_create.py' % folder)
    names = sorted({os.path.basename(match.group(1)) for match in matches})
    if len(names) > 1:
        message = '%s holds more than one dataset (%s); give each a folder of its own'
        raise ValueError(message % (folder, ', '.join(names)))
    return {int(match.group(2)): match.group(0) for match in matches}


def count(path):
    """How many records a tfrecords file holds; ValueError if their lengths do not fit the file, or any image."""
    return len(tfrecords.lengths(path))


def _parse(record, channels):
    """The image of a record, or a BadRecord."""
    try:
        features = tfrecords.Example(record)
    except ValueError:
        return BadRecord('is not a tf.train.Example')
    if 'shape' not in features or 'data' not in features:
        return BadRecord('lacks the feature shape or data')
    shape = features.int64_list('shape')[:4]
    data = features.bytes_list('data')
    size = shape[-1] if shape else 0
    if shape != [channels, size, size] or size not in [2**n for n in range(2, 12)]:
        kind = 'gray' if channels == 1 else 'colour'
        remedy = '; make the dataset again from gray pictures' if channels == 1 and shape[:1] == [3] else ''
        message = 'has the shape %.60s; wanted are square %s images [%d, H, H], H a power of two'
        return BadRecord(message % (shape, kind, channels) + remedy)
    if len(data) != 1 or len(data[0]) != channels * size * size:
        return BadRecord('does not hold as many pixels as its shape %s says' % shape)
    return np.frombuffer(data[0], np.uint8).reshape(shape)


def parsed_records(path, channels):
    """Images of a file in order, and a BadRecord in place of each bad one. ValueError where `count` raises it.

    A record with the Layout of an earlier one is not parsed, which would take five times as long.
    """
    layouts = {}  # {(length, first bytes): Layout} of records that were parsed
    for record in tfrecords.records(path):
        if record is None:
            yield BadRecord('does not match its checksum; copy the file again')
            return
        key = len(record), record[:4]
        layout = layouts.get(key)
        if layout and record.startswith(layout.before) and record.endswith(layout.after):
            size = len(record) - len(layout.before) - len(layout.after)
            yield np.frombuffer(record, np.uint8, size, len(layout.before)).reshape(layout.shape)
            continue
        image = _parse(record, channels)
        layout = None if isinstance(image, BadRecord) else layout_of(record, image)
        if layout:
            layouts[key] = layout
        yield image


def layout_of(record, image):
    """The Layout of a record of an image; None if it holds the image's bytes in several places.

    Another record of that length which begins and ends so holds its pixels there, too: protocol buffers are read from
    the front, and lengths come first.
    """
    pixels = image.tobytes()
    begin = record.find(pixels)
    if record.rfind(pixels) != begin:
        return None
    return Layout(record[:begin], record[begin + len(pixels) :], image.shape)


def channels_of(path):
    """1 or 3, the channels of the first image of a tfrecords file; None if it holds none that is whole."""
    for channels in 1, 3:
        if isinstance(next(parsed_records(path, channels), None), np.ndarray):
            return channels
    return None


def stream(path, channels=1):
    """The images of one tfrecords file in order, uint8 [C, H, W], all of one shape."""
    first = None
    for index, image in enumerate(parsed_records(path, channels)):
        if isinstance(image, BadRecord):
            raise ValueError('%s record %d %s' % (path, index, image.fact))
        first = first or image.shape
        if image.shape != first:
            message = '%s record %d has the shape %s, the records before it %s'
            raise ValueError(message % (path, index, list(image.shape), list(first)))
        yield image


def read(path, n=None, channels=1):
    """The first n images of one tfrecords file (default: all), uint8 [N, C, H, W]."""
    total = count(path)
    n = total if n is None else min(n, total)
    capacity.require_memory(2 * os.path.getsize(path) * n // total, path)
    images = list(itertools.islice(stream(path, channels), n))
    return np.stack(images) if images else np.zeros([0, channels, 1, 1], np.uint8)


@contextlib.contextmanager
def writer(folder, name):
    """A function that appends a uint8 image [C, R, R] to folder/NAME-r02.tfrecords up to R x R, named at the end.

    Coarser levels are averaged from the unrounded finer one and then rounded, as in the reference tools.
    """
    os.makedirs(folder, exist_ok=True)
    outputs = {}  # {level: open file}

    def append(image):
        pixels = image.astype(np.float32)
        for level in range(image.shape[-1].bit_length() - 1, 1, -1):
            if level not in outputs:
                path = os.path.join(folder, '%s-r%02d.tfrecords' % (name, level))
                outputs[level] = stack.enter_context(files.atomic(path))
            rounded = np.rint(pixels).astype(np.uint8)
            record = tfrecords.example(dict(data=rounded.tobytes(), shape=rounded.shape))
            outputs[level].write(tfrecords.framed(record))
            c, h, w = pixels.shape
            pixels = pixels.reshape(c, h // 2, 2, w // 2, 2).mean(axis=(2, 4))

    with contextlib.ExitStack() as stack:
        yield append
        for output in reversed(list(outputs.values())):
            output.flush()  # a full disk is found before any level has its name


def write(folder, name, images):
    """Write uint8 images [C, R, R] (any iterable) with `writer`."""
    with writer(folder, name) as append:
        for image in images:
            append(image)


def digest(*arrays):
    """A digest of arrays, to recognise data again."""
    value = 0
    for array in arrays:
        value = zlib.crc32(np.ascontiguousarray(array), value)
    return '%08x-%d' % (value, len(arrays[0]))


def _complete_levels(folder):
    """As `levels`; ValueError if one is missing."""
    paths = levels(folder)
    for k in range(2, max(paths)):
        if k not in paths:
            message = '%s lacks level r%02d (%dx%d); make the dataset again with 0-dataset_create.py'
            raise ValueError(message % (folder, k, 2**k, 2**k))
    return paths


def _load(path, array):
    """Fill an array [N, C, R, R] with the images of a file; ValueError if they are not so many of that shape."""
    n, shape, expected = 0, None, array.shape[1:]
    for image in stream(path, expected[0]):
        shape = image.shape
        if n < len(array) and shape == expected:
            array[n] = image
        n += 1
    if n != len(array) or shape != expected:
        message = '%s holds %d images of %dx%d where %d of %dx%d are expected; make the dataset again with '
        message += '0-dataset_create.py'
        raise ValueError(message % ((path, n) + shape[1:] + (len(array),) + expected[1:]))


def labels_beside(path):
    """NAME-rxx.labels beside a file NAME-r??.tfrecords, or None if it is not there."""
    path = re.sub(r'-r\d\d\.tfrecords$', '-rxx.labels', path)
    return path if path.endswith('.labels') and os.path.exists(path) else None


def read_labels(path, n):
    """Labels float32 [n, size]; BadFile for other than n rows of finite numbers."""
    labels = arrays.load(path)
    if labels.ndim != 2 or labels.shape[1] < 1:
        raise files.BadFile(path, 'has the shape %s' % list(labels.shape), 'labels are [images, classes]')
    if len(labels) != n:
        fact = 'has labels of %d images, the records beside it are %d' % (len(labels), n)
        raise files.BadFile(path, fact, 'make both again, together')
    with np.errstate(over='ignore'):
        labels = np.array(labels, np.float32)
    if not np.isfinite(labels).all():
        raise files.BadFile(path, 'holds numbers that are not finite', 'replace them')
    return labels


def are_one_hot(labels):
    """Whether each row of labels [N, size] names one class: a single 1 among zeros."""
    return bool((((labels == 0) | (labels == 1)).all(axis=1) & (labels.sum(axis=1) == 1)).all())


def _class_folders(path):
    """The folders of a dataset's classes: those in the folder that hold a dataset, or else the folder itself."""
    if glob.glob(os.path.join(glob.escape(path), '*.tfrecords')):
        return [path]
    inside = glob.glob(os.path.join(glob.escape(path), '*', ''))
    folders = [folder for folder in inside if glob.glob(glob.escape(folder) + '*.tfrecords')]
    return [os.path.normpath(folder) for folder in sorted(folders, key=formatting.natural_order)] or [path]


class Pyramid:
    """A dataset, or a folder of class folders, as uint8: in memory or, where it would fill that, mapped from a file.

    resolution: the finest to read (default: all); ValueError if the dataset has no such level. colour: whether images
    may have 3 channels; ValueError for such ones otherwise.
    images: {level: [N, C, R, R]}, levels 2 to top. folders: of the classes; classes: their names; labels: [N], index
    into classes. labels_path: of labels that a dataset of one class has in a file, or None. digest: of all pixels, and
    parts: of those of each class, to recognise the data again.
    """

    def __init__(self, path, resolution=None, colour=False):
        self.path = path
        self.folders = _class_folders(path)
        self.classes = [os.path.basename(os.path.abspath(folder)) for folder in self.folders]
        sets = [_complete_levels(folder) for folder in self.folders]
        tops = [max(paths) for paths in sets]
        if len(set(tops)) > 1:
            sizes = ['%s %d' % (name, 2**top) for name, top in zip(self.classes, tops)]
            raise ValueError('%s: the classes differ in resolution (%s)' % (path, ', '.join(sizes)))
        self.top = (resolution or 2 ** tops[0]).bit_length() - 1
        if self.top not in sets[0]:
            raise ValueError('%s holds images of up to %d pixels, not of %d' % (path, 2 ** tops[0], resolution))
        self._scale = 2.0 ** (tops[0] - self.top)  # of a pixel
        counts = [count(paths[2]) for paths in sets]
        self.count = sum(counts)
        self.labels = np.repeat(np.arange(len(sets)), counts)
        self.labels_path = labels_beside(sets[0][2]) if len(sets) == 1 else None
        self.channels = colour and channels_of(sets[0][2]) or 1
        shapes = {k: (self.count, self.channels, 2**k, 2**k) for k in sets[0] if k <= self.top}
        self.images = capacity.arrays(shapes, self.folders[0])
        self.parts = []
        begin = 0
        for paths, n in zip(sets, counts):
            part = {level: array[begin : begin + n] for level, array in self.images.items()}
            for level, array in part.items():
                _load(paths[level], array)
            self.parts.append(digest(*part.values()))
            begin += n
        self.digest = self.parts[0] if len(sets) == 1 else digest(*self.images.values())

    def cards(self):
        """The card.Card of each class; without entries where these are not of as many images as there are."""
        cards = [card.of_data(folder) for folder in self.folders]
        for label, class_card in enumerate(cards):
            if class_card.mm_per_pixel:
                class_card = class_card._replace(mm_per_pixel=class_card.mm_per_pixel * self._scale)
            cards[label] = class_card
            records = sum(entry['records'] for entry in class_card.entries or ())
            if records != int((self.labels == label).sum()):
                cards[label] = class_card._replace(entries=None, names=None)
        return cards

    @property
    def card(self):
        """The card.Card of all classes."""
        pooled = card.combined(self.cards())
        return pooled._replace(path=self.path, digest=self.digest, parts=self.parts, channels=self.channels)

    def image_names(self):
        """What to call each image in a message: its folder, its index there, and its nodule."""
        names, members = [], self.card.members()
        for label, folder in enumerate(self.folders):
            for index, i in enumerate(np.flatnonzero(self.labels == label)):
                nodule = ' (nodule %s)' % members[i][0] if members else ''
                names.append('%s image %d%s' % (folder, index, nodule))
        return names

    def label_vectors(self):
        """Labels for a network, float32 [N, size]: of NAME-rxx.labels, or one-hot classes."""
        if self.labels_path:
            return read_labels(self.labels_path, self.count)
        return np.eye(len(self.classes), dtype=np.float32)[self.labels]


def nodules(data):
    """The nodule of each image of a Pyramid, as indices [N]; ValueError if NAME.json does not say."""
    members = data.card.members()
    if members is None:
        raise ValueError(
            '%s has no NAME.json that tells which image is of which nodule; name other nodules with --validation'
            % data.path
        )
    index = {}
    names = [(label, nodule) for label, (nodule, _, _) in zip(data.labels, members)]
    return np.array([index.setdefault(name, len(index)) for name in names])


def split(data, share, seed):
    """(training, held-out) indices of a Pyramid: of each class this share of the nodules is held out, at least one."""
    of_image = nodules(data)
    held = []
    for label, name in enumerate(data.classes):
        inside = np.unique(of_image[data.labels == label])
        n = int(np.ceil(share * len(inside)))
        if n >= len(inside):
            raise ValueError('--holdout %g of %d nodules of %s leaves none' % (share, len(inside), name))
        held += np.random.RandomState([seed, HELD_OUT, label]).permutation(inside)[:n].tolist()
    is_held = np.isin(of_image, held)
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)
