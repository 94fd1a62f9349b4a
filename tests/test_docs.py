"""README and docs: links, files and flags exist, commands and Python code run as printed."""

import glob
import itertools
import json
import os
import re
import shlex
import shutil

import numpy as np
import pytest
import SimpleITK as sitk

import config
import dataset
import dicom_masks
import lidc_cases
import metrics.__main__
import pix2pix.__main__
import pix2pix.pix2pix_settings
import tfutil
from classification.classifier_training import TrainableClassifier
from common import images
from dataset_tools import annotations, nodule_tables
from explorer import learning
from places import ONCE, ROOT
from scans import POINT, blob, chest, picture, write, write_dicom
from tables import sphere
from turing_test import study

PAGES = ['README.md'] + sorted(
    os.path.relpath(path, ROOT).replace(os.sep, '/')
    for path in glob.glob(os.path.join(ROOT, 'docs', '**', '*.md'), recursive=True)
)
# What is added to a command that starts like this, so that it takes seconds. The last flag counts.
SMALL = {
    '0-dataset_create.py phantom': '--number 40 --resolution 16',
    '0-dataset_create.py pairs --phantom': '--resolution 32 --number 4',
    '0-dataset_create.py volumes nodules.csv --volumes scans --folds 5 --inner 5': '--folds 2 --inner 2 '
    '--resolution 16',
    '0-dataset_create.py volumes luna25.csv --volumes luna25_images --classes benign,malignant --folds 5': '--folds 2',
    '0-dataset_create.py images nodulemnist3d_64.npz --classes benign,malignant --folds 5': '--folds 2 --inner 2',
    '0-dataset_create.py lidc LIDC-IDRI --annotations LIDC-XML-only --folds 5 --inner 5': '--folds 2 --inner 3 '
    '--resolution 16 --processes 1',
    '5-classify.py gans': '--fmap-max 8 --fmap-base 64 --minibatch 2 --total-kimg 0.008 --lod-initial-resolution 16 '
    '--repeats 1 --cpu',
    '5-classify.py run': '--arms raw,common,duplicates,gan,shuffled --ratios 1 --repeats 1 --steps 4 --cpu',
    '5-classify.py predict': '--cpu',
    '3-train.py --resume': '--total-kimg 0.032',
    '3-train.py': '--fmap-max 8 --fmap-base 64 --minibatch 8 --lod-training-kimg 0.008 --lod-transition-kimg 0.008 '
    '--total-kimg 0.016 --lod-initial-resolution 16 --cpu',
    '4-evaluate.py': '--number 20 --audit 5 --cpu',
    '2-inference.py': '--cpu',
    '6-turing_test.py create': '--number 20 --practice 2 --cpu',
    '7-explore.py axes': '--number 200 --cpu',
    '8-export.py dicom': '--cpu',
    '8-export.py nifti': '--cpu',
    '8-export.py hf': '--cpu',
    '8-export.py page': '--cpu',
    '-m metrics train-outlines': '--maps 4,8 --minibatch 4 --steps 2 --cpu',
    '-m pix2pix train': '--ngf 4 --ndf 4 --minibatch 4 --epochs 1 --cpu',
    '-m pix2pix generate': '--cpu',
    '-m pix2pix evaluate': '--cpu',
}
SUBCOMMANDS = {
    '0-dataset_create.py': 'images volumes lidc phantom pairs verify card',
    '5-classify.py': 'gans run predict',
    '6-turing_test.py': 'create serve simulate analyse',
    '7-explore.py': 'axes serve',
    '8-export.py': 'onnx safetensors dicom nifti hf page',
}
MODULES = {'metrics': metrics.__main__, 'pix2pix': pix2pix.__main__}  # of python -m
OTHER_PROGRAMS = {'--build-arg', '--gpus'}  # flags of docker


def read(page):
    with open(os.path.join(ROOT, page), encoding='utf-8') as f:
        return f.read()


