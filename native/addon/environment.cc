#include "environment.h"

#include <atomic>

#include "js.h"

namespace {

// The number of environments in this process.
std::atomic<int> environments;

void environmentEnds(napi_async_cleanup_hook_handle, void* data) {
  auto* environment = static_cast<Environment*>(data);
  environment->memoryLocks.clear();
  environment->memoryMaps.clear();
  environment->descriptors.clear();
  environment->folders.clear();
  if (--environments == 0) forgetSignals();
  const auto closed = [](uv_handle_t* handle) {
    auto* environment = static_cast<Environment*>(handle->data);
    napi_remove_async_cleanup_hook(environment->hook);
    delete environment;
  };
  environment->busyPoll.close(closed, environment);
}

// The environment is deleted when its event loop closes the idle handle, not when Node-API would delete the
// data.
void keep(Napi::Env, Environment*) {}

// Takes the resource with that number out of its table. Throws and returns an empty one when there is none.
template <auto resources>
auto taken(const Napi::CallbackInfo& info) -> decltype((environmentOf(info.Env()).*resources).take(0)) {
  int64_t number;
  if (!js::fromJs(info[0], number)) return {};
  auto resource = (environmentOf(info.Env()).*resources).take(number);
  if (!resource) napi_throw(info.Env(), js::errorOf(info.Env(), {EBADF, "close"}));
  return resource;
}

template <auto resources>
void close(const Napi::CallbackInfo& info) {
  taken<resources>(info);
}

void handOver(const Napi::CallbackInfo& info) { taken<&Environment::descriptors>(info).release(); }

void own(const Napi::CallbackInfo& info) {
  int fd;
  if (!js::fromJs(info[0], fd)) return;
  auto& descriptors = environmentOf(info.Env()).descriptors;
  if (descriptors.has(fd)) napi_throw(info.Env(), js::errorOf(info.Env(), {EEXIST, "dup"}));
  else descriptors.add(UniqueFd(fd));
}

}  // namespace

uv_loop_t* loopOf(Napi::Env env) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  return loop;
}

Environment& environmentOf(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

void addEnvironment(Napi::Env env, Napi::Object exports) {
  environments++;
  auto* environment = new Environment(loopOf(env));
  napi_add_async_cleanup_hook(env, environmentEnds, environment, &environment->hook);
  env.SetInstanceData<Environment, keep>(environment);

  const auto add = [&](const char* name, auto function) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("closeDescriptor", close<&Environment::descriptors>);
  add("handOver", handOver);
  add("own", own);
  add("closeMemoryMap", close<&Environment::memoryMaps>);
  add("unlockMemoryFile", close<&Environment::memoryLocks>);
  add("removeFolder", close<&Environment::folders>);
}
