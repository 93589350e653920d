/*
 * Works on a machine that has never seen the log: it needs the proof, a key that was got from
 * elsewhere, and for consistency the older checkpoint that was kept. Every file is hostile.
 */
#include "tool/audit_check_proof.h"

#include "ipc/note_proof.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHECK_KEYS = 8, CHECK_ROOM = NOTE_PROOF_MAX + NOTE_PROOF_EXTRA };

struct check_proof {
	const char *path, *older_path;
	const char *key_text[CHECK_KEYS];
	size_t key_n;
	struct audit_hash digest;
	struct note_key key[CHECK_KEYS];
	uint8_t text[CHECK_ROOM];
	uint8_t older[NOTE_MAX];
	uint8_t record[AUDIT_LINE_MAX];
};

static enum err check_fail(const char *why)
{
	(void)fprintf(stderr, "sluis audit check-proof: %s\n", why);
	return E_DENIED;
}

static enum err check_read(const char *path, struct wbuf *w)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fd_read_all(fd, w) == E_OK)
		return E_OK;
	(void)fprintf(stderr, "sluis audit check-proof: %s can't be read\n", path);
	return E_SYS;
}

/* A verifier key, or a file with one. */
static enum err check_key(struct check_proof *p, const char *text, struct note_key *ret)
{
	AUTO_FD fd = -1;
	uint8_t room[NOTE_VKEY_MAX + 1];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct view v = view_str(text);

	if (note_key_get(&p->digest, v, ret) == E_OK)
		return E_OK;
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fd_read_all(fd, &w) != E_OK)
		return check_fail("--key: neither a verifier key nor a file with one");
	v = wbuf_view(&w);
	if (note_key_get(&p->digest, view_slice(v, 0, view_find(v, '\n')), ret) != E_OK)
		return check_fail("--key: the file holds no verifier key");
	return E_OK;
}

/* A checkpoint that the log's key signed; and every other key that was named. */
static enum err check_note(const struct check_proof *p, struct view text, bool is_older,
			   struct merkle_head *ret)
{
	struct note n = { 0 };
	struct note_checkpoint c = { 0 };
	struct note_signature s = { 0 };
	bool is_logs = false;
	uint64_t at = 0;

	if (note_get(text, &n) != E_OK || note_get_checkpoint(n.text, &c) != E_OK)
		return check_fail("there is no signed checkpoint in it");
	for (size_t i = 0; i < p->key_n; i++) {
		const struct note_key *k = &p->key[i];

		if (is_older && k->type == NOTE_COSIGNATURE)
			continue;
		if (note_find(k, &n, &s, &at) != E_OK)
			return check_fail("the checkpoint has no good signature of a key that was "
					  "named");
		is_logs |=
			k->type == NOTE_ED25519 && view_eq(view_of(k->name, k->name_n), c.origin);
	}
	if (!is_logs)
		return check_fail("none of the keys is that of the checkpoint's log");
	*ret = c.head;
	return E_OK;
}

static enum err check_inclusion(struct check_proof *p, const struct note_proof *proof,
				const struct merkle_head *head)
{
	struct merkle_place place = { .index = proof->place,
				      .size = head->size,
				      .root = head->root };
	struct wbuf w = wbuf_of(p->record, sizeof p->record);
	struct audit_line l = { 0 };
	const char *why = NULL;
	size_t n = 0;

	if (note_get_base64(proof->extra, &w, &n) != E_OK || n != w.n)
		return check_fail("the proof does not hold the record it is about");
	TRY(audit_hash_leaf(&p->digest, wbuf_view(&w), &place.leaf));
	if (merkle_check_inclusion(&p->digest, &place, &proof->path) != E_OK)
		return check_fail("the proof does not lead to the signed root");
	(void)printf("in the log at place %llu of %llu:\n", (unsigned long long)proof->place,
		     (unsigned long long)head->size);
	/* Signed or not, it is text of others: printed only when it is a record as we write them.
	 */
	if (audit_line_parse(wbuf_view(&w), &l, &why) == E_OK) {
		(void)fwrite(w.p, 1, w.n, stdout);
		(void)fputs("\n", stdout);
	} else {
		(void)fputs("(no record of an audit log)\n", stdout);
	}
	return E_OK;
}

static enum err check_consistency(struct check_proof *p, const struct note_proof *proof,
				  const struct merkle_head *head)
{
	struct wbuf w = wbuf_of(p->older, sizeof p->older);
	struct merkle_head older = { 0 };

	if (!p->older_path)
		return check_fail("name the older checkpoint that was kept with --older FILE");
	TRY(check_read(p->older_path, &w));
	TRY(check_note(p, wbuf_view(&w), true, &older));
	if (older.size != proof->place)
		return check_fail("the proof goes out from another size than the older "
				  "checkpoint's");
	if (merkle_check_consistency(&p->digest, &older, head, &proof->path) != E_OK)
		return check_fail("the proof does not lead from the older root to the newer one");
	(void)printf("the log of %llu records holds all that it held at %llu\n",
		     (unsigned long long)head->size, (unsigned long long)older.size);
	return E_OK;
}

static enum err check_run(struct check_proof *p)
{
	struct wbuf w = wbuf_of(p->text, sizeof p->text);
	struct note_proof proof = { 0 };
	struct merkle_head head = { 0 };

	TRY(audit_hash_init(&p->digest));
	for (size_t i = 0; i < p->key_n; i++)
		TRY(check_key(p, p->key_text[i], &p->key[i]));
	TRY(check_read(p->path, &w));
	if (note_proof_get(wbuf_view(&w), &proof) != E_OK)
		return check_fail("the file holds no proof");
	TRY(check_note(p, proof.note, false, &head));
	return proof.is_inclusion ? check_inclusion(p, &proof, &head)
				  : check_consistency(p, &proof, &head);
}

enum { CHECK_KEY = 256, CHECK_OLDER, CHECK_HELP };

static const struct option check_options[] = {
	{ "key", required_argument, NULL, CHECK_KEY },
	{ "older", required_argument, NULL, CHECK_OLDER },
	{ "help", no_argument, NULL, CHECK_HELP },
	{ NULL, 0, NULL, 0 },
};

static int check_main(struct check_proof *p, int argc, char **argv, const char *usage)
{
	int c = 0;

	while ((c = getopt_long(argc, argv, "", check_options, NULL)) != -1) {
		if (c == CHECK_KEY && p->key_n < CHECK_KEYS) {
			p->key_text[p->key_n++] = optarg;
		} else if (c == CHECK_OLDER) {
			p->older_path = optarg;
		} else {
			(void)fputs(usage, c == CHECK_HELP ? stdout : stderr);
			return c == CHECK_HELP ? 0 : 2;
		}
	}
	if (optind + 1 != argc || p->key_n == 0) {
		(void)fputs(usage, stderr);
		return 2;
	}
	p->path = argv[optind];
	return check_run(p) == E_OK && fflush(stdout) == 0 ? 0 : 1;
}

int audit_check_proof_main(int argc, char **argv, const char *usage)
{
	struct check_proof *p = calloc(1, sizeof *p);
	int status = p ? check_main(p, argc, argv, usage) : 1;

	free(p);
	return status;
}
