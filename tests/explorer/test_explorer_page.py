"""The explorer in a real browser: what is moved, painted, searched, saved and lost."""

import json
import os
import re
import time

import numpy as np
import pytest
from PIL import Image

from browser import CANVAS, CHROMIUM, DRIVER
from common import images, web_server
from config import Inference
from explored import decoded, flat_axes
from explorer import models
from exploring import DIAMETER, DIRECTION, DRAG, FOREIGN, LARGE, MOVE, NAMELESS, SMALL, Explorer
from places import ONCE, ROOT

pytestmark = [ONCE, pytest.mark.skipif(not (CHROMIUM and DRIVER), reason='there is no chromium with chromedriver here')]

TABS = 'generate', 'walk', 'project', 'draw', 'map', 'save'


@pytest.fixture(scope='module')
def explorer(tmp_path_factory):
    """An explorer of demo weights whose axes are made up and whose searches are short."""
    pytest.importorskip('selenium')
    from explorer import explore_settings, explorer_service, learning, mapping, projecting

    folder = tmp_path_factory.mktemp('weights')
    for name in ('AIS.pkl', 'AIS.json'):
        (folder / name).write_bytes(open(os.path.join(ROOT, 'demo', 'weight', name), 'rb').read())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, 'learn', lambda model, **_: flat_axes(model))
        patch.setattr(mapping, 'N', 40)
        patch.setattr(projecting, 'Inference', lambda: Inference(project_steps=4))
        cfg = explore_settings.Serve(
            model=[str(folder / 'AIS.pkl')],
            pix2pix=os.path.join(ROOT, 'demo', 'weight', 'pix2pix.pkl'),
            data=os.path.join(ROOT, 'processData', 'AIS'),
            cpu=True,
        )
        with explorer_service.opened(cfg) as opened:
            while opened.models[0].axes is None:
                time.sleep(0.1)
            yield opened


@pytest.fixture(scope='module')
def address(explorer):
    from explorer import explorer_app

    with web_server.running(explorer_app.application(explorer, 'token')) as url:
        yield url


@pytest.fixture(scope='module')
def browser(address, tmp_path_factory):
    opened = Explorer(str(tmp_path_factory.mktemp('profile')), address)
    yield opened
    opened.driver.quit()


@pytest.fixture
def page(browser):
    """The page, freshly loaded, of which no script may have failed in the end.

    That the server refuses is no failure, and that a canvas is read often is the test's own doing.
    """
    browser.begin()
    yield browser
    log = browser.driver.get_log('browser')
    assert [entry for entry in log if entry['source'] not in ('network', 'rendering')] == []


def test_a_slider_changes_the_pixels_and_undo_brings_them_back_exactly(page):
    first, large = page.pixels(), page.large()
    page.move(40)
    moved = page.pixels()
    assert np.abs(moved - first).mean() > 1 and np.abs(page.large() - large).mean() > 1
    page['seed-more'].click()
    page.until(lambda: page.count() == 3, 'the next seed')
    page['undo'].click()
    assert (page.pixels() == moved).all()
    page.mouse(page.driver).key_down('\ue009').send_keys('z').key_up('\ue009').perform()
    assert (page.pixels() == first).all() and not page['undo'].is_enabled()
    assert np.abs(page.large() - large).max() <= 2  # a browser enlarges on one chip or another
    page['redo'].click()
    assert (page.pixels() == moved).all()
    page.press('c')
    page['redo'].click()
    beside = page.canvas(0, LARGE), page.canvas(1, LARGE)
    assert beside[0].shape == beside[1].shape and not (beside[0] == beside[1]).all()
    assert page.driver.execute_script(FOREIGN) == []


def test_a_drag_sends_no_queue_of_requests_and_ends_where_the_hand_let_go(page, explorer, monkeypatch):
    waiting, most, requested = [], [0], []
    make = explorer.image

    def slow(state, *rest):
        waiting.append(state)
        most[0] = max(most[0], len(waiting))
        requested.append(state.moves)
        time.sleep(0.1)
        waiting.pop()
        return make(state, *rest)

    monkeypatch.setattr(explorer, 'image', slow)
    page.driver.execute_script(DRAG, DIRECTION)
    page.until(lambda: page.count() == 2, 'the end of the drag')
    assert most[0] == 1 and len(requested) <= 12
    assert requested[-1] == {'sefa1': 40}
    assert [moves['sefa1'] for moves in requested] == sorted(moves['sefa1'] for moves in requested)


