"""The notebook demo/tour.ipynb."""

import os

import nbformat
import pytest
from nbclient import NotebookClient

from places import ONCE, ROOT

TOUR = os.path.join(ROOT, 'demo', 'tour.ipynb')


def pictures(notebook):
    """The pictures under each cell that has some, as base64 text."""
    outputs = [cell.get('outputs', []) for cell in notebook.cells]
    return [output.data['image/png'] for cell in outputs for output in cell if 'image/png' in output.get('data', {})]


@pytest.mark.slow
@ONCE
def test_the_tour_runs_from_top_to_end_and_shows_as_many_pictures_as_the_stored_one():
    notebook = nbformat.read(TOUR, 4)
    stored = len(pictures(notebook))
    options = dict(timeout=300, kernel_name='python3', resources=dict(metadata=dict(path=os.path.dirname(TOUR))))
    NotebookClient(notebook, **options).execute()
    assert len(pictures(notebook)) == stored == 5
    assert os.path.getsize(TOUR) < 3e5
