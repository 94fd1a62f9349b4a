"""Tables of nodules and CT volumes (DICOM series, NIfTI, MetaImage, NRRD) -> patches in Hounsfield units (HU).

Points are (x, y, z). 'world' is the patient system of DICOM, ITK and LUNA16: mm, x to the patient's left, y to the back, z to the
head (LPS; negate x and y of RAS tools such as nibabel). 'voxel' is zero-based (column, row, slice) as the file has them; DICOM
slices count along row x column, for most scans from feet to head. A bad file is an OSError or ValueError of one line, with remedy.
"""
import csv
import functools
import os
import re
import zlib
from collections import defaultdict, namedtuple

import numpy as np

# HU at gray 0 and at gray 255. 'paper' was measured on the published AIS patches: air is cut off at gray 74 (-1024 HU), fat peaks
# at 154 (-100), muscle at 164 (+45), the same in all patients: HU = 11.8 * gray - 1904. 'lung' is level -600, width 1500.
WINDOWS = {'paper': (-1900., 1100.), 'lung': (-1350., 150.)}
AIR = -1024.           # HU outside the volume, and the least HU: scanners pad beyond the field of view with -2000 and the like
LUNG = -500.           # any chest CT in HU holds voxels below this
FORMATS = re.compile(r'\.(nii|nii\.gz|mhd|mha|nrrd|nhdr)$', re.IGNORECASE)
NUMBER = re.compile(r'[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d\d?)?$', re.IGNORECASE)
DICOM_TAGS = {'0020|0032': 'ImagePositionPatient', '0020|0037': 'ImageOrientationPatient', '0028|0030': 'PixelSpacing',
              '0028|1052': 'RescaleIntercept', '0028|1053': 'RescaleSlope'}
Annotation = namedtuple('Annotation', 'where path series point coordinates diameter_mm label nodule')
Volume = namedtuple('Volume', 'path image')     # a SimpleITK image [x,y,z] of HU, int16 or float32, none below AIR


def window(text):
    """'paper', 'lung' or 'LO,HI' -> the HU (lo, hi) shown as gray 0 and gray 255."""
    try:
        lo, hi = WINDOWS.get(text) or map(float, text.split(','))
    except ValueError:
        lo = hi = 0.
    if not (lo < hi and np.isfinite(hi - lo)):
        raise ValueError(f'window {text!r}: say {" or ".join(WINDOWS)}, or two HU values, the smaller first, as in -1000,400')
    return lo, hi


def to_gray(hu, window):
    """HU -> uint8, rounded to the nearest gray level; HU beyond the window become 0 or 255."""
    return np.clip(np.rint((np.asarray(hu, 'float32') - window[0]) * (255. / (window[1] - window[0]))), 0, 255).astype('uint8')


def to_hu(gray, window):
    """Gray levels 0..255 -> HU, float32."""
    return np.asarray(gray, 'float32') * np.float32((window[1] - window[0]) / 255.) + np.float32(window[0])


