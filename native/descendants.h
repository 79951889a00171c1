#pragma once

#include "failure.h"

// All processes below this one: its children, their children, and, once `adoptOrphans` has been called, also
// those whose own parents have ended. One file for each system that lets a process adopt them.

// From now on a descendant whose parent ends becomes a child of this process, not of process 1.
Failure adoptOrphans();

// Sends a signal to all descendants. A descendant that starts another process at that moment does not leave
// that one behind. Returns how many got the signal; one that runs as another user (sudo) does not.
int signalDescendants(int signal);

// False where only children are seen, and their children not before they have been adopted.
bool canSeeDescendants();

// How many descendants run that this process may send signals to.
int countReachable();
