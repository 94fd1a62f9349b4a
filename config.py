"""Every setting of scripts 1 to 4 once: name, default, meaning. Rows are flags and fields of a record.

Other scripts have theirs in their package: `dataset_tools/create_settings.py`, `pix2pix/pix2pix_settings.py`.
"""

import json

from common import windows
from common.commandline import group, settings
from common.types import (
    Choice,
    flag_type,
    float_between,
    fraction,
    integer_between,
    limits,
    nonempty,
    nonnegative,
    nonnegative_float,
    positive,
    positive_float,
    power_of_two,
    text,
)

RESOLUTIONS = [2**level for level in range(2, 12)]
RESOLUTION = power_of_two(RESOLUTIONS[0], RESOLUTIONS[-1])
MINIBATCH = '4:128,8:128,16:128,32:64,64:32,128:16,256:8,512:4,1024:4,2048:4'
LRATE = '0.001'
TICK_KIMG = '20'
SEED = (0, 'everything random depends on it', integer_between(0, 2**32 - 1))
WINDOWS = ', '.join('%s (%g,%g)' % ((name,) + limits) for name, limits in windows.WINDOWS.items()) + ' or LO,HI'
CPU = (False, 'leave the GPUs alone')


def per_resolution(number, default=None):
    """A Type: text with a number of the type `number` for each resolution, which `table` reads.

    Resolutions that the text does not name have their number in `default`, another text, or none without it.
    """

    @flag_type('one number, or RESOLUTION:NUMBER,... for resolutions of 4, 8, 16 and so on', 'NUMBERS')
    def parse(pairs):
        numbers = {key: number.parse(str(value)) for key, value in table(default).items()}
        for pair in pairs.split(','):
            resolution, colon, value = pair.rpartition(':')
            if colon and int(resolution) not in RESOLUTIONS:
                raise ValueError
            for key in [int(resolution)] if colon else RESOLUTIONS:
                numbers[key] = number.parse(value)
        if len(numbers) == len(RESOLUTIONS) and len(set(numbers.values())) == 1:
            return str(numbers[RESOLUTIONS[0]])
        return ','.join('%d:%s' % pair for pair in sorted(numbers.items()))

    return parse


def table(text):
    """{resolution: number} of a setting of the type `per_resolution`; {} of None."""
    if not text:
        return {}
    if ':' not in text:
        return dict.fromkeys(RESOLUTIONS, json.loads(text))
    pairs = [pair.split(':') for pair in text.split(',')]
    return {int(resolution): json.loads(number) for resolution, number in pairs}


LRATES = per_resolution(positive_float, LRATE)

# Flags that --preset of 3-train.py stands for.
PRESETS = {
    'paper': '',  # the defaults
    'laptop': '--fmap-max 64 --minibatch 32 --lod-training-kimg 60 --lod-transition-kimg 60 --total-kimg 540',
    'few-nodules': '--transfer demo/weight/MIA.pkl --freeze-critic 1 --fmap-max 80 --fmap-base 512 --holdout 0.2 '
    '--augment-critic adaptive --total-kimg 100 --snapshot-kimg 5 --keep 0',
}

Display = settings(
    'Display',
    'Dataset demo pipeline: transform pictures from a tfrecords file to png format.',
    group(
        'input',
        tfrecords=(
            'processData/AIS/AIS-r06.tfrecords',
            'the tfrecords file path, or a dataset folder (its finest level is shown)',
        ),
        number=(10, 'set the number of dataset images to show', positive),
    ),
    group(
        'output',
        outdir=('demo/output', 'the output path'),
        grid=(False, 'write one contact sheet, dataset_grid.png, instead of single images'),
        window=(None, 'show another HU window: ' + WINDOWS, text),
        summary=(False, 'write no images, but print a table of the levels'),
    ),
    inputs='tfrecords',
    example='python 1-dataset_display.py --tfrecords processData/MIA --number 64 --grid',
)

