"""What is wrong with datasets: damage, contradictions with NAME.json, images that come twice, leaks between folds."""

import collections
import contextlib
import hashlib
import itertools
import os

import numpy as np

import dataset
from common import card, log
from dataset_tools.pseudonyms import spelt_alike

NAMED = 'patient', 'scan', 'nodule'  # what may not be on two sides of a fold
SHOWN = 3  # findings of a kind that are printed, if not all are
# Kinds of findings, and what they are called where there are several; a finding is (kind, line)
KINDS = dict(
    facts='damaged json files',
    level='missing levels',
    count='wrong numbers of records',
    file='damaged files',
    colour='sets of colour images',
    labels='damaged labels',
    record='damaged records',
    average='records that are not the average of the finer level',
    same='images that are there already',
    turned='images that are there already, flipped or turned',
    leak='patients, scans and nodules on two sides of a fold',
)


def find(paths):
    """The dataset folders at or below the paths, each once; hidden ones are parts of unfinished runs."""
    found = {}
    for path in paths:
        if not os.path.isdir(path):
            raise FileNotFoundError('%s is not a folder; name a dataset, or a folder of datasets' % path)
        inside = []
        for folder, _, names in sorted(os.walk(path)):
            hidden = '/.' in '/' + os.path.relpath(folder, path).replace(os.sep, '/').lstrip('.')
            if not hidden and any(name.endswith('.tfrecords') for name in names):
                inside.append(os.path.normpath(folder))
        if not inside:
            raise FileNotFoundError('%s holds no *.tfrecords; make some with 0-dataset_create.py' % path)
        for folder in inside:
            found.setdefault(os.path.realpath(folder), folder)
    return list(found.values())


def _not_averages(paths, channels):
    """Findings in the records of {level: path}: bad ones, and those that are not the average of the finer level's."""
    rows = itertools.zip_longest(*(dataset.parsed_records(path, channels) for path in paths.values()))
    for index, row in enumerate(rows):
        images = {}
        for level, image in zip(paths, row):
            if image is not None and not isinstance(image, str) and image.shape[1] != 2**level:
                image = 'has the shape %s; this level is %dx%d' % (list(image.shape), 2**level, 2**level)
            if isinstance(image, str):
                yield 'record', '%s record %d %s' % (paths[level], index, image)
            elif image is not None:
                images[level] = image
        for level, image in images.items():
            if level + 1 in images:
                c, h, w = image.shape
                average = images[level + 1].reshape(c, h, 2, w, 2).mean(axis=(2, 4))
                if np.abs(image - average).max() > 1:
                    finer = os.path.basename(paths[level + 1])
                    yield 'average', '%s record %d is not the 2x2 average of %s' % (paths[level], index, finer)


def damage(folder, channels=1):
    """Findings about one dataset, with file and record number counted from 0.

    Checked: all levels from 4x4 up are there, framing and checksums, features and shapes, equal counts, and that each
    image is the 2x2 box average of the finer level's. As the reference tools round every level from the unrounded one
    above it, a pixel may differ from the average of the rounded pixels by at most 1/2 + 1/2.
    """
    paths, counts, findings = dataset.levels(folder), {}, []
    for level in range(2, max(paths)):
        if level not in paths:
            findings.append(('level', '%s lacks level r%02d (%dx%d)' % (folder, level, 2**level, 2**level)))
    for level, path in paths.items():
        try:
            counts[level] = dataset.count(path)
        except (OSError, ValueError) as error:
            findings.append(('file', str(error)))
    if len(set(counts.values())) > 1:
        numbers = ['%s %d' % (os.path.basename(paths[level]), number) for level, number in counts.items()]
        findings.append(('count', 'the levels differ in their number of records: ' + ', '.join(numbers)))
    return findings + list(_not_averages({level: paths[level] for level in counts}, channels))


def contradictions(folder, facts):
    """Findings where the card of a dataset tells of other files than there are."""
    paths = dataset.levels(folder)
    top = (facts.resolution or 0).bit_length() - 1
    if top > max(paths):
        yield 'level', '%s lacks level r%02d (%dx%d)' % (folder, top, 2**top, 2**top)
    for path in paths.values():
        try:
            number = dataset.count(path)
        except (OSError, ValueError):
            continue  # `damage` tells of it
        if facts.records not in (None, number):
            yield 'count', '%s holds %d records, but its json file says %d' % (path, number, facts.records)


def _intact(path, channels):
    """Images up to the first bad one, of which `damage` tells."""
    with contextlib.suppress(ValueError):
        yield from dataset.stream(path, channels)


def _hash(data):
    return hashlib.blake2b(data, digest_size=16).digest()


def _hash_of_all_turns(image):
    """What the eight flips and right-angle rotations of an image [C,R,R] have in common, and hardly any other image."""
    turned = [np.rot90(x, turns, (1, 2)) for x in (image, image[:, :, ::-1]) for turns in range(4)]
    return _hash(min(x.tobytes() for x in turned))


