/* Listeners: who shares an address with whom, and whether certificates and protocol agree. */
#include "conf/check.h"

/* Would the kernel refuse to bind both? All addresses of a family include each of them. */
static bool check_listener_clash(const struct value_address *a, const struct value_address *b)
{
	const struct ip any4 = { .b = { [10] = 0xff, [11] = 0xff } }, any6 = { 0 };

	if (a->kind != b->kind)
		return false;
	if (a->kind == IMAGE_ADDRESS_UNIX)
		return view_eq(a->name, b->name);
	if (a->kind != IMAGE_ADDRESS_IP || a->port != b->port ||
	    ip_is_v4(&a->ip) != ip_is_v4(&b->ip))
		return false;
	return ip_eq(&a->ip, &b->ip) || ip_eq(&a->ip, &any4) || ip_eq(&b->ip, &any4) ||
	       ip_eq(&a->ip, &any6) || ip_eq(&b->ip, &any6);
}

/* Datagrams and connections have ports of their own. */
static bool check_listener_is_other(const struct model_listener *a, const struct model_listener *b)
{
	return (a->protocol == IMAGE_UDP) != (b->protocol == IMAGE_UDP);
}

static void check_listener_address(struct check *c, uint32_t i)
{
	const struct model_listener *l = MODEL_AT(struct model_listener, c->model->listeners, i);

	for (uint32_t k = 0; k < i; k++) {
		const struct model_listener *before =
			MODEL_AT(struct model_listener, c->model->listeners, k);

		if (check_listener_is_other(l, before) ||
		    !check_listener_clash(&l->address, &before->address))
			continue;
		diag_error(c->diag, node_place(l->at, "address"),
			   "the address is taken: listener \"%.*s\" at %s has it, or all "
			   "addresses with this port",
			   DIAG_VIEW(before->name),
			   check_where(c, node_place(before->at, "address")));
		return;
	}
}

/* Does any certificate of the listener before number k cover name? */
static bool check_listener_is_covered(const struct check *c, const struct model_listener *l,
				      uint32_t k, struct view name)
{
	for (uint32_t i = 0; i < k; i++) {
		uint32_t index = l->certificates.p[i].index;
		const struct chain *read =
			index == IMAGE_NONE
				? NULL
				: MODEL_AT(struct model_certificate, c->model->certificates, index)
					  ->read;

		for (uint32_t j = 0; read && j < read->name_n; j++)
			if (view_eq(read->names[j], name))
				return true;
	}
	return false;
}

/* A certificate that no client can ever be shown. */
static void check_listener_certificate(struct check *c, const struct model_listener *l, uint32_t k)
{
	const struct model_text *t = &l->certificates.p[k];
	const struct chain *read = NULL;
	bool is_default = k == 0 && l->default_certificate;

	if (t->index == IMAGE_NONE)
		return;
	read = MODEL_AT(struct model_certificate, c->model->certificates, t->index)->read;
	if (!read)
		return;
	if (read->name_n == 0 && is_default)
		diag_warning(c->diag, t->at->at,
			     "certificate \"%.*s\" has no subjectAltName: clients refuse it",
			     DIAG_VIEW(t->text));
	else if (read->name_n == 0)
		diag_error(c->diag, t->at->at,
			   "certificate \"%.*s\" has no subjectAltName, so that no server name "
			   "chooses it",
			   DIAG_VIEW(t->text));
	if (read->name_n == 0 || is_default)
		return;
	for (uint32_t j = 0; j < read->name_n; j++)
		if (!check_listener_is_covered(c, l, k, read->names[j]))
			return;
	diag_warning(c->diag, t->at->at,
		     "certificate \"%.*s\" is never shown: the ones before it have all its names",
		     DIAG_VIEW(t->text));
}

