"""SimpleITK, imported when it is needed: its errors in one line, and volumes put together slab by slab.

A volume is in memory once: checked, in HU, int16 if all values are whole numbers.
"""

import re

import numpy as np

from common import capacity
from common.hounsfield import AIR, LUNG
from common.quiet import suppress_stderr

HIGHEST_HU = 31000.0  # the extended scale ends at 30,710 (ten times 3,071); padding such as 32,767 lies above
LUNG_SHARE = 0.01  # of the voxels above AIR are lung in any chest CT
SLAB = 1 << 20  # voxels looked at together


def simple_itk():
    try:
        import SimpleITK
    except ImportError:
        raise OSError('CT volumes are read with SimpleITK; install it: pip install SimpleITK') from None
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)  # what it warns of is checked here and is an error
    return SimpleITK


def attempt(path, action):
    """The result of an action on a file; what SimpleITK raises, several lines of C++, becomes an OSError of one."""
    try:
        with suppress_stderr():  # MetaIO and GDCM write to stderr themselves
            return action()
    except (RuntimeError, MemoryError, OverflowError) as error:
        reason = re.search(r'ERROR: (?:\w+\(0x[0-9a-f]+\): )?(.*)', str(error))
        why = reason.group(1)[:160] if reason else 'no reason'
        raise OSError(f'{path} cannot be read ({why}); copy or convert it again') from None


def read_header(path):
    """A SimpleITK reader that has read the header of a volume file; OSError if it is damaged."""
    reader = simple_itk().ImageFileReader()
    if path.lower().endswith(('.mha', '.mhd')):  # which ITK does not know in capitals
        reader.SetImageIO('MetaImageIO')
    reader.SetFileName(path)
    attempt(path, reader.ReadImageInformation)
    if not all(0 < mm < float('inf') for mm in reader.GetSpacing()):
        size = ' x '.join(f'{mm:g}' for mm in reader.GetSpacing())
        raise OSError(f'{path} has voxels of {size} mm; copy or convert it again')
    return reader


def count_bytes(reader):
    """How many bytes the voxels take that a reader's header declares."""
    sitk = simple_itk()
    voxel = sitk.Image([1, 1, 1], reader.GetPixelIDValue())
    components = reader.GetNumberOfComponents()
    return count_voxels(reader.GetSize()) * components * voxel.GetSizeOfPixelComponent()


def count_voxels(size):
    """The product of the sizes (x, y, z), a Python integer, which does not overflow."""
    count = 1
    for length in size:
        count *= int(length)
    return count


def require_memory(path, size):
    """ValueError for a volume of size (x, y, z) that does not fit the memory."""
    capacity.require_memory(4 * count_voxels(size), path)  # half of it in most cases: int16


def slices_at_once(size):
    """How many slices of a volume of size (x, y, z) make a slab."""
    return max(1, SLAB // (size[0] * size[1]))


class HURangeCheck:
    """Checks slab by slab whether a volume holds HU."""

    def __init__(self, path):
        self.path = path
        self.lowest = np.inf
        self.highest = -np.inf
        self.above_air = 0
        self.in_lung = 0

    def clamp(self, slab):
        """The slab with nothing below AIR; ValueError if its values cannot be HU."""
        lowest = slab.min()
        highest = slab.max()
        if not np.isfinite([lowest, highest]).all():
            remedy = 'convert it from DICOM again, or fill them with -1024'
            raise ValueError(f'{self.path} holds NaN or infinite values; {remedy}')
        if highest > HIGHEST_HU:
            problem = f'{self.path} holds {highest:g} HU, more than any tissue or metal, such as padding has'
            raise ValueError(f'{problem}; convert it again with -1024 there')
        self.lowest = min(self.lowest, lowest)
        self.highest = max(self.highest, highest)
        self.above_air += np.count_nonzero(slab > AIR)
        self.in_lung += np.count_nonzero((slab >= LUNG[0]) & (slab <= LUNG[1]))
        return np.maximum(slab, slab.dtype.type(AIR)) if lowest < AIR else slab

    def require_lung(self):
        """ValueError if too few of the voxels so far are lung."""
        if self.above_air and self.in_lung >= LUNG_SHARE * self.above_air:
            return
        percent = 100.0 * self.in_lung / max(self.above_air, 1)
        share = f'{percent:.2g} % of its voxels lie from -1000 to -500, where lung does, in a chest CT 1 % or more'
        values = f'its values are {self.lowest:g} to {self.highest:g}'
        remedy = 'convert or export the original again, with its rescale slope and intercept'
        raise ValueError(f'{self.path} is not in HU: {share}; {values}; {remedy}')


def assemble(path, size, slabs):
    """The SimpleITK image [x,y,z] of slabs in HU: int16 if all are whole numbers, else float32; nothing below AIR.

    slabs: a function that returns an iterator of (first slice, array [n,y,x]), and may be called twice. ValueError that
    names the path if they do not hold HU.
    """
    image = _filled(path, size, slabs, np.int16)
    return image or _filled(path, size, slabs, np.float32)


def _filled(path, size, slabs, dtype):
    """The image of slabs with voxels of a dtype; None if that is int16 and some are not whole numbers."""
    sitk = simple_itk()
    pixel_type = sitk.sitkInt16 if dtype is np.int16 else sitk.sitkFloat32
    image = sitk.Image([int(n) for n in size], pixel_type)
    check = HURangeCheck(path)
    for first, slab in slabs():
        slab = check.clamp(slab)
        if dtype is np.int16 and slab.dtype.kind == 'f' and (slab != np.rint(slab)).any():
            return None
        image[:, :, first : first + len(slab)] = sitk.GetImageFromArray(slab.astype(dtype, copy=False))
    check.require_lung()
    return image


def joined(size, slabs):
    """The SimpleITK image [x,y,z] of slabs (first slice, array [n,y,x]), with voxels of their type."""
    image = None
    for first, slab in slabs:
        part = simple_itk().GetImageFromArray(slab)
        if image is None:
            image = simple_itk().Image([int(n) for n in size], part.GetPixelID())
        image[:, :, first : first + len(slab)] = part
    return image


def clamp_in_place(path, image):
    """An int16 image in HU that is in memory already, after the same checks as those of `assemble`."""
    sitk = simple_itk()
    check = HURangeCheck(path)
    for first, stored in slabs_of(image):
        slab = check.clamp(stored)
        if slab is not stored:
            image[:, :, first : first + len(slab)] = sitk.GetImageFromArray(slab)
    check.require_lung()
    return image


def slabs_of(image):
    """Yields (first slice, view [n,y,x]) of an image in memory."""
    step = slices_at_once(image.GetSize())
    for first in range(0, image.GetSize()[2], step):
        yield first, simple_itk().GetArrayViewFromImage(image)[first : first + step]


def corners(image):
    """The middles of the eight corner voxels of an image, world mm [8,3]."""
    indices = np.array(list(np.ndindex(2, 2, 2))) * (np.array(image.GetSize()) - 1.0)
    return np.array([image.TransformContinuousIndexToPhysicalPoint(index) for index in indices.tolist()])
