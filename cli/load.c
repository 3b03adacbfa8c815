/* SPDX-License-Identifier: MPL-2.0 */
/* zcache load: many lines, batches of them, several batches under way. A wrong line is told by its
 * number and stops nothing; a node that is gone does. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <zcache/batch.h>
#include <zcache/limits.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/input.h"
#include "cli/line.h"
#include "cli/output.h"
#include "cli/progress.h"

enum {
    SLOT_COUNT = 16, /* batches under way */
    SLOT_LINES = 256,
    LINE_BYTES_MAX = 7 * ZCACHE_VALUE_MAX_CEILING, /* every byte of a value as \u00XX, and a key */
};

static const zc_usage_t usage = {
    .name = "load",
    .words = "FILE",
    .least = 1,
    .most = 1,
    .text = "Set many keys. Each line of FILE (- is standard input) is a JSON object with \"key\", "
            "\"value\" and, if wanted, \"ttl\" in seconds. A string is kept as its bytes, as are "
            "the bytes of {\"base64\": \"...\"}, all other JSON as msgpack. A line that is wrong "
            "is told by its number, and the rest goes on. Exit status 1: not all went in.",
    .at = true,
};

typedef struct slot {
    zcache_batch_t *batch;
    uint64_t lines[SLOT_LINES]; /* that the operations came from */
    bool under_way;
} slot_t;

typedef struct loading {
    zcache_t *cache;
    const char *name;
    uint64_t line; /* of the file, from 1 */
    slot_t slots[SLOT_COUNT];
    size_t slot; /* that is being filled */
    uint64_t set;
    uint64_t refused;
    zc_progress_t progress;
    int status; /* of what ended it early */
} loading_t;

static void refuse_line(loading_t *loading, uint64_t line, const char *text) {
    zc_progress_clear(&loading->progress);
    zc_fail(0, "%s:%" PRIu64 ": %s", loading->name, line, text);
    loading->refused++;
}

/* The node is gone, or the like: nothing more can be set. */
static bool give_up(loading_t *loading, zcache_status status) {
    zc_progress_clear(&loading->progress);
    loading->status = zc_report(loading->cache, status);
    return false;
}

/* Waits for the slot's batch and counts its results, so that it can be filled anew. */
static bool collect(loading_t *loading, slot_t *slot) {
    if (!slot->under_way) {
        return true;
    }
    zcache_status status = zcache_batch_wait(slot->batch);
    if (status != ZCACHE_OK) {
        return give_up(loading, status);
    }
    for (size_t i = 0; i < zcache_batch_count(slot->batch); i++) {
        zcache_status result = zcache_batch_result(slot->batch, i, NULL, NULL, NULL);
        if (result == ZCACHE_OK) {
            loading->set++;
        } else {
            refuse_line(loading, slot->lines[i], zcache_status_text(result));
        }
    }
    zcache_batch_reset(slot->batch);
    slot->under_way = false;
    return true;
}

/* Sends the slot that was filled, and makes the next one free. */
static bool send_slot(loading_t *loading) {
    slot_t *slot = &loading->slots[loading->slot];
    if (zcache_batch_count(slot->batch) == 0) {
        return true;
    }
    zcache_status status = zcache_batch_send(slot->batch);
    if (status != ZCACHE_OK) {
        return give_up(loading, status);
    }
    slot->under_way = true;
    loading->slot = (loading->slot + 1) % SLOT_COUNT;
    return collect(loading, &loading->slots[loading->slot]);
}

static zcache_status add(loading_t *loading, const zc_line_t *line) {
    slot_t *slot = &loading->slots[loading->slot];
    size_t index = zcache_batch_count(slot->batch);
    if (index == SLOT_LINES) {
        return ZCACHE_BUSY;
    }
    zcache_status status = zcache_batch_set(slot->batch, line->key, line->key_size, line->value,
                                            line->value_size, line->type, line->ttl_ms);
    if (status == ZCACHE_OK) {
        slot->lines[index] = loading->line;
    }
    return status;
}

