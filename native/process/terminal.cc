#include "terminal.h"

#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "../common/fd.h"

namespace {

// The kernel may deliver a signal at any moment, and to another thread than the one that reads. So the
// handler writes the number to a pipe, and the reader waits for the terminal and the pipe.
volatile sig_atomic_t signalPipe = -1;

void onSignal(int number) {
  const int error = errno;
  const auto byte = static_cast<unsigned char>(number);
  // A full pipe holds enough signals.
  [[maybe_unused]] const ssize_t written = write(signalPipe, &byte, 1);
  errno = error;
}

constexpr int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};

bool stops(int number) { return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU; }

// Collects the signals of the process while it exists, except those that the process ignores.
class CollectedSignals {
 public:
  explicit CollectedSignals(int pipe) {
    signalPipe = pipe;
    struct sigaction ours {};
    ours.sa_handler = onSignal;
    sigfillset(&ours.sa_mask);
    for (size_t i = 0; i < std::size(signals); i++) {
      sigaction(signals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) sigaction(signals[i], &ours, nullptr);
    }
  }
  CollectedSignals(const CollectedSignals&) = delete;
  CollectedSignals& operator=(const CollectedSignals&) = delete;
  ~CollectedSignals() {
    for (size_t i = 0; i < std::size(signals); i++) sigaction(signals[i], &before_[i], nullptr);
  }

 private:
  struct sigaction before_[std::size(signals)];
};

// Hides what is typed while it exists. The terminal still edits the line, and turns Ctrl-C into a signal.
class HiddenInput {
 public:
  explicit HiddenInput(int terminal) : terminal_(terminal) {
    if (tcgetattr(terminal_, &before_) != 0) return;
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
#ifdef IUTF8
    // Erasing removes whole characters.
    hidden.c_iflag |= IUTF8;
#endif
    // Fails in the background, with SIGTTOU.
    isHidden_ = tcsetattr(terminal_, TCSAFLUSH, &hidden) == 0;
  }
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;
  ~HiddenInput() {
    if (!isHidden_) return;
    // The user's return key was not shown either.
    [[maybe_unused]] const ssize_t written = write(terminal_, "\n", 1);
    while (tcsetattr(terminal_, TCSAFLUSH, &before_) != 0 && errno == EINTR) {
    }
  }

  explicit operator bool() const { return isHidden_; }

 private:
  int terminal_;
  termios before_;
  bool isHidden_ = false;
};

// A server in the background has left its session and the terminal with it, but may still have it as a
// stream.
UniqueFd openTerminal() {
  UniqueFd terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  for (const int stream : {STDIN_FILENO, STDERR_FILENO}) {
    if (!terminal && isatty(stream)) terminal = UniqueFd(fcntl(stream, F_DUPFD_CLOEXEC, 0));
  }
  return terminal;
}

// Reads up to the newline or the end. Returns EINTR when a signal comes first.
Outcome<std::optional<size_t>> readLine(int terminal, int pipe, std::span<std::byte> line) {
  size_t length = 0;
  for (;;) {
    pollfd ready[] = {{terminal, POLLIN, 0}, {pipe, POLLIN, 0}};
    if (poll(ready, std::size(ready), -1) < 0 && errno != EINTR) return {{}, lastFailure("poll")};
    if (ready[1].revents != 0) return {{}, {EINTR, "read"}};
    if (ready[0].revents == 0) continue;
    char letter;
    const ssize_t got = read(terminal, &letter, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return {{}, lastFailure("read")};
    if (got == 0) return {length == 0 ? std::nullopt : std::optional(length), {}};
    if (letter == '\n') return {length, {}};
    if (length < line.size()) line[length++] = static_cast<std::byte>(letter);
  }
}

Outcome<std::optional<size_t>> ask(int terminal, int pipe, const std::string& prompt,
                                   std::span<std::byte> line) {
  const HiddenInput hidden(terminal);
  if (!hidden) return {{}, lastFailure("tcsetattr")};
  // Prompt after the input is hidden, because the user may type as soon as the prompt is visible.
  if (write(terminal, prompt.data(), prompt.size()) < 0) return {{}, lastFailure("write")};
  return readLine(terminal, pipe, line);
}

// Raises the signals in the pipe. Returns true if all of them stopped the process, which has continued.
bool raiseAgain(int pipe) {
  bool onlyStopped = false;
  unsigned char number;
  while (read(pipe, &number, 1) == 1) {
    onlyStopped = stops(number);
    raise(number);
    if (!onlyStopped) return false;
  }
  return onlyStopped;
}

}  // namespace

Outcome<std::optional<size_t>> askOnTerminal(const std::string& prompt, std::span<std::byte> line) {
  const UniqueFd terminal = openTerminal();
  if (!terminal) return {{}, lastFailure("open")};
  int ends[2];
  if (pipe(ends) != 0) return {{}, lastFailure("pipe")};
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  for (const int end : ends) {
    fcntl(end, F_SETFD, FD_CLOEXEC);
    fcntl(end, F_SETFL, O_NONBLOCK);
  }
  for (;;) {
    Outcome<std::optional<size_t>> answer;
    {
      const CollectedSignals collected(writer.get());
      answer = ask(terminal.get(), reader.get(), prompt, line);
    }
    if (!raiseAgain(reader.get())) return answer;
  }
}
