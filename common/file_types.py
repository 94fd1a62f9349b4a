"""What a file is by its first bytes, in words for somebody who passed another one by mistake."""

# How files that people pass by mistake begin, and what to do about each.
_HEADS = (
    (b'<', 'a web page: the download link wants a browser, download it there again'),
    (b'\n<', 'a web page: the download link wants a browser, download it there again'),
    (b'\x1f\x8b', 'a gzip archive: unpack it with gunzip first'),
    (b'PK\x03\x04', 'a zip archive: unpack it first (a PyTorch file is another format, which is not supported)'),
    (b'\x89PNG', 'a PNG picture'),
    (b'\xff\xd8\xff', 'a JPEG picture'),
    (b'\x89HDF', 'an HDF5 file, as Keras writes: another format, which is not supported'),
    (b'\x93NUMPY', 'a NumPy array'),
)


def describe_file_type(head):
    """What a file is whose first bytes are `head`, with the remedy, or None if they tell nothing."""
    if not head:
        return 'empty: copy or download it again'
    return next((words for magic, words in _HEADS if head.startswith(magic)), None)
