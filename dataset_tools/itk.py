"""SimpleITK, imported when it is needed, with its failures in one line."""

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


def require_memory(path, reader, pictures=1):
    """Refuse a volume, of so many pictures as a reader has the header of, that does not fit the memory."""
    bits = int(re.search(r'\d+', simple_itk().GetPixelIDValueAsString(reader.GetPixelIDValue())).group())
    voxels = pictures
    for length in reader.GetSize():
        voxels *= length
    each = 4 if reader.GetPixelIDValue() == simple_itk().sitkInt16 else bits // 8 + 8  # as stored, as float32, clamped
    capacity.require_memory(voxels * each, path)


def header_of(path, io=''):
    reader = simple_itk().ImageFileReader()
    reader.SetImageIO(io)
    reader.SetFileName(path)
    attempt(path, reader.ReadImageInformation)
    return reader
