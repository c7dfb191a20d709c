/*
 * notify.h - tells the service manager how far we are (sd_notify(3)), when there is one that asked
 * to be told. Any thread.
 */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

/* "READY=1", "STOPPING=1". Failures matter to nobody. */
void notify_supervisor(const char *state);

#endif
