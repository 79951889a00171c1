#pragma once

#include <cstddef>
#include <cstdint>

#include "../common/fd.h"

// A message between the server and the guardian: a letter, the length of the text (four bytes,
// little-endian), and the text. src/server/guardian-messages.ts implements the server's side.
struct Message {
  char kind = 0;
  // Ends with a zero byte that is not part of the message. The channel owns this memory and reuses it for the
  // next message.
  char* text = nullptr;
};

// The two pipes between the guardian and the server.
class Channel {
 public:
  Channel(int requests, int answers) : requests_(requests), answers_(answers) {}
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Readable when a request has arrived or the server has ended.
  int first() const { return requests_.get(); }
  // Waits for a message. Returns false when the server has ended or has sent an invalid message.
  bool receive(Message& message);
  // Errors are ignored: `receive` notices that the server has ended.
  void send(char kind, const char* text);

 private:
  bool fill(char* into, size_t length);

  UniqueFd requests_;
  UniqueFd answers_;
  char* text_ = nullptr;
};
