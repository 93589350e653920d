/*
 * The board of a drill: one memory file that the command, the twin's keeper and the intruder share.
 * The intruder writes down what it tries before it tries it, and what came of it; the keeper how it
 * ended; the command reads. Nothing has to be sent, so that a process that may not even send can
 * tell, and nothing is lost with the process (docs/drill.md).
 *
 * The board is in a twin only (sluis-keeper --drill), as its descriptor 1, which roles inherit.
 */
#ifndef DRILL_BOARD_H
#define DRILL_BOARD_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdint.h>

enum { BOARD_MAGIC = 0x736c6472, BOARD_VERSION = 1, BOARD_ACTS = 512, BOARD_TEXT = 80 };
enum { BOARD_FD = 1 };

enum board_outcome {
	BOARD_OPEN = 0, /* not tried yet */
	BOARD_BEGUN,	/* under way; what is found so after its process's end ended it */
	BOARD_REFUSED,	/* error or text says how */
	BOARD_DIED,	/* the process was ended: signal */
	BOARD_WORKED,
	BOARD_UNABLE, /* could not be tried here: text says why */
	BOARD_STUCK,  /* did not come back in time */
	BOARD_OUTCOMES
};

struct board_row {
	_Atomic uint8_t outcome; /* enum board_outcome */
	_Atomic uint8_t signal;
	_Atomic int32_t error;	/* errno; 0: none */
	_Atomic int32_t status; /* BOARD_DIED without a signal: the exit status */
	char text[BOARD_TEXT];	/* NUL-terminated; what it got */
};

/* What the command has put up around the twin: what an intruder may reach for. */
struct board_scene {
	int32_t pid, user_pid; /* the neighbour, in the twin's PID namespace */
	uint64_t address;      /* of eight bytes of its memory */
	int32_t shm;	       /* its System V memory; -1: none */
	uint16_t port;	       /* where it listens, TCP and UDP, on every address */
	uint8_t has_ipv6;
	_Atomic uint32_t connected, received; /* what has arrived there: connections, datagrams */
	char abstract[40];
	char dir[96];	  /* the twin's folder; anybody may write there */
	char state[128];  /* the twin's state directory */
	char config[512]; /* the main configuration file */
};

struct board {
	uint32_t magic, version;
	uint32_t role;		 /* enum role */
	uint32_t first, last;	 /* acts first .. last - 1 are tried */
	_Atomic uint32_t next;	 /* the act that comes next */
	_Atomic uint32_t births; /* of intruders */
	_Atomic uint32_t is_done;
	struct board_scene scene;
	struct board_row row[BOARD_ACTS];
};

/* board_new - a fresh one, its size sealed. ret_fd gives; ret is mapped. E_SYS (logged) */
enum err board_new(uint32_t role, int *ret_fd, struct board **ret);

/* board_open - the one behind descriptor fd. E_PROTO it is none · E_SYS (logged) */
enum err board_open(int fd, struct board **ret);

/* board_end - the process that tried has ended; a signal of 0: with exit status. What was under way
 * is settled. */
void board_end(struct board *b, int signal, int status);

/* board_settle - act number at has this outcome */
void board_settle(struct board *b, uint32_t at, enum board_outcome outcome, int error,
		  const char *text);

#endif
