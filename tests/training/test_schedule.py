import pytest

import config
from training import schedule


@pytest.mark.parametrize(
    'kimg, level, lod, minibatch',
    [
        (0, 2, 4.0, 128),
        (599, 2, 4.0, 128),
        (600, 2, 4.0, 128),
        (601, 3, 3 + 599 / 600.0, 128),
        (900, 3, 3.5, 128),
        (1200, 3, 3.0, 128),
        (2700, 4, 2.0, 128),
        (3300, 5, 1.5, 64),
        (4200, 5, 1.0, 64),
        (4500, 6, 0.5, 32),
        (5400, 6, 0.0, 32),
        (9999, 6, 0.0, 32),
    ],
)
def test_phase_follows_the_paper(kimg, level, lod, minibatch):
    phase = schedule.phase(kimg, config.Train(), 6)
    assert phase.level == level and phase.minibatch == minibatch and phase.lod == pytest.approx(lod)


def test_a_minibatch_may_be_set_for_some_resolutions_only():
    assert config.per_resolution.parse('64:16') == '4:128,8:128,16:128,32:64,64:16'
    assert config.per_resolution.parse('16') == '4:16,8:16,16:16,32:16,64:16'
    cfg = config.Train(minibatch=config.per_resolution.parse('32,64:8'))
    assert [schedule.phase(kimg, cfg, 6).minibatch for kimg in (0, 5000)] == [32, 8]
    assert list(schedule.phases(cfg, 6).items()) == [(2, 32), (3, 32), (4, 32), (5, 32), (6, 8)]
    assert list(schedule.phases(cfg._replace(total_kimg=600.0), 6)) == [2] and list(
        schedule.phases(cfg._replace(total_kimg=600.1), 6)
    ) == [2, 3]
    for text in ('0', 'x', '4:0', '4:', ':4', '-3:8'):
        with pytest.raises(ValueError):
            config.per_resolution.parse(text)


def test_moments_are_reset_where_a_fade_begins_and_where_it_ends():
    lods = [2.0, 2.0, 1.9, 1.2, 1.0, 1.0, 0.3, 0.0, 0.0]
    phases = [schedule.Phase(0, lod, 8) for lod in lods]
    changes = [schedule.fade_changes(*pair) for pair in zip(phases, phases[1:])]
    assert changes == [False, True, False, True, False, True, True, False]
