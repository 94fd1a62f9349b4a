"""pix2pix: from a nodule's mask to a CT patch."""
import os
import platform
import sys

import commandline
import config
import runfolder

FREE = ('data', 'masks', 'outdir', 'resume', 'epochs', 'snapshot_epochs', 'keep', 'cpu')            # settings that may change when a run goes on


def train(cfg, argv):
    import numpy as np      # after the flags: TensorFlow takes seconds to load, and -h should not
    import snapshot
    import tfutil
    from pix2pix import data, training
    path = runfolder.find(cfg.resume, cfg.outdir) if cfg.resume else None
    cfg, digest = runfolder.resumed(config.Pix2pixTrain, FREE, cfg, commandline.given(config.Pix2pixTrain, argv), path) if path else (cfg, None)
    name, state = runfolder.restore(path, training.NEEDED) if path else (None, None)
    names, patches, masks = data.pairs(cfg.data, cfg.masks, cfg.channels)
    held = int(round(cfg.validation * len(names)))
    minibatch = min(cfg.minibatch, len(names) - held)
    if minibatch < 2:
        raise ValueError('%s holds %d pairs, %d of them for --validation; training needs at least 2 more' % (cfg.data, len(names), held))
    about = dict(digest=runfolder.crc(patches, masks), pairs=len(names), resolution=masks.shape[-1])
    if path and digest != about['digest']:
        raise ValueError('%s is not the data that the run in %s was trained on; name that with --data' % (cfg.data, path))
    if name and int(state['number']) >= cfg.epochs * ((len(names) - held) // minibatch):
        raise ValueError('%s has had its %d epochs; to go on give it more --epochs' % (path, cfg.epochs))
    order = np.random.RandomState([cfg.seed, 4]).permutation(len(names))
    inputs, targets = (masks, patches) if cfg.direction == 'mask2ct' else (patches, masks)
    with tfutil.init_tf(cpu=cfg.cpu, gpus=None if cfg.cpu else 1, precision=cfg.precision):
        trainer = training.Trainer(cfg, inputs[order[held:]], targets[order[held:]])
        shown = order[:held or 16][:16]
        path = path or runfolder.create(cfg.outdir, os.path.basename(os.path.abspath(cfg.data)))
        with runfolder.Run(path, cfg.keep) as run:
            run.write_json(dict(settings=cfg._replace(resume=None)._asdict(), data=about, command=sys.argv, devices=tfutil.devices(), versions=dict(
                python=platform.python_version(), tensorflow=tfutil.tf.__version__, numpy=np.__version__)))
            run.log('%s: %d pairs of %dx%d, %d of them for pictures only; TensorFlow %s on %s' % (
                path, len(names), masks.shape[-1], masks.shape[-1], held, tfutil.tf.__version__, ' '.join(tfutil.devices())))
            states = snapshot.read(name, training.ROLES) if name else None
            training.fit(cfg, trainer, (inputs[shown], targets[shown]), run, (name, states, state))
    if run.stopped:
        sys.exit(128 + run.stopped)


def generate(cfg, _):
    if not os.path.exists(cfg.model):
        raise FileNotFoundError('%s does not exist; train it with python -m pix2pix train' % cfg.model)
    import numpy as np
    import tqdm
    import files
    import images
    import report
    import tfutil
    from pix2pix import data, training, unet
    with tfutil.init_tf(cpu=cfg.cpu):
        G, = tfutil.load(cfg.model, unet.BUILDERS, 'G', held=training.ROLES)
        channels, size = [int(n) for n in G.outputs[0].shape[1:3]] if len(G.inputs) == 2 else (0, 0)
        if G.static_kwargs.get('in_channels', 1) != 1 or G.build is not unet.U_net:
            raise ValueError('%s does not make CT patches of masks; train it with --direction mask2ct' % cfg.model)
        if cfg.shape:
            random = np.random.RandomState([cfg.seed, 8])
            names = ['%s_%03d.png' % (cfg.shape[i % len(cfg.shape)], i) for i in range(cfg.number)]
            masks = np.stack([data.draw(cfg.shape[i % len(cfg.shape)], random.uniform(*cfg.diameter), size, random) for i in range(cfg.number)])
            known = [None] * cfg.number
        else:
            names, masks, known = data.masks_of(cfg.masks, size, channels)
        inputs = np.repeat(masks, cfg.samples, axis=0) / 127.5 - 1
        fakes = training.generate(lambda given, factors: G.run(given, factors, minibatch=cfg.minibatch), inputs, int(G.inputs[1].shape[1]), cfg.minibatch,
                                  cfg.seed, not cfg.no_dropout, lambda items: tqdm.tqdm(items, unit='minibatch', disable=None))
    os.makedirs(cfg.outdir, exist_ok=True)
    rows = []
    for i, name in enumerate(names):
        row, stem = [('mask', masks[i])], os.path.splitext(name)[0]
        for k in range(cfg.samples):
            row.append(('generated', fakes[i * cfg.samples + k]))
            images.save(os.path.join(cfg.outdir, '%s_%d.png' % (stem, k)), row[-1][1])
        if cfg.shape:
            images.save(os.path.join(cfg.outdir, '%s_mask.png' % stem), masks[i])
        rows.append((stem, row + ([('real', known[i])] if known[i] is not None else [])))
    with files.atomic(os.path.join(cfg.outdir, 'index.html')) as f:
        f.write(report.gallery('Patches of %s' % os.path.basename(cfg.model), rows).encode())
    print('%d patches of %d masks, and index.html, are in %s' % (len(fakes), len(names), cfg.outdir))


def main(argv=None):
    command, cfg = commandline.parse_command(config.PIX2PIX, __doc__, argv)
    {'train': train, 'generate': generate}[command](cfg, argv)


if __name__ == '__main__':
    commandline.command(main)
