"""Every setting once: name, default, meaning. A row becomes a flag, its help and a field of an immutable record."""
from commandline import channels, filled, limits, natural, natural_float, number_between, positive, positive_float, rate, settings

MINIBATCH = '4:128,8:128,16:128,32:64,64:32'


def shapes(text):
    """'ellipse', 'spiculated', or both with a comma between."""
    names = text.split(',')
    if not set(names) <= {'ellipse', 'spiculated'}:
        raise ValueError(text)
    return names


def span(text):
    """'6-10': two positive numbers, the smaller first; or one for both."""
    numbers = [positive_float(part) for part in text.split('-')]
    if len(numbers) > 2 or numbers[0] > numbers[-1]:
        raise ValueError(text)
    return numbers[0], numbers[-1]


def per_resolution(text):
    """'128' for all resolutions, or '4:128,8:64'; those that are not named keep their default."""
    table = dict(pair.split(':') for pair in MINIBATCH.split(','))
    for pair in text.split(','):
        resolution, colon, number = pair.rpartition(':')
        if colon and int(resolution) not in [2 ** level for level in range(2, 12)]:
            raise ValueError(text)
        for key in [str(int(resolution))] if colon else list(table):
            table[key] = str(positive(number))
    return ','.join('%s:%s' % (key, table[key]) for key in sorted(table, key=int))


Display = settings(
    'Display',
    tfrecords=('processData/AIS/AIS-r06.tfrecords', 'the tfrecords file path, or a data set folder (its finest level is shown)'),
    number=(10, 'set the number of dataset images to show', natural),
    outdir=('demo/output', 'the output path'),
    grid=(False, 'write one contact sheet, dataset_grid.png, instead of single images'),
    window=(None, 'show another HU window: paper (-1900,1100), lung (-1350,150) or LO,HI', str),
    summary=(False, 'write no images, but print a table of the levels'))

Inference = settings(
    'Inference',
    model=('demo/weight/AIS.pkl', 'the model weight file path'),
    number=(None, 'set the number of output images or latents (10, or as many as --latents or --labels holds)', natural),
    outdir=('demo/output', 'the output path'),
    seed=(0, 'image i depends on the seed and on i alone', number_between(0, 2 ** 32 - 1)),
    minibatch=(16, 'images computed at a time', positive),
    latents=(None, 'a NumPy file [N, latent size] to use instead of random latents', filled),
    labels=(None, 'a NumPy file [N, classes] for a network with labels', filled),
    label=(None, 'one class, counted from 0, for all images (without --label and --labels the classes take turns)', natural),
    network=('Gs', 'Gs, the moving average of the generator, or G, its latest weights', ('Gs', 'G')),
    interpolate=(None, 'walk from each latent to the next (of 5 if nothing says how many): slerp, along an arc, or linear; labels change evenly',
                 ('slerp', 'linear')),
    steps=(None, 'with --interpolate: images from one latent to the next, both included (8, in a GIF 16)', number_between(2, 10000)),
    project=(None, 'look for the latent whose image is nearest to this picture; writes projection.png (picture, image, difference) and projection.npy', filled),
    project_steps=(400, 'with --project: steps of the search, after as many for finding where to begin', positive),
    grid=(False, 'write one contact sheet, inference_grid.png, instead of single images'),
    format=('png', 'png: single images, with --interpolate one interpolation.png with a row for each walk; gif: one animation, with --interpolate a loop; '
                   'frames: with --interpolate single images; npy: one float32 file [N, C, H, W] of raw network output', ('png', 'gif', 'frames', 'npy')),
    cpu=(False, 'leave the GPUs alone'))

Figures = settings(
    'Figures',
    outdir=('imgs', 'the output path'),
    weights=('demo/weight', 'the folder of AIS.pkl, MIA.pkl and IA.pkl; figures for which it has none are left out'))

