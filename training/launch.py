"""A training run from settings: what can be refused before TensorFlow loads, which takes seconds."""

from common import video
from config import RESOLUTIONS, Train, table
from training import checkpoint, run_folder, training_video, transfer

# Settings that may change when a run goes on.
CHANGEABLE = 'data outdir resume resume_snapshot total_kimg lrate_decay keep metrics gpus cpu wait dry_run'.split()
CHANGEABLE += 'weight_histograms video video_fps'.split()


def launch(cfg, stop, explicit=()):
    """Train with settings of config.Train; signals.Stopped if a signal ended the run early.

    stop: signals.Stop. explicit: names of the settings that were given for this start; a resumed run takes the others
    from its run.json.
    """
    start = run_folder.start(cfg, Train, CHANGEABLE, explicit, number=cfg.resume_snapshot)
    _check_flags(start.cfg)
    cfg, snapshot = start.cfg._replace(resume_snapshot=None), start.snapshot
    had_its_images = snapshot and snapshot.state[checkpoint.IMAGES_SEEN] >= 1000 * cfg.total_kimg
    if had_its_images and start.folder and checkpoint.is_final(start.folder, snapshot):
        print('%s is complete (%g kimg); to train longer, add a larger --total-kimg' % (start.folder, cfg.total_kimg))
        if cfg.video:
            with run_folder.Run(start.folder) as run:
                training_video.write(run, cfg)
        return
    weights = transfer.read(cfg.transfer, not cfg.no_wscale) if cfg.transfer and not snapshot else None
    stop.check()
    from training import train

    train.train(start._replace(cfg=cfg), weights, stop)


def _check_flags(cfg):
    """Refuse settings that contradict each other, whatever the data."""
    if cfg.freeze_critic and not cfg.transfer:
        raise ValueError('--freeze-critic needs --transfer; add --transfer or leave it out')
    if cfg.resume_snapshot is not None and not cfg.resume:
        raise ValueError('--resume-snapshot %d goes with --resume; give both' % cfg.resume_snapshot)
    if cfg.resume_kimg and not cfg.transfer:
        raise ValueError('--resume-kimg %g goes with --transfer; give both' % cfg.resume_kimg)
    if cfg.resume_kimg and cfg.resume_kimg >= cfg.total_kimg:
        raise ValueError('--resume-kimg %g: the run ends at --total-kimg %g' % (cfg.resume_kimg, cfg.total_kimg))
    if cfg.max_label_size and not cfg.conditional:
        raise ValueError('--max-label-size %d goes with --conditional; give both' % cfg.max_label_size)
    if len(table(cfg.G_smoothing_kimg)) == len(RESOLUTIONS) and cfg.G_smoothing != Train().G_smoothing:
        raise ValueError('--G-smoothing and --G-smoothing-kimg: one of them is enough; leave out the other')
    if cfg.video_fps and not cfg.video:
        raise ValueError('--video-fps %g goes with --video; give both' % cfg.video_fps)
    if cfg.video:
        video.encoder()  # before days of training
    if cfg.holdout and cfg.validation:
        raise ValueError('--holdout and --validation: one of them is enough; leave out the other')
    if cfg.augment_critic == 'adaptive' and not (cfg.holdout or cfg.validation):
        raise ValueError('--augment-critic adaptive needs held-out nodules to adapt to; add --holdout 0.1')
