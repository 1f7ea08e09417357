/* All captures of a run folder in one pcapng file, in order of time. */
#ifndef VIZ_PCAP_MERGE_H
#define VIZ_PCAP_MERGE_H

#include <stdbool.h>

/*
 * Merges DIR's *.pcapng (of `host` only, when it is not NULL) into `to`: one interface per file. Packets at
 * the same time come in order of file name. 0, or -1 with a message; a file that is cut off counts up to the
 * cut, and sets *cut.
 */
int viz_pcap_merge(const char *dir, const char *host, const char *to, bool *cut, char *err, unsigned errlen);

#endif
