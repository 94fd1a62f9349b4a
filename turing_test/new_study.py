"""A new study: real patches that the weights did not learn from, and generated ones."""

import collections
import os
import re
import secrets

import numpy as np

import dataset
from common import card, folders, log
from sampling import Generator
from sampling.generator import one_hot
from stats import reader_metrics
from turing_test import blinding, study

MAX_PER_NODULE = 2  # real patches of a nodule in a study


def run(cfg):
    """Write the study of study_settings.Create, and print what it can show."""
    if os.path.lexists(cfg.outdir):
        raise FileExistsError('%s is there already; choose another place with --outdir' % cfg.outdir)
    if cfg.seed is None:
        cfg = cfg._replace(seed=secrets.randbelow(2**31))
    data = dataset.Pyramid(cfg.data)
    weights = weights_of_classes(cfg.model, data.classes)
    unknown = check_weights(weights.values(), data.card.names, cfg.data)
    window, mm = window_of(data)
    secret = secrets.token_hex(32)
    cases = cases_of(cfg, data, weights, secret)
    protocol = {name: value for name, value in cfg._asdict().items() if name not in ('outdir', 'cpu')}
    protocol.update(classes=data.classes, window=window, mm=mm, size=2**data.top, unknown=unknown)
    protocol['weights'] = sorted({card.sha256(path) for path in weights.values()})
    protocol['phantoms'] = data.card.phantoms
    protocol['title'] = cfg.title or '%s or generated?' % study.original(protocol).capitalize()
    with folders.folder(cfg.outdir) as folder:
        study.write(folder, protocol, secrets.token_urlsafe(16), secret, cases)
    print('%s: %d cases to read and %d to practise' % (cfg.outdir, cfg.number, cfg.practice))
    if protocol['phantoms']:
        print('%s holds phantoms, so readers see "simulated" instead of "real"' % cfg.data)
    if unknown:
        message = 'not known whether weights learned from nodules of %s, as no names are recorded: %s'
        log.warning(message % (cfg.data, ', '.join(unknown)))
    needed = ['%d at %.0f %%' % (count, 100 * accuracy) for accuracy, count in reader_metrics.power_table()]
    print('cases that show a reader to be better than chance, by share right (power 80 %%): %s' % ', '.join(needed))
    print('show it with: python 6-turing_test.py serve %s' % cfg.outdir)


def weights_of_classes(paths, classes):
    """{class: weight file}: the class that a file or its folder is named after; a single file is for all classes."""
    if len(paths) == 1:
        return {label: paths[0] for label in classes}
    longest_first = '|'.join(re.escape(label) for label in sorted(classes, key=len, reverse=True))
    whole_name = re.compile(r'(?<![^\W_])(?:%s)(?![^\W_])' % longest_first)  # part-solid is not solid, MIA is not IA
    weights = {}
    for path in paths:
        file, folder = os.path.splitext(os.path.basename(path))[0], os.path.basename(os.path.dirname(path))
        match = whole_name.search(file) or whole_name.search(folder)
        label = match and match.group()
        if label is None or label in weights:
            message = '%s: not known of which class it is; name the file, or its folder, after one of %s, each once'
            raise ValueError(message % (path, ', '.join(classes)))
        weights[label] = path
    missing = [label for label in classes if label not in weights]
    if missing:
        raise ValueError('--model names no weights of class %s, which --data holds' % ', '.join(missing))
    return weights


def check_weights(paths, names, data):
    """The weights of which it is not known whether they learned from the dataset; ValueError for those that did.

    names: card.Card.names of the dataset, or None.
    """
    unknown = []
    for path in sorted(set(paths)):
        learned = card.of_weights(path).names
        if not names or learned is None:
            unknown.append(path)
            continue
        shared = card.in_common(names, learned)
        if shared:
            message = '%s learned from the %s %s, which %s holds; a study needs nodules that were held out'
            raise ValueError(message % ((path,) + shared + (data,)))
    return unknown


def window_of(data):
    """(HU at gray 0 and 255, mm per pixel or None) of a dataset whose classes agree."""
    if data.card.differing:
        message = '%s: its classes differ in window or mm per pixel, which tells them apart: %s'
        texts = [data.card.differing_text(field) for field in sorted(data.card.differing)]
        raise ValueError(message % (data.path, '; '.join(texts)))
    return data.card.gray_window, data.card.mm_per_pixel


