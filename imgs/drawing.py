"""How the scripts of this folder keep what they draw with Matplotlib."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from common import images


def save(figure, path, words):
    """A figure as a PNG with words as its description."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    images.save_drawing(path, np.asarray(canvas.buffer_rgba())[..., :3].transpose(2, 0, 1), words)
