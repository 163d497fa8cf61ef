package main

// dashboardScript is what the tests have in each page: it finds things as people do, by what they are and are called.
const dashboardScript = `
"use strict";
window.seen = (() => {
	const roles = {
		button: "button, summary", link: "a[href]", list: "select", box: "input[type=checkbox]",
		field: "input:not([type=checkbox]), textarea", part: "section, aside, nav, form", heading: "h1, h2",
	};
	const clean = (text) => text.replace(/\s+/g, " ").trim();
	const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
	const name = (element) => {
		const by = element.getAttribute("aria-labelledby");
		if (by) return clean(by.split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" "));
		if (element.hasAttribute("aria-label")) return clean(element.getAttribute("aria-label"));
		if (element.labels?.length) {
			const label = element.labels[0].cloneNode(true);
			label.querySelectorAll("select, input, textarea, .hint").forEach((control) => control.remove());
			return clean(label.textContent);
		}
		return clean(element.textContent);
	};
	// A part is a section by its name, or by that of its heading.
	const within = (part) => (part ? find("part", part) : document);
	function find(role, wanted, part) {
		const from = part ? within(part) : document;
		return [...(from?.querySelectorAll(roles[role]) ?? [])].find((element) => shown(element) && name(element) === wanted);
	}
	const frame = () => new Promise(requestAnimationFrame);
	let hit = false;
	// Where to click, when the element does not move any more.
	async function place(role, wanted, part) {
		const element = find(role, wanted, part);
		if (!element || element.disabled) return null;
		element.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
		const before = element.getClientRects()[0];
		await frame();
		await frame();
		const box = element.getClientRects()[0];
		if (!box || box.top !== before.top || box.left !== before.left) return null;
		hit = false;
		document.addEventListener("click", (event) => (hit = element.contains(event.target)), { once: true, capture: true });
		const at = { X: box.left + Math.min(box.width / 2, 40), Y: box.top + box.height / 2 };
		return element.contains(document.elementFromPoint(at.X, at.Y)) ? at : null;
	}
	function choose(wanted, value) {
		const list = find("list", wanted);
		if (!list || ![...list.options].some((option) => option.value === value && !option.disabled)) return false;
		list.value = value;
		list.dispatchEvent(new Event("change", { bubbles: true }));
		return true;
	}
	function table(caption) {
		const found = [...document.querySelectorAll("main table")].find((one) => name(one).startsWith(caption));
		return found ? cells(found) : [];
	}
	const cells = (one) => [...one.rows].map((row) => [...row.cells].map((cell) => clean(cell.textContent)));
	function settled() {
		return document.querySelector("h1") !== null && !document.querySelector("[aria-busy=true], .waiting") && document.readyState === "complete";
	}
	// What every control that chooses what is shown is set to.
	function controls() {
		const all = [...document.querySelectorAll("main select, main input.day, main .picker > summary")].filter(shown);
		return all.map((control) => name(control) + "=" + (control.value ?? ""));
	}
	return { clean, shown, name, find, within, place, wasHit: () => hit, choose, table, cells, settled, controls };
})();
`
