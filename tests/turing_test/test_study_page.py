"""The page of a study: it holds what was found, also of hostile names, one reader, pairs and many readers."""

import html
import re

import numpy as np
import pytest

from common import svg_plots as common_figures
from readings import simulated
from turing_test import study_analysis, study_page

HOSTILE = ['<script>alert(1)</script>', '$\\frac', '_hidden', '\u674e\u533b\u751f', 'a\nb', '{{ 7 * 7 }}']


@pytest.fixture
def written(tmp_path):
    """Writes the page of readings; returns what it says and the page."""

    def call(readings, evaluation=None):
        data = study_analysis.analyse(readings, evaluation)
        study_page.write(str(tmp_path / 'page.html'), readings, data)
        return data, (tmp_path / 'page.html').read_bytes().decode()

    return call


def test_the_page_says_what_was_found_and_asks_for_nothing_from_elsewhere(written):
    data, text = written(simulated([0.6, 0.7, 0.5], names=['junior', 'senior', 'chief']))
    assert '<p class="verdict %s">' % data['verdict'] in text
    assert html.escape(data['first_sentence']).replace(' %', '\u00a0%') in text
    for name in ('junior', 'senior', 'chief'):
        assert '<th scope="row">%s<small>' % name in text
    assert not re.search(r'https?:|(src|href)="(?!data:|#)|@import|url\((?!#)', text)
    assert len(text) < 5e6 and len(re.findall(r'<img\s+class="ct"', text)) > 12
    assert 'Run <code>4-evaluate.py</code>' in text


def test_names_are_text_never_markup_nor_a_formula_and_none_breaks_the_figures(written, recwarn):
    _, text = written(simulated([0.6] * 6, names=HOSTILE))
    assert 'alert(1)</script>' not in text and '&lt;script&gt;alert(1)&lt;/script&gt;' in text
    assert '\u674e\u533b\u751f' in text and '{{ 7 * 7 }}' in text and '49' not in re.findall(r'row">(\d+)<', text)
    assert not [x for x in recwarn if 'Glyph' in str(x.message)]


def test_labels_are_cut_and_neither_formulas_nor_hidden():
    def draw(axes):
        for name in ('$x^2$', '_nolegend_', 'a' * 40):
            axes.plot([0, 1], [0, 1], label=common_figures.label_of(name))
        axes.set_xlabel('x')
        axes.set_ylabel('y')
        axes.legend()

    text = common_figures.drawn(draw, 'labels')
    assert '>$x^2$<' in text and '_nolegend_' in text and '>%s\u2026<' % ('a' * 21) in text


@pytest.mark.parametrize('count', [1, 2, 4, 12])
def test_one_reader_and_many_have_a_page(written, count):
    data, text = written(simulated([0.6] * count, 20))
    assert len(re.findall(r'<tr><th scope="row">reader \d+<small>', text)) == count
    assert ('two readers must have read the same cases' in text) == (count == 1)
    assert text.count(' and reader ') == count * (count - 1) // 2


def sentences(text):
    """The list entries of a page, with ordinary spaces."""
    return [re.sub('<[^>]+>', '', entry).replace('\u00a0', ' ') for entry in re.findall('<li.*?>(.*?)</li>', text)]


def test_readers_who_have_hardly_begun_have_a_page_with_dashes_and_notes(written):
    _, text = written(simulated([0.6, 0.6, None], done=[1, 2, 0]))
    assert '<td>\u2013</td>' in text and text.count(', not finished</small>') == 2
    assert sentences(text)[:2] == [
        '2 readers of 2 have not finished; the answers so far count: reader 0 1, reader 1 2 of 60 cases.',
        '1 reader entered, but answered nothing yet.',
    ]
    assert 'undecided<small>too few cases</small>' in text


