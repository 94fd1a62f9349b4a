"""The explorer in a real browser: what is moved, painted, searched, saved and lost."""

import json
import os
import time

import numpy as np
import pytest

from browser import CANVAS, CHROMIUM, DRIVER
from common import images, web_server
from config import Inference
from explored import flat_axes
from exploring import DIRECTION, DRAG, FOREIGN, LARGE, MOVE, Explorer
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
        patch.setattr(learning, 'learn', lambda model, yield_: flat_axes(model))
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


def test_painting_changes_the_patch_where_it_was_painted(page):
    page.driver.execute_script('Math.random = () => 0.5')  # the mask to begin with
    page.press('4')
    page.until(lambda: page['patch-caption'].text == 'Patch 1', 'a first patch')
    page.until(lambda: page['insert-caption'].text == 'real, AIS', 'a real patch')
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


@pytest.mark.slow
def test_a_search_ends_with_its_distance_and_its_latent_goes_on_with_sliders(page, explorer, tmp_path):
    path = str(tmp_path / 'picture.png')
    images.save(path, np.full([1, 64, 64], 90, np.uint8))
    page.press('3')
    page.stop(path, explorer)
    page.drop('project-drop', path)
    page.until(lambda: 'Found: ' in page['project-status'].text, 'an end')
    assert 0 < float(page['project-error'].text) < 128
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
    page.until(lambda: '--latents latents.npy' in page['command'].text, 'a command')
    session, latents = page.save('#session-save', 'session.json'), page.save('[data-save=latents]', 'latents.npy')
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
    images.save(str(tmp_path / 'small.png'), np.zeros([1, 32, 32], np.uint8))
    page.choose('project-file', tmp_path / 'small.png')
    assert '64' in page.shows('trouble', '32')
    page.press('1')
    page.driver.set_network_conditions(offline=True, latency=0, throughput=0)
    page.driver.execute_script(MOVE, DIRECTION, 20)
    page.shows('trouble', 'does not answer')
    page.driver.delete_network_conditions()
    page.until(lambda: page.count() == 2, 'the nodule that was waited for')
    assert not page['trouble'].is_displayed()


@pytest.mark.slow
def test_a_walk_plays_and_every_tab_fits_every_screen(page):
    page.move(10)
    page.press('2')
    for which in (0, 1):
        page.driver.find_elements('css selector', '#walk-choices button')[which].click()
    page.until(lambda: page['walk-where'].text.endswith('/ 32'), 'frames')
    page.until(lambda: page['walk-where'].text.startswith('5 '), 'the fifth of them')
    for width, height in ((1280, 800), (768, 1024), (400, 800)):
        for name in TABS:
            page['tab-' + name].click()
            page.resize(width, height)
            wide = [message for message, *sizes in page.buttons() if message and sizes[2] > sizes[3]]
            assert not wide, (name, wide, width)
