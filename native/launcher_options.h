#pragma once

// Whether --exit-with-parent is among the arguments, under any name getopt_long(3) takes for it.
// May be wrong about options that nbdkit itself refuses: SCRIPT parses them properly and disarms.
bool wantsExitWithParent(const char* const* arguments);

// The same for -u and -g.
bool changesIdentity(const char* const* arguments);
