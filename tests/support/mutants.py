"""Damage drawn from a random number generator: mutants of JSON and of bytes."""

import copy
import json

DEEP = json.loads("[" * 90 + "]" * 90)
VALUES = (
    *(None, True, False, 0, 1, -1, 2, 3, 7, 10**12, 10**30, -(10**12), 0.5, 1e300),
    *(
        float("nan"),
        float("inf"),
        "",
        "x",
        "4",
        "ü/x y",
        "x" * 1000,
        [],
        {},
        [0],
        [None],
    ),
    *([[1, 2]], {"a": 1}, {"array": [3]}, {"class_name": "x", "config": {}}, DEEP),
)


def places(document, path=()):
    """All paths of keys into a document, but the empty one."""
    if isinstance(document, dict):
        pairs = list(document.items())
    elif isinstance(document, list):
        pairs = list(enumerate(document))
    else:
        return
    for key, item in pairs:
        yield (*path, key)
        yield from places(item, (*path, key))


def at(document, path):
    for key in path:
        document = document[key]
    return document


def mutant_of_json(document, rng, within=()):
    """A document with one thing changed, and what, as text."""
    document = copy.deepcopy(document)
    part = at(document, within)
    # First the key at each level, so that long lists do not take all draws.
    path = []
    while isinstance(part, dict | list) and part and (not path or rng.random() < 0.85):
        keys = list(part) if isinstance(part, dict) else range(len(part))
        path.append(rng.choice(keys))
        part = part[path[-1]]
    path = (*within, *path)
    if len(path) == len(within):
        return document, "nothing"
    place, key = at(document, path[:-1]), path[-1]
    kind = rng.choice(("value",) * 6 + ("remove", "more", "other", "scale"))
    if kind == "remove":
        del place[key]
    elif kind == "more" and isinstance(place, list):
        place.append(copy.deepcopy(place[key]))
    elif kind == "more":
        place["more"] = 1
    elif kind == "other":
        others = [other for other in places(document) if other != path]
        place[key] = copy.deepcopy(at(document, rng.choice(others)))
    elif kind == "scale" and isinstance(part, int | float):
        place[key] = part * rng.choice((-1, 2, 1000, 10**7))
    else:
        place[key] = copy.deepcopy(rng.choice(VALUES))
        kind = f"value {str(place[key])[:30]!r}"
    return document, f"{kind} at {'/'.join(map(str, path))}"


def mutant_of_bytes(content, rng):
    """Bytes with some changed, cut off, or put in, and what, as text."""
    content = bytearray(content)
    kind = rng.choice(("bit", "bit", "bytes", "cut", "zeros", "ones", "more", "number"))
    at = rng.randrange(len(content))
    if kind == "bit":
        content[at] ^= 1 << rng.randrange(8)
    elif kind == "bytes":
        for i in range(at, min(at + rng.randrange(1, 20), len(content))):
            content[i] = rng.randrange(256)
    elif kind == "cut":
        del content[at:]
    elif kind in ("zeros", "ones"):
        length = rng.randrange(1, 64)
        content[at : at + length] = (b"\0" if kind == "zeros" else b"\xff") * length
    elif kind == "more":
        content[at:at] = rng.randbytes(rng.randrange(1, 40))
    else:
        at = rng.randrange(min(len(content), 64))
        content[at : at + 4] = rng.choice((b"\xff\xff\xff\x7f", b"\0\0\0\x80"))
    return bytes(content), f"{kind} at {at} of {len(content)}"
