/*
 * interrupt.h - Ctrl-C and its kin (SIGINT, SIGTERM, SIGHUP) end every command with status 130:
 * at once while nothing needs to be put in order, later as something to read. Signals that the
 * program was started to ignore (nohup, a job in the background) stay ignored. One thread.
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <signal.h>

/* From here on such a signal ends the program, without a word. */
void interrupt_at_once(void);

/* A descriptor that becomes readable instead, or -1; `ret_before` is for interrupt_close. */
int interrupt_open(sigset_t *ret_before);

/* Back to what was before. */
void interrupt_close(int fd, const sigset_t *before);

#endif
