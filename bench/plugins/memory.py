API_VERSION = 2

disk = bytearray()


def config(key, value):
    global disk
    disk = bytearray(int(value))


def open(readonly):
    return 1


def get_size(handle):
    return len(disk)


def pread(handle, into, offset, flags):
    into[:] = disk[offset : offset + len(into)]


def pwrite(handle, data, offset, flags):
    disk[offset : offset + len(data)] = data