def read_annotations(csv_path, coordinates='world'):
    """A table with the columns `seriesuid` or `path` (or both: a folder and which of its series), and `coordX,coordY,coordZ` (world
    mm, as in LUNA16) or `x,y,z` (in `coordinates`); perhaps `diameter_mm`, `class`, `nodule` -> list of Annotation.

    `where` names file and line, `path` is joined to the table's folder, `point` is three floats in `coordinates`, `label` is the
    class, `nodule` the table's id (one nodule wherever it stands) or else SCAN#1, SCAN#2, ... by row. Whatever is not given is None.
    """
    try:
        with open(csv_path, newline='', encoding='utf-8-sig') as file:
            lines = file.read().splitlines(True) or ['']
        reader = csv.reader(lines, delimiter=max(',;\t', key=lines[0].count))
        rows = [(f'{csv_path} line {reader.line_num}', [cell.strip() for cell in cells]) for cells in reader if ''.join(cells).strip()]
    except (UnicodeDecodeError, csv.Error):
        raise ValueError(f'{csv_path} is not a text table; save it as CSV, UTF-8') from None
    if len(rows) < 2:
        raise ValueError(f'{csv_path} holds no annotations; it needs a header line and a line for each nodule')
    where, header = rows[0][0], [name.lower() for name in rows[0][1]]
    axes = next((names for names in (('coordx', 'coordy', 'coordz'), ('x', 'y', 'z')) if set(names) <= set(header)), None)
    if axes is None or not {'seriesuid', 'path'} & set(header):
        raise ValueError(f'{where}: columns {",".join(header)[:99]}; it needs seriesuid or path, and coordX,coordY,coordZ or x,y,z')
    if coordinates != 'world' and (coordinates != 'voxel' or axes[0] == 'coordx'):
        raise ValueError(f'{where}: coordinates {coordinates}; x,y,z may be world or voxel, coordX,coordY,coordZ are world millimetres')
    annotations, first = [], {}
    for number, (where, cells) in enumerate(rows[1:], 1):
        if len(cells) != len(header):
            raise ValueError(f'{where}: {len(cells)} cells under a header of {len(header)}; quote cells that hold the delimiter')
        row = dict(zip(header, cells))
        for name in ('path', 'seriesuid', 'class', 'nodule'):
            if row.get(name) == '':
                raise ValueError(f'{where}: {name} is empty; fill it in, or drop the column')
        for name in axes + ('diameter_mm',) * bool(row.get('diameter_mm')):
            if not NUMBER.match(row[name]):
                raise ValueError(f'{where}: {name} is {row[name]!r}; write a number such as 12.5')
        point, scan = tuple(float(row[name]) for name in axes), ' '.join(row[name] for name in ('path', 'seriesuid') if name in row)
        if first.setdefault((scan, point), where) != where:
            raise ValueError(f'{where}: repeats {first[scan, point]}; drop one of them')
        path = os.path.join(os.path.dirname(csv_path), row['path']) if 'path' in row else None
        nodule, diameter = row.get('nodule', f'{scan}#{number}'), float(row['diameter_mm']) if row.get('diameter_mm') else None
        annotations.append(Annotation(where, path, row.get('seriesuid'), point, coordinates, diameter, row.get('class'), nodule))
    return annotations


def find_volume(annotation, folder):
    """Where an annotation's volume is: (path, series), for read_volume(*find_volume(annotation, folder)). A series is looked for in
    `folder` and below, which is searched once: a file UID.mhd or another of FORMATS, else a folder UID, else DICOM slices."""
    where, path, uid = annotation[:3]
    if path is not None:
        if not os.path.exists(path):
            raise FileNotFoundError(f'{where}: there is no {path}; a relative path starts at the folder of the table')
        return path, uid
    found = [path for path in _named(folder)[uid] if os.path.isfile(path)] or _named(folder)[uid]
    if len(found) > 1:
        raise ValueError(f'{where}: {found[0]} and {found[1]} have the same name; move masks and copies away, or use a path column')
    if found or uid in _dicom_series(folder):
        return (found[0], None) if found else (folder, uid)
    raise FileNotFoundError(f'{where}: {folder} holds no {uid}, as file, folder or DICOM; name the folder that does')


@functools.lru_cache(maxsize=8)
def _named(folder):
    """{name without extension: paths} of the volume files and the folders below a folder."""
    found = defaultdict(list)
    for parent, folders, files in sorted(os.walk(folder)):
        for name in folders + [name for name in files if FORMATS.search(name)]:
            found[FORMATS.sub('', name)].append(os.path.join(parent, name))
    return found


def read_volume(path, series=None):
    """A folder of DICOM slices, or above it (`series` picks one SeriesInstanceUID of several), or a file of FORMATS -> Volume.
    `image` knows where it lies: image.TransformContinuousIndexToPhysicalPoint(voxel) -> world, and the inverse."""
    path = os.fspath(path)
    if not os.path.isdir(path) and not FORMATS.search(path):
        raise ValueError(f'{path} is not a volume; name the folder of a DICOM series, or a file .nii .nii.gz .mhd .mha .nrrd')
    image = _read_dicom(path, series) if os.path.isdir(path) else _read_file(path)
    least = _sitk().GetArrayViewFromImage(image).min()
    if not least <= LUNG:
        raise ValueError(f'{path} is not in HU: its least value is {least:g}, but lung lies below {LUNG:g}; convert it without rescaling')
    return Volume(path, image if least >= AIR else _sitk().Clamp(image, image.GetPixelID(), AIR))


