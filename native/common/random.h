#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "failure.h"

// Pseudo-random numbers that are not for cryptography: xoshiro256**, seeded by splitmix64, both by Blackman
// and Vigna (https://prng.di.unimi.it/). The functions fail only for a state of the wrong size.

// The state of a generator is 32 bytes. This function derives it from `seed` + `index`.
Failure seedRandom(std::span<std::byte> state, int64_t seed, int64_t index);

// Fills `into` with the next numbers, 8 bytes each, little-endian. Unused bytes of the last number are
// dropped.
Failure drawRandom(std::span<std::byte> state, std::span<std::byte> into);

// Each byte is the lowest byte of the third number of its own generator, with `index` counting up. So each
// byte can be computed without the bytes before it.
Failure scatterRandom(std::span<std::byte> into, int64_t seed, int64_t index);
