"""The gateway as people meet it: a portal, applications, and browsers without JavaScript that fill in forms.

A Person keeps cookies per host as a browser does, follows redirects and the portal's own "goes on by itself", and
reads forms as they are on the page, so that a test says what is filled in and not which hidden field there is.
"""
import base64
import dataclasses
import hashlib
import hmac
import html.parser
import http.client
import json
import re
import socket
import ssl
import struct
import time
import urllib.parse

PORTAL = "login.example.nl"
PASSWORD = "correct horse battery staple"


def totp(secret, ahead=0, now=None):
    """RFC 6238: the code of a base32 secret; ahead: so many steps later."""
    counter = int((time.time() if now is None else now) // 30) + ahead
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"


def base32_on(text):
    """The secret that a page shows, in groups of four or in an otpauth URI."""
    joined = re.sub(r"(?<=[A-Z2-7]{4})\s(?=[A-Z2-7]{4})", "", text)
    return re.search(r"secret=([A-Z2-7]+)|\b([A-Z2-7]{32})\b", joined).group(1) or re.search(r"\b([A-Z2-7]{32})\b", joined).group(1)


class Page(html.parser.HTMLParser):
    """Forms, links, and the text of an HTML document."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.links, self.text, self.refresh, self.language = [], [], [], None, None
        self._form = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "html":
            self.language = given.get("lang")
        elif tag == "form":
            self._form = {"action": given.get("action", ""), "method": given.get("method", "get"), "fields": {}, "kinds": {}}
            self.forms.append(self._form)
        elif tag in ("input", "button", "textarea") and self._form is not None and given.get("name"):
            self._form["fields"][given["name"]] = given.get("value", "")
            self._form["kinds"][given["name"]] = given.get("autocomplete") or given.get("type")
        elif tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "meta" and given.get("http-equiv", "").lower() == "refresh" and "=" in given["content"]:
            self.refresh = given["content"].split("=", 1)[1].strip()

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None

    def handle_data(self, data):
        self.text.append(data)

    def form(self, action):
        """The form that posts to this path; an assertion names those that are there."""
        for form in self.forms:
            if urllib.parse.urlsplit(form["action"]).path == action:
                return form
        raise AssertionError(f"no form to {action}: {[f['action'] for f in self.forms]}\n{' '.join(self.words())[:600]}")

    def words(self):
        return " ".join(self.text).split()


@dataclasses.dataclass
class Answer:
    """What came back, and from where."""
    url: str
    status: int
    headers: list
    body: bytes

    def header(self, name, default=None):
        return next((value for key, value in self.headers if key.lower() == name.lower()), default)

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def path(self):
        """Where redirects led: portals are called login.…, so a look into the address finds "login" anywhere."""
        return urllib.parse.urlsplit(self.url).path

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def page(self):
        return Page(self.text)

    @property
    def json(self):
        return json.loads(self.body)


class Connection(http.client.HTTPSConnection):
    """To one address, whatever the name; from one address, when that is asked for. within: seconds for each step."""
    address, within = "127.0.0.1", 20

    def __init__(self, host, port, source, context):
        super().__init__(host, port, timeout=self.within, context=context)
        self.source, self.tls = source, context

    def connect(self):
        self.sock = socket.create_connection((self.address, self.port), self.within, (self.source, 0) if self.source else None)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self.tls.wrap_socket(self.sock, server_hostname=self.host)


class Person:
    """A browser of somebody: cookies, one kept connection per host."""

    def __init__(self, gateway, name=None, source=None, context=None):
        self.gateway, self.name, self.source = gateway, name, source
        self.context = context or gateway.context()
        self.cookies, self.connections, self.secret, self.password = {}, {}, None, None
        self.used_step = 0

    def close(self):
        for connection in self.connections.values():
            connection.close()
        self.connections = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def copy_of_cookies(self):
        return {host: dict(jar) for host, jar in self.cookies.items()}

    # ---- HTTP ----
    def _keep(self, host, answer):
        jar = self.cookies.setdefault(host, {})
        for line in answer.all("Set-Cookie"):
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            words = {a.split("=")[0].lower(): a.partition("=")[2] for a in attributes}
            assert "secure" in words and "httponly" in words and words.get("path") == "/" and "domain" not in words, line
            if words.get("max-age") == "0" or not value:
                jar.pop(name, None)
            else:
                jar[name] = value

    def once(self, url, method="GET", fields=None, headers=None):
        """One request, redirects not followed."""
        at = urllib.parse.urlsplit(url)
        host, target = at.hostname, (at.path or "/") + (f"?{at.query}" if at.query else "")
        said = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin" if method == "POST" else "none",
                "Accept": "text/html,*/*;q=0.1", "Accept-Language": "en", "User-Agent": "Mozilla/5.0 (test)",
                **(headers or {})}
        if self.cookies.get(host):
            said.setdefault("Cookie", "; ".join(f"{k}={v}" for k, v in self.cookies[host].items()))
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields)
            said.setdefault("Content-Type", "application/x-www-form-urlencoded")
            said.setdefault("Origin", f"https://{at.netloc}")
        said = {k: v for k, v in said.items() if v is not None}
        for attempt in (0, 1):
            connection = self.connections.get(host)
            fresh = connection is None
            if fresh:
                connection = self.connections[host] = Connection(host, self.gateway.port, self.source, self.context)
            try:
                connection.request(method, target, body, said)
                got = connection.getresponse()
                answer = Answer(url, got.status, got.getheaders(), got.read())
                break
            except (http.client.HTTPException, OSError):
                connection.close()
                del self.connections[host]
                if fresh or attempt:
                    raise
        if answer.header("Connection", "").lower() == "close":
            self.connections.pop(host).close()
        self._keep(host, answer)
        return answer

    def go(self, url, method="GET", fields=None, headers=None):
        """A navigation: redirects and pages that go on by themselves are followed."""
        for _ in range(12):
            answer = self.once(url, method, fields, headers)
            to = answer.header("Location") if answer.status in (301, 302, 303, 307, 308) else None
            if to is None and answer.header("Content-Type", "").startswith("text/html"):
                to = answer.page.refresh
            if to is None:
                return answer
            url, method, fields = urllib.parse.urljoin(url, to), "GET", None
        raise AssertionError(f"redirects without end: {url}")

    def submit(self, answer, action, headers=None, follow=True, **filled):
        """Sends the form of that page to action, filled in."""
        form = answer.page.form(action)
        fields = {**form["fields"], **filled}
        unknown = set(filled) - set(form["fields"])
        assert not unknown, f"the form to {action} has no field {unknown}: {form['fields']}"
        return (self.go if follow else self.once)(urllib.parse.urljoin(answer.url, action), "POST", fields, headers)

    # ---- the portal ----
    def code(self):
        """A code that was not used yet (RFC 6238 §5.2): the next step's, when this one's was."""
        step = max(int(time.time() // 30), self.used_step + 1)
        while step > time.time() // 30 + 1:
            time.sleep(0.5)
        self.used_step = step
        return totp(self.secret, now=step * 30)

    def enrol(self, link, password=PASSWORD, want_totp=True):
        """Opens an invitation and sets up a password, and a one-time code when that is asked for."""
        at = self.submit(self.go(link), "/invite")
        self.password = password
        at = self.submit(self.go(self.gateway.url("/factors/password")), "/factors/password", fresh=password, again=password)
        if want_totp:
            at = self.submit(self.go(self.gateway.url("/factors")), "/factors/totp")
            self.secret = base32_on(at.text)
            at = self.submit(at, "/factors/totp/confirm", name="phone", code=self.code())
        return at

    def log_in(self, url=None, password=None, user=None):
        """From where the log-in is asked for to where it leads; the last answer."""
        at = self.go(url or self.gateway.url("/login"))
        at = self.submit(at, "/login", user=user or self.name, password=password or self.password)
        if self.secret and any(f["action"].endswith("/login/code") for f in at.page.forms):
            at = self.submit(at, "/login/code", code=self.code())
        return at

    def log_out(self):
        return self.submit(self.go(self.gateway.url("/")), "/logout")


class Gateway:
    """A Sluis with a portal on a cell listener; applications by name, each a server address and its access rules."""

    def __init__(self, sluis, ca, apps, **options):
        self.sluis, self.ca, self.apps, self.options = sluis, ca, apps, options
        self.port = sluis.port("gateway")

    def context(self, ciphers=None):
        context = ssl.create_default_context(cafile=self.ca.certificate)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if ciphers:
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
            context.set_ciphers(ciphers)
        return context

    def host(self, app):
        return f"{app}.example.nl"

    def url(self, path="/", app=None):
        return f"https://{self.host(app) if app else PORTAL}:{self.port}{path}"

    def configuration(self):
        names = [PORTAL, *(self.host(app) for app in self.apps)]
        certificate = self.ca.issue(*names, file="gateway-" + "-".join(self.apps))
        address = self.options.get("address", "127.0.0.1")
        return {
            "edges": 1,
            "listeners": [{"name": "gateway", "address": f"{address}:{self.port}", "isolation": "cell", "certificates": ["gw"],
                           **self.options.get("listener", {})}],
            "certificates": [{"name": "gw", "chain": certificate.chain, "key": certificate.key}],
            "gateway": {"host": PORTAL, **self.options.get("gateway", {})},
            "identity": [{"name": "local", "type": "local"}],
            "factors": {"require": [["password", "totp"], ["passkey"]], "argon2": {"memory": "19m", "passes": 2},
                        **self.options.get("factors", {})},
            "zones": self.options.get("zones", [{"name": "office", "networks": ["127.0.0.0/8"]}]),
            "backends": [{"name": app, "servers": [server]} for app, (server, _) in self.apps.items()],
            "apps": [{"name": app, "host": self.host(app), "backend": app, "title": {"nl": f"Toepassing {app}", "en": f"Application {app}"},
                      "identity": {"header": "X-Sluis-Identity", "jwt": True}, **access} for app, (_, access) in self.apps.items()],
            **self.options.get("top", {}),
        }

    def start(self, **keywords):
        self.sluis.start(self.configuration(), **keywords)
        return self

    def command(self, *arguments, within=30):
        """A sub-command that must succeed; what it printed as JSON, when it did."""
        ran = self.sluis.run(*arguments, within=within)
        assert ran.returncode == 0, f"sluis {' '.join(arguments)}: {ran.stderr}{ran.stdout}"
        try:
            return json.loads(ran.stdout)
        except ValueError:
            return ran.stdout

    def add(self, name, *groups):
        """A user of these groups, which are made when they are missing; an invitation link."""
        known = {row["name"] for row in self.command("group", "list", "--json")}
        for group in set(groups) - known:
            self.command("group", "add", group)
        self.command("user", "add", name, *(["--groups", ",".join(groups)] if groups else []))
        return self.command("invite", "add", name, "--json")["link"]

    def person(self, name, *groups, source=None, want_totp=True):
        """Somebody who has enrolled and is logged in."""
        made = Person(self, name, source)
        made.enrol(self.add(name, *groups), want_totp=want_totp)
        return made
