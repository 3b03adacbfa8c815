/* SPDX-License-Identifier: MPL-2.0 */
/* Reading with a limit. */
#define _GNU_SOURCE
#include "cli/input.h"

#include <criterion/criterion.h>
#include <string.h>

static FILE *stream_of(const char *text, size_t size) {
    FILE *stream = tmpfile();
    cr_assert_eq(fwrite(text, 1, size, stream), size);
    rewind(stream);
    return stream;
}

static void assert_line(zc_input_t *input, FILE *stream, zc_input_result_t expected,
                        const char *text) {
    cr_assert_eq(zc_input_read_line(input, stream, 5), expected);
    cr_assert_eq(input->size, strlen(text));
    cr_assert_eq(strncmp(input->data == NULL ? "" : input->data, text, input->size), 0);
}

Test(cli_input, lines_come_one_by_one_and_long_ones_are_passed_over) {
    static const char text[] = "one\n\ntoo long\n12345\nlast";
    FILE *stream = stream_of(text, sizeof(text) - 1);
    zc_input_t input = {.data = NULL};
    assert_line(&input, stream, ZC_INPUT_DONE, "one");
    assert_line(&input, stream, ZC_INPUT_DONE, "");
    cr_assert_eq(zc_input_read_line(&input, stream, 5), ZC_INPUT_TOO_LARGE);
    assert_line(&input, stream, ZC_INPUT_DONE, "12345");
    assert_line(&input, stream, ZC_INPUT_DONE, "last");
    assert_line(&input, stream, ZC_INPUT_END, "");
    zc_input_fini(&input);
    fclose(stream);
}

Test(cli_input, all_is_read_up_to_the_limit) {
    static char text[200000];
    memset(text, 'x', sizeof(text));
    FILE *stream = stream_of(text, sizeof(text));
    zc_input_t input = {.data = NULL};
    cr_assert_eq(zc_input_read_all(&input, stream, sizeof(text)), ZC_INPUT_DONE);
    cr_assert_eq(input.size, sizeof(text));
    rewind(stream);
    cr_assert_eq(zc_input_read_all(&input, stream, sizeof(text) - 1), ZC_INPUT_TOO_LARGE);
    zc_input_fini(&input);
    fclose(stream);
    stream = fopen("/", "r");
    cr_assert_eq(zc_input_read_all(&input, stream, 100), ZC_INPUT_FAILED);
    cr_assert_eq(zc_input_read_line(&input, stream, 100), ZC_INPUT_FAILED);
    zc_input_fini(&input);
    fclose(stream);
}
