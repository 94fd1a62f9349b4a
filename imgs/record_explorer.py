"""Records imgs/explorer.gif from the explorer in one file, in Chromium: python imgs/record_explorer.py"""

import io
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image
from selenium import webdriver

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SIZE = dict(width=1000, height=760, deviceScaleFactor=1, mobile=False)
COLOURS = 64
STEPS = 6  # of a slider
FLAGS = ['headless=new', 'no-sandbox', 'disable-dev-shm-usage', 'hide-scrollbars', 'force-prefers-reduced-motion']
MOVE = """
const [name, by] = arguments;
const slider = document.querySelector(`input[aria-label="${name}"]`);
slider.value = Number(slider.value) + by;
slider.dispatchEvent(new Event('input'));
"""
LET_GO = 'document.querySelector(`input[aria-label="${arguments[0]}"]`).dispatchEvent(new Event("change"));'
LOCK = 'document.querySelector(`[aria-label="Lock ${arguments[0]}"]`).click();'
HISTORY = '#history button'
DRAW = "document.getElementById('tab-draw').click();"


def scenes(driver):
    """Plays the scenes and yields, when a frame is to be taken, the seconds for which it is displayed."""
    time.sleep(2)
    yield 1.2
    for slider, maximum in (('diameter', 1.8), ('mean density', 120)):
        for _ in range(STEPS):
            driver.execute_script(MOVE, slider, maximum / STEPS)
            time.sleep(2)
            yield 0.2
        before = len(driver.find_elements('css selector', HISTORY))
        driver.execute_script(LET_GO, slider)
        while len(driver.find_elements('css selector', HISTORY)) == before:
            time.sleep(0.5)
        yield 1
        driver.execute_script(LOCK, slider)
    driver.execute_script(DRAW)
    while len(driver.find_elements('css selector', '#patches canvas')) < 4:
        time.sleep(0.5)
    time.sleep(2)
    yield 2.5


def record(folder):
    """Frames of the page, which is written into a folder, and the seconds of each."""
    path = os.path.join(folder, 'explorer.html')
    export = [sys.executable, '8-export.py', 'page', '--pix2pix', 'demo/weight/pix2pix.pkl', '--unaudited', '--cpu']
    subprocess.check_call(export + ['--out', path], cwd=ROOT)
    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument('--' + flag)
    driver = webdriver.Chrome(options=options)
    try:
        driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', SIZE)
        driver.get(pathlib.Path(path).as_uri())
        while not driver.find_elements('css selector', HISTORY):
            time.sleep(0.5)
        frames, durations = [], []
        for seconds in scenes(driver):
            frames.append(Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert('RGB'))
            durations.append(seconds)
    finally:
        driver.quit()
    return frames, durations


def main():
    with tempfile.TemporaryDirectory() as folder:
        frames, durations = record(folder)
    samples = [np.asarray(frame) for frame in (frames[0], frames[-1])]
    palette = Image.fromarray(np.concatenate(samples)).quantize(COLOURS)
    frames = [frame.quantize(palette=palette, dither=Image.NONE) for frame in frames]
    path = os.path.join(ROOT, 'imgs', 'explorer.gif')
    milliseconds = [int(1000 * seconds) for seconds in durations]
    frames[0].save(path, save_all=True, append_images=frames[1:], loop=0, duration=milliseconds)
    print('%s: %d frames, %d kB' % (path, len(frames), os.path.getsize(path) // 1000))


if __name__ == '__main__':
    main()
