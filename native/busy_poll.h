#pragma once

#include <uv.h>

#include <cstdint>

// Looks again and again for what comes next, for a while after something came, instead of going to sleep:
// waking up costs more than the whole of a small request. It does so only as long as it pays: each time in a
// row that it looked in vain, it lets twice as many arrivals pass before it tries again.
class BusyPoll {
 public:
  explicit BusyPoll(uv_loop_t* loop);
  BusyPoll(const BusyPoll&) = delete;

  // 0 for not at all, as in the beginning.
  void setLimit(uint64_t nanoseconds) { limit_ = nanoseconds; }
  // Something came.
  void active();
  // The loop ends. `closed` is called when it has let go.
  void close(uv_close_cb closed, void* data);

 private:
  enum class State { asleep, starting, looking };

  static void look(uv_idle_t* idle);

  uint64_t limit_ = 0;
  // When the looking ends if nothing comes.
  uint64_t end_ = 0;
  // Arrivals that are still let pass, and how many it will be after another failure.
  uint32_t pass_ = 0;
  uint32_t penalty_ = 1;
  State state_ = State::asleep;
  // As long as an idle handle is there, the loop does not wait for events.
  uv_idle_t idle_;
};
