#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "../common/failure.h"
#include "../common/fd.h"
#include "../device/block_device.h"
#include "../file/system.h"
#include "../file/temporary_folder.h"
#include "../memory/map.h"
#include "../memory/system.h"
#include "../socket/descriptor.h"
#include "../socket/listener.h"
#include "../socket/system.h"

// Converts between JavaScript values and plain C++ values. When fromJs returns false, it has thrown a
// JavaScript error.
namespace js {

// Descriptors and process ids: integers from 0 to 2^31-1.
bool fromJs(Napi::Value value, int& out);
// Positions in a buffer: integers.
bool fromJs(Napi::Value value, size_t& out);
bool fromJs(Napi::Value value, bool& out);
// Offsets and lengths: BigInts from 0 to 2^63-1, or numbers that are exact integers.
bool fromJs(Napi::Value value, int64_t& out);
// Borrows the memory of a Uint8Array.
bool fromJs(Napi::Value value, std::span<std::byte>& out);
bool fromJs(Napi::Value value, std::span<const std::byte>& out);
bool fromJs(Napi::Value value, std::vector<std::span<const std::byte>>& out);
bool fromJs(Napi::Value value, std::string& out);
bool fromJs(Napi::Value value, Advice& out);

Napi::Value toJs(Napi::Env env, bool value);
Napi::Value toJs(Napi::Env env, size_t value);
// JavaScript gets -1 for an empty value.
Napi::Value toJs(Napi::Env env, std::optional<size_t> value);
Napi::Value toJs(Napi::Env env, std::optional<int64_t> value);
Napi::Value toJs(Napi::Env env, const BlockDevice& value);
// Moves the resource to the environment, which owns it from now on. JavaScript gets its number.
Napi::Value toJs(Napi::Env env, UniqueFd& value);
Napi::Value toJs(Napi::Env env, std::unique_ptr<MemoryMap>& value);
Napi::Value toJs(Napi::Env env, MemoryLock& value);
Napi::Value toJs(Napi::Env env, TemporaryFolder& value);
Napi::Value toJs(Napi::Env env, Pipe& value);
Napi::Value toJs(Napi::Env env, const SocketAddress& value);
Napi::Value toJs(Napi::Env env, std::optional<Accepted>& value);
Napi::Value toJs(Napi::Env env, const PeerCredentials& value);

// An Error with `code`, `errno` and `syscall`.
Napi::Value errorOf(Napi::Env env, const Failure& failure);

}  // namespace js
