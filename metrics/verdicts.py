"""What the figures of an evaluation say, in words: whether generated images differ from real ones, and in what.

A metric of the generated images is compared with the same metric of as many real ones. The 95 % interval of their
difference comes from the two intervals (MOVER: Zou and Donner, Stat Med 2008;27:1693-1702, formula for independent
estimates; both are measured against the same held-out images, so it is rather too wide than too narrow).
"""

import collections
import re

import numpy as np

ENOUGH = 500  # images of each kind, from which on sets may be called alike

# pattern: of the row's name. absolute, relative: the least difference from the reals that matters, in the metric's unit
# and as a share of the reals' value. against: {'higher' or 'lower': what it means if the generated images are clearly
# that}; a state that is not there speaks for them. meaning: for who sees the metric for the first time.
Metric = collections.namedtuple('Metric', 'pattern absolute relative against meaning')
# state: alike, higher, lower or undecided. low, high: 95 % interval of the difference. weight: how many times as large
# as what matters the difference is.
Comparison = collections.namedtuple('Comparison', 'row metric state low high weight')
# tone: alike, differs, undecided or unknown; words: a sentence without its end; shown: the comparisons it is about.
Verdict = collections.namedtuple('Verdict', 'topic tone words shown')

_FAR = dict(higher='further from the held-out reals than other reals are')
TOPICS = collections.OrderedDict()
TOPICS['Fidelity'] = [
    Metric(
        'SWD', 0, 0.5, _FAR,
        'Sliced Wasserstein distance, x1000: how much small neighbourhoods of pixels differ from those of real images. '
        '16x16 shows the coarse structure, the largest size the finest texture. Other reals do not reach 0 either: '
        'compare with theirs. (Karras et al., ICLR 2018)',
    ),
    Metric(
        'KID', 0, 0.5, _FAR,
        'Kernel inception distance, x1000: how far apart the features are that the network of --features computes. '
        '(Binkowski et al., ICLR 2018)',
    ),
    Metric(
        'FID', 0, 0.5, _FAR,
        'Frechet inception distance: how far apart mean and covariance are of the features that the network of '
        '--features computes. It falls with the number of images: compare equal numbers only. (Heusel et al., 2017)',
    ),
    Metric(
        'precision', 0.1, 0, dict(lower='fewer of them look like a real image'),
        'Share of the generated images that lie among the real ones. Low: many look unlike any real image. '
        '(Kynkaanniemi et al., NeurIPS 2019)',
    ),
]  # fmt: skip
TOPICS['Variety'] = [
    Metric(
        'recall', 0.1, 0, dict(lower="lower than the reals'"),
        'Share of the real images that lie among the generated ones. Low: some kinds of nodule are never made. '
        '(Kynkaanniemi et al., NeurIPS 2019)',
    ),
    Metric(
        'MS-SSIM', 0.05, 0, dict(higher="lower than the reals'", lower="higher than the reals'"),
        'Likeness of two images drawn at random, from 0 to 1. Above the reals: less variety. (Odena et al., ICML 2017)',
    ),
]  # fmt: skip
TOPICS['Density'] = [
    Metric(
        'gray histogram distance, gray', 2, 0, dict(higher="their gray levels are spread otherwise than the reals'"),
        'How many gray levels the pixels would have to move, on average, to make both histograms the same.',
    ),
    Metric(
        'gray histogram', 20, 0, dict(higher="the HU of all pixels are spread otherwise than the reals'"),
        'How many HU the pixels would have to move, on average, to make both histograms the same.',
    ),
    Metric(
        'nodule gray levels, mean', 4, 0, dict(higher='nodules are denser', lower='nodules are less dense'),
        'Gray level within the nodule in the middle of the image, averaged over images. One simple rule outlines it '
        'in all.',
    ),
    Metric(
        'nodule gray levels, SD', 0, 0.25, dict(higher='nodules vary more', lower='nodules vary less'),
        'Standard deviation of the gray level from nodule to nodule.',
    ),
    Metric(
        'nodule HU, mean', 50, 0, dict(higher='nodules are denser', lower='nodules are less dense'),
        'HU within the nodule in the middle of the image, averaged over images. One simple rule outlines it in all.',
    ),
    Metric(
        'nodule HU, SD', 0, 0.25, dict(higher='nodules vary more', lower='nodules vary less'),
        'Standard deviation of HU from nodule to nodule.',
    ),
]  # fmt: skip
TOPICS['Nodule size'] = [
    Metric(
        'nodule diameter.*mean', 0, 0.1, dict(higher="larger than the reals'", lower="smaller than the reals'"),
        'Diameter of a circle of the area of the nodule in the middle of the image, averaged over images.',
    ),
    Metric(
        'nodule diameter.*SD', 0, 0.25, dict(higher='varies more', lower='varies less'),
        'Standard deviation of the diameter from nodule to nodule.',
    ),
]  # fmt: skip
TOPICS['Copies'] = [
    Metric(
        'share nearer', 0.05, 0, dict(higher='more images than expected are as near to a training image as copies are'),
        'The 1 % of the held-out reals that are nearest to a training image set the limit. A generator that copies '
        'nothing has about 1 image in 100 below it, just as the reals have; one that copies has many.',
    ),
    Metric(
        'nearest training', 0, 0.1,
        dict(lower='nearer to training images than held-out reals are: as copies, or only smoother? See the pairs'),
        'Root mean square difference to the training image that is most similar, mirrored, turned by right angles or '
        'shifted, averaged over images. Blurred images are near to everything: look at SWD, too.',
    ),
]  # fmt: skip


