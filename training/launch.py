"""A training run from settings: what can be refused before TensorFlow loads, which takes seconds."""

from config import Train
from training import checkpoint, run_folder, transfer

# Settings that may change when a run goes on.
CHANGEABLE = 'data outdir resume total_kimg keep metrics gpus cpu wait dry_run'.split()


def launch(cfg, stop, explicit=()):
    """Train with settings of config.Train; signals.Stopped if a signal ended the run early.

    stop: signals.Stop. explicit: names of the settings that were given for this start; a resumed run takes the others
    from its run.json.
    """
    start = run_folder.start(cfg, Train, CHANGEABLE, explicit)
    cfg, snapshot = start.cfg, start.snapshot
    had_its_images = snapshot and snapshot.state['shown'] >= 1000 * cfg.total_kimg
    if had_its_images and checkpoint.is_final(start.folder, snapshot):
        print('%s has had its %g kimg; to go on give it a larger --total-kimg' % (start.folder, cfg.total_kimg))
        return
    weights = transfer.read(cfg.transfer) if cfg.transfer and not snapshot else None
    stop.check()
    from training import train

    train.run(start, weights, stop)
