"""What is cut from one scan: the patches round its nodules, or why there are none."""

import collections
import contextlib
import itertools
import os

import numpy as np

from common import hounsfield, log
from dataset_tools import ct_volumes, dicom_files, masks, nodule_names, positions, source_digests
from dataset_tools.patch_sources import Patch

SAME = 3.0  # mm: marks of one scan that are closer than this show one nodule, as several readers marked it
MISSED = 6.0  # mm that marks of one name may always be apart; where no diameter is known, nodule_names.APART

# scan: (path, series), as ct_volumes.read_volume takes them; nodules: Annotations; size: pixels of a patch; window: HU
# of black and white; conflict: one of CONFLICTS
Job = collections.namedtuple('Job', 'scan nodules size spacing slices window interpolation conflict')
Job.__new__.__defaults__ = ('error',)
# What becomes of marks of one nodule that differ in class: the first's class holds, none is used, or it is a problem
CONFLICTS = 'first', 'drop', 'error'
# patches: with the table's own names; merged: words about marks that are one nodule; doubtful: places of the table
# where there is no nodule; told: what a user should know of the volume; problems: [(places of the table, why they
# cannot be used)]; patients: [(PatientID of the DICOM header, patient of the table or None, place)] of each annotation;
# outside: places of those that are outside their scan; settled: as problems, of class conflicts
Crops = collections.namedtuple('Crops', 'patches merged doubtful told problems patients outside settled')
_Mark = collections.namedtuple('_Mark', 'annotation point diameter_mm diameter_of region')


def crop(job):
    """The Cuts of one scan, nodule by nodule in the order of the table. What is wrong is in `problems`, not raised."""
    cuts = Crops([], [], [], [], [], [], [], [])
    with _noted(cuts, job.nodules):
        volume = ct_volumes.read_volume(*job.scan)
        cuts.told.extend(ct_volumes.told(volume))
        about, marks = _about(volume, *job.scan), []
        if about['patient']:
            cuts.patients.extend((about['patient'], a.patient, a.where) for a in job.nodules)
        for a in job.nodules:
            with _noted(cuts, [a]):
                marks.append(_mark(volume, a))
        for together in _together(marks):
            with _noted(cuts, [mark.annotation for mark in together]):
                _cut_nodule(cuts, job, volume, about, together)
    return cuts


def few(places):
    """Places of a table as words, at most five of them."""
    more = ' and %d more' % (len(places) - 5) if len(places) > 5 else ''
    return ', '.join(places[:5]) + more


@contextlib.contextmanager
def _noted(cuts, annotations):
    """What is raised in the block becomes a problem of annotations."""
    try:
        yield
    except (OSError, ValueError) as error:
        cuts.outside.extend(a.where for a in annotations if isinstance(error, ct_volumes.OutsideError))
        cuts.problems.append(([a.where for a in annotations], log.reason(error)))


def _cut_nodule(cuts, job, volume, about, marks):
    """Add the patches of a nodule."""
    marks = _agreeing(cuts, job.conflict, marks)
    if not marks:
        return
    _require_near(marks)
    a, point = marks[0].annotation, np.mean([mark.point for mark in marks], axis=0).tolist()
    region = masks.consensus([mark.region for mark in marks]) if marks[0].region else None
    point = list(region.centre) if region else point
    grid = job.size, job.spacing, job.slices, 'world', a.where
    hu = ct_volumes.patches(volume, point, *grid, interpolation=job.interpolation)
    inside = masks.on_patch(region, volume, point, *grid) if region else None
    facts = dict(about, point=point, marks=len(marks), scan=a.scan, patient=a.patient or about['patient'])
    facts.update(_diameter(marks), **({'class': a.label} if a.label else {}))
    facts.update(slice_offset_mm=round(ct_volumes.slice_offset(volume, point, job.slices), 3))
    for index, gray in enumerate(hounsfield.to_gray(hu, job.window)):
        told = dict(facts, slice=index - (job.slices - 1) / 2.0)
        mask = None if inside is None else inside[index]
        cuts.patches.append(Patch(gray[None], a.label, a.nodule, told, mask))
    if len(marks) > 1:
        cuts.merged.append(few([mark.annotation.where for mark in marks]))
    if positions.doubtful(volume, point):
        cuts.doubtful.append(a.where)


