"""The phantoms against the figures they were made to: literal numbers measured on patches of real AIS nodules."""

import hashlib
import json

import numpy as np
import pytest

from created import phantom
from dataset_tools.phantom import CLASSES, MOST, SLICE_MM, phantom_slices
from dataset_tools.phantom_anatomy import Canvas
from dataset_tools.phantom_recipes import NEWEST, RECIPES
from dataset_tools.phantom_vessels import airways, branches, vessels
from places import ONCE

pytestmark = ONCE

COUNTS = {'AIS': 600, 'MIA': 300, 'IA': 300}
SPACING = 0.6  # mm per pixel, the default
SCANNERS, WEIGHTS = RECIPES[NEWEST].scanners, RECIPES[NEWEST].weights


@pytest.fixture(scope='module')
def many():
    """COUNTS phantoms of each class, 64x64."""
    made = {}
    for seed, kind in enumerate(CLASSES):
        rng = np.random.RandomState(seed)
        made[kind] = [phantom(kind, rng) for _ in range(COUNTS[kind])]
    return made


@pytest.fixture(scope='module')
def cells(many):
    """The AIS phantoms as gray levels averaged over boxes of 4x4 pixels: [N,16,16], 0..255."""
    gray = np.array([windowed(p.hu) for p in many['AIS']])
    return np.round(gray.reshape(-1, 16, 4, 16, 4).mean((2, 4)))


def windowed(hu):
    return np.clip(np.round((hu + 1900) / 3000 * 255), 0, 255)


def fact(phantoms, name):
    return np.array([p.facts[name] for p in phantoms], float)


def test_the_same_state_gives_the_same_phantom():
    one, two = [phantom('MIA', np.random.RandomState(3)) for _ in range(2)]
    assert np.array_equal(one.hu, two.hu) and np.array_equal(one.mask, two.mask) and one.facts == two.facts


def test_the_next_state_gives_another_phantom():
    rng = np.random.RandomState(3)
    one, two = phantom('MIA', rng), phantom('MIA', rng)
    assert abs(one.hu - two.hu).mean() > 20


def test_the_global_generator_is_left_alone():
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    phantom('IA', np.random.RandomState(0))
    assert np.array_equal(before, np.random.get_state()[1])


@pytest.mark.slow
@pytest.mark.parametrize('kind', CLASSES)
def test_a_phantom_is_a_slice_in_hu_and_a_mask(kind, many):
    for p in many[kind]:
        assert p.hu.shape == p.mask.shape == p.solid.shape == p.covered.shape == (64, 64)
        assert p.hu.dtype == np.float32 and p.mask.dtype == p.solid.dtype == p.covered.dtype == bool
        assert not (p.mask & p.covered).any() and not (p.solid & ~p.mask).any()
        assert np.isfinite(p.hu).all() and p.hu.min() >= -1024 and p.hu.max() <= 3071
        assert all(np.isfinite(v) for v in p.facts.values() if not isinstance(v, str))


def test_facts_name_every_sign_in_plain_python_types(many):
    facts = many['IA'][0].facts
    assert set(facts) == {
        'diameter_mm',
        'mean_hu',
        'solid_mm',
        'solid_fraction',
        'lobulation',
        'spicules',
        'bronchogram',
        'pleural_tag',
        'wall',
        'scanner',
        'kernel',
        'slab_mm',
    }
    assert {type(v) for v in facts.values()} <= {float, bool, str}


@pytest.mark.parametrize('size', [16, 33, 84, 256])
def test_any_size_works_and_a_pixel_keeps_its_size(size):
    p = phantom('AIS', np.random.RandomState(5), size)
    assert p.hu.shape == p.mask.shape == (size, size) and np.isfinite(p.hu).all()
    assert 2.5 < 2 * SPACING * np.sqrt(p.mask.sum() / np.pi) < 31


def test_a_finer_pixel_makes_the_nodule_cover_more_of_them():
    coarse, fine = [
        np.mean([phantom('IA', np.random.RandomState(seed), 84, spacing).mask.sum() for seed in range(20)])
        for spacing in (0.8, 0.4)
    ]
    assert 3 < fine / coarse < 5


