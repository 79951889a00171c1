#include "busy_poll.h"

#include <algorithm>

// When polling never succeeds, this reduces its cost to a thousandth. When a client changes its behaviour, it
// is noticed within this many requests.
static constexpr uint32_t penaltyMax = 1024;

BusyPoll::BusyPoll(uv_loop_t* loop) {
  uv_idle_init(loop, &idle_);
  idle_.data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(&idle_));
}

void BusyPoll::active() {
  if (limit_ == 0) return;
  if (state_ == State::asleep && pass_ > 0) {
    pass_--;
    return;
  }
  if (state_ == State::asleep) uv_idle_start(&idle_, look);
  // An event in the same event-loop iteration as the first one was not found by polling, so it is no success.
  if (state_ == State::looking) penalty_ = 1;
  else state_ = State::starting;
  end_ = uv_hrtime() + limit_;
}

void BusyPoll::look(uv_idle_t* idle) {
  auto* self = static_cast<BusyPoll*>(idle->data);
  self->state_ = State::looking;
  if (uv_hrtime() < self->end_) return;
  uv_idle_stop(idle);
  self->state_ = State::asleep;
  self->pass_ = self->penalty_;
  self->penalty_ = std::min(self->penalty_ * 2, penaltyMax);
}

void BusyPoll::close(uv_close_cb closed, void* data) {
  idle_.data = data;
  uv_close(reinterpret_cast<uv_handle_t*>(&idle_), closed);
}
