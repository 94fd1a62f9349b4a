"""The scorecard of an evaluation: what its files answer of two published checklists, and what was not measured.

The checklists are the seven criteria for synthetic medical data of the FDA's scientists (Zamzmi et al., Commun Eng
2025;4:130) and the six parts of MI-CLAIM-GEN (Miao et al., arXiv 2403.02558). Their criteria are theirs, the choice of
items is ours. Every figure is taken from a file or from the record of the weights, and names its place there.
"""

import collections
import itertools

from common import VERSION
from metrics import radiomics
from metrics.metric import TOPICS
from metrics.scorecard_sources import Figure
from stats.power import TARGET

CHECKLISTS = dict(
    fda='Seven criteria for synthetic medical data (Zamzmi et al. 2025)', mi_claim_gen='MI-CLAIM-GEN (Miao et al. 2024)'
)
# Why an item has no figures.
MISSING = dict(
    classification='needs --classification',
    turing_test='needs --turing-test',
    not_in_classification='not in the classifier experiment',
    not_in_turing_test='not in the reader study',
    features='needs --features',
    unrecorded='these data or weights do not record it',
    not_defined='not defined for these data',
    no_program='no program of this project measures it',
    authors='the authors have to state it',
)

MEASURED = '4-evaluate.py'  # the source of what is in no file but scorecard.json
PLANTED = 'evaluation.json: planted_copies'
# checklist: a key of CHECKLISTS; items: a function of Sources that yields (key, label, figures, missing) of each item.
Criterion = collections.namedtuple('Criterion', 'checklist name question items')
# figures: [Figure]; missing: a key of MISSING if there are none, else None.
Item = collections.namedtuple('Item', 'criterion key label figures missing')


def _congruence(sources):
    distances = sources.rows('swd', 'radiomic_distance', 'gray_distance')
    yield 'distances', 'Distances of distributions', distances, 'not_defined'
    yield 'features', 'Distances of features of a network', sources.rows('kid', 'fid'), 'features'
    realism = sources.rows('precision', 'density')
    yield 'realism', 'Generated images among %s ones' % sources.real, realism, 'not_defined'
    yield 'readers', 'Readers who try to tell them apart', sources.readers(), 'turing_test'


def _coverage(sources):
    yield 'variety', 'Variety', sources.rows('recall', 'coverage', 'ms_ssim'), 'not_defined'
    yield 'repetition', 'Repetition', sources.rows('duplicates'), 'not_defined'
    yield 'novelty', 'Novelty', sources.rows('nearest_distance', 'nearer_share'), 'not_defined'


def _constraint(sources):
    found = [float(measured.found.mean()) for measured in sources.evaluation.nodules or ()]
    title = 'share of images with a nodule in the middle'
    nodule = [Figure(title, found[0], MEASURED, reference=found[1])] if found else []
    yield 'nodule', 'There is a nodule', nodule, 'not_defined'
    yield 'density', 'Density', sources.rows('nodule_gray_mean', 'nodule_gray_sd', 'solid_share'), 'not_defined'
    shape = sources.rows('diameter_mean', 'diameter_sd', 'elongation_mean', 'wall_mean')
    yield 'shape', 'Size, shape and place', shape, 'not_defined'
    yield 'anatomy', 'Vessels, bronchi, pleura', [], 'no_program'


def _completeness(sources):
    learned = sources.evaluation.learned
    window = '%g to %g HU' % tuple(learned.window) if learned.window else None
    scale = sources.recorded(window=window, mm_per_pixel=learned.mm_per_pixel)
    yield 'scale', 'Density and length scale', scale, 'unrecorded'
    yield 'labels', 'Labels', sources.recorded(classes=', '.join(learned.classes or [])), 'unrecorded'
    recognized = []
    for name, summary in (sources.classification or {'tested_on_generated': {}})['tested_on_generated'].items():
        measure, place = summary['arms'][name]['metrics']['balanced_accuracy'], 'tested_on_generated, ' + name
        place = sources.in_classification(place)
        recognized.append(Figure('balanced accuracy, ' + name, measure['value'], place, measure.get('interval')))
    label = "Class of the experiment's generated images, recognized by a classifier of others"
    yield 'class_shown', label, recognized, 'classification'
    yield 'volume', 'Neighboring slices of a nodule', [], 'no_program'


def _compliance(sources):
    yield 'copies', 'Copies of training images', sources.rows('nearer_share'), 'not_defined'
    planted = [
        Figure('share of planted copies found, ' + kind.replace('_', ' '), found / float(count), PLANTED)
        for kind, (found, count) in sources.evaluation.detected.items()
    ]
    yield 'detection', 'How many copies the search finds', planted, 'not_defined'
    source = sources.recorded(training_data=sources.evaluation.learned.source)
    yield 'source', 'Patients or phantoms', source, 'unrecorded'
    yield 'membership', 'Membership inference, differential privacy', [], 'no_program'


