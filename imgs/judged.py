"""What is said of the runs of few_nodules.py: figures of their snapshots against phantoms that nobody learnt from."""

import csv
import json
import os
import re

import numpy as np

import dataset
import tfutil
from common import files
from metrics import feature_distances, memorisation, sliced_wasserstein
from sampling import generate


def judged(run, data):
    """Figures of a run against held-out phantoms, kept beside it.

    snapshots: [{kimg, swd32, swd16, precision, recall, copies, gap}]; gaps: [(kimg, gap, probability)] of its log.
    """
    kept = os.path.join(run, 'judged.json')
    if os.path.isfile(kept):
        with open(kept) as f:
            return json.load(f)
    held, training = [dataset.Pyramid(data[role]) for role in ('held', os.path.basename(run)[4:])]
    compare, training = judge(held.images[held.top]), training.images[training.top][:2000]
    few = held.images[held.top][:300]
    near, found = memorisation.nearest(few, training).distance, []
    with open(os.path.join(run, 'log.csv')) as f:
        log = list(csv.DictReader(f))
    for name in sorted(os.listdir(run)):
        if re.match(r'network-snapshot-\d+\.pkl', name):
            with tfutil.init_tf(cpu=True):
                generator = generate.load_generator(os.path.join(run, name))
                fakes = generate.images(generator, held.count, 1, 50).pixels()
            figures = dict(compare(fakes), kimg=int(name[-10:-4]))
            distances = memorisation.nearest(fakes[: len(few)], training).distance
            figures['copies'] = memorisation.copied(distances, near)(None, np.ones(len(few), int))
            before = [row for row in log if float(row['kimg']) <= figures['kimg'] + 0.5]
            found.append(dict(figures, gap=float(before[-1]['overfit_mean'])))
    gaps = [(float(row['kimg']), float(row['overfit_mean']), float(row.get('augment') or 'nan')) for row in log]
    with files.atomic(kept) as f:
        f.write(json.dumps(dict(snapshots=found, gaps=gaps)).encode())
    return judged(run, data)


def judge(reals):
    """A function: images -> {swd32, swd16, precision, recall}, against as many reals."""
    wanted, space = sliced_wasserstein.Descriptors(reals), feature_distances.pixel_pyramid(reals)

    def figures(images):
        mine, found = sliced_wasserstein.Descriptors(images), {}
        for width in wanted.levels:
            found['swd%d' % width] = sliced_wasserstein.distances([mine], wanted, width, directions=128)[0]
        shares = feature_distances.precision_recall(space, feature_distances.pixel_pyramid(images))
        found['precision'], found['recall'] = [share(None) for share in shares]
        return found

    return figures
