"""A model in several files compiles from any of its parts to the same executable's answers."""
import struct

import numpy

from conftest import DATA


def split(source, folder, name, parts):
    """Cuts a GGUF file into `parts` files by tensors, as llama-gguf-split does: metadata in the first, data in all."""
    blob = source.read_bytes()
    assert blob[:4] == b"GGUF"
    version, tensors, keys = struct.unpack_from("<IQQ", blob, 4)
    position = 24
    sizes = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}

    def skip(kind, at):
        if kind == 8:
            return at + 8 + struct.unpack_from("<Q", blob, at)[0]
        if kind == 9:
            element, count = struct.unpack_from("<IQ", blob, at)
            at += 12
            for _ in range(count):
                at = skip(element, at)
            return at
        return at + sizes[kind]

    alignment = 32
    for _ in range(keys):
        length = struct.unpack_from("<Q", blob, position)[0]
        key = blob[position + 8:position + 8 + length]
        kind = struct.unpack_from("<I", blob, position + 8 + length)[0]
        value = position + 12 + length
        if key == b"general.alignment":
            alignment = struct.unpack_from("<I", blob, value)[0]
        position = skip(kind, value)
    metadata = blob[24:position]
    infos = []
    for _ in range(tensors):
        length = struct.unpack_from("<Q", blob, position)[0]
        tensor_name = blob[position:position + 8 + length]
        position += 8 + length
        rank = struct.unpack_from("<I", blob, position)[0]
        shape = blob[position:position + 4 + 8 * rank + 4]
        position += len(shape)
        infos.append([tensor_name, shape, struct.unpack_from("<Q", blob, position)[0]])
        position += 8
    data = -(-position // alignment) * alignment
    ends = sorted(info[2] for info in infos) + [len(blob) - data]

    def key(text, kind, value):
        return struct.pack("<Q", len(text)) + text + struct.pack("<I" + kind[0], *kind[1:], value)

    paths = []
    for part in range(parts):
        mine = infos[part * tensors // parts:(part + 1) * tensors // parts]
        extra = key(b"split.no", ("H", 2), part) + key(b"split.count", ("H", 2), parts)
        extra += key(b"split.tensors.count", ("i", 5), tensors)
        header, content = b"", b""
        for tensor_name, shape, offset in mine:
            end = min(end for end in ends if end > offset)
            header += tensor_name + shape + struct.pack("<Q", len(content))
            content += blob[data + offset:data + end]
            content += bytes(-len(content) % alignment)
        first = metadata if part == 0 else b""
        count = (keys if part == 0 else 0) + 3
        head = b"GGUF" + struct.pack("<IQQ", version, len(mine), count) + first + extra + header
        path = folder / f"{name}-{part + 1:05}-of-{parts:05}.gguf"
        path.write_bytes(head + bytes(-len(head) % alignment) + content)
        paths.append(path)
    return paths


def test_split_model(ingot, tmp_path):
    source = DATA / "tiny" / "three_kv_heads_q4_1.gguf"
    parts = split(source, tmp_path, "model", 3)
    tokens = list(range(1, 24))
    whole = ingot.logits(ingot.compile(source, "--activations=f32"), tokens)
    for part in (parts[0], parts[2]):
        assert numpy.array_equal(ingot.logits(ingot.compile(part, "--activations=f32"), tokens), whole)
