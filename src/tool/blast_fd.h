/*
 * What a process has open: each descriptor is borrowed for a moment (pidfd_getfd(2)) and asked
 * itself, so that seals, peers and the way it was opened are the kernel's word.
 */
#ifndef TOOL_BLAST_FD_H
#define TOOL_BLAST_FD_H

#include "base/err.h"
#include "base/wbuf.h"

enum { BLAST_FD_MAX = 192, BLAST_FD_NAME = 160, BLAST_FD_LOOK = 65536 };

enum blast_fd_kind {
	BLAST_FD_FILE, /* a file on disk */
	BLAST_FD_FOLDER,
	BLAST_FD_MEMORY, /* memfd */
	BLAST_FD_DEVICE,
	BLAST_FD_PIPE,
	BLAST_FD_LISTENER, /* accepts IP connections */
	BLAST_FD_INET,	   /* an IP socket: connected, or of datagrams */
	BLAST_FD_CHANNEL,  /* a local socket */
	BLAST_FD_SOCKET,   /* of another family */
	BLAST_FD_KERNEL,   /* epoll, timer, signal, pidfd, ... */
	BLAST_FD_KINDS
};

enum { BLAST_FD_READ = 1, BLAST_FD_WRITE = 2 };

struct blast_fd {
	int fd;
	uint8_t kind, access; /* enum blast_fd_kind; bits */
	bool is_kept;	      /* nothing may be written through it, sealed or opened read-only */
	uint32_t mode;	      /* of a file */
	int32_t seals;	      /* of a memfd: F_SEAL_ bits; -1: none can be had */
	uint64_t inode;	      /* of a socket */
	char name[BLAST_FD_NAME]; /* path, addresses; any bytes */
};

struct blast_fds {
	bool is_known;
	bool is_partial; /* some could not be borrowed */
	struct blast_fd fd[BLAST_FD_MAX];
	size_t n;
	unsigned total, count[BLAST_FD_KINDS];
	unsigned writable_files, writable_memory, writable_folders;
};

/* blast_fd_look - E_CLOSED it has ended · E_DENIED not allowed · E_SYS */
enum err blast_fd_look(int pid, struct blast_fds *ret);

/* blast_fd_kind - "listener", ... */
const char *blast_fd_kind(unsigned kind);

/* blast_fd_put_seals - appends "shrink, grow, write" */
void blast_fd_put_seals(struct wbuf *w, int32_t seals);

#endif