def test_what_is_settled_at_once_is_requested_once(page, explorer, monkeypatch):
    page.move(20)
    requested, make = [], explorer.image
    monkeypatch.setattr(explorer, 'image', lambda *args: requested.append(args[2]) or make(*args))
    page['seed-more'].click()
    page.until(lambda: page.count() == 3, 'the next seed')
    assert requested == [False]  # not roughly before


def test_nothing_is_lost_when_the_page_is_loaded_again(page):
    first = page.pixels()
    page.move(25)
    moved = page.pixels()
    page['snap'].click()
    page['seed-more'].click()
    page.until(lambda: page.count() == 3, 'the next seed')
    page['undo'].click()
    page['level'].send_keys('\ue009a\ue000', '40', '\ue007')
    page['tab-walk'].click()
    page.again()
    assert page['panel-walk'].is_displayed() and page.window() == [40, 1500]
    page.until(lambda: page.count() == 3, 'the history')
    page.press('1')
    page.driver.execute_script('document.querySelector("#presets button").click()')
    assert len(page.driver.find_elements('css selector', '#kept .thumb')) == 1 and page['redo'].is_enabled()
    page.until(lambda: (page.pixels() == moved).all(), 'the nodule that was on show')
    page['undo'].click()
    assert (page.pixels() == first).all()


@pytest.mark.parametrize('seed', ['12', '12.5'])
def test_the_address_opens_the_same_nodule_in_another_browser(page, seed):
    page['seed'].send_keys('\ue009a\ue000', seed, '\ue007')
    page.until(lambda: page.count() == 2, 'that seed')
    page.move(-35)
    before = page.pixels()
    page['width'].send_keys('\ue009a\ue000', '700', '\ue007')
    page.until(lambda: (page.pixels() != before).any(), 'the nodule in another window')
    moved = page.pixels()
    address = page.address('moves=sefa1:-35&window=-600,700')
    page.begin()
    assert page.window() == [-600, 1500]
    page.again(address)
    page.until(lambda: (page.pixels() == moved).all(), 'the nodule of the address')
    assert page.window() == [-600, 700] and page['seed'].get_property('value') == seed


@pytest.mark.parametrize(
    'part',
    ['model=other&seed=1', 'seed=x', 'seed=-1', 'seed=1&moves=size:3', 'seed=1&moves=sefa1', 'latent=AAA', '%', '&&'],
)
def test_an_address_that_makes_no_sense_opens_the_page_without_it(page, part):
    before, address = page.pixels(), page.address('seed=').partition('#')[0]
    page.again(address + '#' + part)
    page.until(lambda: (page.pixels() == before).all(), 'the nodule of before')
    page.address('#model=AIS&seed=')


@pytest.mark.parametrize('value', ['{', 'null', '{"session": "{}", "tab": "other", "window": 3}', '{"session": 1}'])
def test_what_the_browser_stored_and_cannot_be_read_is_left_out(page, value):
    before, address = page.pixels(), page.address('seed=')
    page.driver.execute_script(
        'Object.keys(localStorage).forEach((key) => localStorage.setItem(key, arguments[0]))', value
    )
    page.driver.execute_script('addEventListener("pagehide", (event) => event.stopImmediatePropagation(), true)')
    page.again(address)
    assert page.count() == 1 and (page.pixels() == before).all() and page['panel-generate'].is_displayed()


