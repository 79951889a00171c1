#include "js.h"

#include <cstring>
#include <limits>
#include <utility>

#include "environment.h"
#include "errno_name.h"

namespace js {

static bool typeError(Napi::Env env, const char* message) {
  napi_throw_type_error(env, nullptr, message);
  return false;
}

static bool rangeError(Napi::Env env, const char* message) {
  napi_throw_range_error(env, nullptr, message);
  return false;
}

bool fromJs(Napi::Value value, int& out) {
  double number;
  if (napi_get_value_double(value.Env(), value, &number) != napi_ok) {
    return typeError(value.Env(), "expected a number");
  }
  const bool inRange = number >= 0 && number <= std::numeric_limits<int>::max();
  if (!inRange || number != static_cast<int>(number)) {
    return rangeError(value.Env(), "expected a whole number from 0 to 2147483647");
  }
  out = static_cast<int>(number);
  return true;
}

// From this number on, a double may be the result of rounding.
static constexpr double exactMax = 9007199254740991;

static bool isExact(double number) {
  return number >= 0 && number <= exactMax && number == static_cast<double>(static_cast<int64_t>(number));
}

bool fromJs(Napi::Value value, size_t& out) {
  double number;
  if (napi_get_value_double(value.Env(), value, &number) != napi_ok) {
    return typeError(value.Env(), "expected a number");
  }
  if (!isExact(number)) return rangeError(value.Env(), "expected a whole number from 0 to 9007199254740991");
  out = static_cast<size_t>(number);
  return true;
}

bool fromJs(Napi::Value value, bool& out) {
  if (napi_get_value_bool(value.Env(), value, &out) == napi_ok) return true;
  return typeError(value.Env(), "expected true or false");
}

bool fromJs(Napi::Value value, int64_t& out) {
  double number;
  if (napi_get_value_double(value.Env(), value, &number) == napi_ok) {
    if (!isExact(number))
      return rangeError(value.Env(), "expected a whole number from 0 to 9007199254740991");
    out = static_cast<int64_t>(number);
    return true;
  }
  bool lossless;
  if (napi_get_value_bigint_int64(value.Env(), value, &out, &lossless) != napi_ok) {
    return typeError(value.Env(), "expected a BigInt or a number");
  }
  if (lossless && out >= 0) return true;
  return rangeError(value.Env(), "expected a BigInt from 0 to 9223372036854775807");
}

bool fromJs(Napi::Value value, std::span<std::byte>& out) {
  napi_typedarray_type type;
  size_t length;
  void* data;
  const napi_status status =
      napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_uint8_array) return typeError(value.Env(), "expected a Uint8Array");
  out = {static_cast<std::byte*>(data), length};
  return true;
}

bool fromJs(Napi::Value value, std::span<const std::byte>& out) {
  std::span<std::byte> bytes;
  if (!fromJs(value, bytes)) return false;
  out = bytes;
  return true;
}

bool fromJs(Napi::Value value, std::vector<std::span<const std::byte>>& out) {
  uint32_t count;
  if (napi_get_array_length(value.Env(), value, &count) != napi_ok) {
    return typeError(value.Env(), "expected an array of Uint8Arrays");
  }
  const Napi::Array array = value.As<Napi::Array>();
  out.resize(count);
  for (uint32_t i = 0; i < count; i++) {
    if (!fromJs(array[i], out[i])) return false;
  }
  return true;
}

bool fromJs(Napi::Value value, std::string& out) {
  if (!value.IsString()) return typeError(value.Env(), "expected a string");
  out = value.As<Napi::String>().Utf8Value();
  return true;
}

bool fromJs(Napi::Value value, Advice& out) {
  static constexpr std::pair<const char*, Advice> advices[] = {
      {"normal", Advice::normal},     {"random", Advice::random},     {"sequential", Advice::sequential},
      {"dontneed", Advice::dontNeed}, {"willneed", Advice::willNeed},
  };
  std::string given;
  if (!fromJs(value, given)) return false;
  for (const auto& [name, advice] : advices) {
    if (given != name) continue;
    out = advice;
    return true;
  }
  return typeError(value.Env(), "expected normal, random, sequential, dontneed or willneed");
}

