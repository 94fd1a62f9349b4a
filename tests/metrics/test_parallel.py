import time

import numpy as np
import pytest

from metrics import feature_distances, memorisation, ms_ssim, parallel
from metrics.sliced_wasserstein import descriptors, distances
from sets import pictures


def test_results_keep_the_order_and_an_error_ends_the_work(monkeypatch):
    monkeypatch.setattr(parallel, 'threads', lambda: 2)
    assert parallel.ordered(lambda x: x * x, list(range(50))) == [x * x for x in range(50)]
    done = []

    def work(x):
        done.append(x)
        if x == 3:
            raise ValueError('three')
        time.sleep(0.005)

    with pytest.raises(ValueError, match='three'):
        parallel.ordered(work, list(range(1000)))
    assert len(done) < 1000


def test_metrics_are_the_same_bit_for_bit_however_many_threads_work(random, monkeypatch):
    a, b = pictures(random, 140, 16), pictures(random, 140, 16, blur=3)
    monkeypatch.setattr(ms_ssim, 'PAIRS', 50)
    result = []
    for number in (1, 2):
        monkeypatch.setattr(parallel, 'threads', lambda: number)
        described = [descriptors(x, seed, each=16) for seed, x in enumerate((a, b))]
        values = [level for x in described for level in x.values()]
        values += [distances(described[:1], described[1], 16, directions=70)]
        values += list(memorisation.nearest(a, b[:90]))
        similarity = ms_ssim.diversity(a)
        values.append([similarity(1 + weights) for weights in np.eye(140)])
        for _, share in feature_distances.shares(*map(feature_distances.pixel_pyramid, (a, b))):
            values.append([share(weights) for weights in np.eye(140)])
        result.append(values)
    assert all(np.array_equal(x, y) for x, y in zip(*result))
