#pragma once

#include <sys/socket.h>

// Sockets that neither block nor reach the programs that we start.
int newNonblockingSocket(int domain);
int acceptNonblocking(int fd, sockaddr* peer, socklen_t* length);
// A pipe that blocks, as programs expect, and does not reach them by itself either.
int newPipe(int ends[2]);
