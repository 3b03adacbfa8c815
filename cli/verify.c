/* SPDX-License-Identifier: MPL-2.0 */
/* zcache verify: do all members hold the same? What differs comes first, the verdict last, and the
 * exit status is the verdict. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zcache/verify.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/json.h"
#include "cli/number.h"
#include "cli/output.h"
#include "cli/table.h"

enum { KEY_REPAIR = 256, KEY_WITHOUT_GONE, KEY_WAIT, KEY_KEYS };
enum { WAIT_MOST_MS = 3600 * 1000, KEYS_MOST = 1000000000 };
enum { TIME_BYTES = 40, WRITES_BYTES = 400, DIGEST_BYTES = 17 };

static const struct argp_option options[] = {
    {"repair", KEY_REPAIR, NULL, 0,
     "Members that lack something ask one that has it at once; then says how that ended", 0},
    {"wait", KEY_WAIT, "SECONDS", 0,
     "Give what is in flight, members that do not answer, and the repair so long (4 heartbeats, "
     "at least 1; the repair 30)",
     0},
    {"without-gone", KEY_WITHOUT_GONE, NULL, 0,
     "Leave out members that are gone; else one that does not answer is a difference", 0},
    {"keys", KEY_KEYS, "N", 0, "Show at most N of the keys that differ (20)", 0},
    {0},
};

static int take(int key, const char *argument, void *context) {
    zcache_verify_options_t *verify = context;
    uint64_t number = 0;
    int wrong = 0;
    switch (key) {
    case KEY_REPAIR:
        verify->repair = true;
        return 0;
    case KEY_WITHOUT_GONE:
        verify->without_gone = true;
        return 0;
    case KEY_WAIT:
        wrong = zc_option_seconds("--wait", argument, 1, WAIT_MOST_MS, NULL, &number);
        verify->patience_ms = (uint32_t)number;
        return wrong;
    case KEY_KEYS:
        wrong = zc_option_number("--keys", argument, 0, KEYS_MOST, "keys", &number);
        verify->keys_max = (uint32_t)number;
        return wrong;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const zc_usage_t usage = {
    .name = "verify",
    .text =
        "Ask every member that the node knows, each at its own endpoint, what it holds and which "
        "writes it has received. They are equal (exit status 0) if each has all writes that any of "
        "them had when the question began, and no key shows anything older than its newest write; "
        "writes that go on meanwhile do not disturb that. Else (exit status 1) what differs is "
        "listed: members that do not answer or are still joining, which writes of whom a member "
        "lacks and who has them, and the keys. Keys that a member has evicted or expired are no "
        "difference: they are counted.",
    .options = options,
    .take = take,
    .at = true,
    .json = true,
    .json_text = "Write an object of equal, same, as_of_ms, members, silent, entries, digest, "
                 "keys, evicted, lacked, repaired, differences",
};

static const zc_column_t columns[] = {
    {.name = "NODE"},
    {.name = "ENDPOINT"},
    {.name = "DIFFERENCE", .wrap = true},
    {.name = "KEY", .cut = true},
    {.name = "WRITES", .wrap = true},
    {.name = "FROM"},
};

enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

typedef struct report {
    zc_table_t *table;   /* NULL: JSON */
    json_t *differences; /* NULL: a table */
    bool failed;         /* no memory */
} report_t;

/* -- What differs ---------------------------------------------------------- */

static json_t *json_of_text(const char *text) {
    return text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *json_of_writes(const zcache_finding_t *finding) {
    if (finding->upto == 0) {
        return json_null();
    }
    return json_pack("{s:o,s:o,s:o,s:o}", "origin", zc_json_of_origin(finding->origin), "name",
                     json_of_text(finding->origin_name), "after", zc_json_of_uint(finding->after),
                     "upto", zc_json_of_uint(finding->upto));
}

static bool add_json(void *context, const zcache_finding_t *finding) {
    report_t *report = context;
    json_t *key =
        finding->key == NULL ? json_null() : zc_json_of_bytes(finding->key, finding->key_size);
    json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o}", "difference",
                             zcache_difference_word(finding->difference), "name", finding->name,
                             "endpoint", finding->endpoint, "state", finding->state, "key", key,
                             "writes", json_of_writes(finding), "from", json_of_text(finding->from),
                             "detail", json_of_text(finding->detail));
    report->failed = json_array_append_new(report->differences, json) != 0;
    return !report->failed;
}

/* Milliseconds since 1970 as "2026-11-22T20:42:00.123Z". */
static const char *text_of_time(uint64_t ms, char text[TIME_BYTES]) {
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    char whole[TIME_BYTES];
    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
        snprintf(text, TIME_BYTES, "%" PRIu64 " ms", ms);
    } else {
        snprintf(text, TIME_BYTES, "%.30s.%03uZ", whole, (unsigned)(ms % 1000));
    }
    return text;
}

/* Whose writes they are, and from when to when; of a key, when its newest one is. */
static const char *text_of_writes(const zcache_finding_t *finding, char text[WRITES_BYTES]) {
    text[0] = '\0';
    if (finding->upto == 0) {
        return text;
    }
    char origin[ZC_ORIGIN_TEXT_BYTES];
    char after[TIME_BYTES];
    char upto[TIME_BYTES];
    zc_origin_text(finding->origin, origin);
    const char *name = finding->origin_name[0] != '\0' ? finding->origin_name : origin;
    text_of_time(finding->upto >> 16, upto);
    if (finding->difference != ZCACHE_DIFFERENCE_WRITES) {
        snprintf(text, WRITES_BYTES, "of %.300s at %s", name, upto);
    } else if (finding->after == 0) {
        snprintf(text, WRITES_BYTES, "all of %.300s up to %s", name, upto);
    } else {
        snprintf(text, WRITES_BYTES, "of %.200s from %s to %s", name,
                 text_of_time(finding->after >> 16, after), upto);
    }
    return text;
}

