"""What is wrong with datasets: damage, contradictions with NAME.json, images that come twice, leaks between folds."""

import collections
import contextlib
import hashlib
import itertools
import os

import numpy as np

import dataset
from common import card, log

EXAMPLES = 3  # findings of a kind that are printed, if not all are
# Kinds of findings, and how several of a kind are called
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
Finding = collections.namedtuple('Finding', 'kind message')
# paths: {level: path}; card: card.Card; split: fold, inner fold and side, as text
Dataset = collections.namedtuple('Dataset', 'folder paths card channels split')


def report(paths, channels=None, print_all=False):
    """Print what is wrong, a line for each kind of finding or for every one; the exit code: 0 if nothing is, else 1."""
    folders = find(paths)
    findings = verify(folders, channels)
    lines = (finding.message for finding in findings) if print_all else _summaries(findings)
    is_wrong = False
    for line in lines:
        print(log.one_line(line) if print_all else line)
        is_wrong = True
    if is_wrong:
        return 1
    images = sum(dataset.count(_finest(dataset.levels(folder))) for folder in folders)
    checks = 'levels, checksums, counts, averages and json files agree, and no image comes twice'
    print(f'{images} images in {len(folders)} datasets: {checks}')
    return 0


def _summaries(findings):
    """A line for each kind of findings: the only one, or how many there are, with the first."""
    counts = collections.Counter()
    examples = collections.OrderedDict()
    for finding in findings:
        counts[finding.kind] += 1
        lines = examples.setdefault(finding.kind, [])
        if len(lines) < EXAMPLES:
            lines.append(log.one_line(finding.message))
    for kind, lines in examples.items():
        count = counts[kind]
        begin = f'{count} {KINDS[kind]}: ' if count > 1 else ''
        more = f'; and {count - EXAMPLES} more, listed with --all' if count > EXAMPLES else ''
        yield begin + '; '.join(lines) + more


def find(paths):
    """The dataset folders at or below the paths, each once; hidden ones are parts of unfinished runs."""
    folders = {}  # {real path: path}
    for path in paths:
        if not os.path.isdir(path):
            raise FileNotFoundError(f'{path} is not a folder; name a dataset, or a folder of datasets')
        inside = []
        for folder, inner, names in os.walk(path):
            inner[:] = sorted(name for name in inner if not name.startswith('.'))
            if any(name.endswith('.tfrecords') for name in names):
                inside.append(os.path.normpath(folder))
        if not inside:
            raise FileNotFoundError(f'{path} holds no *.tfrecords; make some with 0-dataset_create.py')
        for folder in sorted(inside):
            folders.setdefault(os.path.realpath(folder), folder)
    return list(folders.values())


def verify(folders, channels=None):
    """Yields the Findings about dataset folders; channels: 1 or 3, by default what NAME.json says, or 1."""
    datasets = []
    for folder in folders:
        data_card = card.Card()
        try:
            data_card = card.of_data(folder)
        except ValueError as error:
            yield Finding('facts', str(error))
        paths = dataset.levels(folder)
        split = str(data_card.fold), str(data_card.inner), str(data_card.side)
        data = Dataset(folder, paths, data_card, channels or data_card.channels or 1, split)
        datasets.append(data)
        yield from _contradictions(data)
        if data.channels == 1 and _is_coloured(data):
            problem = f'{_finest(paths)} holds colour images where gray ones are expected, as no json file says so'
            yield Finding('colour', f'{problem}; give --channels 3')
        else:
            yield from _damage(data)
        yield from _label_damage(data)
    reported = set()
    for group in _disjoint_groups(datasets):
        for finding in itertools.chain(_leaks(group), _duplicates(group)):
            if finding not in reported:
                reported.add(finding)
                yield finding


def _finest(paths):
    return paths[max(paths)]


def _missing(folder, level):
    return Finding('level', f'{folder} lacks level r{level:02d} ({2**level}x{2**level})')


def _contradictions(data):
    """Findings where NAME.json does not agree with the files."""
    top = (data.card.resolution or 0).bit_length() - 1
    if top > max(data.paths):
        yield _missing(data.folder, top)
    for path in data.paths.values():
        with contextlib.suppress(OSError, ValueError):  # which _damage reports
            count = dataset.count(path)
            if data.card.records not in (None, count):
                message = f'{path} holds {count} records, but its json file says {data.card.records}'
                yield Finding('count', message)