def blocks(page, language):
    """The code blocks of a page in a language."""
    return re.findall(r'```%s\n(.*?)```' % language, read(page), re.DOTALL)


def commands(page):
    """The commands of a page in order: lines of its sh blocks, then commands in its tables."""
    lines = list(itertools.chain(*[block.splitlines() for block in blocks(page, 'sh')]))
    return lines + re.findall(r'^\|.*`(python \d.*?|python -m .*?)` \|$', read(page), re.MULTILINE)


def anchor(heading):
    """What GitHub calls a heading in a link."""
    return re.sub(r'[^\w\- ]', '', heading.strip().lower()).replace(' ', '-')


@pytest.mark.parametrize('page', PAGES)
def test_links_lead_to_files_and_headings_that_exist(page):
    for target in re.findall(r'\]\(([^)\s]+)\)', read(page)):
        if target.startswith('http'):
            continue
        path, _, part = target.partition('#')
        path = os.path.join(ROOT, os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page)
        assert os.path.exists(path), target
        assert not part or part in map(anchor, re.findall(r'^#+ (.*)$', read(path), re.MULTILINE)), target


@pytest.mark.parametrize('page', ['README.md', 'CONTRIBUTING.md', 'docs/design.md'])
def test_files_and_folders_that_a_page_names_exist(page):
    for name in re.findall(r'`([\w/.-]+(?:/|\.py|\.html))`', read(page)):
        if not name.startswith(('demo/output/', 'datasets/', 'results/')):
            assert os.path.exists(os.path.join(ROOT, name)), name


def test_flags_that_the_pages_name_exist(script, outcome):
    helps = [outcome(MODULES['pix2pix'].main, command, '-h')[1] for command in pix2pix.pix2pix_settings.COMMANDS]
    helps.append(outcome(MODULES['metrics'].main, 'train-outlines', '-h')[1])
    helps.append(script('demo/run_experiment.py', '-h')[1])
    for path in glob.glob(os.path.join(ROOT, '[0-9]-*.py')):
        name = os.path.basename(path)
        for command in SUBCOMMANDS.get(name, '').split() or [None]:
            helps.append(script(name, *([command] if command else []), '-h')[1])
    flags = set(re.findall(r'--[\w-]+', ' '.join(helps))) | OTHER_PROGRAMS
    for page in PAGES:
        assert set(re.findall(r'(?:`|python .*? )(--[\w-]+)', read(page))) <= flags, page


def test_presets_are_documented_with_the_flags_they_stand_for():
    rows = dict(re.findall(r'^\| `([\w-]+)` \| .*?`(--[^`]*)` \|$', read('docs/training.md'), re.MULTILINE))
    assert {name: rows.get(name, '') for name in config.PRESETS} == config.PRESETS


def test_the_example_table_has_every_column_and_no_other(tmp_path):
    (text,) = blocks('docs/data.md', 'csv')
    (tmp_path / 'nodules.csv').write_text(text)
    columns, rows, unused = nodule_tables.read(str(tmp_path / 'nodules.csv'))
    assert unused == [] and len(rows) == 3
    assert [row.series for row in annotations.read_annotations(str(tmp_path / 'nodules.csv'))[1:]] == [
        None,
        rows[2][1]['seriesuid'],
    ]
    meanings = re.findall(r'^\| (`.*?) \|', read('docs/data.md').split('### The scans')[0], re.MULTILINE)
    assert set(re.findall('`(.*?)`', ' '.join(meanings))) - {'i', 'j', 'k'} == set(columns)


def small_copy(name, folder):
    """A data set of processData at 16x16 and below, which trains in seconds."""
    levels = dataset.levels(os.path.join(ROOT, 'processData', name))
    dataset.write(str(folder / name), name, dataset.read(levels[4]))
    with open(os.path.join(ROOT, 'processData', name, name + '.json')) as f:
        facts = dict(json.load(f), resolution=16)
    (folder / name / (name + '.json')).write_text(json.dumps(facts))


