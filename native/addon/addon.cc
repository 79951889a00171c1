#include <napi.h>

#include <csignal>
#include <unistd.h>

#include "../common/random.h"
#include "../device/block_device.h"
#include "../file/io.h"
#include "../file/system.h"
#include "../file/temporary_folder.h"
#include "../memory/map.h"
#include "../memory/system.h"
#include "../process/names.h"
#include "../process/parent_death.h"
#include "../process/signal_watchdog.h"
#include "../process/terminal.h"
#include "../socket/datagram.h"
#include "../socket/descriptor.h"
#include "../socket/listener.h"
#include "../socket/stream.h"
#include "../socket/system.h"
#include "watch.h"
#include "call.h"
#include "environment.h"

using js::inThisThread;
using js::inThreadPool;

static Failure exitWithParent(int parent) {
  if (const Failure failure = armParentDeath(parent)) return failure;
  // The parent ended before the signal was armed: send the signal that the kernel would have sent.
  if (getppid() != parent) kill(getpid(), SIGTERM);
  return {};
}

// readAt() on a part of a buffer. JavaScript need not create a view for each call.
static Outcome<size_t> readPartAt(int fd, std::span<std::byte> buffer, size_t start, size_t end,
                                  int64_t offset) {
  if (start > end || end > buffer.size()) return {0, {ERANGE, "pread"}};
  return readAt(fd, buffer.subspan(start, end - start), offset);
}

static Outcome<std::optional<size_t>> readPartNow(int fd, std::span<std::byte> buffer, size_t start,
                                                  size_t end, int64_t offset) {
  if (start > end || end > buffer.size()) return {{}, {ERANGE, "preadv2"}};
  return readNow(fd, buffer.subspan(start, end - start), offset);
}

static Failure writePartAt(int fd, std::span<const std::byte> buffer, size_t start, size_t end,
                           int64_t offset) {
  if (start > end || end > buffer.size()) return {ERANGE, "pwrite"};
  return writeAt(fd, buffer.subspan(start, end - start), offset);
}

static Napi::Object features(Napi::Env env) {
  Napi::Object features = Napi::Object::New(env);
  features.Set("exitWithParent", canExitWithParent);
  features.Set("punchHole", canPunchHole);
  features.Set("zeroRange", canZeroRange);
  features.Set("extents", canFindExtents);
  features.Set("fadvise", canAdvise);
  features.Set("memoryFile", canCreateMemoryFile);
  features.Set("memoryLock", canLockMemory);
  features.Set("blockDevice", canControlBlockDevice);
  return features;
}

static Napi::Object addExports(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, auto function) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  exports.Set("features", features(env));
  addEnvironment(env, exports);

  add("exitWithParent", inThisThread<exitWithParent>);
  add("cancelExitWithParent", inThisThread<disarmParentDeath>);

  add("userId", inThisThread<userId>);
  add("groupId", inThisThread<groupId>);
  add("lockAllMemory", inThisThread<lockAllMemory>);
  add("unlimitLockedMemory", inThisThread<unlimitLockedMemory>);
  add("sendDatagram", inThisThread<sendDatagram>);
  add("systemLog", inThisThread<systemLog>);

  add("askOnTerminal", inThisThread<askOnTerminal>);

  add("armWatchdog", inThisThread<armWatchdog>);
  add("resetWatchdog", inThisThread<resetWatchdog>);
  add("exitNow", inThisThread<exitNow>);

  add("isHungUp", inThisThread<isHungUp>);

  add("pread", inThisThread<readAt>);
  add("preadAsync", inThreadPool<readAt>);
  add("preadNow", inThisThread<readNow>);
  add("preadPart", inThisThread<readPartAt>);
  add("preadPartNow", inThisThread<readPartNow>);
  add("pwritePart", inThisThread<writePartAt>);
  add("pwrite", inThisThread<writeAt>);
  add("pwriteAsync", inThreadPool<writeAt>);

  add("punchHole", inThisThread<punchHole>);
  add("punchHoleAsync", inThreadPool<punchHole>);
  add("zeroRange", inThisThread<zeroRange>);
  add("zeroRangeAsync", inThreadPool<zeroRange>);
  add("blockZeroOutAsync", inThreadPool<blockZeroOut>);
  add("blockDiscardAsync", inThreadPool<blockDiscard>);

  add("nextData", inThisThread<nextData>);
  add("nextDataAsync", inThreadPool<nextData>);
  add("nextHole", inThisThread<nextHole>);
  add("nextHoleAsync", inThreadPool<nextHole>);

  add("advise", inThisThread<advise>);
  add("prefetchAsync", inThreadPool<prefetch>);

  add("listenUnix", inThisThread<listenUnix>);
  add("listenTcp", inThisThread<listenTcp>);
  add("listenVsock", inThisThread<listenVsock>);
  add("adoptListener", inThisThread<adoptListener>);
  add("localAddress", inThisThread<localAddress>);
  add("acceptClient", inThisThread<acceptClient>);
  add("keepAlive", inThisThread<keepAlive>);
  add("servicePort", inThisThread<servicePort>);
  add("peerCredentials", inThisThread<peerCredentials>);
  add("connectVsock", inThisThread<connectVsock>);
  add("connectOutcome", inThisThread<connectOutcome>);

  add("waitForBytes", inThisThread<waitForBytes>);
  add("receive", inThisThread<receive>);
  add("receiveInto", inThisThread<receiveInto>);
  add("sendPart", inThisThread<sendPart>);
  add("sendPieces", inThisThread<sendPieces>);
  add("shutDown", inThisThread<shutDown>);
  addWatch(env, exports);

  add("createPipe", inThisThread<createPipe>);
  add("duplicate", inThisThread<duplicate>);

  add("makeFolder", inThisThread<TemporaryFolder::make>);
  add("removeFoldersOnSignals", inThisThread<removeFoldersOnSignals>);
  add("createTemporaryFile", inThisThread<createTemporaryFile>);
  add("createMemoryFile", inThisThread<createMemoryFile>);
  add("makeMemoryMap", inThisThread<makeMemoryMap>);
  add("readMemoryMap", inThisThread<readMemoryMap>);
  add("writeMemoryMap", inThisThread<writeMemoryMap>);
  add("madeInMemoryMap", inThisThread<madeInMemoryMap>);
  add("removingFromMemoryMap", inThisThread<removingFromMemoryMap>);
  add("setSize", inThisThread<setSize>);
  add("blockDevice", inThisThread<blockDevice>);

  add("lockMemoryFile", inThisThread<lockMemoryFile>);

  add("seedRandom", inThisThread<seedRandom>);
  add("drawRandom", inThisThread<drawRandom>);
  add("scatterRandom", inThisThread<scatterRandom>);
  add("scatterRandomAsync", inThreadPool<scatterRandom>);
  return exports;
}

NODE_API_MODULE(nbdkit_node, addExports)
