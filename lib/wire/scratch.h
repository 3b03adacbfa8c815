/* SPDX-License-Identifier: MPL-2.0 */
/* The arrays of a message that is being decoded, in one block that is used again for the next one.
 *
 * The block must not move while a message points into it, and how much a message needs is known
 * only once it has been read. So what does not fit is only counted; the decoder then makes the
 * block large enough and reads the message again. That happens while the block still grows, at most
 * once for each array of a message, and never again. */
#ifndef ZC_WIRE_SCRATCH_H
#define ZC_WIRE_SCRATCH_H

#include "lib/wire/unpack.h"
#include "lib/wire/wire.h"

/* `bytes` of the block, aligned for any struct; never NULL unless the reader has failed (with
 * NO_MEMORY where the block is too small). */
void *zc_scratch_take(zc_wire_scratch_t *scratch, zc_unpack_t *unpack, size_t bytes);

/* Empties the block for a message. */
void zc_scratch_reset(zc_wire_scratch_t *scratch);

/* Makes the empty block as large as the last message has asked for. False: no memory. */
bool zc_scratch_grow(zc_wire_scratch_t *scratch);

#endif
