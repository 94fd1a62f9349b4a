"""Drives a page in Chromium."""

import contextlib
import shutil
import time

import numpy as np

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
DRIVER = shutil.which('chromedriver')
FLAGS = ['headless=new', 'no-sandbox', 'disable-dev-shm-usage', 'hide-scrollbars', 'window-size=1280,900']

CANVAS = """
const canvas = document.querySelectorAll(arguments[0])[arguments[1]];
const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
return Array.from(data.filter((_, i) => i % 4 === 0));
"""

BUTTONS = """
return [...document.querySelectorAll('button')].filter((button) => button.offsetParent).map((button) => [
  button.innerText, button.offsetWidth, button.offsetHeight, button.scrollWidth, button.clientWidth]);
"""


class Page:
    """A browser with a page, and what a user does there."""

    def __init__(self, folder, url, flags=()):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in FLAGS + list(flags) + ['user-data-dir=' + folder]:
            options.add_argument('--' + flag)
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
        self.driver, self.url = webdriver.Chrome(options=options, service=Service(DRIVER)), url
        self.mouse = webdriver.ActionChains
        self.driver.execute_cdp_cmd('Page.setDownloadBehavior', dict(behavior='allow', downloadPath=folder))
        self.driver.get(url)

    def __getitem__(self, name):
        return self.driver.find_element('id', name)

    def until(self, condition, description):
        """Waits for a condition, also while the page is loaded again; AssertionError after 15 s."""
        from selenium.common import exceptions

        loading, end = (exceptions.StaleElementReferenceException, exceptions.NoSuchElementException), time.time() + 15
        while time.time() < end:
            with contextlib.suppress(*loading):
                if condition():
                    return
            time.sleep(0.02)
        raise AssertionError('%s: %s' % (description, self.driver.find_element('tag name', 'body').text))

    def shows(self, name, part=''):
        """Waits until an element is visible and contains a text; returns its text."""
        texts = []

        def visible_with_part():
            visible = self[name].is_displayed()
            texts.append(self[name].text)
            return visible and part in texts[-1]

        self.until(visible_with_part, '%s with %r' % (name, part))
        return texts[-1]

    def press(self, key):
        self.mouse(self.driver).send_keys(key).perform()

    def canvas(self, which=0, selector='canvas'):
        """The red channel of a canvas [N, N], or its gray levels."""
        values = np.array(self.driver.execute_script(CANVAS, selector, which))
        return values.reshape([int(round(len(values) ** 0.5))] * 2)

    def resize(self, width, height):
        """Resizes the screen, and waits until the page fits its width."""
        metrics = dict(width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', metrics)
        fits = 'return innerWidth === %d && document.documentElement.scrollWidth <= innerWidth' % width
        self.until(lambda: self.driver.execute_script(fits), 'a page that is not wider than the screen')

    def buttons(self):
        """[text, width, height, width of the content, room for it] of the visible buttons."""
        return self.driver.execute_script(BUTTONS)

    def over(self, x, y):
        """Moves the mouse to a point of the canvas, from -1 to 1 in each direction."""
        canvas = self.driver.find_element('tag name', 'canvas')
        half = canvas.size['width'] / 2
        return self.mouse(self.driver).move_to_element_with_offset(canvas, int(x * half), int(y * half))

    def touch(self, *steps):
        """Touches the first canvas. steps: lists of fingers, in pixels from its center; an empty list lifts them."""
        box, down = self.driver.find_element('tag name', 'canvas').rect, 0
        x, y = box['x'] + box['width'] / 2, box['y'] + box['height'] / 2
        for fingers in steps:
            kind = 'touchEnd' if not fingers else 'touchStart' if len(fingers) > down else 'touchMove'
            points = [dict(x=x + right, y=y + low, id=i) for i, (right, low) in enumerate(fingers)]
            self.driver.execute_cdp_cmd('Input.dispatchTouchEvent', dict(type=kind, touchPoints=points))
            down = len(fingers)
