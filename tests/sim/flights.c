/* SPDX-License-Identifier: MPL-2.0 */
/* A binary heap of flights, earliest first. */
#include "tests/sim/flights.h"

#include <stdbool.h>
#include <stdlib.h>

static bool is_before(const zc_flight_t *a, const zc_flight_t *b) {
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

static void swap(zc_flight_t *a, zc_flight_t *b) {
    zc_flight_t kept = *a;
    *a = *b;
    *b = kept;
}

void zc_flights_push(zc_flights_t *flights, zc_flight_t flight) {
    if (flights->count == flights->capacity) {
        flights->capacity = flights->capacity == 0 ? 256 : flights->capacity * 2;
        flights->heap = realloc(flights->heap, flights->capacity * sizeof *flights->heap);
        if (flights->heap == NULL) {
            abort();
        }
    }
    flight.number = flights->sent++;
    size_t at = flights->count++;
    flights->heap[at] = flight;
    while (at > 0 && is_before(&flights->heap[at], &flights->heap[(at - 1) / 2])) {
        swap(&flights->heap[at], &flights->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

zc_flight_t zc_flights_pop(zc_flights_t *flights) {
    zc_flight_t first = flights->heap[0];
    flights->heap[0] = flights->heap[--flights->count];
    size_t at = 0;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < flights->count; child++) {
            if (is_before(&flights->heap[child], &flights->heap[least])) {
                least = child;
            }
        }
        if (least == at) {
            return first;
        }
        swap(&flights->heap[at], &flights->heap[least]);
        at = least;
    }
}

void zc_flights_fini(zc_flights_t *flights, zc_frames_t *frames) {
    for (size_t i = 0; i < flights->count; i++) {
        zc_frames_release(frames, flights->heap[i].frame);
    }
    free(flights->heap);
    *flights = (zc_flights_t){0};
}
