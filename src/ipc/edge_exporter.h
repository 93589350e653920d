/*
 * Edge and exporter: spans of traced requests, one way. An edge never waits: what does not fit into
 * the channel is dropped and counted.
 */
#ifndef IPC_EDGE_EXPORTER_H
#define IPC_EDGE_EXPORTER_H

#include "ipc/frame.h"

enum edge_exporter_message {
	EDGE_SPANS = 1 /* one or more spans, one behind the other: ipc/span.h */
};

#endif