def public_set(folder):
    """A folder as LIDC-IDRI, with XML, SQLite and SEG."""
    lidc_cases.build(folder)
    (folder / 'SEG').mkdir()
    item = lidc_cases.CASES[0]
    for number, mark in enumerate(item.marks):
        mask = sitk.GetImageFromArray(lidc_cases.truth(mark).astype(np.uint8))
        mask.CopyInformation(item.image)
        dicom_masks.segmentation(folder / 'SEG' / f'{number}.dcm', {'Nodule': mask}, series=item.series)


def experiment(folder):
    """A folder as LIDC-IDRI, with enough nodules of each class for folds."""
    lidc_cases.build(folder, lidc_cases.cohort())


def export(folder):
    """What a PACS exported of the patients in the table of docs/data/pacs.md, and that table."""
    image = picture()
    ends = [POINT, POINT + [9, 0, 0]]
    for patient in ('P01', 'P02', 'P03'):
        write_dicom(folder / patient / 'CT', picture(chest(*ends)), uid='1.2.' + patient[1:])
    contours = {f'GTV {i}': dicom_masks.sphere_contours(image, end, 3) for i, end in enumerate(ends, 1)}
    dicom_masks.rtstruct(folder / 'P01' / 'rtstruct.dcm', contours)
    dicom_masks.segmentation(folder / 'P02' / 'seg.dcm', {'nodule': sphere(image, POINT, 4)})
    dicom_masks.layered(folder / 'P03' / 'nodules.seg.nrrd', sphere(image, POINT, 3), sphere(image, POINT, 4))
    (folder / 'nodules.csv').write_text(blocks('docs/data/pacs.md', 'csv')[0])


def public_scans(*paths):
    """Scans with nodules at POINT and 14 mm beside it; -> the text of both places, x,y,z."""
    places = [POINT, POINT + [14, 0, 0]]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(picture(chest(*places), size=(80, 60, 28)), str(path))
    return [','.join('%.3f' % value for value in place) for place in places]


def luna16(folder):
    """A folder as LUNA16."""
    root = folder / 'LUNA16'
    first, second = public_scans(root / 'subset0' / '1.3.6.1.mhd', root / 'subset1' / '1.3.6.2.mhd')
    header = 'seriesuid,coordX,coordY,coordZ,'
    rows = [f'1.3.6.1,{first},6.1', f'1.3.6.1,{second},4.2', f'1.3.6.2,{first},5.5']
    (root / 'annotations.csv').write_text('\n'.join([header + 'diameter_mm'] + rows) + '\n')
    lung = ','.join('%.3f' % value for value in POINT + [7, 19, 0])
    rows = [f'1.3.6.1,{first},1', f'1.3.6.1,{lung},0', f'1.3.6.2,{lung},0', f'1.3.6.2,{first},1', f'1.3.6.2,{first},0']
    (root / 'candidates_V2.csv').write_text('\n'.join([header + 'class'] + rows) + '\n')


def luna25(folder):
    """A folder and a table as LUNA25."""
    lines = ['PatientID,SeriesInstanceUID,StudyDate,CoordX,CoordY,CoordZ,LesionID,AnnotationID,NoduleID,label,Gender']
    for i in range(4):
        first, second = public_scans(folder / 'luna25_images' / f'1.2.840.{i}.mha')
        lines.append(f'{i // 2},1.2.840.{i},19990102,{first},1,{i // 2}_1_1999010{i},{i // 2}_1,0,Male')
        lines.append(f'{i // 2},1.2.840.{i},19990102,{second},2,{i // 2}_2_1999010{i},{i // 2}_2,1,Male')
    (folder / 'luna25.csv').write_text('\n'.join(lines) + '\n')


