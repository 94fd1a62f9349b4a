import numpy as np
import pytest

from metrics import feature_distances, filters, memorisation, ms_ssim
from metrics.gray_levels import gray_distance
from metrics.sliced_wasserstein import descriptors, sliced_wasserstein
from places import ONCE
from sets import pictures, value


@ONCE
@pytest.mark.slow
def test_each_metric_moves_the_right_way(phantoms):
    """Blurred, noisy, mode-dropped and copied fakes against honest ones."""
    reals, honest = phantoms[:200], phantoms[200:]
    blurred = np.rint(filters.binomial_blur(honest.astype(np.float32))).astype(np.uint8)
    noisy = np.clip(honest + np.random.RandomState(0).randn(*honest.shape) * 15, 0, 255).astype(np.uint8)
    dropped = np.tile(honest[:5], [40, 1, 1, 1])

    def swd(x):
        return value(sliced_wasserstein(descriptors(x, 1), descriptors(reals, 2), 32), 200, 200)

    def shares(x):
        features = [feature_distances.pixel_pyramid(images) for images in (reals, x)]
        return {key: value(share, 200) for key, share in feature_distances.shares(*features)}

    def likeness(x):
        return value(ms_ssim.diversity(x), len(x))

    assert swd(blurred) > 3 * swd(honest) and swd(noisy) > 3 * swd(honest) and swd(dropped) > 2 * swd(honest)
    expected, of_noisy, of_blurred, of_dropped = map(shares, (honest, noisy, blurred, dropped))
    assert of_noisy['precision'] < expected['precision'] - 0.1 and of_noisy['density'] < expected['density'] - 0.1
    assert of_blurred['recall'] < expected['recall'] - 0.2 and of_dropped['recall'] < 0.1
    assert of_dropped['coverage'] < 0.2 < expected['coverage'] - 0.2
    assert likeness(dropped) > likeness(honest) + 0.05
    assert value(gray_distance(noisy, reals), 200, 200) > 2 * value(gray_distance(honest, reals), 200, 200)
    near = [memorisation.nearest(x, reals).distance for x in (reals[:50], honest[:50])]
    assert near[0].max() == 0 and value(memorisation.copied(near[0], near[1]), 50, 50) > 0.9


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda x: descriptors(x[:, :, :8, :8]), '16x16'),
        (lambda x: descriptors(np.full_like(x, 7)), 'do not vary'),
        (lambda x: ms_ssim.diversity(x[:1]), 'at least 2'),
        (lambda x: feature_distances.kernel_distance(x[:1, 0, 0], x[:1, 0, 0]), 'at least 2'),
        (lambda x: feature_distances.frechet_distance(x[:5, 0, 0], x[:5, 0, 0]), 'more than 32'),
        (lambda x: feature_distances.precision_recall(x[:3, 0, 0], x[:3, 0, 0]), 'more than 3'),
        (lambda x: feature_distances.density_coverage(x[:5, 0, 0], x[:6, 0, 0]), 'more than 5'),
    ],
)
def test_too_few_or_constant_images_are_refused_in_words(random, call, message):
    with pytest.raises(ValueError, match=message):
        call(pictures(random, 6))
