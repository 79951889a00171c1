// Replaces vsock_loopback, a module that a kernel may lack: sockets of AF_VSOCK become TCP sockets on
// 127.0.0.1 with the same port. For LD_PRELOAD.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/vm_sockets.h>

#define ORIGINAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

// The descriptors that were created as AF_VSOCK, or accepted on one.
static char is_vsock[65536];

static struct sockaddr_in to_tcp(const struct sockaddr *address) {
  const struct sockaddr_vm *vm = (const void *)address;
  struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (vm->svm_port != VMADDR_PORT_ANY) tcp.sin_port = htons(vm->svm_port);
  return tcp;
}

static void to_vsock(struct sockaddr *address, socklen_t *length) {
  struct sockaddr_in tcp;
  memcpy(&tcp, address, sizeof tcp);
  struct sockaddr_vm vm = {
      .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_LOCAL, .svm_port = ntohs(tcp.sin_port)};
  memcpy(address, &vm, sizeof vm);
  *length = sizeof vm;
}

int socket(int domain, int type, int protocol) {
  int fd = ORIGINAL(socket)(domain == AF_VSOCK ? AF_INET : domain, type, protocol);
  if (fd >= 0) is_vsock[fd] = domain == AF_VSOCK;
  return fd;
}

int bind(int fd, const struct sockaddr *address, socklen_t length) {
  if (address->sa_family != AF_VSOCK) return ORIGINAL(bind)(fd, address, length);
  struct sockaddr_in tcp = to_tcp(address);
  return ORIGINAL(bind)(fd, (const void *)&tcp, sizeof tcp);
}

int connect(int fd, const struct sockaddr *address, socklen_t length) {
  if (address->sa_family != AF_VSOCK) return ORIGINAL(connect)(fd, address, length);
  struct sockaddr_in tcp = to_tcp(address);
  return ORIGINAL(connect)(fd, (const void *)&tcp, sizeof tcp);
}

int getsockname(int fd, struct sockaddr *address, socklen_t *length) {
  int result = ORIGINAL(getsockname)(fd, address, length);
  if (result == 0 && is_vsock[fd]) to_vsock(address, length);
  return result;
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  int client = ORIGINAL(accept4)(fd, address, length, flags);
  if (client < 0) return client;
  is_vsock[client] = is_vsock[fd];
  if (is_vsock[client]) to_vsock(address, length);
  return client;
}
