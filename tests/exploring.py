"""Drives the page of the explorer in Chromium."""

import base64
import os
import re
import threading

import explored
from browser import Page

LARGE = '#stand canvas'
DIRECTION = '[aria-label="direction 1"]'  # of the first layer's weights: the axis that needs no nodule
DIAMETER = '#axes [aria-label=diameter]'
MOVE = """
const slider = document.querySelector(arguments[0]);
slider.value = arguments[1];
slider.dispatchEvent(new Event('input'));
slider.dispatchEvent(new Event('change'));
"""
DRAG = """
const slider = document.querySelector(arguments[0]);
let value = 0;
const timer = setInterval(() => {
  value += 1;
  slider.value = value;
  slider.dispatchEvent(new Event('input'));
  if (value < 40) return;
  clearInterval(timer);
  slider.dispatchEvent(new Event('change'));
}, 20);
"""
FOREIGN = """
return performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => !name.startsWith(origin));
"""
DROP = """
const [id, name, letters] = arguments;
const data = new DataTransfer();
data.items.add(new File([Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0))], name));
const drop = new DragEvent('drop', { dataTransfer: data, cancelable: true, bubbles: true });
document.getElementById(id).dispatchEvent(drop);
"""


NAMELESS = """
return [...document.querySelectorAll('[role=img]')].filter((each) => each.checkVisibility() && !each.ariaLabel)
  .map(({ outerHTML }) => outerHTML);
"""
SMALL = """
return [...document.querySelectorAll('button, summary, select, input:not(.unseen)')]
  .filter((each) => each.checkVisibility() && Math.min(each.offsetWidth, each.offsetHeight) < 40)
  .map(({ outerHTML }) => outerHTML);
"""
POINT = """
const box = document.querySelector(arguments[0]).getBoundingClientRect();
return [box.x + box.width / 2, box.y + box.height / 2];
"""


class Explorer(Page):
    """The page of the explorer."""

    def __init__(self, folder, url):
        super().__init__(folder, url, ['force-prefers-reduced-motion'])
        self.folder = folder

    def begin(self):
        """Loads the page again without a session, and waits until it is ready."""
        self.driver.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})
        self.driver.get(self.url.partition('?')[0] + 'icon.svg')
        self.driver.execute_script('localStorage.clear()')
        self.driver.get(self.url)
        self.until(lambda: self.driver.find_elements('css selector', DIRECTION), 'axes that are ready')
        self.until(lambda: self.count() == 1, 'a first nodule')

    def again(self, address=None):
        """Loads the page, or an address of it, as it is, and waits until its session is there."""
        if address is None:
            self.driver.refresh()
        else:
            self.driver.get('about:blank')
            self.driver.get(address)
        self.until(lambda: self.driver.find_elements('css selector', '#history [aria-current]'), 'a nodule')

    def address(self, part):
        """The address in the browser's bar, once it contains a text."""
        self.until(lambda: part in self.driver.current_url, 'an address with ' + part)
        return self.driver.current_url

    def drag(self, selector, right, down, button=0):
        """Drags from the middle of an element by pixels of the screen, with a button: 0 left, 1 middle, 2 right."""
        from selenium.webdriver.common.actions.action_builder import ActionBuilder

        actions = ActionBuilder(self.driver, duration=20)
        mouse = actions.pointer_action
        mouse.move_to(self.driver.find_element('css selector', selector)).pointer_down(button=button)
        mouse.move_by(right, down).pointer_up(button=button)
        actions.perform()

    def window(self):
        """Level and width that the fields show."""
        return [float(self[name].get_property('value')) for name in ('level', 'width')]

    def count(self):
        """Number of nodules in the history."""
        return len(self.driver.find_elements('css selector', '#history button'))

    def named(self, label):
        """The element of the tab of nodules with a label."""
        return self.driver.find_element('css selector', '#panel-generate [aria-label="%s"]' % label)

    def number(self, slider):
        """Where a slider stands."""
        return float(self.driver.find_element('css selector', slider).get_property('value'))

    def share(self, slider, name):
        """A place on the track of a slider, 0 to 1, that is kept in a property of its style."""
        text = self.driver.execute_script('return arguments[0].style.getPropertyValue(arguments[1])', slider, name)
        return float(re.search(r'\* ([0-9.e-]+)\)$', text).group(1))

    def large(self):
        return self.canvas(selector=LARGE)

    def pixels(self):
        """The current nodule [64, 64], from its thumbnail, which is not enlarged."""
        return self.canvas(selector='#history [aria-current] canvas')

    def generated(self, explorer, moves=None):
        """Gray levels [64, 64] of the seed on show, from the server."""
        from explorer import models  # here, as TensorFlow takes seconds to load

        held = explorer.models[0].held
        state = explored.state(seed=float(self['seed'].get_property('value')), moves=moves or {}, locks=held)
        return explored.decoded(explorer.image(models.state(state))['pixels'], (64, 64)).astype(float)

    def move(self, value, slider=DIRECTION):
        """Moves a slider, and waits for the new nodule."""
        before = self.count()
        self.driver.execute_script(MOVE, slider, value)
        self.until(lambda: self.count() > before, 'another nodule')

    def save(self, selector, name):
        """Presses a button that saves a file of that name; returns its path."""
        path = os.path.join(self.folder, name)
        if os.path.exists(path):
            os.remove(path)
        self.driver.find_element('css selector', selector).click()
        self.until(lambda: os.path.exists(path), name)
        return path

    def drop(self, place, path):
        """Drops a file on an element of the page."""
        with open(path, 'rb') as f:
            self.driver.execute_script(DROP, place, os.path.basename(path), base64.b64encode(f.read()).decode())

    def choose(self, name, path):
        """Selects a file for a file input; returns the error that the page displays."""
        self[name].send_keys(str(path))
        return self.shows('trouble')

    def square(self, width, height):
        """Left, top and side of the square, in pixels of a picture of this size."""
        style = self.driver.execute_script('return { ...document.getElementById("crop-square").style }')
        left, top, side = [float(style[name].rstrip('%')) / 100 for name in ('left', 'top', 'width')]
        return round(left * width), round(top * height), round(side * width)

    def swipe(self, selector):
        """Moves a finger upwards by 200 pixels, from the middle of an element; returns how far the page scrolled."""
        x, y = self.driver.execute_script(POINT, selector)
        before = self.driver.execute_script('return scrollY')
        for step in range(11):
            kind = 'touchMove' if step else 'touchStart'
            self.driver.execute_cdp_cmd(
                'Input.dispatchTouchEvent', dict(type=kind, touchPoints=[dict(x=x, y=y - 20 * step)])
            )
        self.driver.execute_cdp_cmd('Input.dispatchTouchEvent', dict(type='touchEnd', touchPoints=[]))
        return self.driver.execute_script('return scrollY') - before

    def stop(self, path, explorer):
        """Drops a picture whose search cannot start yet, presses Stop, and waits until the server has received it."""
        from explorer import worker  # here, as TensorFlow takes seconds to load

        go = threading.Event()
        try:
            explorer.worker.submit(lambda: go.wait(20), worker.LOOP)
            self.drop('project-drop', path)
            self.until(self['project-stop'].is_enabled, 'a search')
            self['project-stop'].click()
            self.shows('project-status', 'Stopped')
            self.until(lambda: explorer._search._stop_requested, 'a server that knows')
        finally:
            go.set()