Inference = settings(
    'Inference',
    'Nodule generation pipeline.',
    group(
        'model',
        model=('demo/weight/AIS.pkl', 'the model weight file path'),
        network=('Gs', 'Gs, the moving average of the generator, or G, its latest weights', ('Gs', 'G')),
    ),
    group(
        'latents',
        number=(
            None,
            'set the number of output images or latents (10, or as many as --latents or --labels holds)',
            positive,
        ),
        latents=(
            None,
            'a NumPy file [N, latent size], or a PNG that the explorer saved, to use instead of random latents',
            nonempty,
        ),
        labels=(None, 'a NumPy file [N, classes] for a network with labels', nonempty),
        label=(
            None,
            'one class for all images: its name, or its number, counted from 0 (without --label and --labels the '
            'classes take turns)',
            nonempty,
        ),
    ),
    group(
        'walks',
        interpolate=(
            None,
            'walk from each latent to the next (of 5 by default): slerp, along an arc, or linear; labels change '
            'evenly. smooth: an animation of as many walks as --number, side by side, through random latents that '
            'are smoothed over time',
            ('slerp', 'linear', 'smooth'),
        ),
        steps=(
            None,
            'with --interpolate: images from one latent to the next, both included (8, in a GIF 16)',
            integer_between(2, 10000),
        ),
        duration=(None, 'with --interpolate smooth: seconds of the animation, a loop (10)', positive_float),
        smoothing=(
            None,
            'with --interpolate smooth: standard deviation, in seconds, of the Gaussian that smooths the latents (1)',
            positive_float,
        ),
        fps=(None, 'frames a second of an animation (GIF 17, MP4 30; of single images 2)', positive_float),
    ),
    group(
        'projection',
        project=(
            None,
            'look for the latent whose image is nearest to this picture; writes projection.png (picture, image, '
            'difference) and projection.npy',
            nonempty,
        ),
        project_steps=(400, 'with --project: steps of the search, after as many for finding where to begin', positive),
        range=(
            None,
            'with --project: stored values of the picture that become black and white, as LO,HI; for 16 bits '
            '0,65535 if not given',
            limits,
        ),
    ),
    group(
        'output',
        outdir=('demo/output', 'the output path'),
        grid=(False, 'write one contact sheet, inference_grid.png, instead of single images'),
        sheets=(1, 'with --grid: so many sheets of --number images each, inference_grid_0.png and so on', positive),
        format=(
            'png',
            'png: single images, with --interpolate one interpolation.png with a row for each walk; gif, mp4: one '
            'animation, with --interpolate a loop (mp4 needs imageio-ffmpeg); frames: with --interpolate single '
            'images; npy: one float32 file [N, C, H, W] of raw network output. A sheet and a GIF are in memory until '
            'they are whole',
            ('png', 'gif', 'mp4', 'frames', 'npy'),
        ),
    ),
    group('randomness', seed=(0, 'image i depends on the seed and on i alone', integer_between(0, 2**32 - 1))),
    group('hardware', minibatch=(16, 'images computed at a time', positive), cpu=CPU),
    inputs='model latents labels project',
    example='python 2-inference.py --model demo/weight/MIA.pkl --number 64 --grid',
)

