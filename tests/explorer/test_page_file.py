"""The explorer as one file, in a browser without a network."""

import json
import os
import re
import zipfile

import numpy as np
import pytest
from PIL import Image

import explored
import runs
import tfutil
from browser import CHROMIUM, DRIVER
from common import files, images, manifest
from explored import MM, SIZE, WINDOW, flat_axes
from explorer import axes, drawing, models, page_file
from exploring import DIRECTION, MOVE, Explorer
from metrics import nodules
from pix2pix import unet
from places import ONCE, ROOT
from sampling import Generator, generator, latent_png

BROWSER = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason='there is no chromium with chromedriver here')
DEMO, PIX2PIX = [os.path.join(ROOT, 'demo', 'weight', name) for name in ('IA.pkl', 'pix2pix.pkl')]
STORED = '#window=-400,3000'  # in which a canvas has the gray levels that are stored
CHOOSE = """
const seed = document.getElementById('seed');
seed.value = arguments[0];
seed.dispatchEvent(new Event('change'));
"""
OPTIONS = dict(  # of a generator, and of pix2pix
    labels=(dict(label_size=3), dict()),
    unfused=(dict(fused_scale=False), dict(noise=2)),
    plain=(
        dict(use_pixelnorm=False, normalize_latents=False, use_leakyrelu=False, use_wscale=False),
        dict(padding='mirror'),
    ),
)


