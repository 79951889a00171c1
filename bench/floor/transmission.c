// Handles reads, writes and flushes of one connection: all requests of one receive together.
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floor.h"

enum { READ, WRITE, DISCONNECT, FLUSH };

struct __attribute__((packed)) request {
  uint32_t magic;
  uint16_t flags, type;
  uint64_t cookie, offset;
  uint32_t length;
};

// A structured reply with data. The offset precedes the data. A simple reply is shorter.
struct __attribute__((packed)) reply {
  uint32_t magic;
  union {
    struct __attribute__((packed)) {
      uint32_t error;
      uint64_t cookie;
    } simple;
    struct __attribute__((packed)) {
      uint16_t flags, type;
      uint64_t cookie;
      uint32_t length;
      uint64_t offset;
    } data;
  };
};

enum {
  SIMPLE_REPLY_BYTES = 16,
  INPUT_BYTES = 64 * 1024,  // Room for thousands of requests; at most this much of a large write is copied
  BATCH_MAX = INPUT_BYTES / sizeof(struct request) + 1,
  SEND_PARTS_MAX = 1024,  // IOV_MAX
};

struct connection {
  int fd;
  struct disk disk;
  bool structured;
  uint8_t* write_at;  // Where to receive the rest of a payload
  size_t write_left;
  uint64_t write_cookie;
  unsigned replies, parts, parts_sent;
  size_t input_length;
  uint8_t input[INPUT_BYTES];
  struct reply reply[BATCH_MAX];
  struct iovec part[2 * BATCH_MAX];
};

struct connection* begin_transmission(int fd, const struct disk* disk, bool structured) {
  struct connection* c = calloc(1, sizeof *c);
  if (c == NULL) return NULL;
  c->fd = fd;
  c->disk = *disk;
  c->structured = structured;
  return c;
}

void end_transmission(struct connection* c) {
  close(c->fd);
  free(c);
}

bool waits_to_send(const struct connection* c) { return c->parts > 0; }

static void add_part(struct connection* c, void* bytes, size_t length) {
  c->part[c->parts++] = (struct iovec){bytes, length};
}

static void reply_simply(struct connection* c, uint64_t cookie, uint32_t error) {
  struct reply* reply = &c->reply[c->replies++];
  reply->magic = htobe32(0x67446698);
  reply->simple.error = htobe32(error);
  reply->simple.cookie = cookie;
  add_part(c, reply, SIMPLE_REPLY_BYTES);
}

static void reply_with_data(struct connection* c, const struct request* request, uint32_t length) {
  if (c->structured) {
    struct reply* reply = &c->reply[c->replies++];
    reply->magic = htobe32(0x668e33ef);
    reply->data.flags = htobe16(1);
    reply->data.type = htobe16(1);
    reply->data.cookie = request->cookie;
    reply->data.length = htobe32(length + sizeof reply->data.offset);
    reply->data.offset = request->offset;
    add_part(c, reply, sizeof *reply);
  } else {
    reply_simply(c, request->cookie, 0);
  }
  add_part(c, c->disk.bytes + be64toh(request->offset), length);
}

// Copies the received part of the payload to the disk, and records where the rest belongs.
static size_t begin_write(struct connection* c, const struct request* request, uint32_t length) {
  const uint8_t* payload = (const uint8_t*)(request + 1);
  uint8_t* target = c->disk.bytes + be64toh(request->offset);
  size_t here = c->input + c->input_length - payload;
  if (here > length) here = length;
  memcpy(target, payload, here);
  c->write_at = target + here;
  c->write_left = length - here;
  c->write_cookie = request->cookie;
  if (c->write_left == 0) reply_simply(c, request->cookie, 0);
  return here;
}

// Handles all complete requests. Returns false to end the connection.
static bool handle_input(struct connection* c) {
  size_t at = 0;
  while (c->write_left == 0 && c->input_length - at >= sizeof(struct request)) {
    const struct request* request = (const struct request*)(c->input + at);
    at += sizeof *request;
    uint64_t offset = be64toh(request->offset);
    uint32_t length = be32toh(request->length);
    int type = be16toh(request->type);
    bool inside = offset <= c->disk.size && length <= c->disk.size - offset;
    if (request->magic != htobe32(0x25609513) || type == DISCONNECT) return false;
    if (type == READ && inside) reply_with_data(c, request, length);
    else if (type == WRITE && inside) at += begin_write(c, request, length);
    else if (type == WRITE) return false;
    else reply_simply(c, request->cookie, type == FLUSH ? 0 : EINVAL);
  }
  c->input_length -= at;
  memmove(c->input, c->input + at, c->input_length);
  return true;
}

// Receives the rest of a payload directly into the disk, and the bytes after it into the buffer.
static bool receive(struct connection* c) {
  struct iovec into[2] = {{c->write_at, c->write_left},
                          {c->input + c->input_length, INPUT_BYTES - c->input_length}};
  struct msghdr message = {.msg_iov = into, .msg_iovlen = 2};
  ssize_t got = recvmsg(c->fd, &message, MSG_DONTWAIT);
  if (got <= 0) return got < 0 && errno == EAGAIN;
  size_t payload = (size_t)got < c->write_left ? (size_t)got : c->write_left;
  c->write_at += payload;
  c->write_left -= payload;
  c->input_length += got - payload;
  if (payload > 0 && c->write_left == 0) reply_simply(c, c->write_cookie, 0);
  return handle_input(c);
}

static bool send_replies(struct connection* c) {
  while (c->parts_sent < c->parts) {
    size_t count = c->parts - c->parts_sent;
    struct msghdr message = {.msg_iov = c->part + c->parts_sent,
                             .msg_iovlen = count < SEND_PARTS_MAX ? count : SEND_PARTS_MAX};
    ssize_t sent = sendmsg(c->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    while (c->parts_sent < c->parts && (size_t)sent >= c->part[c->parts_sent].iov_len)
      sent -= c->part[c->parts_sent++].iov_len;
    if (sent == 0) continue;
    struct iovec* part = &c->part[c->parts_sent];
    part->iov_base = (uint8_t*)part->iov_base + sent;
    part->iov_len -= sent;
  }
  c->replies = c->parts = c->parts_sent = 0;
  return true;
}

bool continue_transmission(struct connection* c) {
  if (!waits_to_send(c) && !receive(c)) return false;
  return send_replies(c);
}
