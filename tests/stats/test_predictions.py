import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import metrics as sk

from stats import predictions

NAMES = ['b', 'a', 'c']
FOLDS = [1, 0, 0]


def rows(labels=(1, 0, 1)):
    """Three nodules in each of two repeats: nodules, repeats, folds, labels, probabilities."""
    first = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    return [NAMES * 2, [7] * 3 + [2] * 3, FOLDS * 2, list(labels) * 2, np.stack([first, 1 - first], axis=1)]


def test_rows_are_gathered_by_nodule_and_repeat_in_whatever_order_they_come(random):
    for order in (np.arange(6), random.permutation(6)):
        result = predictions.gathered(*[np.array(column)[order] for column in rows()])
        assert result.nodules.tolist() == ['a', 'b', 'c']
        assert result.labels.tolist() == [0, 1, 1] and result.folds.tolist() == [0, 1, 0]
        assert_allclose(result.probabilities[:, :, 0], [[0.5, 0.4, 0.6], [0.2, 0.1, 0.3]])
        assert_allclose(result.probabilities.sum(axis=2), 1)


@pytest.mark.parametrize(
    'column, row, value, message',
    [
        (0, 0, 'a', 'nodule a has 2 rows in repeat 7'),
        (1, 4, 7, 'nodule a has 0 rows in repeat 2'),
        (2, 5, 1, 'nodule c has more than one fold'),
        (3, 3, 0, 'nodule b has more than one label'),
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


def test_scores_of_folds_are_scikit_learns_balanced_accuracy_in_each_fold_of_each_repeat(random):
    labels, folds = np.arange(60) % 3, np.arange(60) // 20
    probabilities = random.dirichlet([1, 1, 1], [2, 60])
    result = predictions.Predictions(np.arange(60), labels, folds, probabilities)
    expected = [
        sk.balanced_accuracy_score(labels[folds == fold], repeat[folds == fold].argmax(axis=1))
        for repeat in probabilities
        for fold in range(3)
    ]
    assert_allclose(predictions.fold_scores(result), expected)


def test_a_nodule_is_right_where_the_mean_probability_is_though_the_votes_tie():
    probabilities = np.array([[[0.6, 0.3, 0.1]], [[0.0, 0.9, 0.1]], [[0.3, 0.3, 0.4]]])  # one vote for each class
    for label in range(3):
        result = predictions.Predictions(np.array(['a']), np.array([label]), np.zeros(1), probabilities)
        assert predictions.right(result).tolist() == [label == 1]


def test_a_sentence_names_the_fold_and_the_classes_that_it_lacks():
    result = predictions.Predictions(None, np.array([0, 1, 2, 0, 1, 2, 1]), np.array([0, 0, 0, 1, 1, 2, 2]), None)
    first, second = predictions.incomplete_folds(result, ['AIS', 'MIA', 'IA'])
    assert first.startswith('fold 1 has no nodule of IA:') and second.startswith('fold 2 has no nodule of AIS:')