def shares(total, parts):
    """`total` cases divided among classes, as equally as they can be."""
    return [total // parts + (i < total % parts) for i in range(parts)]


def choose(nodules, count, random):
    """Indices of at most `count` random images, at most MAX_PER_NODULE of a nodule. nodules: [N], of the images."""
    taken = collections.Counter()
    chosen = []
    for index in random.permutation(len(nodules)):
        if len(chosen) < count and taken[nodules[index]] < MAX_PER_NODULE:
            taken[nodules[index]] += 1
            chosen.append(index)
    return np.array(chosen, int)


def choose_reals(data, practice_counts, reading_counts, seed):
    """[(indices for practice, indices for reading)] of each class of a dataset.Pyramid; no nodule is in both.

    ValueError if a class has too few nodules.
    """
    members = data.card.members()
    nodules = np.array([nodule for nodule, _, _ in members] if members else np.arange(data.count))
    chosen = []
    for index, label in enumerate(data.classes):
        random = np.random.RandomState([seed, index, 11])
        of_class = np.flatnonzero(data.labels == index)
        counts = practice_counts[index], reading_counts[index]
        practice = of_class[choose(nodules[of_class], counts[0], random)] if counts[0] else of_class[:0]
        others = of_class[~np.isin(nodules[of_class], nodules[practice])]
        reading = others[choose(nodules[others], counts[1], random)]
        if len(practice) + len(reading) < sum(counts):
            message = '%s: class %s has %d patches of at most %d of a nodule, and %d are wanted; use a smaller --number'
            values = data.path, label, len(practice) + len(reading), MAX_PER_NODULE, sum(counts)
            raise ValueError(message % values)
        chosen.append((practice, reading))
    return chosen


def generate_fakes(path, label, index, count, seed, size, cpu):
    """[(patch uint8 [size, size], how to make it again)] of a class, by name and index."""
    with Generator(path, cpu=cpu) as generator:
        label_size = generator.label_size
        if label_size and index >= label_size:
            raise ValueError('%s has labels of %d classes, and --data has more' % (path, label_size))
        class_index = generator.card.label_of_class(label_size, label, index)
        pixels = generator.sample(count, seed, one_hot(np.full(count, class_index), label_size))
    if list(pixels.shape[1:]) != [1, size, size]:
        raise ValueError('%s makes images of %s, --data has %s' % (path, list(pixels.shape[1:]), [1, size, size]))
    return [(pixels[i, 0], '%s, seed %d, latent %d' % (path, seed, i)) for i in range(count)]


def single_cases(kind, label, reals, fakes):
    """Cases of one patch each, of [(patch, source)]."""
    patches = [(True, real) for real in reals] + [(False, fake) for fake in fakes]
    return [study.Case(kind, patch[None], is_real, label, [source]) for is_real, (patch, source) in patches]


def pair_cases(kind, label, reals, fakes, random):
    """Cases of a real and a generated patch each, of [(patch, source)]; the real one is right in half of them."""
    is_right = random.permutation(len(reals)) % 2 == 0
    cases = []
    for real, fake, real_is_right in zip(reals, fakes, is_right.tolist()):
        left, right = (fake, real) if real_is_right else (real, fake)
        pixels = np.stack([left[0], right[0]])
        cases.append(study.Case(kind, pixels, real_is_right, label, [left[1], right[1]]))
    return cases


def cases_of(cfg, data, weights, secret):
    """The [Case] of a study: images follow from --seed, sides and order from the secret (see blinding)."""
    random = blinding.generator(secret, 'cases')
    size, images = 2**data.top, data.images[data.top]
    patches_per_real = 1 if cfg.mode == '2afc' else 2
    totals, parts = (cfg.practice, cfg.number), len(data.classes)
    real_counts = [shares(-(-total // patches_per_real), parts) for total in totals]
    fake_counts = [shares(total // patches_per_real, parts) for total in totals]
    chosen = choose_reals(data, *real_counts, seed=cfg.seed)
    cases = []
    for index, label in enumerate(data.classes):
        counts = [of_classes[index] for of_classes in fake_counts]
        fakes = generate_fakes(weights[label], label, index, sum(counts), cfg.seed + index, size, cfg.cpu)
        kinds = ('practice', chosen[index][0], fakes[: counts[0]]), ('reading', chosen[index][1], fakes[counts[0] :])
        for kind, indices, kind_fakes in kinds:
            reals = [(images[i, 0], '%s, image %d' % (data.path, i)) for i in indices.tolist()]
            if cfg.mode == '2afc':
                cases += pair_cases(kind, label, reals, kind_fakes, random)
            else:
                cases += single_cases(kind, label, reals, kind_fakes)
    return [cases[i] for i in random.permutation(len(cases))]