@pytest.mark.parametrize(
    'tab, image, button',
    [
        (1, LARGE, 0),
        (1, LARGE, 2),
        (2, '#walk-canvas', 0),
        (2, '#walk-canvas', 2),
        (4, '#mask', 2),
        (4, '#patch', 0),
        (5, '#map', 2),
        (6, '#save-canvas', 0),
    ],
)
def test_a_drag_on_a_large_image_changes_the_window_everywhere_and_a_double_click_resets_it(
    page, explorer, tab, image, button
):
    hu = explorer.models[0].window[0] + page.generated(explorer) / 255 * np.ptp(explorer.models[0].window)

    def expected(level, width):
        return np.clip((hu - level) / width * 255 + 127.5, 0, 255)

    page.press(str(tab))
    page.until(lambda: tab != 4 or page['patch-caption'].text == 'Patch 1', 'a patch')
    page.drag(image, 30, -20, button)
    page.press('6')
    level, width = -600 + 2 * 20, 1500 + 4 * 30
    page.until(lambda: page.window() == [level, width], 'another window')
    page.until(lambda: np.abs(page.canvas(selector='#save-canvas') - expected(level, width)).max() <= 0.6, 'the window')
    shown = page.driver.find_element('css selector', '.with .windowed').get_attribute('textContent')
    assert shown == 'L \u2212560  W 1620'
    page.mouse(page.driver).double_click(page['save-canvas']).perform()
    page.until(lambda: page.window() == [-600, 1500], 'the first window')
    page.until(lambda: np.abs(page.canvas(selector='#save-canvas') - expected(-600, 1500)).max() <= 0.6, 'the window')


def test_an_image_says_the_hu_under_the_pointer_and_its_scale(page, explorer):
    window, pixels = explorer.models[0].window, page.generated(explorer)
    page.press('2')
    canvas = page['walk-canvas']
    side = canvas.size['width']
    offset = [int((part + 0.5) * side / 64 - side / 2) for part in (20, 40)]
    page.mouse(page.driver).move_to_element_with_offset(canvas, *offset).perform()
    viewer = '#panel-walk .viewer '
    text = page.driver.find_element('css selector', viewer + '.pointed').text
    hu = window[0] + pixels[40, 20] / 255 * np.ptp(window)
    assert text == '%.0f HU' % hu or text == '\u2212%.0f HU' % -hu
    scale = page.driver.find_element('css selector', viewer + '.scale')
    length = float(scale.value_of_css_property('width')[:-2])
    assert scale.text == '10 mm' and length == pytest.approx(10 / explorer.models[0].mm * side / 64, abs=1)


def test_keys_change_the_window_on_every_tab_and_are_listed_in_a_dialog(page):
    page.press('6')
    for key, window in ((']', [-600, 1550]), ('[', [-600, 1500]), ('.', [-575, 1500]), (',', [-600, 1500])):
        page.press(key)
        assert page.window() == window
    page.press('.')
    page.press('w')
    assert page.window() == [-600, 1500]
    page.press('?')
    dialog = page['keys']
    assert dialog.is_displayed() and dialog.aria_role == 'dialog' and dialog.accessible_name.lower() == 'keys and mouse'
    page.press('2')
    assert page['panel-save'].is_displayed()
    page.press('\ue00c')
    assert not dialog.is_displayed()
    page['keys-open'].click()
    page['keys-close'].click()
    assert not dialog.is_displayed()


@pytest.mark.parametrize('scale', [1, 4])
def test_a_picture_is_named_after_its_nodule_and_opens_it_again_where_it_is_dropped(page, explorer, scale):
    page.move(25)
    moved = page.pixels()
    page.press('6')
    seed, diameter = re.search('seed ([0-9]+), \u2300 ([0-9.]+ mm)', page['save-caption'].text).groups()
    page.driver.find_element('css selector', '#panel-save .scales [value="%d"]' % scale).click()
    path = page.save('[data-save=png]', 'AIS-seed%s-%s.png' % (seed, diameter.replace(' ', '')))
    assert (images.read(path)[0] == np.kron(page.generated(explorer, dict(sefa1=25)), np.ones([scale] * 2))).all()
    page.begin()
    page.drop('panel-generate', path)
    page.until(lambda: page.count() == 2, 'the nodule of the picture')
    assert (page.pixels() == moved).all() and page['found'].is_displayed()


def test_the_first_page_shows_the_slider_of_the_size_once_and_any_key_or_click_ends_it(page):
    moving = [dict(name='prefers-reduced-motion', value='no-preference')]
    try:
        page.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', dict(features=moving))
        page.begin()
        first, start = page.pixels(), page.number(DIAMETER)
        page.until(lambda: page.number(DIAMETER) > start + 0.5, 'a slider that moves')
        page.press('o')
        time.sleep(0.3)
        assert page.number(DIAMETER) == start and page.count() == 1 and (page.pixels() == first).all()
        page.begin()
        page.until(lambda: page.number(DIAMETER) > start + 0.5, 'a slider that moves')
        page.driver.execute_script(
            'arguments[0].click()', page['seed-more']
        )  # as a screen reader does, without a pointer
        page.until(lambda: page.count() == 2, 'the next seed')
        time.sleep(0.3)
        assert page.count() == 2 and (page.pixels() != first).any()
        start = page.number(DIAMETER)
        page.again()
        time.sleep(1.5)
        assert page.number(DIAMETER) == start
    finally:
        page.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', dict(features=[]))