/* False: there is no use in going on. */
static bool take_line(loading_t *loading, const zc_input_t *text) {
    zc_line_t line;
    char error[ZC_LINE_ERROR_BYTES];
    if (strspn(text->data, " \t\r") == text->size) {
        return true;
    }
    if (!zc_line_parse(text->data, text->size, &line, error)) {
        refuse_line(loading, loading->line, error);
        return true;
    }
    zcache_status status = add(loading, &line);
    if (status == ZCACHE_BUSY) {
        status = send_slot(loading) ? add(loading, &line) : ZCACHE_STOPPED;
    }
    zc_line_fini(&line);
    if (status == ZCACHE_INVALID || status == ZCACHE_TOO_LARGE) {
        refuse_line(loading, loading->line, zcache_error(loading->cache));
        return true;
    }
    if (status != ZCACHE_OK && loading->status == ZC_EXIT_DONE) {
        give_up(loading, status);
    }
    return status == ZCACHE_OK;
}

static void read_lines(loading_t *loading, FILE *stream) {
    zc_input_t text = {.data = NULL};
    for (bool going = true; going;) {
        loading->line++;
        zc_input_result_t result = zc_input_read_line(&text, stream, LINE_BYTES_MAX);
        switch (result) {
        case ZC_INPUT_DONE:
            /* A terminator that is no part of the line, for looking at its blanks. */
            going = zc_input_append(&text, "", 1);
            text.size -= going ? 1 : 0;
            going = going && take_line(loading, &text);
            break;
        case ZC_INPUT_TOO_LARGE:
            refuse_line(loading, loading->line, "too long for a line: no value is that large");
            break;
        case ZC_INPUT_FAILED:
            zc_progress_clear(&loading->progress);
            loading->status = zc_fail(ZC_EXIT_FAILED, "%s:%" PRIu64 ": cannot read: %s",
                                      loading->name, loading->line, strerror(errno));
            going = false;
            break;
        case ZC_INPUT_END:
            going = false;
            break;
        }
        zc_progress_add(&loading->progress, text.size + 1);
    }
    zc_input_fini(&text);
}

static bool open_slots(loading_t *loading) {
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        zcache_status status = zcache_batch_new(loading->cache, &loading->slots[i].batch);
        if (status != ZCACHE_OK) {
            return give_up(loading, status);
        }
    }
    return true;
}

static int load(zcache_t *cache, const char *name, FILE *stream) {
    loading_t *loading = calloc(1, sizeof(*loading));
    if (loading == NULL) {
        return zc_fail(ZC_EXIT_FAILED, "out of memory");
    }
    loading->cache = cache;
    loading->name = name;
    zc_progress_begin(&loading->progress, stream);
    if (open_slots(loading)) {
        read_lines(loading, stream);
        bool going = loading->status == ZC_EXIT_DONE && send_slot(loading);
        for (size_t i = 0; i < SLOT_COUNT && going; i++) {
            going = collect(loading, &loading->slots[i]);
        }
    }
    zc_progress_clear(&loading->progress);
    zc_fail(0, "%" PRIu64 " keys set, %" PRIu64 " lines refused%s", loading->set, loading->refused,
            loading->status == ZC_EXIT_DONE ? "" : ", and the rest was not tried");
    int status = loading->status != ZC_EXIT_DONE ? loading->status
                 : loading->refused > 0          ? ZC_EXIT_MISS
                                                 : ZC_EXIT_DONE;
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        zcache_batch_destroy(&loading->slots[i].batch);
    }
    free(loading);
    return status;
}

int zc_command_load(int argc, char **argv) {
    zc_arguments_t arguments;
    int status = zc_arguments_parse(&usage, argc, argv, NULL, &arguments);
    if (status >= 0) {
        return status;
    }
    const char *name = arguments.words[0];
    bool standard_input = strcmp(name, "-") == 0;
    FILE *stream = standard_input ? stdin : fopen(name, "re");
    if (stream == NULL) {
        return zc_fail(ZC_EXIT_USAGE, "%s: cannot open it: %s", name, strerror(errno));
    }
    zcache_t *cache = NULL;
    status = zc_connect(&arguments, &cache);
    if (status == ZC_EXIT_DONE) {
        status = load(cache, name, stream);
    }
    zcache_close(&cache);
    if (!standard_input) {
        fclose(stream);
    }
    return status;
}