def lndb(folder):
    """A folder as LNDb."""
    root = folder / 'LNDb'
    first, second = public_scans(root / 'data0' / 'LNDb-0001.mhd', root / 'data1' / 'LNDb-0012.mhd')
    lines = ['LNDbID,RadID,RadFindingID,FindingID,Nodule,x,y,z,DiamEq_Rad,Texture,Malignancy']
    lines += [f'1,"[1, 2]","[1, 1]",1,1,{first},6.4,5,3', f'1,"[1]","[2]",2,1,{second},4.2,5,2']
    lines += [f'12,"[2]","[1]",1,1,{first},5.1,1,4', f'12,"[2]","[3]",2,0,{second},0,0,0']
    (root / 'allNods.csv').write_text('\n'.join(lines) + '\n')


def nodulemnist(folder):
    """Files as NoduleMNIST3D of 28 and of 64 voxels."""
    random = np.random.RandomState(0)
    for name, size in (('nodulemnist3d', 28), ('nodulemnist3d_64', 64)):
        arrays = {}
        for part, count in (('train', 12), ('val', 4), ('test', 6)):
            arrays[part + '_images'] = random.randint(256, size=[count] + [size] * 3).astype(np.uint8)
            arrays[part + '_labels'] = (np.arange(count) % 2).astype(np.uint8)[:, None]
        np.savez_compressed(str(folder / (name + '.npz')), **arrays)


PUBLIC = {f'docs/data/{made.__name__}.md': made for made in (luna16, luna25, lndb, nodulemnist, experiment)}


@pytest.fixture
def folder(page, tmp_path, monkeypatch):
    """A working folder as the pages assume it: data, weights, scans and a table of nodules."""
    random, classes, count = np.random.RandomState(0), ['MIA'], 10
    if page == 'docs/classification.md':
        classes, count = ['AIS', 'MIA'], 24

    def noisy(points):
        return blob(points) + 30 * random.randn(*points.shape[:-1])

    (tmp_path / 'pix2pix').mkdir()
    os.symlink(os.path.join(ROOT, 'pix2pix/dataset-demo'), str(tmp_path / 'pix2pix' / 'dataset-demo'))
    if page == 'docs/training.md':
        for name in ('AIS', 'MIA', 'IA'):
            small_copy(name, tmp_path / 'processData')
    else:
        os.symlink(os.path.join(ROOT, 'processData'), str(tmp_path / 'processData'))
    tracked = shutil.ignore_patterns('*.axes.npz', '.*')
    shutil.copytree(os.path.join(ROOT, 'demo', 'weight'), str(tmp_path / 'demo' / 'weight'), ignore=tracked)
    monkeypatch.setattr(learning, 'TRIED', 6)  # nodules to test axes on
    for name in ('scans', 'pictures', 'arrays', 'cts', 'masks'):
        (tmp_path / name).mkdir()
    place = ','.join('%.3f' % value for value in POINT)
    for i in range(count):
        write(tmp_path / 'scans', picture(noisy), 'nii.gz').rename(tmp_path / 'scans' / ('%d.nii.gz' % i))
        patch = random.randint(256, size=[1, 64, 64]).astype(np.uint8)
        for name in ('pictures', 'cts', 'masks'):
            images.save(str(tmp_path / name / ('%d.png' % i)), patch)
        np.save(str(tmp_path / 'arrays' / ('%d.npy' % i)), random.uniform(-1000, 400, [64, 64]))
    lines = ['seriesuid,coordX,coordY,coordZ,class']
    lines += ['%d,%s,%s' % (i, place, classes[i % len(classes)]) for i in range(count)]
    (tmp_path / 'nodules.csv').write_text('\n'.join(lines) + '\n')
    shutil.copy(str(tmp_path / 'pictures' / '0.png'), str(tmp_path / 'patch.png'))
    if page in ('docs/data/lidc.md', 'docs/api.md', 'README.md'):
        public_set(tmp_path)
    if page in PUBLIC:
        PUBLIC[page](tmp_path)
    if page == 'docs/data/pacs.md':
        export(tmp_path / 'export')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@ONCE
