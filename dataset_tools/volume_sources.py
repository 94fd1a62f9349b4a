"""CT volumes and a table of nodules as the patches of a dataset; a process holds one volume at a time."""

import collections
import contextlib
import os

from common import VERSION, hounsfield, log
from dataset_tools import annotations, ct_volumes, itk, markups, positions, process_pool, pseudonyms, source_digests
from dataset_tools.patch_sources import SHIFT, Source, margin
from dataset_tools.scan_crops import SAME, Crops, Job, crop, few

NAME = 'nodules'  # of a dataset, for want of another: that of the table may name a patient
MANY = 4  # processes by default: each holds a volume
SHOWN = 20  # problems, and lines about scans, that are printed

# marked: Annotations; jobs: of all scans that were found; problems: as of scan_cuts.Cuts
_Plan = collections.namedtuple('_Plan', 'marked jobs problems')


def read_table(cfg):
    """The Annotations of a table; ValueError or OSError for all that can be wrong before a scan is looked for."""
    itk.simple_itk()  # which is missing before anything is written, or not at all
    if not os.path.exists(cfg.annotations):
        remedy = 'it is a table of your nodules: docs/data.md says what it holds'
        raise FileNotFoundError('%s does not exist; %s' % (cfg.annotations, remedy))
    if cfg.volumes and not os.path.exists(cfg.volumes):
        raise FileNotFoundError('--volumes: there is no %s; name the folder of the scans' % cfg.volumes)
    return annotations.read_annotations(cfg.annotations, cfg.coordinates or 'world', cfg.volumes)


def from_volumes(cfg, marked, unfinished):
    """A Source of axial patches round nodules, Annotations. unfinished: unfinished.Unfinished, of their NAME."""
    about = dict(slices=cfg.slices, channels=1)
    plan = _plan(cfg, marked, cfg.resolution + 2 * margin(cfg), cfg.slices)
    return _source(cfg, plan, about, unfinished, cfg.skip_bad)


def volume_pairs(cfg, unfinished):
    """As from_volumes, for CT | mask pairs: each line of the table has a mask."""
    plan = _plan(cfg, read_table(cfg), cfg.resolution + 2 * SHIFT * cfg.off_centre, 1)
    unmasked = [a.where for a in plan.marked if not a.mask]
    if unmasked:
        raise ValueError('%s has no mask, which pairs need; fill a column mask' % unmasked[0])
    return _source(cfg, plan, {}, unfinished)._replace(labels=[None])


def check(cfg):
    """Print what from_volumes would find, and write nothing; ValueError if some nodules cannot be used."""
    plan = _plan(cfg, read_table(cfg), cfg.resolution + 2 * margin(cfg), cfg.slices)
    found = _Found(cfg, plan)
    for _, cuts in _examined(cfg, plan.jobs):
        found.add(cuts)
    for line in found.notes():
        print(line)
    if not found.problems:
        found.require_nodules()
    for line in found.doubts():
        print(line)
    scans = {scan for _, _, scan, _ in found.nodules}
    print('%d nodules in %d scans can be used' % (len(found.nodules), len(scans)))
    if found.problems:
        raise ValueError(found.complaint())


def _plan(cfg, marked, size, slices):
    """What is to be cut from which scan, and which lines name none."""
    window, folder = hounsfield.window(cfg.window), cfg.volumes or os.path.dirname(cfg.annotations) or '.'
    ct_volumes.look_anew()
    source_digests.stamp.cache_clear()
    scans, problems = collections.OrderedDict(), []
    for a in marked:
        try:
            together = scans.setdefault(ct_volumes.find_volume(a, folder), [])
            together.append(a._replace(scan=together[0].scan) if together else a)  # however the table spells it
        except (OSError, ValueError) as error:
            problems.append(([a.where], str(error)))
    how = size, cfg.spacing, slices, window, cfg.interpolation, cfg.class_conflict
    return _Plan(marked, [Job(scan, nodules, *how) for scan, nodules in scans.items()], problems)


