import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import ndimage

from metrics import radiomics, shapes
from metrics.nodules import Nodules

SIZE = 24


def record(masks, solid_share=0.3, wall_mm=4.0):
    """The Nodules of masks, as far as features use them."""
    empty = Nodules(*[None] * len(Nodules._fields))
    found = masks.any(axis=(1, 2))
    return empty._replace(
        found=found,
        masks=masks,
        diameter_mm=shapes.equivalent_diameter(masks),
        elongation=shapes.elongation(masks),
        circularity=shapes.circularity(masks),
        solid_share=np.where(found, solid_share, np.nan),
        wall_mm=np.where(found, wall_mm, np.nan),
    )


def measured(images, masks, **facts):
    """{feature: values [N]} of gray levels [N, R, R]."""
    return dict(zip(radiomics.FEATURES, radiomics.features(images[:, None], record(masks, **facts)).T))


@pytest.fixture
def images(random):
    return random.randint(256, size=(6, SIZE, SIZE)).astype(np.uint8)


@pytest.fixture
def masks(random):
    """Ragged ellipses."""
    rows, columns = np.indices([SIZE, SIZE]) - 11.0
    radii = 3 + 3 * random.rand(6, 2)
    return np.array([(rows / a) ** 2 + (columns / b) ** 2 + 0.2 * random.randn(SIZE, SIZE) < 1 for a, b in radii])


def test_density_and_margin_are_those_of_the_pixels_inside_and_round_the_outline(images, masks):
    values = measured(images, masks)
    for i, (image, mask) in enumerate(zip(images.astype(float), masks)):
        inside = image[mask]
        far = ndimage.distance_transform_cdt(~mask, 'taxicab')
        ring = image[(far > 1) & (far <= 4)]
        edge = mask & (ndimage.distance_transform_cdt(np.pad(mask, 1, 'constant'), 'taxicab')[1:-1, 1:-1] == 1)
        slopes = np.hypot(*np.gradient(image))
        expected = dict(mean=inside.mean(), sd=inside.std(), ring=np.median(ring), edge=slopes[edge].mean())
        expected.update(zip(('p10', 'p90'), np.percentile(inside, [10, 90])))
        expected.update(ring_range=np.subtract(*np.percentile(ring, [75, 25])))
        expected.update(contrast=inside.mean() - np.median(ring))
        for name, value in expected.items():
            assert values[name][i] == pytest.approx(value, rel=1e-5), name


@pytest.mark.parametrize('step', [1, 2])
def test_co_occurrence_is_that_of_all_pairs_of_pixels_inside(images, masks, step):
    values = measured(images, masks)
    for i, (image, mask) in enumerate(zip(images.astype(float), masks)):
        pairs = []
        for row, column in np.argwhere(mask):
            for down, right in ((0, step), (step, 0), (step, step), (step, -step)):
                if mask[row + down, column + right]:
                    pairs.append((image[row, column], image[row + down, column + right]))
        one, other = np.array(pairs).T
        assert values['texture_contrast_%d' % step][i] == pytest.approx(np.mean((one - other) ** 2), rel=1e-5)
        both = np.corrcoef(np.append(one, other), np.append(other, one))[0, 1]
        assert values['texture_correlation_%d' % step][i] == pytest.approx(both, abs=1e-5)


def test_binary_patterns_are_uniform_where_neighbours_change_at_most_twice(images, masks):
    around = [(-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1)]
    for i, (image, mask) in enumerate(zip(images, masks)):
        uniform = []
        for row, column in np.argwhere(mask):
            bits = [image[row + y, column + x] >= image[row, column] for y, x in around]
            uniform.append(sum(bits[k] != bits[k - 1] for k in range(8)) <= 2)
        assert measured(images, masks)['binary_patterns'][i] == pytest.approx(np.mean(uniform))