def _damage(data):
    """Findings about the files of one dataset, with file and record counted from 0.

    Checked: all levels from 4x4 up are there, framing and checksums, features and shapes, equal counts, and that each
    image is the 2x2 box average of the finer level's. As the reference tools round every level from the unrounded one
    above it, a pixel may differ from the average of the rounded pixels by at most 1/2 + 1/2.
    """
    for level in range(2, max(data.paths)):
        if level not in data.paths:
            yield _missing(data.folder, level)
    counts = {}
    for level, path in data.paths.items():
        try:
            counts[level] = dataset.count(path)
        except (OSError, ValueError) as error:
            yield Finding('file', str(error))
    if len(set(counts.values())) > 1:
        listed = ', '.join(f'{os.path.basename(data.paths[level])} {count}' for level, count in counts.items())
        yield Finding('count', f'the levels differ in their number of records: {listed}')
    readers = {level: dataset.parsed_records(data.paths[level], data.channels) for level in counts}
    for index, row in enumerate(itertools.zip_longest(*readers.values())):
        yield from _record_damage(data.paths, index, dict(zip(readers, row)))


def _record_damage(paths, index, images):
    """Findings about one record of each level, {level: image, dataset.BadRecord or None}."""
    whole = {}
    for level, image in images.items():
        size = 2**level
        problem = image.fact if isinstance(image, dataset.BadRecord) else None
        if image is not None and problem is None and image.shape[1] != size:
            problem = f'has the shape {list(image.shape)}; this level is {size}x{size}'
        if problem:
            yield Finding('record', f'{paths[level]} record {index} {problem}')
        elif image is not None:
            whole[level] = image
    for level, image in whole.items():
        if level + 1 in whole:
            c, h, w = image.shape
            average = whole[level + 1].reshape(c, h, 2, w, 2).mean(axis=(2, 4))
            if np.abs(image - average).max() > 1:
                finer = os.path.basename(paths[level + 1])
                yield Finding('average', f'{paths[level]} record {index} is not the 2x2 average of {finer}')


def _is_coloured(data):
    """Whether the finest level begins with a colour image."""
    with contextlib.suppress(OSError, ValueError):  # which _damage reports
        return dataset.channels_of(_finest(data.paths)) == 3


def _label_damage(data):
    """A Finding if NAME-rxx.labels cannot be read."""
    path = dataset.labels_beside(_finest(data.paths))
    if path:
        try:
            dataset.read_labels(path, dataset.count(_finest(data.paths)))
        except (OSError, ValueError) as error:
            yield Finding('labels', str(error))


def _disjoint_groups(datasets):
    """Lists of datasets in which nothing may come twice: of a fold, and of its test side with each of its inner folds.

    Two folds share images, and so do a training side and the folds within it, as they should.
    """
    for fold, inner in sorted({data.split[:2] for data in datasets}):
        outer_test = fold, 'None', 'test'
        yield [data for data in datasets if data.split[:2] == (fold, inner) or data.split == outer_test]


def _leaks(datasets):
    """Findings: patients, scans and nodules that are on both sides of a fold; each once."""
    first_with = {}
    for data in datasets:
        source = str(data.card.source)
        for key in ('patient', 'scan', 'nodule'):
            entries = data.card.entries or []
            for name in sorted({str(entry[key]) for entry in entries if entry.get(key) is not None}):
                identity = card.normalize(name) if key == 'patient' else name
                first = first_with.setdefault((source, key, identity), data)
                if first.split != data.split:
                    yield Finding('leak', f'{key} {name} is both in {first.folder} and in {data.folder}')


def _duplicates(datasets):
    """Findings: images of the finest level that a record before them, of any set, shows as it is, flipped or turned.

    The flips and turns of one image that NAME.json lists are as they should be.
    """
    exact, turned = {}, {}  # {hash: (path, record, image)}
    for data in datasets:
        path = _finest(data.paths)
        ends = np.cumsum([entry['records'] for entry in data.card.entries or []])
        for record, image in enumerate(_intact(path, data.channels)):
            entry = int(np.searchsorted(ends, record, 'right'))
            here = path, record, entry if entry < len(ends) else -1 - record
            first = exact.setdefault(_hash(image.tobytes()), here)
            if first is not here:
                yield Finding('same', f'{path} record {record} is the same image as {first[0]} record {first[1]}')
                continue
            first = turned.setdefault(_hash_of_all_turns(image), here)
            is_variant = first[0] == path and first[2] == here[2]
            if first is not here and not is_variant:
                yield Finding('turned', f'{path} record {record} is {first[0]} record {first[1]} flipped or turned')


def _intact(path, channels):
    """Images up to the first bad one, which _damage reports."""
    with contextlib.suppress(ValueError):
        yield from dataset.stream(path, channels)


def _hash(data):
    return hashlib.blake2b(data, digest_size=16).digest()


def _hash_of_all_turns(image):
    """What the eight flips and right-angle rotations of an image [C,R,R] have in common, and hardly any other image."""
    turned = [np.rot90(x, turns, (1, 2)) for x in (image, image[:, :, ::-1]) for turns in range(4)]
    return _hash(min(x.tobytes() for x in turned))
