# Comes before the scripts of the clients that ask for extents.


def described(h, offset, length):
    # A reply may cover only a part of the range, so ask again for the rest.
    merged = []
    while length:
        found = []
        h.block_status(length, offset, lambda context, at, entries, error: found.extend(entries))
        for part, flags in zip(found[::2], found[1::2]):
            part = min(part, length)
            offset, length = offset + part, length - part
            if merged and merged[-1][1] == flags:
                merged[-1][0] += part
            elif part:
                merged.append([part, flags])
    return merged


