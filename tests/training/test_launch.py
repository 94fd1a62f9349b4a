"""What is refused before a run begins."""

import pytest

import config
from training import launch, signals


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(freeze_critic=1), '--freeze-critic needs --transfer'),
        (dict(resume_snapshot=0), '--resume-snapshot 0 goes with --resume'),
        (dict(resume_kimg=100.0), '--resume-kimg 100 goes with --transfer'),
        (dict(resume_kimg=5400.0, transfer='x.pkl'), '--resume-kimg 5400: the run ends at --total-kimg 5400'),
        (dict(max_label_size=2), '--max-label-size 2 goes with --conditional'),
        (dict(holdout=0.1, validation='other'), '--holdout and --validation'),
        (dict(G_smoothing=0.99, G_smoothing_kimg='10'), '--G-smoothing and --G-smoothing-kimg'),
        (dict(augment_critic='adaptive'), 'add --holdout'),
        (dict(video_fps=30.0), '--video-fps 30 goes with --video'),
    ],
)
def test_settings_that_contradict_each_other_are_refused_before_the_data_are_read(settings, message):
    with pytest.raises(ValueError, match=message):
        launch.launch(config.Train(data='nowhere', **settings), signals.Stop())
