"""The lines of the log, what TensorBoard gets, and the images that snapshots are measured against."""

from types import SimpleNamespace

import numpy as np
import pytest

import config
from metrics import sliced_wasserstein
from runs import events_histograms
from sets import pictures
from training import monitor, run_folder, schedule

TERMS = dict(
    skipped=0, real_score=1.25, fake_score=-0.5, gradient_norm=1.0, penalty=0.1, drift=0.002, critic_loss=-1.6,
    overfit=float('nan'), overfit_mean=float('nan'), augment=0.0,
)  # fmt: skip
PHASE = schedule.Phase(4, 1.5, 64)


def test_a_line_of_the_log_leaves_out_what_is_not_known_and_fits_100_columns():
    message = monitor.figures(20000, PHASE, 3600, 12.3456, 63, None, TERMS)
    assert '  '.join(message) == (
        'kimg 20.0  lod 1.50  16x16  s/kimg 12.35  eta 01:03  real_score 1.250  fake_score -0.500  gradient_norm 1.000'
        '  penalty 0.100  drift 0.002  critic_loss -1.600  time 1:00:00  minibatch 64'
    )
    line = monitor.fitted(message)
    assert line == 'kimg 20.0  lod 1.50  16x16  s/kimg 12.35  eta 01:03  real_score 1.250  fake_score -0.500'


def test_skipped_updates_and_overfitting_come_before_the_losses():
    terms = dict(TERMS, skipped=3, overfit=0.62, augment=0.25, overfit_mean=0.6)
    message = monitor.figures(20000, PHASE, 3600, 12.3456, 63, 812.3, terms)
    assert message[5:8] == ['skipped 3', 'overfit 0.620', 'augment 0.250'] and message[-1] == 'memory 812 MB'
    widest = monitor.figures(123456700, schedule.Phase(10, 0.5, 128), 1e6, 12345.678, 1e6, 12345, terms)
    assert len(monitor.fitted(widest)) <= 100


@pytest.mark.parametrize('mirror_augment', [False, True])
def test_snapshots_of_a_mirrored_run_are_measured_against_mirrored_images(random, monkeypatch, mirror_augment):
    pixels, fakes, described = pictures(random, 60, 16), pictures(random, 60, 16), []
    monkeypatch.setattr(sliced_wasserstein, 'descriptors', lambda x, *_, **__: described.append(x) or {16: x})
    monkeypatch.setattr(sliced_wasserstein, 'sliced_wasserstein', lambda *_: lambda *weights: 7.0)
    trainer = SimpleNamespace(
        cfg=config.Train(mirror_augment=mirror_augment),
        data=SimpleNamespace(top=4, count=60, images={4: pixels}),
        batches=SimpleNamespace(latent_size=8, labels=np.zeros([60, 0])),
        pixels=lambda *_: fakes,
    )
    assert monitor.Monitor(None, trainer)._distances(20, 4)['mean'] == 7
    reals = described[1]
    same, turned = [(reals[:, None] == x[None]).all(axis=(2, 3, 4)) for x in (pixels, pixels[..., ::-1])]
    assert (same | turned).any(axis=0).all()  # each image once
    assert (15 < turned.any(axis=1).sum() < 45) if mirror_augment else same.any(axis=1).all()


def test_histograms_in_the_events_file_are_those_of_the_weights_under_the_names_of_the_reference(tmp_path, trainer):
    folder = run_folder.Run(str(tmp_path))
    curves = monitor.Curves(folder)
    curves.add({'kimg': 1.5}, 1500)
    curves.summarise(trainer.weight_histograms(), 1500)
    curves.summarise(trainer.weight_histograms(), 2500)
    curves.close()
    histograms = events_histograms(tmp_path)
    assert set(histograms) == {1500, 2500}
    expected = {}
    for network in (trainer.first.G, trainer.first.D):
        for local, array in network.values().items():
            *layer, kind = local.split('/')
            if layer:
                expected['%s_%s/%s' % (network.name, kind, '_'.join(layer))] = array
    assert (
        set(histograms[2500]) == set(expected) >= {'G_weight/4x4_Conv', 'G_bias/ToRGB_lod0', 'D_weight/8x8_Conv1_down'}
    )
    for tag, histogram in histograms[2500].items():
        array = expected[tag].astype(float)
        assert histogram.num == array.size and (histogram.min, histogram.max) == (array.min(), array.max())
        assert (histogram.sum, histogram.sum_squares) == pytest.approx((array.sum(), (array**2).sum()))
        edges = [-np.inf] + list(histogram.bucket_limit)
        counts, _ = np.histogram(array, edges)
        assert sum(histogram.bucket) == array.size and np.abs(counts - histogram.bucket).sum() <= 2  # ends of a bucket