def test_place_and_wall_are_held_until_somebody_lets_them_go_and_after_a_reset(page, explorer, monkeypatch):
    requested, make = [], explorer.image
    monkeypatch.setattr(explorer, 'image', lambda *args: requested.append(args[0].locks) or make(*args))
    place = ['Lock place, left to right', 'Lock place, top to bottom']

    def pressed():
        names = place + ['Lock distance to the wall', 'Lock diameter']
        return [page.named(name).get_attribute('aria-pressed') == 'true' for name in names]

    assert pressed() == [True, True, True, False]
    page.move(10)
    assert requested[-1] == ['x_mm', 'y_mm', 'wall_mm'] and 'locks' not in page.address('moves=sefa1:10')
    page.named('Lock distance to the wall').click()
    page.until(lambda: page.count() == 3, 'a nodule that is free')
    assert pressed() == [True, True, False, False] and requested[-1] == ['x_mm', 'y_mm']
    page.address('locks=x_mm,y_mm')
    page.begin()
    page.again(page.address('seed=') + '&locks=x_mm')
    page.until(lambda: pressed() == [True, False, False, False], 'the locks of the address')
    page['reset'].click()
    page.until(lambda: pressed() == [True, True, True, False], 'the first locks')


@pytest.fixture
def measured(page, explorer, monkeypatch):
    """The page with nodules of 8 mm that reach 6.1 to 10.7 mm; the states whose reach was requested."""
    make, states = explorer.image, []

    def image(state, *rest):
        answer = make(state, *rest)
        answer['start'] = dict(answer['start'], diameter_mm=8.0)
        size = min(max(8.0 + state.moves.get('diameter_mm', 0), 6.1), 10.7)
        return dict(answer, measured=dict(answer['measured'], diameter_mm=size))

    def reach(state, name, _):
        states.append(state)
        return [6.1, 10.7] if name == 'diameter_mm' else None

    monkeypatch.setattr(explorer, 'image', image)
    monkeypatch.setattr(explorer, 'reach', reach)
    page.begin()
    return states


def test_a_slider_is_in_mm_says_what_is_asked_while_it_moves_and_then_what_was_reached(page, measured):
    slider, row = page.named('diameter'), page.named('diameter').find_element('xpath', '..')

    def says(part='value'):
        return row.find_element('css selector', '.' + part).text

    assert [float(slider.get_property(each)) for each in ('min', 'max', 'value')] == [4, 20, 8] and says() == '8.0 mm'
    assert page.share(slider, '--tick') == pytest.approx((8 - 4) / 16)
    page.driver.execute_script(MOVE.replace("slider.dispatchEvent(new Event('change'));", ''), DIAMETER, 14.6)
    assert says() == '14.6 mm'
    page.driver.execute_script('arguments[0].dispatchEvent(new Event("change"))', slider)
    page.until(lambda: says('reach') == 'reached 10.7, asked 14.6 mm', 'what was reached')
    assert page.number(DIAMETER) == 10.7 and says() == '10.7 mm'
    assert slider.get_attribute('aria-valuetext') == says('reach')
    assert row.find_element('css selector', '.moved').text.startswith('+6.6 mm')
    assert page.share(slider, '--tick') == pytest.approx((8 - 4) / 16)
    page.driver.execute_script(MOVE, DIAMETER, 9)
    page.until(lambda: not set(row.get_attribute('class').split()) & {'asked', 'missed'}, 'a diameter that is reached')
    assert says() == '9.0 mm' and page.number(DIAMETER) == 9
    row.find_element('css selector', '.moved').click()
    page.until(lambda: says() == '8.0 mm' and page.number(DIAMETER) == 8, 'the first diameter')


