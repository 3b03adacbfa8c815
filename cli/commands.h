/* SPDX-License-Identifier: MPL-2.0 */
/* Every command in one table: a row makes the line of `zcache --help` and the function that runs
 * it. */
#ifndef ZC_CLI_COMMANDS_H
#define ZC_CLI_COMMANDS_H

/* X(name, one line for people) */
#define ZC_COMMAND_MAP(X)                                                                          \
    X(node, "run a node of a mesh until it is told to end")                                        \
    X(get, "write the value of a key to standard output")                                          \
    X(set, "set a key to a value")                                                                 \
    X(del, "delete keys")                                                                          \
    X(clear, "delete every entry of the mesh")                                                     \
    X(spy, "list the whole cache of a node, most recently used first, touching nothing")           \
    X(watch, "show every change that a node applies")                                              \
    X(peers, "list the members of the mesh as a node sees them")                                   \
    X(verify, "tell whether all members hold the same, and what differs")                          \
    X(stats, "show what a node has counted")                                                       \
    X(config, "show the settings of the mesh, or change one")                                      \
    X(ping, "ask whether a node is there, or ready")                                               \
    X(load, "set many keys from a file of JSON lines")                                             \
    X(memo, "run a command once, and then return its output from the cache")                       \
    X(bench, "measure operations per second and latency")

/* Each takes the words of its command line, its own name as the first, and returns the exit status
 * (output.h). */
#define ZC_COMMAND_ROW(name, text) int zc_command_##name(int argc, char **argv);
ZC_COMMAND_MAP(ZC_COMMAND_ROW)
#undef ZC_COMMAND_ROW

#endif
