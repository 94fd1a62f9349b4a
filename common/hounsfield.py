"""Hounsfield units (HU) and gray levels: windows, and the way from one to the other."""

import numpy as np

from common.windows import WINDOWS

GRAY = 0.0, 255.0  # in place of a window that is not known: gray levels as they are
AIR = -1024.0  # HU outside a volume, and the least HU: scanners pad beyond the field of view with -2000 and the like
LUNG = -1000.0, -500.0  # HU, from air to faint ground glass; any chest CT holds such voxels


def window(text):
    """A name in WINDOWS or 'LO,HI' -> the HU (lo, hi) shown as gray 0 and gray 255."""
    try:
        lo, hi = WINDOWS.get(text) or map(float, text.split(','))
    except ValueError:
        lo = hi = 0.0
    if not (lo < hi and np.isfinite(hi - lo)):
        names = ', '.join(WINDOWS)
        raise ValueError(f'window {text!r}: say {names}, or two HU values, the smaller first, as in -1000,400')
    return lo, hi


def presets(stored=None):
    """[(name, lo, hi)] of windows to choose from, the first one to begin with; `stored`, too, if it is another one."""
    named = [(name,) + WINDOWS[name] for name in ('lung', 'paper', 'mediastinum')]
    if stored is not None and tuple(stored) not in WINDOWS.values():
        named.append(('as stored',) + tuple(stored))
    return named


def to_gray(hu, window):
    """HU -> uint8, rounded to the nearest gray level; HU beyond the window become 0 or 255."""
    scale = 255.0 / (window[1] - window[0])
    return np.clip(np.rint((np.asarray(hu, 'float32') - window[0]) * scale), 0, 255).astype('uint8')


def in_window(gray, stored, window):
    """Gray levels of the window `stored` -> uint8, the gray levels that show the same HU in another window."""
    return to_gray(to_hu(gray, stored), window)


def per_gray_level(window):
    """HU that a gray level is worth."""
    return (window[1] - window[0]) / 255.0


def gray_level(hu, window):
    """HU -> gray level, neither rounded nor clipped."""
    return (hu - window[0]) * 255.0 / (window[1] - window[0])


def to_hu(gray, window):
    """Gray levels 0..255 -> HU, float32."""
    return np.asarray(gray, 'float32') * np.float32(per_gray_level(window)) + np.float32(window[0])
