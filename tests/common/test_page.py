"""Pages as they are read: whole in one file, safe, with and without a script."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from common import page, svg_plots
from common.hounsfield import WINDOWS

HOSTILE = '<script>alert("1")</script>\'"&.pkl'


@pytest.fixture
def written(tmp_path):
    """Writes a page with a body; returns its text."""

    def call(body, title='Title', window=WINDOWS['paper'], **values):
        (tmp_path / 'own.html').write_text("{% extends 'frame.html' %}{% block main %}" + body + '{% endblock %}')
        page.write(str(tmp_path / 'out.html'), str(tmp_path / 'own.html'), title, window, **values)
        return (tmp_path / 'out.html').read_bytes().decode()

    return call


def test_what_users_name_is_text_on_a_page_never_markup(written, random):
    picture = page.picture(random.randint(256, size=[1, 64, 64]).astype(np.uint8), HOSTILE)
    text = written('{{ pictures.tile(picture) }}<p>{{ name }}</p>', HOSTILE, picture=picture, name=HOSTILE)
    assert text.count('<script>') == 1 and 'alert("1")' not in text and text.count('&lt;script&gt;alert') == 4
    svg = svg_plots.histogram(np.arange(9), np.arange(9), HOSTILE, 'HU')
    assert '<script' not in svg


def test_a_page_asks_for_nothing_from_elsewhere_and_forbids_it(written):
    text = written('{% call pictures.bar() %}{% endcall %}{{ figure | safe }}', figure=figure(svg_plots.histogram))
    assert not re.search(r'https?:|(src|href)="(?!data:|#)|@import|url\((?!#)', text)
    assert "default-src 'none'" in text


def test_without_a_script_pictures_are_seen_in_the_lung_window_and_nothing_is_a_dead_control(written, random):
    image = random.randint(256, size=[1, 64, 64]).astype(np.uint8)
    body = '{% call pictures.bar() %}{% endcall %}{{ pictures.tile(picture) }}'
    text = written(body, picture=page.picture(image, 'a patch'))
    code = re.search(
        r'<img[^>]*class="ct" width="192"[^>]*alt="a patch" src="data:image/png;base64,([^"]*)"', text, re.S
    )
    stored = np.asarray(Image.open(io.BytesIO(base64.b64decode(code.group(1)))))
    assert (stored == image[0]).all()
    slope, intercept = map(float, re.search(r'<feFuncR .*slope="(.*?)" intercept="(.*?)"', text).groups())
    for hu, shown in ((-1350, 0), (150, 1), (-600, 0.5)):
        assert slope * (hu + 1900) / 3000 + intercept == pytest.approx(shown)
    assert re.search(r'<div class="bar"[^>]* hidden>', text) and re.search(r'<button[^>]* hidden>', text)
    assert 'img.ct { filter: url(#first-window) }' in text


def test_the_windows_to_choose_from_hold_the_one_that_the_data_have(written):
    body = '{% call pictures.bar() %}{% endcall %}'
    assert 'as stored' not in written(body) and 'mediastinum (\u2212160 to 240)' in written(body)
    assert 'as stored (\u22121000 to 400)' in written(body, window=(-1000.0, 400.0))


def figure(draw):
    """A figure of each kind."""
    few, result = np.arange(20.0), collections_of_estimates()
    if draw is svg_plots.histogram:
        return draw(few, few + 1, 'diameter', 'mm', limit=(3, 'a limit'))
    if draw is svg_plots.levels:
        return draw(['16x16', '32x32'], result, result, 'SWD', 'resolution, pixels', 'SWD x1000')
    return draw([('SWD', result[0], result[1], True), ('recall', result[1], result[1], False)], 'All metrics', 'metric')


def collections_of_estimates():
    class Estimate:
        def __init__(self, value, interval):
            self.value, self.interval = value, interval

    return [Estimate(5.0, [4.0, 6.0]), Estimate(0.0, [0.0, 0.0])]


@pytest.mark.parametrize('draw', [svg_plots.histogram, svg_plots.levels, svg_plots.against_baseline])
def test_every_figure_says_what_its_axes_show_and_takes_the_colours_of_the_page(draw):
    svg = figure(draw)
    for axis in 'xy':
        group = re.search(r'<g id="[^"]*-%s-label">(.*?)</g>' % axis, svg, re.S)
        assert re.search(r'<text[^>]*>[^<]+</text>', group.group(1))
    assert 'aria-label="' in svg and 'var(--fake)' in svg and 'var(--real)' in svg and 'var(--ink)' in svg
    assert len(svg) < 60e3 and svg == figure(draw)


def test_ids_of_several_figures_on_a_page_differ():
    ids = [set(re.findall(r' id="([^"]*)"', figure(draw))) for draw in (svg_plots.histogram, svg_plots.levels)]
    assert ids[0] and ids[1] and not ids[0] & ids[1]


def test_the_outline_of_a_mask_runs_along_the_edges_of_its_pixels():
    mask = np.zeros([4, 4], np.uint8)
    mask[1, 1:3] = 255
    assert page.outline(mask) == 'M1 1h2M1 2h2M1 1v1M3 1v1'


@pytest.mark.parametrize('shape', [(1, 64, 64), (3, 64, 64), (1, 512, 512)])
def test_as_many_pictures_as_a_page_may_hold_stay_within_five_megabytes(shape, random):
    picture = page.picture(random.randint(256, size=shape).astype(np.uint8), 'noise')
    assert page.most(shape) * len(picture.uri) < 4e6
