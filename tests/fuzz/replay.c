/* SPDX-License-Identifier: MPL-2.0 */
/* A main for fuzz targets without libFuzzer: gives the target each file that is named, or each file
 * of a directory that is named. Built with every compiler, it keeps the corpus passing. */
#define _DEFAULT_SOURCE /* dirent.h tells files by their type */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_BYTES_MAX = 1 << 24 };

static int replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    /* In a block of exactly its size, so that ASan sees a read past the end. */
    uint8_t *room = malloc(FILE_BYTES_MAX);
    size_t size = room != NULL ? fread(room, 1, FILE_BYTES_MAX, file) : 0;
    int failed = room == NULL || ferror(file) != 0;
    fclose(file);
    uint8_t *data = realloc(room, size > 0 ? size : 1);
    if (failed || data == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        free(data != NULL ? data : room);
        return 1;
    }
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

/* Returns how many could not be read; *count: how many were given to the target. */
static int replay_directory(DIR *directory, const char *path, int *count) {
    int faults = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.') {
            char name[4096];
            snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
            faults += replay_file(name);
            (*count)++;
        }
    }
    return faults;
}

int main(int argc, char **argv) {
    int faults = 0;
    int count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *directory = opendir(argv[i]);
        if (directory != NULL) {
            faults += replay_directory(directory, argv[i], &count);
            closedir(directory);
        } else {
            faults += replay_file(argv[i]);
            count++;
        }
    }
    printf("%d inputs\n", count);
    return faults > 0 || count == 0 ? 1 : 0;
}
