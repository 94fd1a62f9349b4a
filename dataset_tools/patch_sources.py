"""Where the patches of a dataset come from: image files here; one at a time, with what is known of each."""

import collections
import os
import re

from common import files, formatting, hounsfield, images
from dataset_tools import pseudonyms, source_digests

SHIFT = 10  # pixels, the most that a shifted cut is off the centre
_REMEDIES = {
    images.WrongSize: 'give --resize, or another --resolution',
    images.NotGray: 'give --channels 3, or save it as gray',
    images.RangeNeeded: images.range_flag,
}
_REMEDIES_OF_PAIRS = {
    images.WrongSize: 'give another --resolution',
    images.NotGray: 'save it as gray',
    images.RangeNeeded: images.range_flag,
}

# name: for want of another; labels: the classes, or [None]; total: number of patches; patches: a generator;
# about: for NAME.json; notes: for the user; groups: (label, group) of each nodule, for folds; doubts: warnings;
# left_out: [(places, why)] of what should have been in it
Source = collections.namedtuple('Source', 'name labels total patches about notes groups doubts left_out')
Source.__new__.__defaults__ = (), (), ()
# pixels: uint8 [C,S,S]; label: the class or None; nodule: its name; facts: what NAME.json tells of it; mask: None or
# bool [S,S]; group: what never comes apart, a patient or a scan; None: the nodule
Patch = collections.namedtuple('Patch', 'pixels label nodule facts mask group')
Patch.__new__.__defaults__ = (None,)


def margin(cfg):
    """Pixels that a patch is larger than the images, on each side, so that shifted ones can be cut from it."""
    if cfg.shifts > 1 and not cfg.augment:
        raise ValueError('--shifts %d without --augment; add it' % cfg.shifts)
    return SHIFT if cfg.shifts > 1 else 0


def _nodule_pattern(text):
    """The compiled pattern of --nodules, or None."""
    if not text:
        return None
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise ValueError('--nodules %s: %s' % (text, error)) from None
    if not pattern.groups:
        raise ValueError('--nodules %s holds no group; put brackets round what names the nodule' % text)
    return pattern


def _nodule_of(name, pattern):
    """The nodule that a file shows: what the first group of the pattern finds in its name, or the name."""
    if not pattern:
        return name
    found = pattern.match(os.path.basename(name))
    if not (found and found.group(1)):
        words = '%s does not match --nodules %s; correct the pattern or move the file away'
        raise ValueError(words % (name, pattern.pattern))
    return found.group(1)


def from_images(cfg):
    """A Source of the image files in a folder, or of the classes whose folders it holds; in order of their names."""
    pattern, called = _nodule_pattern(cfg.nodules), pseudonyms.namer(cfg)
    classes, skipped = _image_files(cfg.folder)
    side = cfg.resolution + 2 * margin(cfg)
    window = hounsfield.window(cfg.window) if cfg.window else None

    def nodule(name):
        return called('nodule', _nodule_of(name, pattern))

    def patches():
        check = images.RangeCheck()
        for label, files_ in classes.items():
            for name in files_:
                path = os.path.join(cfg.folder, name)
                with images.remedies(_REMEDIES):
                    pixels = images.load(path, side, cfg.channels, cfg.range, cfg.resize, check)
                facts = dict(file=called('file', name), file_sha256=source_digests.sha256([path]))
                yield Patch(pixels, label, nodule(name), facts, None)
        with images.remedies(_REMEDIES):
            check.require()  # nothing has its name yet

    left_out = ['%d %s' % (number, what) for what, number in skipped.items() if number]
    notes = ['skipped: ' + ', '.join(left_out)] if left_out else []
    about = dict(source='image files', window=window, range=cfg.range, channels=cfg.channels)
    about.update(versions=source_digests.versions('numpy', 'PIL'))
    shown = [(label, nodule(name)) for label, files_ in classes.items() for name in files_]
    groups = list(collections.OrderedDict.fromkeys(shown))
    return Source('images', list(classes), len(shown), patches(), about, notes, groups)


def _image_files(folder):
    """{class or None: names below folder} of the images in a folder or its sub-folders; {what: number} of others."""
    if not os.path.isdir(folder):
        raise ValueError('%s is not a folder; name the folder of the images' % folder)
    skipped = collections.OrderedDict([('hidden', 0), ('not images', 0), ('folders', 0)])

    def listing(path):
        pictures, folders = [], []
        for name in sorted(os.listdir(path), key=formatting.natural_order):
            if name.startswith('.'):
                skipped['hidden'] += 1
            elif os.path.isdir(os.path.join(path, name)):
                folders.append(name)
            elif os.path.splitext(name)[1].lower() in images.SUFFIXES:
                files.require_utf8(os.path.join(path, name))
                pictures.append(name)
            else:
                skipped['not images'] += 1
        return pictures, folders

    pictures, folders = listing(folder)
    classes = collections.OrderedDict([(None, pictures)] if pictures else [])
    for name in folders:
        inner, deeper = listing(os.path.join(folder, name))
        skipped['folders'] += len(deeper) + (not inner)
        if inner and pictures:
            words = '%s holds images and folders of images, such as %s; give it one or the other'
            raise ValueError(words % (folder, name))
        alike = [label for label in classes if label and label.lower() == name.lower()]
        if inner and alike:
            words = '%s holds the folders %s and %s, which are one class; put their images together'
            raise ValueError(words % (folder, alike[0], name))
        if inner:
            classes[name] = [name + '/' + file for file in inner]
    if not classes:
        raise ValueError('%s holds no images (%s), nor do its folders' % (folder, ' '.join(images.SUFFIXES)))
    return classes, skipped


def image_pairs(cfg):
    """A Source of the images and masks of the same names in two folders."""
    (pictures, masks), _ = zip(*(_image_files(folder) for folder in (cfg.images, cfg.masks)))
    for folder, found in ((cfg.images, pictures), (cfg.masks, masks)):
        if None not in found:
            raise ValueError('%s holds folders of images; name one of them' % folder)
    lone = sorted(set(pictures[None]) ^ set(masks[None]))
    if lone:
        words = '%s is in only one of %s and %s; images and masks have the same names'
        raise ValueError(words % (lone[0], cfg.images, cfg.masks))
    stem, times = collections.Counter(os.path.splitext(name)[0] for name in pictures[None]).most_common(1)[0]
    if times > 1:
        raise ValueError('%s has two files named %s; rename one' % (cfg.images, stem))

    called = pseudonyms.namer(cfg)

    def patches():
        check = images.RangeCheck()
        for name in pictures[None]:
            path, mask_path = os.path.join(cfg.images, name), os.path.join(cfg.masks, name)
            if name.lower().endswith(('.jpg', '.jpeg')):
                raise ValueError('%s: JPEG blurs the outline of a mask; save masks as PNG' % mask_path)
            with images.remedies(_REMEDIES_OF_PAIRS):
                pixels = images.load(path, cfg.resolution, limits=cfg.range, check=check)
                mask = images.load_mask(mask_path, cfg.resolution)
            facts = dict(file=called('file', name), file_sha256=source_digests.sha256([path]))
            nodule = called('nodule', os.path.splitext(name)[0])
            yield Patch(pixels, None, nodule, facts, mask[0] > 0)
        with images.remedies(_REMEDIES_OF_PAIRS):
            check.require()

    about = dict(source='image and mask files', range=cfg.range, versions=source_digests.versions('numpy', 'PIL'))
    return Source('pairs', [None], len(pictures[None]), patches(), about, [])
