/* The old keys stay at hand until the change is decided, and are wiped then. */
#include "role/keeper/renew.h"

#include "ipc/keeper_role.h"
#include "ipc/tool_keeper.h"
#include "role/keeper/change.h"
#include "role/keeper/control.h"
#include "role/keeper/events.h"
#include "role/keeper/hash_key.h"
#include "role/keeper/persist_key.h"
#include "role/keeper/store_key.h"

struct renew_record {
	const char *action, *result;
};

static const struct renew_record renew_records[ROTATE_ACTS] = {
	[ROTATE_BEGUN] = { "rotate.begun", "ok" },
	[ROTATE_DONE] = { "rotate.done", "ok" },
	[ROTATE_WAIVED] = { "rotate.waived", "ok" },
	[ROTATE_FAILED] = { "rotate.failed", "failed" },
	[ROTATE_FINISHED] = { "rotate.finished", "ok" },
};

static enum err renew_keys(struct keeper_client *c, struct view in)
{
	struct keeper *k = c->k;
	uint8_t keys = 0;

	TRY(view_u8(&in, &keys));
	TRY(view_end(&in));
	if (keys & ~ROTATE_KEYS_ALL)
		return E_PROTO;
	events_put_actor(k, c->uid, "rotate.keys", view_str(k->options.state), "asked");
	c->deadline_ms = 0;
	c->wait = CLIENT_NEXT_CHANGE;
	c->asker = (struct keeper_asker){
		.uid = c->uid, .is_command = true, .is_rekey = true, .keys = keys
	};
	if (k->stop.stage != STOP_NOT)
		control_answer(c, true, VIEW("error: Sluis is stopping"));
	else if (k->change.state != CHANGE_IDLE || k->upgrade.is_wanted)
		control_answer(c, true,
			       VIEW("error: another change is under way: try again when it is "
				    "done"));
	else
		change_request_rekey(k, &c->asker);
	return E_OK;
}

enum err renew_request(struct keeper_client *c, struct view body)
{
	struct view in = body, object = { 0 }, detail = { 0 };
	uint8_t act = 0;

	TRY(view_u8(&in, &act));
	if (act == ROTATE_KEYS)
		return renew_keys(c, in);
	TRY(view_str16(&in, &object));
	TRY(view_str16(&in, &detail));
	TRY(view_end(&in));
	if (act >= ROTATE_ACTS || !renew_records[act].action || object.n > TOOL_ROTATE_ITEM_MAX ||
	    detail.n > TOOL_ROTATE_DETAIL_MAX || view_find(object, 0) != object.n ||
	    view_find(detail, 0) != detail.n)
		return E_PROTO;
	events_put_actor_detail(c->k, c->uid, renew_records[act].action, object,
				renew_records[act].result, detail);
	control_answer(c, false, (struct view){ 0 });
	return E_OK;
}

/* ---- keys ---- */

static struct secret *renew_secret(struct keeper *k, unsigned i)
{
	struct secret *const all[KEEPER_RENEWED] = { &k->ticket_keys, &k->persist_keys,
						     &k->hash_key };

	return all[i];
}

static const uint8_t renew_bits[KEEPER_RENEWED] = { ROTATE_KEY_TICKETS, ROTATE_KEY_PERSISTENCE,
						    ROTATE_KEY_HASHING };

static void renew_copy(struct secret *to, const struct secret *from)
{
	for (size_t i = 0; i < to->n && i < from->n; i++)
		to->p[i] = from->p[i];
}

static enum err renew_spare(struct keeper *k)
{
	for (unsigned i = 0; i < KEEPER_RENEWED; i++) {
		if (!k->renew.was[i].p)
			TRY(secret_new(renew_secret(k, i)->n, &k->renew.was[i]));
		renew_copy(&k->renew.was[i], renew_secret(k, i));
	}
	return E_OK;
}

enum err renew_begin(struct keeper *k, uint8_t keys)
{
	TRY(renew_spare(k));
	if (keys & ROTATE_KEY_STORE)
		TRY(store_key_next(k));
	k->renew.keys = keys;
	k->renew.is_open = true;
	for (unsigned i = 0; i < KEEPER_RENEWED; i++)
		if (keys & renew_bits[i])
			secret_random(renew_secret(k, i)->p, renew_secret(k, i)->n);
	if (keys & ROTATE_KEY_PERSISTENCE)
		persist_key_fresh(k);
	return E_OK;
}

enum err renew_keep(struct keeper *k)
{
	if (!k->renew.is_open)
		return E_OK;
	if (k->renew.keys & ROTATE_KEY_PERSISTENCE)
		TRY(persist_key_keep(k));
	return k->renew.keys & ROTATE_KEY_HASHING ? hash_key_keep(k) : E_OK;
}

static void renew_wipe(struct keeper *k)
{
	for (unsigned i = 0; i < KEEPER_RENEWED; i++)
		secret_done(&k->renew.was[i]);
	k->renew = (struct keeper_renew){ 0 };
}

void renew_undo(struct keeper *k)
{
	if (!k->renew.is_open)
		return;
	for (unsigned i = 0; i < KEEPER_RENEWED; i++)
		renew_copy(renew_secret(k, i), &k->renew.was[i]);
	/* What was written is never ahead of what is used */
	if ((k->renew.keys & ROTATE_KEY_PERSISTENCE && persist_key_keep(k) != E_OK) ||
	    (k->renew.keys & ROTATE_KEY_HASHING && hash_key_keep(k) != E_OK))
		events_put(k, RECORD_ALARM, "rotate.keys", view_str(k->options.state), "failed",
			   VIEW("the old keys could not be written again"));
	renew_wipe(k);
}

void renew_done(struct keeper *k)
{
	if (k->renew.is_open)
		renew_wipe(k);
}
