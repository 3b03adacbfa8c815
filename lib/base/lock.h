/* SPDX-License-Identifier: MPL-2.0 */
/* The lock that core asks for where a concurrent reader needs one. It is given at construction; the
 * simulator gives none. */
#ifndef ZC_BASE_LOCK_H
#define ZC_BASE_LOCK_H

#include <stdbool.h>
#include <stddef.h>

typedef struct zc_lock {
    void (*acquire)(void *context); /* NULL: there is nobody to keep out */
    void (*release)(void *context);
    void *context;
    bool (*attempt)(
        void *context); /* as acquire, but false where that would wait; NULL: it waits */
} zc_lock_t;

static inline void zc_lock_acquire(const zc_lock_t *lock) {
    if (lock->acquire != NULL) {
        lock->acquire(lock->context);
    }
}

static inline bool zc_lock_attempt(const zc_lock_t *lock) {
    if (lock->attempt != NULL) {
        return lock->attempt(lock->context);
    }
    zc_lock_acquire(lock);
    return true;
}

static inline void zc_lock_release(const zc_lock_t *lock) {
    if (lock->release != NULL) {
        lock->release(lock->context);
    }
}

#endif
