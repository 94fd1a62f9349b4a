"""training.mp4: the pictures of fakes of a run over the time that it took."""

import bisect
import os

import numpy as np
import tqdm

from common import images, video

WARP = 1.5  # so that early pictures, which differ most, are shown longer
LARGEST = 1080, 1920  # height and width; larger pictures are halved until they fit
FPS = 30.0


def times(last, count):
    """Seconds of a run that took `last` seconds at each of `count` frames: last * (share of the video) ** WARP.

    The formula and WARP are those of the reference, whose last frame lies one frame before the end of the run.
    """
    return last * np.linspace(0, 1, count) ** WARP


def _halved(picture):
    """A picture [C, H, W] that fits LARGEST, halved by averaging 2x2 boxes as often as that takes."""
    pixels = picture.astype(np.float32)
    while pixels.shape[1] > LARGEST[0] or pixels.shape[2] > LARGEST[1]:
        c, h, w = pixels.shape
        pixels = pixels.reshape(c, h // 2, 2, w // 2, 2).mean(axis=(2, 4))
    return np.rint(pixels).astype(np.uint8)


def _frames(shown, count):
    """Frames [C, H, W] of a video. shown: [(seconds, path, caption)] of pictures, oldest first."""
    seconds, read = [second for second, _, _ in shown], None
    for now in times(seconds[-1], count):
        place = max(bisect.bisect(seconds, now) - 1, 0)
        if place != read:
            read, picture = place, _halved(images.read(shown[place][1]))
        caption = '%s  time %s' % (shown[place][2], tqdm.tqdm.format_interval(int(round(now))))
        yield images.captioned(picture, caption)


def write(run, cfg):
    """Write training.mp4 of an open run folder: each moment shows the last picture of a line of log.csv before it."""
    shown = []
    for row in run.rows('log.csv'):
        path = run.picture(float(row['kimg']))
        if os.path.exists(path):
            caption = 'kimg %.1f  lod %.2f' % (float(row['kimg']), float(row['lod']))
            shown.append((float(row['seconds']), path, caption))
    if not shown:
        run.log('no training.mp4: no pictures of a line of log.csv are left', result=True)
        return
    fps = cfg.video_fps or FPS
    path = run.file('training.mp4')
    video.write(path, _frames(shown, max(int(round(cfg.video * fps)), 1)), fps)
    run.log('video: %s' % path, result=True)
