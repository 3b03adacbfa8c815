/* SPDX-License-Identifier: MPL-2.0 */
/* Reading one result of a response, for the files of this folder alone. */
#ifndef ZC_WIRE_RESULT_H
#define ZC_WIRE_RESULT_H

#include "lib/wire/request.h"
#include "lib/wire/unpack.h"

/* The array and the status of the next result, which has `items` items where it is OK. */
zc_unpack_t zc_result_open(const zc_response_t *response, uint32_t items, zcache_status *status);

/* The end of every result but a listing: sets *status where it was read well. */
zcache_status zc_result_close(zc_response_t *response, zc_unpack_t *unpack, zcache_status found,
                              zcache_status *status);

#endif
