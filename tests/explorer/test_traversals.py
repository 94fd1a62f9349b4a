"""The page of traversals, which works without a server."""

import base64
import io

import pytest
from PIL import Image

from browser import CHROMIUM, DRIVER, Page
from common import files, manifest
from explorer import traversals
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
    monkeypatch.setattr(traversals, 'NODULES', 2)
    path = tmp_path / 'explore.html'
    succeeds('7-explore.py', 'page', '--model', made.one, '--out', path, '--cpu')
    text = path.read_text(encoding='utf-8')
    assert len(text) < 5e6 and text.count('type="range"') == 6 and 'http' not in text.replace('http-equiv', '')
    assert text.count('<output>as it is</output>') == text.count('class="nodule"') > 0
    picture = text.split('src="data:image/png;base64,')[1].split('"')[0]
    assert Image.open(io.BytesIO(base64.b64decode(picture))).size == (7 * 32, 32)
    if not (CHROMIUM and DRIVER):
        pytest.skip('there is no chromium with chromedriver here')
    pytest.importorskip('selenium')
    page = Page(str(tmp_path / 'profile'), path.as_uri())
    try:
        page.until(lambda: page.driver.find_elements('css selector', '.nodule canvas'), 'pictures in a window')
        assert page.driver.execute_script(PLACE) == pytest.approx([3, 7], abs=0.01)
        for place, sign in ((0, '-'), (6, '+')):
            assert page.driver.execute_script(MOVE, place)[0] == sign
            assert page.driver.execute_script(PLACE)[0] == pytest.approx(place, abs=0.01)
    finally:
        page.driver.quit()


def test_weights_are_not_written_over_by_their_page(script, made, tmp_path):
    manifest.begin('explorer', [])
    with open(made.one, 'rb') as source, files.atomic(str(tmp_path / 'm.pkl')) as f:
        f.write(source.read())
    before = (tmp_path / 'm.pkl').read_bytes()
    code, _, err = script('7-explore.py', 'page', '--model', tmp_path / 'm.pkl', '--out', tmp_path / 'm.pkl', '--cpu')
    assert code == 2 and 'm.pkl is an input of this command' in err and err.count('\n') == 1
    assert (tmp_path / 'm.pkl').read_bytes() == before
