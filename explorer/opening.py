"""The nodule that the page opens with: one that is plain to see and typical in size."""

import numpy as np

CLASS = 'IA'  # invasive adenocarcinoma, whose nodules are the easiest to see
SEEDS = 48  # that are looked at


def place(models):
    """The index of the model in a list, and the label, that the page opens with: those of CLASS, or else the first."""
    for i, model in enumerate(models):
        if model.name == CLASS:
            return i, 0
        if model.generator.label_size and CLASS in model.generator.classes:
            return i, model.generator.classes.index(CLASS)
    return 0, 0


def choose(models):
    """{model, seed, label} of a nodule that is found, clear of the chest wall, and near the median in size and density.

    A nodule is clear of the wall if it is at least its radius away, or if none is in sight.
    """
    index, label = place(models)
    model = models[index]
    columns = model.measure_many(model.sample(SEEDS, label=label))
    values = {attribute.kind: np.array(columns[attribute.name]) for attribute in model.attributes}
    diameter, density = values['diameter'], values['mean']
    wall = values.get('wall', np.full(SEEDS, np.nan))
    with np.errstate(invalid='ignore'):  # NaN is less than nothing
        clear = np.isfinite(diameter) & (np.isnan(wall) | (wall >= diameter / 2))
    seed = 0
    if clear.any():
        apart = [np.abs(each - np.median(each[clear])) / (np.std(each[clear]) or 1) for each in (diameter, density)]
        seed = int(np.where(clear, np.hypot(*apart), np.inf).argmin())
    return dict(model=index, seed=seed, label=label)