@pytest.mark.parametrize('kind', CLASSES)
def test_the_nodule_is_in_the_centre_and_as_large_and_dense_as_the_facts_say(kind, many):
    for p in many[kind]:
        rows, columns = np.nonzero(p.mask)
        assert abs(rows.mean() - 31.5) < 7 and abs(columns.mean() - 31.5) < 7
        assert abs(2 * SPACING * np.sqrt(p.mask.sum() / np.pi) - p.facts['diameter_mm']) < 0.01
        assert abs(p.hu[p.mask].mean() - p.facts['mean_hu']) < 0.5
        assert 0 <= p.facts['solid_fraction'] <= 1


@pytest.mark.parametrize('name', ['diameter_mm', 'mean_hu', 'solid_mm'])
def test_classes_are_in_order_but_overlap(name, many):
    ais, mia, ia = [fact(many[kind], name) for kind in CLASSES]
    assert ais.mean() < mia.mean() < ia.mean()
    assert np.percentile(ais, 90) > np.percentile(mia, 10) and np.percentile(mia, 90) > np.percentile(ia, 10)


def test_sizes_and_elongation_are_those_of_nodules_of_lidc_idri(many):
    """Percentiles of the diameter 4.1, 6.6, 10.2, 19.4 mm; ratio of the axes 1.22 in the middle, 1.63 at 95 %."""
    equal = [p for kind in CLASSES for p in many[kind][:300]]
    measured = np.percentile(fact(equal, 'diameter_mm'), [5, 50, 75, 95])
    assert (abs(measured / [4.1, 6.6, 10.2, 19.4] - 1) < [0.08, 0.08, 0.1, 0.16]).all()
    ratios = []
    for p in equal:
        moments = np.cov(np.nonzero(p.mask), bias=True) + np.eye(2) / 12  # a pixel is a square, not a point
        least, most = np.linalg.eigvalsh(moments)
        ratios.append(np.sqrt(most / least))
    assert (abs(np.percentile(ratios, [50, 95]) - [1.22, 1.63]) < [0.05, 0.12]).all()


@pytest.mark.parametrize(
    'name, shares',
    [
        ('lobulation', (0.28, 0.38, 0.56)),
        ('spicules', (0.02, 0.09, 0.19)),
        ('bronchogram', (0.12, 0.17, 0.31)),
        ('pleural_tag', (0.03, 0.08, 0.28)),
    ],
)
def test_signs_are_as_frequent_as_they_should_be(name, shares, many):
    for kind, share in zip(CLASSES, shares):
        assert abs(fact(many[kind], name).mean() - share) < 0.09


def test_a_denser_solid_part_belongs_to_the_later_classes(many):
    pure = [(fact(many[kind], 'solid_mm') == 0).mean() for kind in CLASSES]
    assert pure[0] > 0.7 and pure[1] < 0.4 and pure[2] < 0.2


def test_gray_levels_of_ais_are_those_of_real_patches(cells):
    assert abs(cells.mean() - 106.1) < 4 and abs(cells.std() - 33.6) < 4
    assert (abs(np.percentile(cells, [1, 25, 50, 75, 99]) - [80, 85, 88, 113, 198]) < 6.01).all()


def test_soft_tissue_of_ais_takes_the_share_it_has_in_real_patches(cells):
    share = (cells > 140).mean((1, 2))
    measured = share.mean(), (share > 0.05).mean(), (share > 0.2).mean(), (share < 0.01).mean()
    assert (abs(np.array(measured) - [0.22, 0.82, 0.47, 0.07]) < 0.07).all()


def test_lung_of_ais_is_as_dark_as_in_real_patches(cells):
    medians = np.array([np.median(p[p < 112]) for p in cells])
    assert abs(np.median(medians) - 86) < 2 and (abs(medians - 87) <= 5).mean() > 0.95


