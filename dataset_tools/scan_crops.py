"""Crops one scan: the patches round its nodules, or why there are none."""

import contextlib
import itertools
import os
from collections import OrderedDict, namedtuple

import numpy as np

from common import hounsfield, log
from dataset_tools import completeness, ct_volumes, dicom_files, marked_slices, masks, source_digests
from dataset_tools.annotations import NODULE_REACH
from dataset_tools.patches import Patch

SAME = 3.0  # mm: marks of one scan that are closer than this show one nodule, as several readers marked it
SAME_NAME = 6.0  # mm that marks of one name may always be apart; where no diameter is known, NODULE_REACH
# Points of another coordinate system lie in plain lung as a rule, or in air.
SURROUNDINGS, SPACING = 41, 1.0  # of a point, pixels and mm
MIDDLE = 1.5  # mm from the point
PLAIN_LUNG = (-1000.0, -700.0)  # HU
CONTRAST = 60.0  # HU that the faintest nodules have over the lung; measured on phantoms of AIS

# scan: (path, series), as ct_volumes.read_volume takes them; nodules: Annotations; size: pixels of a patch; window: HU
# of black and white; class_conflict: what becomes of marks of one nodule that differ in class: first (the first's class
# holds), drop (none is used) or error (they are a problem); acquisition: of a DICOM series, as ct_volumes.read_volume
Job = namedtuple('Job', 'scan nodules size spacing slices window interpolation class_conflict acquisition')
Job.__new__.__defaults__ = 'error', None
# places: of the lines of the table that cannot be used, such as 'line 2'
Problem = namedtuple('Problem', 'places reason')
# patches: with the names of the table; merged: [places] of marks that are one nodule; off_nodule: places without a
# nodule; notes: what a user should know of the volume; problems: [Problem]; patients: [(PatientID of the DICOM header,
# patient of the table or None, place)] of each annotation; outside: places that are outside their scan; conflicts:
# [Problem] of marks that class_conflict leaves out
Crops = namedtuple('Crops', 'patches merged off_nodule notes problems patients outside conflicts')
# Where an annotation is, world mm, and how large
_Mark = namedtuple('_Mark', 'annotation point diameter_mm diameter_of region')


def crop(job):
    """The Crops of one scan, nodule by nodule in the order of the table. What is wrong is in `problems`, not raised."""
    crops = Crops([], [], [], [], [], [], [], [])
    with _collected(crops, job.nodules):
        volume = ct_volumes.read_volume(*job.scan, acquisition=job.acquisition)
        crops.notes.extend(ct_volumes.notes(volume))
        scan_facts = _scan_facts(volume, *job.scan)
        if scan_facts['patient']:
            crops.patients.extend((scan_facts['patient'], a.patient, a.place) for a in job.nodules)
        marks, kept = [], {}
        for a in job.nodules:
            with _collected(crops, [a]):
                marks.append(_mark(volume, a, job.scan[1], kept))
        kept.clear()
        for nodule in _nodules(marks):
            with _collected(crops, [mark.annotation for mark in nodule]):
                _crop_nodule(crops, job, volume, scan_facts, nodule)
    return crops


@contextlib.contextmanager
def _collected(crops, annotations):
    """What is raised in the block becomes a problem of the annotations."""
    places = [a.place for a in annotations]
    try:
        yield
    except (OSError, ValueError) as error:
        if isinstance(error, ct_volumes.OutsideError):
            crops.outside.extend(places)
        crops.problems.append(Problem(places, log.reason(error)))


def _crop_nodule(crops, job, volume, scan_facts, marks):
    """Add the patches of a nodule."""
    marks = _of_one_class(crops, job.class_conflict, marks)
    if not marks:
        return
    _require_near(marks)
    a = marks[0].annotation
    point = np.mean([mark.point for mark in marks], axis=0).tolist()
    region = None
    if marks[0].region:
        region = masks.consensus([mark.region for mark in marks])
        point = list(region.centre)
    grid = job.size, job.spacing, job.slices
    hu = ct_volumes.patches(volume, point, *grid, interpolation=job.interpolation)
    inside = masks.on_patch(region, volume, point, *grid) if region else [None] * job.slices
    facts = dict(scan_facts, point=point, marks=len(marks), scan=a.scan, patient=a.patient or scan_facts['patient'])
    facts.update(_diameter(marks), **(a.facts or {}))
    if a.label:
        facts['class'] = a.label
    facts['slice_offset_mm'] = round(ct_volumes.slice_offset(volume, point, job.slices), 3)
    for i, gray in enumerate(hounsfield.to_gray(hu, job.window)):
        slice_facts = dict(facts, slice=i - (job.slices - 1) / 2.0)
        crops.patches.append(Patch(gray[None], a.label, a.nodule, slice_facts, inside[i]))
    if len(marks) > 1:
        crops.merged.append([mark.annotation.place for mark in marks])
    if is_off_nodule(volume, point):
        crops.off_nodule.append(a.place)


