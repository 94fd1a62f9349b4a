"""The values of NIfTI files (.nii, .nii.gz), read with nibabel slab by slab; SimpleITK says where they lie."""

import contextlib
import gzip
import zlib

import numpy as np

from dataset_tools import itk

TOLERANCE = 0.1  # mm by which sform and qform may differ at a corner of the volume


def nibabel_():
    try:
        import nibabel
    except ImportError:
        raise OSError('NIfTI files are read with nibabel; install it: pip install nibabel') from None
    return nibabel


def slabs(path):
    """Yields the values of a file from the first slice on, as (first slice, array [n,y,x]).

    OSError or ValueError if the file is damaged, or does not say in one way where it lies.
    """
    open_file = gzip.open if path.lower().endswith('.gz') else open
    with open_file(path, 'rb') as file:
        image = _image(path, file)
        voxels = image.dataobj
        step = itk.slices_at_once(image.shape)
        for first in range(0, image.shape[2], step):
            with _damage(path):
                slab = voxels[:, :, first : first + step]
            slab = slab.reshape(slab.shape[:3]).T
            yield first, slab.astype(slab.dtype.newbyteorder('='), copy=False)
        with _damage(path):
            file.seek(voxels.offset + voxels.dtype.itemsize * int(np.prod(voxels.shape)))
            surplus = file.read(1)
        if surplus:
            raise OSError(f'{path} holds more than its header says; copy or download it again')


@contextlib.contextmanager
def _damage(path):
    """Makes one OSError of what nibabel and gzip raise for a file that ends early or cannot be unpacked."""
    nibabel = nibabel_()
    damaged_header = nibabel.spatialimages.HeaderDataError, nibabel.filebasedimages.ImageFileError
    try:
        yield
    except (OSError, EOFError, ValueError, OverflowError, zlib.error) + damaged_header:
        remedy = 'copy or download it again, or save it uncompressed'
        raise OSError(f'{path} is truncated or damaged; {remedy}') from None


@contextlib.contextmanager
def _no_log(logger):
    """Nothing of a logger meanwhile; without a handler, which nibabel's own suppressor removes, Python would print."""
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = False


def _image(path, file):
    """The nibabel image of an open file."""
    nibabel = nibabel_()
    holder = nibabel.FileHolder(fileobj=file)
    with _damage(path), _no_log(nibabel.imageglobals.logger), np.errstate(all='ignore'):
        image = nibabel.Nifti1Image.from_file_map({'header': holder, 'image': holder}, mmap=False)
        qform = image.header.get_qform(coded=True)[0]
        sform = image.header.get_sform(coded=True)[0]
    dtype = image.get_data_dtype()
    if dtype.kind not in 'iuf':
        raise OSError(f'{path} has voxels of type {dtype}; convert it to int16')
    if qform is None and sform is None:
        raise ValueError(f'{path} has neither qform nor sform, so right may be left; convert it from DICOM again')
    if qform is not None and sform is not None:
        _require_one_place(path, image.shape[:3], qform, sform)
    return image


def _require_one_place(path, size, qform, sform):
    """ValueError if a file's two matrices [4,4] put the corners of the volume in different places."""
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(size) - 1)
    apply_affine = nibabel_().affines.apply_affine
    with np.errstate(all='ignore'):
        mm = np.linalg.norm(apply_affine(qform, corners) - apply_affine(sform, corners), axis=1).max()
    if not mm <= TOLERANCE:
        conflict = f'its sform and its qform put the patient in places up to {mm:.1f} mm apart'
        raise ValueError(f'{path}: {conflict}; convert it from DICOM again, or set one of their codes to 0')