def test_the_mean_ais_patch_is_round_with_bright_corners_and_a_bump_in_the_middle(cells):
    mean = cells.mean(0)
    mean = (mean + mean[::-1] + mean[:, ::-1] + mean[::-1, ::-1]) / 4
    assert abs(mean[0, 0] - 119) < 9 and abs(mean[4:8, 4:8].min() - 95) < 6
    assert mean[7, 7] > mean[7, 5] + 2


def test_ais_nodules_are_as_faint_as_real_ones(many):
    gray = [windowed(p.hu)[p.mask].mean() for p in many['AIS']]
    assert abs(np.median(gray) - 99) < 3 and 88 < np.percentile(gray, 5) and np.percentile(gray, 95) < 116


def test_noise_is_coloured_by_the_kernel(many):
    def neighbours(p):
        """Correlation of horizontally adjacent pixels in lung, free of anything slower than 4 pixels."""
        fine = p.hu - (np.roll(p.hu, 2, 1) + np.roll(p.hu, -2, 1)) / 2
        a, b = fine[:, 2:-3], fine[:, 3:-2]
        lung = (abs(a) < 300) & (abs(b) < 300) & (p.hu[:, 2:-3] < -700) & (p.hu[:, 3:-2] < -700)
        return np.corrcoef(a[lung], b[lung])[0, 1]

    sharp, medium, smooth = [
        np.median([neighbours(p) for p in many['AIS'] if p.facts['kernel'] == kernel])
        for kernel in ('sharp', 'medium', 'smooth')
    ]
    assert sharp < medium < smooth


def test_scanners_are_as_frequent_in_each_class_and_differ_in_noise_and_thickness(many):
    shares = {name: weight / sum(WEIGHTS.values()) for name, weight in WEIGHTS.items()}
    for kind in CLASSES:
        names = [p.facts['scanner'] for p in many[kind]]
        assert all(abs(names.count(name) / len(names) - shares[name]) < 0.07 for name in SCANNERS)
    noise = {name: [] for name in SCANNERS}
    for p in many['AIS'] + many['MIA'] + many['IA']:
        scanner = SCANNERS[p.facts['scanner']]
        assert scanner.slab[0] <= p.facts['slab_mm'] <= scanner.slab[1] and scanner.kernel == p.facts['kernel']
        noise[p.facts['scanner']].append(np.median(abs(np.diff(p.hu, axis=1))))
    medians = {name: np.median(values) for name, values in noise.items()}
    assert medians['G'] < medians['E'] < medians['F'] < medians['D']
    assert medians['D'] < medians['A'] < medians['B'] < medians['C'] < medians['H']


def test_the_recipe_of_november_2026_draws_what_it_drew():
    """Bytes of gray levels and facts, as the program of that month made them."""
    drawn = hashlib.sha256()
    for k, kind in enumerate(CLASSES):
        for p in phantom_slices(kind, np.random.RandomState([1, k, 5]), 64, 0.6, 3, recipe='2026-11'):
            rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in p.facts.items()}
            drawn.update(windowed(p.hu).astype(np.uint8).tobytes() + p.mask.tobytes())
            drawn.update(json.dumps(rounded, sort_keys=True).encode())
    assert drawn.hexdigest() == 'ef451c2e5bf304fb03ab239ca480dd8405eaf14e9aea09658ba9e928108455fc'


def test_an_unknown_recipe_is_refused_with_the_choices():
    with pytest.raises(ValueError) as error:
        phantom_slices('AIS', np.random.RandomState(0), 64, 0.6, 1, recipe='2020-01')
    assert all(recipe in str(error.value) for recipe in RECIPES)


def test_an_airway_is_dark_within_its_wall_and_keeps_clear_of_the_nodule():
    for seed in range(40):
        rng = np.random.RandomState(seed)
        c, depth = Canvas(rng, 64, 0.6, 1.0, 0), np.full((80, 80), -30.0)
        branches = vessels(c, rng, RECIPES[NEWEST].twigs, np.zeros((80, 80)), depth, 0.0)
        wall, lumen = airways(c, rng, 2, *branches, clear=8)
        assert (lumen <= wall).all() and not wall[np.hypot(c.x, c.y) < 4].any()
        if lumen.max() > 0.9:
            return
    pytest.fail('no airway in 40 phantoms')


