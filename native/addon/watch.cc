#include "watch.h"

#include <uv.h>

#include "environment.h"
#include "js.h"
#include "../socket/system.h"

namespace {

void setBusyPoll(const Napi::CallbackInfo& info) {
  int microseconds;
  if (!js::fromJs(info[0], microseconds)) return;
  environmentOf(info.Env()).busyPoll.setLimit(static_cast<uint64_t>(microseconds) * 1000);
}

// Freed when libuv has closed the handle, which may be after the end of the JavaScript object.
struct Poll {
  uv_poll_t handle;
  class Watch* owner;
  // Set when the environment ends before the handle is closed. The environment then waits for the handle.
  napi_async_cleanup_hook_handle ending = nullptr;
};

void closed(uv_handle_t* handle) {
  auto* poll = static_cast<Poll*>(handle->data);
  if (poll->ending != nullptr) napi_remove_async_cleanup_hook(poll->ending);
  delete poll;
}

class Watch : public Napi::ObjectWrap<Watch> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Watch",
                       {InstanceMethod<&Watch::want>("want"), InstanceMethod<&Watch::close>("close")});
  }

  explicit Watch(const Napi::CallbackInfo& info)
      : ObjectWrap(info), busyPoll_(environmentOf(info.Env()).busyPoll) {
    int fd;
    if (!js::fromJs(info[0], fd)) return;
    callback_ = Napi::Persistent(info[1].As<Napi::Function>());
    auto* poll = new Poll{{}, this};
    const int status = uv_poll_init(loopOf(info.Env()), &poll->handle, fd);
    if (status != 0) {
      delete poll;
      napi_throw(info.Env(), js::errorOf(info.Env(), {-status, "poll"}));
      return;
    }
    poll->handle.data = poll;
    poll_ = poll;
    napi_add_async_cleanup_hook(info.Env(), closeAtExit, this, &hook_);
    // While the watch is open it must not be garbage-collected, because its callback may be called at any
    // time.
    Ref();
  }

 private:
  void want(const Napi::CallbackInfo& info) {
    if (poll_ == nullptr) return;
    const int events = (info[0].ToBoolean() ? UV_READABLE : 0) | (info[1].ToBoolean() ? UV_WRITABLE : 0) |
                       (info[2].ToBoolean() ? UV_DISCONNECT : 0) | (info[3].ToBoolean() ? hangUpEvent : 0);
    if (events == 0) uv_poll_stop(&poll_->handle);
    else uv_poll_start(&poll_->handle, events, ready);
  }

  void close(const Napi::CallbackInfo&) {
    if (poll_ == nullptr) return;
    napi_remove_async_cleanup_hook(hook_);
    release(nullptr);
    Unref();
  }

  void release(napi_async_cleanup_hook_handle ending) {
    poll_->owner = nullptr;
    poll_->ending = ending;
    // The callback references this object. Without the reset, the two would keep each other alive for ever.
    callback_.Reset();
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_->handle), closed);
    poll_ = nullptr;
  }

  static void closeAtExit(napi_async_cleanup_hook_handle hook, void* data) {
    static_cast<Watch*>(data)->release(hook);
  }

  static void ready(uv_poll_t* handle, int status, int events) {
    Watch* watch = static_cast<Poll*>(handle->data)->owner;
    if (watch == nullptr) return;
    // Using the socket reports its error, so count a failed poll as ready.
    const bool failed = status < 0;
    watch->busyPoll_.active();
    watch->call(failed || (events & UV_READABLE), failed || (events & UV_WRITABLE),
                failed || (events & (UV_DISCONNECT | hangUpEvent)));
  }

  void call(bool readable, bool writable, bool left) {
    const Napi::Env env = Env();
    const Napi::HandleScope scope(env);
    callback_.MakeCallback(Value(), {Napi::Boolean::New(env, readable), Napi::Boolean::New(env, writable),
                                     Napi::Boolean::New(env, left)});
  }

  BusyPoll& busyPoll_;
  Napi::FunctionReference callback_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  Poll* poll_ = nullptr;
};

}  // namespace

void addWatch(Napi::Env env, Napi::Object exports) {
  exports.Set("Watch", Watch::define(env));
  exports.Set("setBusyPoll", Napi::Function::New<setBusyPoll>(env, "setBusyPoll"));
}
