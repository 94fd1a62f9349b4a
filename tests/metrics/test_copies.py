"""Which images of two sets are copies of each other, as sides of folds and held-out images are compared."""

import numpy as np
import pytest

from metrics import image_sets, memorisation


def halved(images):
    """Images [N, 1, R, R] at half their size, averaged."""
    count, _, size, _ = images.shape
    return np.rint(images.reshape(count, 1, size // 2, 2, size // 2, 2).mean(axis=(3, 5))).astype(np.uint8)


@pytest.mark.parametrize('size', [32, 16])
def test_none_of_two_hundred_nodules_is_a_copy_of_two_hundred_others(phantoms, size):
    images = phantoms if size == 32 else halved(phantoms)
    assert not memorisation.copies(images[:200], images[200:])


def test_images_that_are_mirrored_turned_moved_or_slightly_changed_are_copies(phantoms, random):
    originals, others = phantoms[:40], phantoms[100:140]
    mirrored, turned = originals[:, :, :, ::-1], np.rot90(originals, 3, axes=(2, 3))
    moved = np.roll(originals, (3, -4), axis=(2, 3))[..., ::-1]
    # a distance of a twentieth of the standard deviation of the middle 20x20 pixels, which is what is compared
    spread = originals[:, :, 6:26, 6:26].std(axis=(1, 2, 3), keepdims=True)
    noisy = np.clip(np.rint(originals + 0.05 * spread * random.randn(*originals.shape)), 0, 255).astype(np.uint8)
    for planted in (originals, mirrored, turned, moved, noisy):
        result = memorisation.copies(np.concatenate([others[:5], planted, others[5:]]), originals[::-1])
        assert result == {5 + i: 39 - i for i in range(40)}


def test_small_images_are_copies_where_they_are_equal_in_one_of_eight_positions():
    images = np.arange(4 * 16, dtype=np.uint8).reshape(4, 1, 4, 4) ** 2
    turned = np.stack([np.rot90(image, i, axes=(1, 2)) for i, image in enumerate(images)])[::-1]
    assert memorisation.copies(turned, images) == {0: 3, 1: 2, 2: 1, 3: 0}
    assert not memorisation.copies(turned ^ 1, images)


def test_flat_images_are_copies_only_where_they_are_equal():
    flat = np.arange(10, 20, dtype=np.uint8)[:, None, None, None] * np.ones([1, 1, 16, 16], np.uint8)
    assert memorisation.copies(flat[:6], flat[5:]) == {5: 0}


def test_words_name_the_first_two_and_say_how_many(phantoms):
    names = ['a %d' % i for i in range(5)], ['b %d' % i for i in range(5)]
    assert image_sets.in_common(phantoms[:5], names[0], phantoms[10:15], names[1]) == ''
    mirrored = phantoms[[20, 11, 12, 21, 22], :, :, ::-1]
    result = image_sets.in_common(mirrored, names[0], phantoms[10:15], names[1])
    assert result == '2 images in common (a 1 and b 1 are copies, mirrored, turned, moved or changed)'
    assert '(a 2 and b 0 are the same)' in image_sets.in_common(phantoms[8:11], names[0], phantoms[10:15], names[1])
