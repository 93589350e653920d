/* Frames are sent and heard by the role's own code; nothing but the content is the intruder's. */
#include "drill/channel.h"

#include "sys/clock.h"

int channel_of(const struct intruder *x, enum role peer)
{
	int fd = -1;

	if (peer == ROLE_KEEPER)
		return ROLE_CHANNEL_FD;
	for (size_t i = 0; i < x->channel_n; i++)
		if (x->channel[i].peer == peer)
			fd = x->channel[i].fd; /* the latest one */
	return fd;
}

struct act_got channel_try(struct intruder *x, const struct channel_act *a)
{
	int fd = x->role ? channel_of(x, a->peer) : -1;
	uint64_t until_ms = clock_mono_ms() + CHANNEL_WAIT_MS;
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	enum err e = E_OK;

	if (fd < 0)
		return act_unable("it has no such channel");
	e = frame_send(fd, a->type, a->seq, a->body, &a->pass, a->pass >= 0 ? 1 : 0);
	if (e != E_OK)
		return act_refused(0, "the channel is closed");
	/* Whoever listens answers at once; there is nothing in every role's list to wait with */
	while (clock_mono_ms() < until_ms) {
		e = frame_receive(fd, buf, &f);
		if (e == E_AGAIN)
			continue;
		if (e != E_OK)
			return act_refused(0, "the channel was closed");
		frame_done(&f);
		if (!a->won || f.type == a->won)
			return act_worked(a->text);
		/* of something else: a message of the role's own, or a refusal */
		if (f.seq == a->seq && a->seq)
			return act_refused(0, "refused by its peer");
	}
	return act_refused(0, "no answer");
}