Progan = settings(
    'Progan',
    data=('processData/AIS', 'a data set folder, or a folder of class folders'),
    outdir=('results', 'where the numbered run folders are'),
    resume=(None, 'go on with a run: its folder, or latest', filled),
    transfer=(None, 'start from the weights of a published pickle', filled),
    conditional=(False, 'with class folders: one network with labels (otherwise the classes are pooled)'),
    total_kimg=(5400., 'length of the run, in thousands of real images shown; 5400 is what 64x64 needs', positive_float),
    lod_initial_resolution=(4, 'resolution to start with', positive),
    lod_training_kimg=(600., 'thousands of images at a resolution before the next one is faded in', positive_float),
    lod_transition_kimg=(600., 'thousands of images while the next resolution is faded in', positive_float),
    minibatch=(MINIBATCH, 'images in a step, over all devices: one number, or resolution:number,...', per_resolution),
    minibatch_repeats=(4, 'steps between two looks at the schedule', positive),
    D_repeats=(1, 'discriminator steps for a generator step', positive),
    G_lrate=(0.001, 'learning rate of the generator', positive_float),
    D_lrate=(0.001, 'learning rate of the discriminator', positive_float),
    G_smoothing=(0.999, 'how much of Gs, the moving average of the generator, a step keeps', rate),
    mirror_augment=(False, 'show each image as it is or mirrored left to right, by chance'),
    fmap_base=(8192, 'feature maps of a layer: fmap_base / 2^level', positive),
    fmap_max=(512, 'most feature maps of a layer', positive),
    mbstd_group_size=(4, 'images whose variation the discriminator sees; 0: none', natural),
    seed=(0, 'everything random depends on it', number_between(0, 2 ** 32 - 1)),
    tick_kimg=(20., 'thousands of images between two lines of the log', positive_float),
    snapshot_kimg=(200., 'thousands of images between two snapshots', positive_float),
    keep=(3, 'snapshots to keep, 0 for all', natural),
    metrics=(None, 'swd: measure the sliced Wasserstein distance of each snapshot from 16x16 on, and keep the best one', ('swd',)),
    gpus=(None, 'GPUs of this machine to use (default: all)', positive),
    cpu=(False, 'leave the GPUs alone'),
    precision=('fp32', 'of convolutions: fp32, tf32 (GPUs since Ampere) or bf16 (also CPUs with AMX); weights are float32 always',
               ('fp32', 'tf32', 'bf16')),
    xla=(False, 'compile the steps with XLA'))

Evaluate = settings(
    'Evaluate',
    model=('demo/weight/AIS.pkl', 'the model weight file path; its Gs is evaluated'),
    data=('processData/AIS', 'the data set that it was trained on, or a folder of class folders'),
    real_holdout=(None, 'a data set of real images that it was not trained on (default: half of --data is taken for that)', filled),
    number=(2000, 'images of each kind to compare; fewer where the data sets hold fewer', positive),
    audit=(1000, 'generated images, and held-out ones, that the training images are searched for', positive),
    features=(None, 'a frozen TensorFlow graph for KID, FID, precision and recall', filled),
    feature_tensor=(None, 'its output (default: its last operation)', filled),
    outdir=('demo/output', 'the output path'),
    seed=(0, 'everything random depends on it', number_between(0, 2 ** 32 - 1)),
    minibatch=(16, 'images computed at a time', positive),
    cpu=(False, 'leave the GPUs alone'))

