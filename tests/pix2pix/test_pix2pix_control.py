"""What benchmarks/pix2pix_control.py says of patches."""

import os
import runpy

import numpy as np
import pytest

from places import ROOT


@pytest.fixture
def control(monkeypatch):
    monkeypatch.syspath_prepend(os.path.join(ROOT, 'benchmarks'))
    return runpy.run_path(os.path.join(ROOT, 'benchmarks', 'pix2pix_control.py'))


def test_noise_smooth_or_not_has_no_checkerboard(control):
    random = np.random.RandomState(0)
    noise = 128 + 20 * random.randn(300, 64, 64)
    assert control['checkerboard'](noise) == pytest.approx(1, abs=0.05)
    smooth = sum(np.roll(noise, (dy, dx), (1, 2)) for dy in (0, 1, 2) for dx in (0, 1, 2)) / 9
    assert control['checkerboard'](smooth) < 1.3


@pytest.mark.parametrize('period', [2, 4])
def test_a_checkerboard_counts_as_its_power_says(control, period):
    random, amplitude, size = np.random.RandomState(0), 4.0, 64
    noise = 10 * random.randn(400, size, size)
    at = np.arange(size) * 2 * np.pi / period
    pattern = amplitude * np.outer(np.cos(at), np.cos(at))
    window = np.hanning(size)
    # |sum of w cos^2|^2 for each of both directions, over the noise's power, 100 times the sum of w^2 each way.
    peak = (amplitude * np.square((window * np.cos(at) * np.cos(at)).sum())) ** 2
    one = 1 + peak / (100 * np.square(window).sum() ** 2)
    points = {2: 1, 4: 2}[period]  # of the eleven that are looked at
    expected = (11 - points + points * one) / 11
    assert control['checkerboard'](noise + pattern) == pytest.approx(expected, rel=0.05)


def test_contrast_is_the_nodule_less_the_lung_round_it(control):
    mask = np.zeros([32, 32], bool)
    mask[12:18, 10:18] = True
    image = np.where(mask, 90.0, 40.0)
    image[:4], image[-4:] = 250, 250  # far away
    assert control['contrast'](image, mask) == 50
