"""The two long commands of 5-classify.py: generators for folds, and the experiment with its page."""

from classification import experiment, experiment_page, queue
from training import signals


def gans(cfg, stop, given):
    """Train with settings.Gans; the number of a signal that ended it early, or None."""
    try:
        return queue.train(cfg, stop, given)
    except signals.Stopped as asked:
        return asked.number


def run(cfg, stop):
    """As `gans`, the experiment of settings.Run, then its page."""
    try:
        found = experiment.run(cfg, stop)
    except signals.Stopped as asked:
        return asked.number
    print(experiment_page.write(cfg, *found))
    print('classification.html, classification.json and predictions.csv are in %s' % cfg.outdir)
    return None
