"""CT volumes and a table of nodules as the patches of a dataset; a process holds one volume at a time."""

import contextlib
import os
from collections import OrderedDict, namedtuple

from common import VERSION, card, hounsfield, log
from dataset_tools import (
    annotations,
    class_names,
    ct_volumes,
    itk,
    locations,
    markups,
    process_pool,
    pseudonyms,
    source_digests,
)
from dataset_tools.patches import SHIFT, Source, margin
from dataset_tools.scan_crops import SAME, Crops, Job, Problem, crop

NAME = 'nodules'  # of a dataset without --name: that of the table may name a patient
PROCESSES = 4  # at most by default: each holds a volume
PRINTED = 20  # problems, and lines about scans
LISTED = 5  # places, or notes of a kind, in a message

# marked: Annotations; jobs: of all scans that exist; problems: [Problem] of lines whose scan does not
_Plan = namedtuple('_Plan', 'marked jobs problems')


def read_table(cfg, classes=None):
    """The annotations.Table of a file; ValueError or OSError for all that can be wrong before a scan is looked for.

    classes: names of the classes that it numbers, as of class_names.of_label.
    """
    itk.simple_itk()  # if it is missing, nothing should have been written
    if not os.path.exists(cfg.annotations):
        remedy = 'it is a table of your nodules: docs/data.md says what it holds'
        raise FileNotFoundError(f'{cfg.annotations} does not exist; {remedy}')
    folder, _ = locations.split_pattern(cfg.volumes)
    if folder and not os.path.exists(folder):
        raise FileNotFoundError(f'--volumes: there is no {folder}; name the folder of the scans')
    ct_volumes.clear_caches()
    marked = annotations.read_annotations(cfg.annotations, cfg.coordinates or 'world', cfg.volumes)
    for index, a in enumerate(marked):
        label = class_names.of_label(a.label, classes, f'{cfg.annotations} {a.place}')
        marked[index] = a._replace(label=label)
    return annotations.Table(NAME, marked, [cfg.annotations], dict(coordinates=cfg.coordinates or 'world'))


def from_volumes(cfg, table, unfinished):
    """A Source of axial patches round the nodules of an annotations.Table. unfinished: unfinished.Unfinished."""
    plan = _plan(cfg, table, cfg.resolution + 2 * margin(cfg), cfg.slices)
    survey, keys = _crop_all(cfg, plan, unfinished)
    if survey.problems and not (cfg.skip_bad and survey.nodules):
        remedy = '; mend that and go on with --resume, or leave it out with --resume --skip-bad'
        raise ValueError(survey.complaint() + remedy * bool(survey.nodules))
    return _source(cfg, table, survey, keys, unfinished, dict(slices=cfg.slices, channels=1), ' --resume')


def volume_pairs(cfg, unfinished):
    """As from_volumes, for CT | mask pairs: each line of the table has a mask."""
    table = read_table(cfg)
    plan = _plan(cfg, table, cfg.resolution + 2 * SHIFT * cfg.off_centre, 1)
    for a in plan.marked:
        if not a.mask:
            raise ValueError(f'{cfg.annotations} {a.place} has no mask, which pairs need; fill a column mask')
    survey, keys = _crop_all(cfg, plan, unfinished)
    if survey.problems:
        raise ValueError(survey.complaint())
    return _source(cfg, table, survey, keys, unfinished, {})._replace(labels=[None])


def check(cfg, table):
    """Print what from_volumes would find, and write nothing; ValueError if some nodules cannot be used."""
    plan = _plan(cfg, table, cfg.resolution + 2 * margin(cfg), cfg.slices)
    survey, _ = _crop_all(cfg, plan)
    for line in survey.notes():
        print(line)
    if not survey.problems:
        survey.require_nodules()
    for line in survey.warnings():
        print(line)
    scans = {nodule.scan for nodule in survey.nodules}
    print(f'{len(survey.nodules)} nodules in {len(scans)} scans can be used')
    if survey.problems:
        raise ValueError(survey.complaint())


def _plan(cfg, table, size, slices):
    """What to crop from which scan, and which lines name none."""
    folder = locations.split_pattern(cfg.volumes)[0] or os.path.dirname(cfg.annotations) or '.'
    source_digests.stamp.cache_clear()
    scans, problems, reasons = OrderedDict(), [], {}
    for a in table.marked:
        named = a.path, a.series
        try:
            if named not in reasons:  # candidates of a scan that is missing are hundreds of lines
                nodules = scans.setdefault(ct_volumes.find_volume(a, folder), [])
        except (OSError, ValueError) as error:
            reasons[named] = str(error)
        if named in reasons:
            problems.append(Problem([a.place], reasons[named]))
            continue
        scan = nodules[0].scan if nodules else a.scan  # however else the table spells it
        nodules.append(a._replace(scan=scan))
    window = hounsfield.window(cfg.window)
    jobs = []
    for scan, nodules in scans.items():
        grid = size, cfg.spacing, slices
        jobs.append(Job(scan, nodules, *grid, window, cfg.interpolation, cfg.class_conflict, cfg.acquisition))
    return _Plan(table.marked, jobs, problems)


