"""What the arms of an experiment show a classifier."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from classification import arms


@pytest.fixture
def random():
    return np.random.RandomState(3)


def test_a_changed_image_is_one_of_five_symmetric_variants_of_a_shifted_part(random):
    image = random.randint(256, size=[1, 1, 16, 16]).astype(np.uint8)
    made = arms.augment(np.repeat(image, 200, axis=0), random)
    padded = np.pad(image[0, 0], 1, 'reflect')
    shifted = [padded[r : r + 16, c : c + 16] for r in range(3) for c in range(3)]
    variants = {}
    for x in shifted:
        for kind, y in enumerate([x, x[:, ::-1], x[::-1], np.rot90(x), np.rot90(x, 3)]):
            variants[y.tobytes()] = kind
    kinds = [variants[x.tobytes()] for x in made]
    assert np.bincount(kinds, minlength=5).min() > 20


def test_cutmix_gives_a_label_the_share_of_its_pixels(random):
    labels = np.eye(3)[np.arange(60) % 3]
    images = np.broadcast_to(labels.argmax(axis=1)[:, None, None, None], [60, 1, 32, 32]).astype(np.float32)
    mixed, shares = arms.cutmix(images, labels, random)
    for k in range(3):
        assert_allclose(shares[:, k], (mixed == k).mean(axis=(1, 2, 3)), atol=1e-7)
    assert 0.15 < 1 - (shares * labels).sum(axis=1).mean() < 0.5  # a half for the rectangle, less what hangs over
    assert images.max(axis=(1, 2, 3)).tolist() == labels.argmax(axis=1).tolist()  # the images given are as they were


def test_a_minibatch_has_as_many_of_each_class_however_rare_it_is(random):
    labels = np.repeat([0, 1, 2], [2, 50, 8])
    pool = arms.Pool(np.broadcast_to(labels[:, None, None, None], [60, 1, 4, 4]), labels, 3)
    counts = np.zeros(3, int)
    for step in range(9):
        images, drawn = pool.draw(random, 32, step)
        assert_array_equal(images[:, 0, 0, 0], drawn)
        counts += np.bincount(drawn)
    assert np.ptp(counts) == 0


def test_a_class_without_images_is_refused():
    with pytest.raises(ValueError, match='class 2'):
        arms.Pool(np.zeros([4, 1, 4, 4]), np.array([0, 1, 0, 1]), 3)


def test_shuffled_labels_are_those_of_the_nodules_in_another_order(random):
    nodules = np.repeat(['n%02d' % i for i in range(30)], 4)
    labels = np.repeat(np.arange(30) % 3, 4)
    shuffled = arms.shuffle_labels(labels, nodules, random)
    by_nodule = shuffled.reshape(30, 4)
    assert (by_nodule == by_nodule[:, :1]).all()
    assert np.bincount(by_nodule[:, 0]).tolist() == [10, 10, 10]
    assert 0.1 < (shuffled == labels).mean() < 0.6


@pytest.mark.parametrize('ratio, total', [(0.5, 9), (1, 12), (4, 30)])
def test_a_ratio_adds_that_many_images_of_each_class_again_and_again_if_they_are_few(ratio, total):
    labels = np.repeat([0, 1, 2], 6)
    real = np.arange(18).reshape(18, 1, 1, 1), labels
    added = dict(gan=(np.arange(100, 121).reshape(21, 1, 1, 1), np.repeat([0, 1, 2], 7)))
    pool = arms.build_pool(['real', 'gan'], real, added, ratio, 3)
    assert [len(members) for members in pool.members] == [total] * 3


@pytest.mark.parametrize('ratio', [0.5, 1, 3])
def test_duplicates_are_as_many_other_images_as_a_generator_adds_made_of_all_real_ones_alike(random, ratio):
    at = np.hypot(*(np.mgrid[:32, :32] - 15.5))
    radii, grays = np.repeat([4, 7, 10], 6), 100 + 8 * np.arange(18)  # a gray level of its own for each nodule
    pixels = [np.where(at < radius, gray, 50) + 2 * random.randn(1, 32, 32) for radius, gray in zip(radii, grays)]
    real = np.rint(pixels).astype(np.uint8), np.repeat([0, 1, 2], 6)
    images, labels = arms.perturbed(real, ratio, random)
    assert np.bincount(labels).tolist() == [6 * ratio] * 3
    known = {np.rot90(image, k, (1, 2)).tobytes() for image in real[0] for k in range(4)}
    assert len({image.tobytes() for image in images} - known) == 18 * ratio  # they differ from each other and the real
    middles = np.median(images[..., 14:18, 14:18], axis=(1, 2, 3))
    source = np.abs(middles[:, None] - grays).argmin(axis=1)
    assert_array_equal(real[1][source], labels)
    assert np.ptp(np.bincount(source, minlength=18)) <= 1 if ratio < 1 else np.ptp(np.bincount(source)) == 0
    for image, i in zip(images, source):  # the size of the nodule stays
        assert (image > (50 + grays[i]) / 2).sum() == pytest.approx(np.pi * radii[i] ** 2, rel=0.1)


def test_arms_that_add_images_have_a_ratio_and_shares_of_phases_sum_to_one():
    assert [name for name in arms.ARMS if arms.has_ratio(name)] == ['duplicates', 'gan', 'pix2pix', 'phantom']
    sources = {name: arms.added_sources(name) for name in arms.ARMS if arms.added_sources(name)}
    assert sources.pop('pix2pix') == {'pix2pix'} and sources.pop('phantom') == {'phantom'}
    assert sources == dict.fromkeys(['gan', 'pretrain', 'tstr', 'trts'], {'gan'})
    for arm in arms.ARMS.values():
        assert sum(share for share, _ in arm.phases) == pytest.approx(1)
