/* SPDX-License-Identifier: MPL-2.0 */
/* zcache node: a node as a process of its own. It serves from the line "ready" to the signal that
 * ends it, and then says goodbye to the mesh. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>

#include <zcache/limits.h>
#include <zcache/node.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/number.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "cli/speaker.h"

enum {
    KEY_HOST = 256,
    KEY_PORT,
    KEY_JOIN,
    KEY_MAX_SIZE,
    KEY_EXPIRE_AFTER,
    KEY_MAX_MEMORY,
    KEY_NAME,
    KEY_REGION,
    KEY_HEARTBEAT,
    KEY_VALUE_MAX,
    KEY_ADVERTISE,
    PORT_MAX = 65533, /* the two ports above it are the node's as well */
    MAPPED_BYTES = 128 * 1024,
    TRIM_INTERVAL_S = 5,
    TRIM_BYTES = 4 * 1024 * 1024, /* that became free in the heap are worth the work */
};

static const struct argp_option options[] = {
    {"host", KEY_HOST, "HOST", 0, "Bind this address (127.0.0.1)", 1},
    {"port", KEY_PORT, "PORT", 0,
     "Bind this port and the two above it (5000); 0 takes three free ones", 1},
    {"advertise", KEY_ADVERTISE, "HOST[:PORT]", 0,
     "What others dial, where it is not what is bound", 1},
    {"join", KEY_JOIN, "HOST[:PORT]", 0,
     "Join the mesh of this member; may be given several times, any one that answers is enough", 2},
    {"name", KEY_NAME, "NAME", 0, "The node's name for people (its endpoint)", 3},
    {"region", KEY_REGION, "NAME", 0, "Nodes that are near each other have the same", 3},
    {"max-memory", KEY_MAX_MEMORY, "BYTES", 0,
     "What the entries of this node may take (0: no limit)", 3},
    {"max-size", KEY_MAX_SIZE, "N", 0, "Entries of the mesh (1000)", 4},
    {"expire-after", KEY_EXPIRE_AFTER, "SECONDS", 0,
     "An entry that nobody used for so long goes (60; 0: never)", 4},
    {"heartbeat", KEY_HEARTBEAT, "MS", 0, "Milliseconds between signs of life (250)", 4},
    {"value-max", KEY_VALUE_MAX, "BYTES", 0, "The largest value (1048576)", 4},
    {0},
};

typedef struct settings {
    zcache_node_options_t node;
    const char *joins[ZCACHE_JOINS_MAX];
} settings_t;

/* A text of at most ZCACHE_NAME_BYTES_MAX bytes. */
static int take_text(const char *option, const char *argument, const char **text) {
    if (strlen(argument) > ZCACHE_NAME_BYTES_MAX) {
        zc_fail(0, "%s %s: must have at most %d bytes", option, argument, ZCACHE_NAME_BYTES_MAX);
        return EINVAL;
    }
    *text = argument;
    return 0;
}

static int take_port(const char *argument, uint16_t *port) {
    uint64_t number = 0;
    if (!zc_number_parse(argument, 0, PORT_MAX, &number)) {
        zc_fail(0, "--port %s: must be a port from 1 to %d, or 0 for free ones", argument,
                PORT_MAX);
        return EINVAL;
    }
    *port = (uint16_t)number;
    return 0;
}

static int take_join(const char *argument, settings_t *settings) {
    if (settings->node.join_count == ZCACHE_JOINS_MAX) {
        zc_fail(0, "--join %s: at most %d members can be named", argument, ZCACHE_JOINS_MAX);
        return EINVAL;
    }
    settings->joins[settings->node.join_count++] = argument;
    return 0;
}

static int take_setting(const char *name, const char *option, const char *argument,
                        uint64_t *number) {
    return zc_shown_setting_parse(zc_shown_setting_find(name), option, argument, number);
}