Train = settings(
    'Train',
    'Training of the progressive growing wGAN, from tfrecords to a (G, D, Gs) pickle.',
    group(
        'to begin with',
        preset=(
            None,
            'settings that fit a purpose, which other flags change. paper: the defaults, for a GPU; laptop: a narrow '
            'network and a tenth of the schedule; few-nodules: a short training that starts from the demo weights '
            'and watches held-out nodules',
            tuple(PRESETS),
        ),
    ),
    group(
        'input',
        data=('processData/AIS', 'a dataset folder, or a folder of class folders'),
        conditional=(
            False,
            'one network with labels: of class folders (otherwise the classes are pooled), or those that '
            'NAME-rxx.labels holds',
        ),
        max_label_size=(
            None,
            'with --conditional: take so many of the first columns of the labels (default: all)',
            positive,
        ),
        balance_classes=(False, 'show images of each class equally often, however many nodules it has'),
        mirror_augment=(False, 'mirror images left to right at random'),
        resolution=(None, 'the finest level of the data to learn from (default: the finest there is)', RESOLUTION),
    ),
    group(
        'few nodules',
        holdout=(
            0.0,
            'share of the nodules of each class that is held out, to measure whether the others are memorised',
            fraction,
        ),
        validation=(None, 'a dataset of other nodules to measure that with instead', nonempty),
        augment_critic=(
            None,
            'the discriminator sees real and generated images mirrored, turned, shifted, brighter and with more '
            'contrast, at random: always, or adaptive, as much as keeps it from knowing the training images by heart',
            Choice('always', 'adaptive', optional=True),
        ),
    ),
    group(
        'output',
        outdir=('results', 'where the numbered run folders are'),
        tick_kimg=(
            TICK_KIMG,
            'thousands of images between two lines of the log: one number, or resolution:number,...',
            per_resolution(positive_float, TICK_KIMG),
        ),
        snapshot_kimg=(200.0, 'thousands of images between two snapshots', positive_float),
        keep=(3, 'snapshots to keep, 0 for all', nonnegative),
        weight_histograms=(False, 'histograms of the weights of G and D in TensorBoard, at each snapshot'),
        video=(
            None,
            'when the run has ended, write training.mp4: the pictures of fakes over its time, in so many seconds; with '
            '--resume also of a run that is complete (needs imageio-ffmpeg)',
            positive_float,
        ),
        video_fps=(None, 'with --video: frames a second (30)', positive_float),
        metrics=(
            None,
            'swd: measure the sliced Wasserstein distance of each snapshot from 16x16 on, and keep the best one',
            ('swd',),
        ),
    ),
    group(
        'going on',
        resume=(None, 'go on with a run: its folder, its number in --outdir, or latest', nonempty),
        resume_snapshot=(
            None,
            'with --resume: go on from an earlier snapshot, the number in its name, in a new run folder',
            nonnegative,
        ),
        transfer=(None, 'start from the weights of a published pickle', nonempty),
        resume_kimg=(
            None,
            'with --transfer: where the schedule goes on, in thousands of images that the weights have seen; without '
            'it the schedule begins at the resolution of the weights',
            positive_float,
        ),
        freeze_critic=(
            0,
            'with --transfer: leave so many of the coarsest blocks of the discriminator (4x4, 8x8, ...) as they are',
            nonnegative,
        ),
    ),
    group(
        'schedule',
        total_kimg=(
            5400.0,
            'length of the run, in thousands of real images shown; 5400 is what 64x64 needs',
            positive_float,
        ),
        lod_initial_resolution=(None, 'resolution to start with (4, or with --transfer that of its weights)', positive),
        lod_training_kimg=(
            600.0,
            'thousands of images at a resolution before the next one is faded in',
            positive_float,
        ),
        lod_transition_kimg=(600.0, 'thousands of images while the next resolution is faded in', positive_float),
        minibatch=(
            MINIBATCH,
            'images in a step, over all devices: one number, or resolution:number,...',
            per_resolution(positive, MINIBATCH),
        ),
        max_minibatch_per_gpu=(
            None,
            'at most so many images in a step on each device: one number, or resolution:number,...',
            per_resolution(positive),
        ),
        minibatch_repeats=(4, 'steps between two looks at the schedule', positive),
        dry_run=(False, 'print the schedule with speed, time and memory on this machine, and end'),
    ),
    group(
        'optimization',
        loss=(
            'wgan-gp',
            'wgan-gp, as in the paper, or r3: relativistic pairing with R1 and R2, the loss of R3GAN',
            ('wgan-gp', 'r3'),
        ),
        D_repeats=(1, 'discriminator steps for a generator step', positive),
        G_lrate=(LRATE, 'learning rate of the generator: one number, or resolution:number,...', LRATES),
        D_lrate=(LRATE, 'learning rate of the discriminator: one number, or resolution:number,...', LRATES),
        lrate_decay=(
            0.0,
            'last share of the time at the last resolution, its fade included, over which both learning rates fall to '
            'a tenth',
            float_between(0, 1),
        ),
        G_smoothing=(0.999, 'share of Gs, the moving average of the generator, that a step keeps', fraction),
        G_smoothing_kimg=(
            None,
            'instead: thousands of images after which half of Gs is new, whatever the minibatch: one number, or '
            'resolution:number,...',
            per_resolution(positive_float),
        ),
        no_reset_optimizers=(False, 'keep the moments of Adam where the fade of a resolution begins or ends'),
    ),
    group(
        'model',
        fmap_base=(8192, 'feature maps of a layer: fmap_base / 2^(level * fmap_decay)', positive),
        fmap_decay=(1.0, 'how fast they become fewer: 1 halves them at each resolution', nonnegative_float),
        fmap_max=(512, 'most feature maps of a layer', positive),
        latent_size=(None, 'numbers in a latent (default: as many as the coarsest layer has feature maps)', positive),
        no_pixelnorm=(False, 'leave out the pixel normalisation of the generator'),
        relu=(False, 'ReLU in the generator instead of leaky ReLU'),
        no_wscale=(False, 'scale weights when they are drawn instead of in each step (no equalised learning rate)'),
        no_fused_scale=(False, 'change the resolution beside the convolutions instead of within them'),
        mbstd_group_size=(4, 'images whose variation the discriminator sees; 0: none', nonnegative),
    ),
    group('randomness', seed=SEED),
    group(
        'hardware',
        gpus=(None, 'GPUs of this machine to use (default: all)', positive),
        cpu=CPU,
        precision=(
            'fp32',
            'of convolutions: fp32, tf32 (GPUs since Ampere) or bf16 (also CPUs with AMX); weights are float32 always',
            ('fp32', 'tf32', 'bf16'),
        ),
        xla=(False, 'compile the steps with XLA'),
        wait=(900.0, 'seconds to wait at the start for the other workers that TF_CONFIG names', positive_float),
    ),
    inputs='data transfer validation',
    writer='training',
    example='python 3-train.py --data processData/AIS --preset laptop',
    presets=PRESETS,
)

