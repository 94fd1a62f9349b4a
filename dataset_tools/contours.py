"""Closed contours as pixels."""

import numpy as np


def fill(points, shape):
    """Pixels whose middle lies within a closed polygon, bool [rows, columns].

    points: [N,2], (column, row) of its corners in pixels, in order; the middle of the first pixel is (0, 0). A polygon
    that crosses or touches itself is filled by the even-odd rule, so an inner loop that a narrow channel connects with
    the outer one is a hole. Middles on the polygon itself may count either way.
    """
    rows, columns = shape
    x0, y0 = np.asarray(points, float).T
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    row = np.arange(rows)[:, None]
    crossed, edge = np.nonzero((y0 <= row) != (y1 <= row))  # each edge of the polygon that a row of middles crosses
    crossing = x0[edge] + (crossed - y0[edge]) * (x1[edge] - x0[edge]) / (y1[edge] - y0[edge])
    first = np.clip(np.ceil(crossing), 0, columns).astype(int)  # the first middle right of it, whose side changes there
    changes = np.zeros((rows, columns + 1), int)
    np.add.at(changes, (crossed, first), 1)
    return np.cumsum(changes, axis=1)[:, :columns] % 2 == 1