static int take(int key, const char *argument, void *context) {
    settings_t *settings = context;
    zcache_node_options_t *node = &settings->node;
    switch (key) {
    case KEY_HOST:
        return take_text("--host", argument, &node->host);
    case KEY_PORT:
        return take_port(argument, &node->port);
    case KEY_ADVERTISE:
        return take_text("--advertise", argument, &node->advertise);
    case KEY_JOIN:
        return take_join(argument, settings);
    case KEY_NAME:
        return take_text("--name", argument, &node->name);
    case KEY_REGION:
        return take_text("--region", argument, &node->region);
    case KEY_MAX_MEMORY:
        return zc_option_number("--max-memory", argument, 0, INT64_MAX, "bytes", &node->max_memory);
    case KEY_MAX_SIZE:
        return take_setting("max_size", "--max-size", argument, &node->max_size);
    case KEY_EXPIRE_AFTER:
        return take_setting("expire_after", "--expire-after", argument, &node->expire_after_ms);
    case KEY_HEARTBEAT:
        return take_setting("heartbeat", "--heartbeat", argument, &node->heartbeat_ms);
    case KEY_VALUE_MAX:
        return take_setting("value_max", "--value-max", argument, &node->value_max);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const zc_usage_t usage = {
    .name = "node",
    .text = "Run a node of a mesh. It writes \"ready tcp://HOST:PORT\" once it serves, "
            "which may be while it is still joining ('zcache ping --ready' tells), and tells on "
            "standard error what happens; SIGTERM or SIGINT ends it. The size, the idle time, "
            "the heartbeat and the largest value belong to the mesh: a node that joins takes over "
            "what the mesh has.",
    .options = options,
    .take = take,
};

/* The signals that end a node. They are blocked before it starts, so that its threads have them
 * blocked as well, and are then waited for. */
static void block_signals(sigset_t *signals) {
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

/* Values too small for a mapping of their own leave holes in the C library's heap, which it keeps,
 * and pages of blocks do not fit in. *least is the least that was free since the last time. */
static void trim(size_t *least) {
    size_t spare = mallinfo2().fordblks;
    if (spare > *least + TRIM_BYTES) {
        (void)malloc_trim(0);
        *least = spare;
    } else if (spare < *least) {
        *least = spare;
    }
}

static void await_signal(const sigset_t *signals) {
    static const struct timespec interval = {.tv_sec = TRIM_INTERVAL_S};
    size_t least = 0;
    while (sigtimedwait(signals, NULL, &interval) < 0) {
        if (errno == EAGAIN) {
            trim(&least);
        } else if (errno != EINTR) {
            return;
        }
    }
}

/* Batches and chunks come and go, often many at once, and each is large enough for a mapping of its
 * own, which goes back to the system with it. The C library would learn from the first ones to keep
 * their like on its heap, where little of it goes back. */
static void give_memory_back(void) {
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
}

/* Whom it tries to join; whether that has come to something is told by the node's own thread. */
static void say_joining(const settings_t *settings, zc_speaker_t *speaker) {
    for (size_t i = 0; i < settings->node.join_count; i++) {
        char line[ZCACHE_NAME_BYTES_MAX + 32];
        snprintf(line, sizeof(line), "trying to join %s", settings->joins[i]);
        zc_speaker_say(speaker, line);
    }
}

int zc_command_node(int argc, char **argv) {
    zc_arguments_t arguments;
    settings_t settings;
    zcache_node_options_init(&settings.node);
    settings.node.join = settings.joins;
    int status = zc_arguments_parse(&usage, argc, argv, &settings, &arguments);
    if (status >= 0) {
        return status;
    }
    give_memory_back();
    sigset_t signals;
    block_signals(&signals);
    /* The log comes from the node's own thread, which must never wait for standard error. */
    static zc_speaker_t speaker;
    if (!zc_speaker_start(&speaker)) {
        return zc_fail(ZC_EXIT_FAILED, "cannot start: %s", strerror(errno));
    }
    settings.node.log = zc_speaker_say;
    settings.node.log_context = &speaker;
    zcache_node_t *node = NULL;
    zcache_status started = zcache_node_start(&settings.node, &node);
    if (started != ZCACHE_OK) {
        zc_speaker_stop(&speaker);
        const char *text = zcache_node_start_error();
        return zc_fail(zc_exit_of(started), "%s",
                       text[0] == '\0' ? zcache_status_text(started) : text);
    }
    say_joining(&settings, &speaker);
    printf("ready %s\n", zcache_node_endpoint(node));
    /* Whoever is not told still has a node. */
    if (fflush(stdout) != 0) {
        zc_fail(0, "cannot write that it is ready: %s", strerror(errno));
    }
    await_signal(&signals);
    zcache_node_stop(&node);
    zc_speaker_stop(&speaker);
    return ZC_EXIT_DONE;
}
