"""Settings of 0-dataset_create.py: a record for each of its sub-commands."""

from common.commandline import settings
from common.types import channels, limits, number_between, numbers, positive, positive_float
from config import SEED, WINDOWS

_OUTPUT = dict(outdir=('datasets', 'folder of datasets'), force=(False, 'replace what has that name already'))
_PATCHES = dict(
    name=(None, 'name of the dataset, or what the names of its classes begin with', str),
    resolution=(64, 'width and height of the images, a power of two', number_between(4, 1024, power_of_two=True)),
    augment=(
        False,
        'each image also mirrored left to right, mirrored up and down, and turned by 90 and by 270 degrees',
    ),
    shifts=(
        1,
        'with --augment: cut each image that many times, once centred, then up to 10 pixels off',
        number_between(1, 441),
    ),
    folds=(
        None,
        'split for cross-validation, by patient, scan or nodule: OUTDIR/NAME/fold0/train/CLASS and so on',
        number_between(2, 100),
    ),
    inner=(
        None,
        'with --folds: split each training side again, OUTDIR/NAME/fold0/inner0/train/CLASS and so on',
        number_between(2, 100),
    ),
    seed=SEED,
)
_RANGE = dict(
    range=(
        None,
        'stored values of pictures that become black and white, as LO,HI; for 16 bits 0,65535 if not given; 8-bit '
        'pictures are kept as they are',
        limits,
    )
)
_WINDOW = dict(window=('paper', 'HU of black and white: ' + WINDOWS))
_NAMES = dict(
    key=(
        None,
        'file of the key that names are hashed with (default: one in your config folder, made at first use)',
        str,
    ),
    keep_names=(False, 'keep the names of scans, patients, nodules and files, for private use'),
)
_VOLUMES = dict(
    volumes=(
        None,
        'folder in which a seriesuid is looked for (default: that of the table), and a path that is not in that of the '
        'table; or the only scan',
        str,
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
    interpolation=(
        'bspline',
        'how pixels between voxels come about: linear smooths, bspline does less, lanczos least, but takes long',
        ('linear', 'bspline', 'lanczos'),
    ),
)
_READERS = (None, 'processes that read scans, each one at a time (default: one for each core, 4 at most)', positive)
_SPACING = dict(spacing=(0.6, 'mm per pixel', positive_float))
_PHANTOM = dict(
    number=('300', 'phantoms of a class; with all also three numbers, of AIS, MIA and IA, with commas', numbers),
    processes=(None, 'processes that draw phantoms, or read scans (default: one for each core)', positive),
)

CreateImages = settings(
    'CreateImages',
    inputs='folder key',
    writer='dataset',
    example='python 0-dataset_create.py images my_patches --resize --augment',
    groups='input: folder channels range resize nodules window; '
    'images: resolution augment shifts; folds: folds inner; output: name outdir force key keep_names; randomness: seed',
    folder=(..., 'a folder of PNG, JPEG, TIFF, BMP or NPY files, or of class folders of them', str),
    **_PATCHES,
    channels=(1, '1 for gray, 3 for colour', channels),
    **_RANGE,
    resize=(False, 'take the middle square of images of other sizes and scale it'),
    nodules=(
        None,
        "a pattern whose first group is the nodule's name in a file name, as in "
        '"(.*)_slice" (default: each file is a nodule)',
        str,
    ),
    window=(None, 'if the images are CT: the HU of black and white: ' + WINDOWS, str),
    **_OUTPUT,
    **_NAMES,
)
CreateVolumes = settings(
    'CreateVolumes',
    inputs='annotations volumes key',
    writer='dataset',
    example='python 0-dataset_create.py volumes nodules.csv --volumes scans --window lung',
    groups='input: annotations volumes coordinates class_conflict; images: window spacing slices interpolation '
    'resolution augment shifts; folds: folds inner; output: name outdir force key keep_names; '
    'scans that are bad, and long runs: dry_run skip_bad resume; randomness: seed; hardware: processes',
    annotations=(
        ...,
        'a table (CSV, Excel): seriesuid or path; coordX,coordY,coordZ or x,y,z or i,j,k, or mask and label; perhaps '
        'patient, class, nodule, diameter_mm; or points of 3D Slicer (.fcsv, .mrk.json)',
        str,
    ),
    **_PATCHES,
    **_VOLUMES,
    slices=(1, 'neighbouring slices of a nodule, an image each', positive),
    dry_run=(False, 'read everything, say what is wrong with the table and the scans, and write nothing'),
    skip_bad=(False, 'leave out nodules that cannot be used; OUTDIR/NAME-skipped.csv says which, and why'),
    resume=(False, 'go on where a run of the same table stopped'),
    processes=_READERS,
    **_SPACING,
    **_WINDOW,
    **_OUTPUT,
    **_NAMES,
)
CreatePhantom = settings(
    'CreatePhantom',
    writer='dataset',
    example='python 0-dataset_create.py phantom MIA --number 5000 --seed 1',
    groups='phantoms: kind number window spacing slices masks; images: resolution augment shifts; '
    'folds: folds inner; output: name outdir force; randomness: seed; hardware: processes',
    kind=(..., 'nodule class, or all', ('AIS', 'MIA', 'IA', 'all')),
    **_PHANTOM,
    **_PATCHES,
    slices=(1, 'neighbouring slices of a nodule, 1 mm apart, an image each', number_between(1, 5)),
    masks=(False, 'write the phantoms with their nodule masks too: OUTDIR/NAME/pairs/*.png, CT | mask'),
    **_SPACING,
    **_WINDOW,
    **_OUTPUT,
)
CreatePairs = settings(
    'CreatePairs',
    inputs='images masks annotations volumes key',
    writer='dataset',
    example='python 0-dataset_create.py pairs --phantom all --number 100',
    groups='phantoms: phantom number; files: images masks range; '
    'volumes: annotations volumes coordinates class_conflict; '
    'images: off_centre window spacing interpolation resolution; output: name outdir force key keep_names; '
    'randomness: seed; hardware: processes',
    phantom=(None, 'draw phantoms of this class, or of all', ('AIS', 'MIA', 'IA', 'all')),
    **_PHANTOM,
    off_centre=(
        False,
        'cut phantoms and volumes up to 10 pixels off the middle of the nodule, so that a network learns to place it',
    ),
    images=(None, 'instead of phantoms: a folder of images', str),
    masks=(None, 'and one of their masks, of the same names; what is not black is nodule', str),
    **_RANGE,
    annotations=(None, 'instead: a table as for volumes, with a column mask, and label: label maps or DICOM SEG', str),
    **_VOLUMES,
    name=('pairs', 'name of the folder in OUTDIR'),
    resolution=_PATCHES['resolution'],
    seed=_PATCHES['seed'],
    **_SPACING,
    **_WINDOW,
    outdir=('datasets', 'folder of NAME'),
    force=_OUTPUT['force'],
    **_NAMES,
)
Verify = settings(
    'Verify',
    example='python 0-dataset_create.py verify processData',
    groups='input: datasets channels; output: all',
    datasets=(..., 'dataset folders, or folders of them', list),
    channels=(None, '1 for gray, 3 for colour (default: what NAME.json says, or 1)', channels),
    all=(False, 'print every finding, not three of each kind'),
)
COMMANDS = {
    'images': (CreateImages, 'from a folder of image files'),
    'volumes': (CreateVolumes, 'from CT volumes and a table of nodules'),
    'phantom': (CreatePhantom, 'from computed patches of lung with a nodule, without patients'),
    'pairs': (CreatePairs, 'CT | mask pictures for pix2pix'),
    'verify': (Verify, 'look for damage and duplicates; exit code 1 if there are any'),
}
