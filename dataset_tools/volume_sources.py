"""CT volumes and a table of nodules as the patches of a dataset; one volume is in memory at a time."""

import collections
import os

import numpy as np

from common import hounsfield, talk
from dataset_tools import annotations, ct_volumes, itk, masks, names, positions, provenance
from dataset_tools.dicom_files import find_series
from dataset_tools.sources import SHIFT, Patch, Source, margin

SAME = 3.0  # mm: marks of one scan that are closer than this show one nodule, as several readers marked it

# What is cut from one scan. scan: (path, series), as ct_volumes.read_volume takes them; nodules: Annotations; size:
# pixels of a patch; window: HU of black and white
Job = collections.namedtuple('Job', 'scan nodules size spacing slices window interpolation')
# patches: with the table's own names; merged: words about marks that are one nodule; doubtful: places of the table
# where there is no nodule; points: their number; told: what a user should know of the volume
Cuts = collections.namedtuple('Cuts', 'patches merged doubtful points told')
_Mark = collections.namedtuple('_Mark', 'annotation point diameter_mm diameter_of region')


def from_volumes(cfg):
    """A Source of axial patches round the nodules of a table, those of a volume together, as one is in memory."""
    about = dict(slices=cfg.slices, channels=1)
    return _source(cfg, cfg.resolution + 2 * margin(cfg), cfg.slices, about)


def volume_pairs(cfg):
    """As from_volumes, for CT | mask pairs: each line of the table has a mask."""
    source = _source(cfg, cfg.resolution + 2 * SHIFT * cfg.off_centre, 1, {}, masked=True)
    return source._replace(labels=[None])


def _source(cfg, size, slices, about, masked=False):
    marked = annotations.read_annotations(cfg.annotations, cfg.coordinates, cfg.volumes)
    unmasked = [a.where for a in marked if masked and not a.mask]
    if unmasked:
        raise ValueError('%s has no mask, which pairs need; fill a column mask' % unmasked[0])
    window, folder = hounsfield.window(cfg.window), cfg.volumes or os.path.dirname(cfg.annotations) or '.'
    scans = collections.OrderedDict()
    for annotation in marked:
        scans.setdefault(ct_volumes.find_volume(annotation, folder), []).append(annotation)
    how = size, cfg.spacing, slices, window, cfg.interpolation
    jobs = [Job(scan, nodules, *how) for scan, nodules in scans.items()]
    itk.simple_itk()  # which is missing before anything is written, or not at all
    called, notes, doubts = names.namer(cfg), [], []

    def patches():
        done = []
        for job in jobs:
            done.append(cut(job))
            for line in done[-1].told:
                talk.say(line)
            for patch in done[-1].patches:
                yield _named(patch, called)
            done[-1] = done[-1]._replace(patches=None)
        notes.extend(_merged([words for each in done for words in each.merged]))
        doubtful = [where for each in done for where in each.doubtful]
        doubts.extend(positions.doubts(doubtful, sum(each.points for each in done)))

    about = dict(about, source='CT volumes', window=window, mm_per_pixel=cfg.spacing, coordinates=cfg.coordinates)
    about.update(interpolation=cfg.interpolation)
    about.update(table_sha256=provenance.sha256([cfg.annotations]))
    about.update(versions=provenance.versions('numpy', 'SimpleITK', 'scipy', 'pydicom'))
    labels = list(collections.OrderedDict.fromkeys(a.label for a in marked))
    groups = [(a.label, _group(a.patient, a.scan, called)) for a in marked]
    return Source('nodules', labels, len(marked) * slices, patches(), about, notes, groups, doubts)


def _group(patient, scan, called):
    """Whose images stay together: a patient's or, where the table knows none, a scan's."""
    return called('patient', patient) if patient else called('scan', scan)


def _named(patch, called):
    """A patch with the names of the data set in place of the table's."""
    facts = dict(patch.facts, scan=called('scan', patch.facts['scan']))
    if facts['patient']:
        facts['patient'] = called('patient', facts['patient'])
    else:
        del facts['patient']
    group = _group(patch.facts['patient'], patch.facts['scan'], called)
    return patch._replace(facts=facts, nodule=called('nodule', patch.nodule), group=group)


