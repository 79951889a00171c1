#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "js.h"

// Wraps a plain function, Failure f(...) or Outcome<T> f(...), in a function that JavaScript can call.
// inThisThread<f> returns the result. inThreadPool<f> returns a promise.
namespace js {

inline const Failure& failureIn(const Failure& failure) { return failure; }

template <class T>
const Failure& failureIn(const Outcome<T>& outcome) {
  return outcome.failure;
}

inline Napi::Value valueIn(Napi::Env env, Failure&) { return env.Undefined(); }

template <class T>
Napi::Value valueIn(Napi::Env env, Outcome<T>& outcome) {
  return toJs(env, outcome.value);
}

template <class Function>
struct Signature;

template <class Result_, class... Arguments_>
struct Signature<Result_ (*)(Arguments_...)> {
  using Result = Result_;
  using Arguments = std::tuple<std::decay_t<Arguments_>...>;
};

template <auto function>
using ResultOf = typename Signature<decltype(function)>::Result;

template <auto function>
using ArgumentsOf = typename Signature<decltype(function)>::Arguments;

// Converts the arguments. Stops at the first argument of the wrong type; fromJs has thrown an error then.
template <class... Types>
bool argumentsFrom(const Napi::CallbackInfo& info, std::tuple<Types...>& out) {
  size_t index = 0;
  return std::apply([&](auto&... argument) { return (fromJs(info[index++], argument) && ...); }, out);
}

template <auto function>
Napi::Value inThisThread(const Napi::CallbackInfo& info) {
  ArgumentsOf<function> arguments;
  if (!argumentsFrom(info, arguments)) return {};

  auto result = std::apply(function, arguments);
  if (!failureIn(result)) return valueIn(info.Env(), result);
  napi_throw(info.Env(), errorOf(info.Env(), failureIn(result)));
  return {};
}

// The argument whose memory the call uses, if there is one.
inline Napi::ObjectReference bufferAmong(const Napi::CallbackInfo& info) {
  for (size_t i = 0; i < info.Length(); i++) {
    if (info[i].IsTypedArray()) return Napi::Persistent(info[i].As<Napi::Object>());
  }
  return {};
}

template <auto function>
class Job : public Napi::AsyncWorker {
 public:
  Job(const Napi::CallbackInfo& info, const ArgumentsOf<function>& arguments)
      : AsyncWorker(info.Env(), "nbdkit"),
        arguments_(arguments),
        promise_(info.Env()),
        buffer_(bufferAmong(info)) {}

  Napi::Promise promise() const { return promise_.Promise(); }

 protected:
  void Execute() override { result_ = std::apply(function, arguments_); }

  void OnOK() override {
    if (failureIn(result_)) promise_.Reject(errorOf(Env(), failureIn(result_)));
    else promise_.Resolve(valueIn(Env(), result_));
  }

 private:
  ArgumentsOf<function> arguments_;
  ResultOf<function> result_;
  Napi::Promise::Deferred promise_;
  // Keeps the memory alive during the call, even if JavaScript drops its last reference to the array.
  Napi::ObjectReference buffer_;
};

template <auto function>
Napi::Value inThreadPool(const Napi::CallbackInfo& info) {
  ArgumentsOf<function> arguments;
  if (!argumentsFrom(info, arguments)) return {};

  // The job deletes itself when it is done.
  auto* job = new Job<function>(info, arguments);
  job->Queue();
  return job->promise();
}

}  // namespace js
