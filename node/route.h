/* SPDX-License-Identifier: MPL-2.0 */
/* A route: the connection over which somebody dialled this node, as one number.
 *
 * ROUTER gives each connection an id of five bytes, the first of them 0, unless the other side
 * brings one of its own. Such an id could be anybody's, so it is not taken: what comes
 * over it is dropped. */
#ifndef ZC_NODE_ROUTE_H
#define ZC_NODE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZC_ROUTE_BYTES = 5 };

/* False: this is not an id that ROUTER gave. */
static inline bool zc_route_from_id(const uint8_t *id, size_t bytes, uint64_t *route) {
    if (bytes != ZC_ROUTE_BYTES || id[0] != 0) {
        return false;
    }
    *route = (uint64_t)id[1] << 24 | (uint64_t)id[2] << 16 | (uint64_t)id[3] << 8 | id[4];
    return true;
}

static inline void zc_route_to_id(uint64_t route, uint8_t id[ZC_ROUTE_BYTES]) {
    id[0] = 0;
    id[1] = (uint8_t)(route >> 24);
    id[2] = (uint8_t)(route >> 16);
    id[3] = (uint8_t)(route >> 8);
    id[4] = (uint8_t)route;
}

#endif