def _sitk():
    try:
        import SimpleITK
    except ImportError:
        raise OSError('CT volumes are read with SimpleITK; install it: pip install SimpleITK') from None
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)     # what it warns of is checked here and is an error
    return SimpleITK


def _attempt(path, action):
    """SimpleITK tells a failure in several lines of C++ text; one of them says why."""
    try:
        return action()
    except RuntimeError as error:
        reason = re.search(r'ERROR: (?:\w+\(0x[0-9a-f]+\): )?(.*)', str(error))
        raise OSError(f'{path} cannot be read ({reason.group(1)[:160] if reason else "no reason"}); copy or convert it again') from None


def _header(path, io=''):
    reader = _sitk().ImageFileReader()
    reader.SetImageIO(io)
    reader.SetFileName(path)
    _attempt(path, reader.ReadImageInformation)
    return reader


def _read_file(path):
    reader = _header(path)
    size, values = reader.GetSize(), reader.GetNumberOfComponents()
    if len(size) != 3 or min(size) < 2 or values != 1:
        raise ValueError(f'{path} is {" x ".join(map(str, size))} voxels of {values} value(s); a CT volume is three-dimensional and gray')
    if reader.HasMetaDataKey('qform_code') and {reader.GetMetaData(key).strip() for key in ('qform_code', 'sform_code')} == {'0'}:
        raise ValueError(f'{path} does not say how the patient lies (neither qform nor sform); convert it from DICOM again')
    _check_complete(path, reader)
    if reader.GetPixelIDValue() != _sitk().sitkInt16:
        reader.SetOutputPixelType(_sitk().sitkFloat32)         # half the memory of float64, and still exact to 0.001 HU
    return _attempt(path, reader.Execute)


def _check_complete(path, reader):
    """SimpleITK takes what a truncated NIfTI or a damaged MetaImage lacks for zeros, depending on its version; NRRD it checks."""
    data, start, bits, offset, packed = path, 0, 0, 0, path.lower().endswith('.gz')
    with open(path, 'rb') as file:
        header = re.match(rb'.*?ElementDataFile *= *([^\r\n]*)\r?\n?', file.read(1 << 16), re.DOTALL)
    if reader.HasMetaDataKey('bitpix'):                        # NIfTI, whose numbers may be stored smaller than they are read
        bits, offset = int(reader.GetMetaData('bitpix')), int(float(reader.GetMetaData('vox_offset')))
    elif header:                                               # MetaImage
        bits = int(re.search(r'\d+', _sitk().GetPixelIDValueAsString(reader.GetPixelIDValue())).group())
        name, packed = os.fsdecode(header.group(1)).strip(), re.search(rb'CompressedData *= *True', header.group(), re.IGNORECASE)
        data, start = (path, header.end()) if name.upper() == 'LOCAL' else (os.path.join(os.path.dirname(path), name), 0)
    needed = int(np.prod(reader.GetSize())) * bits // 8 + offset
    if not bits or not os.path.isfile(data):
        return                                                 # a missing file, as SimpleITK will say, or a list of files
    try:
        with open(data, 'rb') as file:
            file.seek(start)
            unpack = zlib.decompressobj(47).decompress if packed else bytes        # 47: gzip or zlib, whichever it is
            held = sum(len(unpack(chunk)) for chunk in iter(lambda: file.read(1 << 20), b''))
    except zlib.error:
        held = -1
    if held < needed:
        raise OSError(f'{data} is truncated or damaged; copy or download it again, or save it uncompressed')


