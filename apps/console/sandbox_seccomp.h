/*
 * sandbox_seccomp.h - which system calls linnet-console cannot make any more. Part of sandbox.c.
 */
#ifndef CONSOLE_SANDBOX_SECCOMP_H
#define CONSOLE_SANDBOX_SECCOMP_H

#include <stdbool.h>

/* For this thread and those it starts, for good; PR_SET_NO_NEW_PRIVS is set. False with errno:
 * ENOSYS where the machine is neither x86-64 nor little-endian arm64, else what the kernel, or the
 * container that it runs in, says. */
bool seccomp_enter(void);

#endif
