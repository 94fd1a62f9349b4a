"""The demo weights."""

import os

import numpy as np
import pytest

import dataset
import networks
import tfutil
from common import images
from common.hounsfield import WINDOWS
from metrics.gray_levels import gray_distance
from metrics.nodules import known, measure
from pix2pix.painter import Painter
from places import ROOT
from sets import value

WEIGHT = os.path.join(ROOT, 'demo', 'weight')


@pytest.mark.slow
@pytest.mark.parametrize('name', ['AIS', 'MIA', 'IA'])
def test_demo_weights_are_small_and_make_nodules_of_their_class(session, name):
    path = os.path.join(WEIGHT, name + '.pkl')
    assert os.path.getsize(path) <= 6e6
    G, D, Gs = tfutil.load(path, networks.BUILDERS)
    assert all(300e3 < sum(v.shape.num_elements() for v in network.trainables.values()) < 500e3 for network in (G, D))
    latents = np.random.RandomState(1).randn(100, int(Gs.inputs[0].shape[1]))
    fakes = images.to_uint8(Gs.run(latents, np.zeros([100, 0])))
    reals = dataset.read(os.path.join(ROOT, 'processData', name, name + '-r06.tfrecords'))
    assert fakes.shape == (100, 1, 64, 64)
    made, simulated = [measure(pixels, WINDOWS['paper'], 0.6) for pixels in (fakes, reals)]
    for field in ('mean_hu', 'diameter_mm', 'solid_share', 'elongation'):
        fake, real = [known(getattr(record, field)) for record in (made, simulated)]
        assert abs(fake.mean() - real.mean()) < real.std(), field
    assert value(gray_distance(fakes, reals), 100, 300) < 10


def test_pix2pix_demo_weights_put_the_nodule_where_the_mask_is():
    path = os.path.join(WEIGHT, 'pix2pix.pkl')
    assert os.path.getsize(path) <= 10e6
    masks = np.zeros([32, 1, 64, 64], np.uint8)
    for i in range(32):
        masks[i, 0, 12 + i : 22 + i, 44 - i : 54 - i] = 255
    fakes = Painter(path).paint(masks)
    inside = [fake[mask > 0].mean() for fake, mask in zip(fakes, masks)]
    beside = [fake[np.roll(mask, 13, 2) > 0].mean() for fake, mask in zip(fakes, masks)]
    assert np.mean(inside) > np.mean(beside) + 5
