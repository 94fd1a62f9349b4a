"""SimpleITK, imported when it is needed, with its failures in one line."""

import functools
import operator
import re

from common import capacity
from common.quiet import suppress_stderr


def simple_itk():
    try:
        import SimpleITK
    except ImportError:
        raise OSError('CT volumes are read with SimpleITK; install it: pip install SimpleITK') from None
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)  # what it warns of is checked here and is an error
    return SimpleITK


def attempt(path, action):
    """SimpleITK tells a failure in several lines of C++ text; one of them says why."""
    try:
        with suppress_stderr():  # MetaIO and GDCM write to stderr themselves
            return action()
    except (RuntimeError, MemoryError, OverflowError) as error:
        reason = re.search(r'ERROR: (?:\w+\(0x[0-9a-f]+\): )?(.*)', str(error))
        why = reason.group(1)[:160] if reason else 'no reason'
        raise OSError(f'{path} cannot be read ({why}); copy or convert it again') from None


def bits_of(reader):
    """Bits of a voxel as a reader that has a header will give it; 0 if that is no number."""
    bits = re.search(r'\d+', simple_itk().GetPixelIDValueAsString(reader.GetPixelIDValue()))
    return int(bits.group()) if bits else 0


def voxels_of(reader):
    return functools.reduce(operator.mul, reader.GetSize())


def require_memory(path, size):
    """Refuse a volume of size (x, y, z) that does not fit the memory."""
    capacity.require_memory(4 * functools.reduce(operator.mul, map(int, size)), path)  # half of it in most cases: int16


def header_of(path):
    """A reader that has read the header of a volume file."""
    reader = simple_itk().ImageFileReader()
    if path.lower().endswith(('.mha', '.mhd')):  # which ITK does not know in capitals
        reader.SetImageIO('MetaImageIO')
    reader.SetFileName(path)
    attempt(path, reader.ReadImageInformation)
    return reader
