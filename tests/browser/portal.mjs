// portal.mjs JSON: two people at a running Sluis.
// {origin, apps: {name: origin}, links: {anna, bob}, spki, folder: for pictures, language: Anna's}
// Anna: invitation, passkey, application, step-up, log-out. Bob: password and one-time code, without JavaScript; in English.
import path from "node:path";
import { createHmac } from "node:crypto";
import { authenticator, complaints, launch, say } from "./kit.mjs";
import { axe, keyboard, reflow } from "./look.mjs";

const given = JSON.parse(process.argv[2]);
const at = new URL(given.origin);
const browser = await launch("--host-resolver-rules=MAP *.example.nl 127.0.0.1", `--ignore-certificate-errors-spki-list=${given.spki}`);
const PASSWORD = "een lange zin die niemand raadt";
const SIZES = [["phone", { width: 360, height: 740 }], ["desktop", { width: 1024, height: 720 }]];

// A person with a browser of her own: what she sees is looked at as soon as she gets there.
class Person {
	constructor(name, options) {
		Object.assign(this, { name, options, problems: [], seen: new Set() });
	}

	async open() {
		this.context = await browser.newContext({ viewport: SIZES[1][1], ...this.options });
		this.heard = await complaints(this.context);
		this.context.setDefaultTimeout(10000);
		this.page = await this.context.newPage();
	}

	expect(fact, what) {
		if (!fact) {
			this.problems.push(`${what} (at ${this.page.url()})`);
		}
	}

	// Looks at the page, once per name: axe (it needs a script), and pictures of what others may see.
	async look(name, { picture = true } = {}) {
		if (this.seen.has(name)) {
			return;
		}
		this.seen.add(name);
		if (this.options.javaScriptEnabled !== false) {
			this.problems.push(...[...await axe(this.page), ...await reflow(this.page), ...await keyboard(this.page)].map((text) => `${name}: ${text}`));
		}
		for (const [size, viewport] of given.folder && picture ? SIZES : []) {
			await this.page.setViewportSize(viewport);
			await this.page.evaluate(() => { document.activeElement?.blur(); window.scrollTo(0, 0); }).catch(() => {});
			await this.page.screenshot({ path: path.join(given.folder, `${name}-${size}.png`) });
		}
		await this.page.setViewportSize(SIZES[1][1]);
	}

	async press(selector, expected) {
		await Promise.all([this.page.waitForURL(expected), this.page.click(selector)]);
		await this.page.waitForLoadState();
	}

	async done() {
		await this.context.close();
		say(this.name, [...this.problems, ...this.heard]);
	}
}

const SPEECH = {
	nl: { locale: "nl-NL", key: "Sleutel van Anna", denied: "Geen toegang", other: ["en", "Sessions"], cases: "Zaken" },
	en: { locale: "en-GB", key: "Anna's key", denied: "No access", other: ["nl", "Sessies"], cases: "Cases" },
};
const words = SPEECH[given.language];
const isAt = (pathname, host = at.host) => (url) => url.host === host && url.pathname === pathname;
const isApp = (name) => (url) => url.origin === given.apps[name] && !url.pathname.startsWith("/.sluis");

// RFC 6238 with SHA-1, 30 seconds, 6 digits; a step that was used is used up (§5.2).
const lastSteps = new Map();
async function code(secret) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
	const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
	const step = Math.max(Math.floor(Date.now() / 30000), (lastSteps.get(secret) || 0) + 1);
	while (step > Math.floor(Date.now() / 30000) + 1) {
		await new Promise((resolve) => { setTimeout(resolve, 250); });
	}
	lastSteps.set(secret, step);
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(BigInt(step));
	const digest = createHmac("sha1", key).update(counter).digest();
	return String((digest.readUInt32BE(digest[19] & 15) & 0x7fffffff) % 1000000).padStart(6, "0");
}

const secretOn = async (page) => (await page.textContent(".secret")).replace(/\s/g, "");

// Sets a password and an authenticator app while enrolling; the secret of the latter.
async function enrolPassword(person) {
	const { page } = person;
	await page.goto(`${given.origin}/factors/password`);
	await person.look("password");
	await page.fill("#fresh", PASSWORD);
	await page.fill("#again", `${PASSWORD}!`);
	await page.click("main button");
	await page.waitForSelector("#noted");
	await person.look("password-different", { picture: false });
	await page.fill("#fresh", PASSWORD);
	await page.fill("#again", PASSWORD);
	await person.press("main button", isAt("/factors"));
	await person.press('form[action="/factors/totp"] button', isAt("/factors/totp"));
	const secret = await secretOn(page);
	await person.look("totp");
	await page.fill("#code", "000000");
	await person.press("main button", isAt("/factors/totp/confirm"));
	person.expect(await page.isVisible(".bad"), "a wrong code is refused");
	person.expect(await secretOn(page) === secret, "the same secret again");
	await page.fill("#code", await code(secret));
	await person.press("main button", isAt("/factors"));
	return secret;
}