Pix2pixTrain = settings(
    'Pix2pixTrain',
    data=('pix2pix/dataset-demo', 'a folder of CT | mask pictures, or of CT pictures with --masks'),
    masks=(None, 'a folder of masks with the names of those in --data; what is not black is nodule', filled),
    outdir=('results', 'where the numbered run folders are'),
    resume=(None, 'go on with a run: its folder, or latest', filled),
    direction=('mask2ct', 'what is made of what: mask2ct or ct2mask', ('mask2ct', 'ct2mask')),
    channels=(1, 'of the CT pictures: 1 for gray, 3 for colour', channels),
    epochs=(500, 'times that every pair is shown', positive),
    minibatch=(32, 'pairs in a step', positive),
    ngf=(128, 'feature maps of the first layer of the generator', positive),
    ndf=(128, 'feature maps of the first layer of the discriminator', positive),
    lrate=(1e-4, 'learning rate of both', positive_float),
    l2_weight=(1000., 'weight of the mean squared error', natural_float),
    l1_weight=(0., 'weight of the mean absolute error', natural_float),
    no_flip=(False, 'show pairs as they are only, not mirrored left to right by chance'),
    validation=(0.1, 'share of the pairs that are kept for the pictures fakes*.png', rate),
    seed=(0, 'everything random depends on it', number_between(0, 2 ** 32 - 1)),
    snapshot_epochs=(25, 'epochs between two snapshots', positive),
    keep=(3, 'snapshots to keep, 0 for all', natural),
    precision=('fp32', 'of convolutions: fp32, tf32 (GPUs since Ampere) or bf16; weights are float32 always', ('fp32', 'tf32', 'bf16')),
    cpu=(False, 'leave the GPUs alone'))
Pix2pixGenerate = settings(
    'Pix2pixGenerate',
    model=('demo/weight/pix2pix.pkl', 'the model weight file path'),
    masks=('pix2pix/dataset-demo', 'a folder of masks, or of CT | mask pictures, whose CT is shown beside'),
    shape=(None, 'draw masks instead of reading them: ellipse, spiculated or ellipse,spiculated', shapes),
    diameter=((6., 20.), 'with --shape: from how many to how many pixels across, as 6-10', span),
    number=(10, 'with --shape: masks to draw', positive),
    samples=(1, 'patches of each mask', positive),
    no_dropout=(False, 'no dropout, so that all samples of a mask are the same'),
    outdir=('demo/output/pix2pix', 'the output path'),
    seed=(0, 'everything random depends on it', number_between(0, 2 ** 32 - 1)),
    minibatch=(32, 'images computed at a time; features are normalised over them', number_between(2, 4096)),
    cpu=(False, 'leave the GPUs alone'))
PIX2PIX = {'train': (Pix2pixTrain, 'train on pairs of CT patches and masks'), 'generate': (Pix2pixGenerate, 'make CT patches of masks')}

TrainBenchmark = settings(
    'TrainBenchmark',
    resolution=(64, 'resolution of the network and its images', positive),
    minibatch=(32, 'images in a step', positive),
    iterations=(10, 'iterations to time; one is a step of D and one of G', positive),
    fmap_max=(512, 'most feature maps of a layer', positive),
    precision=('fp32', 'of convolutions', ('fp32', 'tf32', 'bf16')),
    level_fade=(False, 'time the fading in of the resolution instead of its stable phase'),
    xla=(False, 'compile the steps with XLA'),
    cpu=(False, 'leave the GPUs alone'))

Pix2pixControl = settings(
    'Pix2pixControl',
    model=('demo/weight/pix2pix.pkl', 'the model weight file path'),
    data=('pix2pix/dataset-demo', 'a folder of CT | mask pictures that it was not trained on'),
    pixels=(10, 'columns by which masks are moved', positive),
    cpu=(False, 'leave the GPUs alone'))
Pix2pixBenchmark = settings(
    'Pix2pixBenchmark',
    resolution=(64, 'width and height of the patches', number_between(32, 1024, power_of_two=True)),
    minibatch=(16, 'pairs in a step', number_between(2, 4096)),
    iterations=(10, 'steps to time', positive),
    ngf=(64, 'feature maps of the first layers', positive),
    precision=('fp32', 'of convolutions', ('fp32', 'tf32', 'bf16')),
    cpu=(False, 'leave the GPUs alone'))

_OUTPUT = dict(
    outdir=('processData', 'folder of data sets'),
    force=(False, 'replace what has that name already'))
_PATCHES = dict(
    name=(None, 'name of the data set, or what the names of its classes begin with', str),
    resolution=(64, 'width and height of the images, a power of two', number_between(4, 1024, power_of_two=True)),
    augment=(False, 'each image also mirrored left to right, mirrored up and down, and turned by 90 and by 270 degrees'),
    shifts=(1, 'with --augment: cut each image that many times, once centred, then up to 10 pixels off', number_between(1, 441)),
    folds=(None, 'split by nodule: OUTDIR/fold0/train/NAME, OUTDIR/fold0/test/NAME and so on', number_between(2, 100)),
    seed=(0, 'everything random depends on it', number_between(0, 2 ** 32 - 1)))
