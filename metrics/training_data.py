"""Which data weights learnt from, as far as somebody recorded it, and what that makes of a search for copies."""

import collections
import os

import numpy as np

import dataset
from common import model_record
from common.hounsfield import SCALE, WINDOWS

_NOTHING = 'the search for copies says nothing about memorisation'
WORDS = {
    'same': '%s is the data it was trained on',
    'part': '%s is a part of the data it was trained on: copies of the rest are not looked for',
    'more': '%s is the data it was trained on, and others',
    'different': '%s is not the data it was trained on: ' + _NOTHING,
    'transferred': '%s is not the data it was trained on, and those of the weights that it began with are not known: '
    + _NOTHING,
    'unknown': 'not known whether %s is the data it was trained on (no run.json beside it tells): if it is not, '
    + _NOTHING,
}
LEARNT = 'same', 'part', 'more'  # those of which a search for copies tells something


def folders(data):
    """The folder of each class of a dataset.Pyramid."""
    inner = [os.path.join(data.path, name) for name in data.classes]
    return [path if os.path.isdir(path) and len(data.classes) > 1 else data.path for path in inner]


def members(data):
    """[(nodule, scan, patient)] of the images of a dataset.Pyramid; the last two may be None, as may all of it.

    None where NAME.json does not tell which image is of which nodule.
    """
    found = []
    for index, folder in enumerate(folders(data)):
        entries = dataset.about(folder).get('entries')
        if not entries or sum(entry['records'] for entry in entries) != int((data.labels == index).sum()):
            return None
        for entry in entries:
            found += [(entry['nodule'], entry.get('scan'), entry.get('patient'))] * entry['records']
    return found


def image_names(data):
    """What to call each image of a dataset.Pyramid in a message: its folder, its number there, and its nodule."""
    found, known = [], members(data)
    for index, folder in enumerate(folders(data)):
        for number, place in enumerate(np.flatnonzero(data.labels == index)):
            nodule = ' (nodule %s)' % known[place][0] if known else ''
            found.append('%s image %d%s' % (folder, number, nodule))
    return found


def named(found):
    """{kind: sorted names} of what `members` gave."""
    kinds = ('nodule', 'scan', 'patient')
    return collections.OrderedDict((kind, sorted(set(names) - {None})) for kind, names in zip(kinds, zip(*found)))


def names(data, transfer=None):
    """What run.json says of whom weights learnt from: `named` of data and of the weights that they began with, or None.

    None where either is not known.
    """
    found = members(data)
    if found is None:
        return None
    found = named(found)
    if transfer:
        before = learnt_from(transfer)
        if before is None:
            return None
        found = {kind: sorted(set(found[kind]) | set(before.get(kind) or [])) for kind in found}
    return found


def _scales(*several):
    """{window or mm_per_pixel: [(class, value)]} of datasets, as their NAME.json files say; None: one does not say.

    Where other classes say their window, one that does not has that of the published patches.
    """
    classes = [(name, dataset.about(path)) for data in several for name, path in zip(data.classes, folders(data))]
    said = {key.rstrip('?'): [(name, about.get(key.rstrip('?'))) for name, about in classes] for key in SCALE}
    if any(window for _, window in said['window']):
        said['window'] = [(name, list(window or WINDOWS['paper'])) for name, window in said['window']]
    return said


def scale(*several):
    """{window, mm_per_pixel} of the images of dataset.Pyramids, what all their classes say alike; else None each."""
    said = _scales(*several)
    return {key: found[0][1] if all(value == found[0][1] for _, value in found) else None
            for key, found in said.items()}  # fmt: skip


def differing(*several):
    """{window or mm_per_pixel: 'AIS -1350 to 150, MIA -1900 to 1100'} of those that classes do not say alike."""
    words = {'window': lambda value: '%g to %g HU' % tuple(value)}
    words['mm_per_pixel'] = lambda value: 'not known' if value is None else '%g mm per pixel' % value
    return {key: ', '.join('%s %s' % (name, words[key](value)) for name, value in found)
            for key, found in _scales(*several).items() if any(value != found[0][1] for _, value in found)}  # fmt: skip


def learnt_from(model):
    """{kind: names} that weights learnt from, as run.json or NAME.json beside them say; None if they do not."""
    return model_record.data_facts(model).get('names')


def in_common(a, b):
    """(kind, a name) of what two {kind: names} have in common, or None."""
    for kind in ('nodule', 'scan', 'patient'):
        both = set(a.get(kind) or []) & set(b.get(kind) or [])
        if both:
            return kind, min(both)
    return None


def relation(known, data):
    """What data are to weights of which model_record.facts are known, a key of WORDS.

    data: has a digest and parts, the digests of its classes.
    """
    if not known:
        return 'unknown'
    learnt, here = set(known['data'].get('parts') or [known['data']['digest']]), set(data.parts)
    if known['data']['digest'] == data.digest or learnt == here:
        return 'same'
    if not learnt & here:
        return 'transferred' if (known.get('settings') or {}).get('transfer') else 'different'
    return 'more' if learnt < here else 'part'


def describe(known, kind, path):
    """A relation in a line for a person. path: of the data."""
    source = known['data'].get('source') if known else None
    words = WORDS[kind] % path
    return '%s (those were %s)' % (words, source) if source and kind == 'different' else words
