/* SPDX-License-Identifier: MPL-2.0 */
/* Runs the histories of a file (README.md) on real replicas and prints what the nodes hold at the
 * end of each; --each: after each line. Exit 1: something was not as a history expects it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/model/world.h"

enum { WORDS_MAX = 16, REASON_BYTES = 128, LINE_BYTES = 1024 };

typedef struct line {
    size_t number;
    const char *text; /* for people */
    char *words[WORDS_MAX + 1];
    size_t count;
} line_t;

typedef struct run {
    world_t *world; /* NULL: before the first history, or one that has failed */
    line_t line;
    bool each;
    bool failed;
    char reason[REASON_BYTES]; /* why the line does not hold; "" it does */
} run_t;

/* The file is at fault, not what it tests. */
static void require(const run_t *run, bool met) {
    if (!met) {
        fprintf(stderr, "line %zu is malformed: %s\n", run->line.number, run->line.text);
        exit(2);
    }
}

__attribute__((format(printf, 2, 3))) static void refute(run_t *run, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(run->reason, sizeof run->reason, format, arguments);
    va_end(arguments);
}

/* -- Words ------------------------------------------------------------------ */

static int64_t number_of(const run_t *run, const char *word) {
    char *end = NULL;
    errno = 0;
    long long number = strtoll(word, &end, 10);
    require(run, errno == 0 && end != word && *end == '\0');
    return number;
}

static uint64_t count_of(const run_t *run, const char *word, uint64_t most) {
    int64_t number = number_of(run, word);
    require(run, number >= 1 && (uint64_t)number <= most);
    return (uint64_t)number;
}

/* The number of a word NAME=NUMBER among the words from `first` on, or what it is without one. */
static int64_t option(const run_t *run, size_t first, const char *name, int64_t without) {
    size_t bytes = strlen(name);
    for (size_t i = first; i < run->line.count; i++) {
        const char *word = run->line.words[i];
        if (strncmp(word, name, bytes) == 0 && word[bytes] == '=') {
            return number_of(run, word + bytes + 1);
        }
    }
    return without;
}

static const char *word_at(const run_t *run, size_t at) {
    require(run, at < run->line.count);
    return run->line.words[at];
}

static char node_at(const run_t *run, size_t at) {
    const char *word = word_at(run, at);
    require(run, word[0] >= 'A' && word[0] <= 'Z' && word[1] == '\0');
    return word[0];
}

/* A node that there is. */
static char known_at(const run_t *run, size_t at) {
    char name = node_at(run, at);
    require(run, run->world->nodes[name - 'A'].replica != NULL);
    return name;
}

static char key_at(const run_t *run, size_t at) {
    const char *word = word_at(run, at);
    require(run, word[0] >= 'a' && word[0] <= 'z' && word[1] == '\0');
    return word[0];
}

static const char *label_at(const run_t *run, size_t at) {
    const char *word = word_at(run, at);
    require(run, strlen(word) < WORLD_LABEL_BYTES && strchr(word, '.') == NULL);
    return word;
}

static uint8_t origin_at(const run_t *run, size_t first) {
    int64_t number = option(run, first, "origin", 0);
    require(run, number >= 1 && number <= WORLD_ORIGINS_MAX);
    return (uint8_t)number;
}

/* -- Lines that say what there is, or ask ------------------------------------ */

static void do_mesh(run_t *run) {
    world_t *world = run->world;
    world->max_size = (uint64_t)option(run, 1, "max_size", 1000);
    world->ghosts_max = (uint64_t)option(run, 1, "ghosts_max", 1000);
    world->value_bytes = (uint64_t)option(run, 1, "value_bytes", 16);
    world->retire_after = (uint64_t)option(run, 1, "retire_after", 0);
    world->checkpoint = (uint64_t)option(run, 1, "checkpoint", 0);
    require(run, world->value_bytes >= WORLD_LABEL_BYTES && world->retire_after % 8 == 0);
}

static void do_node(run_t *run) {
    char name = node_at(run, 1);
    require(run, run->world->nodes[name - 'A'].replica == NULL);
    int64_t room = option(run, 2, "room", (int64_t)run->world->max_size);
    require(run, room >= 1);
    world_start(run->world, name, origin_at(run, 2), (uint64_t)room, option(run, 2, "clock", 0));
}

static void do_expect(run_t *run) {
    char name = known_at(run, 1);
    const char *what = word_at(run, 2);
    const char *wanted = label_at(run, 3);
    if (strcmp(what, "has") == 0 || strcmp(what, "lacks") == 0) {
        const char *found = world_has(run->world, name, wanted) ? "has" : "lacks";
        if (strcmp(found, what) != 0) {
            refute(run, "it %s it", found);
        }
        return;
    }
    const char *found = world_finds(run->world, name, key_at(run, 2));
    bool miss = strcmp(wanted, "miss") == 0 && strcmp(found, "ghost") == 0;
    if (strcmp(found, wanted) != 0 && !miss) {
        refute(run, "found %s", found);
    }
}

/* -- Lines that make something happen ---------------------------------------- */

static void do_wait(run_t *run) {
    world_pass(run->world, count_of(run, word_at(run, 1), 100000) - 1);
}

static void do_restart(run_t *run) {
    world_restart(run->world, known_at(run, 1), origin_at(run, 2), NULL);
}