_WINDOW = dict(window=('paper', 'HU shown as black and white: paper (-1900,1100), lung (-1350,150) or LO,HI'))
_SPACING = dict(spacing=(0.6, 'mm per pixel', positive_float))
_PHANTOM = dict(number=(300, 'phantoms of a class', positive), processes=(None, 'processes that draw (default: one for each core)', positive))

CreateImages = settings(
    'CreateImages',
    folder=(..., 'a folder of PNG, JPEG, TIFF, BMP or NPY files, or of class folders of them', str),
    **_PATCHES,
    channels=(1, '1 for gray, 3 for colour', channels),
    range=(None, 'stored values that become black and white, as LO,HI; for 16 bits 0,65535 if not given; 8-bit images are kept as they are', limits),
    resize=(False, 'take the middle square of images of other sizes and scale it'),
    nodules=(None, 'a pattern whose first group is the nodule\'s name in a file name, as in "(.*)_slice" (default: each file is a nodule)', str),
    window=(None, 'if the images are CT: the HU that black and white stand for: paper, lung or LO,HI', str),
    **_OUTPUT)
CreateVolumes = settings(
    'CreateVolumes',
    annotations=(..., 'a CSV table: seriesuid or path, coordX,coordY,coordZ or x,y,z, perhaps diameter_mm, class, nodule', str),
    **_PATCHES,
    volumes=(None, 'folder in which a seriesuid is looked for (default: that of the table)', str),
    coordinates=('world', 'what x,y,z are: world (mm) or voxel', ('world', 'voxel')),
    slices=(1, 'neighbouring slices of a nodule, an image each', positive),
    **_SPACING, **_WINDOW, **_OUTPUT)
CreatePhantom = settings(
    'CreatePhantom',
    kind=(..., 'nodule class', ('AIS', 'MIA', 'IA')),
    **_PHANTOM, **_PATCHES,
    masks=(False, 'write the phantoms with their nodule masks too: OUTDIR/NAME/pairs/*.png, CT | mask'),
    **_SPACING, **_WINDOW, **_OUTPUT)
CreatePairs = settings(
    'CreatePairs',
    phantom=(None, 'draw phantoms of this class, or of all', ('AIS', 'MIA', 'IA', 'all')),
    **_PHANTOM,
    off_centre=(False, 'cut the phantoms up to 10 pixels off the middle of the nodule, so that a network learns to place it'),
    images=(None, 'instead of phantoms: a folder of images', str),
    masks=(None, 'and one of their masks, of the same names; what is not black is nodule', str),
    name=('pairs', 'name of the folder in OUTDIR'),
    resolution=_PATCHES['resolution'], seed=_PATCHES['seed'],
    **_SPACING, **_WINDOW,
    outdir=('pix2pix', 'folder of NAME'), force=_OUTPUT['force'])
Verify = settings(
    'Verify',
    datasets=(..., 'data set folders, or folders of them', list),
    channels=(None, '1 for gray, 3 for colour (default: what NAME.json says, or 1)', channels))
CREATE = {'images': (CreateImages, 'from a folder of image files'), 'volumes': (CreateVolumes, 'from CT volumes and a table of nodules'),
          'phantom': (CreatePhantom, 'from computed patches of lung with a nodule, without patients'),
          'pairs': (CreatePairs, 'CT | mask pictures for pix2pix'), 'verify': (Verify, 'look for damage and duplicates; exit code 1 if there are any')}

GenerateBenchmark = settings(
    'GenerateBenchmark',
    resolution=(64, 'width and height of the images', positive),
    minibatch=(16, 'images computed at a time', positive),
    number=(160, 'images to time in the steady state', positive),
    fmap_max=(512, 'most feature maps of a layer', positive),
    cpu=(False, 'leave the GPUs alone'))
