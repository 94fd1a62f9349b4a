import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import metrics as sk

from stats import predictions

NAMES = ['b', 'a', 'c']
PATIENTS = ['q', 'p', 'q']
FOLDS = [1, 0, 0]


def rows(labels=(1, 0, 1)):
    """Three nodules in each of two repeats: nodules, patients, repeats, folds, labels, probabilities."""
    first = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    return [
        NAMES * 2,
        PATIENTS * 2,
        [7] * 3 + [2] * 3,
        FOLDS * 2,
        list(labels) * 2,
        np.stack([first, 1 - first], axis=1),
    ]


def test_rows_are_gathered_by_nodule_and_repeat_in_whatever_order_they_come(random):
    for order in (np.arange(6), random.permutation(6)):
        result = predictions.gathered(*[np.array(column)[order] for column in rows()])
        assert result.nodules.tolist() == ['a', 'b', 'c'] and result.patients.tolist() == ['p', 'q', 'q']
        assert result.labels.tolist() == [0, 1, 1] and result.folds.tolist() == [0, 1, 0]
        assert_allclose(result.probabilities[:, :, 0], [[0.5, 0.4, 0.6], [0.2, 0.1, 0.3]])
        assert_allclose(result.probabilities.sum(axis=2), 1)


@pytest.mark.parametrize(
    'column, row, value, message',
    [
        (0, 0, 'a', 'nodule a has 2 rows in repeat 7'),
        (1, 4, 'q', 'nodule a has more than one patient'),
        (2, 4, 7, 'nodule a has 0 rows in repeat 2'),
        (3, 5, 1, 'nodule c has more than one fold'),
        (4, 3, 0, 'nodule b has more than one label'),
    ],
)
def test_rows_that_contradict_each_other_are_refused_by_the_name_of_the_nodule(column, row, value, message):
    wrong = rows()
    wrong[column][row] = value
    with pytest.raises(ValueError, match=message):
        predictions.gathered(*wrong)


def test_a_missing_row_and_no_rows_are_refused():
    with pytest.raises(ValueError, match='nodule c has 0 rows in repeat 2; each nodule has one in each repeat'):
        predictions.gathered(*[column[:5] for column in rows()])
    with pytest.raises(ValueError, match='no predictions'):
        predictions.gathered(*[column[:0] for column in rows()])


def test_what_patients_add_sums_to_the_difference_in_scikit_learns_balanced_accuracy(random):
    labels, patients = np.arange(60) % 3, np.arange(60) // 4
    arms = [
        predictions.Predictions(np.arange(60), patients, labels, np.zeros(60), random.dirichlet([1, 1, 1], [2, 60]))
        for _ in range(2)
    ]
    scores = [
        np.mean([sk.balanced_accuracy_score(labels, repeat.argmax(axis=1)) for repeat in arm.probabilities])
        for arm in arms
    ]
    differences = predictions.patient_differences(*arms)
    assert len(differences) == 15 and differences.sum() == pytest.approx(scores[1] - scores[0])
    right = [arm.probabilities.argmax(axis=2) == labels for arm in arms]
    first = (right[1].mean(axis=0) - right[0].mean(axis=0))[:4].sum() / 60  # of classes of 20 nodules
    assert differences[0] == pytest.approx(first)
    assert predictions.disagreement(*arms) == pytest.approx((right[0] ^ right[1]).mean())


def test_a_sentence_names_the_fold_and_the_classes_that_it_lacks():
    result = predictions.Predictions(None, None, np.array([0, 1, 2, 0, 1, 2, 1]), np.array([0, 0, 0, 1, 1, 2, 2]), None)
    first, second = predictions.incomplete_folds(result, ['AIS', 'MIA', 'IA'])
    assert first.startswith('fold 1 has no nodule of IA:') and second.startswith('fold 2 has no nodule of AIS:')