@functools.lru_cache(maxsize=8)
def _dicom_series(folder):
    """{SeriesInstanceUID: paths} of the CT slices below a folder."""
    series = defaultdict(list)
    for parent, _, files in os.walk(folder):
        for path in [os.path.join(parent, name) for name in files if not name.startswith('.') and name.upper() != 'DICOMDIR']:
            with open(path, 'rb') as file:
                head = file.read(8192)
            dicom = head[128:132] == b'DICM' or head[:2] == b'\x08\x00' or path.lower().endswith(('.dcm', '.ima'))
            modality = re.search(rb'\x08\x00\x60\x00(?:CS..|....)([A-Z]+)', head, re.DOTALL)
            if dicom and (not modality or modality.group(1) == b'CT'):     # reports and contours have no pixels for SimpleITK to read
                reader = _header(path, 'GDCMImageIO')
                series[reader.GetMetaData('0020|000e').strip(' \0') if reader.HasMetaDataKey('0020|000e') else 'no UID'].append(path)
    return series


def _read_dicom(folder, uid):
    series = _dicom_series(folder)
    uid = next(iter(series)) if uid is None and len(series) == 1 else uid
    if uid not in series:
        listed = ', '.join(f'{name} ({len(paths)} slices)' for name, paths in sorted(series.items())[:8])
        raise ValueError(f'{folder} holds {listed or "no CT slices"}; name a folder with {uid or "one series"}, or fill a seriesuid column')
    slices = [(path, _slice_header(path)) for path in sorted(series[uid])]
    geometry = np.array([header.GetSize() + header.GetDirection() + header.GetSpacing()[:2] for _, header in slices])
    odd = np.abs(geometry - np.median(geometry, axis=0)).max(axis=1)
    if odd.max() > 1e-3:
        raise ValueError(f'{slices[odd.argmax()][0]} differs from the other slices in size, pixel spacing or orientation; remove it')
    direction = np.reshape(slices[0][1].GetDirection(), (3, 3))
    slices.sort(key=lambda item: np.dot(item[1].GetOrigin(), direction[:, 2]))      # names and numbers often run the other way
    paths, positions = [item[0] for item in slices], np.array([item[1].GetOrigin() for item in slices])
    direction[:, 2] = _slice_step(folder, paths, positions @ direction[:, 2], positions)      # a tilted gantry's is not at right angles
    lengths = np.linalg.norm(direction, axis=0)
    reader = _sitk().ImageSeriesReader()                       # GDCM applies RescaleSlope and RescaleIntercept, slice by slice
    reader.SetFileNames(paths)
    if any(header.GetPixelIDValue() != _sitk().sitkInt16 for _, header in slices):
        reader.SetOutputPixelType(_sitk().sitkFloat32)
    try:
        image = reader.Execute()
    except RuntimeError:                                       # which of them is it?
        [_attempt(path, _header(path, 'GDCMImageIO').Execute) for path in paths]
        raise OSError(f'{folder} cannot be read; copy or export it again') from None
    image.SetOrigin(positions[0].tolist())
    image.SetSpacing(slices[0][1].GetSpacing()[:2] + (float(lengths[2]),))
    image.SetDirection((direction / lengths).ravel().tolist())
    return image


def _slice_header(path):
    header = _header(path, 'GDCMImageIO')
    lacking = [name for tag, name in DICOM_TAGS.items() if not header.HasMetaDataKey(tag)]
    if lacking:
        raise ValueError(f'{path} has no {lacking[0]}, so it is not an original CT slice; export the series again')
    columns, rows, frames = header.GetSize()
    if frames != 1 or header.GetNumberOfComponents() != 1:
        raise ValueError(f'{path} holds several frames or colours; convert it to NIfTI, with dcm2niix for example')
    with open(path, 'rb') as file:                             # some releases of GDCM take the missing rows of a slice for zeros
        data = file.read()
    packed = re.search(rb'\xe0\x7f\x10\x00O[BW]\0\0\xff\xff\xff\xff', data)        # compressed pixels, up to a delimiter
    held, needed = len(data) - data.find(b'\xe0\x7f\x10\x00') - 8, columns * rows * int(header.GetMetaData('0028|0100')) // 8
    if b'\xfe\xff\xdd\xe0' not in data[packed.end():] if packed else held < needed:
        raise OSError(f'{path} is truncated; copy or export it again')
    return header


