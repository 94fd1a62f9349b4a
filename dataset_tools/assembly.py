"""Volumes put together slab by slab, so that one is in memory once: checked, in HU, int16 if all are whole numbers."""

import numpy as np

from common.hounsfield import AIR, LUNG
from dataset_tools.itk import simple_itk

MOST = 31000.0  # HU; the extended scale ends at 30,710 (ten times 3,071), padding such as 32,767 does not
SHARE = 0.01  # of the voxels above AIR are lung in any chest CT
SLAB = 1 << 20  # voxels looked at together


def slices_at_once(size):
    """How many slices of a volume of size (x, y, z) make a slab."""
    return max(1, SLAB // (size[0] * size[1]))


class HURangeCheck:
    """Whether the slabs of a volume hold HU. least, most: of the values so far."""

    def __init__(self, path):
        self.path, self.least, self.most = path, np.inf, -np.inf
        self._seen = self._lung = 0

    def clamped(self, slab):
        """A slab of any type, none of it below AIR; ValueError if that cannot be HU."""
        least, most = slab.min(), slab.max()
        if not np.isfinite([least, most]).all():
            raise ValueError(
                f'{self.path} holds NaN or infinite values; convert it from DICOM again, or fill them with -1024'
            )
        if most > MOST:
            found = f'{self.path} holds {most:g} HU, more than any tissue or metal, such as padding has'
            raise ValueError(f'{found}; convert it again with -1024 there')
        self.least, self.most = min(self.least, least), max(self.most, most)
        self._seen += np.count_nonzero(slab > AIR)
        self._lung += np.count_nonzero((slab >= LUNG[0]) & (slab <= LUNG[1]))
        return np.maximum(slab, slab.dtype.type(AIR)) if least < AIR else slab

    def require_lung(self):
        """ValueError if too little of what was seen is lung."""
        if self._lung < SHARE * self._seen or not self._seen:
            share = 100.0 * self._lung / max(self._seen, 1)
            found = f'{share:.2g} % of its voxels lie from -1000 to -500, where lung does, in a chest CT 1 % or more'
            values = f'its values are {self.least:g} to {self.most:g}'
            remedy = 'convert or export the original again, with its rescale slope and intercept'
            raise ValueError(f'{self.path} is not in HU: {found}; {values}; {remedy}')


def assembled(path, size, slabs):
    """The SimpleITK image [x,y,z] of HU from slabs: int16 if all are whole numbers, else float32; none below AIR.

    slabs: a function that gives (first slice, array [n,y,x]) again and again. ValueError, with path, if they are no HU.
    """
    sitk = simple_itk()
    for kind, name in ((np.int16, sitk.sitkInt16), (np.float32, sitk.sitkFloat32)):
        image, gauge = sitk.Image([int(n) for n in size], name), HURangeCheck(path)
        for first, slab in slabs():
            slab = gauge.clamped(slab)
            if kind is np.int16 and slab.dtype.kind == 'f' and (slab != np.rint(slab)).any():
                break
            image[:, :, first : first + len(slab)] = sitk.GetImageFromArray(slab.astype(kind, copy=False))
        else:
            gauge.require_lung()
            return image
        del image  # before there is another
    return None


def checked(path, image):
    """The same of an int16 image that is in memory, in its place."""
    sitk, gauge, some = simple_itk(), HURangeCheck(path), slices_at_once(image.GetSize())
    for first in range(0, image.GetSize()[2], some):
        stored = sitk.GetArrayViewFromImage(image)[first : first + some]
        slab = gauge.clamped(stored)
        if slab is not stored:
            image[:, :, first : first + len(slab)] = sitk.GetImageFromArray(slab)
    gauge.require_lung()
    return image