def _scan_facts(volume, path, series):
    """What NAME.json says of a scan: mm from voxel to voxel and from slice to slice, the kernel, and which bytes.

    Of the patient there is the PatientID of the DICOM header, or None.
    """
    lengths = volume.image.GetSpacing()
    axis = int(np.abs(volume.image.GetDirection()[6:]).argmax())  # the one nearest to feet-head
    within_slice = lengths[:axis] + lengths[axis + 1 :]
    facts = dict(voxel_mm=round(min(within_slice), 4), slice_mm=round(lengths[axis], 4), patient=None)
    paths = completeness.files_of(path)
    if os.path.isdir(path):
        paths = [name for name in dicom_files.slice_paths(path, series) if name not in volume.left_out]
        kernel, facts['patient'] = dicom_files.kernel_and_patient(paths[0])
        if kernel:
            facts['kernel'] = kernel
        paths = sorted(paths)
    return dict(facts, scan_sha256=source_digests.sha256(paths))


def _mark(volume, a, series, kept):
    """The _Mark of an annotation.

    series: of the volume, if it is one of several in a folder. kept: as of masks.read.
    """
    if a.slices:
        region = masks.largest_body(marked_slices.image(a.slices, volume, series))
        return _Mark(a, region.centre, a.diameter_mm, None, region)
    point = a.point
    world = ct_volumes.world(volume, point, a.coordinates).tolist() if point else None
    if not a.mask:
        return _Mark(a, world if a.coordinates == 'voxel' else point, a.diameter_mm, None, None)
    region = masks.read(a.mask, a.segment, world, kept)
    if a.diameter_mm:
        return _Mark(a, region.centre, a.diameter_mm, 'table', region)
    return _Mark(a, region.centre, region.diameter_mm, region.diameter_of, region)


def _nodules(marks):
    """Lists of marks that are one nodule, as they have one name or lie close, in the order of the table."""
    try:
        from scipy.sparse.csgraph import connected_components
    except ImportError:
        raise OSError('marks of one nodule are found with SciPy; install it: pip install scipy') from None
    points = np.array([mark.point for mark in marks]).reshape(-1, 3)
    names = np.array([mark.annotation.nodule for mark in marks])
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    _, components = connected_components((distances < SAME) | (names[:, None] == names))
    nodules = OrderedDict()
    for component, mark in zip(components, marks):
        nodules.setdefault(component, []).append(mark)
    return nodules.values()


def _of_one_class(crops, class_conflict, marks):
    """Those marks of one nodule that are used, which agree in class; the others are noted as conflicts.

    ValueError if they differ in patient or, where class_conflict is 'error', in class.
    """
    first = marks[0].annotation
    for mark in marks:
        if mark.annotation.patient != first.patient:
            raise ValueError(f'{_pair(first, mark.annotation)}, but differ in patient; correct one')
    others = [mark for mark in marks if mark.annotation.label != first.label]
    if not others:
        return marks
    reason = f'{_pair(first, others[0].annotation)}, but differ in class'
    if class_conflict == 'error':
        raise ValueError(f'{reason}; correct one, or choose with --class-conflict first or drop')
    if class_conflict == 'drop':
        dropped, consequence = marks, 'none is used'
    else:
        dropped, consequence = others, f'that of the first, {first.label}, is used'
    crops.conflicts.append(Problem([mark.annotation.place for mark in dropped], f'{reason}; {consequence}'))
    return [mark for mark in marks if mark not in dropped]


def _pair(first, other):
    return f'{first.place} and {other.place} mark one nodule (by name, or closer than {SAME:g} mm)'


def _require_near(marks):
    """ValueError if marks of one name are too far apart to be one nodule."""
    limit = max([SAME_NAME] + [mark.diameter_mm or NODULE_REACH for mark in marks])
    for first, second in itertools.combinations(marks, 2):
        mm = np.linalg.norm(np.subtract(first.point, second.point))
        if first.annotation.nodule == second.annotation.nodule and mm > limit:
            pair = f'{first.annotation.place} and {second.annotation.place}'
            remedy = 'give each nodule a name of its own'
            raise ValueError(f'{pair} are one nodule by name, but {mm:.1f} mm apart; {remedy}')


def _diameter(marks):
    """What NAME.json says of a nodule's diameter, the mean of the marks'."""
    measured = [mark for mark in marks if mark.diameter_mm]
    if not measured:
        return dict(diameter_mm=None)
    facts = dict(diameter_mm=float(np.mean([mark.diameter_mm for mark in measured])))
    if measured[0].diameter_of:
        facts['diameter_of'] = measured[0].diameter_of
    return facts


def contrast(hu, spacing=SPACING):
    """HU by which the middle of a patch [S,S] exceeds the lung round it."""
    along = (np.arange(len(hu)) - (len(hu) - 1) / 2.0) * spacing
    distance = np.hypot(along[:, None], along)
    lung = hu[(distance > 2 * MIDDLE) & (hu > PLAIN_LUNG[0]) & (hu < PLAIN_LUNG[1])]
    background = np.median(lung) if len(lung) else np.mean(PLAIN_LUNG)
    return hu[distance <= max(MIDDLE, spacing)].mean() - background


def is_off_nodule(volume, point):
    """Whether a point, world mm, lies in plain lung or in air."""
    return bool(contrast(ct_volumes.patches(volume, point, SURROUNDINGS, SPACING)[0]) < CONTRAST)
