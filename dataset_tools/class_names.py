"""Names of classes that a data set only numbers."""


def of_label(label, names, place):
    """The name of a class; names: as --classes has them, of the labels 0, 1, ..., or None, so that the label stays.

    label: text, or None without a class. ValueError, beginning with `place`, for a label without a name.
    """
    if names is None or label is None:
        return label
    choices = names.split(',')
    if not (label.isdecimal() and int(label) < len(choices)):
        named = f'--classes {names} names the labels 0 to {len(choices) - 1}'
        raise ValueError(f'{place} has the label {label[:40]}; {named}')
    return choices[int(label)]