static void do_write(run_t *run) {
    require(run, run->line.count > 3);
    world_write(run->world, label_at(run, 1), known_at(run, 2), run->line.words + 3,
                run->line.count - 3);
}

static void do_clear(run_t *run) {
    world_clear(run->world, label_at(run, 1), known_at(run, 2));
}

static void do_deliver(run_t *run) {
    world_deliver(run->world, label_at(run, 1), known_at(run, 2));
}

static void do_evict(run_t *run) {
    world_evict(run->world, known_at(run, 1), key_at(run, 2));
}

static void do_read(run_t *run) {
    world_read(run->world, known_at(run, 1), key_at(run, 2));
}

static void report_transfer(run_t *run, const char *kind) {
    if (kind == NULL) {
        return;
    }
    if (run->line.count > 3 && strcmp(kind, run->line.words[3]) != 0) {
        refute(run, "it was a %s", kind);
        return;
    }
    printf("%s has a %s of %s\n", run->line.words[1], kind, run->line.words[2]);
}

static void do_repair(run_t *run) {
    report_transfer(run, world_repair(run->world, known_at(run, 1), known_at(run, 2)));
}

static void do_gap(run_t *run) {
    report_transfer(run, world_gap(run->world, known_at(run, 1), known_at(run, 2)));
}

static void do_cut(run_t *run) {
    uint64_t messages = UINT64_MAX;
    if (run->line.count > 3) {
        messages = (uint64_t)number_of(run, word_at(run, 3));
    }
    const char *kind = world_cut(run->world, known_at(run, 1), known_at(run, 2), messages);
    printf("%s lost the end of a %s of %s\n", run->line.words[1], kind, run->line.words[2]);
}

static void do_join(run_t *run) {
    uint8_t origin = origin_at(run, 3);
    const char *kind = world_join(run->world, known_at(run, 1), known_at(run, 2), origin);
    printf("%s joins by a %s of %s\n", run->line.words[1], kind, run->line.words[2]);
}

typedef struct verb {
    const char *name;
    bool takes_time;
    void (*run)(run_t *run);
} verb_t;

static const verb_t verbs[] = {
    {"mesh", false, do_mesh},  {"node", false, do_node},      {"expect", false, do_expect},
    {"wait", true, do_wait},   {"restart", true, do_restart}, {"write", true, do_write},
    {"clear", true, do_clear}, {"deliver", true, do_deliver}, {"evict", true, do_evict},
    {"read", true, do_read},   {"repair", true, do_repair},   {"gap", true, do_gap},
    {"cut", true, do_cut},     {"join", true, do_join},
};

/* -- The file ---------------------------------------------------------------- */

static void end_history(run_t *run) {
    if (run->world == NULL) {
        return;
    }
    if (!run->each) {
        world_dump(run->world);
    }
    world_fini(run->world);
    free(run->world);
    run->world = NULL;
}

static void begin_history(run_t *run) {
    end_history(run);
    run->world = malloc(sizeof *run->world);
    ZC_ASSERT(run->world != NULL);
    world_init(run->world);
    printf("history\n");
}

static void fail(run_t *run) {
    printf("line %zu: %s: %s\n", run->line.number, run->line.text, run->reason);
    run->failed = true;
    world_fini(run->world);
    free(run->world);
    run->world = NULL;
}

static void do_line(run_t *run) {
    const char *name = run->line.words[0];
    if (strcmp(name, "mesh") == 0) {
        begin_history(run);
    } else if (run->world == NULL) {
        require(run, run->failed);
        return;
    }
    const verb_t *verb = NULL;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        verb = strcmp(verbs[i].name, name) == 0 ? &verbs[i] : verb;
    }
    require(run, verb != NULL);
    if (verb->takes_time) {
        world_pass(run->world, 1);
    }
    run->reason[0] = '\0';
    verb->run(run);
    if (verb->takes_time) {
        world_settle(run->world);
    }
    if (run->reason[0] != '\0') {
        fail(run);
    } else if (run->each && verb->run != do_mesh && verb->run != do_node) {
        printf("after %zu: %s\n", run->line.number, run->line.text);
        world_dump(run->world);
    }
}

/* Cuts a line, which ends at '#', into words. */
static void cut_words(run_t *run, char *text) {
    static const char blanks[] = " \t\n";
    run->line.count = 0;
    text[strcspn(text, "#")] = '\0';
    for (char *at = text + strspn(text, blanks); *at != '\0'; at += strspn(at, blanks)) {
        require(run, run->line.count < WORDS_MAX);
        run->line.words[run->line.count++] = at;
        at += strcspn(at, blanks);
        if (*at != '\0') {
            *at++ = '\0';
        }
    }
}

static void read_file(run_t *run, FILE *file) {
    char text[LINE_BYTES];
    char words[LINE_BYTES];
    run->line.text = text;
    while (fgets(text, sizeof text, file) != NULL) {
        run->line.number++;
        memcpy(words, text, sizeof words);
        cut_words(run, words);
        text[strcspn(text, "\n")] = '\0';
        if (run->line.count > 0) {
            do_line(run);
        }
    }
    end_history(run);
}

int main(int argc, char **argv) {
    run_t run = {.each = argc == 3 && strcmp(argv[2], "--each") == 0};
    FILE *file = argc == 2 || run.each ? fopen(argv[1], "r") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: history FILE [--each]\n");
        return 2;
    }
    read_file(&run, file);
    fclose(file);
    return run.failed ? 1 : 0;
}
