#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "failure.h"

// Bytes through a connected stream socket that does not block. Nothing means "not now".

// Parts of buffers are numbers, so that JavaScript need not make a view for each call.

// 0 bytes: the peer will send no more.
Outcome<std::optional<size_t>> receive(int fd, std::span<std::byte> buffer, size_t start, size_t end);

// Fills the part of `first` from `start` to `end`, then `second`.
Outcome<std::optional<size_t>> receiveInto(int fd, std::span<std::byte> first, size_t start, size_t end,
                                           std::span<std::byte> second);

Outcome<std::optional<size_t>> sendPart(int fd, std::span<const std::byte> buffer, size_t start, size_t end);

// All of the pieces, in one call as far as the system takes them.
Outcome<std::optional<size_t>> sendPieces(int fd, std::vector<std::span<const std::byte>> pieces);

// Ends the connection both ways, as closing the last descriptor of it would. That it has ended already is no
// failure.
Failure shutDown(int fd);