def _about(volume, path, series):
    """What NAME.json says of a scan: mm from voxel to voxel and from slice to slice, the kernel, and which bytes.

    Of the patient there is the PatientID of the DICOM header, or None.
    """
    lengths = volume.image.GetSpacing()
    axis = int(np.abs(volume.image.GetDirection()[6:]).argmax())  # the one nearest to feet-head
    across = min(length for k, length in enumerate(lengths) if k != axis)
    found = dict(voxel_mm=round(across, 4), slice_mm=round(lengths[axis], 4), patient=None)
    if not os.path.isdir(path):
        return dict(found, scan_sha256=source_digests.sha256(source_digests.parts(path)))
    paths = dicom_files.slices(path, series)
    kernel, found['patient'] = dicom_files.kernel_and_patient(paths[0])
    found.update(dict(kernel=kernel) if kernel else {})
    return dict(found, scan_sha256=source_digests.sha256(sorted(paths)))


def _mark(volume, a):
    """Where an annotation is, world mm, and how large."""
    point = a.point and ct_volumes.world(volume, a.point, a.coordinates, a.where).tolist()
    if a.mask:
        region = masks.read(a.mask, a.segment, point)
        given = (a.diameter_mm, 'table') if a.diameter_mm else (region.diameter_mm, region.diameter_of)
        return _Mark(a, region.centre, *given, region=region)
    return _Mark(a, point if a.coordinates == 'voxel' else a.point, a.diameter_mm, None, None)


def _together(marks):
    """Lists of marks that are one nodule, as they have one name or lie close, in the order of the table."""
    points = np.array([mark.point for mark in marks]).reshape(-1, 3)
    named = np.array([mark.annotation.nodule for mark in marks])
    close = (np.linalg.norm(points[:, None] - points, axis=2) < SAME) | (named[:, None] == named)
    found, left = [], set(range(len(marks)))
    while left:
        members, more = set(), {min(left)}
        while more - members:
            members |= more
            more = set(np.flatnonzero(close[sorted(members)].any(axis=0)).tolist())
        left -= members
        found.append([marks[i] for i in sorted(members)])
    return found


def _agreeing(cuts, conflict, marks):
    """Those marks of one nodule that are used, which agree in class; what becomes of others is noted as settled.

    ValueError if they differ in patient or, where `conflict` is 'error', in class.
    """
    first = marks[0].annotation
    others = [mark for mark in marks if mark.annotation.label != first.label]
    for a in [mark.annotation for mark in marks if mark.annotation.patient != first.patient]:
        raise ValueError(f'{_one_nodule(first, a)}, but differ in patient; correct one')
    if not others:
        return marks
    words = f'{_one_nodule(first, others[0].annotation)}, but differ in class'
    if conflict == 'error':
        raise ValueError(f'{words}; correct one, or choose with --class-conflict first or drop')
    dropped = marks if conflict == 'drop' else others
    words += '; none is used' if conflict == 'drop' else f'; that of the first, {first.label}, is used'
    cuts.settled.append(([mark.annotation.where for mark in dropped], words))
    return [mark for mark in marks if mark not in dropped]


def _one_nodule(first, other):
    return f'{first.where} and {other.where} mark one nodule (by name, or closer than {SAME:g} mm)'


def _require_near(marks):
    """ValueError if marks of one name are too far apart to be one nodule."""
    limit = max([MISSED] + [mark.diameter_mm or nodule_names.APART for mark in marks])
    for one, other in itertools.combinations(marks, 2):
        mm = np.linalg.norm(np.subtract(one.point, other.point))
        if one.annotation.nodule == other.annotation.nodule and mm > limit:
            words = '%s and %s are one nodule by name, but %.1f mm apart; give each nodule a name of its own'
            raise ValueError(words % (one.annotation.where, other.annotation.where, mm))


def _diameter(marks):
    """What is known of a nodule's diameter, the mean of the marks'."""
    known = [mark for mark in marks if mark.diameter_mm]
    if not known:
        return dict(diameter_mm=None)
    told = dict(diameter_mm=float(np.mean([mark.diameter_mm for mark in known])))
    return dict(told, diameter_of=known[0].diameter_of) if known[0].diameter_of else told
