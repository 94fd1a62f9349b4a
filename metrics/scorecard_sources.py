"""What an evaluation, a classifier experiment and a reader study say, as figures of a scorecard."""

import typing

from common import card, schema, types


class Figure(typing.NamedTuple):
    """A number or a text, and where it is from."""

    name: str
    value: object
    source: str  # the file, and the place in it
    interval: list = None  # [low, high] of 95 %
    reference: float = None  # what the value is compared with


MEASURE = {'value?': types.number, 'interval?': [types.number]}
BALANCED = dict(MEASURE, repeats=[types.number])
# What is relied on in classification.json and turing_test.json.
CLASSIFICATION = {
    'outcome?': types.text,
    'phantoms': types.switch,
    'comparison': {
        'primary?': types.text,
        'control?': types.text,
        'nodules': types.number,
        'patients': types.number,
        'unknown_patients': types.number,
        'repeats': types.number,
        'detectable': [{'disagreement': types.number, 'gain?': types.number}],
    },
    'summary': {'classes': [types.text], 'per_class': [types.number], 'arms': types.mapping},
    'tested_on_generated': types.mapping,
}
SHARES = {'accuracy?': types.number, 'accuracy_interval?': [types.number]}
SHARES.update({'auc?': types.number, 'auc_interval?': [types.number]})
STUDY = {
    'verdict': types.text,
    'cases': types.number,
    'margin': types.number,
    'simulated_readers': types.switch,
    'pooled': SHARES,
    'readers': [SHARES],
    'classes': types.mapping,
    'agreement': {'fleiss?': types.number, 'fleiss_interval?': [types.number]},
    'protocol': {'weights?': [types.text]},
}


class Others(typing.NamedTuple):
    """Files about other experiments, as 5-classify.py and 6-turing_test.py write them; None where there is none."""

    classification_path: str = None
    classification: dict = None
    study_path: str = None
    study: dict = None


ALONE = Others()


def read(classification, study, models):
    """Others of two paths, or None; ValueError if one is damaged, or of other weights than those of models."""
    return Others(
        classification,
        read_classification(classification) if classification else None,
        study,
        read_study(study, [card.sha256(model) for model in models]) if study else None,
    )


def _require(path, value, wanted, remedy):
    message = schema.problem(value, wanted)
    if message:
        raise ValueError('%s is damaged (%s); %s' % (path, message, remedy))


def read_classification(path):
    """classification.json of 5-classify.py; ValueError if it is damaged."""
    remedy = 'run 5-classify.py again'
    data = schema.read(path, CLASSIFICATION, remedy)
    classes = {'sensitivity_%s?' % label: MEASURE for label in data['summary']['classes']}
    arm = {'metrics': dict(classes, balanced_accuracy=BALANCED), 'difference?': {'balanced_accuracy': MEASURE}}
    compared = [data['comparison'].get('primary'), data['comparison'].get('control')]
    arms = [name for name in compared + ['common', 'raw'] if name in compared or name in data['summary']['arms']]
    _require(path, data['summary']['arms'], {name: arm for name in arms if name}, remedy)
    tested = {name: {'arms': {name: arm}} for name in data['tested_on_generated']}
    _require(path, data['tested_on_generated'], tested, remedy)
    return data


def read_study(path, weights):
    """turing_test.json of 6-turing_test.py; ValueError if it is damaged, or a study of other weights.

    weights: digests of the weight files that are evaluated.
    """
    remedy = 'run 6-turing_test.py analyse again'
    data = schema.read(path, STUDY, remedy)
    _require(path, data['classes'], {name: SHARES for name in data['classes']}, remedy)
    shown = data['protocol'].get('weights')
    if shown is None or not set(weights) <= set(shown):
        message = (
            '%s: its readers saw images of other weights than --model; name those that 6-turing_test.py create had'
        )
        raise ValueError(message % path)
    return data


class Sources:
    """Figures of an Evaluation and of Others."""

    def __init__(self, evaluation, others):
        self.evaluation, self.real = evaluation, evaluation.sets.card.adjective
        self.classification_path, self.classification, self.study_path, self.study = others

    def rows(self, *keys):
        """Figures of rows of the evaluation."""
        return [
            Figure(row.metric.label, row.fakes.value, 'evaluation.json: rows', row.fakes.interval, row.reals.value)
            for key in keys
            for row in self.evaluation.rows
            if row.metric.key == key
        ]

    def recorded(self, **values):
        """Figures of what is recorded with the weights: {name: value}, without what is not known."""
        source = 'card of ' + self.evaluation.facts.model
        return [Figure(name.replace('_', ' '), value, source) for name, value in values.items() if value]

    def people(self):
        """Figures of how many nodules and patients the data show."""
        names = self.evaluation.sets.card.names or {}
        counts = [(kind + 's', len(names[kind])) for kind in ('nodule', 'patient') if names.get(kind)]
        return [Figure(name, count, 'NAME.json of the data') for name, count in counts]

    def primary(self):
        """(its name, that of its control) of the primary comparison; None without an experiment or without one."""
        compared = self.classification['comparison'] if self.classification else {}
        return (compared['primary'], compared['control']) if compared.get('primary') else None

    def in_classification(self, key):
        """The place of a figure in classification.json."""
        return '%s: %s' % (self.classification_path, key)

    def arm(self, name):
        """What classification.json holds of an arm that is tested on real images."""
        return self.classification['summary']['arms'][name]

    def balanced_accuracy(self, name):
        """The Figure of an arm of the classifier experiment."""
        measure = self.arm(name)['metrics']['balanced_accuracy']
        place = self.in_classification('summary, arms, ' + name)
        return Figure('balanced accuracy, ' + name, measure['value'], place, measure.get('interval'))

    def gain(self):
        """The Figure of the primary comparison, in a list."""
        if not self.primary():
            return []
        gap = self.arm(self.primary()[0])['difference']['balanced_accuracy']
        title = 'balanced accuracy, %s less %s' % self.primary()
        title += ' (%s)' % self.classification['outcome'].replace('_', ' ')
        place = self.in_classification('summary, arms, %s, difference' % self.primary()[0])
        return [Figure(title, gap['value'], place, gap.get('interval'), 0.0)]

    def in_study(self, key):
        """The place of a figure in turing_test.json."""
        return '%s: %s' % (self.study_path, key)

    def of_readers(self, name, values, key, part):
        """The Figure of accuracy or auc of a part of the reader study, in a list, empty if it is not defined."""
        if values.get(key) is None:
            return []
        return [Figure(name, values[key], self.in_study(part), values.get(key + '_interval'), 0.5)]

    def readers(self):
        """Figures of all readers together."""
        if not self.study:
            return []
        count, simulated = len(self.study['readers']), 'simulated ' if self.study['simulated_readers'] else ''
        title = 'verdict on %d %sreader%s' % (count, simulated, '' if count == 1 else 's')
        verdict = Figure(title, self.study['verdict'].replace('_', ' '), self.in_study('verdict'))
        pooled = self.study['pooled']
        shares = self.of_readers('accuracy', pooled, 'accuracy', 'pooled')
        return [verdict] + shares + self.of_readers('AUC', pooled, 'auc', 'pooled')
