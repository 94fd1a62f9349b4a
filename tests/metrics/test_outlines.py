import os
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

import tfutil
from common import files, hounsfield
from created import phantom
from metrics import outline_inference, outlines
from places import ROOT
from test_data_formats import FORMATS
from test_data_formats import pytestmark as needs_both_layouts

PAPER = hounsfield.WINDOWS['paper']
LUNG = -880.0


def distances(size, point):
    index = np.arange(size)
    return np.hypot(index[:, None] - point[0], index - point[1])


def drawn(*nodules, size=64, window=PAPER, noise=0.0):
    """Gray levels [1, size, size] of discs in lung; nodules: (row, column, diameter, HU), in pixels."""
    hu = np.full([size, size], LUNG)
    for row, column, diameter, density in nodules:
        hu += (0.5 + diameter / 2.0 - distances(size, (row, column))).clip(0, 1) * (density - hu)
    hu += noise * np.random.RandomState(0).randn(size, size)
    return hounsfield.to_gray(ndimage.gaussian_filter(hu, 0.6), window)[None]


def diameters(probabilities):
    return 2 * np.sqrt((probabilities > 0.5).sum(axis=(1, 2)) / np.pi)


def dice(a, b):
    return 2.0 * (a & b).sum() / (a.sum() + b.sum())


@pytest.fixture(scope='module')
def outliner():
    return outlines.shared()


@pytest.fixture(scope='module')
def patches():
    """40 phantoms of 64x64."""
    made = [phantom('IA', np.random.RandomState([8, i])).hu for i in range(40)]
    return hounsfield.to_gray(np.array(made)[:, None], PAPER)


def convolved(x, kernel, bias):
    """Features [H, W, in] convolved with a kernel [k, k, in, out]."""
    margin = kernel.shape[0] // 2
    padded = np.pad(x, [(margin, margin), (margin, margin), (0, 0)], 'constant')
    rows, columns = x.shape[:2]
    total = np.zeros(x.shape[:2] + kernel.shape[3:])
    for i in range(kernel.shape[0]):
        for j in range(kernel.shape[1]):
            total += padded[i : i + rows, j : j + columns].dot(kernel[i, j])
    return total + bias


def leaky(x):
    return np.maximum(x, 0.2 * x)


def numpy_logits(x, values, levels):
    """The network in NumPy: x [64, 64, 2]."""

    def layers(x, scope):
        for name in [name for name in ('Conv0', 'Conv1') if '%s/%s/bias' % (scope, name) in values]:
            kernel, bias = [values['%s/%s/%s' % (scope, name, part)] for part in ('weight', 'bias')]
            x = leaky(convolved(x, kernel, bias))
        return x

    skips = []
    for level in range(levels):
        if level:
            half = len(x) // 2
            x = x.reshape(half, 2, half, 2, -1).mean(axis=(1, 3))
        x = layers(x, 'Down%d' % level)
        skips.append(x)
    for level in reversed(range(levels - 1)):
        scope = 'Up%d/Narrow' % level
        x = convolved(x, values[scope + '/weight'], values[scope + '/bias']).repeat(2, axis=0).repeat(2, axis=1)
        x = layers(np.concatenate([x, skips[level]], axis=2), 'Up%d' % level)
    return convolved(x, values['Out/weight'], values['Out/bias'])[:, :, 0]


def test_probabilities_are_those_of_the_network_in_numpy(outliner, patches):
    weights = outlines.read()
    values = {name: value.astype(float) for name, value in weights.values.items()}
    hu = hounsfield.to_hu(patches[0, 0], PAPER).clip(-1100, 300)
    point = 30.0, 34.0
    x = np.stack([(hu + 400) / 700, np.exp(-distances(64, point) / 10)], axis=2)
    logits = []
    for rows in (1, -1):
        for columns in (1, -1):
            mirrored = numpy_logits(x[::rows, ::columns], values, len(weights.maps.split(',')))
            logits.append(mirrored[::rows, ::columns])
    expected = 1 / (1 + np.exp(-np.mean(logits, axis=0)))
    assert expected.max() > 0.9
    assert_allclose(outliner.probabilities(patches[:1], at=[point])[0], expected, atol=1e-4)


