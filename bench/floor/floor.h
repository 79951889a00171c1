// The floor of the measurements: a minimal NBD server, for comparison only. It has one thread, poll(2), one
// large receive, and one send for the replies to all requests of a receive. The disk is a mapped file, so the
// kernel moves the bytes between the socket and the disk with one copy. The server checks ranges and
// otherwise trusts its clients.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk {
  uint8_t* bytes;
  uint64_t size;
};

// handshake.c: performs the handshake and waits for the client. Returns false if the client will send no
// requests.
bool shake_hands(int fd, const struct disk* disk, bool* structured);

// transmission.c: one connection after its handshake.
struct connection;
struct connection* begin_transmission(int fd, const struct disk* disk, bool structured);
// Call this when the socket is ready. Returns false when the connection has ended.
bool continue_transmission(struct connection* connection);
// True while replies wait to be sent. The server does not read from such a client.
bool waits_to_send(const struct connection* connection);
void end_transmission(struct connection* connection);
