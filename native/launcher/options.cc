#include "options.h"

#include <cstring>
#include <string_view>

// Options whose value may be the next argument. That argument is then not an option itself.
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
  // An option that nbdkit does not have. It has no abbreviation: --new means nbdkit's --newstyle.
  if (name == "new-plugin") return true;
  for (const std::string_view option : longWithValue) {
    if (option.starts_with(name)) return true;
  }
  return false;
}

// The position of the first letter that takes a value, in a cluster such as -fp. The value is the rest of the
// cluster, or the next argument. `npos` when no letter takes a value.
static size_t withValue(std::string_view letters) { return letters.find_first_of(shortWithValue); }

// The options to look for. `isLong` gets the option's name before any "=".
struct Sought {
  bool (*isLong)(std::string_view name);
  std::string_view shortWithValue;
};

// Not substr(): it throws for an invalid position, and a shipped launcher has no C++ library to throw with.
static std::string_view untilEqualsSign(std::string_view name) {
  const size_t length = name.find('=');
  return length == name.npos ? name : std::string_view(name.data(), length);
}

static bool isGiven(const char* const* arguments, const Sought& sought) {
  for (; *arguments != nullptr; arguments++) {
    const std::string_view argument = *arguments;
    if (argument == "--") return false;
    bool takesNext = false;
    if (argument.starts_with("--")) {
      const std::string_view name = *arguments + 2;
      if (sought.isLong(untilEqualsSign(name))) return true;
      takesNext = takesNextAsLong(name);
    } else if (argument.starts_with("-")) {
      const std::string_view letters = *arguments + 1;
      const size_t at = withValue(letters);
      if (at != letters.npos && sought.shortWithValue.find(letters[at]) != letters.npos) return true;
      takesNext = at != letters.npos && at + 1 == letters.size();
    }
    if (takesNext && *++arguments == nullptr) return false;
  }
  return false;
}

// True when `name` is `option` or an abbreviation of it with at least `letters` letters.
static bool abbreviates(std::string_view name, std::string_view option, size_t letters) {
  return name.size() >= letters && option.starts_with(name);
}

bool wantsExitWithParent(const char* const* arguments) {
  // A shorter abbreviation would also match --export.
  return isGiven(arguments,
                 {[](std::string_view name) { return abbreviates(name, "exit-with-parent", 3); }, ""});
}

bool changesIdentity(const char* const* arguments) {
  const auto isLong = [](std::string_view name) {
    return abbreviates(name, "user", 2) || abbreviates(name, "group", 1);
  };
  return isGiven(arguments, {isLong, "ug"});
}