def test_the_noise_of_a_checkerboard_is_its_amplitude_and_alternates(masks):
    checkerboard = 90 + 7 * (-1) ** np.indices([SIZE, SIZE]).sum(axis=0)
    values = measured(np.repeat(checkerboard[None], 6, axis=0).astype(np.uint8), masks)
    assert_allclose(values['noise'], 7, rtol=1e-6)
    assert_allclose(values['noise_correlation_1'], -1, atol=1e-6)
    assert_allclose(values['noise_correlation_2'], 1, atol=1e-6)


def test_a_weak_pattern_that_repeats_every_two_pixels_stands_out_and_one_of_four_does_not(random):
    noise = 100 + 10 * random.randn(50, 64, 64)
    rows, columns = np.indices([64, 64])
    masks = np.broadcast_to(np.hypot(rows - 32, columns - 32) < 8, noise.shape)

    def period(pattern):
        return measured(np.rint(noise + pattern).astype(np.uint8), masks)['period_2']

    plain = period(0)
    assert abs(np.mean(plain)) < 1
    for pattern in ((-1) ** rows, (-1) ** columns, (-1) ** (rows + columns)):
        assert np.mean(period(2 * pattern)) > np.mean(plain) + 2 * np.std(plain)
    assert abs(np.mean(period(2 * (-1) ** (rows // 2)) - plain)) < 0.2


def test_features_do_not_depend_on_how_a_nodule_is_turned_or_mirrored(images, masks):
    expected = radiomics.features(images[:, None], record(masks))
    for turned in (lambda x: np.rot90(x, axes=(1, 2)), lambda x: x[:, ::-1], lambda x: x.transpose(0, 2, 1)):
        assert_allclose(radiomics.features(turned(images)[:, None], record(turned(masks))), expected, atol=1e-4)


def test_size_shape_and_solid_part_are_those_of_the_record_and_the_wall_counts_by_its_nearness(images, masks):
    values = measured(images, masks, solid_share=0.25, wall_mm=np.array([0, 1, 3, np.nan, 9, 0]))
    nodules = record(masks)
    for name, expected in (
        ('diameter', nodules.diameter_mm),
        ('elongation', nodules.elongation),
        ('circularity', nodules.circularity),
        ('solid_share', np.full(6, 0.25)),
        ('wall', [1, 0.5, 0.25, 0, 0.1, 1]),
    ):
        assert_allclose(values[name], expected)


@pytest.mark.parametrize('size', [8, 16])
def test_features_are_unknown_without_a_nodule_and_finite_for_most_small_ones(random, size):
    images = random.randint(256, size=(5, 1, size, size)).astype(np.uint8)
    masks = np.zeros([5, size, size], bool)
    masks[1:, 3:6, 3:6] = True
    with np.errstate(all='raise'):
        result = radiomics.features(images, record(masks))
    assert np.isnan(result[0]).all() and np.isfinite(result[1:]).mean() > 0.8


def test_features_are_standardised_by_the_quartiles_of_real_ones():
    reals = np.tile(np.arange(1.0, 102)[:, None], [1, len(radiomics.FEATURES)])
    reals[:, 1] = 7  # always the same
    reals[:, 2] = np.nan  # never known
    reals[:, 3] = [0] * 90 + [10] * 11  # more than three quarters are the same
    reals[5] = np.nan  # no nodule
    standard = radiomics.standard(reals)
    names = list(radiomics.FEATURES)
    assert radiomics.useful(standard) == names[:1] + names[3:]
    values = np.array([reals[50], reals[5], reals[50] + 10, reals[50] - 10000, reals[50]])
    values[4, 0] = np.nan
    result = radiomics.points(values, standard)
    column = np.delete(reals[:, 0], 5)
    spread = np.subtract(*np.percentile(column, [75, 25])) / 1.349
    off = (51 - np.median(column)) / spread
    assert_allclose(result[:, 0], [off, off + 10 / spread, -6, 0])  # clipped; unknown: the median
    assert_allclose(result[1, 1], 10 / np.nanstd(reals[:, 3]))
    assert result.shape == (4, len(names) - 2)
