"""A study as a reader sees it, in a real browser: by keyboard, by mouse, and when something goes wrong."""

import contextlib
import os
import time

import numpy as np
import pytest

from browser import CHROMIUM, DRIVER, Page
from common import web_server
from places import ONCE
from turing_test import reading_session, study_app

pytestmark = [ONCE, pytest.mark.skipif(not (CHROMIUM and DRIVER), reason='there is no chromium with chromedriver here')]


class Reading(Page):
    """The page of a study, and what a reader does with it."""

    def answer(self, key, count=None):
        """Answer by a key, not before a case may be answered; count: what the page says of its number before."""
        if count:
            self.shows('count', count)
        time.sleep(0.35)
        self.press(key)

    def enter(self, name):
        self.shows('enter')
        self['name'].send_keys(name)
        self['years'].send_keys('7\n')
        return self.shows('instructions')


@pytest.fixture
def opened(make_study, tmp_path):
    """Opens the page of a study that is being served; options: of its protocol. Returns the page and the study."""
    pytest.importorskip('selenium')
    with contextlib.ExitStack() as stack:

        def call(**options):
            study = stack.enter_context(reading_session.opened(make_study(**options)))
            url = stack.enter_context(web_server.running(study_app.application(study)))
            page = Reading(str(tmp_path / 'profile'), url)
            stack.callback(page.driver.quit)
            return page, study

        yield call


def test_a_reader_plays_a_whole_study_by_keyboard(opened):
    page, session = opened(practice=2, number=30, repeat=0.0, pause=10, size=64)
    text = page.enter('<b>Owl</b>')
    assert '2 practice cases' in text and '30 cases' in text and 'Half of the patches are real' in text
    assert page.driver.current_url == page.url.split('?')[0]
    page.press(' ')
    for count in ('1 of 2', '2 of 2'):
        page.answer('2', count)
        assert page.shows('feedback', 'It was ').split('\n')[0] in ('It was real.', 'It was generated.')
        assert 'You said: probably generated.' in page['feedback'].text and not page['verdicts'].is_displayed()
        page.press(' ')
    page.shows('interlude', 'Now it counts')
    page.press(' ')
    for done in range(30):
        page.answer(str(1 + done % 6), '%d of 30' % (done + 1))
        if done == 3:
            page.shows('count', '5 of 30')
            page.press('u')
            page.shows('saved', 'taken back')
            page.answer('6', '4 of 30')
        if done == 4:
            page.shows('count', '6 of 30')
            page.driver.refresh()
        if done in (9, 19):
            page.shows('interlude', '%d of 30 read' % (done + 1))
            page.press(' ')
    assert 'All 30 answers are saved' in page.shows('end')
    assert page.driver.get_log('browser') == []
    rows = session._db.execute('SELECT verdict, milliseconds, undone FROM answers ORDER BY rowid').fetchall()
    kept = [verdict for verdict, _, undone in rows[2:] if not undone]
    assert kept == [6 if done == 3 else 1 + done % 6 for done in range(30)] and len(rows) == 33
    assert all(300 <= milliseconds < 15000 for _, milliseconds, _ in rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    'phantoms, welcome, question',
    [(False, 'Some come from patients', 'Real or generated?'),
     (True, 'None comes from a patient', 'Simulated or generated?')],
)  # fmt: skip
def test_readers_are_told_whether_patches_come_from_patients(opened, phantoms, welcome, question):
    page, _ = opened(practice=1, number=4, repeat=0.0, size=64, phantoms=phantoms)
    assert welcome in page.shows('enter')
    word = question.split()[0].lower()
    assert 'Half of the patches are %s.' % word in page.enter('Owl')
    page.press(' ')
    assert question in page.shows('verdicts') and 'surely\n%s' % word in page['choices'].text
    page.answer('6')
    assert 'You said: surely %s.' % word in page.shows('feedback', 'You said')


@pytest.mark.slow
def test_a_patch_is_drawn_in_the_window_that_is_chosen_and_dragged(opened):
    page, session = opened(practice=0, number=4, repeat=0.0, size=64, enlarge='nearest')
    page.enter('Owl')
    page.press(' ')
    page.shows('count', '1 of 4')
    raw = np.frombuffer(session.pixels(0, session.state(0)['item'], 0), np.uint8).reshape(64, 64)
    hu = raw / 255 * 3000.0 - 1900
    shown = page.canvas()
    side = len(shown)
    assert side >= 6 * 64
    middle = ((np.arange(64) + 0.5) * side / 64).astype(int)

    def expected(level, width):
        return np.clip((hu - level) / width * 255 + 127.5, 0, 255)

    assert np.abs(shown[np.ix_(middle, middle)] - expected(-600, 1500)).max() <= 0.6
    page['presets'].find_elements('tag name', 'button')[2].click()
    assert (page['level'].text, page['width'].text) == ('40', '400')
    assert np.abs(page.canvas()[np.ix_(middle, middle)] - expected(40, 400)).max() <= 0.6
    page.over(0, 0).click_and_hold().move_by_offset(100, -50).release().perform()
    assert (page['level'].text, page['width'].text) == ('140', '800')
    assert np.abs(page.canvas()[np.ix_(middle, middle)] - expected(140, 800)).max() <= 0.6
    page.over(-0.5 + 1 / 64, 0.25 + 1 / 64).perform()
    at = raw[40, 16] / 255 * 3000 - 1900
    assert abs(float(page['hu'].text.replace('\u2212', '-')) - at) <= 0.5
    page.press('+')
    page.press('+')
    assert page['zoom'].text == '1.6\u00d7' and not (page.canvas() == shown).all()
    page.press('0')
    assert page['zoom'].text == '1.0\u00d7'
    page.touch([(0, 0)], [(50, 0)], [])
    page.until(lambda: page['width'].text == '1000', 'a width')
    page.touch([(-50, 0)], [(-50, 0), (50, 0)], [(-100, 0), (100, 0)], [])
    page.until(lambda: page['zoom'].text == '2.0\u00d7', 'a zoom')
    page.answer('3')
    page.shows('count', '2 of 4')
    windows, zoom = session._db.execute('SELECT windows, zoom FROM answers').fetchone()
    assert windows == '[[-600, 1500], [40, 400], [140, 800], [140, 1000]]' and zoom == pytest.approx(2)