Napi::Value toJs(Napi::Env env, bool value) { return Napi::Boolean::New(env, value); }

Napi::Value toJs(Napi::Env env, size_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

Napi::Value toJs(Napi::Env env, std::optional<size_t> value) {
  return Napi::Number::New(env, value ? static_cast<double>(*value) : -1);
}

Napi::Value toJs(Napi::Env env, std::optional<int64_t> value) {
  return Napi::BigInt::New(env, value.value_or(-1));
}

Napi::Value toJs(Napi::Env env, const BlockDevice& value) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("size", Napi::BigInt::New(env, value.size));
  object.Set("logicalBlockSize", Napi::Number::New(env, value.logicalBlockSize));
  object.Set("physicalBlockSize", Napi::Number::New(env, value.physicalBlockSize));
  object.Set("optimalBlockSize", Napi::Number::New(env, value.optimalBlockSize));
  object.Set("rotational", Napi::Boolean::New(env, value.rotational));
  return object;
}

static Napi::Value numberFrom(Napi::Env env, int64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

Napi::Value toJs(Napi::Env env, UniqueFd& value) {
  return numberFrom(env, environmentOf(env).descriptors.add(std::move(value)));
}

Napi::Value toJs(Napi::Env env, std::unique_ptr<MemoryMap>& value) {
  if (!value) return Napi::Number::New(env, 0);
  return numberFrom(env, environmentOf(env).memoryMaps.add(std::move(value)));
}

Napi::Value toJs(Napi::Env env, MemoryLock& value) {
  return Napi::BigInt::New(env, environmentOf(env).memoryLocks.add(std::move(value)));
}

Napi::Value toJs(Napi::Env env, TemporaryFolder& value) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("path", Napi::String::New(env, value.path()));
  object.Set("folder", numberFrom(env, environmentOf(env).folders.add(std::move(value))));
  return object;
}

Napi::Value toJs(Napi::Env env, Pipe& value) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("readEnd", toJs(env, value.readEnd));
  object.Set("writeEnd", toJs(env, value.writeEnd));
  return object;
}

static const char* nameOf(SocketAddress::Family family) {
  switch (family) {
    case SocketAddress::Family::tcp:
      return "tcp";
    case SocketAddress::Family::vsock:
      return "vsock";
    default:
      return "unix";
  }
}

Napi::Value toJs(Napi::Env env, const SocketAddress& value) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("family", Napi::String::New(env, nameOf(value.family)));
  object.Set("host", Napi::String::New(env, value.host));
  object.Set("port", Napi::Number::New(env, value.port));
  return object;
}

Napi::Value toJs(Napi::Env env, std::optional<Accepted>& value) {
  if (!value) return env.Undefined();
  Napi::Object object = toJs(env, value->peer).As<Napi::Object>();
  object.Set("fd", toJs(env, value->fd));
  return object;
}

Napi::Value toJs(Napi::Env env, const PeerCredentials& value) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* name, const std::optional<int64_t>& id) {
    if (id) object.Set(name, Napi::Number::New(env, static_cast<double>(*id)));
  };
  set("pid", value.pid);
  set("uid", value.uid);
  set("gid", value.gid);
  if (!value.securityContext.empty())
    object.Set("securityContext", Napi::String::New(env, value.securityContext));
  return object;
}

Napi::Value errorOf(Napi::Env env, const Failure& failure) {
  const std::string message = std::string(failure.call) + ": " + std::strerror(failure.number);
  Napi::Object error = Napi::Error::New(env, message).Value();
  error.Set("code", Napi::String::New(env, errnoName(failure.number)));
  error.Set("errno", Napi::Number::New(env, failure.number));
  error.Set("syscall", Napi::String::New(env, failure.call));
  return error;
}

}  // namespace js
