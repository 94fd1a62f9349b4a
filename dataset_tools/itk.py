"""SimpleITK, imported when it is needed, with its failures in one line."""

import functools
import operator
import re

from common import capacity
from common.quiet import hushed


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
        with hushed():  # MetaIO and GDCM write to stderr themselves
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


def finite(text):
    """The numbers of a text that parts them with backslashes, if all of it are finite numbers, else none."""
    try:
        numbers = [float(part) for part in text.split('\\')]
    except ValueError:
        return []
    return numbers if all(abs(number) < float('inf') for number in numbers) else []


def require_memory(path, reader, pictures=1):
    """Refuse a volume, of so many pictures as a reader has the header of, that does not fit the memory."""
    each = 4 if reader.GetPixelIDValue() == simple_itk().sitkInt16 else bits_of(reader) // 8 + 8
    capacity.require_memory(pictures * voxels_of(reader) * each, path)  # as stored, as float32, and clamped


def header_of(path, io=''):
    reader = simple_itk().ImageFileReader()
    reader.SetImageIO(io)
    reader.SetFileName(path)
    attempt(path, reader.ReadImageInformation)
    return reader
