"""The explorer as one file, with what has to be said of its weights at its foot."""

from common import files
from explorer import page_file
from export import gate


def run(cfg):
    """Write the page as settings.Page says."""
    files.require_replaceable(cfg.out)
    releases = [gate.release(cfg._replace(model=path)) for path in cfg.model]
    if cfg.pix2pix:
        releases.append(gate.release(cfg._replace(model=cfg.pix2pix), generator=False))
    audits = _distinct(release.audit for release in releases)
    notes = _distinct(release.origin for release in releases) + [gate.NO_DEVICE]
    if not cfg.unaudited:
        notes, audits = audits + notes, ['']
    size = page_file.write(cfg.out, cfg.model, cfg.pix2pix, ' '.join(audits), notes, cfg.cpu)
    print('%s: %.1f MB; open it in a browser. %s' % (cfg.out, size / 1e6, ' '.join(audits + notes)))


def _distinct(sentences):
    return sorted(set(sentences))
