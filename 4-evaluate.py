# PYTHON_ARGCOMPLETE_OK
"""Evaluation of generators: how near their images are to real ones, how varied, and whether they are copies."""

import common


def main(argv=None):
    import config
    from common import commandline

    cfg = commandline.parse(config.Evaluate, argv)
    if cfg.run and cfg.model != config.Evaluate().model:
        raise ValueError('--run and --model both name the weights; leave out one')
    from metrics import results_folder

    models, outdir = results_folder.models(cfg)
    for model in models:
        commandline.require_weights(model)
    # After the flags: TensorFlow takes seconds to load, and -h should not.
    from metrics import comparison, scorecard_sources, suite

    others = scorecard_sources.read(cfg.classification, cfg.turing_test, models)
    outdir = results_folder.choose(models, outdir)
    evaluations = suite.evaluate_models(
        models,
        cfg.data,
        real_holdout=cfg.real_holdout,
        resolution=cfg.resolution,
        number=cfg.number,
        audit=cfg.audit,
        features=cfg.features,
        feature_tensor=cfg.feature_tensor,
        seed=cfg.seed,
        minibatch=cfg.minibatch,
        cpu=cfg.cpu,
        outdir=outdir,
        cache=not cfg.no_cache,
    )
    comparison.report(evaluations, outdir, others)


if __name__ == '__main__':
    common.run(main)
