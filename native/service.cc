#include "service.h"

#include <arpa/inet.h>
#include <netdb.h>

Outcome<std::optional<size_t>> servicePort(const std::string& name) {
  const servent* entry = getservbyname(name.c_str(), "tcp");
  if (entry == nullptr) return {};
  return {ntohs(static_cast<uint16_t>(entry->s_port))};
}
