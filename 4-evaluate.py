# PYTHON_ARGCOMPLETE_OK
"""Evaluation of generators: how near their images are to real ones, how varied, and whether they are copies."""

import os

import common


def main(argv=None):
    import config
    from common import commandline

    cfg = commandline.parse(config.Evaluate, argv)
    for model in cfg.model:
        commandline.require_weights(model)
    # NumPy's BLAS reads this while it is loaded. The metrics share the cores; threads of BLAS would only wait for them.
    os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
    # After the flags: TensorFlow takes seconds to load, and -h should not.
    from metrics import comparison, evaluation_page, results_folder, suite

    outdir = results_folder.choose(cfg.model, cfg.outdir)
    found = suite.evaluate_models(
        cfg.model, cfg.data, cfg.real_holdout, cfg.number, cfg.audit, cfg.features, cfg.feature_tensor, cfg.seed,
        cfg.minibatch, cfg.cpu, outdir, not cfg.no_cache
    )  # fmt: skip
    if len(found) == 1:
        evaluation_page.write(found[0], outdir)
        print('\n'.join([str(found[0])] + found[0].notes))
        print('evaluation.html and evaluation.json are in %s' % outdir)
    else:
        result = comparison.write(found, outdir)
        print(comparison.table(result))
        print('comparison.html and comparison.json are in %s, a folder for each model beside them' % outdir)


if __name__ == '__main__':
    common.run(main)
