#pragma once

#include <uv.h>

#include <cstdint>

// Looks again and again for what comes next, for a while after something came, instead of going to sleep:
// waking up costs more than the whole of a small request. It does so only as long as it pays: while the next
// thing mostly comes within that while.
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
  static void look(uv_idle_t* idle);

  uint64_t limit_ = 0;
  uint64_t last_ = 0;
  // As long as an idle handle is there, the loop does not wait for events.
  uv_idle_t idle_;
};