def test_the_track_of_a_slider_shows_what_this_nodule_reaches(page, measured):
    slider = page.named('diameter')
    row = slider.find_element('xpath', '..')
    page.until(lambda: row.find_element('css selector', '.reach').text == 'reaches 6.1 to 10.7 mm', 'its reach')
    assert page.share(slider, '--least') == pytest.approx((6.1 - 4) / 16)
    assert page.share(slider, '--most') == pytest.approx((10.7 - 4) / 16)
    page.until(lambda: len(measured) >= 5, 'that of other attributes')
    assert all(not state.moves and state.locks == ['x_mm', 'y_mm', 'wall_mm'] for state in measured)
    asked = len(measured)
    page.move(9, DIAMETER)
    time.sleep(0.8)
    assert len(measured) == asked  # the same nodule with the same locks
    page['seed-more'].click()
    page.until(lambda: len(measured) > asked, 'the reach of another nodule')


def test_painting_changes_the_patch_where_it_was_painted(page):
    page.driver.execute_script('Math.random = () => 0.5')  # the mask to begin with
    page.press('4')
    page.until(lambda: page['patch-caption'].text == 'Patch 1', 'a first patch')
    page.until(lambda: page['insert-caption'].text == 'simulated, AIS', 'a real patch')
    mask, patch = page.canvas(selector='#mask'), page.canvas(selector='#patch')
    real = page.canvas(selector='#insert-real')
    side = page['mask'].size['width']
    at = page.mouse(page.driver).move_to_element_with_offset(page['mask'], int(side * 0.3), int(-side * 0.3))
    at.click_and_hold().move_by_offset(0, 30).release().perform()
    assert not (page.canvas(selector='#mask') == mask).all()

    def follows():
        """Has the patch changed where it was painted, and far less in the opposite corner?"""
        change = np.abs(page.canvas(selector='#patch') - patch)
        return change[8:20, 48:55].mean() > max(10, 2 * change[45:57, 8:20].mean())

    page.until(follows, 'a patch of the other mask')
    assert (page.canvas(selector='#insert-real') == real).all()
    page['mask-undo'].click()
    page.until(lambda: (page.canvas(selector='#patch') == patch).all(), 'the patch before')


def test_without_a_mask_there_is_no_patch_and_nothing_is_inserted(page):
    pictures = '#patch', '#insert-result'
    page.press('4')
    page.shows('insert-caption', 'simulated, AIS')
    page.until(lambda: all(page.canvas(selector=each).any() for each in pictures), 'a patch, also inserted')
    shown = page.canvas(selector='#patch')
    page['mask-clear'].click()
    page.until(lambda: page['patch-caption'].text.startswith('No patch'), 'no patch')
    assert not any(page.canvas(selector=each).any() for each in pictures)
    assert page.driver.find_elements('css selector', '#patches button') == []
    assert page.canvas(selector='#insert-real').any()
    page['mask-undo'].click()
    page.until(lambda: (page.canvas(selector='#patch') == shown).all(), 'the patch before')
    page.until(lambda: page.canvas(selector='#insert-result').any(), 'the nodule in the real patch')


def test_buttons_of_weights_are_there_where_they_change_something(page, explorer, monkeypatch):
    assert not page['models'].is_displayed()  # there is one model
    about = explorer.about()
    about['models'] *= 2
    monkeypatch.setattr(explorer, 'about', lambda: about)
    page.begin()
    shown = []
    for name in TABS:
        page['tab-' + name].click()
        shown.append(page['models'].is_displayed())
    assert shown == [True, True, True, False, True, True]


@pytest.mark.slow
def test_a_search_ends_with_its_distance_and_its_latent_goes_on_with_sliders(page, explorer, tmp_path):
    path = str(tmp_path / 'picture.png')
    images.save(path, np.full([1, 64, 64], 90, np.uint8))
    page.press('3')
    page.stop(path, explorer)
    page.drop('project-drop', path)
    page.until(lambda: 'Found in ' in page['project-status'].text, 'an end')
    low, high = explorer.models[0].window
    error = explorer._search.latest()['error'] * (high - low) / 255
    assert page['project-error'].text == '%.0f' % error and page['project-unit'].text == 'HU'
    page['project-edit'].click()
    page.until(lambda: page.count() == 2, 'the nodule that was found')
    assert page['found'].is_displayed()
    result = page.pixels()
    page.move(30)
    assert np.abs(page.pixels() - result).mean() > 1 and page['found'].is_displayed()