def _comprehension(sources):
    texts = [note.text for note in sources.evaluation.notes if note.key == 'provenance']
    provenance = [Figure('provenance', text, 'evaluation.json: provenance') for text in texts]
    yield 'provenance', 'Training data of the weights', provenance, 'unrecorded'
    yield 'intended_use', 'Intended use and limits', [], 'authors'


def _consistency(sources):
    study, primary = sources.study or {'classes': {}, 'agreement': {}}, sources.primary()
    by_class = []
    for name, values in study['classes'].items():
        by_class += sources.of_readers('AUC of readers, ' + name, values, 'auc', 'classes, ' + name)
    yield 'classes', 'Classes', by_class, 'turing_test'
    agreed, kappa = [], study['agreement'].get('fleiss')
    if kappa is not None:
        interval = study['agreement'].get('fleiss_interval')
        agreed = [Figure("Fleiss' kappa", kappa, sources.in_study('agreement'), interval)]
    yield 'readers', 'Agreement of readers', agreed, 'turing_test'
    repeats = []
    if primary:
        values = sources.arm(primary[0])['metrics']['balanced_accuracy']['repeats']
        for title, value in (('lowest', min(values)), ('highest', max(values))):
            title = 'balanced accuracy, %s of %d' % (title, len(values))
            repeats.append(Figure(title, value, sources.in_classification('summary, arms, %s, repeats' % primary[0])))
    yield 'generators', 'Generators trained anew', repeats, 'classification'
    drawn = sources.evaluation.drawn
    error = [Figure('relative standard error of SWD', drawn.error, 'evaluation.json: SWD')] if drawn else []
    yield 'draws', 'Draws of the metric', error, 'not_defined'


def _design(sources):
    fixed, study = [], []
    if sources.primary():
        place = sources.in_classification('comparison')
        text = 'balanced accuracy of %s and %s' % sources.primary()
        fixed.append(Figure('primary comparison, named before the run', text, place))
        for row in sources.classification['comparison']['detectable']:
            title = 'gain that is found in %g %% of experiments, if both disagree on %g %% of the nodules'
            title %= 100 * TARGET, 100 * row['disagreement']
            fixed += [Figure(title, row['gain'], place)] if row.get('gain') is not None else []
    yield 'classifier', 'Classifier experiment', fixed, 'classification'
    if sources.study:
        values = ('cases', sources.study['cases']), ('readers', len(sources.study['readers']))
        values += (('margin of accuracy, fixed before', sources.study['margin']),)
        study = [Figure(name, value, sources.study_path) for name, value in values]
    yield 'study', 'Reader study', study, 'turing_test'
    yield 'question', 'Clinical question and setting', [], 'authors'


def _resources(sources):
    training, compared = len(sources.evaluation.sets.training), len(sources.evaluation.images)
    images = ('training images', training), ('images compared, of each kind', compared)
    yield 'images', 'Images', [Figure(name, count, 'evaluation.json') for name, count in images], None
    yield 'people', 'Nodules and patients', sources.people(), 'unrecorded'
    apart = [Figure('reference images', sources.evaluation.facts.reference, 'evaluation.json: reference images')]
    yield 'apart', 'Images kept apart', apart, None
    folds = []
    if sources.classification:
        counts = sources.classification['comparison']
        for name in ('nodules', 'patients', 'unknown_patients'):
            folds.append(Figure(name.replace('_', ' '), counts[name], sources.in_classification('comparison')))
        if sources.classification['phantoms']:
            folds.append(Figure('source', 'phantoms, not patients', sources.in_classification('phantoms')))
    yield 'folds', 'Classifier experiment', folds, 'classification'
    yield 'cohort', 'Choice of patients, reference standard', [], 'authors'


def _baselines(sources):
    rows = [Figure('metrics that have this baseline', len(sources.evaluation.rows), 'evaluation.json: rows')]
    yield 'real', 'Other %s images' % sources.real, rows, None
    names = []
    if sources.classification:
        names = [sources.primary()[1]] if sources.primary() else []
        names += [name for name in ('common', 'raw') if name in sources.classification['summary']['arms']]
    controls = [sources.balanced_accuracy(name) for name in collections.OrderedDict.fromkeys(names)]
    yield 'controls', 'Classifiers without generated images', controls, 'classification'
    transfer = sources.recorded(weights=sources.evaluation.learned.transfer)
    yield 'transfer', 'Weights that the training began with', transfer, 'unrecorded'
    yield 'others', 'Other kinds of generators', [], 'no_program'


