/* SPDX-License-Identifier: MPL-2.0 */
/* Frames that a stranger who knows the protocol makes up from a fuzzer's bytes.
 *
 * Every family of lib/PROTOCOL.md, field by field: most fields are such as a node takes, because
 * bytes that the decoder refuses teach nothing about what comes behind it. It is written from
 * PROTOCOL.md with msgpack-c, and shares nothing with lib/wire: what it writes may be refused. */
#ifndef ZC_TESTS_SUPPORT_FUZZ_FRAME_H
#define ZC_TESTS_SUPPORT_FUZZ_FRAME_H

#include <msgpack.h>

#include "lib/base/stamp.h"
#include "tests/support/fuzz_input.h"

enum { ZC_FUZZ_ORIGINS = 6 };

/* What the stranger knows: such numbers come up in its frames. */
typedef struct zc_fuzz_world {
    zc_origin_t origins[ZC_FUZZ_ORIGINS]; /* ascending; some are members, one is the node's own */
    uint64_t mesh_ms;
    uint64_t session; /* of the node's last SYNC_ASK */
    uint64_t number;  /* of its last PING or READ */
} zc_fuzz_world_t;

/* The endpoint of origin `index`, with `offset` added to its port; valid until the next call. */
const char *zc_fuzz_endpoint(unsigned index, unsigned offset);

/* Replaces the content of `frame`. */
void zc_fuzz_frame(zc_fuzz_input_t *input, const zc_fuzz_world_t *world, msgpack_sbuffer *frame);

#endif
