/* SPDX-License-Identifier: MPL-2.0 */
/* The messages that are on their way, ordered by the time at which they arrive. */
#ifndef ZC_TESTS_SIM_FLIGHTS_H
#define ZC_TESTS_SIM_FLIGHTS_H

#include <stdint.h>

#include "lib/replica/replica.h"
#include "tests/sim/frames.h"

typedef struct zc_flight {
    uint64_t at_us;
    uint64_t number; /* breaks ties: first sent, first come */
    int from;
    int to;
    uint32_t to_life; /* of a node: what was sent to a life is lost with it */
    zc_link_t link;   /* as the receiver sees it */
    zc_frame_t *frame;
} zc_flight_t;

typedef struct zc_flights {
    zc_flight_t *heap;
    size_t count;
    size_t capacity;
    uint64_t sent;
} zc_flights_t;

/* Takes the caller's hold of the frame. */
void zc_flights_push(zc_flights_t *flights, zc_flight_t flight);
/* The next one to arrive, taken out; the hold of its frame is the caller's. There must be one. */
zc_flight_t zc_flights_pop(zc_flights_t *flights);
void zc_flights_fini(zc_flights_t *flights, zc_frames_t *frames);

#endif
