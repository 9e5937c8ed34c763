"use strict";

const SECONDS = 120;
const ENTRIES = 100;
const COUNTS = { sent: "Sent", confirmed: "Confirmed", fulfilled: "Fulfilled", missing: "Missing", duplicates: "Duplicates",
	errors: "Errors" };
const KINDS = ["FAULT", "SWITCH", "MOVE"];

const byId = (id) => document.getElementById(id);
const time = (at) => new Date(at).toLocaleTimeString([], { hour12: false });
const wait = (millis) => millis < 1000 ? `${millis} ms` : `${(millis / 1000).toFixed(1)} s`;

function element(name, className, ...content) {
	const created = document.createElement(name);
	created.className = className;
	created.append(...content);
	return created;
}

/* What is written already is left alone, so that nothing is selected, read out or focused anew. */
function write(node, text) {
	if (node.textContent !== text) {
		node.textContent = text;
	}
}

function say(text) {
	byId("message").textContent = text;
}

// Brokers

async function post(path, doing, done) {
	say(`${doing} ...`);
	try {
		const response = await fetch(path, { method: "POST" });
		const text = await response.text();
		const body = text ? JSON.parse(text) : {};
		say(response.ok ? done(body) : (body.detail || `${doing}: failed with status ${response.status}`));
	}
	catch (failure) {
		say("The shop does not answer.");
	}
}

const cards = new Map();

function createCard(name) {
	const card = { actions: [], buttons: [], name: element("h3", "", name), state: element("p", "state"), more: element("p", "small"),
		box: element("div", "buttons") };
	card.article = element("article", "", card.name, card.state, card.more, card.box);
	card.article.dataset.name = name;
	return card;
}

function createButton(card, broker, position) {
	const button = element("button", "");
	button.type = "button";
	button.addEventListener("click", () => {
		const action = card.actions[position];
		if (action.possible) {
			post(`api/brokers/${encodeURIComponent(broker)}/${action.path}`, `${action.label} ${broker}`,
				() => `${action.label} ${broker}: done.`);
		}
		else {
			say(`${action.label} ${broker}: not possible now.`);
		}
	});
	card.box.append(button);
	return button;
}

function describe(broker) {
	const parts = [`since ${time(broker.since)}`];
	if (broker.faults.length) {
		parts.push(broker.faults.map((fault) => ({ KILL: "killed", FREEZE: "frozen", BLOCK: "blocked", CUT: "cut off" })[fault]).join(", "));
	}
	if (broker.failure) {
		parts.push(broker.failure);
	}
	if (broker.product) {
		parts.push(broker.product);
	}
	return parts.join(" · ");
}

/* Buttons stay the same elements, so that the focus stays where it is. */
function showCard(broker) {
	let card = cards.get(broker.name);
	if (!card) {
		card = createCard(broker.name);
		cards.set(broker.name, card);
		byId("brokers").append(card.article);
	}
	card.actions = broker.actions;
	card.article.className = broker.active ? "active" : "";
	card.state.className = `state ${broker.state}`;
	write(card.state, broker.state + (broker.active ? ", active" : ""));
	write(card.more, describe(broker));
	while (card.buttons.length > broker.actions.length) {
		card.buttons.pop().remove();
	}
	broker.actions.forEach((action, position) => {
		card.buttons[position] ||= createButton(card, broker.name, position);
		const button = card.buttons[position];
		write(button, action.label);
		button.setAttribute("aria-label", `${action.label} ${broker.name}`);
		button.setAttribute("aria-disabled", String(!action.possible));
	});
}

function showState(state) {
	const names = new Set(state.brokers.map((broker) => broker.name));
	for (const [name, card] of cards) {
		if (!names.has(name)) {
			card.article.remove();
			cards.delete(name);
		}
	}
	state.brokers.forEach(showCard);
	for (const key of Object.keys(COUNTS)) {
		const value = byId(`count-${key}`);
		write(value, String(state[key]));
		value.className = (key === "missing" || key === "errors") && state[key] > 0 ? "bad" : "";
	}
}

// Chart

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = { top: 58, right: 12, bottom: 24, left: 34 };
let samples = [];
let entries = [];

function shape(name, attributes, ...content) {
	const created = document.createElementNS(SVG, name);
	for (const [key, value] of Object.entries(attributes)) {
		created.setAttribute(key, value);
	}
	created.append(...content);
	return created;
}

function draw() {
	const chart = byId("chart");
	const width = chart.clientWidth;
	const height = chart.clientHeight;
	const latest = samples[samples.length - 1];
	if (!width || !latest) {
		return;
	}
	const end = Math.max(Date.parse(latest.at), ...entries.map((entry) => Date.parse(entry.at)));
	const top = Math.max(30, ...samples.map((sample) => Math.max(sample.confirmed, sample.fulfilled)));
	const scale = {
		x: (at) => width - MARGIN.right - (end - at) / 1000 / SECONDS * (width - MARGIN.left - MARGIN.right),
		y: (value) => height - MARGIN.bottom - value / top * (height - MARGIN.top - MARGIN.bottom)
	};
	chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
	chart.replaceChildren(...drawGrid(scale, width, height, end, top), drawLine("confirmed", scale), drawLine("fulfilled", scale),
		...KINDS.flatMap((kind, row) => drawMarks(kind, row, scale, width, height)));
	const marks = chart.querySelectorAll(".mark").length;
	chart.setAttribute("aria-label", `Orders per second in the last two minutes: confirmed ${latest.confirmed}, fulfilled `
		+ `${latest.fulfilled} now; ${marks} faults, switches and planned moves, which the events tell`);
	write(byId("rate-confirmed"), latest.confirmed.toFixed(1));
	write(byId("rate-fulfilled"), latest.fulfilled.toFixed(1));
}

