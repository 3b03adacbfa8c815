/* SPDX-License-Identifier: MPL-2.0 */
/* Any bytes as a node's response, read as the answer to each kind of operation: a status, never a
 * crash, and every slice lies within the bytes. */
#include "lib/base/assert.h"
#include "lib/wire/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned sum; /* so that no read is left out */

static void look_at(zc_slice_t slice) {
    const uint8_t *at = slice.data;
    for (size_t i = 0; i < slice.bytes; i++) {
        sum += at[i];
    }
}

static zcache_status read_item(zc_response_t *response, int kind) {
    zc_spy_entry_t entry;
    zc_peer_row_t peer;
    zc_stat_row_t row;
    zcache_status read = ZCACHE_MALFORMED;
    if (kind == 0) {
        read = zc_response_read_spy_entry(response, &entry);
        look_at(read == ZCACHE_OK ? entry.key : zc_slice(NULL, 0));
        look_at(read == ZCACHE_OK ? entry.value : zc_slice(NULL, 0));
    } else if (kind == 1) {
        read = zc_response_read_peer(response, &peer);
        look_at(read == ZCACHE_OK ? peer.name : zc_slice(NULL, 0));
        look_at(read == ZCACHE_OK ? peer.state : zc_slice(NULL, 0));
    } else if (kind == 2) {
        zc_scan_row_t scanned;
        read = zc_response_read_scan_row(response, &scanned);
    } else {
        read = zc_response_read_stat(response, &row);
        look_at(read == ZCACHE_OK ? row.name : zc_slice(NULL, 0));
        look_at(read == ZCACHE_OK && row.is_text ? row.text : zc_slice(NULL, 0));
    }
    return read;
}

static zcache_status read_list(zc_response_t *response, int kind) {
    zcache_status status = ZCACHE_OK;
    uint64_t walk = 0;
    uint32_t count = 0;
    zcache_status read = zc_response_next_list(response, kind % 2 == 0, &status, &walk, &count);
    for (uint32_t i = 0; read == ZCACHE_OK && i < count; i++) {
        read = read_item(response, kind);
    }
    return read;
}

static zcache_status read_digest(zc_response_t *response, zcache_status *status) {
    zc_wire_scratch_t scratch;
    zc_wire_scratch_init(&scratch, zc_allocator_system());
    zc_digest_t digest = {.parts = NULL};
    zcache_status read = zc_response_next_digest(response, &scratch, status, &digest);
    for (size_t i = 0; i < digest.vector.count; i++) {
        const zc_origin_intervals_t *row = &digest.vector.origins[i];
        look_at(zc_slice(row->intervals, row->count * sizeof *row->intervals));
    }
    look_at(zc_slice(digest.parts, digest.parts == NULL ? 0 : ZC_DIGEST_PARTS * sizeof(uint64_t)));
    zc_wire_scratch_fini(&scratch);
    return read;
}

static zcache_status read_plain(zc_response_t *response, int kind) {
    zcache_status status = ZCACHE_OK;
    zc_slice_t slice = zc_slice(NULL, 0);
    uint8_t type = 0;
    bool ready = false;
    zcache_status read = ZCACHE_MALFORMED;
    if (kind == 4) {
        read = zc_response_next_status(response, &status);
    } else if (kind == 5) {
        read = zc_response_next_value(response, &status, &slice, &type);
    } else if (kind == 6) {
        zc_look_t look = {.digest = 0};
        read = zc_response_next_look(response, &status, &look);
        slice = look.key;
    } else if (kind == 7) {
        read = read_digest(response, &status);
    } else {
        read = zc_response_next_ping(response, &status, &ready, &slice);
    }
    look_at(slice);
    return read;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (int kind = 0; kind < 9; kind++) {
        zc_response_t response;
        if (zc_response_open(zc_slice(data, size), &response) != ZCACHE_OK) {
            return 0;
        }
        zcache_status read = ZCACHE_OK;
        while (read == ZCACHE_OK) {
            read = kind < 4 ? read_list(&response, kind) : read_plain(&response, kind);
        }
        ZC_ASSERT(read == ZCACHE_MALFORMED);
    }
    return 0;
}
