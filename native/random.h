#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "failure.h"

// Pseudo-random numbers that anybody may guess: xoshiro256**, seeded by splitmix64, both by Blackman and
// Vigna (https://prng.di.unimi.it/). Nothing here fails, save for a state of the wrong size.

// The state of a generator is 32 bytes; this makes the one that `seed` + `index` stands for.
Failure seedRandom(std::span<std::byte> state, int64_t seed, int64_t index);

// Fills `into` with the next numbers, 8 bytes each, little-endian; what is left of the last is lost.
Failure drawRandom(std::span<std::byte> state, std::span<std::byte> into);

// Each byte is the lowest of the third number from a generator of its own, `index` counting up; so any byte
// can be had without those before it.
Failure scatterRandom(std::span<std::byte> into, int64_t seed, int64_t index);
