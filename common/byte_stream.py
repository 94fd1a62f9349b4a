"""A file that is in memory, as pickletools reads it."""


class ByteStream:
    """Bytes to read from: a long read is a view instead of a copy, a line is short."""

    def __init__(self, data):
        self.data, self.position = memoryview(data), 0

    def read(self, count):
        piece = self.data[self.position : self.position + count]
        self.position += len(piece)
        return piece if len(piece) > 4096 else piece.tobytes()

    def readline(self):
        line = self.data[self.position : self.position + 256].tobytes()
        line = line[: line.find(b'\n') + 1]
        self.position += len(line)
        return line

    def tell(self):
        return self.position
