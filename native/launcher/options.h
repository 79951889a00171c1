#pragma once

// True when --exit-with-parent is among the arguments, under any name that getopt_long(3) accepts. The result
// can be wrong for command lines that nbdkit itself refuses. SCRIPT parses the options properly and disarms
// if necessary.
bool wantsExitWithParent(const char* const* arguments);

// The same for -u and -g.
bool changesIdentity(const char* const* arguments);
