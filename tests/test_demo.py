"""The demo weights, and the page of the demo."""

import json
import os
import re
import runpy

import numpy as np
import pytest

import dataset
import networks
import tfutil
from common import images, page
from common.hounsfield import WINDOWS
from metrics.gray_levels import gray_distance
from metrics.nodules import known, measure
from pix2pix.painter import Painter
from places import ONCE, ROOT
from sets import value

WEIGHT = os.path.join(ROOT, 'demo', 'weight')


@pytest.mark.slow
@pytest.mark.parametrize('name', ['AIS', pytest.param('MIA', marks=ONCE), pytest.param('IA', marks=ONCE)])
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


def test_the_page_of_the_demo_shows_what_it_made_and_leads_to_it(tmp_path, random):
    def pictures(n):
        return random.randint(256, size=[n, 1, 64, 64]).astype(np.uint8)

    for name in ('AIS', 'IA', 'pix2pix'):
        (tmp_path / name).mkdir()
    sheets = {}
    for name in ('AIS', 'IA'):
        for sheet in ('dataset_grid.png', 'inference_grid.png'):
            patches = pictures(16)
            sheets[name, sheet] = patches
            images.save(str(tmp_path / name / sheet), images.grid(patches))
    images.save(str(tmp_path / 'pix2pix' / 'a_0.png'), pictures(1)[0])
    images.animate(str(tmp_path / 'interpolation.gif'), iter(pictures(3)))
    verdicts = [dict(topic='variety', state='undecided')]
    (tmp_path / 'IA' / 'evaluation.json').write_text(json.dumps(dict(verdicts=verdicts)))
    for target in ('IA/evaluation.html', 'pix2pix/index.html'):
        (tmp_path / target).write_text('')
    write = runpy.run_path(os.path.join(ROOT, 'demo', 'demo_page.py'))['write']
    write(str(tmp_path), ['AIS', 'IA'], WINDOWS['paper'], 'IA', 12.3)
    text = (tmp_path / 'index.html').read_text(encoding='utf-8')
    assert len(re.findall('<img', text)) == 2 * 2 * 8 + 1 + 1
    last = page.picture(sheets['IA', 'inference_grid.png'][7], '').uri
    assert text.count(last) == 1 and 'alt="IA, generated 8"' in text
    assert 'variety</th><td>undecided' in text and '12.3 s' in text
    assert all((tmp_path / target).exists() for target in re.findall('href="([^#"]+)"', text))
    assert len(re.findall('href="([^#"]+)"', text)) == 2
