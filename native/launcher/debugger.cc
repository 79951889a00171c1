#include "debugger.h"

#include <cstdlib>
#include <string_view>
#include <unistd.h>

#include "options.h"

const char noDebugger[] = "--inspect-port=[ff00::]:9229";

// Matches --inspect, --inspect-brk and --inspect-wait, also with "_" for "-" as Node.js accepts, but not
// --inspect-port.
static bool opensDebugger(std::string_view option) {
  if (!option.starts_with("--inspect")) return false;
  option.remove_prefix(std::string_view("--inspect").size());
  if (option.starts_with("-") || option.starts_with("_")) {
    option.remove_prefix(1);
    return option.starts_with("brk") || option.starts_with("wait");
  }
  return option.empty() || std::string_view("= \t").find(option[0]) != option.npos;
}

static bool asksForDebugger(std::string_view nodeOptions) {
  for (size_t at; (at = nodeOptions.find("--")) != nodeOptions.npos; nodeOptions.remove_prefix(1)) {
    nodeOptions.remove_prefix(at);
    if (opensDebugger(nodeOptions)) return true;
  }
  return false;
}

// True when the environment variable exists and names another user.
static bool namesAnother(const char* variable, std::string_view self) {
  const char* value = getenv(variable);
  return value != nullptr && value != self;
}

static bool isStartedByAnother() {
  if (geteuid() != getuid() || getegid() != getgid()) return true;
  if (geteuid() != 0) return false;
  return namesAnother("SUDO_UID", "0") || namesAnother("PKEXEC_UID", "0") ||
         namesAnother("DOAS_USER", "root");
}

bool isDebuggerWanted(const char* const* arguments) {
  const char* options = getenv("NODE_OPTIONS");
  return options != nullptr && asksForDebugger(options) && !isStartedByAnother() &&
         !changesIdentity(arguments);
}
