// What the browser tests share: Debian's Chromium, its virtual authenticator, a server for previews.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { chromium } from "playwright-core";

export const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";

export const launch = (...args) => chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", ...args] });

// One result per line, for pytest.
export const say = (name, problems) => process.stdout.write(JSON.stringify({ name, problems }) + "\n");

// A platform authenticator with discoverable keys; isUserVerified false: the person is not recognised.
export async function authenticator(page, { isUserVerified = true } = {}) {
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("WebAuthn.enable");
	const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options: {
		protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified,
		automaticPresenceSimulation: true,
	} });
	return { cdp, authenticatorId };
}

// Everything the browser complains about: errors and warnings of the console, refused by the content policy, failed requests.
export async function complaints(context) {
	const list = [];
	context.on("console", (message) => {
		if (["error", "warning"].includes(message.type())) {
			list.push(`console: ${message.text()}`);
		}
	});
	context.on("weberror", (error) => list.push(`script: ${error.error()}`));
	context.on("requestfailed", (request) => list.push(`request: ${request.url()} ${request.failure().errorText}`));
	return list;
}

const TYPES = { ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml" };

// Serves the previews with the header fields that Sluis sends; posts are kept in `posted`, and answered with nothing.
export function serve(folder) {
	const fields = fs.readFileSync(path.join(folder, "headers"), "utf8").trim().split("\r\n");
	const headers = Object.fromEntries(fields.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
	const posted = [];
	const server = http.createServer((request, response) => {
		const file = path.join(folder, path.normalize(new URL(request.url, "http://localhost").pathname));
		if (request.method === "POST") {
			let body = "";
			request.on("data", (piece) => { body += piece; });
			request.on("end", () => {
				posted.push({ path: request.url, headers: request.headers, fields: Object.fromEntries(new URLSearchParams(body)) });
				response.writeHead(200, headers).end("<!DOCTYPE html><html lang=en><title>posted</title>");
			});
			return;
		}
		if (["/favicon.ico", "/enter"].includes(new URL(request.url, "http://localhost").pathname)) {
			response.writeHead(200, headers).end("<!DOCTYPE html><html lang=en><title>elsewhere</title>");
			return;
		}
		if (!fs.existsSync(file) || !fs.statSync(file).isFile()) {
			response.writeHead(404).end();
			return;
		}
		const type = TYPES[path.extname(file)];
		response.writeHead(200, type ? { "Content-Type": type } : headers).end(fs.readFileSync(file));
	});
	return new Promise((resolve) => {
		server.listen(0, "127.0.0.1", () => resolve({ origin: `http://localhost:${server.address().port}`, posted, server }));
	});
}
