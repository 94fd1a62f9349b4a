"""The page of traversals, which works without a server."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from browser import CHROMIUM, DRIVER, Page
from common import files, manifest
from explored import MM, SIZE, WINDOW
from explorer import measure, traversals
from metrics import nodules
from places import ONCE

PLACE = """
const frame = document.querySelector('.nodule .frame').getBoundingClientRect();
const traversal = document.querySelector('.nodule canvas').getBoundingClientRect();
return [(frame.left - traversal.left) / frame.width, traversal.width / frame.width];
"""
MOVE = """
const slider = document.querySelector('.along input');
slider.value = arguments[0];
slider.dispatchEvent(new Event('input'));
return document.querySelector('.nodule output').textContent;
"""


@pytest.mark.slow
@ONCE
def test_the_page_shows_each_usable_axis_needs_no_other_file_and_its_sliders_move(
    succeeds, made, tmp_path, monkeypatch
):
    monkeypatch.setattr(traversals, 'NODULES', 9)
    path = tmp_path / 'explore.html'
    succeeds('7-explore.py', 'page', '--model', made.one, '--out', path, '--cpu')
    text = path.read_text(encoding='utf-8')
    assert len(text) < 5e6 and text.count('type="range"') == 6 and 'http' not in text.replace('http-equiv', '')
    captions = re.search('class="nodule" data-steps="([^"]*)"', text).group(1).split('|')
    picture = text.split('src="data:image/png;base64,')[1].split('"')[0]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))
    assert picture.shape == (SIZE, 7 * SIZE) and len(captions) == 7
    steps = picture.reshape(SIZE, 7, SIZE).transpose(1, 0, 2)[:, None]
    diameters = nodules.measure(steps, WINDOW, MM).diameter_mm
    assert [float(caption.split()[0]) for caption in captions] == pytest.approx(diameters, abs=0.06)
    assert '<output>%s</output>' % captions[3] in text and '(' not in captions[3]
    if not (CHROMIUM and DRIVER):
        pytest.skip('there is no chromium with chromedriver here')
    pytest.importorskip('selenium')
    page = Page(str(tmp_path / 'profile'), path.as_uri())
    try:
        page.until(lambda: page.driver.find_elements('css selector', '.nodule canvas'), 'pictures in a window')
        assert page.driver.execute_script(PLACE) == pytest.approx([3, 7], abs=0.01)
        for place in (0, 6):
            assert page.driver.execute_script(MOVE, place) == captions[place]
            assert page.driver.execute_script(PLACE)[0] == pytest.approx(place, abs=0.01)
    finally:
        page.driver.quit()


@pytest.mark.parametrize(
    'kind, reached, asked, caption',
    [
        ('diameter', 10.74, 14.6, '10.7 mm (14.6 asked)'), ('diameter', 10.74, 10.8, '10.7 mm'),
        ('mean', -512.3, -400.0, '-512 HU (-400 asked)'), ('solid', 0.254, 0.26, '0.25'),
    ],
)  # fmt: skip
def test_a_caption_says_what_was_reached_and_what_was_asked_where_it_was_not(kind, reached, asked, caption):
    (attribute,) = [each for each in measure.attributes(WINDOW, MM) if each.kind == kind]
    assert traversals._caption(attribute, reached, asked) == caption


def test_weights_are_not_written_over_by_their_page(script, made, tmp_path):
    manifest.begin('explorer', [])
    with open(made.one, 'rb') as source, files.atomic(str(tmp_path / 'm.pkl')) as f:
        f.write(source.read())
    before = (tmp_path / 'm.pkl').read_bytes()
    code, _, err = script('7-explore.py', 'page', '--model', tmp_path / 'm.pkl', '--out', tmp_path / 'm.pkl', '--cpu')
    assert code == 2 and 'm.pkl is an input of this command' in err and err.count('\n') == 1
    assert (tmp_path / 'm.pkl').read_bytes() == before