def metric_of(row):
    """The Metric of a row of evaluation.Evaluation, and its topic."""
    for topic, metrics in TOPICS.items():
        for metric in metrics:
            if re.match(metric.pattern, row.metric):
                return metric, topic
    raise AssertionError('a metric without words: ' + row.metric)


def compare(row, number):
    """The Comparison of a row's generated and real images, `number` of each."""
    metric, (f, (f_low, f_high)), (r, (r_low, r_high)) = metric_of(row)[0], row.fakes[:2], row.reals[:2]
    difference, matters = f - r, metric.absolute + metric.relative * abs(r)
    low, high = difference - np.hypot(f - f_low, r_high - r), difference + np.hypot(f_high - f, r - r_low)
    if number >= ENOUGH and -matters < low and high < matters:
        state = 'alike'
    else:
        state = 'higher' if low > 0 else 'lower' if high < 0 else 'undecided'
    return Comparison(row, metric, state, low, high, abs(difference) / max(matters, 1e-9))


def verdict(topic, comparisons):
    """The Verdict on a topic from its comparisons, at least one; those that weigh most come first."""
    ordered = sorted(comparisons, key=lambda x: -x.weight)
    against = [x for x in ordered if x.state in x.metric.against]
    undecided = [x for x in ordered if x.state == 'undecided']
    if against:
        words = collections.OrderedDict.fromkeys(x.metric.against[x.state] for x in against)
        return Verdict(topic, 'differs', '; '.join(words), against)
    if undecided:
        return Verdict(topic, 'undecided', 'too few images to decide', undecided)
    return Verdict(topic, 'alike', "as good as the reals'", ordered)


def comparisons(rows, number, audited):
    """A Comparison of each row. number: generated images; audited: those that were looked for copies."""
    return [compare(row, audited if metric_of(row)[1] == 'Copies' else number) for row in rows]


def verdicts(compared, learnt):
    """A Verdict on each topic that has Comparisons. learnt: whether the generator is known to have seen these data."""
    found = collections.OrderedDict((topic, []) for topic in TOPICS)
    for comparison in compared:
        found[metric_of(comparison.row)[1]].append(comparison)
    said = [verdict(topic, several) for topic, several in found.items() if several]
    words = 'it is not recorded that the weights learnt from these images, so copies of those they did may be missed'
    return [x if learnt or x.topic != 'Copies' else x._replace(tone='unknown', words=words) for x in said]


def summary(found, number):
    """One or two sentences on all verdicts, of so many images."""

    def listed(tone):
        topics = [x.topic.lower().replace('copies', 'nearness to training images') for x in found if x.tone == tone]
        return ' and '.join([', '.join(topics[:-1]), topics[-1]] if topics[1:] else topics)

    pairs = ('differs', 'differ in '), ('alike', 'are as good in ')
    said = [words + listed(tone) for tone, words in pairs if listed(tone)]
    sentences = ['Compared with real images, the generated ones %s.' % ' and '.join(said)] if said else []
    if listed('undecided'):
        sentences.append('%d images are too few to decide on %s.' % (number, listed('undecided')))
    if any(x.tone == 'unknown' for x in found):
        sentences.append('Whether they are copies of training images is not known.')
    return ' '.join(sentences)
