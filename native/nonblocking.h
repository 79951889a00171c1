#pragma once

#include <sys/socket.h>

// A socket that is nonblocking and close-on-exec.
int newNonblockingSocket(int domain);
int acceptNonblocking(int fd, sockaddr* peer, socklen_t* length);
// A pipe that is blocking, as programs expect, and close-on-exec.
int newPipe(int ends[2]);