/* Who may be asked for a certificate, and by whom theirs must be signed. */
static void check_listener_client(struct check *c, struct model_listener *l)
{
	struct model_client_certificate *m = &l->client_certificate;

	if (!m->at)
		return;
	if (l->protocol != IMAGE_HTTPS)
		diag_error(c->diag, m->at->at, "client_certificate is for protocol: https");
	else if (m->mode && !m->ca.n)
		diag_error(c->diag, m->at->at,
			   "whose certificates? Write ca: the file with their issuers");
	else if (m->mode)
		m->anchors = check_anchors_read(c, m->ca, node_place(m->at, "ca"));
	else if (m->ca.n)
		diag_warning(
			c->diag, node_place(m->at, "ca"),
			"nobody is asked for a certificate: write mode: optional, or required");
}

static void check_listener_https(struct check *c, const struct model_listener *l)
{
	if (l->certificates.n == 0)
		diag_error(c->diag, l->at->at,
			   "listener \"%.*s\" needs certificates: write certificates: [name], or "
			   "protocol: http",
			   DIAG_VIEW(l->name));
	if (l->redirect_to_https)
		diag_error(c->diag, node_place(l->at, "redirect_to_https"),
			   "redirect_to_https is for protocol: http");
	for (uint32_t k = 0; k < l->certificates.n; k++)
		check_listener_certificate(c, l, k);
}

static void check_listener_http(struct check *c, const struct model_listener *l)
{
	if (l->certificates.n)
		diag_error(c->diag, node_place(l->at, "certificates"),
			   "certificates are for protocol: https");
	if (l->default_certificate)
		diag_error(c->diag, node_place(l->at, "default_certificate"),
			   "default_certificate is for protocol: https");
	if (l->redirect_to_https && l->protocol != IMAGE_HTTP)
		diag_error(c->diag, node_place(l->at, "redirect_to_https"),
			   "redirect_to_https is for protocol: http");
}

static void check_listener_limits(struct check *c, const struct model_listener_limits *l)
{
	/* the default may be more than a small limit: that is no mistake */
	if (l->connections && l->connections_per_address > l->connections &&
	    node_get(l->at, "connections_per_address"))
		diag_warning(c->diag, node_place(l->at, "connections_per_address"),
			     "one address may have all %llu connections of the listener",
			     (unsigned long long)l->connections);
}

/* Metrics and the status page have addresses of their own. */
static void check_listener_other(struct check *c, const struct model_listener *l)
{
	const struct {
		const struct value_address *address;
		const struct node *at;
		const char *what;
	} others[] = {
		/* BIO2 8.20.02: management apart from users */
		{ &c->model->metrics.address, c->model->metrics.at, "metrics have" },
		{ &c->model->status_page.address, c->model->status_page.at, "the status page has" },
	};

	for (size_t i = 0; i < sizeof others / sizeof others[0] && l->protocol != IMAGE_UDP; i++)
		if (check_listener_clash(others[i].address, &l->address))
			diag_error(c->diag, node_place(others[i].at, "address"),
				   "%s the address of listener \"%.*s\": %s one of %s own",
				   others[i].what, DIAG_VIEW(l->name),
				   i == 0 ? "they need" : "it needs", i == 0 ? "their" : "its");
}

void check_listener_run(struct check *c)
{
	struct model_list list = c->model->listeners;
	const struct model_metrics *metrics = &c->model->metrics;
	const struct model_status_page *page = &c->model->status_page;

	if (c->model->at && node_get(c->model->at, "listeners") && list.n == 0)
		diag_error(c->diag, node_place(c->model->at, "listeners"),
			   "there is no listener: nobody could reach anything");
	for (uint32_t i = 0; i < list.n; i++) {
		struct model_listener *l = MODEL_AT(struct model_listener, list, i);

		if (!l->at)
			continue;
		check_listener_address(c, i);
		check_listener_client(c, l);
		check_listener_limits(c, &l->limits);
		if (l->protocol == IMAGE_HTTPS)
			check_listener_https(c, l);
		else
			check_listener_http(c, l);
		check_listener_other(c, l);
	}
	if (page->at && check_listener_clash(&metrics->address, &page->address))
		diag_error(c->diag, node_place(page->at, "address"),
			   "the status page has the address of the metrics: it needs one of its "
			   "own");
}
