/* SPDX-License-Identifier: MPL-2.0 */
/* What a node tells people: the replica's notices in words, kept until no lock is held. */
#ifndef ZC_NODE_NOTICE_H
#define ZC_NODE_NOTICE_H

#include <zcache/node.h>

#include "lib/replica/replica.h"
#include "lib/wire/buffer.h"

enum { ZC_NOTICE_BYTES = 1024 };

/* Writes the notice (an effect of the type NOTICE) as one line, without a line end. */
void zc_notice_text(const zc_effect_t *effect, char line[ZC_NOTICE_BYTES]);

typedef struct zc_log {
    zcache_log_fn *write; /* NULL: silent */
    void *context;
    zc_buffer_t lines; /* waiting, each with its NUL */
} zc_log_t;

void zc_log_init(zc_log_t *log, zcache_log_fn *write, void *context);
void zc_log_fini(zc_log_t *log);

/* Keeps the notice as a line; for want of memory it is lost. */
void zc_log_notice(zc_log_t *log, const zc_effect_t *effect);

/* Writes what waits. The caller holds no lock: nobody knows how long the program takes. */
void zc_log_flush(zc_log_t *log);

#endif
