"""Files of many images as the patches of a dataset: NPZ as MedMNIST has them, NPY, and TIFF of several pages."""

import collections
import functools
import os
import re

import numpy as np

from common import arrays, capacity, files, hounsfield, images
from dataset_tools import class_names, pseudonyms, source_digests
from dataset_tools.image_sources import REMEDIES
from dataset_tools.patches import Patch, Source, margin

PARTS = dict(train='train', val='val', valid='val', validation='val', test='test')
ARRAYS = re.compile(r'(?:(%s)_)?(images|labels)$' % '|'.join(PARTS), re.IGNORECASE)
LISTED = 1000  # bytes of memory for an image, at most, beside its pixels

# part: train, val, test or None; name: of the array in the file, or ''; count: of items; depth: slices of an item;
# labels: text for each item, or None; items: a function that yields (what errors call an item, its pixels)
Stack = collections.namedtuple('Stack', 'part name count depth labels items')


def from_stacks(cfg):
    """A Source of the images in a file, in their order, or of the middle slices of its volumes.

    An item is a nodule. Parts train, val and test are splits, unless cfg has folds.
    """
    stacks, ignored = _read(cfg)
    hashed = pseudonyms.namer(cfg)
    path, file_name = cfg.source, os.path.basename(cfg.source)
    size = cfg.resolution + 2 * margin(cfg)
    nodules = []  # (class, name of the nodule in the data set) of each item of each stack
    for stack in stacks:
        names = [hashed('nodule', f'{file_name} {stack.name} {index}') for index in range(stack.count)]
        labels = stack.labels or [None] * stack.count
        labels = [class_names.of_label(label, cfg.classes, f'{path} {stack.name}') for label in labels]
        nodules.append(list(zip(labels, names)))

    def patches():
        check = images.RangeCheck()
        with images.remedies(REMEDIES):
            for stack, named in zip(stacks, nodules):
                for index, ((label, nodule), (name, item)) in enumerate(zip(named, stack.items())):
                    facts = dict(index=index, array=stack.name) if stack.name else dict(index=index)
                    volume = _volume(item, cfg.channels)
                    first = (len(volume) - cfg.slices + 1) // 2
                    for k, plane in enumerate(volume[first : first + cfg.slices]):
                        plane = images.require_plain(name, plane)
                        pixels = images.fit(name, plane, size, cfg.channels, cfg.range, cfg.resize, check)
                        slice_facts = dict(facts, slice=k - (cfg.slices - 1) / 2.0)
                        yield Patch(pixels, label, nodule, slice_facts, None)
            check.require()  # no set has its name yet

    window = hounsfield.window(cfg.window) if cfg.window else None
    about = dict(source='image file', window=window, range=cfg.range, channels=cfg.channels, slices=cfg.slices)
    about.update(file=hashed('file', file_name), file_sha256=source_digests.sha256([path]))
    about['versions'] = source_digests.versions('numpy', 'PIL')
    notes = [f'{path}: not used: {", ".join(ignored)}'] if ignored else []
    parts = {name: stack.part for stack, named in zip(stacks, nodules) for _, name in named}
    if None in parts.values():
        parts = None
    elif cfg.folds:
        notes.append(f'{path}: its splits are not used, as --folds makes others')
    groups = [pair for named in nodules for pair in named]
    labels = sorted({label for label, _ in groups}, key=_label_order(cfg.classes))
    return Source('images', labels, len(groups) * cfg.slices, patches(), about, notes, groups, parts=parts)


def _label_order(names):
    """The key that sorts classes: as they are named, else by their numbers."""
    order = names.split(',') if names else []
    return lambda label: order.index(label) if order else int(label or 0)


def _read(cfg):
    """([Stack], names of arrays that are not used) of a file; ValueError for settings that it does not allow."""
    path = cfg.source
    files.require_utf8(path)
    ending = os.path.splitext(path)[1].lower()
    unused = []
    if ending == '.npz':
        stacks, unused = _read_npz(path, cfg.channels)
    elif ending == '.npy':
        stacks = [_npy_stack(path, cfg.channels)]
    elif ending in ('.tif', '.tiff'):
        items = functools.partial(images.pages, path, None if cfg.resize else cfg.resolution + 2 * margin(cfg))
        stacks = [Stack(None, '', images.page_count(path), 1, None, items)]
    else:
        raise ValueError(f'{path} is neither a folder of images nor an NPZ, NPY or TIFF file; name one of these')
    if cfg.nodules:
        raise ValueError(f'--nodules is for a folder of images; {path} is a file')
    if cfg.classes and stacks[0].labels is None:
        raise ValueError(f'{path} has no labels that --classes could name; leave it out')
    for stack in stacks:
        if cfg.slices > stack.depth:
            raise ValueError(f'{path} {stack.name} has {stack.depth} slices of each nodule; lower --slices')
    return stacks, unused