def _slice_step(folder, paths, heights, positions):
    """From a slice to the next, in mm [3]; ValueError if slices are missing, doubled or unevenly spaced."""
    if len(paths) < 2:
        raise ValueError(f'{paths[0]} is the only slice of its series; a CT volume has many')
    gaps = np.diff(heights)
    usual = np.sort(gaps)[(len(gaps) - 1) // 2]                # the lower median: right even where one of three slices is missing
    k, step = np.abs(gaps - usual).argmax(), (positions[-1] - positions[0]) / (len(paths) - 1)
    off = np.linalg.norm(positions - positions[0] - np.arange(len(paths))[:, None] * step, axis=1)
    if not off.max() < 0.1 * usual:
        raise ValueError(f'{folder}: {gaps[k]:.2f} mm from {paths[k]} to {paths[k + 1]} but {usual:.2f} mm between others, so slices are '
                         'missing, doubled or uneven; export all of them, once')
    return step


def patches(volume, point, size, spacing, slices=1, coordinates='world', where='the point'):
    """Axial patches round a point -> float32 [slices,size,size] in HU, none below -1024. ValueError if the point is outside.

    They lie in the patient's axial plane as radiologists look at it, however the volume is stored: columns run from the patient's
    right to left, rows from front to back, slices from feet to head. The point is the middle, index (size-1)/2; pixels are `spacing`
    mm apart, slices as far as the volume's. Interpolation is linear; outside is air. A pixel coarser than the voxels is the mean of
    k x k samples, k being the voxels across it: a box filter against aliasing. `where` begins the error, as annotation.where does."""
    for name, value in (('size', size), ('spacing', spacing), ('slices', slices)):
        if not 0 < value < float('inf'):
            raise ValueError(f'{name} is {value}; it must be above 0')
    sitk, image, point = _sitk(), volume.image, [float(value) for value in point]
    in_world, in_voxels = image.TransformContinuousIndexToPhysicalPoint, image.TransformPhysicalPointToContinuousIndex
    voxel = np.array(in_voxels(point) if coordinates == 'world' else point)
    if (np.clip(voxel, -0.5, np.array(image.GetSize()) - 0.5) != voxel).any():               # a voxel reaches half a step each way
        corners = [(np.array(corner) * image.GetSize() - 0.5).tolist() for corner in np.ndindex(2, 2, 2)]
        corners = [in_world(corner) for corner in corners] if coordinates == 'world' else corners
        spans = ', '.join(f'{name} {min(ends):.1f}..{max(ends):.1f}' for name, ends in zip('xyz', zip(*corners)))
        raise ValueError(f'{where}: {tuple(point)} is outside {volume.path}, {coordinates} {spans}; correct it, or its units')
    direction, lengths = np.reshape(image.GetDirection(), (3, 3)), np.array(image.GetSpacing())
    per_mm = np.abs(np.linalg.inv(direction * lengths)).max(axis=0)                          # voxels for 1 mm along patient x, y, z
    kx, ky = (int(np.ceil(per_mm[axis] * spacing - 1e-3)) for axis in (0, 1))
    step = np.array([spacing / kx, spacing / ky, lengths[np.abs(direction[2]).argmax()]])      # z: along the axis nearest to feet-head
    number = np.array([size * kx, size * ky, slices])
    origin = np.array(in_world(voxel.tolist())) - (number - 1) / 2. * step
    samples = sitk.Resample(image, number.tolist(), sitk.Transform(3, sitk.sitkIdentity), sitk.sitkLinear, origin.tolist(), step.tolist(),
                            np.eye(3).ravel().tolist(), AIR, sitk.sitkFloat32)
    return sitk.GetArrayViewFromImage(samples).reshape(slices, size, ky, size, kx).mean(axis=(2, 4))
