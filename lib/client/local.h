/* SPDX-License-Identifier: MPL-2.0 */
/* Nodes of this process, by their inproc name: how a client on inproc:// reaches a store without a
 * socket (rule C1).
 *
 * A node registers a zc_local_t; a client finds it and holds a reference until it is closed. The
 * node may stop before: then every call returns STOPPED, and the memory goes with the last
 * reference. All functions may be called from any thread. */
#ifndef ZC_CLIENT_LOCAL_H
#define ZC_CLIENT_LOCAL_H

#include <stdatomic.h>

#include "lib/store/reader.h"
#include "lib/wire/request.h"

typedef struct zc_local zc_local_t;

struct zc_local {
    const char *name; /* without "inproc://"; unchanged for the life of the object */
    atomic_uint references;

    /* A reader for one handle, as zc_reader_new makes it, to be ended with zc_reader_destroy before
     * the handle gives up its reference. Returns OK or NO_MEMORY. */
    zcache_status (*attach)(zc_local_t *local, const zc_allocator_t *values, zc_reader_t **reader);

    /* As zcache_get. On a miss sets *ask: whether it is to be asked about over the socket, as the
     * node is joining and the donor may have the key. */
    zcache_status (*get)(zc_local_t *local, zc_reader_t *reader, zc_slice_t key,
                         zcache_value_t *value, bool *ask);

    /* SET, DELETE or CLEAR, with the statuses of the public call. It is in the store when this
     * returns. */
    zcache_status (*write)(zc_local_t *local, const zc_operation_t *operation);

    /* The last reference is gone: free everything. */
    void (*destroy)(zc_local_t *local);
};

/* Makes the object known, with one reference that belongs to the registry. Returns OK, IN_USE or
 * NO_MEMORY. */
zcache_status zc_local_register(zc_local_t *local);

/* Makes it unknown and drops the registry's reference. */
void zc_local_unregister(zc_local_t *local);

/* The node of that name with a reference for the caller, to be given back with zc_local_release;
 * NULL: there is none. */
zc_local_t *zc_local_find(const char *name);
void zc_local_release(zc_local_t *local);

#endif