def test_doubts_and_readers_who_can_tell_alone_are_sentences_of_the_page(written):
    readings = simulated([0.25, 0.5, 0.5, 0.8], 300, names=list('abcd'))
    answers = [x._replace(verdict=6) if x.reader == 1 else x for x in readings.answers]
    answers = [x._replace(verdict=7 - x.verdict) if x.reader == 3 and x.repeat else x for x in answers]
    readings = readings._replace(protocol=dict(readings.protocol, simulated=True), answers=answers)
    data, text = written(readings)
    assert [warning['key'] for warning in data['warnings']] == ['simulated_readers', 'one_sided', 'inconsistent']
    for sentence in (
        'The verdict and the intervals of all readers are for other readers like these and for other cases.',
        'However, some readers tell them apart on their own, after correction for 4 readers: a (AUC 0.',
        'Warning. These readers are simulated',
        'Warning. b nearly always gave the same answer, so',
        'of the cases that were shown twice; tossing a coin gives 50 %.',
    ):
        assert sentence in ' '.join(sentences(text)), sentence


def test_pairs_are_shown_beside_each_other_and_said_to_be_pairs(written):
    data, text = written(simulated([0.7, 0.7], mode='2afc'))
    assert data['first_sentence'].startswith('2 readers picked the real one of two in ')
    assert 'divided by \u221a2' in text and '60 pairs of patches of AIS, MIA, IA' in text
    assert text.count('<div class="case pair">') * 2 == len(re.findall(r'<img\s+class="ct"', text))
    assert 'real: left' in text and 'real: right' in text


@pytest.mark.parametrize('mode', ['yes-no', '2afc'])
def test_patches_of_phantoms_are_nowhere_called_real(written, mode):
    readings = simulated([0.6, 0.6], mode=mode)
    readings = readings._replace(protocol=dict(readings.protocol, phantoms=True, title='Simulated or generated?'))
    _, text = written(readings)
    visible = re.sub('<style.*?</style>|<script.*?</script>|<[^>]+>', ' ', text, flags=re.DOTALL)
    result, others = visible.split('What this does not show')
    method = others.split('How it was done')[1]
    assert re.findall(r'\b[Rr]eal\b.{4}', result + method) == ['real CT.']
    assert 'No patch is from a patient.' in result and 'simulated patches' in method


def test_a_leaning_reader_is_named_with_the_answer(written):
    _, text = written(simulated([0.69, 0.5], 300, names=['strict', 'fair'], criterion=1))
    (sentence,) = [x for x in sentences(text) if x.startswith('Warning. strict leans')]
    assert re.search(r'c = 0\.\d\d|c = 1\.\d\d', sentence) and '\u201cgenerated\u201d' in sentence


def test_recall_and_copies_are_printed_beside(written):
    rows = [dict(metric='recall, pixels', fakes=0.412, reals=0.79)]
    _, text = written(simulated([0.6]), rows)
    assert 'recall, pixels</th><td>0.412</td><td>0.790</td>' in text and 'Run <code>4-evaluate.py' not in text


def test_the_hardest_cases_are_those_that_readers_were_most_surely_wrong_about():
    readings = simulated([0.6, 0.6, 0.6])
    for heading, examples in study_page.examples(readings):
        truth = 'real' if heading.startswith('Real') else 'generated'
        assert len(examples) <= 6 and {example.truth for example in examples} == {truth}
    fooled = dict(study_page.examples(readings))['Generated patches taken for real']
    sure = {}
    for answer in readings.answers:
        if not answer.repeat and not answer.signal:
            sure.setdefault(answer.case, []).append(answer.verdict)
    most = max(sure, key=lambda case: np.mean(sure[case]))
    best = [case for case in sure if np.mean(sure[case]) == np.mean(sure[most])]
    assert fooled[0].pictures[0].alt in ['case %d, %s, generated' % (x, readings.cases[x].label) for x in best]
    assert fooled[0].right == sum(x < 4 for x in sure[most]) and fooled[0].answers == 3
