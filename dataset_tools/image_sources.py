"""Image files as the patches of a dataset."""

import collections
import os
import re

from common import files, formatting, hounsfield, images
from dataset_tools import pseudonyms, source_digests
from dataset_tools.patches import Patch, Source, margin

REMEDIES = {
    images.WrongSize: 'give --resize, or another --resolution',
    images.NotGray: 'give --channels 3, or save it as gray',
    images.RangeNeeded: images.range_flag,
}
PAIR_REMEDIES = {
    images.WrongSize: 'give another --resolution',
    images.NotGray: 'save it as gray',
    images.RangeNeeded: images.range_flag,
}


def from_images(cfg):
    """A Source of the image files in a folder, or of the classes whose folders it holds; in order of their names."""
    for name, value in (('slices', cfg.slices > 1), ('classes', cfg.classes)):
        if value:
            raise ValueError(f'--{name} is for an NPZ, NPY or TIFF file of many images; {cfg.source} is a folder')
    pattern = _nodule_pattern(cfg.nodules)
    hashed = pseudonyms.namer(cfg)
    names_by_class, skipped = _image_files(cfg.source)
    size = cfg.resolution + 2 * margin(cfg)
    window = hounsfield.window(cfg.window) if cfg.window else None
    nodules = []  # (class, path, name of the nodule in the data set) of each image
    for label, names in names_by_class.items():
        nodules += [(label, name, hashed('nodule', _nodule_of(name, pattern))) for name in names]

    def patches():
        check = images.RangeCheck()
        for label, name, nodule in nodules:
            path = os.path.join(cfg.source, name)
            with images.remedies(REMEDIES):
                pixels = images.load(path, size, cfg.channels, cfg.range, cfg.resize, check)
            yield Patch(pixels, label, nodule, _file_facts(path, hashed('file', name)), None)
        with images.remedies(REMEDIES):
            check.require()  # no set has its name yet

    counts = [f'{count} {what}' for what, count in skipped.items() if count]
    notes = ['skipped: ' + ', '.join(counts)] if counts else []
    about = dict(source='image files', window=window, range=cfg.range, channels=cfg.channels)
    about['versions'] = source_digests.versions('numpy', 'PIL')
    groups = list(collections.OrderedDict.fromkeys((label, nodule) for label, _, nodule in nodules))
    return Source('images', list(names_by_class), len(nodules), patches(), about, notes, groups)


def _file_facts(path, name):
    return dict(file=name, file_sha256=source_digests.sha256([path]))


def _nodule_pattern(text):
    """The compiled pattern of --nodules, or None."""
    if not text:
        return None
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise ValueError(f'--nodules {text}: {error}') from None
    if not pattern.groups:
        raise ValueError(f'--nodules {text} holds no group; put brackets round what names the nodule')
    return pattern


def _nodule_of(name, pattern):
    """The nodule that a file shows: the first group of the pattern in its name, or the name."""
    if not pattern:
        return name
    match = pattern.match(os.path.basename(name))
    if not (match and match.group(1)):
        remedy = 'correct the pattern or move the file away'
        raise ValueError(f'{name} does not match --nodules {pattern.pattern}; {remedy}')
    return match.group(1)


def _image_files(folder):
    """{class or None: names below folder} of the images in a folder or its sub-folders; {what: count} of others."""
    if not os.path.isdir(folder):
        raise ValueError(f'{folder} is not a folder; name the folder of the images, or an NPZ, NPY or TIFF file')
    skipped = collections.OrderedDict([('hidden', 0), ('not images', 0), ('folders', 0)])
    pictures, folders = _listing(folder, skipped)
    classes = collections.OrderedDict()
    if pictures:
        classes[None] = pictures
    for name in folders:
        inner, deeper = _listing(os.path.join(folder, name), skipped)
        skipped['folders'] += len(deeper)
        if not inner:
            skipped['folders'] += 1
            continue
        if pictures:
            problem = f'holds images and folders of images, such as {name}'
            raise ValueError(f'{folder} {problem}; give it one or the other')
        for label in classes:
            if label.lower() == name.lower():
                problem = f'holds the folders {label} and {name}, which are one class'
                raise ValueError(f'{folder} {problem}; put their images together')
        classes[name] = [f'{name}/{file}' for file in inner]
    if not classes:
        raise ValueError(f'{folder} holds no images ({" ".join(images.SUFFIXES)}), nor do its folders')
    return classes, skipped


def _listing(folder, skipped):
    """(names of images, names of folders) in a folder; the others are counted in `skipped`."""
    pictures, folders = [], []
    for name in sorted(os.listdir(folder), key=formatting.natural_order):
        path = os.path.join(folder, name)
        if name.startswith('.'):
            skipped['hidden'] += 1
        elif os.path.isdir(path):
            folders.append(name)
        elif os.path.splitext(name)[1].lower() in images.SUFFIXES:
            files.require_utf8(path)
            pictures.append(name)
        else:
            skipped['not images'] += 1
    return pictures, folders


def image_pairs(cfg):
    """A Source of the images and masks of the same names in two folders."""
    names = _names(cfg.images)
    single = sorted(set(names) ^ set(_names(cfg.masks)))
    if single:
        problem = f'{single[0]} is in only one of {cfg.images} and {cfg.masks}'
        raise ValueError(f'{problem}; images and masks have the same names')
    stems = [os.path.splitext(name)[0] for name in names]
    stem, count = collections.Counter(stems).most_common(1)[0]
    if count > 1:
        raise ValueError(f'{cfg.images} has two files named {stem}; rename one')
    hashed = pseudonyms.namer(cfg)

    def patches():
        check = images.RangeCheck()
        for name, stem in zip(names, stems):
            path = os.path.join(cfg.images, name)
            mask_path = os.path.join(cfg.masks, name)
            if name.lower().endswith(('.jpg', '.jpeg')):
                raise ValueError(f'{mask_path}: JPEG blurs the outline of a mask; save masks as PNG')
            with images.remedies(PAIR_REMEDIES):
                pixels = images.load(path, cfg.resolution, limits=cfg.range, check=check)
                mask = images.load_mask(mask_path, cfg.resolution)
            facts = _file_facts(path, hashed('file', name))
            yield Patch(pixels, None, hashed('nodule', stem), facts, mask[0] > 0)
        with images.remedies(PAIR_REMEDIES):
            check.require()

    about = dict(source='image and mask files', range=cfg.range, versions=source_digests.versions('numpy', 'PIL'))
    return Source('pairs', [None], len(names), patches(), about, [])


def _names(folder):
    """Names of the images in a folder; ValueError if there are only folders of them."""
    classes, _ = _image_files(folder)
    if None not in classes:
        raise ValueError(f'{folder} holds folders of images; name one of them')
    return classes[None]
