# PYTHON_ARGCOMPLETE_OK
"""Evaluation of a generator: how near its images are to real ones, how varied, and whether they are copies."""

import config
from common import commandline


def main(argv=None):
    cfg = commandline.parse(config.Evaluate, __doc__, argv)
    commandline.require_weights(cfg.model)
    from metrics import report, suite  # after the flags: TensorFlow takes seconds to load, and -h should not

    found = suite.evaluate_model(
        cfg.model, cfg.data, cfg.real_holdout, cfg.number, cfg.audit, cfg.features, cfg.feature_tensor, cfg.seed,
        cfg.minibatch, cfg.cpu, cfg.outdir
    )  # fmt: skip
    print(report.table(found.rows))
    report.write(found, cfg.outdir)
    print('evaluation.html and evaluation.json are in %s' % cfg.outdir)


if __name__ == '__main__':
    commandline.command(main)
