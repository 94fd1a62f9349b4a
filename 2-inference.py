"""Nodule generation pipeline."""
import os

import commandline
import config


def check(cfg, given):
    """Refuse flags that contradict each other. given: names of those that were used."""
    if cfg.project:
        idle = given & {'number', 'latents', 'labels', 'interpolate', 'steps', 'grid', 'format', 'minibatch'}
        if idle:
            raise ValueError('--project looks for the latent of one picture; leave out %s' % ' and '.join('--' + name for name in sorted(idle)))
    elif 'project_steps' in given:
        raise ValueError('--project-steps goes with --project; give that too, or leave it out')
    if not cfg.interpolate and ('steps' in given or cfg.format == 'frames'):
        raise ValueError('%s goes with --interpolate; give that too, or leave it out' % ('--steps' if 'steps' in given else '--format frames'))
    if cfg.grid and cfg.format != 'png':
        raise ValueError('--grid makes a PNG sheet; leave out --format %s or --grid' % cfg.format)
    if cfg.labels and cfg.label is not None:
        raise ValueError('--label and --labels both say the class; leave out one')


def main(argv=None):
    cfg = commandline.parse(config.Inference, __doc__, argv)
    if not os.path.exists(cfg.model):
        raise FileNotFoundError('%s does not exist; train it with 3-train.py or download the published weights (links in README.md)' % cfg.model)
    check(cfg, commandline.given(config.Inference, argv))
    import inference        # after the flags: TensorFlow takes seconds to load, and -h should not
    import networks
    import tfutil
    with tfutil.init_tf(cpu=cfg.cpu):
        generator, = tfutil.load(cfg.model, networks.BUILDERS, cfg.network)
        if len(generator.inputs) != 2:
            raise ValueError('%s: its %s is no generator; the networks of the file should be (G, D, Gs)' % (cfg.model, cfg.network))
        sizes = [int(tensor.shape[1]) for tensor in generator.inputs]
        if cfg.project:
            inference.project(cfg, generator, *sizes)
        else:
            inference.generate(cfg, generator, *sizes)


if __name__ == '__main__':
    commandline.command(main)
