/* SPDX-License-Identifier: MPL-2.0 */
/* zcache_verify: first the writes, then the keys, then what is to be told.
 *
 *     census ─► until all members have what any had at the beginning, or patience is over
 *            ─► keys whose digests differ ─► until none is a suspect, or patience is over
 *            ─► findings and verdict                                                      */
#include <zcache/verify.h>

#include <poll.h>

#include "lib/client/deadline.h"
#include "lib/client/differ.h"

enum {
    KEYS_DEFAULT = 20,
    PATIENCE_HEARTBEATS = 4,
    PATIENCE_LEAST_MS = 1000,
    PATIENCE_REPAIR_MS = 30000,
    PAUSE_MS = 50, /* between two looks */
};

const char *zcache_difference_word(zcache_difference difference) {
    static const char *const words[] = {"silent", "older",   "joining", "settings", "clear",
                                        "writes", "missing", "stale",   "lost",     "value"};
    return (size_t)difference < sizeof(words) / sizeof(words[0]) ? words[difference] : "";
}

const char *zcache_difference_text(zcache_difference difference) {
    static const char *const texts[] = {
#define TEXT_ROW(name, text) text,
        ZCACHE_DIFFERENCE_MAP(TEXT_ROW)
#undef TEXT_ROW
    };
    return (size_t)difference < sizeof(texts) / sizeof(texts[0]) ? texts[difference] : "";
}

void zcache_verify_options_init(zcache_verify_options_t *options) {
    *options = (zcache_verify_options_t){.keys_max = KEYS_DEFAULT};
}

/* -- Repairing ------------------------------------------------------------- */

/* What the member answers is of no use here: whether it helped is seen in its next digest. */
static void repair_from(zc_census_member_t *member, const zc_census_member_t *donor) {
    if (donor == NULL || donor == member) {
        return;
    }
    zc_operation_t operation = {
        .type = ZC_OPERATION_REPAIR,
        .key = zc_slice(donor->origin.bytes, sizeof(donor->origin.bytes)),
    };
    zc_client_begin(member->cache);
    zc_response_t response;
    if (zc_client_ask(member->cache, &operation, &response) == ZCACHE_OK) {
        zcache_status status = ZCACHE_OK;
        zcache_status decoded = zc_response_next_status(&response, &status);
        zc_client_done(member->cache, decoded, status);
    }
}

/* A member that has the newest settings, or the newest clear. */
static const zc_census_member_t *holder_of_registers(const zc_census_t *census, bool clear) {
    for (size_t i = 0; i < census->count; i++) {
        const zc_census_member_t *member = &census->members[i];
        const zc_registers_t *registers = &member->digest.registers;
        int order = clear ? zc_stamp_compare(&registers->clear, &census->clear)
                          : zc_stamp_compare(&registers->settings_stamp, &census->settings);
        if (zc_census_counts(member) && order >= 0) {
            return member;
        }
    }
    return NULL;
}

static bool has_old_settings(const zc_census_t *census, const zc_census_member_t *member) {
    return zc_stamp_compare(&member->digest.registers.settings_stamp, &census->settings) < 0;
}

static bool has_old_clear(const zc_census_t *census, const zc_census_member_t *member) {
    return zc_stamp_compare(&member->digest.registers.clear, &census->clear) < 0;
}

/* The member asks one that has the first thing that it lacks. While an exchange is under way there,
 * another one is not begun. */
static void repair(const zc_census_t *census, zc_census_member_t *member) {
    for (size_t i = 0; i < census->target_count; i++) {
        const zc_span_t *span = &census->target[i];
        zc_hlc_t after = 0;
        zc_interval_t lacked;
        if (zc_census_lacks(member, span, &after, &lacked)) {
            const zc_stamp_t stamp = {.hlc = lacked.upto, .origin = span->origin};
            repair_from(member, zc_census_holder(census, &stamp));
            return;
        }
    }
    if (has_old_settings(census, member)) {
        repair_from(member, holder_of_registers(census, false));
    } else if (has_old_clear(census, member)) {
        repair_from(member, holder_of_registers(census, true));
    }
}

/* -- Waiting --------------------------------------------------------------- */

/* For members that do not answer. */
static uint32_t patience_with_silent(const zcache_verify_options_t *options,
                                     const zc_census_t *census) {
    if (options->patience_ms != 0) {
        return options->patience_ms;
    }
    uint64_t wait_ms =
        PATIENCE_HEARTBEATS * census->members[0].digest.registers.settings.heartbeat_ms;
    return wait_ms > PATIENCE_LEAST_MS ? (uint32_t)wait_ms : PATIENCE_LEAST_MS;
}

