"""Does a point lie in a nodule at all? Points of another coordinate system lie in lung as a rule, or in air."""

import numpy as np

from dataset_tools import ct_volumes

SIDE, SPACING = 41, 1.0  # the surroundings, pixels and mm
MIDDLE = 1.5  # mm from the point
LUNG = (-1000.0, -700.0)  # HU
CONTRAST = 60.0  # HU that the faintest nodules have over the lung; measured on phantoms of AIS


def contrast(hu, spacing=SPACING):
    """HU by which the middle of a patch [S,S] exceeds the lung round it."""
    along = (np.arange(len(hu)) - (len(hu) - 1) / 2.0) * spacing
    far = np.hypot(along[:, None], along)
    lung = hu[(far > 2 * MIDDLE) & (hu > LUNG[0]) & (hu < LUNG[1])]
    return hu[far <= max(MIDDLE, spacing)].mean() - (np.median(lung) if len(lung) else np.mean(LUNG))


def doubtful(volume, point):
    """Whether a point, world mm, lies in plain lung or in air."""
    return bool(contrast(ct_volumes.patches(volume, point, SIDE, SPACING)[0]) < CONTRAST)


def warnings(doubtful_places):
    """Lines about such places."""
    lines = [f'{place} lies in lung without a nodule, or in air' for place in doubtful_places[:10]]
    if len(doubtful_places) > 10:
        lines.append(f'so do {len(doubtful_places) - 10} more')
    return lines


def mostly(astray, number):
    """Words if most of so many points are astray, which suggests other coordinates; else None."""
    if astray <= number / 2:
        return None
    return f'{astray} of {number} points lie in lung without a nodule, in air or outside their scan'