function drawGrid(scale, width, height, end, top) {
	const step = Math.ceil(top / 3 / 10) * 10;
	const lines = [];
	for (let value = 0; value <= top; value += step) {
		const y = scale.y(value);
		lines.push(shape("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y }),
			shape("text", { x: MARGIN.left - 6, y: y + 4, "text-anchor": "end" }, String(value)));
	}
	for (let ago = 0; ago <= SECONDS; ago += 30) {
		const anchor = ago === 0 ? "end" : ago === SECONDS ? "start" : "middle";
		lines.push(shape("text", { x: scale.x(end - ago * 1000), y: height - 6, "text-anchor": anchor }, ago ? `-${ago} s` : "now"));
	}
	return lines;
}

function drawLine(name, scale) {
	const points = samples.map((sample) => `${scale.x(Date.parse(sample.at)).toFixed(1)},${scale.y(sample[name]).toFixed(1)}`);
	return shape("polyline", { class: name, points: points.join(" ") });
}

/* Each kind has a row for its labels, where a label leaves room for the next one. */
function drawMarks(kind, row, scale, width, height) {
	const y = 14 + row * 16;
	let free = Infinity;
	const marks = [];
	for (const entry of entries.filter((candidate) => candidate.kind === kind).reverse()) {
		const x = scale.x(Date.parse(entry.at));
		if (x < MARGIN.left) {
			break;
		}
		const left = x > width / 2;
		const reach = 7 * entry.label.length + 12;
		const fits = (left ? x + 8 : x + reach) < free;
		if (fits) {
			free = left ? x - reach : x - 8;
		}
		marks.push(shape("g", { class: `mark ${kind}` }, shape("title", {}, `${time(entry.at)} ${entry.text}`),
			shape("line", { x1: x, x2: x, y1: y, y2: height - MARGIN.bottom }), symbol(kind, x, y),
			...(fits ? [shape("text", { x: left ? x - 9 : x + 9, y: y + 4, "text-anchor": left ? "end" : "start" }, entry.label)] : [])));
	}
	return marks;
}

function symbol(kind, x, y) {
	return kind === "FAULT" ? shape("path", { d: `M${x} ${y - 5}L${x + 6} ${y + 5}H${x - 6}Z` })
		: kind === "SWITCH" ? shape("circle", { cx: x, cy: y, r: 5 }) : shape("rect", { x: x - 5, y: y - 5, width: 10, height: 10 });
}

// Outages and events

function showOutages(outages) {
	byId("no-outages").hidden = outages.length > 0;
	byId("outages").replaceChildren(...[...outages].reverse().map((outage) => element("tr", "",
		...[time(outage.at), outage.from, outage.to, wait(outage.duration), wait(outage.slowest), outage.reason]
			.map((text) => element("td", "", text)))));
}

function showEntry(entry) {
	const log = byId("log");
	const at = element("time", "", time(entry.at));
	at.dateTime = entry.at;
	log.prepend(element("li", entry.kind, at, entry.text));
	while (log.children.length > ENTRIES) {
		log.lastChild.remove();
	}
}

// What the shop tells

const handlers = {
	history(history) {
		samples = history.samples;
		entries = history.entries;
		const log = byId("log");
		log.setAttribute("aria-busy", "true");
		log.replaceChildren();
		entries.forEach(showEntry);
		log.setAttribute("aria-busy", "false");
		showOutages(history.outages);
		draw();
	},
	state: showState,
	sample(sample) {
		samples = [...samples, sample].slice(-SECONDS);
		draw();
	},
	entry(entry) {
		entries = [...entries, entry].slice(-ENTRIES);
		showEntry(entry);
		draw();
	},
	outages: showOutages
};

let lost = false;

/* A browser connects again by itself, unless it was refused. */
function connect() {
	const stream = new EventSource("api/stream");
	stream.addEventListener("open", () => {
		if (lost) {
			say("The shop answers again.");
		}
		lost = false;
	});
	stream.addEventListener("error", () => {
		if (!lost) {
			say("The shop does not answer. Connecting again ...");
		}
		lost = true;
		if (stream.readyState === EventSource.CLOSED) {
			setTimeout(connect, 2000);
		}
	});
	for (const [name, handle] of Object.entries(handlers)) {
		stream.addEventListener(name, (event) => handle(JSON.parse(event.data)));
	}
}

for (const [key, label] of Object.entries(COUNTS)) {
	const value = element("dd", "", "0");
	value.id = `count-${key}`;
	byId("counts").append(element("div", "", element("dt", "", label), value));
}
byId("order").addEventListener("click", () => post("api/orders", "Place one order", (order) => `Order ${order.id} is confirmed.`));
new ResizeObserver(draw).observe(byId("chart"));
connect();
