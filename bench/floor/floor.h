// The floor of the measurements: as little as an NBD server can do, for comparison only. One thread, poll,
// one large receive, and one gathered send for all replies to what was received. The disk is a mapped file,
// so that bytes go between the socket and the disk with one copy, by the kernel. It checks ranges, and else
// trusts its clients.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk {
  uint8_t* bytes;
  uint64_t size;
};

// handshake.c: until requests may come, which takes as long as the client does; false if they never will.
bool shake_hands(int fd, const struct disk* disk, bool* structured);

// transmission.c: one connection after its handshake.
struct connection;
struct connection* begin_transmission(int fd, const struct disk* disk, bool structured);
// Called when the socket is ready; false when the connection is over.
bool continue_transmission(struct connection* connection);
// Whether it waits for the client to take its replies; such a client is not read from.
bool waits_to_send(const struct connection* connection);
void end_transmission(struct connection* connection);
