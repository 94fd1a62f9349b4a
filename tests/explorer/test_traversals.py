"""The page of strips in a real browser."""

import pytest

from browser import CHROMIUM, DRIVER, Page
from places import ONCE

pytestmark = [ONCE, pytest.mark.skipif(not (CHROMIUM and DRIVER), reason='there is no chromium with chromedriver here')]

PLACE = """
const frame = document.querySelector('.nodule .frame').getBoundingClientRect();
const strip = document.querySelector('.nodule canvas').getBoundingClientRect();
return [(frame.left - strip.left) / frame.width, strip.width / frame.width];
"""
MOVE = """
const slider = document.querySelector('.along input');
slider.value = arguments[0];
slider.dispatchEvent(new Event('input'));
return document.querySelector('.nodule output').textContent;
"""


def test_a_slider_moves_along_the_strips_and_says_how_far(succeeds, made, tmp_path):
    pytest.importorskip('selenium')
    succeeds('7-explore.py', 'page', '--model', made.one, '--out', tmp_path / 'explore.html', '--cpu')
    page = Page(str(tmp_path / 'profile'), (tmp_path / 'explore.html').as_uri())
    try:
        page.until(lambda: page.driver.find_elements('css selector', '.nodule canvas'), 'pictures in a window')
        assert page.driver.execute_script(PLACE) == pytest.approx([3, 7], abs=0.01)
        for place, sign in ((0, '-'), (6, '+')):
            assert page.driver.execute_script(MOVE, place)[0] == sign
            assert page.driver.execute_script(PLACE)[0] == pytest.approx(place, abs=0.01)
    finally:
        page.driver.quit()
