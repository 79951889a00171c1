#include "busy_poll.h"

BusyPoll::BusyPoll(uv_loop_t* loop) {
  uv_idle_init(loop, &idle_);
  idle_.data = this;
  uv_unref(reinterpret_cast<uv_handle_t*>(&idle_));
}

void BusyPoll::active() {
  if (limit_ == 0) return;
  const uint64_t now = uv_hrtime();
  const bool pays = now - last_ < limit_;
  last_ = now;
  if (pays) uv_idle_start(&idle_, look);
}

void BusyPoll::look(uv_idle_t* idle) {
  const auto* self = static_cast<BusyPoll*>(idle->data);
  if (uv_hrtime() - self->last_ >= self->limit_) uv_idle_stop(idle);
}

void BusyPoll::close(uv_close_cb closed, void* data) {
  idle_.data = data;
  uv_close(reinterpret_cast<uv_handle_t*>(&idle_), closed);
}
