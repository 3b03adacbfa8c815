/* SPDX-License-Identifier: MPL-2.0 */
/* Verifying: whether all members of a mesh hold the same, and what differs where they do not.
 *
 * Every member is asked at its own endpoint for the digest of what it holds and for the version
 * vector of what it has received. Members are equal if each has every write that any of them had
 * when the question began, and if no key shows that one of them got a write and yet serves another
 * one. That holds also while writes go on: what is in flight is given time to arrive. Entries that
 * a member no longer holds because it evicted or expired them (rules R11 and R12) are no
 * difference: a cache may forget. They are counted. */
#ifndef ZCACHE_VERIFY_H
#define ZCACHE_VERIFY_H

#include <zcache/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, text of what is said of a member). From MISSING on it is said of a key. */
#define ZCACHE_DIFFERENCE_MAP(X)                                                                   \
    X(SILENT, "does not answer")                                                                   \
    X(OLDER, "is of a version that cannot be verified")                                            \
    X(JOINING, "has not yet received what the mesh holds")                                         \
    X(SETTINGS, "has older settings than others")                                                  \
    X(CLEAR, "has not heard of the last clear")                                                    \
    X(WRITES, "lacks writes")                                                                      \
    X(MISSING, "lacks the newest write")                                                           \
    X(STALE, "has received the newest write, and holds an older one")                              \
    X(LOST, "has received the newest write, and neither holds nor has evicted it")                 \
    X(VALUE, "holds other bytes under the stamp of the newest write")

typedef enum zcache_difference {
#define ZCACHE_DIFFERENCE_ROW(name, text) ZCACHE_DIFFERENCE_##name,
    ZCACHE_DIFFERENCE_MAP(ZCACHE_DIFFERENCE_ROW)
#undef ZCACHE_DIFFERENCE_ROW
} zcache_difference;

/* The word of a difference in lower case, "silent" ..., and its text; never NULL. */
const char *zcache_difference_word(zcache_difference difference);
const char *zcache_difference_text(zcache_difference difference);

/* One difference. Everything is valid during the call alone; strings are never NULL. */
typedef struct zcache_finding {
    zcache_difference difference;
    const char *name; /* of the member that it is said of */
    const char *endpoint;
    const char *state;  /* its, as zcache_peers tells it */
    const char *from;   /* endpoint of a member that has what is lacked, or ""  */
    const char *detail; /* SILENT and OLDER: one line that says more; else "" */
    /* WRITES: those of `origin` with a hybrid logical clock above `after` and up to `upto`. A key:
     * its newest write is that of `origin` at `upto`. */
    const char *origin_name; /* of the member whose writes they are; "": of none that is there */
    uint8_t origin[16];
    uint64_t after;
    uint64_t upto;
    const void *key; /* NULL where no member holds the key any more, and not of a key */
    size_t key_size;
} zcache_finding_t;

/* Return false to be told no more; the verdict is complete all the same. Do not call zcache with
 * the same handle. */
typedef bool zcache_finding_fn(void *context, const zcache_finding_t *finding);

typedef struct zcache_verify_options {
    bool repair;          /* members that lack something ask one that has it at once */
    bool without_gone;    /* leave out members that are gone: they cannot make it unequal */
    uint32_t patience_ms; /* for what is in flight to arrive, for members that do not answer, and
                             for the repair to end; 0: four heartbeats, at least 1 s, and for the
                             repair 30 s */
    uint32_t keys_max;    /* so many keys are shown; all are counted */
} zcache_verify_options_t;

/* No repair, all members, the patience above, and at most 20 keys. */
void zcache_verify_options_init(zcache_verify_options_t *options);

typedef struct zcache_verdict {
    bool equal;
    bool same;         /* ... and they all held the very same entries when last asked */
    uint64_t as_of_ms; /* mesh time: all writes that any member had by then were looked for */
    uint64_t members;  /* that were asked, the node itself among them */
    uint64_t silent;   /* of them, those that did not answer */
    uint64_t entries;  /* that the node itself holds */
    uint64_t digest;   /* of them */
    uint64_t keys;     /* that differ */
    uint64_t evicted;  /* held by some members, and evicted or expired at others */
    bool lacked;       /* some member lacked something for longer than a message takes, */
    bool repaired;     /* and none does any more */
} zcache_verdict_t;

/* Compares all members that the node knows. `options` may be NULL, `visit` too. The differences are
 * shown at the end: by member, then by key. Costs each member what a few requests cost, and reading
 * through its keys only where digests differ, in pages. Returns OK where a verdict was reached,
 * whichever it is; else what zcache_peers would, of the node of the handle: INCOMPATIBLE where that
 * is of an older version. */
zcache_status zcache_verify(zcache_t *cache, const zcache_verify_options_t *options,
                            zcache_finding_fn *visit, void *context, zcache_verdict_t *verdict);

#ifdef __cplusplus
}
#endif
#endif
