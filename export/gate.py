"""What must be true before weights, or what they make, are passed on.

Weights can repeat patches of the patients that they learned from. So an export needs an evaluation of these very
weights on the data that they learned from, in which the search for copies found none; or it says that there was none.
"""

import os
import shlex
import typing

from common import card, schema, types
from metrics import results_folder
from metrics.evaluation import TRAINED_ON

NO_DEVICE = 'Research use only. Not a medical device, not for diagnosis.'
# What is relied on in evaluation.json.
EVALUATION = {
    'weights': [types.text],
    'relation': types.text,
    'verdicts': [dict(topic=types.text, state=types.text)],
    'rows': [{'key': types.text, 'fakes': types.number, 'reals': types.number}],
}
RUN = {'settings?': types.mapping}  # and in run.json


class Refused(ValueError):
    """An export that may not be. reason: a key of REASONS."""

    def __init__(self, reason, **facts):
        super().__init__(reason)
        self.reason, self.facts = reason, facts

    def __str__(self):
        return REASONS[self.reason].format(**self.facts)


_OR = '; or add --unaudited, which every card will say'
# Why an export is refused, and the command that would satisfy.
REASONS = dict(
    patients='{model} learned from {source}; add --patients-agreed if you may pass on what it makes',
    no_evaluation='{model} was not searched for copies of training images (no evaluation of it is in {folder}); run '
    '{evaluate}' + _OR,
    not_there='{path} is not there; run {evaluate}' + _OR,
    no_program='4-evaluate.py cannot search {model} for copies of training images; add --unaudited, which every card '
    'will say',
    other_weights='{path} is of other weights than {model}; run {evaluate}' + _OR,
    other_data='{path} did not compare {model} with all data that it learned from (relation: {relation}); run '
    '{evaluate}' + _OR,
    copies='{path} found more images near to training images than by chance ({share:.1%} of {model}, {real:.1%} of '
    '{adjective} images); choose an earlier snapshot with python 4-evaluate.py --run RUN' + _OR,
    undecided='{path} has too few images to tell whether {model} copies; if there are more, use a larger --number in '
    '{evaluate}' + _OR,
)


def run_settings(model):
    """The settings in the run.json beside weights; {} if there are none."""
    path = os.path.join(os.path.dirname(os.path.abspath(model)), 'run.json')
    if not os.path.exists(path):
        return {}
    return schema.read(path, RUN, 'remove it, and nothing is known of the training').get('settings') or {}


def _evaluate(model):
    """The command that evaluates weights on the data that they learned from."""
    command = 'python 4-evaluate.py --model %s --data ' % shlex.quote(model)
    settings = run_settings(model)
    data, resolution = settings.get('data'), settings.get('resolution')
    if not (isinstance(data, str) and os.path.exists(data)):
        return command + 'DATA, with the data that it learned from'
    command += shlex.quote(data)
    return command + ' --resolution %s' % resolution if types.positive.accepts(resolution) else command


class Release(typing.NamedTuple):
    """Weights that may be passed on, and what has to be said of them."""

    model: str
    sha256: str  # of the weight file
    card: card.Card  # of its training data
    evaluation: dict = None  # evaluation.json, None if --unaudited
    path: str = None  # of that file

    @property
    def origin(self):
        """A sentence on the training data."""
        if self.card.phantoms:
            return 'Learned from simulated patches (digital phantoms). No patient is shown.'
        return 'Learned from %s; whoever exported it states that it may be passed on.' % _source(self.card)

    @property
    def audit(self):
        """A sentence on the search for copies of training images."""
        if self.evaluation is None:
            return 'UNAUDITED: it was not searched for copies of training images.'
        row = next(row for row in self.evaluation['rows'] if row['key'] == 'nearer_share')
        message = 'Searched for copies of training images: %.1f %% of the generated images are nearer to one than the '
        message += 'nearest 1 %% of %s images (%.1f %% of other %s images are); no sign of copies.'
        adjective = self.card.adjective
        return message % (100 * row['fakes'], adjective, 100 * row['reals'], adjective)

    def facts(self, license):
        """{key: text}, what a file says of itself; without names of nodules, scans, patients and folders."""
        facts = dict(card=self.card.text(), weights_sha256=self.sha256, origin=self.origin, audit=self.audit)
        return dict(facts, license=license, notice=NO_DEVICE)


def _source(learned):
    return 'data of unknown origin' if learned.source is None else 'data of patients (%s)' % learned.source


def _read(model, path):
    return schema.read(path, EVALUATION, 'run python 4-evaluate.py --model %s again' % model)


def release(cfg, generator=True):
    """The Release of the weights cfg.model; Refused if they may not be passed on.

    cfg: has the settings model, evaluation, unaudited and patients_agreed. generator: whether 4-evaluate.py takes them.
    """
    learned, digest = card.of_weights(cfg.model), card.sha256(cfg.model)
    if not learned.phantoms and not cfg.patients_agreed:
        raise Refused('patients', model=cfg.model, source=_source(learned))
    if cfg.unaudited:
        return Release(cfg.model, digest, learned)
    if not generator:
        raise Refused('no_program', model=cfg.model)
    path = cfg.evaluation or results_folder.newest(digest)
    facts = dict(model=cfg.model, path=path, evaluate=_evaluate(cfg.model))
    if path is None:
        raise Refused('no_evaluation', folder=results_folder.OUTPUT, **facts)
    if not os.path.exists(path):
        raise Refused('not_there', **facts)
    evaluation = _read(cfg.model, path)
    if evaluation['weights'] != [digest]:
        raise Refused('other_weights', **facts)
    states = {verdict['topic']: verdict['state'] for verdict in evaluation['verdicts']}
    rows = {row['key']: row for row in evaluation['rows']}
    if states.get('copies') == 'differs' and 'nearer_share' in rows:
        row = rows['nearer_share']
        raise Refused('copies', share=row['fakes'], real=row['reals'], adjective=learned.adjective, **facts)
    if evaluation['relation'] not in TRAINED_ON or evaluation['relation'] == 'part':
        raise Refused('other_data', relation=evaluation['relation'], **facts)
    if states.get('copies') != 'alike' or 'nearer_share' not in rows:
        raise Refused('undecided', **facts)
    return Release(cfg.model, digest, learned, evaluation, path)