def test_an_unknown_class_is_refused_with_the_choices():
    with pytest.raises(ValueError) as error:
        phantom('AAH', np.random.RandomState(0))
    assert all(kind in str(error.value) for kind in CLASSES)


# What distinguishes the classes, and what must not. Guessed by least squares on one half, from the other.
EACH = 400
CLASS = np.repeat(np.arange(3), EACH)
AT = (np.arange(64) - 31.5) * 0.6
AWAY = np.hypot(AT[:, None], AT)  # mm from the middle


@pytest.fixture(scope='module')
def drawn():
    return [phantom(kind, np.random.RandomState([9, k, i])) for k, kind in enumerate(CLASSES) for i in range(EACH)]


@pytest.fixture(scope='module')
def hu(drawn):
    """Phantoms [3*EACH,64,64], class by class, as gray levels of the paper's window."""
    return np.clip((np.array([p.hu for p in drawn]) + 1900) / 3000 * 255, 0, 255)


@pytest.fixture(scope='module')
def clear(drawn):
    """Which of them have no part of the nodule from 9 mm of the middle."""
    return np.array([not p.mask[AWAY >= 8].any() for p in drawn])


def guessed(features, y=CLASS):
    """Balanced accuracy of a linear guess at the class."""
    features = (features - features.mean(0)) / features.std(0)
    x = np.column_stack([features, np.ones(len(features))])
    hits = []
    for half in (0, 1):
        learned = np.arange(len(x)) % 2 == half
        weights = np.linalg.lstsq(x[learned], np.eye(3)[y[learned]], rcond=None)[0]
        hits.append((x[~learned].dot(weights).argmax(1) == y[~learned]).mean())
    return np.mean(hits)


@pytest.mark.slow
def test_the_middle_tells_something_of_the_class_but_not_much(hu):
    near = hu[:, AWAY < 3]
    assert 0.5 < guessed(near.mean(1)[:, None]) < 0.68
    inner = hu[:, AWAY < 6]
    simple = [near.mean(1), near.std(1), inner.mean(1), inner.std(1), np.percentile(inner, 90, axis=1)]
    assert guessed(np.column_stack(simple)) < 0.7


def test_what_lies_round_the_nodule_tells_nothing_of_the_class(hu, clear):
    hu, y = hu[clear], CLASS[clear]
    rings = [hu[:, (AWAY >= r) & (AWAY < r + 3)] for r in range(9, 27, 3)]
    features = [
        f(ring) for ring in rings for f in (lambda v: v.mean(1), lambda v: v.std(1), lambda v: (v > 130).mean(1))
    ]
    assert guessed(np.column_stack(features), y) < 1 / 3 + 3 * np.sqrt(2 / 9 / len(hu))


def test_no_class_lies_nearer_the_wall(hu, clear):
    soft = (hu[:, (AWAY > 9) & (AWAY < 12)] > 130).mean(1)
    of_class = [soft[clear & (CLASS == k)] for k in range(3)]
    means = [values.mean() for values in of_class]
    error = np.sqrt(sum(values.var() / len(values) for values in of_class))
    assert max(means) - min(means) < 3 * error


# Slices of one phantom, and the vessels that run through them.
OF_A_SLICE = ('diameter_mm', 'mean_hu')


@pytest.fixture(scope='module')
def stacks():
    """Forty phantoms of five slices of each class."""
    return [
        phantom_slices(kind, np.random.RandomState([4, k, i]), 64, 0.6, 5)
        for k, kind in enumerate(CLASSES)
        for i in range(40)
    ]


def smooth(hu):
    return hu.reshape(16, 4, 16, 4).mean((1, 3)).ravel()


