"""Who may add which factor (NIST SP 800-63B §6.1.2): a stolen password doesn't grow into more than it was."""
from harness.gateway import Gateway, Person
from harness.origin import answer

NEEDS_TOTP = {"access": {"allow": {"all": [{"factor": "totp"}]}}}
HELP = "Ask the help desk"


def test_a_session_adds_only_what_it_has_shown(sluis, ca, origin):
    server = origin(lambda *_: answer("inside"))
    gateway = Gateway(sluis, ca, {"cases": (server.address, NEEDS_TOTP)}, factors={"require": [["password"]]}).start()
    with Person(gateway, "anna") as invited:
        invited.enrol(gateway.add("anna"), want_totp=False)
    with Person(gateway, "anna") as thief:
        thief.password = invited.password
        assert thief.log_in().status == 200
        factors = gateway.url("/factors")
        for action in ("/factors/totp", "/factors/passkey", "/factors/recovery"):
            got = thief.submit(thief.go(factors), action)
            assert HELP in " ".join(got.page.words()), (action, got.status)
        assert thief.go(gateway.url("/", "cases")).url.startswith(gateway.url("/")), "still at the portal"
        password = thief.submit(thief.go(gateway.url("/factors/password")), "/factors/password", old=invited.password,
                                fresh="another long password", again="another long password")
        assert password.status == 200 and HELP not in password.text, "what it has shown it may change"
    assert not server.requests
    with Person(gateway, "anna") as again:
        again.enrol(gateway.command("invite", "add", "anna", "--json")["link"], password="yet another password")
        assert again.go(gateway.url("/", "cases")).text == "inside", "an invitation is what adds a kind"