/* For members that lack something. */
static uint32_t patience_of(const zcache_verify_options_t *options, const zc_census_t *census) {
    return options->patience_ms == 0 && options->repair ? PATIENCE_REPAIR_MS
                                                        : patience_with_silent(options, census);
}

/* How long is waited, and what for. */
typedef struct waiting {
    uint64_t until_us;
    uint64_t silent_until_us;
    bool repairing;
    bool lacking; /* some member lacks something */
    bool silent;  /* some member does not answer, and may yet */
} waiting_t;

static void settle_one(const zc_census_t *census, zc_census_member_t *member, waiting_t *waiting) {
    if (zc_census_is_settled(census, member)) {
        return;
    }
    if (waiting->repairing && !member->digest.joining) {
        repair(census, member);
    }
    zc_census_ask(member);
    waiting->lacking =
        waiting->lacking || (member->status == ZCACHE_OK && !zc_census_is_settled(census, member));
}

/* One round over the members that are not settled. Those that answered at once come first, so that
 * no other one holds up their repair. */
static zcache_status settle_some(zc_census_t *census, waiting_t *waiting) {
    zcache_status status = ZCACHE_OK;
    waiting->lacking = false;
    waiting->silent = false;
    for (size_t i = 0; i < census->count; i++) {
        if (census->members[i].status == ZCACHE_OK) {
            settle_one(census, &census->members[i], waiting);
        }
    }
    for (size_t i = 0; i < census->count && status == ZCACHE_OK; i++) {
        if (zc_census_may_answer(&census->members[i])) {
            status = zc_census_ask_silent(census, &census->members[i], waiting->silent_until_us);
            waiting->silent = zc_remaining_ms(waiting->silent_until_us, PAUSE_MS) > 0;
        }
    }
    return status;
}

/* *lacked: somebody lacked something for longer than a message takes. */
static zcache_status settle(zc_census_t *census, const zcache_verify_options_t *options,
                            bool *lacked) {
    waiting_t waiting = {
        .until_us = zc_deadline_us(patience_of(options, census)),
        .silent_until_us = zc_deadline_us(patience_with_silent(options, census)),
    };
    zcache_status status = settle_some(census, &waiting);
    *lacked = waiting.lacking;
    waiting.repairing = options->repair;
    int left_ms = 0;
    while (status == ZCACHE_OK && (waiting.lacking || waiting.silent) &&
           (left_ms = zc_remaining_ms(waiting.until_us, PAUSE_MS)) > 0) {
        poll(NULL, 0, left_ms);
        status = settle_some(census, &waiting);
        *lacked = *lacked || waiting.lacking;
    }
    return status;
}

static void ask_all(const zc_census_t *census) {
    for (size_t i = 0; i < census->count; i++) {
        if (census->members[i].status == ZCACHE_OK) {
            zc_census_ask(&census->members[i]);
        }
    }
}

static zcache_status compare(zc_differ_t *differ, uint32_t patience_ms) {
    zcache_status status = zc_differ_find(differ);
    uint64_t until_us = zc_deadline_us(patience_ms);
    int left_ms = 0;
    while (status == ZCACHE_OK && differ->suspect_count > 0 &&
           (left_ms = zc_remaining_ms(until_us, PAUSE_MS)) > 0) {
        poll(NULL, 0, left_ms);
        ask_all(differ->census);
        status = zc_differ_again(differ);
    }
    return status;
}

/* -- Telling --------------------------------------------------------------- */

typedef struct telling {
    const zc_census_t *census;
    zcache_finding_fn *visit; /* NULL: nobody listens, or no more */
    void *context;
} telling_t;

static void tell(telling_t *telling, zcache_finding_t *finding, const zc_census_member_t *member,
                 const zc_census_member_t *from) {
    if (telling->visit == NULL) {
        return;
    }
    finding->name = member->name;
    finding->endpoint = member->endpoint;
    finding->state = member->state;
    finding->from = from == NULL ? "" : from->endpoint;
    finding->detail = member->status == ZCACHE_OK ? "" : member->error.text;
    finding->origin_name = "";
    if (finding->upto != 0) {
        zc_origin_t origin;
        memcpy(origin.bytes, finding->origin, sizeof(origin.bytes));
        finding->origin_name = zc_census_name(telling->census, &origin);
    }
    if (!telling->visit(telling->context, finding)) {
        telling->visit = NULL;
    }
}

static void tell_simple(telling_t *telling, zcache_difference difference,
                        const zc_census_member_t *member, const zc_census_member_t *from) {
    zcache_finding_t finding = {.difference = difference};
    tell(telling, &finding, member, from);
}

