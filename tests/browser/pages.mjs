// pages.mjs FOLDER: every preview in both languages, light and dark; a line of JSON per page.
import fs from "node:fs";
import path from "node:path";
import { complaints, launch, say, serve } from "./kit.mjs";
import { axe, keyboard, reflow } from "./look.mjs";

const folder = process.argv[2];
const names = fs.readFileSync(path.join(folder, "pages"), "utf8").trim().split("\n").filter((name) => !name.includes("onward"));
const { origin, server } = await serve(folder);
const browser = await launch();
const light = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
const heard = await complaints(light);
const page = await light.newPage();

for (const name of names) {
	heard.length = 0;
	await page.emulateMedia({ colorScheme: "light" });
	await page.goto(`${origin}/${name}`);
	const problems = [...await axe(page), ...await reflow(page)];
	await page.emulateMedia({ colorScheme: "dark" });
	problems.push(...(await axe(page, ["color-contrast"])).map((text) => `dark ${text}`));
	await page.evaluate(() => document.querySelectorAll("details").forEach((element) => { element.open = true; }));
	problems.push(...await axe(page, ["color-contrast", "label", "target-size"]));
	await page.evaluate(() => document.querySelectorAll("details").forEach((element) => { element.open = false; }));
	if (name.startsWith("nl/")) {
		problems.push(...await keyboard(page));
	}
	say(name, [...problems, ...heard]);
}
await browser.close();
server.close();
