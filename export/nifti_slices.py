"""Generated images in a NIfTI file."""

import gzip
import os

import numpy as np

from common import files, hounsfield
from export.slices import GAP

DESCRIPTION = b'SYNTHETIC, generated images, not for diagnosis'


def write(folder, pixels, release):
    """Write generated.nii.gz; its path. pixels: uint8 [N, R, R], which become slices GAP mm apart.

    Values are HU, by a slope and an intercept, where the window is recorded, else gray levels. Where mm per pixel are
    not recorded, the unit of length is unknown and a pixel is 1.
    """
    try:
        import nibabel
    except ImportError:
        raise OSError('NIfTI files are written with nibabel; install it: pip install nibabel') from None
    mm, window = release.card.mm_per_pixel, release.card.window or hounsfield.GRAY
    # NIfTI's axes point to the right, to the front and up; those of the image to the left and to the back.
    image = nibabel.Nifti1Image(np.transpose(pixels, [2, 1, 0]), np.diag([-(mm or 1.0), -(mm or 1.0), GAP, 1.0]))
    image.header.set_slope_inter(hounsfield.per_gray_level(window), window[0])
    image.header.set_xyzt_units('mm' if mm else 'unknown')
    image.header['descrip'] = DESCRIPTION
    path = os.path.join(folder, 'generated.nii.gz')
    with files.atomic(path) as f:
        f.write(gzip.compress(image.to_bytes()))
    return path
