"""CT volumes and a table of nodules as the patches of a dataset; a process holds one volume at a time."""

import collections
import contextlib
import functools
import hashlib
import os

from common import VERSION, hounsfield, talk
from dataset_tools import annotations, ct_volumes, itk, names, positions, provenance, work
from dataset_tools.scan_cuts import SAME, Cuts, Job, cut, few
from dataset_tools.sources import SHIFT, Source, margin

NAME = 'nodules'  # of a dataset, for want of another: that of the table may name a patient
MANY = 4  # processes by default: each holds a volume
SHOWN = 20  # problems that are printed

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
    return annotations.read_annotations(cfg.annotations, cfg.coordinates, cfg.volumes)


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
    found = _Found(cfg.annotations, plan)
    for _, cuts in _examined(cfg, plan.jobs):
        found.add(cuts)
    for line in found.notes() + found.doubts():
        print(line)
    scans = {scan for _, _, scan, _ in found.nodules}
    print('%d nodules in %d scans can be used' % (len(found.nodules), len(scans)))
    if found.problems:
        raise ValueError(found.complaint())


def _plan(cfg, marked, size, slices):
    """What is to be cut from which scan, and which lines name none."""
    window, folder = hounsfield.window(cfg.window), cfg.volumes or os.path.dirname(cfg.annotations) or '.'
    ct_volumes.look_anew()
    _stamp.cache_clear()
    scans, problems = collections.OrderedDict(), []
    for a in marked:
        try:
            scans.setdefault(ct_volumes.find_volume(a, folder), []).append(a)
        except (OSError, ValueError) as error:
            problems.append(([a.where], str(error)))
    how = size, cfg.spacing, slices, window, cfg.interpolation
    return _Plan(marked, [Job(scan, nodules, *how) for scan, nodules in scans.items()], problems)


def _source(cfg, plan, about, unfinished, skip_bad=False):
    """Cut all scans, which are kept in `unfinished` as they are done, and then give them, if all or skip_bad."""
    called, found, keys = names.namer(cfg), _Found(cfg.annotations, plan), []
    for key, cuts in _examined(cfg, plan.jobs, unfinished):
        found.add(cuts)
        keys.append((key, cuts.patches if cuts.problems else None))
    if found.problems and not (skip_bad and found.nodules):
        remedy = (
            '; mend that and go on with --resume, or leave it out with --resume --skip-bad' if found.nodules else ''
        )
        raise ValueError(found.complaint() + remedy)
    found.tell_problems()

    def patches():
        for key, patches in keys:
            for patch in patches if patches is not None else unfinished.load(key)[0]:
                yield _named(patch, called)

    about = dict(about, source='CT volumes', window=hounsfield.window(cfg.window), mm_per_pixel=cfg.spacing)
    about.update(coordinates=cfg.coordinates, interpolation=cfg.interpolation)
    about.update(table_sha256=provenance.sha256([cfg.annotations]), skipped=found.lines())
    about.update(versions=provenance.versions('numpy', 'SimpleITK', 'scipy', 'pydicom'))
    members = [(label, _group(patient, scan, called)) for label, patient, scan, _ in found.nodules]
    classes = list(collections.OrderedDict.fromkeys(label for label, _ in members))
    return Source(
        NAME, classes, found.patches, patches(), about, found.notes(), members, found.doubts(), found.problems
    )


def _examined(cfg, jobs, unfinished=None):
    """(key, Cuts) of each job, in their order, with a bar. unfinished: what is held there is not cut again."""
    keys = [_key(job) for job in jobs]
    held = [unfinished is not None and unfinished.holds(key) for key in keys]
    new = [job for job, is_held in zip(jobs, held) if not is_held]
    processes = min(cfg.processes or min(os.cpu_count() or 1, MANY), max(len(new) // 4, 1))
    results = work.ordered(cut, new, processes)
    bar = talk.bar(zip(keys, held), total=len(jobs), unit='scan')
    with contextlib.closing(results), bar:
        for key, is_held in bar:
            cuts = Cuts(*unfinished.load(key)) if is_held else next(results)
            if unfinished is not None and not is_held and not cuts.problems:
                unfinished.store(key, cuts.patches, cuts[1:])
            for line in cuts.told:
                talk.say(line)
            yield key, cuts


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


def _key(job):
    """All that the cuts of a scan depend on, as text: the job, and the sizes and times of its files."""
    return repr((VERSION, job, [_stamp(path) for path in [job.scan[0]] + [a.mask for a in job.nodules if a.mask]]))


@functools.lru_cache(maxsize=64)
def _stamp(path):
    """A digest of the sizes and times of a volume's files."""
    paths = [path]
    if os.path.isdir(path):
        paths = [os.path.join(parent, name) for parent, _, names in sorted(os.walk(path)) for name in sorted(names)]
    elif os.path.isfile(path):
        paths = provenance.parts(path)
    stats = [os.stat(name) for name in paths if os.path.exists(name)]
    facts = [paths] + [(stat.st_size, stat.st_mtime_ns) for stat in stats]
    return hashlib.sha256(repr(facts).encode('utf-8', 'replace')).hexdigest()


class _Found:
    """What came of the scans of a table, but for the pixels."""

    def __init__(self, table, plan):
        self.table, self.problems = table, list(plan.problems)
        self.order = {a.where: number for number, a in enumerate(plan.marked)}
        self.nodules, self.patches, self.merged, self.doubtful = collections.OrderedDict(), 0, [], []

    def add(self, cuts):
        self.patches += len(cuts.patches)
        for patch in cuts.patches:  # label, patient, scan and name of each nodule
            self.nodules[patch.label, patch.facts['patient'], patch.facts['scan'], patch.nodule] = True
        self.merged += cuts.merged
        self.doubtful += cuts.doubtful
        self.problems = sorted(self.problems + cuts.problems, key=lambda problem: self.order[problem[0][0]])

    def lines(self):
        """How many lines of the table cannot be used."""
        return sum(len(places) for places, _ in self.problems)

    def notes(self):
        if not self.merged:
            return []
        words = [text.replace(self.table + ' ', '') for text in self.merged]
        more = '' if len(words) <= 5 else '; and %d more' % (len(words) - 5)
        return ['marks within %g mm are one nodule, at their mean: %s%s' % (SAME, '; '.join(words[:5]), more)]

    def doubts(self):
        places = [place.replace(self.table + ' ', '') for place in self.doubtful]
        return positions.doubts(places, len(self.nodules))

    def tell_problems(self):
        """Print why which lines cannot be used."""
        for places, why in self.problems[:SHOWN]:
            print(_told(places, why))
        if len(self.problems) > SHOWN:
            print('and %d more' % (len(self.problems) - SHOWN))

    def complaint(self):
        """The only problem, or how many there are, after they were printed."""
        if len(self.problems) == 1:
            return _told(*self.problems[0])
        self.tell_problems()
        return '%d of %d lines of %s cannot be used, as told above' % (self.lines(), len(self.order), self.table)


def _told(places, why):
    return why if why.startswith(places[0]) else '%s: %s' % (few(places), why)
