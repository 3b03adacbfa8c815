/* SPDX-License-Identifier: MPL-2.0 */
/* Every limit of zcache in one table (design rule L1): what it bounds and what happens when it is
 * reached.
 *
 * The library itself uses the same constants, so that no limit is written down twice. */
#ifndef ZCACHE_LIMITS_H
#define ZCACHE_LIMITS_H

/* X(name, value, what it bounds, what happens at the limit). Every value fits an int. */
#define ZCACHE_LIMIT_MAP(X)                                                                        \
    X(KEY_MAX, 65535, "bytes of a key", "the write is refused")                                    \
    X(VALUE_MAX_DEFAULT, 1048576, "bytes of a value, unless the mesh is set otherwise",            \
      "the write is refused")                                                                      \
    X(VALUE_MAX_CEILING, 16777216, "bytes that value_max can be set to", "the setting is refused") \
    X(SIZE_MAX_CEILING, 1000000000, "entries that max_size can be set to",                         \
      "the setting is refused")                                                                    \
    X(TTL_MAX_SECONDS, 315360000, "seconds of a ttl, ten years", "the write is refused")           \
    X(BATCH_MAX, 262144, "bytes of a batch or a chunk, unless one value is larger",                \
      "the next batch takes the rest")                                                             \
    X(BATCH_RECORDS_MAX, 8192, "records of a batch or a chunk", "the next batch takes the rest")   \
    X(MESSAGE_MAX, 33554432, "bytes of a message to a node, and of its answer",                    \
      "its connection ends; what an answer has no room for is refused")                            \
    X(LANE_WAITING_MAX, 67108864, "bytes that wait for one client or peer that does not read",     \
      "what it gets is busy, and messages to it are dropped and counted")                          \
    X(BROADCAST_WAITING_MAX, 268435456, "bytes of batches that wait for peers that do not read",   \
      "batches are dropped and counted, found missing and repaired")                               \
    X(WAITING_MAX, 536870912, "bytes that wait for all clients, peers and watchers together",      \
      "as for one client")                                                                         \
    X(OPERATIONS_MAX, 4096, "operations of a request", "the request is refused")                   \
    X(REQUESTS_MAX, 1024, "requests of a client handle under way", "the next batch is refused")    \
    X(MEMBERS_MAX, 1024, "members of a mesh", "further members are refused and counted")           \
    X(ORIGINS_MAX, 16384, "origins that are members, went not long ago, or own entries",           \
      "batches of further origins are refused")                                                    \
    X(RETIRED_MAX, 262144, "origins that are long gone", "no further ones are retired")            \
    X(INTERVALS_MAX, 64, "intervals of an origin in a version vector",                             \
      "a batch is refused until a repair has closed holes")                                        \
    X(JOINS_MAX, 16, "addresses to join", "the node does not start")                               \
    X(NAME_BYTES_MAX, 255, "bytes of a name, a region or an endpoint", "the name is refused")      \
    X(TOUCHES_MAX, 4096, "touches waiting to be sent", "further touches are dropped and counted")  \
    X(TRANSFERS_MAX, 8, "transfers that a node donates at once", "the asker is told to come back") \
    X(READS_MAX, 4096, "reads of clients that wait for a donor while joining",                     \
      "the read is answered as busy")                                                              \
    X(READS_WAITING_MAX, 67108864, "bytes of answers that wait for such reads",                    \
      "the read is answered as busy")                                                              \
    X(WATCH_QUEUE_MAX, 67108864, "bytes of events waiting to be sent",                             \
      "events are dropped and counted, and watchers are told")                                     \
    X(WATCHER_EVENTS_MAX, 4096, "events on their way to one watcher",                              \
      "further ones are lost to it, and it is told")                                               \
    X(WATCH_TOPIC_MAX, 200, "bytes of a key that the sender of events filters by",                 \
      "the watcher filters the rest")                                                              \
    X(WATCH_PREFIXES_MAX, 1024, "different prefixes that are watched at a node",                   \
      "the watcher of a further prefix is refused")                                                \
    X(SPIES_MAX, 8, "walks over the whole cache of a node at once",                                \
      "the client is told to come back")

enum zcache_limit {
#define ZCACHE_LIMIT_ROW(name, value, bounds, at_limit) ZCACHE_##name = (value),
    ZCACHE_LIMIT_MAP(ZCACHE_LIMIT_ROW)
#undef ZCACHE_LIMIT_ROW
};

#endif
