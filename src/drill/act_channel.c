/* Channels: what a process may never say to the keeper, whoever it is. Each of these ends it. */
#include "drill/channel.h"
#include "ipc/keeper_role.h"

#include <unistd.h>

enum { CHANNEL_NONE = 0, CHANNEL_NO_TYPE = 200, CHANNEL_LONG = 600 };

static struct act_got channel_keeper(struct intruder *x, uint8_t type, struct view body, int fd)
{
	struct channel_act a = {
		.peer = ROLE_KEEPER, .type = type, .won = UINT8_MAX, .body = body, .pass = fd
	};

	return channel_try(x, &a);
}

static struct act_got channel_no_type(struct intruder *x)
{
	return channel_keeper(x, CHANNEL_NO_TYPE, (struct view){ 0 }, -1);
}

static struct act_got channel_ready_again(struct intruder *x)
{
	static const uint8_t body[4];

	return channel_keeper(x, ROLE_READY, view_of(body, sizeof body), -1);
}

static struct act_got channel_short(struct intruder *x)
{
	return channel_keeper(x, ROLE_SWAPPED, VIEW("x"), -1);
}

static struct act_got channel_image(struct intruder *x)
{
	static const uint8_t generation[4] = { 0, 0, 0, 99 };

	return channel_keeper(x, ROLE_IMAGE, view_of(generation, 4), STDERR_FILENO);
}

static struct act_got channel_document(struct intruder *x)
{
	static const uint8_t kind = DOCUMENT_MADE;

	return channel_keeper(x, ROLE_DOCUMENT, view_of(&kind, 1), STDERR_FILENO);
}

static struct act_got channel_swapped(struct intruder *x)
{
	static const uint8_t generation[4] = { 0, 0, 0, 99 };

	return channel_keeper(x, ROLE_SWAPPED, view_of(generation, 4), -1);
}

static struct act_got channel_ring_done(struct intruder *x)
{
	static const uint8_t ring[4] = { 0, 0, 0, 1 };

	return channel_keeper(x, ROLE_RING_DONE, view_of(ring, 4), -1);
}

static struct act_got channel_resealed(struct intruder *x)
{
	return channel_keeper(x, ROLE_RESEALED, (struct view){ 0 }, -1);
}

static struct act_got channel_purged(struct intruder *x)
{
	static const uint8_t answer[16];

	return channel_keeper(x, ROLE_CACHE_PURGED, view_of(answer, sizeof answer), -1);
}

static struct act_got channel_extra_descriptor(struct intruder *x)
{
	static const uint8_t generation[4] = { 0, 0, 0, 1 };

	return channel_keeper(x, ROLE_SWAPPED, view_of(generation, 4), STDERR_FILENO);
}

static struct act_got channel_diagnostic(struct intruder *x)
{
	return channel_keeper(x, ROLE_DIAGNOSTIC, VIEW("\1\0\4lies"), -1);
}

/* As if the keeper had spoken: a role that believed its own channel's other end. */
static struct act_got channel_boot_again(struct intruder *x)
{
	return channel_keeper(x, KEEPER_GO, (struct view){ 0 }, -1);
}

#define CHANNEL_KEEPER(what, text, function)                                                       \
	{                                                                                          \
		.name = (what), .tries = (text), .cites = "P11 A20", .run = (function),            \
		.flags = ACT_ENDS | ACT_LAST, .unfit = "it has no channel",                        \
		.roles = ~(ACT_ROLE(ROLE_CELL))                                                    \
	}

static const struct act channel_acts[] = {
	CHANNEL_KEEPER("keeper-no-message", "say to the keeper what is no message",
		       channel_no_type),
	CHANNEL_KEEPER("keeper-ready-again", "say that it is ready, once more",
		       channel_ready_again),
	CHANNEL_KEEPER("keeper-short", "say half a message to the keeper", channel_short),
	CHANNEL_KEEPER("keeper-image", "hand the keeper a configuration of its own", channel_image),
	CHANNEL_KEEPER("keeper-document", "hand the keeper texts of its own", channel_document),
	CHANNEL_KEEPER("keeper-swapped", "say that it uses a configuration it was not given",
		       channel_swapped),
	CHANNEL_KEEPER("keeper-ring-done", "have the records of another process thrown away",
		       channel_ring_done),
	CHANNEL_KEEPER("keeper-resealed", "have the keeper give up the store's key",
		       channel_resealed),
	CHANNEL_KEEPER("keeper-purged", "answer a question that nobody asked", channel_purged),
	CHANNEL_KEEPER("keeper-descriptor", "pass the keeper a descriptor that it did not ask for",
		       channel_extra_descriptor),
	CHANNEL_KEEPER("keeper-diagnostic", "say something in the name of the configuration",
		       channel_diagnostic),
	CHANNEL_KEEPER("keeper-boot-again", "begin its own birth again", channel_boot_again),
};

const struct act_table act_channel = { channel_acts, sizeof channel_acts / sizeof *channel_acts,
				       ACT_CHANNEL };
