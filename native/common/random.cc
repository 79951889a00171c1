#include "random.h"

#include <algorithm>
#include <bit>
#include <cstring>

static_assert(std::endian::native == std::endian::little);

namespace {

class SplitMix {
 public:
  explicit SplitMix(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }

 private:
  uint64_t state_;
};

struct Xoshiro {
  uint64_t words[4];

  explicit Xoshiro(uint64_t seed) {
    SplitMix source(seed);
    for (uint64_t& word : words) word = source.next();
  }

  explicit Xoshiro(std::span<const std::byte> state) { std::memcpy(words, state.data(), sizeof words); }

  uint64_t next() {
    const uint64_t number = std::rotl(words[1] * 5, 7) * 9;
    const uint64_t shifted = words[1] << 17;
    words[2] ^= words[0];
    words[3] ^= words[1];
    words[1] ^= words[2];
    words[0] ^= words[3];
    words[2] ^= shifted;
    words[3] = std::rotl(words[3], 45);
    return number;
  }
};

}  // namespace

static Failure checkState(std::span<const std::byte> state) {
  return state.size() == sizeof Xoshiro::words ? Failure{} : Failure{EINVAL, "random"};
}

Failure seedRandom(std::span<std::byte> state, int64_t seed, int64_t index) {
  if (const Failure failure = checkState(state)) return failure;
  const Xoshiro generator(static_cast<uint64_t>(seed) + static_cast<uint64_t>(index));
  std::memcpy(state.data(), generator.words, sizeof generator.words);
  return {};
}

Failure drawRandom(std::span<std::byte> state, std::span<std::byte> into) {
  if (const Failure failure = checkState(state)) return failure;
  Xoshiro generator(state);
  while (!into.empty()) {
    const uint64_t number = generator.next();
    const size_t length = std::min(into.size(), sizeof number);
    std::memcpy(into.data(), &number, length);
    into = into.subspan(length);
  }
  std::memcpy(state.data(), generator.words, sizeof generator.words);
  return {};
}

Failure scatterRandom(std::span<std::byte> into, int64_t seed, int64_t index) {
  uint64_t own = static_cast<uint64_t>(seed) + static_cast<uint64_t>(index);
  for (std::byte& byte : into) {
    Xoshiro generator(own++);
    generator.next();
    generator.next();
    byte = static_cast<std::byte>(generator.next());
  }
  return {};
}
