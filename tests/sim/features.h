/* SPDX-License-Identifier: MPL-2.0 */
/* What a seed may have beside plain writes and reads between nodes that are well: faults, and uses
 * that strain the rules. Each is drawn on its own and can be switched off by its name, so that a
 * failing seed can be made smaller without becoming another. */
#ifndef ZC_TESTS_SIM_FEATURES_H
#define ZC_TESTS_SIM_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

/* X(name, text, how many seeds of 1000 have it, what it is) */
#define ZC_FEATURE_MAP(X)                                                                          \
    X(LOSS, "loss", 600, "broadcasts are lost, up to 30 %")                                        \
    X(REPEAT, "repeat", 300, "broadcasts come again, up to 50 %")                                  \
    X(REORDER, "reorder", 300, "broadcasts come late, up to 50 %")                                 \
    X(DELAY, "delay", 600, "ways are long and uneven")                                             \
    X(PARTITION, "partition", 500, "the nodes fall into two parts for a while")                    \
    X(CUT, "cut", 500, "a way is cut in one direction for a while")                                \
    X(CLOG, "clog", 400, "a way holds what it gets for a while, or drops broadcasts")              \
    X(PAUSE, "pause", 400, "a node stands still, also for longer than until it is gone")           \
    X(CRASH, "crash", 600, "a node ends without a word and is started again at its endpoint")      \
    X(LEAVE, "leave", 300, "a node says goodbye and is started again")                             \
    X(LATE, "late", 500, "nodes join while others work")                                           \
    X(AIM, "aim", 300, "a node ends while it gives or takes a transfer")                           \
    X(MEMORY, "memory", 150, "allocations of a node fail")                                         \
    X(WALL, "wall", 400, "wall clocks are up to ten minutes apart")                                \
    X(DRIFT, "drift", 300, "monotonic clocks run at other speeds")                                 \
    X(STAND, "stand", 150, "a monotonic clock stands")                                             \
    X(JUMP, "jump", 150, "a monotonic clock jumps ahead, also beyond max_clock_skew")              \
    X(MESHES, "meshes", 150, "two meshes that did not know each other meet")                       \
    X(TINY, "tiny", 500, "max_size below the number of keys: eviction never stops")                \
    X(GHOSTS, "ghosts", 500, "few ghosts: floors rise all the time")                               \
    X(BYTES, "bytes", 200, "max_memory of a few entries")                                          \
    X(IDLE, "idle", 250, "entries idle out")                                                       \
    X(TTL, "ttl", 300, "writes with a ttl")                                                        \
    X(DELETE, "delete", 850, "deletes")                                                            \
    X(CLEAR, "clear", 300, "clears")                                                               \
    X(CONFIGURE, "configure", 300, "settings are changed live")                                    \
    X(BURST, "burst", 700, "many operations at once")                                              \
    X(BIG, "big", 60, "values that make transfers of many chunks")                                 \
    X(RETIRE, "retire", 250, "retire_after of seconds")

typedef enum zc_feature {
#define ZC_FEATURE_NUMBER(name, text, share, what) ZC_FEATURE_##name,
    ZC_FEATURE_MAP(ZC_FEATURE_NUMBER)
#undef ZC_FEATURE_NUMBER
        ZC_FEATURES,
} zc_feature_t;

/* A bit for each. */
typedef uint32_t zc_features_t;

static inline bool zc_features_have(zc_features_t features, zc_feature_t feature) {
    return (features >> feature & 1) != 0;
}

static inline zc_features_t zc_feature_bit(zc_feature_t feature) {
    return (zc_features_t)1 << feature;
}

const char *zc_feature_text(zc_feature_t feature);
const char *zc_feature_what(zc_feature_t feature);
uint32_t zc_feature_share(zc_feature_t feature);
/* Names with commas between them. False: one of them is none; *features is untouched then. */
bool zc_features_parse(const char *names, zc_features_t *features);

#endif
