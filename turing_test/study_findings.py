"""What a study found, in words: whether readers told real from generated, and what to mind."""

from common.formatting import interval, p_equals, percent

ALPHA = 0.05
NUMBERS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve']
ONE_SIDED = 0.95  # share of one and the same answer from which on a reader has hardly chosen
ENOUGH = 20  # answers, repeats; fewer are not warned about


def count(number, noun):
    """'three readers', 'one case', '300 cases'"""
    words = NUMBERS[number] if number < len(NUMBERS) else str(number)
    return '%s %s%s' % (words, noun, '' if number == 1 else 's')


def points(share):
    return '%g points' % round(100 * share, 1)


def told(data):
    """What readers tell apart, in words."""
    return 'told real from generated' if data['mode'] == 'yes-no' else 'picked the real one of two'


def one_sided(one):
    """Whether a reader gave nearly always the same answer."""
    noise, signals = one['counts']
    high = sum(noise[3:]) + sum(signals[3:])
    return one['answers'] >= ENOUGH and not 1 - ONE_SIDED < high / float(one['answers']) < ONE_SIDED


def outcome(data):
    """'better' or 'worse' than chance, 'alike' if shown to lie within the margin, or 'open'."""
    pooled = data['pooled']
    if pooled['p'] < ALPHA:
        return 'better' if pooled['accuracy'] > 0.5 else 'worse'
    chose = not any(one_sided(one) for one in data['readers'])
    return 'alike' if pooled['equivalence']['shown'] and chose else 'open'


def first_sentence(data):
    """What was found of all readers together."""
    pooled, found, margin = data['pooled'], outcome(data), points(data['margin'])
    who = count(len(data['readers']), 'reader')
    low, high = ['%.1f' % (100 * end) for end in pooled['accuracy_interval']]
    words = '%s %s in %s (%s\u2013%s %%) of %s: ' % (
        who[0].upper() + who[1:], told(data), percent(pooled['accuracy']), low, high, _cases(data),
    )  # fmt: skip
    p = p_equals(pooled['p'])
    if found == 'alike':
        p = p_equals(pooled['equivalence']['p'])
        return words + 'not told apart within %s of chance (two one-sided tests, %s).' % (margin, p)
    if found == 'open':
        why = 'too few answers'
        if pooled['equivalence']['shown']:
            why = 'a reader who always gives one answer has not looked for a difference'
        elif abs(pooled['accuracy'] - 0.5) >= data['margin']:
            why = 'too few answers, though they lean to one side'
        return words + 'neither shown to be told apart (%s) nor shown to be alike: %s.' % (p, why)
    less = ', but shown to be so by less than ' + margin if pooled['equivalence']['shown'] else ''
    return words + '%s than chance (%s)%s.' % (found, p, less)


def _cases(data):
    return '%d %s' % (data['cases_read'], 'cases' if data['cases_read'] != 1 else 'case')


def notes(data):
    """What a reader of the first sentence must know: who is not done, and for whom it holds."""
    said, pooled, several = [], data['pooled'], data['readers']
    undone = [one for one in several if not one['finished']]
    if undone:
        done = ', '.join('%s %d' % (one['name'], one['answers']) for one in undone)
        which = '%s of %s' % (count(len(undone), 'reader'), len(several)) if len(several) > 1 else 'The reader'
        have = 'has' if len(undone) == 1 else 'have'
        words = '%s %s not finished; what was answered so far counts: %s of %d cases.'
        said.append((words % (which[0].upper() + which[1:], have, done, data['cases'])))
    if data['not_begun']:
        who = count(data['not_begun'], 'reader')
        said.append('%s entered and answered nothing yet.' % (who[0].upper() + who[1:]))
    if pooled['p_readers'] is not None:
        words = 'p speaks of these readers and other cases. For other readers like them, a t-test of their %d '
        words += 'accuracies gives %s.'
        said.append(words % (len(several), p_equals(pooled['p_readers'])))
    else:
        said.append('p speaks of these readers and other cases; to speak of others, too, takes three readers.')
    if outcome(data) != 'better' and not pooled['equivalence']['shown']:
        words = 'The answers leave room for an accuracy of %s (90 %% interval).'
        said.append(words % interval(pooled['equivalence']['interval']))
    if len(several) > 1 and outcome(data) in ('alike', 'open'):
        good = [one for one in several if one['p'] * len(several) < ALPHA and one['accuracy'] > 0.5]
        if good:
            names = ', '.join('%s (%s)' % (one['name'], percent(one['accuracy'])) for one in good)
            said.append('Alone, however, told better than chance, after correction for %d readers: %s.'
                        % (len(several), names))  # fmt: skip
    return said


def warnings(data, simulated=False):
    """What makes answers doubtful: nobody gave them, one answer for everything, and no agreement with oneself."""
    said = ['These readers are simulated: this is a rehearsal, and shows nothing of the images.'] * simulated
    for one in data['readers']:
        if one_sided(one):
            words = '%s gave nearly always the same answer, so their accuracy near 50 %% says nothing of the images.'
            said.append(words % one['name'])
        repeats = one['repeats']
        if repeats['number'] >= ENOUGH and repeats['agreement_interval'][1] < 0.6:
            words = '%s said the same of %s of the cases that came twice; a coin does so of 50 %%.'
            said.append(words % (one['name'], percent(repeats['agreement'])))
    return said