def test_a_patch_is_outlined_the_same_again_and_in_any_minibatch(outliner, patches):
    together = outliner.probabilities(patches)
    assert_array_equal(outliner.probabilities(patches), together)
    alone = [outliner.probabilities(patches[i : i + 1])[0] for i in (0, 33, 39)]
    assert_allclose(alone, together[[0, 33, 39]], atol=1e-5)


@needs_both_layouts
def test_outlines_do_not_depend_on_the_layout(patches, monkeypatch):
    results = []
    for data_format in FORMATS:
        monkeypatch.setattr(tfutil, 'native_layout', lambda: data_format)
        with outlines.Outliner(cpu=True) as outliner:
            results.append(outliner.probabilities(patches[:3]))
    assert_allclose(*results, atol=1e-4)


def test_a_mirrored_patch_has_the_mirrored_outline_and_a_turned_one_almost_the_turned(outliner, patches):
    points = np.full([8, 2], (31.0, 33.0))
    straight = outliner.probabilities(patches[:8], at=points)
    mirrored = outliner.probabilities(patches[:8, :, :, ::-1], at=np.array([0, 63]) + points * [1, -1])
    assert_allclose(mirrored[:, :, ::-1], straight, atol=1e-5)
    turned = outliner.probabilities(np.rot90(patches[:8], 1, (2, 3)), at=np.stack([63 - points[:, 1], points[:, 0]], 1))
    assert dice(np.rot90(turned, -1, (1, 2)) > 0.5, straight > 0.5) > 0.95


def test_the_point_chooses_between_two_nodules(outliner):
    nodules = (32, 18, 12, -600), (30, 46, 16, -500)
    image = drawn(*nodules, noise=20)
    for row, column, diameter, _ in nodules:
        found = outliner.probabilities(image[None], at=[(row + 1, column - 1)])[0] > 0.5
        assert dice(found, distances(64, (row, column)) < diameter / 2.0) > 0.85


@pytest.mark.parametrize('density', [-700, -500, -100])
@pytest.mark.parametrize('diameter', [10, 16, 25, 36])
def test_a_drawn_disc_has_its_diameter_within_a_tenth(outliner, diameter, density):
    image = drawn((33, 30, diameter, density), noise=20)
    assert_allclose(diameters(outliner.probabilities(image[None], at=[(33, 30)])), [diameter], rtol=0.1)


def test_a_core_belongs_to_its_nodule(outliner):
    image = drawn((32, 32, 20, -620), (33, 31, 9, -20), noise=20)
    assert_allclose(diameters(outliner.probabilities(image[None])), [20], rtol=0.1)


def test_a_wall_does_not(outliner):
    hu = hounsfield.to_hu(drawn((31.5, 31.5, 14, -600), noise=20)[0], PAPER)
    hu[:, 42:] = 40
    found = outliner.probabilities(hounsfield.to_gray(hu, PAPER)[None, None])
    assert not (found[:, :, 42:] > 0.5).any()
    assert_allclose(diameters(found), [14], rtol=0.1)


@pytest.mark.parametrize('size', [16, 32, 47, 128])
def test_an_image_of_another_size_has_an_outline_of_that_size(outliner, size):
    scale = size / 64.0
    image = drawn(((size - 1) / 2.0, (size - 1) / 2.0, 20 * scale, -500), size=size)
    found = outliner.probabilities(image[None])
    assert found.shape == (1, size, size)
    assert_allclose(diameters(found) / scale, [20], rtol=0.15)


