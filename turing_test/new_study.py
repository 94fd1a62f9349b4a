"""A new study: real patches that the weights did not learn from, and generated ones."""

import collections
import itertools
import os
import re
import secrets

import numpy as np

import dataset
from common import card, folders, log
from sampling import Generator
from sampling.generate import one_hot
from stats import reader_metrics
from turing_test import blinding, study

MOST_OF_ONE = 2  # real patches of a nodule in a study


def models_of(paths, classes):
    """{class: weight file}: the class that a file, or the folder that it is in, is named after; one file is for all."""
    if len(paths) == 1:
        return {name: paths[0] for name in classes}
    found = {}
    for path in paths:
        file, folder = os.path.splitext(os.path.basename(path))[0], os.path.basename(os.path.dirname(path))
        own = [name for words in (file, folder) for name in classes if name in re.split(r'[^0-9A-Za-z]+', words)][:1]
        if not own or own[0] in found:
            words = '%s: not known of which class it is; name the file, or its folder, after one of %s, each once'
            raise ValueError(words % (path, ', '.join(classes)))
        found[own[0]] = path
    missing = [name for name in classes if name not in found]
    if missing:
        raise ValueError('--model names no weights of class %s, which --data holds' % ', '.join(missing))
    return found


def check(paths, names, data):
    """Refuse weights that learnt from the nodules of a dataset; give those of which nobody knows.

    names: card.Card.names of the dataset, or None.
    """
    unknown = []
    for path in sorted(set(paths)):
        known = card.of_weights(path).names
        both = card.in_common(names, known) if names and known else None
        if both:
            words = '%s learnt from the %s %s, which %s holds; a study wants nodules that were held out'
            raise ValueError(words % ((path,) + both + (data,)))
        if not names or known is None:
            unknown.append(path)
    return unknown


def shares(number, classes):
    """How many of `number` each class gets: as equal as they can be."""
    return [number // len(classes) + (i < number % len(classes)) for i in range(len(classes))]


def choose(nodules, number, random):
    """Indices of `number` images, at most two of a nodule; ValueError with how many there are if they are too few."""
    taken, found = collections.Counter(), []
    for index in random.permutation(len(nodules)):
        if len(found) < number and taken[nodules[index]] < MOST_OF_ONE:
            taken[nodules[index]] += 1
            found.append(index)
    if len(found) < number:
        raise ValueError(len(found))
    return found


def reals_of(data, practice, reading, seed):
    """{class: (indices for practice, for reading)} of a dataset.Pyramid; no nodule is in both."""
    members = data.card.members()
    nodules = np.array([member[0] for member in members] if members else np.arange(data.count))
    found = {}
    for index, name in enumerate(data.classes):
        random = np.random.RandomState([seed, index, 11])
        own = np.flatnonzero(data.labels == index)
        try:
            first = own[choose(nodules[own], practice[index], random)] if practice[index] else own[:0]
            rest = own[~np.isin(nodules[own], nodules[first])]
            found[name] = first, rest[choose(nodules[rest], reading[index], random)]
        except ValueError as few:
            words = '%s: class %s has %s patches of at most %d of a nodule, and %d are wanted; say less with --number'
            raise ValueError(words % (data.path, name, few, MOST_OF_ONE, practice[index] + reading[index])) from None
    return found


def fakes_of(path, label, index, number, seed, size, cpu):
    """Generated images uint8 [number, size, size] of a class, by name and place, and how to make them again."""
    with Generator(path, cpu=cpu) as generator:
        label_size = generator.label_size
        if label_size and index >= label_size:
            raise ValueError('%s has labels of %d classes, and --data has more' % (path, label_size))
        own = generator.card.label_of_class(label_size, label, index)
        found = generator.sample(number, seed, one_hot(np.full(number, own), label_size))
    if list(found.shape[1:]) != [1, size, size]:
        raise ValueError('%s makes images of %s, --data has %s' % (path, list(found.shape[1:]), [1, size, size]))
    return found[:, 0], ['%s, seed %d, latent %d' % (path, seed, i) for i in range(number)]


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


def cases_of(cfg, data, models, secret):
    """The [Case] of a study: images follow from --seed, sides and order from the secret (see blinding)."""
    random = blinding.generator(secret, 'cases')
    size = 2**data.top
    patches_per_real = 1 if cfg.mode == '2afc' else 2
    totals = cfg.practice, cfg.number
    real_counts = [shares(-(-total // patches_per_real), data.classes) for total in totals]
    fake_counts = [shares(total // patches_per_real, data.classes) for total in totals]
    real_indices = reals_of(data, *real_counts, seed=cfg.seed)
    cases = []
    for index, label in enumerate(data.classes):
        counts = [of_classes[index] for of_classes in fake_counts]
        pixels, sources = fakes_of(models[label], label, index, sum(counts), cfg.seed + index, size, cfg.cpu)
        all_fakes = iter(zip(pixels, sources))
        for kind, indices, count in zip(('practice', 'reading'), real_indices[label], counts):
            reals = [(data.images[data.top][i, 0], '%s, image %d' % (data.path, i)) for i in indices.tolist()]
            fakes = list(itertools.islice(all_fakes, count))
            if cfg.mode == '2afc':
                cases += pair_cases(kind, label, reals, fakes, random)
            else:
                cases += single_cases(kind, label, reals, fakes)
    return [cases[i] for i in random.permutation(len(cases))]


def window_of(data):
    """(HU at gray 0 and 255, mm per pixel or None) of a dataset whose classes agree."""
    found = data.card
    if found.differing:
        words = '%s: its classes differ in window or mm per pixel, which tells them apart: %s'
        texts = [found.differing_text(field) for field in sorted(found.differing)]
        raise ValueError(words % (data.path, '; '.join(texts)))
    return found.gray_window, found.mm_per_pixel


def run(cfg):
    """Write the study of settings.Create, and say what it can show."""
    if os.path.lexists(cfg.outdir):
        raise FileExistsError('%s is there already; choose another place with --outdir' % cfg.outdir)
    if cfg.seed is None:
        cfg = cfg._replace(seed=secrets.randbelow(2**31))
    data, secret = dataset.Pyramid(cfg.data), secrets.token_hex(32)
    models = models_of(cfg.model, data.classes)
    unknown = check(models.values(), data.card.names, cfg.data)
    window, mm = window_of(data)
    cases = cases_of(cfg, data, models, secret)
    protocol = {name: value for name, value in cfg._asdict().items() if name not in ('outdir', 'cpu')}
    protocol.update(classes=data.classes, window=window, mm=mm, size=2**data.top, unknown=unknown)
    with folders.folder(cfg.outdir) as folder:
        study.write(folder, protocol, secrets.token_urlsafe(16), secret, cases)
    print('%s: %d cases to read and %d to practise' % (cfg.outdir, cfg.number, cfg.practice))
    if unknown:
        words = 'not known whether weights learnt from nodules of %s, as no names are recorded: %s'
        log.warning(words % (cfg.data, ', '.join(unknown)))
    needed = ['%d at %.0f %%' % (cases, 100 * share) for share, cases in reader_metrics.power_table()]
    print('cases that show a reader to be better than chance, by share right (power 80 %%): %s' % ', '.join(needed))
    print('show it with: python 6-turing_test.py serve %s' % cfg.outdir)
