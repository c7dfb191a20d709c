/*
 * sandbox.h - what linnet-console gives up before it reads the first byte of a browser. Linux.
 */
#ifndef CONSOLE_SANDBOX_H
#define CONSOLE_SANDBOX_H

/* For this thread and those it starts: no capability and no new privileges, no core, no debugger,
 * no file to open or make, no program to run, no process to make or signal, no socket but Unix
 * streams, and nothing of the kernel that a server of HTTP has no use for (sandbox_seccomp.c). What
 * is open stays open, and Unix sockets can be connected to. Says in the log what this kernel, or the
 * container, does not allow. */
void sandbox_enter(void);

#endif
