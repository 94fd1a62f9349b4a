import re

import numpy as np
import pytest

from dataset_tools import overview, overview_page, phantom_sources
from dataset_tools.create_settings import CreatePhantom
from dataset_tools.patches import Patch
from places import ONCE

HEAD = dict(seed=1, resolution=16, window=(-1900.0, 1100.0), mm_per_pixel=0.6)


def patch(label, nodule, **facts):
    pixels = np.full([1, 18, 18], 80, np.uint8)
    pixels[:, 6:12, 6:12] = 120
    return Patch(**dict(dict.fromkeys(Patch._fields), pixels=pixels, label=label, nodule=nodule, facts=facts))


@pytest.fixture
def seen():
    result = overview.Overview(HEAD)
    for label, kernels in (('IA', 'sharp smooth'), ('AIS', 'sharp sharp'), ('benign', 'sharp sharp')):
        for i in range(40):
            facts = dict(kernel=kernels.split()[i % 2], diameter_mm=6.0, slice_mm=1.25)
            result.add(patch(label, '%s-%d' % (label, i // 2 % (4 if label == 'AIS' else 99)), **facts))
    return result


def test_classes_come_from_the_least_to_the_most_invasive_and_then_by_name(seen):
    assert [label for label, _ in seen.sorted()] == ['AIS', 'IA', 'benign']
    assert [(result.images, len(result.nodules)) for _, result in seen.sorted()] == [(40, 4), (40, 20), (40, 20)]


def test_small_classes_and_kernels_that_differ_between_classes_are_reported(seen):
    small, kernel, other = seen.warnings()
    assert small == 'Fewer than 10 nodules: AIS has 4.'
    assert 'sharp has 100 % of' in kernel and '50 % of IA' in kernel
    assert 'smooth has 50 % of IA but 0 % of' in other


def test_each_patch_is_kept_with_the_same_chance():
    kept = np.zeros(3 * overview.SAMPLES)
    for seed in range(60):
        one = overview.ClassSummary(np.random.RandomState(seed))
        for i in range(len(kept)):
            one.add(patch(None, str(i)), 16)
        assert len(one.samples) == overview.SAMPLES
        kept[[x.index for x in one.samples]] += 1
    thirds = kept.reshape(3, -1).mean(axis=1) / 60
    assert abs(thirds - 1 / 3.0).max() < 0.025  # five standard deviations of a share among 300 x 60 draws


def test_pictures_are_of_as_many_nodules_as_possible_and_not_just_the_first_of_each():
    one = overview.ClassSummary(np.random.RandomState(0))
    for i in range(200):
        one.add(patch(None, str(i // 10)), 16)
    shown = [kept.index for kept in one.draw(20)]
    assert (
        shown == sorted(shown) and sorted(i // 10 for i in shown) == list(range(20)) and {i % 10 for i in shown} != {0}
    )


@ONCE
def test_the_page_shows_pictures_outlines_diameters_and_tables(tmp_path, seen):
    path = str(tmp_path / 'set.html')
    folds = [('fold0/test', [1, 4, 4])]
    overview_page.write(path, seen, ['a note'], ['Point 3 lies in <air>.'], ['2 scans'], folds)
    with open(path, encoding='utf-8') as f:
        text = f.read()
    assert '120 images of 44 nodules; 16x16 pixels of 0.6 mm' in text
    assert 'Point 3 lies in &lt;air&gt;.' in text and '2 scans' in text and 'fold0/test' in text and 'a note' in text
    assert text.count('class="ct"') == 120 and text.count('r="5.0"') == 120  # 6 mm at 0.6 mm per pixel, halved
    square = re.search('<path d="([^"]*)"', text).group(1)
    assert set(map(int, re.findall(r'M(\d+)', square))) <= set(range(4, 12))  # the bright square and its blurred rim
    assert '<th scope="row">1.25</th><td>40</td><td>40</td><td>40</td>' in text
    headings = re.findall('<figure class="chart"><h3>([^<]*)', text)  # none shows a wall
    assert headings == ['All pixels', 'The nodules', 'Solid part', 'Measured sizes', 'Elongation', 'Annotated sizes']


def test_the_outline_of_a_phantom_is_the_mask_it_was_drawn_with(tmp_path):
    cfg = CreatePhantom(kind='MIA', number='1', resolution=32, spacing=0.6, processes=1)
    (drawn,) = phantom_sources.from_phantoms(cfg).patches
    result = overview.Overview(dict(HEAD, resolution=32))
    result.add(drawn)
    overview_page.write(str(tmp_path / 'a.html'), result)
    with open(str(tmp_path / 'a.html'), encoding='utf-8') as f:
        assert overview_page.page.outline(drawn.mask) in f.read()


def test_the_page_of_pictures_that_are_no_ct_has_no_hu(tmp_path):
    result = overview.Overview(dict(seed=0, resolution=16))
    result.add(patch(None, 'a'))
    overview_page.write(str(tmp_path / 'a.html'), result)
    with open(str(tmp_path / 'a.html'), encoding='utf-8') as f:
        text = f.read()
    assert 'class="ct"' not in text and 'density, HU' not in text and 'gray level, of 255' in text
    assert 'Elongation' in text and 'Solid part' not in text
