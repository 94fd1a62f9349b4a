"""Settings of python -m pix2pix: a record for each of its sub-commands."""

from common.commandline import group, settings
from common.types import (
    channels,
    flag_type,
    fraction,
    integer_between,
    nonempty,
    nonnegative,
    nonnegative_float,
    positive,
    positive_float,
    text,
)
from config import CPU, SEED, WINDOWS

# Settings of Train that may change when a run goes on.
CHANGEABLE = 'data masks outdir resume epochs snapshot_epochs keep cpu'.split()


@flag_type('ellipse, spiculated or ellipse,spiculated')
def shapes(text):
    names = text.split(',')
    if not set(names) <= {'ellipse', 'spiculated'}:
        raise ValueError
    return names


@flag_type('LEAST-MOST, two numbers above zero, the smaller first, or one number')
def span(text):
    numbers = [positive_float.parse(part) for part in text.split('-')]
    if len(numbers) > 2 or numbers[0] > numbers[-1]:
        raise ValueError
    return numbers[0], numbers[-1]


Train = settings(
    'Train',
    'train on pairs of CT patches and masks',
    group(
        'input',
        data=('pix2pix/dataset-demo', 'a folder of CT | mask pictures, or of CT pictures with --masks'),
        masks=(None, 'a folder of masks with the names of those in --data; what is not black is nodule', nonempty),
        direction=('mask2ct', 'what is made of what: mask2ct or ct2mask', ('mask2ct', 'ct2mask')),
        channels=(1, 'of the CT pictures: 1 for gray, 3 for colour', channels),
        no_flip=(False, 'do not mirror pairs left to right at random'),
        validation=(0.1, 'share of the pairs that are kept for the pictures fakes*.png', fraction),
    ),
    group(
        'output',
        outdir=('results', 'where the numbered run folders are'),
        snapshot_epochs=(25, 'epochs between two snapshots', positive),
        keep=(3, 'snapshots to keep, 0 for all', nonnegative),
    ),
    group(
        'going on',
        resume=(None, 'go on with a run: its folder, its number in --outdir, or latest', nonempty),
        transfer=(None, 'start from the weights of a pickle of the same networks', nonempty),
    ),
    group(
        'optimization',
        epochs=(500, 'times that every pair is shown', positive),
        minibatch=(32, 'pairs in a step', positive),
        lrate=(1e-4, 'learning rate of both', positive_float),
        lrate_decay=(0.0, 'last share of the epochs, over which it falls to a tenth', fraction),
        loss=(
            'gan',
            'adversarial loss: gan, as published, or r3: relativistic pairing with R1 and R2, the loss of R3GAN',
            ('gan', 'r3'),
        ),
        l2_weight=(1000.0, 'weight of the mean squared error', nonnegative_float),
        l1_weight=(0.0, 'weight of the mean absolute error', nonnegative_float),
        consistency=(
            0.0,
            'with --direction mask2ct: weight of the mean absolute change far from a nodule that is added to the mask',
            nonnegative_float,
        ),
    ),
    group(
        'model',
        ngf=(128, 'feature maps of the first layer of the generator', positive),
        ndf=(128, 'feature maps of the first layer of the discriminator', positive),
        upsample=(
            'transposed',
            'how the generator enlarges: transposed convolutions, as published, which leave a checkerboard, or resize: '
            'each pixel twice each way, then a convolution',
            ('transposed', 'resize'),
        ),
        padding=(
            'zero',
            'what the generator sees beyond the border: zeros, as published, which can leave a frame, or its features '
            'mirrored',
            ('zero', 'mirror'),
        ),
        noise=(
            0,
            'maps of noise that a layer of the generator gets beside dropout, for the grain of lung',
            nonnegative,
        ),
    ),
    group('randomness', seed=SEED),
    group(
        'hardware',
        precision=(
            'fp32',
            'of convolutions: fp32, tf32 (GPUs since Ampere) or bf16; weights are float32 always',
            ('fp32', 'tf32', 'bf16'),
        ),
        cpu=CPU,
    ),
    inputs='data masks transfer',
    writer='training',
    example='python -m pix2pix train --data pix2pix/dataset-demo --ngf 32 --ndf 32 --epochs 100',
)
Generate = settings(
    'Generate',
    'make CT patches of masks',
    group(
        'input',
        model=('demo/weight/pix2pix.pkl', 'the model weight file path'),
        masks=('pix2pix/dataset-demo', 'a folder of masks, or of CT | mask pictures, whose CT is shown beside'),
        shape=(None, 'draw masks instead of reading them: ellipse, spiculated or ellipse,spiculated', shapes),
        diameter=(
            '4-12',
            'with --shape: from how many to how many mm across, as 6-10; of weights that do not record mm per pixel, '
            'pixels',
            span,
        ),
        number=(10, 'with --shape: masks to draw', positive),
        samples=(1, 'patches of each mask', positive),
    ),
    group(
        'output',
        window=(
            None,
            'HU of black and white in the patches, for the page (default: what is known of the weights, or paper): '
            + WINDOWS,
            text,
        ),
        outdir=('demo/output/pix2pix', 'the output path'),
    ),
    group(
        'randomness',
        no_dropout=(False, 'no dropout and no noise, so that all samples of a mask are the same'),
        seed=SEED,
    ),
    group(
        'hardware',
        minibatch=(32, 'images computed at a time; features are normalised over them', integer_between(2, 4096)),
        cpu=CPU,
    ),
    inputs='model masks',
    example='python -m pix2pix generate --shape ellipse,spiculated --diameter 6-10',
)
Evaluate = settings(
    'Evaluate',
    'measure how patches differ from those of a folder of pairs',
    group(
        'input',
        model=('demo/weight/pix2pix.pkl', 'the model weight file path'),
        data=(
            'pix2pix/dataset-demo',
            'a folder of CT | mask pictures, or of CT pictures with --masks, which the weights did not learn from',
        ),
        masks=(None, 'a folder of masks with the names of those in --data', nonempty),
        moved=(10, 'pixels by which masks are moved to the right, to see whether nodules follow', positive),
    ),
    group('randomness', seed=SEED),
    group('hardware', cpu=CPU),
    inputs='model data masks',
    example='python -m pix2pix evaluate --model results/000-pairs/network-final.pkl --data held-out',
)
DESCRIPTION = "pix2pix: from a nodule's mask to a CT patch."
COMMANDS = dict(train=Train, generate=Generate, evaluate=Evaluate)
