/* SPDX-License-Identifier: MPL-2.0 */
/* zcache: the command. Finds the command that is meant and runs it; each is a file of its own, and
 * all of them use the library by its public headers alone. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zcache/zcache.h>

#include "cli/commands.h"
#include "cli/output.h"

typedef struct command {
    const char *name;
    const char *program; /* what its errors begin with */
    const char *text;
    int (*run)(int argc, char **argv);
} command_t;

static const command_t commands[] = {
#define COMMAND_ROW(name, text) {#name, "zcache " #name, text, zc_command_##name},
    ZC_COMMAND_MAP(COMMAND_ROW)
#undef COMMAND_ROW
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static int show_help(void) {
    puts("Usage: zcache COMMAND [OPTION...] [WORD...]\n"
         "zcache: a cache that is whole on every node of a mesh, without a server.\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        printf("  %-8s %s\n", commands[i].name, commands[i].text);
    }
    puts("\n  --help     show this; 'zcache COMMAND --help' tells more of a command\n"
         "  --version  show the version\n"
         "\n"
         "Commands but node ask the node at --at HOST:PORT, else at ZCACHE_AT, else at\n"
         "127.0.0.1:5000. Exit status: 0 done; 1 no such key, not ready, not equal, or not\n"
         "all of it, the node is busy, or the output cannot be written; 2 a wrong command\n"
         "line or input; 3 the node cannot be reached or started.");
    return zc_output_finish(ZC_EXIT_DONE);
}

static int show_version(void) {
    puts("zcache " ZCACHE_VERSION);
    return zc_output_finish(ZC_EXIT_DONE);
}

static const command_t *find_command(const char *name) {
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

/* A stream that was closed for us gets a descriptor that refuses, so that no socket takes its place
 * and is written to instead. */
static void reserve_streams(void) {
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0) {
            int refusing = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
            if (open("/dev/null", refusing) != descriptor) {
                _exit(ZC_EXIT_FAILED);
            }
        }
    }
}

int main(int argc, char **argv) {
    reserve_streams();
    setlocale(LC_CTYPE, "");  /* how wide characters are in a table */
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of writing, and found there */
    if (argc < 2) {
        return zc_fail(ZC_EXIT_USAGE, "no command: 'zcache --help' lists them");
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        return show_help();
    }
    if (strcmp(name, "--version") == 0) {
        return show_version();
    }
    const command_t *command = find_command(name);
    if (command == NULL && name[0] == '-') {
        return zc_fail(ZC_EXIT_USAGE, "%s: no such option; options go behind the command", name);
    }
    if (command == NULL) {
        return zc_fail(ZC_EXIT_USAGE, "%s: no such command; 'zcache --help' lists them", name);
    }
    zc_output_begin(command->program);
    return command->run(argc - 1, argv + 1);
}