def _npy_stack(path, channels):
    array = arrays.load(path)
    _require_stack(path, array.shape)

    def items():
        for index, item in enumerate(array):
            yield f'{path} image {index}', item

    return Stack(None, '', len(array), _depth(path, array.shape, channels), None, items)


def _read_npz(path, channels):
    headers = arrays.npz_headers(path)
    named = {}  # {part: {images or labels: name}}
    for name in headers:
        match = ARRAYS.match(name)
        if match:
            part, kind = match.groups()
            roles = named.setdefault(part and PARTS[part.lower()], {})
            if kind.lower() in roles:
                raise ValueError(f'{path} has both {roles[kind.lower()]} and {name}; leave one out')
            roles[kind.lower()] = name
    if not named and len(headers) == 1:
        named = {None: dict(images=list(headers)[0])}
    held = ', '.join(headers)[:200] or 'no array'
    for roles in named.values():
        if 'images' not in roles:
            raise ValueError(f'{path} has {roles["labels"]} but no images for them; it holds {held}')
    if not named or None in named and len(named) > 1 or set(named) == {'val', 'test'}:
        wanted = 'train_images and train_labels (val_, test_), or images and labels, or one array'
        raise ValueError(f'{path} holds {held}; it needs {wanted}')
    if len(named) == 1:  # no splits
        named = {None: list(named.values())[0]}
    parts = [part for part in (None, 'train', 'val', 'test') if part in named]
    stacks = [_npz_stack(path, part, named[part], headers, channels) for part in parts]
    if len({stack.labels is None for stack in stacks}) > 1:
        raise ValueError(f'{path} has labels of some splits only; it holds {held}')
    used = [name for roles in named.values() for name in roles.values()]
    return stacks, [name for name in headers if name not in used]


def _npz_stack(path, part, roles, headers, channels):
    name = roles['images']
    shape = headers[name].shape
    _require_stack(f'{path} {name}', shape)
    labels = None
    if 'labels' in roles:
        labels = _labels(path, roles['labels'], headers[roles['labels']], shape[0])

    def items():
        for index, item in enumerate(arrays.npz_items(path, name, headers[name])):
            yield f'{path} {name} {index}', item

    return Stack(part, name, shape[0], _depth(f'{path} {name}', shape, channels), labels, items)


def _require_stack(name, shape):
    """ValueError for the shape of an array that holds no images."""
    if not 3 <= len(shape) <= 5 or 0 in shape:
        remedy = 'it should hold images, [N, H, W], or volumes, [N, D, H, W]'
        raise ValueError(f'{name} has the shape {list(shape)[:9]}; {remedy}')
    capacity.require_memory(LISTED * shape[0], name)


def _labels(path, name, header, count):
    """Text for each of so many items."""
    if header.shape not in ((count,), (count, 1)):
        problem = f'has the shape {list(header.shape)}, and there are {count} images'
        raise ValueError(f'{path} {name} {problem}; each needs one label')
    values = np.array(list(arrays.npz_items(path, name, header)), float).ravel()
    if not (np.isfinite(values) & (values == np.rint(values)) & (values >= 0)).all():
        raise ValueError(f'{path} {name} holds other labels than 0, 1, ...; number the classes so')
    return [f'{value:.0f}' for value in values]


def _depth(name, shape, channels):
    """The number of slices of the items of an array, 1 for images; ValueError if they are neither."""
    volume = _volume(np.broadcast_to(np.uint8(0), shape[1:]), channels)
    if volume is None:
        problem = f'has items of the shape {list(shape[1:])}'
        raise ValueError(f'{name} {problem}; an image is [H, W] or [H, W, 3], a volume [D, H, W] or [D, H, W, 3]')
    return len(volume)


def _volume(item, channels):
    """An item as [D, H, W] or, in colour, [D, H, W, 3]: an image has one slice; None if it is no image or volume.

    The channel comes last, or first if it is the only one or three are asked for and there are no slices.
    """
    if channels == 3 and item.ndim == 3 and len(item) == 3 and item.shape[2] != 3:
        item = item.transpose(1, 2, 0)
    if item.ndim == 4 and len(item) == 1:
        item = item[0]
    has_channel = item.ndim > 2 and item.shape[-1] in (1, 3)
    if item.ndim - has_channel == 2:
        item = item[None]
    if item.ndim - has_channel != 3:
        return None
    return item[..., 0] if item.shape[-1] == 1 and has_channel else item