def _source(cfg, plan, about, unfinished, skip_bad=False):
    """Cut all scans, which are kept in `unfinished` as they are done, and then give them, if all or skip_bad."""
    called, found, keys = pseudonyms.namer(cfg), _Found(cfg, plan), []
    for key, cuts in _examined(cfg, plan.jobs, unfinished):
        found.add(cuts)
        keys.append((key, cuts.patches if cuts.problems else None))
    resumable = 'resume' in cfg._fields
    if found.problems and not (skip_bad and found.nodules):
        remedy = '; mend that and go on with --resume, or leave it out with --resume --skip-bad'
        raise ValueError(found.complaint() + (remedy if found.nodules and resumable else ''))
    found.tell_problems()
    found.require_nodules(' --resume' if resumable else '')
    if not found.nodules:
        words = 'no nodule of %s is left, as the marks of each differ in class; use --class-conflict first'
        raise ValueError(words % cfg.annotations)

    def patches():
        for key, patches in keys:
            for patch in patches if patches is not None else unfinished.load(key)[0]:
                yield _named(patch, called, found.spelt(patch.facts['patient']))

    about = dict(about, source='CT volumes', window=hounsfield.window(cfg.window), mm_per_pixel=cfg.spacing)
    about.update(coordinates=cfg.coordinates or 'world', interpolation=cfg.interpolation)
    about.update(table_sha256=source_digests.sha256([cfg.annotations]), skipped=found.lines())
    about.update(versions=source_digests.versions('numpy', 'SimpleITK', 'scipy', 'pydicom'))
    members = [(label, _group(patient, scan, called)) for label, patient, scan, _ in found.nodules]
    classes = list(collections.OrderedDict.fromkeys(label for label, _ in members))
    return Source(
        NAME, classes, found.patches, patches(), about, found.notes(), members, found.doubts(), found.left_out()
    )


