"""What is wrong with data sets: damage, as dataset.verify finds it, contradictions with NAME.json, and images that come more than once."""
import contextlib
import hashlib
import os

import numpy as np

import dataset


def find(paths):
    """The data set folders at or below the paths, each once; hidden ones are parts of unfinished runs."""
    found = {}
    for path in paths:
        if not os.path.isdir(path):
            raise FileNotFoundError('%s is not a folder; name a data set, or a folder of data sets' % path)
        inside = [os.path.normpath(folder) for folder, _, names in sorted(os.walk(path)) if any(name.endswith('.tfrecords') for name in names)]
        inside = [folder for folder in inside if '/.' not in '/' + os.path.relpath(folder, path).replace(os.sep, '/').lstrip('.')]
        if not inside:
            raise FileNotFoundError('%s holds no *.tfrecords; make some with 0-dataset_create.py' % path)
        for folder in inside:
            found.setdefault(os.path.realpath(folder), folder)
    return list(found.values())


def contradictions(folder, facts):
    """Findings where NAME.json, {} if there is none, tells of other files than there are."""
    paths = dataset.levels(folder)
    top = facts.get('resolution', 0).bit_length() - 1
    if top > max(paths):
        yield '%s lacks level r%02d (%dx%d)' % (folder, top, 2 ** top, 2 ** top)
    for path in paths.values():
        try:
            number = dataset.count(path)
        except (OSError, ValueError):
            continue                                            # dataset.verify tells of it
        if number != facts.get('records', number):
            yield '%s holds %d records, but its json file says %d' % (path, number, facts['records'])


def _intact(path, channels):
    """Images up to the first bad one, of which dataset.verify tells."""
    with contextlib.suppress(ValueError):
        yield from dataset.stream(path, channels)


def _digest(image):
    return hashlib.blake2b(image.tobytes(), digest_size=16).digest()


def _digest_of_all_turns(image):
    """What the eight flips and right-angle rotations of an image [C,R,R] have in common, and hardly any other image."""
    return hashlib.blake2b(min(np.rot90(x, turns, (1, 2)).tobytes() for x in (image, image[:, :, ::-1]) for turns in range(4)),
                           digest_size=16).digest()


def duplicates(folders, facts, channels):
    """Findings: images of the finest level that a record before them, of the same or another folder, shows too, as it is or flipped or turned.

    The flips and turns of one image that NAME.json tells of are as they should be.
    """
    exact, turned = {}, {}                                      # key: (folder, record, image number)
    for folder in folders:
        path = list(dataset.levels(folder).values())[-1]
        numbers = np.repeat(np.arange(len(facts[folder].get('entries', []))), [entry['records'] for entry in facts[folder].get('entries', [])])
        for record, image in enumerate(_intact(path, channels[folder])):
            here = path, record, int(numbers[record]) if record < len(numbers) else -1 - record
            first = exact.setdefault(_digest(image), here)
            if first is not here:
                yield '%s record %d is the same image as %s record %d' % (here[:2] + first[:2])
                continue
            first = turned.setdefault(_digest_of_all_turns(image), here)
            if first is not here and (first[0], first[2]) != (here[0], here[2]):
                yield '%s record %d is %s record %d flipped or turned' % (here[:2] + first[:2])


def leaks(folders, facts):
    """Findings: nodules that are on both sides of a fold."""
    where = {}
    for folder in folders:
        for nodule in sorted({entry['nodule'] for entry in facts[folder].get('entries', [])}):
            first = where.setdefault((facts[folder].get('source'), nodule), folder)
            if facts[first].get('side') != facts[folder].get('side'):
                yield 'nodule %s is both in %s and in %s' % (nodule, first, folder)


def verify(folders, channels=None):
    """Findings about data sets, a line each, as they are found."""
    facts, colours = {}, {}
    for folder in folders:
        try:
            facts[folder] = dataset.about(folder)
        except ValueError as error:
            yield str(error)
            facts[folder] = {}
        colours[folder] = channels or facts[folder].get('channels', 1)
        yield from contradictions(folder, facts[folder])
        yield from dataset.verify(folder, colours[folder])
    for fold in sorted({about.get('fold', -1) for about in facts.values()}):           # two folds share images, as they should
        together = [folder for folder in folders if facts[folder].get('fold', -1) == fold]
        yield from leaks(together, facts)
        yield from duplicates(together, facts, colours)


def report(paths, channels=None):
    """Print what is wrong and return the exit code: 0 if nothing is, otherwise 1."""
    folders = find(paths)
    wrong = False
    for line in verify(folders, channels):
        print(line)
        wrong = True
    if not wrong:
        numbers = [dataset.count(path) for folder in folders for path in list(dataset.levels(folder).values())[-1:]]
        print('%d images in %d data sets: levels, checksums, counts, averages and json files agree, and no image comes twice' % (
            sum(numbers), len(folders)))
    return int(wrong)