/* What is said of the member, for the caller to free; NULL: no memory. */
static char *text_of_difference(const zcache_finding_t *finding) {
    const char *text = zcache_difference_text(finding->difference);
    char *made = NULL;
    int length = 0;
    if (finding->difference == ZCACHE_DIFFERENCE_SILENT) {
        length = asprintf(&made, "%s (%s): %s", text, finding->state, finding->detail);
    } else if (finding->detail[0] != '\0') {
        length = asprintf(&made, "%s: %s", text, finding->detail);
    } else {
        made = strdup(text);
    }
    return length < 0 ? NULL : made;
}

/* A cell that is not empty: fields between tabs stay as many as there are columns, and are seen. */
static const char *cell(const char *text) {
    return text[0] == '\0' ? "-" : text;
}

static bool add_row(void *context, const zcache_finding_t *finding) {
    report_t *report = context;
    char *key = zc_output_escaped(finding->key == NULL ? "" : finding->key, finding->key_size, 0);
    char *difference = text_of_difference(finding);
    char writes[WRITES_BYTES];
    bool made = key != NULL && difference != NULL;
    bool same =
        zc_table_is_terminal(report->table) && strcmp(finding->name, finding->endpoint) == 0;
    const char *texts[COLUMN_COUNT] = {cell(same ? "" : finding->name), /* room for the rest */
                                       cell(finding->endpoint),
                                       difference,
                                       made ? cell(key) : NULL,
                                       cell(text_of_writes(finding, writes)),
                                       cell(finding->from)};
    bool added = made && zc_table_add(report->table, texts, NULL);
    report->failed = !added && !zc_output_broken();
    free(key);
    free(difference);
    return added;
}

/* -- The verdict ----------------------------------------------------------- */

static void print_count(uint64_t count, const char *what) {
    if (count > 0) {
        printf(", %" PRIu64 " %s", count, what);
    }
}

static void print_verdict(const zcache_verify_options_t *verify, const zcache_verdict_t *verdict) {
    char time[TIME_BYTES];
    printf("%s as of %s: %" PRIu64 " %s", verdict->equal ? "equal" : "not equal",
           text_of_time(verdict->as_of_ms, time), verdict->members,
           verdict->members == 1 ? "node" : "nodes");
    print_count(verdict->silent, "silent");
    printf(", %" PRIu64 " entries", verdict->entries);
    if (verdict->same) {
        printf(", digest %016" PRIx64, verdict->digest);
    }
    print_count(verdict->keys, "keys differ");
    print_count(verdict->evicted, "keys evicted by some");
    if (verify->repair && verdict->lacked) {
        fputs(verdict->repaired ? ", repaired" : ", not all repaired", stdout);
    }
    putchar('\n');
}

static bool print_json(const zcache_verdict_t *verdict, json_t *differences) {
    char digest[DIGEST_BYTES];
    snprintf(digest, sizeof(digest), "%016" PRIx64, verdict->digest);
    return zc_json_print(
        json_pack("{s:b,s:b,s:o,s:o,s:o,s:o,s:s,s:o,s:o,s:b,s:b,s:o}", "equal", verdict->equal,
                  "same", verdict->same, "as_of_ms", zc_json_of_uint(verdict->as_of_ms), "members",
                  zc_json_of_uint(verdict->members), "silent", zc_json_of_uint(verdict->silent),
                  "entries", zc_json_of_uint(verdict->entries), "digest", digest, "keys",
                  zc_json_of_uint(verdict->keys), "evicted", zc_json_of_uint(verdict->evicted),
                  "lacked", verdict->lacked, "repaired", verdict->repaired, "differences",
                  differences),
        ZC_DIGITS_EXACT);
}

static int verify_into(zcache_t *cache, const zcache_verify_options_t *verify, report_t *report) {
    zcache_verdict_t verdict;
    zcache_finding_fn *add = report->table == NULL ? add_json : add_row;
    zcache_status status = zcache_verify(cache, verify, add, report, &verdict);
    if (status != ZCACHE_OK) {
        return zc_report(cache, status);
    }
    if (report->table == NULL) {
        json_incref(report->differences);
        report->failed = !print_json(&verdict, report->differences) && !zc_output_broken();
    } else {
        zc_table_print(report->table);
        print_verdict(verify, &verdict);
    }
    return verdict.equal ? ZC_EXIT_DONE : ZC_EXIT_MISS;
}

static int verify_and_report(zcache_t *cache, const zc_arguments_t *arguments, void *context) {
    report_t report = {.table = NULL};
    if (arguments->json) {
        report.differences = json_array();
    } else {
        report.table = zc_table_new(columns, COLUMN_COUNT);
    }
    int status = ZC_EXIT_FAILED;
    report.failed = report.table == NULL && report.differences == NULL;
    if (!report.failed) {
        status = verify_into(cache, context, &report);
    }
    json_decref(report.differences);
    zc_table_destroy(&report.table);
    return report.failed ? zc_fail(ZC_EXIT_FAILED, "out of memory") : status;
}

int zc_command_verify(int argc, char **argv) {
    zcache_verify_options_t verify;
    zcache_verify_options_init(&verify);
    return zc_ask_node(&usage, argc, argv, &verify, verify_and_report);
}