Evaluate = settings(
    'Evaluate',
    'Evaluation of generators: how near their images are to real ones, how varied, and whether they are copies.',
    group(
        'input',
        model=(['demo/weight/AIS.pkl'], 'weight file paths, one or more; the Gs of each is evaluated'),
        run=(None, 'instead, all snapshots of a training: its run folder, its number in results, or latest', nonempty),
        data=('processData/AIS', 'the dataset that it was trained on, or a folder of class folders'),
        real_holdout=(
            None,
            'a dataset of real images that it was not trained on (default: the nodules that its training kept out, or '
            'else half of --data)',
            nonempty,
        ),
        resolution=(None, 'that of the weights, if it is below the finest level of the data', RESOLUTION),
        number=(2000, 'images of each kind to compare; fewer where the datasets hold fewer', positive),
        audit=(1000, 'generated and reference images that the training images are searched for', positive),
    ),
    group(
        'features',
        features=(None, 'a frozen TensorFlow graph for KID, FID, precision and recall', nonempty),
        feature_tensor=(None, 'its output (default: its last operation)', nonempty),
    ),
    group(
        'scorecard',
        classification=(None, 'classification.json of 5-classify.py, whose figures the scorecard takes', nonempty),
        turing_test=(None, 'turing_test.json of a reader study with these weights, likewise', nonempty),
    ),
    group(
        'output',
        outdir=(None, 'the output path (default: in demo/output, named after the weights)', nonempty),
        no_cache=(False, "compute anew what the user's cache folder holds of these data, and leave that folder alone"),
    ),
    group('randomness', seed=SEED),
    group('hardware', minibatch=(16, 'images computed at a time', positive), cpu=CPU),
    inputs='model data real_holdout features classification turing_test',
    example='python 4-evaluate.py --model demo/weight/AIS.pkl --data processData/AIS --audit 50',
)