def test_another_window_of_the_same_hu_changes_little(outliner):
    found = [outliner.probabilities(drawn((32, 30, 18, -500), window=window, noise=20)[None], window, [(32, 30)])[0]
             for window in (PAPER, (-1350.0, 150.0))]  # fmt: skip
    assert dice(*(probabilities > 0.5 for probabilities in found)) > 0.97


def test_channels_are_averaged_and_no_images_have_no_outlines(outliner, patches):
    three = np.repeat(patches[:2], 3, axis=1)
    assert_allclose(outliner.probabilities(three), outliner.probabilities(patches[:2]), atol=1e-5)
    assert outliner.probabilities(patches[:0]).shape == (0, 64, 64)


@pytest.mark.parametrize('size', [64, 32])
def test_gradients_are_those_of_finite_differences(outliner, size):
    middle = (size - 1) / 2.0
    image = drawn((middle, middle, size / 4.0, -600), size=size, noise=30)[0].astype(float)
    image = (image + image[::-1] + image[:, ::-1] + image[::-1, ::-1]) / 4  # so its mirror images are outlined alike
    away = distances(size, (middle, middle))
    cotangents = np.array([away < size / 5.0, (away > size / 9.0) & (away < size / 6.0)], float)
    gradients = outliner.gradients(image, cotangents)
    assert gradients.shape == (2, size, size)
    for cotangent, gradient in zip(cotangents, gradients):
        direction = ndimage.gaussian_filter(gradient, 1) / abs(gradient).max()
        direction = (direction + direction[::-1] + direction[:, ::-1] + direction[::-1, ::-1]) / 4
        images = [(image + sign * 0.1 * direction)[None, None] for sign in (1, -1)]
        sums = [(outliner.probabilities(each) * cotangent).sum() for each in images]
        assert_allclose((sums[0] - sums[1]) / 0.2, (gradient * direction).sum(), rtol=0.05)


def test_resampling_keeps_ramps_and_means():
    ramp = np.arange(32.0)
    assert_allclose(
        outlines.resampling(64, 32).dot(ramp)[2:-2], np.interp(np.arange(64) / 2.0 - 0.25, ramp, ramp)[2:-2]
    )
    assert_allclose(outlines.resampling(16, 32).dot(ramp)[1:-1], (ramp[::2] + 0.5)[1:-1], atol=1e-5)
    assert_allclose(outlines.resampling(32, 32, zoom=2, shift=3).dot(ramp), 15.5 + 3 + (ramp - 15.5) / 2, atol=1e-5)
    assert_array_equal(outlines.resampling(32, 32), np.eye(32))


def test_the_weights_that_come_with_the_program_have_at_most_300_kb():
    assert os.path.getsize(outlines.WEIGHTS) <= 300000


def test_a_file_of_other_arrays_is_refused(tmp_path):
    np.savez(str(tmp_path / 'other.npz'), x=np.zeros(3))
    with pytest.raises(files.BadFile, match='holds no weights of outlines'):
        outlines.read(str(tmp_path / 'other.npz'))


@pytest.mark.parametrize('size, window, at', [(64, None, None), (32, (-1000.0, 400.0), [20, 11.5]), (128, None, None)])
def test_numpy_computes_the_same_probabilities_as_tensorflow(random, size, window, at):
    x = random.randint(256, size=[2, 1, size, size]) // 4 + np.hypot(*np.ogrid[:size, :size]).astype(int)
    images = np.concatenate([x, 255 - x], axis=1)[:, :2].astype(np.uint8)
    at = at and [at, at]
    expected = outlines.shared().probabilities(images, window, at)
    assert_allclose(outline_inference.probabilities(images, window, at), expected, atol=2e-5)
    assert np.ptp(expected) > 0.01


def test_importing_it_does_not_load_tensorflow():
    code = 'import sys, metrics.outlines; sys.exit("tensorflow" in sys.modules)'
    assert subprocess.call([sys.executable, '-c', code], cwd=ROOT) == 0
