# PYTHON_ARGCOMPLETE_OK
"""Images from a generator: of random latents, of walks between them, or the one nearest to a picture."""

import common


def check(cfg, explicit):
    """Refuse flags that contradict each other. explicit: names of the settings that flags or a file set."""
    if cfg.project:
        unused = explicit & set('number latents labels interpolate steps grid format minibatch'.split())
        if unused:
            flags = ' and '.join('--' + name for name in sorted(unused))
            raise ValueError('--project looks for the latent of one picture; leave out %s' % flags)
    elif explicit & {'project_steps', 'range'}:
        flag = '--project-steps' if 'project_steps' in explicit else '--range'
        raise ValueError('%s goes with --project; give that too, or leave it out' % flag)
    if not cfg.interpolate and ('steps' in explicit or cfg.format == 'frames'):
        flag = '--steps' if 'steps' in explicit else '--format frames'
        raise ValueError('%s goes with --interpolate; give that too, or leave it out' % flag)
    if cfg.grid and cfg.format != 'png':
        raise ValueError('--grid makes a PNG sheet; leave out --format %s or --grid' % cfg.format)
    if cfg.labels and cfg.label is not None:
        raise ValueError('--label and --labels both say the class; leave out one')


def main(argv=None):
    import config
    from common import commandline

    cfg = commandline.parse(config.Inference, argv, abbreviated=True)
    commandline.require_weights(cfg.model)
    check(cfg, commandline.explicit_flags(config.Inference, argv))
    from sampling import inference  # after the flags: TensorFlow takes seconds to load, and -h should not

    inference.run(cfg)


if __name__ == '__main__':
    common.run(main)
