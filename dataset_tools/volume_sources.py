"""CT volumes and a table of nodules as the patches of a dataset; one volume is in memory at a time."""

import collections
import os

from common import hounsfield, talk
from dataset_tools import annotations, ct_volumes
from dataset_tools.sources import Patch, Source, margin

# What is cut from one scan. scan: (path, series), as ct_volumes.read_volume takes them; nodules: Annotations; size:
# pixels of a patch; window: HU of black and white
Job = collections.namedtuple('Job', 'scan nodules size spacing slices window interpolation')


def from_volumes(cfg):
    """A Source of axial patches round the nodules of a table, those of a volume together, as one is in memory."""
    marked = annotations.read_annotations(cfg.annotations, cfg.coordinates)
    window, folder = hounsfield.window(cfg.window), cfg.volumes or os.path.dirname(cfg.annotations) or '.'
    side = cfg.resolution + 2 * margin(cfg)
    scans = collections.OrderedDict()
    for annotation in marked:
        scans.setdefault(ct_volumes.find_volume(annotation, folder), []).append(annotation)
    jobs = [
        Job(scan, nodules, side, cfg.spacing, cfg.slices, window, cfg.interpolation) for scan, nodules in scans.items()
    ]

    def patches():
        for job in jobs:
            for patch in cut(job):
                yield patch._replace(facts=dict(patch.facts, scan=os.path.relpath(job.scan[0], folder)))

    labels = list(collections.OrderedDict.fromkeys(a.label for a in marked))
    about = dict(source=cfg.annotations, window=window, coordinates=cfg.coordinates, interpolation=cfg.interpolation)
    about.update(mm_per_pixel=cfg.spacing, slices=cfg.slices, channels=1)
    name = os.path.splitext(os.path.basename(cfg.annotations))[0]
    return Source(name, labels, len(marked) * cfg.slices, patches(), about, [])


def cut(job):
    """The patches of one scan, a list of Patch, nodule by nodule from feet to head."""
    volume, cuts = ct_volumes.read_volume(*job.scan), []
    for line in ct_volumes.told(volume):
        talk.say(line)
    for a in job.nodules:
        where = a.coordinates, a.where, job.interpolation
        hu = ct_volumes.patches(volume, a.point, job.size, job.spacing, job.slices, *where)
        offset = round(ct_volumes.slice_offset(volume, a.point, job.slices, a.coordinates), 3)
        for index, gray in enumerate(hounsfield.to_gray(hu, job.window)):
            facts = dict(
                point=a.point, diameter_mm=a.diameter_mm, slice=index - (job.slices - 1) / 2.0, slice_offset_mm=offset
            )
            cuts.append(Patch(gray[None], a.label, a.nodule, facts, None))
    return cuts
