"""The lines of the log."""

from training import monitor, schedule

TERMS = dict(
    skipped=0, real_score=1.25, fake_score=-0.5, gradient_norm=1.0, penalty=0.1, drift=0.002, critic_loss=-1.6,
    overfit=float('nan'), overfit_mean=float('nan'), augment=0.0,
)  # fmt: skip
PHASE = schedule.Phase(4, 1.5, 64)


def test_a_line_of_the_log_leaves_out_what_is_not_known_and_fits_100_columns():
    message = monitor.figures(20000, PHASE, 3600, 12.3456, 63, None, TERMS)
    assert '  '.join(message) == (
        'kimg 20.0  lod 1.50  16x16  s/kimg 12.35  eta 01:03  real_score 1.250  fake_score -0.500  gradient_norm 1.000'
        '  penalty 0.100  drift 0.002  critic_loss -1.600  time 1:00:00  minibatch 64'
    )
    line = monitor.fitted(message)
    assert line == 'kimg 20.0  lod 1.50  16x16  s/kimg 12.35  eta 01:03  real_score 1.250  fake_score -0.500'


def test_skipped_updates_and_overfitting_come_before_the_losses():
    terms = dict(TERMS, skipped=3, overfit=0.62, augment=0.25, overfit_mean=0.6)
    message = monitor.figures(20000, PHASE, 3600, 12.3456, 63, 812.3, terms)
    assert message[5:8] == ['skipped 3', 'overfit 0.620', 'augment 0.250'] and message[-1] == 'memory 812 MB'
    widest = monitor.figures(123456700, schedule.Phase(10, 0.5, 128), 1e6, 12345.678, 1e6, 12345, terms)
    assert len(monitor.fitted(widest)) <= 100
