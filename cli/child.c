/* SPDX-License-Identifier: MPL-2.0 */
/* Running a command by posix_spawn: this process has threads, and a fork of it could do little. */
#define _GNU_SOURCE
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zcache/limits.h>

#include "cli/output.h"

/* The command gets the write end as its standard output, and SIGPIPE as it was for us. */
static int spawn(char *const *words, const int ends[2], pid_t *process) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    int error = posix_spawnp(process, words[0], &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void remember(zc_child_t *child, const char *block, size_t size) {
    if (child->kept == ZC_CHILD_KEPT && size > ZCACHE_VALUE_MAX_CEILING - child->output.size) {
        child->kept = ZC_CHILD_TOO_LARGE;
    }
    if (child->kept == ZC_CHILD_KEPT && !zc_input_append(&child->output, block, size)) {
        child->kept = ZC_CHILD_NO_MEMORY;
    }
}

/* Passes on and remembers what comes through the pipe. Once nobody reads what we write, closing the
 * pipe tells the command. */
static void pass_on(int end, zc_child_t *child) {
    char block[65536];
    for (;;) {
        ssize_t got = read(end, block, sizeof(block));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return;
        }
        size_t size = (size_t)got;
        fwrite(block, 1, size, stdout);
        fflush(stdout);
        if (zc_output_broken()) {
            child->kept = ZC_CHILD_REFUSED;
            return;
        }
        remember(child, block, size);
    }
}

static void await_end(pid_t process, zc_child_t *child) {
    int status = 0;
    while (waitpid(process, &status, 0) < 0) {
        if (errno != EINTR) {
            child->status = 1;
            return;
        }
    }
    child->ended = WIFEXITED(status);
    child->status = child->ended ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int zc_child_run(char *const *words, zc_child_t *child) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return errno;
    }
    pid_t process = 0;
    int error = spawn(words, ends, &process);
    close(ends[1]);
    if (error == 0) {
        pass_on(ends[0], child);
    }
    close(ends[0]);
    if (error == 0) {
        await_end(process, child);
    }
    return error;
}

void zc_child_fini(zc_child_t *child) {
    zc_input_fini(&child->output);
}