@pytest.mark.slow
def test_an_answer_waits_for_the_connection_and_is_then_saved(opened, monkeypatch):
    page, session = opened(practice=0, number=4, repeat=0.0, size=64)
    page.enter('Owl')
    page.press(' ')
    page.shows('count', '1 of 4')
    page.driver.set_network_conditions(offline=True, latency=0, throughput=0)
    page.answer('4')
    assert 'No connection' in page.shows('trouble') and page['saved'].text == 'not saved'
    page.press('1')
    assert session.state(0)['done'] == 0
    page.driver.delete_network_conditions()
    page.shows('count', '2 of 4')
    assert page['saved'].text == 'saved' and not page['trouble'].is_displayed()
    with monkeypatch.context() as patch:
        patch.setattr(session, 'answer', lambda *_: (_ for _ in ()).throw(OSError(28, 'No space left on device')))
        page.answer('5')
        assert 'No space left' in page.shows('trouble')
    page.shows('count', '3 of 4')
    os.rename(session.path, session.path + '.away')
    page.answer('6')
    assert 'replaced, changed or deleted' in page.shows('trouble') and page['saved'].text == 'not saved'
    os.rename(session.path + '.away', session.path)
    page.shows('count', '4 of 4')
    assert session._db.execute('SELECT verdict FROM answers').fetchall() == [(4,), (5,), (6,)]


@pytest.mark.slow
def test_two_patches_are_read_side_by_side_and_again_on_another_day(opened):
    page, session = opened(mode='2afc', practice=1, number=4, repeat=0.0, size=64)
    page.enter('Owl')
    word = page['word'].text
    page.press(' ')
    page.answer('6', '1 of 1')
    assert ' one was real.' in page.shows('feedback', 'You said: surely right.')
    page['next'].click()
    page.shows('interlude', 'Now it counts')
    page['go-on'].click()
    page.shows('count', '1 of 4')
    left, right = [figure.rect for figure in page.driver.find_elements('class name', 'patch')]
    assert left['y'] == right['y'] and left['x'] + left['width'] <= right['x'] and left['width'] >= 384
    assert not (page.canvas(0) == page.canvas(1)).all()
    page.driver.delete_all_cookies()
    page.driver.execute_script('sessionStorage.clear()')
    page.driver.get('data:text/html,<a href="%s">a mail with the link</a>' % page.url)
    page.driver.find_element('tag name', 'a').click()
    page.shows('enter')
    page.driver.refresh()
    page.shows('enter')
    page.driver.find_element('tag name', 'summary').click()
    page['resume-name'].send_keys('Owl')
    page['resume-word'].send_keys('wrong\n')
    page.until(lambda: 'no reader has that code name' in page['resume-form'].text, 'a refusal')
    page['resume-word'].clear()
    page['resume-word'].send_keys(word + '\n')
    page.shows('interlude', 'Owl')
    page['not-me'].click()
    page.shows('enter')


@pytest.mark.slow
@pytest.mark.parametrize('mode', ['yes-no', '2afc'])
def test_the_page_fits_screens_and_its_buttons_fit_fingers(opened, mode):
    page, _ = opened(mode=mode, practice=1, number=4, repeat=0.0, size=64)
    page.enter('Owl')
    for key, screen in (
        (None, 'instructions'),
        (' ', 'verdicts'),
        ('6', 'feedback'),
        (' ', 'interlude'),
        (' ', 'verdicts'),
    ):
        time.sleep(0.35)
        page.press(key or '')
        page.shows(screen)
        for width, height in ((1280, 800), (768, 1024), (400, 800)):
            page.resize(width, height)
            small = [message for message, *sizes in page.buttons() if min(sizes[:2]) < 44 or sizes[2] > sizes[3]]
            assert not small, (small, width)
            if screen == 'verdicts':
                verdicts = page[screen].rect
                assert verdicts['y'] + verdicts['height'] <= height
                assert page.canvas(0).shape[0] >= (384 if mode == 'yes-no' else 256)
