// Runs the code of docs/verify-draw.html without a browser. It was cut out of the page as it stands.
//   node driver.js vectors ALGORITHM.js VECTORS.json    silent, or what differs
//   node driver.js codes ALGORITHM.js TRANSCRIPT...      a line for each: "verified", or the code of the fault
//   node driver.js proof ALGORITHM.js TRANSCRIPT PROOF.. a line for each proof: the number, or the code
//   node driver.js page SCRIPT.js TRANSCRIPT PROOF       what the page shows after its button was pressed
"use strict";
const fs = require("fs");
const path = require("path");
const [mode, script, ...files] = process.argv.slice(2);
const read = file => JSON.parse(fs.readFileSync(file, "utf8"));
const last = steps => { let seen; for (const step of steps) seen = step; return seen; };

function vectors(page, of) {
  const { toHex, fromHex } = page;
  const share = ({ name, value }) => ({ name, value: value === null ? null : fromHex(value) });
  const leaves = count => Array.from({ length: count }, (_, at) => page.emptyLeaf("vectors", "everyone", at + 1));
  const hashOf = order => toHex(page.sha256(Uint8Array.from(order.length * 4 ? [...order].flatMap(entry =>
    [entry >>> 24, entry >>> 16 & 255, entry >>> 8 & 255, entry & 255]) : [])));
  const checks = {
    commitments: it => toHex(page.commitment(fromHex(it.key))) === it.commitment,
    leaves: it =>
      toHex(page.leaf(it.round_id, it.class, it.entry, fromHex(it.person), fromHex(it.salt))) === it.leaf,
    empty_leaves: it => toHex(page.emptyLeaf(it.round_id, it.class, it.entry)) === it.leaf,
    roots: it => toHex(page.root(leaves(it.count))) === it.root,
    shares: it => toHex(page.shareCommitment(it.round_id, it.name, fromHex(it.value))) === it.commitment,
    seeds: it => toHex(page.seed(fromHex(it.root), fromHex(it.key), it.shares.map(share))) === it.seed,
    orders: it => [...page.shuffle(fromHex(it.seed), it.count)].join() === it.entries_by_number.join(),
    long_orders: it => hashOf(page.shuffle(fromHex(it.seed), it.count)) === it.sha256,
  };
  for (const [kind, list] of Object.entries(of)) {
    if (list.length === 0) console.log(`no ${kind}`);
    list.forEach((it, at) => { if (!checks[kind](it)) console.log(`${kind} ${at + 1} differs`); });
  }
  // SHA-256's own vectors, at the edges of a block too, against node's.
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 5000]) {
    const bytes = Uint8Array.from({ length }, (_, at) => at * 7 & 255);
    const want = require("crypto").createHash("sha256").update(bytes).digest("hex");
    if (toHex(page.sha256(bytes)) !== want) console.log(`sha256 of ${length} bytes differs`);
  }
  // Words at or above the largest multiple of the bound are thrown away.
  const high = 2n ** 64n - 1n;
  for (const [words, bound, want] of [[[high], 2, 1], [[high, 5n], 3, 2], [[high - 1n], 3, 2],
    [[high, high - 5n, high - 6n], 10, 9], [[high, high - 9551615n, high - 9551616n], 50000000, 49999999]]) {
    const stream = words[Symbol.iterator]();
    const found = page.indexBelow(bound, stream);
    if (found !== want || !stream.next().done) console.log(`an index below ${bound} is ${found}`);
  }
}

// As much of a document as the page asks for.
function pretend(transcript, proof) {
  class Element {
    constructor(name) { Object.assign(this, { name, children: [], attributes: {}, value: "" }); }
    append(...nodes) { this.children.push(...nodes); }
    replaceChildren(...nodes) { this.children = nodes; }
    setAttribute(key, value) { this.attributes[key] = value; }
    addEventListener(_, listener) { this.listener = listener; }
    get textContent() { return this.children.map(child => child.textContent ?? child).join(""); }
  }
  const found = {};
  const getElementById = id => found[id] ??= new Element(id);
  global.document = { getElementById, createElement: name => new Element(name) };
  getElementById("file").files = [{ text: async () => fs.readFileSync(transcript, "utf8") }];
  getElementById("proof").value = fs.readFileSync(proof, "utf8");
  return getElementById;
}

async function page() {
  const byId = pretend(...files);
  require(path.resolve(script));
  const press = () => byId("form").listener({ preventDefault() {} });
  // Pressed again while it computes, the page goes on with what it does; after that it begins anew.
  await Promise.all([press(), press()]);
  const shown = byId("checks").children.length;
  await press();
  if (byId("checks").children.length !== shown) console.log(`pressed twice, it showed ${shown} checks`);
  console.log(byId("verdict").textContent);
  for (const item of byId("checks").children) console.log(`${item.attributes.class}: ${item.textContent}`);
}

if (mode === "page") {
  page();
} else {
  const algorithm = require(path.resolve(script));
  if (mode === "vectors") vectors(algorithm, read(files[0]));
  if (mode === "codes") {
    for (const file of files) {
      const step = last(algorithm.verifyAll(read(file)));
      console.log(step.ok ? "verified" : step.code);
    }
  }
  if (mode === "proof") {
    const [transcript, ...proofs] = files;
    for (const file of proofs) {
      const step = last(algorithm.verifyAll(read(transcript), read(file)));
      console.log(step.ok ? /number (\d+)/.exec(step.en)[1] : step.code);
    }
  }
}
