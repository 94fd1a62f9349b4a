"""SimpleITK, imported when it is needed, with its failures in one line."""

import re


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
        return action()
    except RuntimeError as error:
        reason = re.search(r'ERROR: (?:\w+\(0x[0-9a-f]+\): )?(.*)', str(error))
        why = reason.group(1)[:160] if reason else 'no reason'
        raise OSError(f'{path} cannot be read ({why}); copy or convert it again') from None


def header_of(path, io=''):
    reader = simple_itk().ImageFileReader()
    reader.SetImageIO(io)
    reader.SetFileName(path)
    attempt(path, reader.ReadImageInformation)
    return reader
