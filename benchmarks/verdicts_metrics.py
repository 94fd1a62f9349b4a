"""How often verdicts of evaluations are wrong: phantoms compared with phantoms, as a table in Markdown."""

import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import numpy as np  # noqa: E402

from common import hounsfield, log  # noqa: E402
from common.commandline import command, parse, settings  # noqa: E402
from common.types import nonnegative, positive  # noqa: E402

Settings = settings(
    'Settings',
    'How often verdicts of evaluations are wrong: phantoms compared with phantoms, as a table in Markdown.',
    evaluations=(40, 'evaluations of each number of images', positive),
    number=(300, 'images of each kind in the first evaluations', positive),
    more=(1000, 'images of each kind in the others', positive),
    pool=(9000, 'phantoms that all evaluations draw from, three times as many images as they compare', positive),
    audit=(300, 'images that are searched for copies and duplicates', positive),
    draws=(4, 'draws of SWD at most; an evaluation takes up to 16', positive),
    trials=(2000, 'samples for the intervals of a standard deviation', positive),
    seed=(0, 'seed of the simulation', nonnegative),
)
CLASS, SIZE, MM = 'MIA', 64, 0.6
WINDOW = hounsfield.WINDOWS['paper']
# check: what was counted, in how many trials of so many images, and its share.
Row = collections.namedtuple('Row', 'check images trials share')


def phantoms(count, seed):
    """Phantoms, uint8 [N, 1, 64, 64]."""
    from dataset_tools.phantom import phantom_slices

    random = [np.random.RandomState([seed, i]) for i in range(count)]
    made = [phantom_slices(CLASS, each, SIZE, MM, 1)[0].hu for each in random]
    return hounsfield.to_gray(np.array(made)[:, None], WINDOW)


class Pool:
    """Phantoms, and their nodules, which are measured once."""

    def __init__(self, images):
        from metrics import nodules

        self.images = images
        self.nodules = nodules.measure(images, WINDOW, MM)
        self.index = {image.tobytes(): i for i, image in enumerate(images)}

    def evaluation(self, number, audit, seed):
        """The Evaluation of `number` phantoms against twice as many others."""
        from metrics import evaluation, image_sets
        from metrics.real_reference import Reference

        pool = self

        class PooledReference(Reference):
            def measure_nodules(self, images):
                chosen = [pool.index[image.tobytes()] for image in images]
                return type(pool.nodules)(*[values[chosen] for values in pool.nodules])

        chosen = np.random.RandomState([seed, number]).permutation(len(self.images))[: 3 * number]
        compared = image_sets.of_images(self.images[chosen[number:]], number, seed)
        compared = compared._replace(card=compared.card._replace(mm_per_pixel=MM, window=WINDOW))
        (result,) = evaluation.measure([self.images[chosen[:number]]], PooledReference(compared, seed), audit)
        return result


def alarms(pool, number, evaluations, audit, seed=0):
    """[Row]: shares of evaluations of phantoms in which something differs, with and without the corrections."""
    from metrics import topic_verdicts

    counts = collections.Counter()
    for i in range(evaluations):
        result = pool.evaluation(number, audit, seed + i)
        compared = result.comparisons()
        differ = [comparison.row.metric.label for comparison in compared if comparison.state in ('higher', 'lower')]
        counts['any'] += bool(differ)
        counts['holm'] += any(comparison.p <= 0.05 for comparison in compared)
        counts['single'] += any(topic_verdicts.p_value(row) <= 0.05 for row in result.rows)
        log.info('%d of %d evaluations of %d images: %s' % (i + 1, evaluations, number, ', '.join(differ) or 'alike'))
    checks = [
        ('any', 'something differs'),
        ('holm', 'p of a row at most 0.05, corrected, whether it matters or not'),
        ('single', 'p of a row at most 0.05, not corrected'),
    ]
    return [Row(check, number, evaluations, counts[key] / float(evaluations)) for key, check in checks]


def coverage(name, population, count, trials, seed=0):
    """A Row: the share of samples of a population whose interval holds its standard deviation."""
    from stats import standard_deviation

    random, held, expected = np.random.RandomState([seed, count]), 0, population.std()
    for _ in range(trials):
        low, high = standard_deviation.interval(population[random.randint(len(population), size=count)])
        held += low <= expected <= high
    return Row('interval of an SD holds it: ' + name, count, trials, held / float(trials))


def rows(cfg):
    """The [Row] of Settings."""
    from metrics import evaluation, nodules

    evaluation.MOST_DRAWS = cfg.draws
    pool = Pool(phantoms(cfg.pool, cfg.seed))
    result = []
    for number in (cfg.number, cfg.more):
        result += alarms(pool, number, cfg.evaluations, min(cfg.audit, number), cfg.seed)
    populations = [
        ('normal values', np.random.RandomState(cfg.seed).randn(10**6)),
        ('HU of phantoms', nodules.known(pool.nodules.mean_hu)),
        ('diameters of phantoms', nodules.known(pool.nodules.diameter_mm)),
    ]
    for name, population in populations:
        result += [coverage(name, population, count, cfg.trials, cfg.seed) for count in (10, 20, 60, 300)]
    return result


def table(result):
    """A table of [Row] in Markdown."""
    lines = ['| | images | trials | share |', '|---|---:|---:|---:|']
    for row in result:
        lines.append('| %s | %d | %d | %.1f %% |' % (row.check, row.images, row.trials, 100 * row.share))
    return '\n'.join(lines)


def main(argv=None):
    print(table(rows(parse(Settings, argv))))


if __name__ == '__main__':
    command(main)
