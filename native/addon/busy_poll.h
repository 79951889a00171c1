#pragma once

#include <uv.h>

#include <cstdint>

// Busy polling: after an event, the event loop polls for more events for a limited time before it sleeps.
// Waking up from sleep costs more than a whole small request.
//
// It polls only while polling pays off. After each consecutive failure (the time ended without an event), the
// number of events that it skips before the next attempt doubles.
class BusyPoll {
 public:
  explicit BusyPoll(uv_loop_t* loop);
  BusyPoll(const BusyPoll&) = delete;

  // How long to poll after an event. 0, the initial value, turns busy polling off.
  void setLimit(uint64_t nanoseconds) { limit_ = nanoseconds; }
  // Reports an event.
  void active();
  // To be called when the event loop ends. libuv calls `closed` when the idle handle is closed.
  void close(uv_close_cb closed, void* data);

 private:
  enum class State { asleep, starting, looking };

  static void look(uv_idle_t* idle);

  uint64_t limit_ = 0;
  // When polling stops if no event arrives, in nanoseconds.
  uint64_t end_ = 0;
  // The number of events still to skip, and the number to skip after the next failure.
  uint32_t pass_ = 0;
  uint32_t penalty_ = 1;
  State state_ = State::asleep;
  // While an idle handle is active, libuv does not wait for events.
  uv_idle_t idle_;
};
