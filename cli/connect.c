/* SPDX-License-Identifier: MPL-2.0 */
/* Connecting. A node that is not there is known after a second, while one that is there may take
 * longer to answer. */
#include "cli/connect.h"

#include <stdio.h>
#include <string.h>

#include "cli/output.h"

enum { CONNECT_MS = 1000, ANSWER_MS = 10000 };

bool zc_at_endpoint(const char *at, char endpoint[ZC_AT_BYTES]) {
    const char *host = strncmp(at, "tcp://", 6) == 0 ? at + 6 : at;
    if (host[strspn(host, "0123456789")] == '\0') {
        return false; /* a port without its host, which libc would take for an address */
    }
    const char *bracket = strrchr(host, ']');
    bool has_port = strchr(bracket == NULL ? host : bracket, ':') != NULL;
    int bytes = snprintf(endpoint, ZC_AT_BYTES, "tcp://%s%s", host, has_port ? "" : ":5000");
    return bytes > 0 && bytes < ZC_AT_BYTES;
}

static zcache_status open_at(const char *at, zcache_t **cache) {
    char endpoint[ZC_AT_BYTES];
    return zc_at_endpoint(at, endpoint) ? zcache_open(endpoint, cache) : ZCACHE_INVALID;
}

static zcache_status greet(zcache_t *cache) {
    zcache_set_timeout(cache, CONNECT_MS);
    zcache_status status = zcache_ping(cache, NULL);
    zcache_set_timeout(cache, ANSWER_MS);
    return status;
}

zcache_status zc_connect_quietly(const char *at, zcache_t **cache) {
    zcache_status status = open_at(at, cache);
    if (status == ZCACHE_OK) {
        status = greet(*cache);
        if (status != ZCACHE_OK) {
            zcache_close(cache);
        }
    }
    return status;
}

int zc_connect_refuse(const zc_arguments_t *arguments, zcache_status status) {
    const char *source = arguments->at_source == NULL ? "" : arguments->at_source;
    const char *blank = arguments->at_source == NULL ? "" : " ";
    const char *text = zcache_status_text(status);
    if (status == ZCACHE_INVALID) {
        text = "must be HOST:PORT, like 127.0.0.1:5000";
    } else if (status == ZCACHE_UNRESOLVED) {
        text = "the host does not resolve to an address";
    }
    return zc_fail(zc_exit_of(status), "%s%s%s: %s", source, blank, arguments->at, text);
}

int zc_connect(const zc_arguments_t *arguments, zcache_t **cache) {
    zcache_status status = open_at(arguments->at, cache);
    if (status != ZCACHE_OK) {
        return zc_connect_refuse(arguments, status);
    }
    status = greet(*cache);
    /* Connected, but busy: the call itself may wait for longer. */
    if (status == ZCACHE_OK || status == ZCACHE_TIMEOUT) {
        return ZC_EXIT_DONE;
    }
    int failed = zc_report(*cache, status);
    zcache_close(cache);
    return failed;
}

int zc_report(const zcache_t *cache, zcache_status status) {
    if (status == ZCACHE_OK || status == ZCACHE_MISS) {
        return zc_exit_of(status);
    }
    const char *text = zcache_error(cache);
    return zc_fail(zc_exit_of(status), "%s", text[0] == '\0' ? zcache_status_text(status) : text);
}

int zc_ask_node(const zc_usage_t *usage, int argc, char **argv, void *context, zc_ask_fn *ask) {
    zc_arguments_t arguments;
    int status = zc_arguments_parse(usage, argc, argv, context, &arguments);
    if (status >= 0) {
        return status;
    }
    zcache_t *cache = NULL;
    status = zc_connect(&arguments, &cache);
    if (status != ZC_EXIT_DONE) {
        return status;
    }
    status = ask(cache, &arguments, context);
    zcache_close(&cache);
    return zc_output_finish(status);
}
