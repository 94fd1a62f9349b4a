"""Flags that people know from other programs, and the settings that mean the same here."""

_RESOLUTION = 'resolution size image-size img-size imsize res'
_GPUS = 'gpu gpus cuda device devices gpu-id gpu-ids num-gpus n-gpus'
# Flags of others: settings that mean the same, of which each script has the first that is one of its own.
_ALIASES = {
    'model checkpoint ckpt weights network-pkl pkl load pretrained model-path': 'model transfer pretrain generators',
    'data dataset dataroot data-dir data-path dataset-path input input-dir i path source': 'data tfrecords source '
    'annotations datasets study masks',
    'csv table annotation': 'annotations out summary',
    'out output o out-dir output-dir output-path result-dir results results-dir save-dir logdir log-dir': 'outdir out',
    'n num num-samples num-images nsamples count amount samples nimg': 'number readers',
    'batch batch-size bs b train-batch-size': 'minibatch',
    'lr learning-rate lrate': 'lrate G_lrate',
    'g-lr': 'G_lrate',
    'd-lr': 'D_lrate',
    'epochs epoch num-epochs n-epochs max-epochs iterations iters niter max-steps num-steps kimg duration': 'epochs '
    'total_kimg steps project_steps',
    _GPUS: 'gpus cpu',
    'no-cuda no-gpu': 'cpu',
    _RESOLUTION: 'resolution',
    'seeds random-seed random-state manual-seed': 'seed',
    'class classes cls label': 'label kind conditional phantom',
    'workers num-workers jobs j threads n-jobs': 'processes',
    'snap save-every save-freq checkpoint-every snapshot': 'snapshot_kimg snapshot_epochs',
    'fp16 amp half mixed-precision bf16 dtype': 'precision',
    'mirror flip hflip': 'mirror_augment no_flip augment',
    'aug augment augmentation': 'augment augment_critic',
    'cv kfold k-fold k n-folds splits': 'folds',
    'hu window-level level clip wl': 'window range',
    'pixel-spacing voxel-size mm pixel-size': 'spacing',
    'overwrite f': 'force',
    'continue restart': 'resume',
    'dryrun test check': 'dry_run',
    'metric fid': 'metrics features',
    'cond labels': 'conditional label',
    'gamma-ema ema': 'G_smoothing',
    'target image': 'project',
    'z latent': 'latents',
    'host public bind': 'lan',
    'video gif': 'format',
    'sheet rows cols': 'grid',
    'debug v': 'verbose',
    'silent q': 'quiet',
    'settings cfg c': 'config',
}
_SETTINGS = {name: settings.split() for names, settings in _ALIASES.items() for name in names.split()}
# What to do in place of flags of others that no setting of a script stands for.
_REMEDIES = {
    _RESOLUTION: 'the data or the weights decide it; 0-dataset_create.py makes data of another --resolution',
    _GPUS: 'a GPU is used if there is one',
}


def _name(flag):
    return flag.lstrip('-').replace('_', '-').lower()


def find(flag, settings):
    """The first of a script's settings that a flag of other programs means, or None."""
    return next((name for name in _SETTINGS.get(_name(flag), ()) if name in settings), None)


def remedy(flag):
    """What to do in place of a flag of other programs that no setting stands for, or None."""
    return next((text for names, text in _REMEDIES.items() if _name(flag) in names.split()), None)
