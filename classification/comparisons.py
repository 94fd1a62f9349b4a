"""Which arm is compared with which, and the comparison that is named before anything is trained."""

from classification.arms import has_ratio
from stats import power

PRIMARY = 'gan', 1.0  # the arm and ratio of the primary comparison


def names(pairs):
    """{(arm, ratio): name} of pairs: the arm, with its ratio where there are several, as 'gan x0.5'."""
    several = len({ratio for _, ratio in pairs} - {None}) > 1
    return {
        (arm, ratio): '%s x%g' % (arm, ratio) if several and ratio is not None else arm for arm, ratio in pairs
    }  # fmt: skip


def controls(pairs):
    """{name: name of its control, or None}.

    An arm that adds images is compared with duplicates at the same ratio, which shows real images as often and adds as
    many different ones; the others with common. Where a control was not trained, the next one takes its place.
    """
    named = names(pairs)
    found = {}
    for arm, ratio in pairs:
        chain = [('common', None), ('raw', None)]
        if has_ratio(arm) and arm != 'duplicates':
            chain.insert(0, ('duplicates', ratio))
        chain = chain[chain.index((arm, ratio)) + 1 :] if (arm, ratio) in chain else chain
        found[named[arm, ratio]] = next((named[pair] for pair in chain if pair in named), None)
    return found


def primary(pairs):
    """The name of the arm gan at ratio 1, or None if it, or a control of it, is not trained."""
    name = names(pairs).get(PRIMARY)
    return name if name and controls(pairs)[name] else None


def plan(pairs, folds, repeats):
    """What is said before the run: {primary, control, nodules, patients, unknown_patients, repeats, detectable}.

    folds: cross_validation.Folds. detectable: [{disagreement, gain}] of stats.power; empty without a primary one.
    """
    name = primary(pairs)
    labels, patients = folds.nodules()
    detectable = power.detectable(labels, patients, repeats) if name else []
    return dict(
        primary=name,
        control=controls(pairs)[name] if name else None,
        nodules=len(labels),
        patients=len(set(patients)),
        unknown_patients=folds.unknown_patients,
        repeats=repeats,
        detectable=detectable,
    )


def plan_text(facts):
    """Sentences of a `plan`, for the terminal."""
    sentences = []
    if facts['unknown_patients']:
        message = 'The patient of %d of %d nodules is not recorded; the scan, or else the nodule, counts as a patient.'
        sentences.append(message % (facts['unknown_patients'], facts['nodules']))
    if not facts['primary']:
        sentences.append('No primary comparison: it needs the arm gan at ratio 1, and duplicates, common or raw.')
        return sentences
    message = 'Primary comparison: balanced accuracy of %s and %s, %d nodules of %d patients, repeats: %d.'
    sentences.append(message % tuple(facts[key] for key in ('primary', 'control', 'nodules', 'patients', 'repeats')))
    for row in facts['detectable']:
        condition = 'if they disagree on %.0f %% of the nodules' % (100 * row['disagreement'])
        if row['gain'] is None:
            sentences.append('%s, no gain is found in 80 %% of experiments.' % condition.capitalize())
        else:
            message = '%s, a gain of %.1f points is found in %.0f %% of experiments.'
            sentences.append(message % (condition.capitalize(), 100 * row['gain'], 100 * power.TARGET))
    return sentences
