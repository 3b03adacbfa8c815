/* SPDX-License-Identifier: MPL-2.0 */
/* The node as clients in the same process reach it: lib/client/local.h over zc_shared_t. */
#ifndef ZC_NODE_LOCAL_H
#define ZC_NODE_LOCAL_H

#include "node/shared.h"

/* Fills shared->local; shared->name is set. */
void zc_local_init(zc_shared_t *shared);

/* The event of a client's SET, DELETE or CLEAR, now. It borrows key and value. */
void zc_local_event(const zc_operation_t *operation, uint64_t now_us, zc_event_t *event);

#endif
