#pragma once

#include <cstddef>
#include <cstdint>

#include "fd.h"

// A message between the server and the guardian: a letter, the length of the text (four bytes, the lowest
// first), and the text. src/server/guardian-messages.ts is the other side.
struct Message {
  char kind = 0;
  // Ends with a zero byte, which is not part of the message. Belongs to the channel until the next message.
  char* text = nullptr;
};

// The two pipes that join the guardian to the server.
class Channel {
 public:
  Channel(int requests, int answers) : requests_(requests), answers_(answers) {}
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Readable when there is a request, and when the server has gone.
  int first() const { return requests_.get(); }
  // Waits for a message. False when the server has gone, or has sent what no server sends.
  bool receive(Message& message);
  // A server that has gone is noticed by `receive`.
  void send(char kind, const char* text);

 private:
  bool fill(char* into, size_t length);

  UniqueFd requests_;
  UniqueFd answers_;
  char* text_ = nullptr;
};