static void tell_writes(telling_t *telling, const zc_census_member_t *member) {
    for (size_t i = 0; i < telling->census->target_count; i++) {
        const zc_span_t *span = &telling->census->target[i];
        zc_hlc_t after = 0;
        zc_interval_t lacked;
        while (zc_census_lacks(member, span, &after, &lacked)) {
            zcache_finding_t finding = {
                .difference = ZCACHE_DIFFERENCE_WRITES, .after = lacked.after, .upto = lacked.upto};
            memcpy(finding.origin, span->origin.bytes, sizeof(finding.origin));
            const zc_stamp_t stamp = {.hlc = lacked.upto, .origin = span->origin};
            tell(telling, &finding, member, zc_census_holder(telling->census, &stamp));
        }
    }
}

static void tell_member(telling_t *telling, const zc_census_member_t *member) {
    const zc_census_t *census = telling->census;
    if (member->status == ZCACHE_INCOMPATIBLE) {
        tell_simple(telling, ZCACHE_DIFFERENCE_OLDER, member, NULL);
    } else if (member->status != ZCACHE_OK) {
        tell_simple(telling, ZCACHE_DIFFERENCE_SILENT, member, NULL);
    } else if (member->digest.joining) {
        tell_simple(telling, ZCACHE_DIFFERENCE_JOINING, member, NULL);
    } else {
        if (has_old_settings(census, member)) {
            tell_simple(telling, ZCACHE_DIFFERENCE_SETTINGS, member,
                        holder_of_registers(census, false));
        }
        if (has_old_clear(census, member)) {
            tell_simple(telling, ZCACHE_DIFFERENCE_CLEAR, member,
                        holder_of_registers(census, true));
        }
        tell_writes(telling, member);
    }
}

static uint64_t count_silent(const zc_census_t *census) {
    uint64_t silent = 0;
    for (size_t i = 0; i < census->count; i++) {
        silent += census->members[i].status != ZCACHE_OK;
    }
    return silent;
}

static void judge(const zc_census_t *census, const zc_differ_t *differ, zcache_verdict_t *verdict) {
    const zc_digest_t *own = &census->members[0].digest;
    verdict->members = census->count;
    verdict->entries = own->entries;
    for (size_t i = 0; i < ZC_DIGEST_PARTS; i++) {
        verdict->digest += own->parts[i];
    }
    verdict->keys = differ->suspect_count;
    verdict->evicted = differ->evicted;
    verdict->silent = count_silent(census);
    bool settled = true;
    for (size_t i = 0; i < census->count; i++) {
        const zc_census_member_t *member = &census->members[i];
        settled = settled && zc_census_is_settled(census, member);
    }
    verdict->equal = settled && verdict->keys == 0;
    verdict->same = verdict->equal && differ->same;
    verdict->repaired = verdict->lacked && settled;
}

static zcache_status verify(zcache_t *cache, zc_census_t *census,
                            const zcache_verify_options_t *options, telling_t *telling,
                            zcache_verdict_t *verdict) {
    uint64_t as_of_ms = census->members[0].digest.clock_ms;
    bool lacked = false;
    zcache_status status = settle(census, options, &lacked);
    zc_differ_t differ;
    zc_differ_init(&differ, census);
    if (status == ZCACHE_OK) {
        status = compare(&differ, patience_of(options, census));
    }
    if (status == ZCACHE_OK && census->members[0].status != ZCACHE_OK) {
        status = census->members[0].status;
    }
    if (status == ZCACHE_OK && count_silent(census) > 0) {
        status = zc_census_drop_left(census);
    }
    if (status == ZCACHE_OK) {
        *verdict = (zcache_verdict_t){.as_of_ms = as_of_ms, .lacked = lacked};
        judge(census, &differ, verdict);
        for (size_t i = 0; i < census->count; i++) {
            tell_member(telling, &census->members[i]);
        }
        bool going = true;
        if (telling->visit != NULL) {
            status = zc_differ_show(&differ, options->keys_max, telling->visit, telling->context,
                                    &going);
        }
    }
    zc_differ_fini(&differ);
    return zc_client_tell(cache, status);
}

zcache_status zcache_verify(zcache_t *cache, const zcache_verify_options_t *options,
                            zcache_finding_fn *visit, void *context, zcache_verdict_t *verdict) {
    zcache_verify_options_t defaults;
    zcache_verify_options_init(&defaults);
    options = options == NULL ? &defaults : options;
    zc_census_t census;
    zcache_status status = zc_census_take(cache, options->without_gone, &census);
    if (status != ZCACHE_OK) {
        return status;
    }
    telling_t telling = {.census = &census, .visit = visit, .context = context};
    status = verify(cache, &census, options, &telling, verdict);
    zc_census_fini(&census);
    return status;
}
