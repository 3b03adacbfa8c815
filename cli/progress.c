/* SPDX-License-Identifier: MPL-2.0 */
/* The progress bar. It is drawn ten times a second at most, and leaves nothing behind. */
#define _GNU_SOURCE
#include "cli/progress.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "cli/clock.h"
#include "cli/output.h"

enum { BAR_WIDTH = 40, DRAW_NS = 100000000 };

void zc_progress_begin(zc_progress_t *progress, FILE *stream) {
    struct stat file;
    bool known = fstat(fileno(stream), &file) == 0 && S_ISREG(file.st_mode);
    *progress = (zc_progress_t){.shown = zc_output_is_terminal(stderr),
                                .all_bytes = known ? (uint64_t)file.st_size : 0};
}

static void draw(zc_progress_t *progress) {
    progress->drawn = true;
    if (progress->all_bytes == 0) {
        fprintf(stderr, "\r\033[K%" PRIu64 " KiB", progress->done_bytes / 1024);
        return;
    }
    uint64_t done =
        progress->done_bytes < progress->all_bytes ? progress->done_bytes : progress->all_bytes;
    double share = (double)done / (double)progress->all_bytes;
    int filled = (int)(share * BAR_WIDTH);
    fprintf(stderr, "\r\033[K[%.*s%*s] %3.0f %%", filled,
            "========================================", BAR_WIDTH - filled, "", share * 100);
}

void zc_progress_add(zc_progress_t *progress, uint64_t bytes) {
    progress->done_bytes += bytes;
    if (!progress->shown) {
        return;
    }
    uint64_t now_ns = zc_clock_ns();
    if (now_ns >= progress->next_ns) {
        progress->next_ns = now_ns + DRAW_NS;
        draw(progress);
    }
}

void zc_progress_clear(zc_progress_t *progress) {
    if (progress->drawn) {
        fputs("\r\033[K", stderr);
        progress->drawn = false;
    }
}