def test_what_is_saved_is_loaded_with_the_same_pixels(page, explorer):
    page.move(25)
    moved = page.pixels()
    page['snap'].click()
    page.press('6')
    page.until(lambda: '-latents.npy' in page['command'].text, 'a command')
    session = page.save('#session-save', 'session.json')
    latents = page.save('[data-save=latents]', page['command'].text.split()[-1])
    assert np.load(latents).shape == (1, explorer.models[0].latent_size)
    page.begin()
    assert not (page.pixels() == moved).all()
    page.press('6')
    page['load-file'].send_keys(session)
    page.until(lambda: '2 nodules' in page['load-status'].text, 'a session')
    page.press('1')
    assert (page.pixels() == moved).all() and len(page.driver.find_elements('css selector', '#kept .thumb')) == 1
    page['undo'].click()
    page.press('6')
    page['load-file'].send_keys(latents)
    page.until(lambda: '1 latent is' in page['load-status'].text, 'latents')
    page.press('1')
    assert (page.pixels() == moved).all()


def test_a_session_that_is_none_is_refused_in_a_sentence(page, tmp_path):
    page.press('6')
    with open(page.save('#session-save', 'session.json')) as f:
        session = json.load(f)
    cases = {
        '"extra" is unknown': dict(session, extra=1),
        '"states" is not valid': dict(session, states=[]),
        '"program" is not valid': dict(session, program='other'),
        'start the explorer with these': dict(session, models=['other.pkl']),
        'it is not an object': [1],
    }
    (tmp_path / 'other.json').write_text('{')
    assert '"other.json" is not JSON' in page.choose('load-file', tmp_path / 'other.json')
    for message, other in cases.items():
        (tmp_path / 'other.json').write_text(json.dumps(other))
        page.choose('load-file', tmp_path / 'other.json')
        page.shows('trouble', message)
    assert page.count() == 1


def test_the_map_is_seen_through_the_window_that_is_chosen(page):
    def look(preset):
        page.press('1')
        page.driver.find_element('css selector', '#presets button:nth-child(%d)' % preset).click()
        page.press('5')
        page.until(lambda: 'generated' in page['map-status'].text, 'a map')
        return page.driver.execute_script(CANVAS, '#map', 0)

    first, other = look(1), look(2)
    assert first != other and first == look(1)


def test_a_picture_that_is_none_is_refused_and_a_lost_server_is_found_again(page, tmp_path):
    (tmp_path / 'picture.png').write_bytes(b'GIF89a')
    page.press('3')
    assert '"picture.png" cannot be read as a picture' in page.choose('project-file', tmp_path / 'picture.png')
    page.press('1')
    page.driver.set_network_conditions(offline=True, latency=0, throughput=0)
    page.driver.execute_script(MOVE, DIRECTION, 20)
    page.shows('trouble', 'does not answer')
    page.driver.delete_network_conditions()
    page.until(lambda: page.count() == 2, 'the nodule that was waited for')
    assert not page['trouble'].is_displayed()


@pytest.fixture
def sought(explorer, monkeypatch):
    """Pixels of the pictures that are searched for, from now on."""
    pictures, project = [], explorer.project

    def noted(index, pixels):
        pictures.append(decoded(pixels, (64, 64)))
        return project(index, pixels)

    monkeypatch.setattr(explorer, 'project', noted)
    return pictures


@pytest.mark.parametrize('width, height', [(420, 300), (40, 90)])
def test_a_square_of_any_picture_is_moved_resized_and_searched_for(page, sought, tmp_path, width, height):
    rows, columns = np.mgrid[:height, :width]
    red = 128 + 100 * np.sin(rows / 9.0) * np.cos(columns / 13.0)
    picture = Image.fromarray(np.stack([red, 0.5 * red, 255 - red], axis=2).astype(np.uint8))
    picture.save(str(tmp_path / 'picture.png'))
    page.press('3')
    page['project-file'].send_keys(str(tmp_path / 'picture.png'))
    side = min(width, height)
    page.shows('crop-place', '%d\u00d7%d of %d\u00d7%d' % (side, side, width, height))
    square = page['crop-square']
    square.send_keys('---')  # smaller, about its middle
    square.send_keys('\ue012\ue013')  # arrows: left and up
    before = page.square(width, height)
    assert before[2] < side
    scale = page['crop-picture'].size['width'] / width
    page.mouse(page.driver).move_to_element(square).click_and_hold().move_by_offset(12, 0).release().perform()
    left, top, side = page.square(width, height)
    assert (left, top, side) == (before[0] + round(12 / scale), before[1], before[2])
    corner = page.driver.find_element('css selector', '#crop-square span')
    page.mouse(page.driver).move_to_element(corner).click_and_hold().move_by_offset(-12, -12).release().perform()
    assert page.square(width, height) == (left, top, side - round(12 / scale))
    left, top, side = page.square(width, height)
    page['crop-search'].click()
    page.until(lambda: sought, 'a search')
    cropped = picture.convert('L').crop((left, top, left + side, top + side))
    expected = np.asarray(cropped.resize((64, 64), Image.BILINEAR)).astype(int)
    assert np.abs(sought[0] - expected).max() <= 1
    page['project-again'].click()
    assert page['crop-square'].is_displayed() and page.square(width, height) == (left, top, side)