class OnePage(Explorer):
    """A page of one file that is opened from the disk while the browser is offline."""

    def __init__(self, folder, path):
        self.path = path
        super().__init__(folder, 'about:blank')
        offline = dict(offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
        self.driver.execute_cdp_cmd('Network.enable', {})
        self.driver.execute_cdp_cmd('Network.emulateNetworkConditions', offline)
        self.driver.get(path.as_uri() + STORED)
        self.until(lambda: self.count() == 1, 'a first nodule')

    def tab(self, name):
        """Opens a tab, also while a message lies over its button."""
        self.driver.execute_script('arguments[0].click()', self['tab-' + name])

    def choose_seed(self, seed):
        before = self.count()
        script = (
            'const f = document.getElementById("seed"); f.value = arguments[0]; f.dispatchEvent(new Event("change"))'
        )
        self.driver.execute_script(script, seed)
        self.until(lambda: self.count() > before, 'another nodule')


def opened(folder, weights, pix2pix=None, **more):
    pytest.importorskip('selenium')
    path = folder / 'explorer.html'
    page_file.write(str(path), weights, pix2pix, cpu=True, **more)
    return OnePage(str(folder / 'profile'), path)


@pytest.fixture(scope='module')
def demo(tmp_path_factory):
    page = opened(tmp_path_factory.mktemp('demo'), [DEMO], PIX2PIX, warning='Not audited')
    yield page
    assert not [entry for entry in page.driver.get_log('browser') if entry['level'] == 'SEVERE']
    page.driver.quit()


@pytest.fixture(scope='module')
def weights():
    with Generator(DEMO, cpu=True) as result:
        yield result


@pytest.fixture
def page(demo):
    demo.tab('generate')
    demo['reset'].click()
    demo.until(lambda: 'moves' not in demo.driver.current_url, 'no moves')
    return demo


def compare_drawn(page, pix2pix):
    """Compares the patches of the mask that is drawn first with those of Python."""
    page.tab('draw')
    page.until(lambda: len(page.driver.find_elements('css selector', '#patches canvas')) == 4, 'patches')
    painter, drawn = drawing.Painter(pix2pix, cpu=True), page.canvas(selector='#mask')
    middles = ((np.arange(painter.size) + 0.5) * len(drawn) / painter.size).astype(int)
    mask = (drawn[np.ix_(middles, middles)] > 100).astype(np.uint8) * 255
    assert 0.02 < (mask > 0).mean() < 0.4
    patches = [page.canvas(i, '#patches canvas') for i in range(4)]
    assert np.abs(np.array(patches, float) - painter.patches(mask, 4, 0)).max() <= 1


def measured(pixels):
    """Nodules of an image [64, 64] of the demo."""
    return nodules.measure(np.asarray(pixels, np.uint8)[None, None], [-1900.0, 1100.0], 0.6)


@BROWSER
@pytest.mark.slow
@ONCE
def test_the_page_shows_the_pixels_of_2_inference_and_measures_millimeters_and_hu_as_python_does(page, weights):
    for seed in (0, 7, 123456):
        page.choose_seed(seed)
        latent = generator.random_latent(seed, weights.latent_size)[None]
        expected = next(iter(generator.Images(weights, latent, weights.labels(1))))[0]
        shown = page.pixels()
        assert np.abs(shown - images.to_uint8(expected).astype(float)).max() <= 1
        record = measured(shown)
        assert page.number('#axes [aria-label=diameter]') == pytest.approx(record.diameter_mm[0], abs=0.06)
        assert page.number('#axes [aria-label="mean density"]') == pytest.approx(record.mean_hu[0], abs=5.1)


@BROWSER
@pytest.mark.slow
@ONCE
def test_a_slider_makes_the_nodule_larger_while_its_place_is_held(page):
    page.choose_seed(35)
    before = measured(page.pixels())
    page.move(before.diameter_mm[0] + 1.5, '#axes [aria-label=diameter]')
    after = measured(page.pixels())
    assert after.diameter_mm[0] - before.diameter_mm[0] == pytest.approx(1.5, abs=0.3)
    assert abs(after.row - before.row).max() * 0.6 < 0.8 and abs(after.column - before.column).max() * 0.6 < 0.8


@BROWSER
@pytest.mark.slow
@ONCE
def test_files_that_the_page_saves_are_read_by_others_and_by_itself(page, weights):
    page.choose_seed(3)
    shown = page.pixels()
    page.tab('save')
    page.until(lambda: 'latents.npy' in page['command'].text, 'a command')
    name = re.search(r'--latents (\S+)-latents\.npy', page['command'].text).group(1)
    latents = np.load(page.save('[data-save=latents]', name + '-latents.npy'))
    assert (latents == generator.random_latent(3, weights.latent_size)).all() and latents.dtype == np.float32
    raw = np.load(page.save('[data-save=raw]', name + '.npy'))
    assert raw.shape == (1, 1, 64, 64) and raw == pytest.approx(weights.run(latents, weights.labels(1)), abs=1e-3)
    png = page.save('[data-save=png]', name + '.png')
    assert (np.asarray(Image.open(png)) == shown).all()
    origin = latent_png.load(png)
    assert (origin.latent == latents[0]).all() and origin.model == 'IA.pkl' and origin.mm_per_pixel == 0.6
    for path in (png, page.folder + '/%s-latents.npy' % name):
        page.choose_seed(4)
        assert (page.pixels() != shown).any()
        page.drop('load-drop', path)
        page.until(lambda: (page.pixels() == shown).all(), 'the nodule of the file')
    np.save(page.folder + '/short.npy', latents[:, :5])
    page.drop('load-drop', page.folder + '/short.npy')
    assert 'latents of this network are (N, 80)' in page.shows('trouble', 'shape')


@BROWSER
@pytest.mark.slow
@ONCE
def test_walks_are_saved_as_gif_and_frames_whose_pixels_are_those_on_the_page(page):
    for seed in (1, 2):
        page.choose_seed(seed)
    page.tab('walk')
    for _ in range(2):
        page.driver.find_elements('css selector', '#walk-choices button')[-1 if _ else -2].click()
    page.until(page['walk-gif'].is_enabled, 'a walk')
    path = page.save('#walk-gif', 'IA-seed1-2.gif')
    with zipfile.ZipFile(page.save('#walk-zip', 'IA-seed1-2.zip')) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        frames = [np.asarray(Image.open(archive.open(name))) for name in names]
    assert names == ['frame_%03d.png' % i for i in range(32)]
    with Image.open(path) as animation:
        assert animation.n_frames == 32 and animation.info['loop'] == 0
        for i, frame in enumerate(frames):
            animation.seek(i)
            assert (np.asarray(animation.convert('L')) == frame).all()
    thumbs = [page.canvas(i, '#walk-stops canvas') for i in range(2)]
    assert (frames[0] == thumbs[0]).all() and (frames[16] == thumbs[1]).all() and (frames[8] != frames[0]).any()


@BROWSER
@pytest.mark.slow
@ONCE
def test_patches_that_are_drawn_are_those_of_the_server(page):
    compare_drawn(page, PIX2PIX)
    assert not page.driver.find_elements('css selector', '#insert-part, #panel-map, #panel-project')


@BROWSER
@pytest.mark.slow
@ONCE
def test_the_page_works_with_keys_fits_a_phone_and_loads_nothing(page):
    page.press('2')
    assert page['panel-walk'].is_displayed()
    page.press('1')
    before = page.count()
    page.press('r')
    page.until(lambda: page.count() > before, 'a random nodule')
    page.resize(400, 800)
    page.resize(1280, 900)
    for tab in ('generate', 'walk'):  # what the page says of itself is in view
        page.tab(tab)
        script = 'return innerHeight - document.querySelector(".notes").getBoundingClientRect().bottom'
        page.until(lambda: page.driver.execute_script(script) >= 0, 'a foot in view on the tab ' + tab)
    loaded = page.driver.execute_script('return performance.getEntriesByType("resource").map(({ name }) => name)')
    assert all(name.startswith('blob:') for name in loaded), loaded
    text = page.path.read_text(encoding='utf-8')
    assert 'Not audited' in page.driver.find_element('css selector', '.notes strong').text
    assert (
        not re.search(r'https?://', text.replace('http://www.w3.org/2000/svg', ''))
        and 'demo/weight' not in text
        and 'connect-src' not in text
    )
    assert "default-src 'none'" in text and len(text) < 25e6


@BROWSER
@pytest.mark.slow
@ONCE
@pytest.mark.parametrize('name', sorted(OPTIONS))
def test_networks_of_other_options_have_the_same_pixels(tmp_path, name):
    options, more = OPTIONS[name]
    path, pix2pix = (
        runs.random_networks(str(tmp_path / 'G.pkl'), resolution=SIZE, fmap_max=10, **options),
        str(tmp_path / 'P'),
    )
    with tfutil.init_tf(cpu=True):
        pair = (
            tfutil.Network('G', unet.U_net, size=SIZE, ngf=4, **more),
            tfutil.Network('D', unet.PatchGAN, size=SIZE, ndf=4),
        )
        tfutil.save(pix2pix, pair)
    (tmp_path / 'G.json').write_text(json.dumps(dict(data=dict(digest='1-1', window=WINDOW, mm_per_pixel=MM))))
    model = models.Model(path, cpu=True)
    model.axes = flat_axes(model)
    axes.save(path, model.facts, model.axes)
    page = opened(tmp_path, [path], pix2pix)
    try:
        for label in range(max(model.generator.label_size, 1)):
            if model.generator.label_size:
                page.driver.find_elements('css selector', '#labels button')[label].click()
            page.choose_seed(10 + label)
            expected = model.pixels(models.state(explored.state(seed=10 + label, label=label)))
            page.until(lambda: np.abs(page.pixels() - expected.astype(float)).max() <= 1, 'a nodule')
        for lock in page.driver.find_elements('css selector', '.lock[aria-pressed=true]'):
            lock.click()
        page.driver.execute_script(MOVE, DIRECTION, 30)
        moved = model.pixels(models.state(explored.state(seed=10 + label, label=label, moves={'sefa1': 30.0})))
        page.until(lambda: np.abs(page.pixels() - moved.astype(float)).max() <= 1, 'the same nodule, moved')
        compare_drawn(page, pix2pix)
    finally:
        page.driver.quit()


def test_modules_of_the_page_import_each_other_in_no_circle():
    texts = page_file.modules()
    imports = {name: set(re.findall(r" from '\./([\w.]+)';", text)) for name, text in texts.items()}
    while imports:
        ready = {name for name in imports if not imports[name] & set(imports)}
        assert ready, imports
        imports = {name: imported for name, imported in imports.items() if name not in ready}
    assert 'server.js' not in texts and 'kernel.js' in texts


def test_weights_that_nobody_audited_need_a_flag_and_the_page_says_so(script, succeeds, made, tmp_path):
    out = tmp_path / 'explorer.html'
    arguments = ['8-export.py', 'page', '--model', made.one, made.one, '--out', out, '--cpu']
    code, _, err = script(*arguments)
    assert code == 2 and '--patients-agreed' in err and err.count('\n') == 1 and not out.exists()
    code, _, err = script(*arguments + ['--patients-agreed'])
    assert code == 2 and '--unaudited' in err and err.count('\n') == 1 and not out.exists()
    succeeds(*arguments + ['--patients-agreed', '--unaudited'])
    foot = re.search('(?s)<footer.*</footer>', out.read_text(encoding='utf-8')).group()
    assert (
        re.match('<footer class="notes"><p><strong>UNAUDITED: .*</strong></p><p>', foot) and 'not for diagnosis' in foot
    )


def test_weights_are_not_written_over_by_their_page(script, made, tmp_path):
    manifest.begin('export', [])
    with open(made.one, 'rb') as source, files.atomic(str(tmp_path / 'm.pkl')) as f:
        f.write(source.read())
    before = (tmp_path / 'm.pkl').read_bytes()
    code, _, err = script('8-export.py', 'page', '--model', tmp_path / 'm.pkl', '--out', tmp_path / 'm.pkl', '--cpu')
    assert code == 2 and 'm.pkl is an input of this command' in err and err.count('\n') == 1
    assert (tmp_path / 'm.pkl').read_bytes() == before