def duplicates(folders, facts, channels):
    """Findings: images of the finest level that a record before them, of any folder, shows as it is, flipped or turned.

    The flips and turns of one image that NAME.json tells of are as they should be.
    """
    exact, turned = {}, {}  # key: (folder, record, image number)
    for folder in folders:
        path = list(dataset.levels(folder).values())[-1]
        entries = facts[folder].get('entries', [])
        ends = np.cumsum([entry['records'] for entry in entries])
        for record, image in enumerate(_intact(path, channels[folder])):
            entry = int(np.searchsorted(ends, record, 'right'))
            here = path, record, entry if entry < len(entries) else -1 - record
            first = exact.setdefault(_hash(image.tobytes()), here)
            if first is not here:
                yield 'same', '%s record %d is the same image as %s record %d' % (here[:2] + first[:2])
                continue
            first = turned.setdefault(_hash_of_all_turns(image), here)
            if first is not here and (first[0], first[2]) != (here[0], here[2]):
                yield 'turned', '%s record %d is %s record %d flipped or turned' % (here[:2] + first[:2])


def leaks(folders, facts):
    """Lines: patients, scans and nodules that are on both sides of a fold; each once."""
    where = {}
    for folder in folders:
        source, entries = str(facts[folder].source), facts[folder].entries or []
        for kind in NAMED:
            for name in sorted({str(entry[kind]) for entry in entries if entry.get(kind) is not None}):
                known = spelt_alike(name) if kind == 'patient' else name
                first = where.setdefault((source, kind, known), folder)
                if _side(facts[first]) != _side(facts[folder]):
                    yield '%s %s is both in %s and in %s' % (kind, name, first, folder)


def _side(found):
    """Fold, inner fold and side in the card of a dataset, as text; None stands for what it is not part of."""
    return str(found.fold), str(found.inner), str(found.side)


def _together(folders, facts):
    """Lists of datasets in which nothing may come twice: of a fold, and of its test side with each of its inner folds.

    Two folds share images, and so do a training side and the folds within it, as they should.
    """
    sides = {folder: _side(facts[folder]) for folder in folders}
    for place in sorted({side[:2] for side in sides.values()}):
        outer = (place[0], 'None', 'test')
        yield [folder for folder in folders if sides[folder][:2] == place or sides[folder] == outer]


def _is_coloured(folder):
    """Whether the finest level begins with a colour image."""
    with contextlib.suppress(OSError, ValueError):  # of which `damage` tells
        return dataset.channels_of(list(dataset.levels(folder).values())[-1]) == 3


def _bad_labels(folder):
    """What is wrong with NAME-rxx.labels, if the dataset has it."""
    finest = list(dataset.levels(folder).values())[-1]
    path = dataset.labels_beside(finest)
    if path:
        try:
            dataset.read_labels(path, dataset.count(finest))
        except (OSError, ValueError) as error:
            yield str(error)


def verify(folders, channels=None):
    """Findings about datasets, as they are found: (one of KINDS, line)."""
    facts, colours = {}, {}
    for folder in folders:
        try:
            facts[folder] = card.of_data(folder)
        except ValueError as error:
            yield 'facts', str(error)
            facts[folder] = card.Card()
        colours[folder] = channels or facts[folder].channels or 1
        yield from contradictions(folder, facts[folder])
        if colours[folder] == 1 and _is_coloured(folder):
            words = '%s holds colour images where gray ones are expected, as no json file says so; give --channels 3'
            yield 'colour', words % list(dataset.levels(folder).values())[-1]
        else:
            yield from damage(folder, colours[folder])
        yield from (('labels', line) for line in _bad_labels(folder))
    told = set()
    for together in _together(folders, facts):
        leaking = (('leak', line) for line in leaks(together, facts))
        found = itertools.chain(leaking, duplicates(together, facts, colours))
        yield from (finding for finding in found if finding not in told and not told.add(finding))


def _summaries(findings):
    """A line for each kind of findings: the only one, or how many there are, with the first."""
    counts, first = collections.Counter(), collections.OrderedDict()
    for kind, line in findings:
        counts[kind] += 1
        first.setdefault(kind, []).extend([log.one_line(line)] * (counts[kind] <= SHOWN))
    for kind, lines in first.items():
        more = '; and %d more, listed with --all' % (counts[kind] - SHOWN) if counts[kind] > SHOWN else ''
        begin = '%d %s: ' % (counts[kind], KINDS[kind]) if counts[kind] > 1 else ''
        yield begin + '; '.join(lines) + more


def report(paths, channels=None, every=False):
    """Print what is wrong, a line for each kind of finding or for every one, and return the exit code: 0 if nothing is,
    otherwise 1."""
    folders = find(paths)
    findings, wrong = verify(folders, channels), False
    for line in (log.one_line(line) for _, line in findings) if every else _summaries(findings):
        print(line)
        wrong = True
    if not wrong:
        numbers = [dataset.count(path) for folder in folders for path in list(dataset.levels(folder).values())[-1:]]
        agree = 'levels, checksums, counts, averages and json files agree, and no image comes twice'
        print('%d images in %d datasets: %s' % (sum(numbers), len(folders), agree))
    return int(wrong)
