/* SPDX-License-Identifier: MPL-2.0 */
/* A node: a member of the mesh that holds the whole cache, running in a thread of the calling
 * process.
 *
 * A node may be used from any thread. It binds three TCP ports, PORT, PORT+1 and PORT+2, and one
 * inproc:// name. */
#ifndef ZCACHE_NODE_H
#define ZCACHE_NODE_H

#include <stddef.h>
#include <stdint.h>

#include <zcache/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zcache_node zcache_node_t;

/* What the node tells people while it runs (a peer came, a peer is gone, settings were adopted
 * ...): one line of text without a line end, valid during the call. Called from the node's own
 * thread, which serves nobody meanwhile: return at once, wait for no reader, and call no zcache
 * function. */
typedef void zcache_log_fn(void *context, const char *line);

/* Fill it with zcache_node_options_init first, then change what is to differ. Strings are borrowed
 * until zcache_node_start returns; names of hosts are looked up once, in that call. */
typedef struct zcache_node_options {
    const char *host; /* the address to bind, "127.0.0.1" */
    uint16_t port;    /* 5000; 0 takes three free ports */
    const char *
        advertise; /* "HOST" or "HOST:PORT" that others dial, where it is not what is bound; NULL */
    const char *name;   /* for people, at most 255 bytes; NULL takes the endpoint */
    const char *region; /* nodes that are near each other, at most 255 bytes; "" */
    const char
        *inproc_name; /* the node serves inproc://NAME in its process; NULL makes a name up */
    const char *const *join; /* addresses "HOST", "HOST:PORT" or "tcp://HOST:PORT" of members; any
                                one that answers is enough */
    size_t join_count;       /* 0: founds a mesh; at most ZCACHE_JOINS_MAX */
    uint64_t max_memory; /* bytes that this node's entries may take; 0: no limit. Never shared with
                            the mesh. */
    /* The following are settings of the mesh (rule M2): a node that joins takes over what the mesh
     * has. */
    uint64_t max_size;        /* entries, 1000; 1 to ZCACHE_SIZE_MAX_CEILING */
    uint64_t expire_after_ms; /* idle time after which an entry goes, 60000; 0: never */
    uint64_t heartbeat_ms;    /* 250; 10 to 60000 */
    uint64_t value_max;       /* bytes of a value, ZCACHE_VALUE_MAX_DEFAULT; 1024 to
                                 ZCACHE_VALUE_MAX_CEILING */
    zcache_log_fn *log;       /* NULL: silent */
    void *log_context;
} zcache_node_options_t;

/* Sets every field to the default that stands beside it. */
void zcache_node_options_init(zcache_node_options_t *options);

/* Starts a node and returns once its sockets are bound and it answers; joining goes on in the
 * background (zcache_stats tells `state`). `options` NULL: the defaults. On success *node is the
 * caller's, to be ended with zcache_node_stop; else *node is untouched. Returns OK, INVALID (an
 * option is out of range), IN_USE (one of the ports is taken), UNRESOLVED (host, advertise or a
 * join address does not resolve), NO_MEMORY or SYSTEM. `zcache_node_start_error` says more. */
zcache_status zcache_node_start(const zcache_node_options_t *options, zcache_node_t **node);

/* One line about why the calling thread's last zcache_node_start failed: the value that was wrong
 * and what would be right. Static for the thread until its next zcache_node_start; "" if that
 * succeeded. */
const char *zcache_node_start_error(void);

/* Says goodbye to the mesh, ends the node within two seconds and sets *node to NULL. Clients of the
 * node that are open in this process stay valid and get STOPPED. NULL and a pointer to NULL are
 * allowed. */
void zcache_node_stop(zcache_node_t **node);

/* "tcp://HOST:PORT" as bound (with --port 0, the port that was taken). Valid until the node is
 * stopped. */
const char *zcache_node_endpoint(const zcache_node_t *node);

/* "inproc://NAME", to be opened with zcache_open in the same process. Valid until the node is
 * stopped. */
const char *zcache_node_inproc_endpoint(const zcache_node_t *node);

#ifdef __cplusplus
}
#endif
#endif
