// What a page has to hold for everybody: WCAG 2.2 AA as far as a machine can tell.
import fs from "node:fs";
import { createRequire } from "node:module";

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

// axe-core's findings, one line each; only: names of rules, or all.
export async function axe(page, only) {
	if (!(await page.evaluate("typeof axe !== 'undefined'"))) {
		await page.evaluate(AXE);
	}
	const found = await page.evaluate(({ only, TAGS }) => axe.run(document, {
		runOnly: only ? { type: "rule", values: only } : { type: "tag", values: TAGS },
		rules: { "target-size": { enabled: true } },
		resultTypes: ["violations"],
	}), { only, TAGS });
	return found.violations.flatMap((rule) => rule.nodes.map((node) => `axe ${rule.id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}

// WCAG 1.4.10: nothing is cut off, and nothing scrolls sideways, at 320 CSS pixels.
export async function reflow(page) {
	const before = page.viewportSize();
	await page.setViewportSize({ width: 320, height: 640 });
	const wide = await page.evaluate(() => document.documentElement.scrollWidth);
	await page.setViewportSize(before);
	return wide > 320 ? [`reflow: ${wide} pixels wide at 320`] : [];
}

// WCAG 2.1.1, 2.4.3, 2.4.7, 2.4.11, 2.5.8: Tab reaches everything in the order of the page; what has the focus can be
// seen, and shows it; targets are large enough.
export async function keyboard(page) {
	const problems = [];
	const wanted = await page.evaluate(() => {
		const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), summary")];
		const seen = all.filter((element) => element.checkVisibility() && !element.disabled);
		seen.forEach((element, i) => { element.dataset.stop = i; });
		const top = document.createElement("span"); // where Tab begins, whatever had the focus
		top.tabIndex = -1;
		document.body.prepend(top);
		top.focus();
		return seen.length;
	});
	for (let i = 0; i < wanted; i++) {
		await page.keyboard.press("Tab");
		const at = await page.evaluate(() => {
			const element = document.activeElement;
			const box = element.getBoundingClientRect();
			const style = getComputedStyle(element);
			const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
			return {
				stop: element.dataset.stop, name: element.outerHTML.slice(0, 80), width: box.width, height: box.height,
				outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
				isSeen: Boolean(over) && (element.contains(over) || over.contains(element)),
				isInline: style.display === "inline",
			};
		});
		if (at.stop !== String(i)) {
			problems.push(`keyboard: stop ${i} is ${at.stop}: ${at.name}`);
			break;
		}
		if (at.outline < 2) {
			problems.push(`keyboard: the focus can't be seen on ${at.name}`);
		}
		if (!at.isSeen) {
			problems.push(`keyboard: something covers ${at.name}`);
		}
		if (!at.isInline && (at.width < 24 || at.height < 24)) {
			problems.push(`target: ${at.width} x ${at.height}: ${at.name}`);
		}
	}
	return problems;
}
