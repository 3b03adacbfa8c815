/* SPDX-License-Identifier: MPL-2.0 */
/* Every counter of a node in one table: a row makes the field, the line of `stats` and the
 * documentation. */
#ifndef ZC_BASE_COUNTERS_H
#define ZC_BASE_COUNTERS_H

#include <stdint.h>

/* X(name, what it counts) */
#define ZC_COUNTER_MAP(X)                                                                          \
    X(hits, "gets that found their key")                                                           \
    X(misses, "gets that did not")                                                                 \
    X(sets, "sets that clients of this node made")                                                 \
    X(deletes, "deletes that clients of this node made")                                           \
    X(clears, "clears that clients of this node made")                                             \
    X(evictions, "entries that went for want of room")                                             \
    X(expirations, "entries whose ttl or idle time was over")                                      \
    X(applied, "writes of others that were applied")                                               \
    X(outdated, "writes of others that a newer one had overtaken")                                 \
    X(late, "writes refused because something newer may have been forgotten (R9)")                 \
    X(faults, "two different values under one stamp (R1); never seen in a correct mesh")           \
    X(batches_sent, "batches broadcast")                                                           \
    X(batches_received, "batches that came")                                                       \
    X(batches_refused, "batches refused at a limit or for want of memory")                         \
    X(gaps, "holes found in the writes of an origin (R3)")                                         \
    X(deltas, "deltas received whole")                                                             \
    X(replace_syncs, "replace-syncs received whole")                                               \
    X(repairs, "exchanges that a client asked for, as zcache verify --repair does")                \
    X(transfers_broken, "transfers that ended before they were whole")                             \
    X(transfers_donated, "transfers that this node gave whole")                                    \
    X(transfers_refused, "transfers refused at the limit")                                         \
    X(touches_sent, "touches broadcast (R11)")                                                     \
    X(touches_received, "touches that came")                                                       \
    X(touches_dropped, "touches dropped at the limit")                                             \
    X(skewed, "messages refused because their clock is too far ahead (R2)")                        \
    X(skewed_here, "heartbeats of peers that this node's clock is too far ahead of (R2)")          \
    X(members_refused, "members refused at the limit")                                             \
    X(malformed, "messages from peers that were not valid")                                        \
    X(requests, "requests of clients")                                                             \
    X(requests_malformed, "requests of clients that were not valid")                               \
    X(events_sent, "events sent to watchers")                                                      \
    X(events_dropped, "events dropped at the limit")                                               \
    X(sends_dropped, "messages to one peer that could not be sent")                                \
    X(dials_failed, "peers not dialled: no address, too many, or no memory or descriptor left")    \
    X(reads_through, "misses that were asked of the donor while joining (S1)")                     \
    X(claimed, "writes of a broken transfer that nobody else was found to have (R7)")              \
    X(retired, "origins that are long gone and gave up their place (R13)")                         \
    X(connections_cut, "connections cut: too many subscriptions, a message without an end, or "    \
                       "nearly no descriptor left")

typedef struct zc_counters {
#define ZC_COUNTER_ROW(name, text) uint64_t name;
    ZC_COUNTER_MAP(ZC_COUNTER_ROW)
#undef ZC_COUNTER_ROW
} zc_counters_t;

#endif
