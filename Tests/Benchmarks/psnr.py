"""Print how alike two PNG pictures are, in decibels of peak signal to noise. Needs nothing but Python."""

import math
import struct
import sys
import zlib


def pixels(path):
    """The samples of an 8-bit picture without interlacing, and its width and height."""
    with open(path, "rb") as file:
        data = file.read()
    offset, compressed, header = 8, b"", None
    while offset < len(data):
        length, kind = struct.unpack(">I4s", data[offset:offset + 8])
        content = data[offset + 8:offset + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", content)
        elif kind == b"IDAT":
            compressed += content
        offset += 12 + length
    width, height, depth, color, _, _, interlace = header
    channels = {0: 1, 2: 3, 6: 4}.get(color)
    if depth != 8 or channels is None or interlace:
        sys.exit(f"{path} is not 8-bit grey, RGB or RGBA without interlacing")
    lines, stride = zlib.decompress(compressed), width * channels
    above, result = bytearray(stride), bytearray()
    for start in range(0, len(lines), stride + 1):
        kind, line = lines[start], bytearray(lines[start + 1:start + 1 + stride])
        for index in range(stride):
            left = line[index - channels] if index >= channels else 0
            up, corner = above[index], above[index - channels] if index >= channels else 0
            line[index] = (line[index] + predicted(kind, left, up, corner)) & 255
        above = line
        result += line
    return result, (width, height)


def predicted(kind, left, up, corner):
    if kind == 4:
        distances = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
        return left if distances[0] <= min(distances[1:]) else up if distances[1] <= distances[2] else corner
    return (0, left, up, (left + up) // 2)[kind]


def main():
    (first, size), (second, other) = pixels(sys.argv[1]), pixels(sys.argv[2])
    if size != other:
        sys.exit(f"the pictures differ in size: {size} and {other}")
    error = sum((a - b) ** 2 for a, b in zip(first, second)) / len(first)
    print("equal" if error == 0 else f"{10 * math.log10(255 ** 2 / error):.1f} dB")


if __name__ == "__main__":
    main()
