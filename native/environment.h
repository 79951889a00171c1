#pragma once

#include <napi.h>

#include <memory>

#include "busy_poll.h"
#include "fd.h"
#include "memory_lock.h"
#include "memory_map.h"
#include "owned.h"
#include "temporary_folder.h"

// What the addon keeps for one environment: the main thread, or a worker thread, that loaded it. An
// environment may end at any time (process.exit() in a worker, terminate(), an error), after which no
// JavaScript runs. Everything that is still open is closed then, once the watches and the jobs in the thread
// pool that use it have ended.
struct Environment {
  explicit Environment(uv_loop_t* loop) : busyPoll(loop) {}

  BusyPoll busyPoll;
  Owned<UniqueFd> descriptors;
  Owned<std::unique_ptr<MemoryMap>> memoryMaps;
  Owned<MemoryLock> memoryLocks;
  Owned<TemporaryFolder> folders;
  napi_async_cleanup_hook_handle hook = nullptr;
};

uv_loop_t* loopOf(Napi::Env env);

Environment& environmentOf(Napi::Env env);

// Makes the environment, and adds to the exports what closes its resources:
// closeDescriptor(fd), handOver(fd), own(fd), closeMemoryMap(map), unlockMemoryFile(lock),
// removeFolder(folder).
void addEnvironment(Napi::Env env, Napi::Object exports);