def _merged(words):
    if words:
        more = '' if len(words) <= 5 else '; and %d more' % (len(words) - 5)
        yield 'marks within %g mm are one nodule, at their mean: %s%s' % (SAME, '; '.join(words[:5]), more)


def cut(job):
    """The Cuts of one scan, nodule by nodule from feet to head."""
    volume, digest = ct_volumes.read_volume(*job.scan), _digest(*job.scan)
    cuts = Cuts([], [], [], 0, ct_volumes.told(volume))
    nodules = _together([_mark(volume, a) for a in job.nodules])
    for marks in nodules:
        a, point = marks[0].annotation, np.mean([mark.point for mark in marks], axis=0).tolist()
        if len(marks) > 1:
            cuts.merged.append(', '.join(mark.annotation.where for mark in marks))
        grid = job.size, job.spacing, job.slices, 'world', a.where
        hu = ct_volumes.patches(volume, point, *grid, interpolation=job.interpolation)
        offset = round(ct_volumes.slice_offset(volume, point, job.slices), 3)
        if positions.doubtful(volume, point):
            cuts.doubtful.append(a.where)
        regions = [masks.on_patch(mark.region, volume, point, *grid) for mark in marks if mark.region]
        inside = np.mean(regions, axis=0) >= 0.5 if regions else None  # where half of the readers agree
        facts = dict(point=point, marks=len(marks), scan=a.scan, patient=a.patient, scan_sha256=digest)
        facts.update(_diameter(marks), **({'class': a.label} if a.label else {}))
        for index, gray in enumerate(hounsfield.to_gray(hu, job.window)):
            told = dict(facts, slice=index - (job.slices - 1) / 2.0, slice_offset_mm=offset)
            mask = None if inside is None else inside[index]
            cuts.patches.append(Patch(gray[None], a.label, a.nodule, told, mask))
    return cuts._replace(points=len(nodules))


def _digest(path, series):
    """SHA-256 of the files of a scan."""
    if not os.path.isdir(path):
        return provenance.sha256(provenance.parts(path))
    found = find_series(path).series
    return provenance.sha256(sorted(found[series or next(iter(found))]))


def _mark(volume, a):
    """Where an annotation is, world mm, and how large."""
    if a.mask:
        region = masks.read(a.mask, a.segment)
        given = (a.diameter_mm, 'table') if a.diameter_mm else (region.diameter_mm, region.diameter_of)
        return _Mark(a, region.centre, *given, region=region)
    point = volume.image.TransformContinuousIndexToPhysicalPoint(a.point) if a.coordinates == 'voxel' else a.point
    ct_volumes.patches(volume, a.point, 1, 1.0, 1, a.coordinates, a.where)  # refuses what is outside, as it was given
    return _Mark(a, point, a.diameter_mm, None, None)


def _together(marks):
    """Lists of marks that are one nodule, in the order of the table; ValueError if they are said to differ in class."""
    points = np.array([mark.point for mark in marks])
    close = np.linalg.norm(points[:, None] - points, axis=2) < SAME
    found, left = [], set(range(len(marks)))
    while left:
        members, more = set(), {min(left)}
        while more - members:
            members |= more
            more = set(np.flatnonzero(close[sorted(members)].any(axis=0)).tolist())
        left -= members
        found.append([marks[i] for i in sorted(members)])
    for together in found:
        first = together[0].annotation
        for a in (mark.annotation for mark in together[1:]):
            if (a.label, a.patient) != (first.label, first.patient):
                words = '%s and %s mark one nodule (closer than %g mm), but differ in class or patient; correct one'
                raise ValueError(words % (first.where, a.where, SAME))
    return found


def _diameter(marks):
    """What is known of a nodule's diameter, the mean of the marks'."""
    known = [mark for mark in marks if mark.diameter_mm]
    if not known:
        return dict(diameter_mm=None)
    told = dict(diameter_mm=float(np.mean([mark.diameter_mm for mark in known])))
    return dict(told, diameter_of=known[0].diameter_of) if known[0].diameter_of else told
