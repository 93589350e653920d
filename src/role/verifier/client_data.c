/* clientDataJSON, by jansson: bounded by its caller to GATE_CLIENT_DATA_MAX bytes. */
#include "role/verifier/client_data.h"

#include "base/base64url.h"
#include "base/ct.h"
#include "sys/secret.h"

#include <jansson.h>

void client_data_open(void)
{
	size_t seed = 0;

	secret_random(&seed, sizeof seed);
	json_object_seed(seed ? seed : 1); /* 0 would have it open /dev/urandom */
}

static bool client_data_is(const json_t *object, const char *name, struct view want)
{
	const json_t *j = json_object_get(object, name);

	return json_is_string(j) &&
	       ct_equal(view_of(json_string_value(j), json_string_length(j)), want);
}

static bool client_data_has_challenge(const json_t *object, const struct hash32 *challenge)
{
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);

	base64url_put(&w, view_of(challenge->b, sizeof challenge->b));
	return client_data_is(object, "challenge", wbuf_view(&w));
}

static const char *client_data_look(const json_t *object, const struct client_data_want *want)
{
	const json_t *cross = json_object_get(object, "crossOrigin");

	if (!client_data_is(object, "type", want->type))
		return "the client data is of another ceremony";
	if (!client_data_has_challenge(object, want->challenge))
		return "the client data answers another challenge";
	if (!client_data_is(object, "origin", want->origin))
		return "the client data was made for another origin";
	if ((cross && !json_is_false(cross)) || json_object_get(object, "topOrigin"))
		return "the client data was made in a frame of another origin";
	return NULL;
}

const char *client_data_check(struct view json, const struct client_data_want *want)
{
	json_error_t error = { 0 };
	json_t *object = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, &error);
	const char *why = "the client data is no JSON object";

	if (json_is_object(object))
		why = client_data_look(object, want);
	json_decref(object);
	return why;
}
