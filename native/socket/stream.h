#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "../common/failure.h"

// Transfers bytes through a connected, nonblocking stream socket. An empty result means that the call would
// block.

// Buffer parts are given as numbers, so that JavaScript need not create a view for each call.

// Receives bytes. A result of 0 bytes means that the peer will send no more.
Outcome<std::optional<size_t>> receive(int fd, std::span<std::byte> buffer, size_t start, size_t end);

// Fills the part of `first` from `start` to `end`, and then `second`.
Outcome<std::optional<size_t>> receiveInto(int fd, std::span<std::byte> first, size_t start, size_t end,
                                           std::span<std::byte> second);

Outcome<std::optional<size_t>> sendPart(int fd, std::span<const std::byte> buffer, size_t start, size_t end);

// Sends the pieces with one system call. The system may accept only a part of them.
Outcome<std::optional<size_t>> sendPieces(int fd, std::vector<std::span<const std::byte>> pieces);

// Ends the connection in both directions, as closing its last descriptor would. Succeeds when the connection
// has already ended.
Failure shutDown(int fd);

// Busy-waits for more bytes on a socket: until `bytes` bytes have arrived, no byte has arrived for `quiet`
// microseconds, or `limit` microseconds have passed. Returns the number of bytes that can be read.
Outcome<size_t> waitForBytes(int fd, size_t bytes, size_t quiet, size_t limit);