async function annaEnrols(anna) {
	const { page } = anna;
	await page.goto(given.links.anna);
	anna.expect(await page.getAttribute("html", "lang") === given.language, "the language that the browser asked for");
	await anna.look("invite");
	await anna.press("main button", isAt("/factors"));
	await anna.look("enrol");
	await anna.press('form[action="/factors/passkey"] button', isAt("/factors/passkey"));
	await anna.look("passkey");
	await page.fill("#name", words.key);
	await anna.press("#passkey-create button", isAt("/factors"));
	anna.expect((await page.textContent("main")).includes(words.key), "the passkey is in the list");
	const secret = await enrolPassword(anna);
	await page.goto(`${given.origin}/factors`);
	await anna.look("factors");
	return secret;
}

async function annaLogsIn(anna) {
	const { page } = anna;
	await page.goto(`${given.apps.zaken}/lijst?jaar=2026`);
	await page.waitForURL(isAt("/login"));
	anna.expect((await page.textContent("main")).includes(words.cases), "the log-in names the application");
	await anna.look("login");
	await anna.press("#passkey-get button", isApp("zaken"));
	anna.expect(page.url() === `${given.apps.zaken}/lijst?jaar=2026`, "back to what was asked for");
	anna.expect((await page.textContent("body")).includes("anna"), "the application knows who it is");
}

const person = new Person("Anna: invitation, passkey, application, step-up, log-out", { locale: words.locale });
try {
	await person.open();
	const { page } = person;
	await authenticator(page);
	const secret = await annaEnrols(person);
	await person.press('form[action="/logout"] button', isAt("/logout"));
	await person.look("logged-out");
	await annaLogsIn(person);

	// the vault asks for a one-time code too
	await page.goto(`${given.apps.kluis}/`);
	await page.waitForURL(isAt("/login"));
	await person.look("step-up");
	if (await page.isVisible("#password")) {
		await page.fill("#password", PASSWORD);
		await person.press('form[action="/login"] button', isAt("/login"));
	}
	await person.look("code");
	await page.fill("#code", await code(secret));
	await person.press('form[action="/login/code"] button', isApp("kluis"));
	person.expect((await page.textContent("body")).includes("anna"), "the vault opens");

	await page.goto(`${given.apps.dicht}/`);
	await page.waitForSelector("h1");
	person.expect(new URL(page.url()).host === at.host && (await page.textContent("h1")) === words.denied, "denied, in words");
	await person.look("denied");
	await page.goto(`${given.origin}/`);
	await person.look("apps");
	person.expect((await page.locator(".apps a").count()) === 2, "the applications that she may open");
	await person.press(`.apps a >> text=${words.cases}`, isApp("zaken"));
	await page.goto(`${given.origin}/sessions`);
	await person.look("sessions");
	await person.press("footer button", isAt("/sessions"));
	person.expect((await page.getAttribute("html", "lang")) === words.other[0] && (await page.textContent("h1")) === words.other[1], "the other language, and still here");
	await person.press("footer button", isAt("/sessions"));
	await page.goto(`${given.origin}/nowhere`).catch(() => {});
	await person.look("error");
	await page.goto(`${given.origin}/`);
	await person.press('header form[action="/logout"] button', isAt("/logout"));
	await page.goto(`${given.apps.zaken}/`);
	await page.waitForURL(isAt("/login"));
} catch (error) {
	person.problems.push(`${error.stack.slice(0, 700)} (at ${person.page.url()}) ${(await person.page.textContent("main").catch(() => "")).slice(0, 300)}`);
}
// the page that does not exist says so on the console as well
person.heard.splice(0, person.heard.length, ...person.heard.filter((line) => !/status of 40[34]/.test(line)));
await person.done();

const bob = new Person("Bob: password and one-time code without JavaScript", { locale: "en-GB", javaScriptEnabled: false });
try {
	await bob.open();
	const { page } = bob;
	await page.goto(given.links.bob);
	bob.expect(await page.getAttribute("html", "lang") === "en", "English is what the browser asked for");
	await bob.press("main button", isAt("/factors"));
	const secret = await enrolPassword(bob);
	await bob.press('form[action="/logout"] button', isAt("/logout"));
	await page.goto(`${given.apps.zaken}/`);
	await page.waitForURL(isAt("/login"));
	await page.fill("#user", "bob");
	await page.fill("#password", "not the right one at all");
	await bob.press('form[action="/login"] button', isAt("/login"));
	await page.fill("#code", "123456");
	await bob.press('form[action="/login/code"] button', isAt("/login/code"));
	bob.expect((await page.textContent("main")).includes("Your details are not right"), "wrong, and not what was wrong");
	await page.waitForTimeout(1500);
	await page.goto(`${given.apps.zaken}/`);
	await page.waitForURL(isAt("/login"));
	await page.fill("#user", "bob");
	await page.fill("#password", PASSWORD);
	await bob.press('form[action="/login"] button', isAt("/login"));
	await page.fill("#code", await code(secret));
	await bob.press('form[action="/login/code"] button', isApp("zaken"));
	bob.expect((await page.textContent("body")).includes("bob"), "the application knows who it is");
	await page.goto(`${given.origin}/`);
	await bob.press('header form[action="/logout"] button', isAt("/logout"));
} catch (error) {
	bob.problems.push(`${error.stack.slice(0, 700)} (at ${bob.page.url()}) ${(await bob.page.textContent("main").catch(() => "")).slice(0, 300)}`);
}
bob.heard.splice(0, bob.heard.length, ...bob.heard.filter((line) => !/status of (403|429)/.test(line)));
await bob.done();
await browser.close();
