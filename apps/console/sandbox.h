/*
 * sandbox.h - what linnet-console gives up before it reads the first byte of a browser. Linux.
 */
#ifndef CONSOLE_SANDBOX_H
#define CONSOLE_SANDBOX_H

/* For this thread and those it starts: no new privileges, no core, no debugger, no file to open or
 * make, no program to run, no TCP socket to bind or connect. What is open stays open, and Unix
 * sockets can be connected to. Says in the log what this kernel does not know. */
void sandbox_enter(void);

#endif
