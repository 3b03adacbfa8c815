/* SPDX-License-Identifier: MPL-2.0 */
/* The registry of this process's nodes: a list under one lock. A node in the list has a reference
 * for it, so that whoever finds it under the lock finds it alive. */
#include "lib/client/local.h"

#include <pthread.h>

#include "lib/base/assert.h"

typedef struct place {
    zc_local_t *local;
    struct place *next;
} place_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static place_t *places;

/* The link that points to the place of that name, or to NULL at the end. */
static place_t **find_link(const char *name) {
    place_t **link = &places;
    while (*link != NULL && strcmp((*link)->local->name, name) != 0) {
        link = &(*link)->next;
    }
    return link;
}

zcache_status zc_local_register(zc_local_t *local) {
    const zc_allocator_t *allocator = zc_allocator_system();
    place_t *place = zc_allocate(allocator, sizeof(*place));
    if (place == NULL) {
        return ZCACHE_NO_MEMORY;
    }
    pthread_mutex_lock(&lock);
    place_t **link = find_link(local->name);
    bool taken = *link != NULL;
    if (!taken) {
        *place = (place_t){.local = local, .next = NULL};
        atomic_init(&local->references, 1);
        *link = place;
    }
    pthread_mutex_unlock(&lock);
    if (taken) {
        zc_free(allocator, place);
        return ZCACHE_IN_USE;
    }
    return ZCACHE_OK;
}

void zc_local_unregister(zc_local_t *local) {
    pthread_mutex_lock(&lock);
    place_t **link = find_link(local->name);
    place_t *place = *link;
    ZC_ASSERT(place != NULL);
    ZC_ASSERT(place->local == local);
    *link = place->next;
    pthread_mutex_unlock(&lock);
    zc_free(zc_allocator_system(), place);
    zc_local_release(local);
}

zc_local_t *zc_local_find(const char *name) {
    pthread_mutex_lock(&lock);
    const place_t *place = *find_link(name);
    zc_local_t *local = place == NULL ? NULL : place->local;
    if (local != NULL) {
        atomic_fetch_add(&local->references, 1);
    }
    pthread_mutex_unlock(&lock);
    return local;
}

void zc_local_release(zc_local_t *local) {
    unsigned before = atomic_fetch_sub(&local->references, 1);
    ZC_ASSERT(before > 0);
    if (before == 1) {
        local->destroy(local);
    }
}
