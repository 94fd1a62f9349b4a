# PYTHON_ARGCOMPLETE_OK
"""Nodule generation pipeline."""

import config
from common import commandline


def check(cfg, given):
    """Refuse flags that contradict each other. given: names of those that were used."""
    if cfg.project:
        idle = given & set('number latents labels interpolate steps grid format minibatch'.split())
        if idle:
            flags = ' and '.join('--' + name for name in sorted(idle))
            raise ValueError('--project looks for the latent of one picture; leave out %s' % flags)
    elif given & {'project_steps', 'range'}:
        flag = '--project-steps' if 'project_steps' in given else '--range'
        raise ValueError('%s goes with --project; give that too, or leave it out' % flag)
    if not cfg.interpolate and ('steps' in given or cfg.format == 'frames'):
        flag = '--steps' if 'steps' in given else '--format frames'
        raise ValueError('%s goes with --interpolate; give that too, or leave it out' % flag)
    if cfg.grid and cfg.format != 'png':
        raise ValueError('--grid makes a PNG sheet; leave out --format %s or --grid' % cfg.format)
    if cfg.labels and cfg.label is not None:
        raise ValueError('--label and --labels both say the class; leave out one')


def main(argv=None):
    cfg = commandline.parse(config.Inference, __doc__, argv, abbreviated=True)
    commandline.require_weights(cfg.model)
    check(cfg, commandline.explicit_flags(config.Inference, argv))
    from sampling import inference  # after the flags: TensorFlow takes seconds to load, and -h should not

    inference.run(cfg)


if __name__ == '__main__':
    commandline.command(main)
