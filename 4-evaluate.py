# PYTHON_ARGCOMPLETE_OK
"""Evaluation of generators: how near their images are to real ones, how varied, and whether they are copies."""

import common


def main(argv=None):
    import config
    from common import commandline

    cfg = commandline.parse(config.Evaluate, argv)
    for model in cfg.model:
        commandline.require_weights(model)
    # After the flags: TensorFlow takes seconds to load, and -h should not.
    from metrics import comparison, evaluation_page, results_folder, scorecard_sources, suite

    others = scorecard_sources.read(cfg.classification, cfg.turing_test, cfg.model)
    outdir = results_folder.choose(cfg.model, cfg.outdir)
    evaluations = suite.evaluate_models(
        cfg.model,
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
    if len(evaluations) == 1:
        evaluation_page.write(evaluations[0], outdir, others)
        print('\n'.join(map(str, [evaluations[0]] + evaluations[0].notes)))
        print('evaluation.html, evaluation.json and scorecard.json are in %s' % outdir)
    else:
        result = comparison.write(evaluations, outdir, others)
        print(comparison.table(result))
        print('comparison.html and comparison.json are in %s, a folder for each model beside them' % outdir)


if __name__ == '__main__':
    common.run(main)
