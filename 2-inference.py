# PYTHON_ARGCOMPLETE_OK
"""Images from a generator: of random latents, of walks between them, or the one nearest to a picture."""

import common


def check(cfg, explicit):
    """Refuse flags that contradict each other. explicit: names of the settings that flags or a file set."""
    unused = explicit & set('number latents labels interpolate steps fps grid sheets format minibatch'.split())
    if cfg.project and unused:
        raise ValueError('--project is of one picture; leave out --%s' % ' and --'.join(sorted(unused)))
    smooth, animated = cfg.interpolate == 'smooth', cfg.format in ('gif', 'mp4')
    for names, given, other in (
        ('project_steps range', cfg.project, '--project'),
        ('steps', cfg.interpolate and not smooth, '--interpolate slerp'),
        ('duration smoothing', smooth, '--interpolate smooth'),
        ('fps', animated, '--format gif or mp4'),
        ('sheets', cfg.grid and not cfg.interpolate, '--grid'),
    ):
        for name in explicit & set(names.split()) if not given else ():
            raise ValueError('--%s goes with %s; give that too, or leave it out' % (name.replace('_', '-'), other))
    if cfg.format == 'frames' and not cfg.interpolate:
        raise ValueError('--format frames goes with --interpolate; give that too, or leave it out')
    if smooth and (cfg.latents or not animated):
        raise ValueError('--interpolate smooth is an animation of random latents: --format gif or mp4, no --latents')
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