def test_of_a_picture_of_16_bits_the_upper_8_are_searched_for_if_it_uses_them(page, sought, tmp_path):
    hu = np.random.RandomState(3).randint(-1000, 400, [64, 64])
    page.press('3')
    for offset in (1024, 32768):
        Image.fromarray((hu + offset).astype(np.uint16)).save(str(tmp_path / 'few.png'))
        page.choose('project-file', tmp_path / 'few.png')
        page.shows('trouble', '"few.png" has 16 bits and uses few of them')
    assert sought == []
    full = np.linspace(0, 65535, 64 * 64).round().astype(np.uint16).reshape(64, 64)
    Image.fromarray(full).save(str(tmp_path / 'full.png'))
    page['project-file'].send_keys(str(tmp_path / 'full.png'))
    page.until(lambda: sought, 'a search')
    assert np.abs(sought[0] - full / 257.0).max() <= 1


def test_a_real_patch_is_picked_and_searched_for(page, explorer, sought):
    page.press('3')
    heading = page['project-real'].find_element('css selector', 'h2').text
    assert heading.lower() == 'or pick a simulated patch'  # they are phantoms
    page.until(lambda: len(page.driver.find_elements('css selector', '#real-patches button')) == 12, 'patches')
    page['real-after'].click()
    page.until(lambda: page.driver.find_elements('css selector', '[aria-label="AIS, image 13"]'), 'other patches')
    page.driver.find_element('css selector', '[aria-label="AIS, image 13"]').click()
    page.until(lambda: sought, 'a search')
    assert (sought[0] == explorer.real(13)[0]).all()
    page.shows('project-status', 'Found in ')


def test_on_the_map_generated_nodules_lie_above_real_ones_and_groups_and_sizes_are_filtered(
    page, explorer, monkeypatch
):
    points = [dict(x=5, y=0, kind='generated', index=0, label=0, values=dict(diameter_mm=5))]
    points += [dict(x=5, y=0, kind='real', index=0, label=None, values=dict(diameter_mm=5))]
    points += [dict(x=9, y=0, kind='real', index=1, label=None, values=dict(diameter_mm=9))]
    for point, name in zip(points, (None, 'AIS', 'MIA')):
        point['class'] = name
    white, black = np.full([32, 32], 255, np.uint8), np.zeros([32, 32], np.uint8)
    answer = dict(points=points, sheet=models.encoded(np.concatenate([white, black, white])), thumb=32)
    monkeypatch.setattr(explorer, 'map', lambda *args: answer)

    def whites():
        """White pixels of the left and the right half of the map: where the two places are."""
        ends = 'const { width, height } = document.getElementById("map"); return [width, height]'
        columns, rows = page.driver.execute_script(ends)
        canvas = np.reshape(page.driver.execute_script(CANVAS, '#map', 0), [rows, columns]) == 255
        return [int(half.sum()) > 400 for half in np.array_split(canvas, 2, axis=1)]

    page.press('5')
    page.shows('map-status', '1 generated, 2 simulated')
    assert whites() == [True, True]
    groups = page.driver.find_elements('css selector', '#map-groups button')
    assert [button.text for button in groups] == ['generated', 'simulated AIS', 'simulated MIA']
    groups[0].click()
    page.shows('map-status', '0 generated, 2 simulated')
    assert whites() == [False, True]
    groups[0].click()
    groups[2].click()
    page.shows('map-status', '1 generated, 1 simulated')
    groups[2].click()
    page.driver.execute_script(MOVE, '#map-range [aria-label=from]', 6)
    page.shows('map-status', '0 generated, 1 simulated')
    page.driver.execute_script(MOVE, '#map-range [aria-label=from]', 5)
    page.driver.execute_script(MOVE, '#map-range [aria-label=to]', 8)
    page.shows('map-status', '1 generated, 1 simulated')


