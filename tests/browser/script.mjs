// script.mjs FOLDER: what passkey.js does on the previews, with a virtual authenticator and without; and pages without it.
import { authenticator, complaints, launch, say, serve } from "./kit.mjs";

const { origin, posted, server } = await serve(process.argv[2]);
const browser = await launch();
const raw = (text) => Buffer.from(text, "base64url");
const CHALLENGE = "AQIDBAUGBwgJCgsMDQ4PEAECAwQFBgcICQoLDA0ODxA";

// A fresh browser on one page; run gets it, and a list for what is wrong.
async function check(name, options, run) {
	const context = await browser.newContext({ locale: "nl-NL", ...options });
	const problems = await complaints(context);
	const expect = (fact, what) => { if (!fact) { problems.push(what); } };
	posted.length = 0;
	try {
		await run(await context.newPage(), expect);
	} catch (error) {
		problems.push(String(error));
	}
	await context.close();
	say(name, problems);
}

async function post(page, button) {
	await Promise.all([page.waitForURL((url) => !url.pathname.endsWith(".html")), page.click(button)]);
	return posted.at(-1);
}

// WebAuthn §6.1: flags of authenticator data: user present 1, verified 4, attested credential 64.
const flags = (data) => data[32];
// ... in an attestation object: the CBOR byte string behind its name, of one or two bytes of length.
const authData = (object) => {
	const at = object.indexOf("authData") + "authData".length;
	return object.subarray(at + (object[at] === 0x58 ? 2 : 3));
};

await check("a passkey is made and then used", {}, async (page, expect) => {
	await authenticator(page);
	await page.goto(`${origin}/nl/passkey.html`);
	await page.fill("#name", "Werksleutel");
	const made = await post(page, "#passkey-create button");
	const client = JSON.parse(raw(made.fields.client_data));
	expect(made.path === "/factors/passkey/confirm" && made.fields.name === "Werksleutel" && made.fields.t, "fields of the form");
	expect(client.type === "webauthn.create" && client.challenge === CHALLENGE && client.origin === origin, "client data");
	const attestation = raw(made.fields.attestation);
	expect(attestation.includes("cfmtdnone"), "attestation: none");
	expect((flags(authData(attestation)) & 0x45) === 0x45, "the key is new, and the user was verified");
	expect(made.headers.origin === origin, `Origin: ${made.headers.origin}`);

	await page.goto(`${origin}/nl/login.html`);
	// the preview names two keys that nobody has: as a log-in without a user does, ask for any
	await page.evaluate(() => { document.getElementById("passkey-get").dataset.known = ""; });
	const used = await post(page, "#passkey-get button");
	const seen = JSON.parse(raw(used.fields.client_data));
	expect(used.path === "/login/passkey" && used.fields.app === "zaken" && used.fields.nonce && used.fields.t, "fields of the form");
	expect(seen.type === "webauthn.get" && seen.challenge === CHALLENGE && seen.origin === origin, "client data");
	expect((flags(raw(used.fields.auth_data)) & 5) === 5, "the user was verified");
	expect(raw(used.fields.user_handle).length === 16 && raw(used.fields.signature).length > 60, "user handle and signature");
	expect(raw(used.fields.credential).length >= 16 && !/[+/=]/.test(used.fields.credential), "credential");
});

await check("a person who is not recognised is told so, and may try again", {}, async (page, expect) => {
	const { cdp, authenticatorId } = await authenticator(page, { isUserVerified: false });
	await page.goto(`${origin}/nl/passkey.html`);
	await page.click("#passkey-create button");
	await page.waitForFunction(() => document.querySelector(".trouble").textContent);
	expect((await page.textContent(".trouble")).includes("Probeer het opnieuw"), "what went wrong is said");
	expect(await page.evaluate(() => document.activeElement.matches("#passkey-create button") && !document.activeElement.disabled), "focus is on the button");
	expect(posted.length === 0, "nothing was posted");
	await cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
	expect((await post(page, "#passkey-create button")).fields.attestation, "the second try works");
});

await check("a passkey that is there already is not made twice", {}, async (page, expect) => {
	const { cdp, authenticatorId } = await authenticator(page);
	await page.goto(`${origin}/nl/passkey.html`);
	await post(page, "#passkey-create button");
	const { credentials } = await cdp.send("WebAuthn.getCredentials", { authenticatorId });
	await page.goto(`${origin}/nl/passkey.html`);
	await page.evaluate((id) => { document.getElementById("passkey-create").dataset.known = id; },
		Buffer.from(credentials[0].credentialId, "base64").toString("base64url"));
	await page.click("#passkey-create button");
	await page.waitForFunction(() => document.querySelector(".trouble").textContent);
	expect((await page.textContent(".trouble")).includes("al toegevoegd"), "it is said");
});

await check("without JavaScript the password remains, and the passkey does not show", { javaScriptEnabled: false }, async (page, expect) => {
	await page.goto(`${origin}/nl/login.html`);
	expect(!(await page.isVisible("#passkey-get")) && await page.isVisible("noscript"), "no button that does nothing");
	await page.fill("#user", "annemiek");
	await page.fill("#password", "geheim & +");
	await page.keyboard.press("Enter");
	await page.waitForURL((url) => url.pathname === "/login");
	expect(posted[0].fields.user === "annemiek" && posted[0].fields.password === "geheim & +" && posted[0].fields.app === "zaken", "fields of the form");
	await page.goto(`${origin}/nl/factors.html`);
	await page.click("summary");
	await page.click("details[open] button");
	await page.waitForURL((url) => url.pathname === "/factors/remove");
	expect(posted[1].fields.number === "1", "what is removed is asked first");
});

await check("a browser without passkeys says so", {}, async (page, expect) => {
	await page.addInitScript(() => { delete window.PublicKeyCredential; });
	await page.goto(`${origin}/nl/login.html`);
	expect(await page.isVisible("#passkey-none") && !(await page.isVisible("#passkey-get")), "the note shows");
	expect(await page.isVisible("#user"), "the password remains");
});

await check("onward goes on by itself", {}, async (page, expect) => {
	await page.goto(`${origin}/nl/onward.html`, { waitUntil: "commit" });
	await page.waitForURL((url) => url.pathname === "/enter").catch(() => expect(false, "it stays"));
	expect(new URL(page.url()).search === "?app=zaken&nonce=q1w2e3r4t5y6", page.url());
});

await browser.close();
server.close();