def _crop_all(cfg, plan, unfinished=None):
    """The Survey of all scans, and [(key of a scan in `unfinished`, its patches if they are not kept there)]."""
    survey, keys = Survey(cfg, plan), []
    for key, crops in _crops(cfg, plan.jobs, unfinished):
        survey.add(crops)
        keys.append((key, crops.patches if crops.problems else None))
    return survey, keys


def _crops(cfg, jobs, unfinished):
    """Yields (key, Crops) of each job, in their order, with a bar. unfinished: what it holds is not cropped again."""
    keys = [_key(job) for job in jobs]
    is_held = {key: unfinished is not None and unfinished.holds(key) for key in keys}
    new = [job for job, key in zip(jobs, keys) if not is_held[key]]
    processes = cfg.processes or min(os.cpu_count() or 1, PROCESSES)
    results = process_pool.ordered(crop, new, min(processes, max(len(new) // 4, 1)))
    bar = log.progress(keys, unit='scan')
    printed = 0
    with contextlib.closing(results), bar:
        for key in bar:
            if is_held[key]:
                crops = _restored(unfinished.load(key))
            else:
                crops = next(results)
                if unfinished is not None and not crops.problems:
                    unfinished.store(key, crops.patches, crops[1:])
            for line in crops.notes:
                printed += 1
                (log.info if printed <= PRINTED else log.debug)(line)
            yield key, crops
    if printed > PRINTED:
        log.info(f'and {printed - PRINTED} more lines about scans; --verbose shows them')


def _restored(fields):
    """Crops from what `Unfinished` has kept of them, in which JSON has made lists of records."""
    crops = Crops(*fields)
    return crops._replace(conflicts=[Problem(*problem) for problem in crops.conflicts])


def _key(job):
    """All that the crops of a scan depend on, as text: the job, and the sizes and times of its files."""
    paths = [job.scan[0]] + [a.mask for a in job.nodules if a.mask]
    return repr((VERSION, job, [source_digests.stamp(path) for path in paths]))


def _source(cfg, table, survey, keys, unfinished, about, resume_flag=''):
    """The Source of scans that were cropped."""
    survey.print_problems()
    survey.require_nodules(resume_flag)
    if not survey.nodules:
        reason = 'as the marks of each differ in class; use --class-conflict first'
        raise ValueError(f'no nodule of {cfg.annotations} is left, {reason}')
    name = pseudonyms.namer(cfg)

    def patches():
        for key, kept in keys:
            for patch in unfinished.load(key)[0] if kept is None else kept:
                yield _renamed(patch, name, survey.canonical(patch.facts['patient']))

    about = dict(
        dict(table.about, **about),
        source='CT volumes',
        window=hounsfield.window(cfg.window),
        mm_per_pixel=cfg.spacing,
        interpolation=cfg.interpolation,
        table_sha256=source_digests.sha256(table.files),
        skipped=sum(len(problem.places) for problem in survey.left_out()),
        versions=source_digests.versions('numpy', 'SimpleITK', 'scipy', 'pydicom'),
    )
    left_out = []
    for problem in survey.left_out():
        left_out.append(([f'{cfg.annotations} {place}' for place in problem.places], problem.reason))
    groups = [(nodule.label, _group(nodule.patient, nodule.scan, name)) for nodule in survey.nodules]
    labels = list(OrderedDict.fromkeys(nodule.label for nodule in survey.nodules))
    notes, warnings = survey.notes(), survey.warnings()
    return Source(table.name, labels, survey.patches, patches(), about, notes, groups, warnings, left_out)


def _group(patient, scan, name):
    """Whose images stay together: a patient's or, where neither the table nor DICOM headers know any, a scan's."""
    return name('patient', patient) if patient else name('scan', scan)


def _renamed(patch, name, patient):
    """A patch with the names of the data set in place of the table's."""
    scan = patch.facts['scan']
    facts = dict(patch.facts, scan=name('scan', scan))
    del facts['patient']
    if patient:
        facts['patient'] = name('patient', patient)
    return patch._replace(facts=facts, nodule=name('nodule', patch.nodule), group=_group(patient, scan, name))


def _few(parts, separator=', ', before_more=' '):
    """At most LISTED parts as text, and how many more there are."""
    text = separator.join(parts[:LISTED])
    more = f'{before_more}and {len(parts) - LISTED} more'
    return text + more if len(parts) > LISTED else text


Nodule = namedtuple('Nodule', 'label patient scan name')


class Survey:
    """What came of the scans of a table, but for the pixels: usable nodules, and lines that cannot be used."""

    def __init__(self, cfg, plan):
        self.table = cfg.annotations
        self.order = {a.place: index for index, a in enumerate(plan.marked)}
        self.nodules, self.patches = OrderedDict(), 0  # the nodules are the keys
        self.problems, self.conflicts = list(plan.problems), []
        self.merged, self.off_nodule, self.outside = [], [], []
        self._patients = {}  # {normalized: as it was spelt first}
        self._places_by_header = OrderedDict()  # {PatientID: {patient of the table: first place}}
        self._assumed_world = set()  # places whose coordinates nobody has named
        if cfg.coordinates is None and not markups.ENDINGS.search(cfg.annotations):
            self._assumed_world = {a.place for a in plan.marked if a.point and a.coordinates == 'world'}

    def add(self, crops):
        self.patches += len(crops.patches)
        for patch in crops.patches:
            patient = self.canonical(patch.facts['patient'])
            self.nodules[Nodule(patch.label, patient, patch.facts['scan'], patch.nodule)] = True
        for header, patient, place in crops.patients:
            places = self._places_by_header.setdefault(card.normalize(header), OrderedDict())
            places.setdefault(patient, place)
        self.merged += crops.merged
        self.off_nodule += crops.off_nodule
        self.outside += crops.outside
        self.conflicts += crops.conflicts
        self.problems = self._sorted(self.problems + crops.problems)

    def _sorted(self, problems):
        return sorted(problems, key=lambda problem: self.order[problem.places[0]])

    def canonical(self, patient):
        """A patient as he was spelt first, or None."""
        return patient and self._patients.setdefault(card.normalize(patient), patient)

    def left_out(self):
        """The Problems of all lines that are left out, in their order."""
        return self._sorted(self.problems + self.conflicts)

    def notes(self):
        """Lines for the user about what was understood, and how."""
        notes = []
        by_header = sum(None in places for places in self._places_by_header.values())
        if by_header:
            notes.append(f'{by_header} patients by the PatientID of DICOM headers')
        notes += [problem.reason for problem in self.conflicts[:LISTED]]
        if len(self.conflicts) > LISTED:
            notes.append(f'and {len(self.conflicts) - LISTED} more of these')
        if self.merged:
            where = 'at their mean or where half of the masks agree'
            rule = f'marks of one name or within {SAME:g} mm are one nodule, {where}'
            merged = [_few(places) for places in self.merged]
            notes.append(f'{rule}: {_few(merged, "; ", "; ")}')
        return notes

    def warnings(self):
        """Lines for the user about what may be wrong."""
        lines = self._off_nodule_lines()
        mostly = self._mostly_off(self.order)
        if mostly:
            lines.append(f'{mostly}: are they RAS (--coordinates ras) or of another scan?')
        for places in self._places_by_header.values():
            if len(places) > 1:
                named = _few(list(places.values()))
                conflict = 'name different patients, but their scans have one PatientID'
                lines.append(f'{named} {conflict}; folds go by the table')
        return lines

    def _off_nodule_lines(self):
        lines = [f'{place} lies in lung without a nodule, or in air' for place in self.off_nodule[:10]]
        if len(self.off_nodule) > 10:
            lines.append(f'so do {len(self.off_nodule) - 10} more')
        return lines

    def _mostly_off(self, places):
        """A message if most points of the table are no nodules, counted where they are among the places; else None."""
        off = sum(place in places for place in self.off_nodule + self.outside)
        points = len(self.nodules) + len(self.outside)
        if off <= points / 2:
            return None
        return f'{off} of {points} points lie in lung without a nodule, in air or outside their scan'

    def require_nodules(self, flags=''):
        """ValueError if most points are no nodules, and nobody has named their coordinates; flags: to go on."""
        mostly = self._mostly_off(self._assumed_world)
        if mostly:
            for line in self._off_nodule_lines():
                print(line)
            ras = f'if they are RAS, add{flags} --coordinates ras'
            world = f'if they are right, add{flags} --coordinates world'
            raise ValueError(f'{mostly}; {ras}; {world}')

    def print_problems(self):
        """Print why which lines cannot be used."""
        for problem in self.problems[:PRINTED]:
            print(self._message(problem))
        if len(self.problems) > PRINTED:
            print(f'and {len(self.problems) - PRINTED} more')

    def _message(self, problem):
        return f'{self.table} {_few(problem.places)}: {problem.reason}'

    def complaint(self):
        """A message: the only problem, or how many there are, after they were printed."""
        hint = '; if its points are RAS, add --coordinates ras' if self._mostly_off(self._assumed_world) else ''
        if len(self.problems) == 1:
            return self._message(self.problems[0]) + hint
        self.print_problems()
        count = sum(len(problem.places) for problem in self.problems)
        return f'{count} of {len(self.order)} annotations of {self.table} cannot be used, as printed above{hint}'