@pytest.mark.parametrize(
    'relation, copy, message',
    [
        ('same', True, 'this may be a copy'), ('same', False, 'simulated images (9.0): not a copy.'),
        ('part', False, 'not a copy of these'), ('more', None, 'too few images'),
        ('different', None, 'these weights did not learn'), ('unknown', None, 'it is not recorded which images'),
    ],
)  # fmt: skip
def test_of_a_copy_there_is_one_verdict_and_none_where_the_training_images_are_not_known(
    page, explorer, monkeypatch, relation, copy, message
):
    limit = None if copy is None else 9.0
    answer = dict(index=3, error=8.5, pixels=models.encoded(explorer.real(3)[0]))
    monkeypatch.setattr(explorer, 'nearest', lambda state: dict(answer, limit=limit, copy=copy, relation=relation))
    page.press('5')
    page['nearest-find'].click()
    assert page.shows('nearest-result', message).startswith('8.5 gray levels apart. ')


def test_a_swipe_over_the_image_scrolls_the_page_and_leaves_the_window(page):
    page.driver.execute_cdp_cmd('Emulation.setTouchEmulationEnabled', dict(enabled=True))
    try:
        page.resize(400, 800)
        level = page['level'].text
        page.swipe(LARGE)
        page.until(lambda: page.driver.execute_script('return scrollY') > 100, 'a page that was scrolled')
        assert page['level'].text == level
        page.press('5')
        page.until(lambda: 'generated' in page['map-status'].text, 'a map')
        page.swipe('#map')
        page.until(lambda: page.driver.execute_script('return scrollY') > 100, 'a page that was scrolled')
    finally:
        page.driver.execute_cdp_cmd('Emulation.setTouchEmulationEnabled', dict(enabled=False))


def test_the_rail_of_a_slider_differs_from_what_is_behind_it(page):
    def luminance(text):
        """Relative luminance of a colour such as #6b6358 (WCAG 2.2)."""
        values = np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
        return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4).dot(
            [0.2126, 0.7152, 0.0722]
        )

    style = 'return getComputedStyle(document.querySelector(arguments[0])).getPropertyValue(arguments[1]).trim()'
    rail, ground, raised = [
        luminance(page.driver.execute_script(style, 'input[type=range]', name))
        for name in ('--rail', '--ground', '--raised')
    ]
    assert min((rail + 0.05) / (ground + 0.05), (rail + 0.05) / (raised + 0.05)) >= 3


def test_the_page_has_one_main_landmark(page):
    (main,) = page.driver.find_elements('tag name', 'main')
    assert main.get_attribute('role') is None
    assert len(main.find_elements('css selector', '[role=tabpanel]')) == len(TABS)


@pytest.mark.slow
def test_a_walk_plays_and_every_tab_fits_every_screen(page):
    page.move(10)
    page.press('2')
    for which in (0, 1):
        page.driver.find_elements('css selector', '#walk-choices button')[which].click()
    page.until(lambda: page['walk-where'].text.endswith('/ 32'), 'frames')
    page['walk-play'].click()
    page.until(lambda: page['walk-where'].text.startswith('5 '), 'the fifth of them')
    for width, height in ((1440, 900), (1280, 800), (768, 1024), (400, 800)):
        for name in TABS:
            page['tab-' + name].click()
            page.resize(width, height)
            if name == 'map':
                page.until(lambda: 'generated' in page['map-status'].text, 'a map')
            assert page.driver.execute_script(NAMELESS) == [], name
            if width <= 768:
                assert page.driver.execute_script(SMALL) == [], (name, width)
            else:
                assert page.driver.execute_script('return document.documentElement.scrollHeight') <= height, name
            wide = [message for message, *sizes in page.buttons() if message and sizes[2] > sizes[3]]
            assert not wide, (name, wide, width)
