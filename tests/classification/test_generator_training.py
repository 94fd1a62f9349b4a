"""Generators for folds, one after another."""

import json
import os
import runpy
import shutil

import pytest

import runs
from common import card, locks
from places import ONCE, ROOT, visible

pytestmark = ONCE


@pytest.fixture(scope='module')
def trained(cv, tmp_path_factory):
    outdir, options = tmp_path_factory.mktemp('gans'), runs.TINY + '--conditional --cpu --quiet --repeats 1'.split()
    main = runpy.run_path(os.path.join(ROOT, '5-classify.py'))['main']
    main(['gans', '--data', cv, '--outdir', str(outdir)] + options)
    return outdir, options


@pytest.mark.slow
def test_each_fold_has_a_generator_whose_record_names_the_nodules_it_learned_from(trained):
    outdir, _ = trained
    for fold in (0, 1):
        path = outdir / ('fold%d' % fold) / 'inner0' / '000-train' / 'network-final.pkl'
        learned = card.of_weights(str(path)).names
        training = [i for i in range(10) if i % 2 != fold]
        del training[::3]  # the nodules that choose the step of classifiers
        assert learned['nodule'] == sorted('%s-%d' % (c, i) for c in ('AIS', 'IA', 'MIA') for i in training)
        assert learned['patient'] == ['p-' + name for name in learned['nodule']] and learned['scan'] == []


@pytest.mark.slow
def test_what_is_done_is_skipped_and_what_was_stopped_goes_on_to_the_same_weights(trained, cv, succeeds, tmp_path):
    outdir, options = trained
    again = tmp_path / 'again'
    shutil.copytree(str(outdir), str(again))
    run = again / 'fold1' / 'inner0' / '000-train'
    for name in os.listdir(str(run)):  # as if it had been killed on its way
        if name == 'network-final.pkl' or name.startswith('network-snapshot-') and name[-10:-4] not in ('000000',):
            os.unlink(str(run / name))
    out = succeeds('5-classify.py', 'gans', '--data', cv, '--outdir', again, *options)
    assert out.count('done: ') == 1 and str(run) in out
    runs.assert_same_weights(run / 'network-final.pkl', outdir / 'fold1' / 'inner0' / '000-train' / 'network-final.pkl')


@pytest.mark.slow
def test_a_second_process_and_weights_that_have_seen_a_nodule_are_refused(trained, cv, complains, succeeds, tmp_path):
    (outdir, options), gans = trained, ['5-classify.py', 'gans', '--data', cv, '--repeats', '1']
    with locks.held(str(tmp_path), 'wait'):
        complains(*gans, '--outdir', tmp_path, '--cpu', parts=['in use by process %d ' % os.getpid()])
    assert visible(tmp_path) in (['lock'], [])
    weights = outdir / 'fold0' / 'inner0' / '000-train' / 'network-final.pkl'
    complains(*gans, '--outdir', tmp_path, '--pretrain', weights, *options, parts=['learned from the nodule'])
    alone = tmp_path / 'alone.pkl'
    shutil.copy(str(weights), str(alone))
    complains(*gans, '--outdir', tmp_path, '--pretrain', alone, parts=['not known from which nodules'])
    data = dict(digest=card.of_weights(str(alone)).digest, names=dict(nodule=[]))  # emptied: as if not known
    (tmp_path / 'alone.json').write_text(json.dumps(dict(data=data)))
    complains(*gans, '--outdir', tmp_path, '--pretrain', alone, parts=['not known from which nodules'])
    data['names'] = dict(nodule=['another'])
    (tmp_path / 'alone.json').write_text(json.dumps(dict(data=data)))
    succeeds(*gans, '--outdir', tmp_path / 'o', '--pretrain', alone, *options, '--total-kimg', '0.008')
    about = json.loads((tmp_path / 'o' / 'fold0' / 'inner0' / '000-train' / 'run.json').read_text())
    assert about['data']['names']['nodule'][0] == 'AIS-3' and 'another' in about['data']['names']['nodule']
