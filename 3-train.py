"""Training of the progressive growing wGAN, from tfrecords to a (G, D, Gs) pickle."""
import os
import platform
import sys

import commandline
import config
import runfolder
import snapshot

FREE = ('data', 'outdir', 'resume', 'total_kimg', 'keep', 'metrics', 'gpus', 'cpu')         # settings that may change when a run goes on


def check(cfg, data, training):
    """Settings that contradict each other or the data, in words."""
    if cfg.lod_initial_resolution not in [2 ** level for level in range(2, data.top + 1)]:
        raise ValueError('--lod-initial-resolution %d is not a power of two from 4 to %d, the resolution of %s' % (
            cfg.lod_initial_resolution, 2 ** data.top, cfg.data))
    if cfg.conditional and len(data.classes) < 2:
        raise ValueError('--conditional wants a folder of class folders; %s holds one class' % cfg.data)
    for level, minibatch in training.phases(cfg, data.top).items():
        if minibatch > data.count:
            raise ValueError('%s holds %d images, fewer than the minibatch of %d at %dx%d; add images (0-dataset_create.py --augment) or lower it '
                             '(--minibatch)' % (cfg.data, data.count, minibatch, 2 ** level, 2 ** level))


def main(argv=None):
    cfg = commandline.parse(config.Progan, __doc__, argv)
    path = runfolder.find(cfg.resume, cfg.outdir) if cfg.resume else None
    cfg, digest = runfolder.resumed(config.Progan, FREE, cfg, commandline.given(config.Progan, argv), path) if path else (cfg, None)
    restored = runfolder.restore(path) if path else (None, None)
    if restored[0] and restored[1]['shown'] >= 1000 * cfg.total_kimg:
        raise ValueError('%s has had its %g kimg; to go on give it a larger --total-kimg' % (path, cfg.total_kimg))
    if cfg.transfer and not restored[0]:
        if not os.path.exists(cfg.transfer):
            raise FileNotFoundError('%s does not exist; name a published pickle with --transfer' % cfg.transfer)
        snapshot.read(cfg.transfer)                             # before anything is written
    import numpy
    import dataset          # after the flags: TensorFlow takes seconds to load, and -h should not
    import growing
    import tfutil
    import training
    data = dataset.Pyramid(cfg.data)
    check(cfg, data, training)
    about = dict(digest=data.digest, images=data.count, resolution=2 ** data.top, classes=data.classes)
    if path and digest != data.digest:
        raise ValueError('%s is not the data set that the run in %s was trained on; name that one with --data' % (cfg.data, path))
    with tfutil.init_tf(cpu=cfg.cpu, gpus=cfg.gpus, precision=cfg.precision, xla=cfg.xla, workers=True):
        if tfutil.cluster()[0] > 0:                                 # only the first worker writes
            growing.grow(cfg, data, path, None, restored)
            return
        devices = tfutil.devices()
        if cfg.gpus and len([device for device in devices if 'GPU' in device]) < cfg.gpus:
            raise ValueError('--gpus %d: TensorFlow finds %d (%s)' % (cfg.gpus, len(devices), ', '.join(devices)))
        for level, minibatch in training.phases(cfg, data.top).items():
            training.share(cfg, level, minibatch, len(devices) * max(len(tfutil.cluster()[1]), 1))
        path = path or runfolder.create(cfg.outdir, os.path.basename(os.path.abspath(cfg.data)))
        with runfolder.Run(path, cfg.keep) as run:
            run.write_json(dict(settings=cfg._replace(resume=None)._asdict(), data=about, command=sys.argv, devices=devices, versions=dict(
                python=platform.python_version(), tensorflow=tfutil.tf.__version__, numpy=numpy.__version__)))
            run.log('%s: %d images of %dx%d, %s; TensorFlow %s on %s' % (
                path, data.count, 2 ** data.top, 2 ** data.top, ' '.join(data.classes), tfutil.tf.__version__, ' '.join(devices)))
            growing.grow(cfg, data, path, run, restored)
    if run.stopped:
        sys.exit(128 + run.stopped)


if __name__ == '__main__':
    commandline.command(main)
