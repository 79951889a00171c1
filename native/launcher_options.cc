#include "launcher_options.h"

#include <cstring>
#include <string_view>

// Options whose value may be the next argument, which then is no option itself.
static constexpr std::string_view longWithValue[] = {
    "busy-poll",
    "debug",
    "export",
    "export-name",
    "exportname",
    "filter",
    "group",
    "ip-addr",
    "ipaddr",
    "log",
    "mask-handshake",
    "name",
    "pid-file",
    "pidfile",
    "port",
    "run",
    "selinux-label",
    "threads",
    "time-out",
    "timeout",
    "tls",
    "tls-certificates",
    "tls-priority",
    "tls-psk",
    "unix",
    "user",
};
static constexpr std::string_view shortWithValue = "DegipPtuU";

static bool takesNextAsLong(std::string_view name) {
  if (name.find('=') != name.npos) return false;
  // Ours, and never abbreviated: --new is nbdkit's newstyle.
  if (name == "new-plugin") return true;
  for (const std::string_view option : longWithValue) {
    if (option.starts_with(name)) return true;
  }
  return false;
}

// In a cluster like -fp the first letter with a value takes the rest, or else the next argument.
static bool takesNextAsShort(std::string_view letters) {
  const size_t first = letters.find_first_of(shortWithValue);
  return first != letters.npos && first + 1 == letters.size();
}

// Shorter abbreviations would mean --export too.
static bool isExitWithParent(std::string_view name) {
  return name.starts_with("exi") && std::string_view("exit-with-parent").starts_with(name);
}

bool wantsExitWithParent(const char* const* arguments) {
  for (; *arguments != nullptr; arguments++) {
    const std::string_view argument = *arguments;
    if (argument == "--") return false;
    bool takesNext = false;
    if (argument.starts_with("--")) {
      const std::string_view name = *arguments + 2;
      if (isExitWithParent(name)) return true;
      takesNext = takesNextAsLong(name);
    } else if (argument.starts_with("-")) {
      takesNext = takesNextAsShort(*arguments + 1);
    }
    if (takesNext && *++arguments == nullptr) return false;
  }
  return false;
}
