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
    parse = config.Train.SETTINGS['minibatch'].type.parse
    default = {4: 128, 8: 128, 16: 128, 32: 64, 64: 32, 128: 16, 256: 8, 512: 4, 1024: 4, 2048: 4}
    assert config.table(config.Train().minibatch) == default  # of the reference, one GPU: 4 where nothing is named
    assert config.table(parse('64:16')) == {**default, 64: 16}
    assert parse('16') == '16' and set(config.table('16').values()) == {16}
    cfg = config.Train(minibatch=parse('32,64:8'))
    assert [schedule.phase(kimg, cfg, 6).minibatch for kimg in (0, 5000)] == [32, 8]
    assert list(schedule.phases(cfg, 6).items()) == [(2, 32), (3, 32), (4, 32), (5, 32), (6, 8)]
    assert list(schedule.phases(cfg._replace(total_kimg=600.0), 6)) == [2] and list(
        schedule.phases(cfg._replace(total_kimg=600.1), 6)
    ) == [2, 3]
    for text in ('0', 'x', '4:0', '4:', ':4', '-3:8', '5:8', '4:1.5'):
        with pytest.raises(ValueError):
            parse(text)


def test_ticks_may_be_as_long_as_those_of_the_reference():
    reference = {4: 160, 8: 140, 16: 120, 32: 100, 64: 80, 128: 60, 256: 40, 512: 20, 1024: 10}  # 160 elsewhere
    cfg = settings(tick_kimg='160,8:140,16:120,32:100,64:80,128:60,256:40,512:20,1024:10')
    assert config.table(cfg.tick_kimg) == {2048: 160, **reference}
    assert set(config.table(config.Train().tick_kimg).values()) == {20}


def settings(**texts):
    """Settings of a training from the texts of flags."""
    return config.Train(**{name: config.Train.SETTINGS[name].type.parse(text) for name, text in texts.items()})


def test_a_resolution_has_the_learning_rates_that_the_reference_gives_it():
    overrides = {128: 0.0015, 256: 0.002, 512: 0.003, 1024: 0.003}  # the reference's for one GPU; 0.001 for the others
    cfg = settings(G_lrate='128:0.0015,256:2e-3,512:0.003,1024:3e-3', D_lrate='0.01,64:0.02')
    for level in range(2, 11):
        rates = schedule.learning_rates(0, level, cfg, 10)
        assert rates == [overrides.get(2**level, 0.001), {64: 0.02}.get(2**level, 0.01)]
    assert schedule.learning_rates(5000, 6, config.Train(), 6) == [0.001, 0.001]


@pytest.mark.parametrize(
    'kimg, factor',
    [(0, 1), (4500, 1), (5099.9, 1), (5100, 1), (5175, 0.1**0.25), (5250, 0.1**0.5), (5400, 0.1), (5500, 0.1)],
)
def test_learning_rates_fall_to_a_tenth_over_the_last_share_of_the_last_resolution(kimg, factor):
    cfg = settings(lrate_decay='0.25', D_lrate='0.002')  # 64x64 is from 4200 kimg to 5400
    assert schedule.learning_rates(kimg, 6, cfg, 6) == pytest.approx([0.001 * factor, 0.002 * factor])


def test_the_last_resolution_is_that_of_the_end_of_the_run_and_may_be_the_only_one():
    ends_at_8x8 = settings(lrate_decay='1', total_kimg='1500')
    assert schedule.decay_span(ends_at_8x8, 6) == (600, 1500)
    begins_at_64x64 = settings(lrate_decay='0.5', total_kimg='200', lod_initial_resolution='64')
    assert schedule.decay_span(begins_at_64x64, 6) == (100, 200)


@pytest.mark.parametrize('minibatch', [8, 32, 128])
def test_after_a_half_life_half_of_the_moving_average_is_new_whatever_the_minibatch(minibatch):
    cfg = settings(G_smoothing_kimg='1.28,64:12.8')
    for level, images in ((5, 1280), (6, 12800)):
        kept = 1.0
        for _ in range(images // minibatch):
            kept *= schedule.smoothing(level, minibatch, cfg)
        assert kept == pytest.approx(0.5)
    assert schedule.smoothing(6, minibatch, config.Train()) == 0.999
    assert schedule.smoothing(5, minibatch, settings(G_smoothing_kimg='64:10', G_smoothing='0.99')) == 0.99


def test_a_device_gets_no_more_images_than_the_reference_would_give_it():
    most = {256: 16, 512: 8, 1024: 4}  # the reference's for eight GPUs of little memory
    cfg = settings(minibatch='64,32:128', max_minibatch_per_gpu='256:16,512:8,1024:4')
    for devices in (1, 2, 8):
        table = config.table(schedule.limited(cfg, devices).minibatch)
        for size in config.RESOLUTIONS:
            asked = {32: 128}.get(size, 64)
            assert table[size] == (min(asked, most[size] * devices) if size in most else asked)
    assert config.table(schedule.limited(config.Train(), 3).minibatch) == config.table(config.MINIBATCH)


def test_moments_are_reset_where_a_fade_begins_and_where_it_ends():
    lods = [2.0, 2.0, 1.9, 1.2, 1.0, 1.0, 0.3, 0.0, 0.0]
    phases = [schedule.Phase(0, lod, 8) for lod in lods]
    changes = [schedule.fade_changes(*pair) for pair in zip(phases, phases[1:])]
    assert changes == [False, True, False, True, False, True, True, False]