@pytest.mark.parametrize('number', [1, 3, 5])
def test_the_middle_slice_is_the_phantom_itself(number):
    alone = phantom('MIA', np.random.RandomState(7))
    middle = phantom_slices('MIA', np.random.RandomState(7), 64, 0.6, number)[number // 2]
    assert np.array_equal(middle.hu, alone.hu) and np.array_equal(middle.mask, alone.mask)
    assert middle.facts == alone.facts


@pytest.mark.slow
def test_slices_share_everything_but_what_is_measured_in_each(stacks):
    for stack in stacks:
        first = {name: value for name, value in stack[0].facts.items() if name not in OF_A_SLICE}
        for p in stack[1:]:
            assert {name: p.facts[name] for name in first} == first


def test_the_nearer_two_slices_are_the_more_alike(stacks):
    gray = np.array([[smooth(p.hu) for p in stack] for stack in stacks])

    def correlation(a, b):
        return np.array([np.corrcoef(x, y)[0, 1] for x, y in zip(a, b)])

    near, far = correlation(gray[:, 1], gray[:, 2]), correlation(gray[:, 0], gray[:, 4])
    others = correlation(gray[:-1, 2], gray[1:, 2])
    assert np.median(near) > 0.95 and near.min() > 0.2
    assert np.median(near) > np.median(far) + 0.01 and np.median(far) > np.median(others) + 0.3


def test_noise_is_new_in_each_slice(stacks):
    for stack in stacks[::10]:
        fine = [np.diff(p.hu, axis=1)[(np.abs(p.hu) > 700)[:, 1:] & (p.hu < -700)[:, :-1]][:500] for p in stack[1:3]]
        length = min(map(len, fine))
        assert length < 100 or abs(np.corrcoef(fine[0][:length], fine[1][:length])[0, 1]) < 0.3


def test_a_nodule_shrinks_from_its_middle_slice_as_a_sphere_does(stacks):
    area = np.array([[p.mask.sum() for p in stack] for stack in stacks]).mean(0) * 0.6**2
    z = (np.arange(5) - 2) * SLICE_MM
    assert abs(area - (area[2] - np.pi * z**2)).max() < 0.06 * area[2]


@pytest.mark.slow
def test_a_slice_beside_the_nodule_has_an_empty_mask_and_no_mean():
    result = []
    for i in range(60):
        result += phantom_slices('AIS', np.random.RandomState(i), 64, 0.6, MOST)
    for p in result:
        assert (p.facts['mean_hu'] is None) == (not p.mask.any()) == (p.facts['diameter_mm'] == 0)


@pytest.mark.parametrize('number', [2, 60, 1200])
def test_every_branch_leads_to_the_root_by_the_shortest_way(number):
    points = np.random.RandomState(0).uniform(-8, 8, (3, number))
    points = points[:, np.argsort(np.linalg.norm(points - points[:, :1], axis=0))]
    far = np.linalg.norm(points - points[:, :1], axis=0)
    parent, ends = branches(points, 0.7)
    below = np.ones(number)
    for i in range(number - 1, 0, -1):
        ways = np.linalg.norm(points[:, :i] - points[:, i : i + 1], axis=0) + 0.7 * far[:i]
        assert parent[i - 1] == np.argmin(ways)
        below[parent[i - 1]] += below[i]
    assert list(ends) == list(below[1:]) and below[0] == number


@pytest.mark.parametrize('seed', range(8))
def test_a_vessel_runs_into_the_nodule_and_through_the_slices(seed):
    layers = []
    for z in np.arange(-4, 4.1):
        c = Canvas(np.random.RandomState(seed), 64, 0.6, 1.0, z)
        blood = np.zeros((c.n, c.n))
        vessels(
            c,
            np.random.RandomState(seed),
            RECIPES[NEWEST].twigs._replace(flat=(1, 1)),
            blood,
            np.full((c.n, c.n), -30.0),
            0.0,
        )
        layers.append(blood)
    middle = slice(c.n // 2 - 6, c.n // 2 + 6)
    assert max(layer[middle, middle].max() for layer in layers) > 0.3
    same, other = [np.corrcoef(layers[4].ravel(), layers[i].ravel())[0, 1] for i in (5, 8)]
    assert same > other
