#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "../common/failure.h"

// Prompts on the controlling terminal of the process, or else on the terminal of stdin or stderr, and reads a
// line that the terminal does not show. Returns the number of bytes in `line`, without the newline. Empty
// when the user ended the input before the first character. The line is cut to the size of `line`.
//
// The terminal shows what is typed again when this function returns, whatever ended it. A signal that ends or
// stops the process is raised again after that: EINTR where the process handles it. A stopped process prompts
// again when it continues.
Outcome<std::optional<size_t>> askOnTerminal(const std::string& prompt, std::span<std::byte> line);
