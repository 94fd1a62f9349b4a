"""What each training of an experiment gave, a file for each, with digests of what it was made of."""

import collections
import json
import os

from classification.arms import ARMS
from common import files, log, schema, types
from common.types import json_type

# Settings on which a part depends, and what else it may depend on.
SETTINGS = 'network steps minibatch lrate seed'.split()
_WORDS = dict(data='data', gan='generators', pix2pix='patches of pix2pix', phantom='phantoms')
_WORDS.update({name: '--' + name for name in SETTINGS})
_FACTS = dict(step=types.nonnegative, inner_loss=types.number, loss=types.number)
_FACTS.update(temperature=types.positive_float, seconds=types.number)

# What is trained: arm, ratio (None where the arm adds nothing), repeat, fold.
Job = collections.namedtuple('Job', 'arm ratio repeat fold')


def path(outdir, job):
    """The file of what a job gave."""
    ratio = '' if job.ratio is None else '-%g' % job.ratio
    return os.path.join(outdir, 'parts', '%s%s-repeat%d-fold%d.json' % (job.arm, ratio, job.repeat, job.fold))


def sources(arm):
    """Names of what an arm learns from or is tested on besides real images: gan, pix2pix, phantom."""
    names = {name for _, names in ARMS[arm].phases for name in names} | {ARMS[arm].tested}
    return names - {'real', 'duplicates'}


def _row(classes):
    """A Type of JSON values: [nodule, label, a probability of each class]."""

    @json_type('a nodule, its label and %d probabilities that sum to 1' % classes)
    def row(value):
        if not isinstance(value, list) or len(value) != 2 + classes or not types.text.accepts(value[0]):
            return False
        probabilities, share = value[2:], types.float_between(0, 1)
        if not types.integer_between(0, classes - 1).accepts(value[1]) or not all(map(share.accepts, probabilities)):
            return False
        return abs(sum(probabilities) - 1) < 1e-3

    return row


def _problem(part, job, classes, nodules):
    """What is wrong with a part, or None. nodules: names of those on the test side of its fold."""
    wrong = schema.problem(part, dict(facts=_FACTS, predictions=[_row(classes)], made_of=types.mapping))
    if wrong:
        return wrong
    found = [row[0] for row in part['predictions']]
    if not found or ARMS[job.arm].tested == 'real' and sorted(found) != sorted(nodules):
        return 'it lacks nodules of the test side, or has others'
    return None


def read(outdir, jobs, several, made_of):
    """{job: what it gave} of the parts that are there, as of `write`; a damaged one, which is said, is not there.

    several: folds.Folds; made_of: {job: {name: text}}, what each would be made of now. ValueError for parts that were
    made of something else.
    """
    found, other = {}, collections.OrderedDict()
    for job in jobs:
        name = path(outdir, job)
        if not os.path.exists(name):
            continue
        try:
            part = schema.read(name, types.mapping, 'it is made again')
            wrong = _problem(part, job, len(several.classes), several.tested[job.fold]['nodule'])
            if wrong:
                raise ValueError('%s is damaged (%s); it is made again' % (name, wrong))
        except ValueError as error:
            log.warning('%s, and kept as %s' % (error, files.set_aside(name)))
            continue
        changed = [what for what, value in made_of[job].items() if part['made_of'].get(what) != value]
        if changed:
            other[job] = changed
        found[job] = part
    if other:
        names = {_WORDS[what] for changed in other.values() for what in changed}
        patterns = sorted({os.path.join(outdir, 'parts', job.arm + '-*') for job in other})
        words = '%s holds results of other %s (%d of %d parts); choose another --outdir, or remove %s'
        raise ValueError(words % (outdir, ', '.join(sorted(names)), len(other), len(jobs), ' '.join(patterns)))
    return found


def write(outdir, job, found, made_of):
    """Keep what a job gave: facts, and predictions [[nodule, label, probability of each class, ...]]."""
    with files.atomic(path(outdir, job), durable=True) as f:
        f.write(json.dumps(dict(found, made_of=made_of)).encode())