def _examined(cfg, jobs, unfinished=None):
    """(key, Cuts) of each job, in their order, with a bar. unfinished: what is held there is not cut again."""
    keys = [_key(job) for job in jobs]
    held = [unfinished is not None and unfinished.holds(key) for key in keys]
    new = [job for job, is_held in zip(jobs, held) if not is_held]
    processes = min(cfg.processes or min(os.cpu_count() or 1, MANY), max(len(new) // 4, 1))
    results = process_pool.ordered(crop, new, processes)
    bar, told = log.progress(zip(keys, held), total=len(jobs), unit='scan'), 0
    with contextlib.closing(results), bar:
        for key, is_held in bar:
            cuts = Crops(*unfinished.load(key)) if is_held else next(results)
            if unfinished is not None and not is_held and not cuts.problems:
                unfinished.store(key, cuts.patches, cuts[1:])
            for line in cuts.told:
                told += 1
                (log.info if told <= SHOWN else log.debug)(line)
            yield key, cuts
    if told > SHOWN:
        log.info('and %d more lines about scans; --verbose shows them' % (told - SHOWN))


def _group(patient, scan, called):
    """Whose images stay together: a patient's or, where neither the table nor DICOM headers know any, a scan's."""
    return called('patient', patient) if patient else called('scan', scan)


def _named(patch, called, patient):
    """A patch with the names of the data set in place of the table's."""
    facts = dict(patch.facts, scan=called('scan', patch.facts['scan']))
    if patient:
        facts['patient'] = called('patient', patient)
    else:
        del facts['patient']
    group = _group(patient, patch.facts['scan'], called)
    return patch._replace(facts=facts, nodule=called('nodule', patch.nodule), group=group)


def _key(job):
    """All that the cuts of a scan depend on, as text: the job, and the sizes and times of its files."""
    return repr(
        (VERSION, job, [source_digests.stamp(path) for path in [job.scan[0]] + [a.mask for a in job.nodules if a.mask]])
    )


class _Found:
    """What came of the scans of a table, but for the pixels."""

    def __init__(self, cfg, plan):
        self.table, self.problems = cfg.annotations, list(plan.problems)
        self.order = {a.where: number for number, a in enumerate(plan.marked)}
        self.nodules, self.patches, self.merged, self.doubtful = collections.OrderedDict(), 0, [], []
        self._spelt, self._headers = {}, collections.OrderedDict()  # PatientID: {patient of the table: first place}
        self.outside, self.settled, self.assumed = [], [], set()
        if cfg.coordinates is None and not markups.ENDINGS.search(cfg.annotations):  # nobody says that they are world
            self.assumed = {a.where for a in plan.marked if a.point and a.coordinates == 'world'}

    def add(self, cuts):
        self.patches += len(cuts.patches)
        for patch in cuts.patches:  # label, patient, scan and name of each nodule
            patient = self.spelt(patch.facts['patient'])
            self.nodules[patch.label, patient, patch.facts['scan'], patch.nodule] = True
        for header, patient, place in cuts.patients:
            claimed = self._headers.setdefault(pseudonyms.spelt_alike(header), collections.OrderedDict())
            claimed.setdefault(patient, place)
        self.merged += cuts.merged
        self.doubtful += cuts.doubtful
        self.outside += cuts.outside
        self.settled += cuts.settled
        self.problems = sorted(self.problems + cuts.problems, key=lambda problem: self.order[problem[0][0]])

    def spelt(self, patient):
        """A patient as he was spelt first, or None."""
        return patient and self._spelt.setdefault(pseudonyms.spelt_alike(patient), patient)

    def lines(self):
        """How many lines of the table are left out."""
        return sum(len(places) for places, _ in self.left_out())

    def left_out(self):
        return sorted(self.problems + self.settled, key=lambda problem: self.order[problem[0][0]])

    def notes(self):
        by_header = sum(None in claimed for claimed in self._headers.values())
        notes = ['%d patients by the PatientID of DICOM headers' % by_header] if by_header else []
        settled = [why.replace(self.table + ' ', '') for _, why in self.settled]
        notes += settled[:5] + ['and %d more of these' % (len(settled) - 5)] * (len(settled) > 5)
        words = [text.replace(self.table + ' ', '') for text in self.merged]
        more = '' if len(words) <= 5 else '; and %d more' % (len(words) - 5)
        how = 'marks of one name or within %g mm are one nodule, at their mean or where half of the masks agree' % SAME
        return notes + ['%s: %s%s' % (how, '; '.join(words[:5]), more)] * bool(words)

    def doubts(self):
        line = self._astray(self.order)
        words = '%s name different patients, but their scans have one PatientID; folds go by the table'
        alike = [words % few(list(claimed.values())) for claimed in self._headers.values() if len(claimed) > 1]
        return (
            self._places()
            + ([line + ': are they RAS (--coordinates ras) or of another scan?'] if line else [])
            + [text.replace(self.table + ' ', '') for text in alike]
        )

    def _places(self):
        return positions.warnings([place.replace(self.table + ' ', '') for place in self.doubtful])

    def _astray(self, places):
        """Words if most points of the table are no nodules, counted where they are among the places; else None."""
        astray = [place for place in self.doubtful + self.outside if place in places]
        return positions.mostly(len(astray), len(self.nodules) + len(self.outside))

    def require_nodules(self, flags=''):
        """ValueError if most points are no nodules, and nobody has said what their coordinates are; flags: to go on."""
        line = self._astray(self.assumed)
        if line:
            for place in self._places():
                print(place)
            words = '%s; if they are RAS, add%s --coordinates ras; if they are right, add%s --coordinates world'
            raise ValueError(words % (line, flags, flags))

    def tell_problems(self):
        """Print why which lines cannot be used."""
        for places, why in self.problems[:SHOWN]:
            print(_told(places, why))
        if len(self.problems) > SHOWN:
            print('and %d more' % (len(self.problems) - SHOWN))

    def complaint(self):
        """The only problem, or how many there are, after they were printed."""
        hint = '; if its points are RAS, add --coordinates ras' if self._astray(self.assumed) else ''
        if len(self.problems) == 1:
            return _told(*self.problems[0]) + hint
        self.tell_problems()
        lines = sum(len(places) for places, _ in self.problems)
        return '%d of %d lines of %s cannot be used, as told above%s' % (lines, len(self.order), self.table, hint)


def _told(places, why):
    return why if why.startswith(places[0]) else '%s: %s' % (few(places), why)