def _evaluation(sources):
    verdicts = [
        Figure(TOPICS[verdict['topic']].lower(), verdict['state'], 'evaluation.json: verdicts')
        for verdict in sources.evaluation.verdicts
    ]
    yield 'images', 'Images', verdicts, 'not_defined'
    yield 'readers', 'Readers', sources.readers(), 'turing_test'
    yield 'classifier', "Use of the experiment's generators for a classifier", sources.gain(), 'classification'
    yield 'outcome', 'Effect on patients', [], 'no_program'


def _examination(sources):
    shifts = sorted(sources.evaluation.shifts, key=lambda shift: -abs(shift.fakes))[:3]
    features = [
        Figure(radiomics.FEATURES[x.feature], x.fakes, 'evaluation.json: radiomics', reference=x.reals) for x in shifts
    ]  # fmt: skip
    yield 'features', 'Features that differ most, in spreads', features, 'not_defined'
    missed = []
    if sources.primary():
        name = sources.primary()[0]
        place = sources.in_classification('summary, arms, ' + name)
        for label in sources.classification['summary']['classes']:
            measure = sources.arm(name)['metrics'].get('sensitivity_' + label) or {}
            if measure.get('value') is not None:
                missed.append(Figure('sensitivity, ' + label, measure['value'], place, measure.get('interval')))
    yield 'classes', 'Classes that a classifier misses', missed, 'classification'
    yield 'subgroups', 'Age, sex, scanner, kernel', [], 'no_program'


def _reproducibility(sources):
    evaluation = sources.evaluation
    figures = [Figure('seed', evaluation.seed, 'evaluation.json: seed'), Figure('version', VERSION, MEASURED)]
    figures += [Figure('SHA-256 of the weights', digest, 'evaluation.json: weights') for digest in evaluation.weights]
    if evaluation.sets.card.digest:
        figures.append(Figure('digest of the data', evaluation.sets.card.digest, MEASURED))
    yield 'repeat', 'What is needed to repeat it', figures, None
    yield 'ethics', 'Approval, consent, licence of code and data', [], 'authors'


CRITERIA = collections.OrderedDict(
    congruence=Criterion('fda', 'Congruence', 'do the images resemble {real} ones?', _congruence),
    coverage=Criterion(
        'fda', 'Coverage', 'do they show all that {real} ones show, and more than the training images?', _coverage
    ),
    constraint=Criterion('fda', 'Constraint', 'do they keep to anatomy and physics?', _constraint),
    completeness=Criterion('fda', 'Completeness', 'do they have what their use needs?', _completeness),
    compliance=Criterion('fda', 'Compliance', 'is the privacy of patients protected?', _compliance),
    comprehension=Criterion('fda', 'Comprehension', 'is it documented how they were made?', _comprehension),
    consistency=Criterion('fda', 'Consistency', 'are results the same for classes, readers and repeats?', _consistency),
    design=Criterion('mi_claim_gen', '1. Study design', 'what was asked?', _design),
    resources=Criterion('mi_claim_gen', '2. Cohort and data', 'who is shown, and who was kept apart?', _resources),
    baselines=Criterion('mi_claim_gen', '3. Baselines', 'what was it compared with?', _baselines),
    evaluation=Criterion('mi_claim_gen', '4. Evaluation', 'what was found?', _evaluation),
    examination=Criterion('mi_claim_gen', '5. Examination', 'where does it fail?', _examination),
    reproducibility=Criterion(
        'mi_claim_gen', '6. Reproducibility and ethics', 'can others repeat it, and may they?', _reproducibility
    ),
)


def items(sources):
    """[Item] of both checklists, in the order of CRITERIA. sources: scorecard_sources.Sources."""
    given = dict(classification=sources.classification, turing_test=sources.study)
    return [
        Item(name, key, label, figures, None if figures else 'not_in_' + missing if given.get(missing) else missing)
        for name, criterion in CRITERIA.items()
        for key, label, figures, missing in criterion.items(sources)
    ]


def tables(found, real):
    """[(heading, [(Criterion, its question, [Item])])] of both checklists. found: of `items`; real: of Sources."""
    by_checklist = {checklist: [] for checklist in CHECKLISTS}
    for name, of_criterion in itertools.groupby(found, lambda item: item.criterion):
        criterion = CRITERIA[name]
        question = criterion.question.format(real=real)
        by_checklist[criterion.checklist].append((criterion, question, list(of_criterion)))
    return [(heading, by_checklist[checklist]) for checklist, heading in CHECKLISTS.items()]


def record(found, sources):
    """FILE FORMAT: what scorecard.json holds. found: of `items`."""
    evaluation = sources.evaluation
    data = collections.OrderedDict(model=evaluation.facts.model, weights=evaluation.weights)
    data.update(classification=sources.classification_path, turing_test=sources.study_path, items=[])
    for item in found:
        line = collections.OrderedDict(checklist=CRITERIA[item.criterion].checklist)
        line.update(item._asdict(), figures=[figure._asdict() for figure in item.figures])
        data['items'].append(line)
    return data
