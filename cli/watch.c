/* SPDX-License-Identifier: MPL-2.0 */
/* zcache watch: a line for each change, written as it comes, until it is told to end. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <zcache/watch.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/json.h"
#include "cli/number.h"
#include "cli/output.h"
#include "cli/text.h"

enum { KEY_VALUES = 256, KEY_COUNT, LOOK_MS = 100, OPEN_MS = 10000 };

typedef struct wish {
    bool values;
    uint64_t count; /* 0: no end */
} wish_t;

static const struct argp_option options[] = {
    {"values", KEY_VALUES, NULL, 0, "Show new values too", 0},
    {"count", KEY_COUNT, "N", 0, "End after N changes (never)", 0},
    {0},
};

static int take(int key, const char *argument, void *context) {
    wish_t *wish = context;
    switch (key) {
    case KEY_VALUES:
        wish->values = true;
        return 0;
    case KEY_COUNT:
        return zc_option_number("--count", argument, 1, UINT64_MAX, "changes", &wish->count);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const zc_usage_t usage = {
    .name = "watch",
    .words = "[PREFIX]",
    .most = 1,
    .text = "Show every change that the node applies, whoever wrote it, to keys that begin with "
            "PREFIX: what happened, the key, and with --values the new value. Ends on SIGINT.",
    .options = options,
    .take = take,
    .at = true,
    .json = true,
    .json_text = "Write each change as a line: event, key, value, ttl_ms, hlc, origin, number, "
                 "lost",
};

static volatile sig_atomic_t told_to_end;

static void end(int signal) {
    (void)signal;
    told_to_end = 1;
}

static void catch_signals(void) {
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* A clear has no key; an event has a value only where one was asked for. */
static bool write_json(const zcache_event_t *event) {
    bool has_key = event->change != ZCACHE_CHANGE_CLEAR;
    json_t *json = json_object();
    bool made =
        json_object_set_new(json, "event", json_string(zcache_change_text(event->change))) == 0 &&
        json_object_set_new(json, "key",
                            has_key ? zc_json_of_bytes(event->key, event->key_size)
                                    : json_null()) == 0 &&
        (event->value == NULL ||
         json_object_set_new(
             json, "value", zc_json_of_value(event->value, event->value_size, event->type)) == 0) &&
        json_object_set_new(json, "ttl_ms", zc_json_of_ttl(event->ttl_ms)) == 0 &&
        json_object_set_new(json, "hlc", zc_json_of_uint(event->hlc)) == 0 &&
        json_object_set_new(json, "origin", zc_json_of_origin(event->origin)) == 0 &&
        json_object_set_new(json, "number", zc_json_of_uint(event->number)) == 0 &&
        json_object_set_new(json, "lost", zc_json_of_uint(event->lost)) == 0;
    if (!made) {
        json_decref(json);
        return false;
    }
    return zc_json_print(json, ZC_DIGITS_EXACT);
}

static const char *colour_of(zcache_change change) {
    switch (change) {
    case ZCACHE_CHANGE_SET:
        return "\033[32m";
    case ZCACHE_CHANGE_DELETE:
    case ZCACHE_CHANGE_CLEAR:
        return "\033[31m";
    case ZCACHE_CHANGE_EXPIRE:
    case ZCACHE_CHANGE_EVICT:
        return "\033[33m";
    }
    return "";
}

static bool write_line(const zcache_event_t *event, bool colour) {
    char *value = event->value == NULL
                      ? NULL
                      : zc_text_of_value(event->value, event->value_size, event->type, 0);
    if (event->value != NULL && value == NULL) {
        return false;
    }
    printf("%s%s%s\t", colour ? colour_of(event->change) : "", zcache_change_text(event->change),
           colour ? "\033[0m" : "");
    zc_output_escape(stdout, event->key, event->key_size);
    if (value != NULL) {
        printf("\t%s", value);
    }
    fputc('\n', stdout);
    free(value);
    return true;
}

/* Writes one change at once: somebody may be waiting for it. */
static bool show(const zcache_event_t *event, bool json, bool colour) {
    if (event->lost > 0) {
        zc_fail(0, "%" PRIu64 " changes were lost: this watcher is too slow", event->lost);
    }
    bool written = json ? write_json(event) : write_line(event, colour);
    return fflush(stdout) == 0 && written;
}

static int follow(zcache_watch_t *watch, const wish_t *wish, bool json) {
    bool colour = zc_output_has_colour(stdout);
    uint64_t shown = 0;
    while (!told_to_end && (wish->count == 0 || shown < wish->count)) {
        zcache_event_t event;
        zcache_status status = zcache_watch_next(watch, LOOK_MS, &event);
        if (status == ZCACHE_OK) {
            if (!show(&event, json, colour)) {
                return zc_output_broken() ? ZC_EXIT_DONE : zc_fail(ZC_EXIT_FAILED, "out of memory");
            }
            shown++;
        } else if (status == ZCACHE_MALFORMED) {
            zc_fail(0, "a message that is not a change was dropped");
        } else if (status != ZCACHE_TIMEOUT) {
            return zc_fail(zc_exit_of(status), "%s", zcache_status_text(status));
        }
    }
    return ZC_EXIT_DONE;
}

static int watch_node(const zc_arguments_t *arguments, const wish_t *wish) {
    char endpoint[ZC_AT_BYTES];
    zc_at_endpoint(arguments->at, endpoint);
    const char *prefix = arguments->count == 0 ? "" : arguments->words[0];
    zcache_watch_t *watch = NULL;
    zcache_status status =
        zcache_watch_open(endpoint, prefix, strlen(prefix), wish->values, OPEN_MS, &watch);
    if (status == ZCACHE_BUSY) {
        return zc_fail(ZC_EXIT_FAILED, "%s: %d prefixes are watched there, and no more can be",
                       endpoint, ZCACHE_WATCH_PREFIXES_MAX);
    }
    if (status != ZCACHE_OK) {
        return zc_fail(zc_exit_of(status), "%s: cannot watch it: %s", endpoint,
                       zcache_status_text(status));
    }
    int followed = follow(watch, wish, arguments->json);
    zcache_watch_close(&watch);
    return followed;
}

int zc_command_watch(int argc, char **argv) {
    zc_arguments_t arguments;
    wish_t wish = {.count = 0};
    int status = zc_arguments_parse(&usage, argc, argv, &wish, &arguments);
    if (status >= 0) {
        return status;
    }
    catch_signals();
    /* A first handle, because it can say why a node cannot be reached. */
    zcache_t *cache = NULL;
    status = zc_connect(&arguments, &cache);
    zcache_close(&cache);
    if (status == ZC_EXIT_DONE) {
        status = watch_node(&arguments, &wish);
    }
    return zc_output_finish(status);
}
