"""Weights by formula: the same numbers as Sources/ImagineModels/Families/SyntheticWeights.swift makes. Needs only numpy.

A weight depends on its canonical path and shape alone, so goldens need not carry any.
"""

import math

import numpy as np

PERIOD = 65521
MASK = (1 << 64) - 1


def hashed(name):
    """64-bit FNV-1a."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    return state


def stream(name, count):
    """SplitMix64 as numbers of -1...1 in 24 bits."""
    with np.errstate(over="ignore"):
        state = np.uint64(hashed(name)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return (state.view(np.int64) >> np.int64(40)).astype(np.float32) * np.float32(2.0**-23)


def weight(path, shape):
    """One float32 tensor whose values are 16-bit floats."""
    count = math.prod(shape)
    middle = np.float32(1 if len(shape) == 1 and path.endswith(".weight") else 0)
    reach = np.float32(0.1) if len(shape) == 1 else np.sqrt(np.float32(3) / np.float32(math.prod(shape[1:])))
    values = (middle + reach * stream(path, min(count, PERIOD))).astype(np.float16).astype(np.float32)
    return np.resize(values, count).reshape(shape)


def check():
    """The numbers that a Swift test asserts of SyntheticWeights."""
    bias, matrix = weight("unet.conv_in.bias", (4,)), weight("unet.conv_in.weight", (2, 3))
    scale, table = weight("unet.conv_norm_out.weight", (3,)), weight("unet.table", (PERIOD + 2, 1))
    assert [float(x) for x in bias] == CHECK["bias"], bias.tolist()
    assert [float(x) for x in matrix.flat] == CHECK["matrix"], matrix.tolist()
    assert [float(x) for x in scale] == CHECK["scale"], scale.tolist()
    assert table[PERIOD] == table[0] and table[PERIOD + 1] == table[1] and table[1] != table[0]


CHECK = {
    "bias": [-0.01015472412109375, -0.040435791015625, -0.047882080078125, 0.07830810546875],
    "matrix": [0.76123046875, 0.3271484375, -0.68408203125, 0.498046875, 0.5859375, 0.5888671875],
    "scale": [1.01953125, 0.96044921875, 1.041015625],
}
