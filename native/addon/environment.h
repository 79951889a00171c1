#pragma once

#include <napi.h>

#include <memory>

#include "../common/fd.h"
#include "../file/temporary_folder.h"
#include "../memory/map.h"
#include "../memory/system.h"
#include "busy_poll.h"
#include "owned.h"

// The addon's state for one environment, which is the main thread or a worker thread that loaded the addon.
// An environment can end at any time (process.exit() in a worker thread, terminate(), an error), and no
// JavaScript runs after that. The addon then closes all resources that are still open, after the watches and
// the thread-pool jobs that use the resources have ended.
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

// Creates the environment, and adds to the exports the functions that close its resources:
// closeDescriptor(fd), handOver(fd), own(fd), closeMemoryMap(map), unlockMemoryFile(lock),
// removeFolder(folder).
void addEnvironment(Napi::Env env, Napi::Object exports);