@pytest.mark.slow
@pytest.mark.parametrize('page', ['docs/api.md'])
def test_the_code_of_the_page_about_python_runs(page, folder, capsys):
    classifiers = folder / 'results' / 'classification' / 'classifiers'
    classifiers.mkdir(parents=True)
    with tfutil.init_tf(cpu=True):
        classifier = TrainableClassifier('small', [1, 64, 64], ['AIS', 'MIA', 'IA'], 0.001)
        classifier.initialise([1])
        classifier.save(str(classifiers / 'gan-1-fold0.pkl'))
    namespace = {}
    for block in blocks(page, 'python'):
        exec(block, namespace)
    assert namespace['nearest'].image.shape == (1, 64, 64) and namespace['hu'].dtype == np.float32
    assert np.allclose(namespace['probabilities'].sum(axis=1), 1)


ELSEWHERE = set(itertools.chain(*map(commands, PAGES[1:])))  # README's commands that a page of docs/ has, too


def check_experiment(script):
    """The results of the five commands are those of nodules that the generators never saw, and fit each other."""
    comparison = read_json('results/classification/classification.json')['comparison']
    assert [comparison[key] for key in ('nodules', 'patients', 'unknown_patients')] == [56, 12, 0]
    assert (comparison['primary'], comparison['control']) == ('gan', 'duplicates')
    protocol, cases = study.cases('results/study')
    assert protocol['classes'] == ['ground-glass', 'part-solid', 'solid']
    for case in cases:
        held_out = dataset.read(dataset.levels('datasets/cv/fold0/test/' + case.label)[4])
        assert (held_out == case.pixels).all(axis=(1, 2, 3)).any() == case.signal
    for command in ('simulate results/study --readers 2', 'analyse results/study-simulated'):
        assert script('6-turing_test.py', *command.split())[0] == 0
    (evaluate,) = [command for command in commands('docs/data/experiment.md') if '4-evaluate.py' in command]
    others = ['results/classification/classification.json', 'results/study-simulated/turing_test.json']
    code, _, err = script(*shlex.split(evaluate)[1:], *shlex.split(SMALL['4-evaluate.py']), '--turing-test', others[1])
    assert code == 0, err
    evaluation, scorecard = [read_json('results/evaluation/%s.json' % name) for name in ('evaluation', 'scorecard')]
    assert 'datasets/cv/fold0/test/solid' in evaluation['reference images']
    assert evaluation['rows'] and all(np.isfinite(row['reals']) for row in evaluation['rows'])
    sources = ' '.join(figure['source'] for item in scorecard['items'] for figure in item['figures'])
    assert all(other in sources for other in others)


def read_json(path):
    with open(path) as f:
        return json.load(f)


CHECKS = {'docs/data/experiment.md': check_experiment}  # what has to hold after the commands of a page


@ONCE
@pytest.mark.slow
@pytest.mark.parametrize('page', [page for page in PAGES if commands(page)])
def test_commands_run_in_the_order_of_the_page(page, folder, script, outcome):
    for command in commands(page):
        if page == 'README.md' and command in ELSEWHERE:
            continue
        python, *arguments = shlex.split(command)
        small = [flags for begin, flags in SMALL.items() if ' '.join(arguments).startswith(begin)][:1]
        arguments += shlex.split(' '.join(small)) + ['--project-steps', '2'] * ('--project' in arguments)
        assert python == 'python'
        if arguments[0] == '-m':
            code, out, err = outcome(MODULES[arguments[1]].main, *arguments[2:])
        else:
            code, out, err = script(*arguments)
        assert code == 0, '%s: %s%s' % (command, out[-3000:], err)
    if page in CHECKS:
        CHECKS[page](script)
