#include "busy_poll.h"

#include <algorithm>

// Where looking never pays, this leaves a thousandth of its cost, and a client that changes its ways is
// noticed within so many requests.
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
  // What came in the same turn of the loop as the first was not found by looking.
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
