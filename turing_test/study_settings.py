"""Settings of 6-turing_test.py: a record for each of its sub-commands."""

from common.commandline import group, settings
from common.types import flag_type, float_between, fraction, integer_between, nonempty, nonnegative, positive
from config import CPU, SEED


@flag_type('a number from 0.5 to below 1', 'X')
def accuracy(text):
    value = float(text)
    if not 0.5 <= value < 1:
        raise ValueError
    return value


@flag_type('a number above 0 and below 0.5', 'X')
def margin(text):
    value = float(text)
    if not 0 < value < 0.5:
        raise ValueError
    return value


STUDY = (..., 'the folder of the study, or its study.sqlite', nonempty)

Create = settings(
    'Create',
    'choose real patches, generate others, and write a study',
    group(
        'input',
        model=(['demo/weight/AIS.pkl'], 'weights in files or folders named after classes, or one network with labels'),
        data=('processData/AIS', 'real patches, not seen by the weights: a dataset or a folder of classes'),
    ),
    group(
        'protocol',
        mode=('yes-no', 'yes-no: real or generated? 2afc: which of two is real?', ('yes-no', '2afc')),
        number=(300, 'patches to read, or pairs; half of the patches are real', integer_between(2, 10000)),
        repeat=(0.1, 'share of them shown twice, to measure how readers agree with themselves', fraction),
        practice=(10, 'cases before, with the truth after each answer', nonnegative),
        pause=(50, 'cases between two pauses, 0 for none', nonnegative),
        margin=(0.1, 'not told apart: accuracy within 0.5 +- this, and what AUC and d-prime belong to it', margin),
        enlarge=('smooth', 'how patches are enlarged', ('smooth', 'nearest')),
        title=(None, 'what readers see above it (default: Real or generated?)', nonempty),
    ),
    group('output', outdir=('results/study', 'a folder to make')),
    group(
        'randomness',
        seed=(None, 'chooses the images; who knows it can remake them (default: drawn, kept in the study)', SEED[-1]),
    ),
    group('hardware', cpu=CPU),
    inputs='model data',
    example='python 6-turing_test.py create --model AIS.pkl MIA.pkl IA.pkl --data datasets/heldout',
)
Serve = settings(
    'Serve',
    'show it to readers in their browsers, and keep their answers',
    example='python 6-turing_test.py serve results/study --lan',
    study=STUDY,
    port=(8080, 'port to listen on, 0 for any free one', integer_between(0, 65535)),
    lan=(False, 'let other computers of the network in'),
)
Analyse = settings(
    'Analyse',
    'say whether they can tell, and how sure that is',
    inputs='evaluation',
    example='python 6-turing_test.py analyse results/study',
    study=STUDY,
    evaluation=(None, 'evaluation.json of 4-evaluate.py: recall and copies, of which a study says nothing', nonempty),
    outdir=(None, 'where the page and the tables go (default: the folder of the study)', nonempty),
)
Simulate = settings(
    'Simulate',
    'play readers through a server, to rehearse',
    example='python 6-turing_test.py simulate results/study --accuracy 0.65 --readers 4',
    study=STUDY,
    accuracy=(0.65, 'share of cases that readers would have right if they leaned to no side', accuracy),
    d_prime=(None, 'how well they tell one patch from another, instead of --accuracy', float_between(0, 10)),
    criterion=(0.0, 'how much they lean to "generated" or left; below 0: to "real" or right', float_between(-5, 5)),
    readers=(4, 'how many', positive),
    outdir=(None, 'a folder to make for the copy that they read (default: NAME-simulated)', nonempty),
    seed=SEED,
)
DESCRIPTION = (
    'Can readers tell? A visual Turing test of generated nodules: made, shown in browsers, analysed, rehearsed.'
)
COMMANDS = dict(create=Create, serve=Serve, analyse=Analyse, simulate=Simulate)
