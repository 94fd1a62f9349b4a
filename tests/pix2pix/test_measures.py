"""Measures of patches made of masks, against patches of which they are known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import ndimage

from common import images
from pix2pix import measures

SIZE = 64


@pytest.fixture
def masks():
    """Discs of 5 pixels radius at several places."""
    at = np.arange(SIZE)
    centers = [(y, x) for y in (24, 31, 38) for x in (22, 26, 30, 34)]
    return np.array([np.hypot(at[:, None] - y, at - x) < 5 for y, x in centers])


def test_contrast_and_place_are_those_of_drawn_discs(masks, random):
    patches = 80 + 30 * masks + random.randn(*masks.shape)
    assert_allclose(measures.contrasts(patches, masks), 30, atol=0.5)
    assert_allclose(measures.place(patches, masks), 0, atol=0.2)
    moved = 80 + 30 * measures.moved(masks, 7) + random.randn(*masks.shape)
    assert_allclose(measures.place(moved, masks), (0, 7), atol=0.2)


def test_change_far_from_a_mask_leaves_out_what_is_within_reach(masks):
    before = np.zeros(masks.shape, np.uint8)
    after = 200 * ndimage.binary_dilation(masks, np.ones([1, 13, 13])).astype(np.uint8)
    assert measures.change_far(before, after, masks, 6) == 0 < measures.change_far(before, after, masks, 5)
    after[:, :, -10:] = 7  # ten columns out of reach of all discs
    assert_allclose(measures.change_far(before, after, masks, 6), 7 * (after == 7).sum() / (after < 200).sum())
    assert_allclose(measures.change_far(after, before, masks, 6), measures.change_far(before, after, masks, 6))


def test_frame_and_mesh_are_one_for_noise_and_larger_where_they_are_drawn(random):
    noise = random.randn(60, SIZE, SIZE)
    assert_allclose(measures.frame(noise), 1, atol=0.3)
    framed = noise.copy()
    framed[:, 1] += 5
    assert measures.frame(framed) > 2
    for period in (2, 4, 8):
        assert_allclose(measures.mesh(noise, period), 1, atol=0.15)
        pattern = np.zeros([SIZE, SIZE])
        pattern[::period, ::period] = 3
        assert measures.mesh(noise + pattern, period) > 1.5
    assert_allclose(measures.nyquist(noise), (33 / 64.0) ** 2, rtol=0.02)  # of the frequencies in each direction


def test_pairs_compared_with_themselves_have_ratios_of_one(masks, random):
    patches = images.to_uint8((80 + 30 * masks + 4 * random.randn(*masks.shape)) / 127.5 - 1)
    rows = measures.compare(patches, patches, masks)
    assert all(a == pytest.approx(b) for a, b in rows.values()) and len(rows) == 8


def test_a_table_is_printed_and_pairs_that_do_not_fit_are_refused(pix2pix, pairs, trained, tmp_path, random):
    code, out, err = pix2pix('evaluate', '--model', trained, '--data', pairs, '--moved', '2', '--cpu')
    assert code == 0, err
    assert out.startswith('13 pairs')
    assert all(line in out for line in ('lung noise', 'nodule moves', 'surroundings change'))
    images.save(str(tmp_path / 'x.png'), random.randint(1, 256, size=[1, 64, 128]).astype(np.uint8))
    code, _, err = pix2pix('evaluate', '--model', trained, '--data', tmp_path, '--cpu')
    assert code == 2 and 'pairs of 64 pixels' in err and err.count('\n') == 1
