"""Pictures in a folder that may hold those of an earlier run."""

import io
import os
import re

from common import files, images


class ImageWriter:
    """Writes pictures into a folder that may hold those of an earlier run, and counts what becomes of these.

    names: of the pictures to come; a name that belongs to another file is refused before anything is written.
    pattern: of the names that such pictures have, a regular expression.
    """

    def __init__(self, folder, names, pattern):
        os.makedirs(folder, exist_ok=True)
        files.require_replaceable(*(os.path.join(folder, name) for name in names))
        self.folder, self.before = folder, {name for name in os.listdir(folder) if re.match(pattern, name)}
        self.replaced = self.removed = 0

    def save(self, name, image):
        """As `images.save`, under a name in the folder."""
        path, f = os.path.join(self.folder, name), io.BytesIO()
        images.encode(image, f)
        if name in self.before:
            self.before.remove(name)
            with open(path, 'rb') as old:
                self.replaced += old.read() != f.getvalue()
        with files.atomic(path) as target:
            target.write(f.getvalue())

    def remove_others(self):
        """Remove the pictures that an earlier run wrote and this one did not write anew; others stay."""
        own = {name for name in self.before if files.remove(os.path.join(self.folder, name))}
        self.removed, self.before = len(own), self.before - own

    def report(self):
        """Print what became of pictures of an earlier run: replaced by others, removed, or still there."""
        counts = [(self.replaced, 'replaced %d'), (self.removed, 'removed %d')]
        counts.append((len(self.before), 'left %d as they were'))
        words = ', '.join(form % count for count, form in counts if count)
        if words:
            print('pictures of an earlier run in %s: %s; another --outdir keeps both' % (self.folder, words))
