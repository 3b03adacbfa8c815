/* SPDX-License-Identifier: MPL-2.0 */
/* The way from --at to a handle, and from what the library returns to a line for people. */
#ifndef ZC_CLI_CONNECT_H
#define ZC_CLI_CONNECT_H

#include <zcache/client.h>

#include "cli/arguments.h"
#include <zcache/limits.h>

/* "tcp://HOST:PORT" of "HOST", "HOST:PORT" or an endpoint; false: it is too long. */
enum { ZC_AT_BYTES = ZCACHE_NAME_BYTES_MAX + 1 };
bool zc_at_endpoint(const char *at, char endpoint[ZC_AT_BYTES]);

/* Opens a handle on the node and waits until it answers, a second at most for a connection. Returns
 * DONE and *cache, or another exit status after a line on standard error. */
int zc_connect(const zc_arguments_t *arguments, zcache_t **cache);

/* The same without a word where there is no node. */
zcache_status zc_connect_quietly(const char *at, zcache_t **cache);

/* Says that the words of --at or ZCACHE_AT cannot be used. Returns the exit status. */
int zc_connect_refuse(const zc_arguments_t *arguments, zcache_status status);

/* Says what went wrong with a call, unless it is OK or MISS. Returns the exit status for it. */
int zc_report(const zcache_t *cache, zcache_status status);

/* What a command does once its node answers. Returns the exit status. */
typedef int zc_ask_fn(zcache_t *cache, const zc_arguments_t *arguments, void *context);

/* A whole command that asks one node: reads the command line, connects, asks, and sees to it that
 * its output is written. `context` is for the options and for `ask`. Returns the exit status. */
int zc_ask_node(const zc_usage_t *usage, int argc, char **argv, void *context, zc_ask_fn *ask);

#endif
