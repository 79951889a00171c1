#pragma once

#include "../common/failure.h"

// The descendants of this process: its children, their children, and so on. After `adoptOrphans` they include
// processes whose own parents have ended. linux.cc and freebsd.cc implement this: only these systems let a
// process adopt orphans.

// After this call, a descendant whose parent ends becomes a child of this process instead of process 1.
Failure adoptOrphans();

// Sends a signal to all descendants, including a process that a descendant starts at that moment. Returns how
// many descendants got the signal. A process that runs as another user (sudo) does not get the signal.
int signalDescendants(int signal);

// False when only direct children are visible, because grandchildren become visible only after adoption.
bool canSeeDescendants();

// The number of running descendants that this process is allowed to send signals to.
int countReachable();
