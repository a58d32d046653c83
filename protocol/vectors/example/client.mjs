// Answers some questions of a conformance run: bytes, text, the written form of a person, and the cost of trust.
//
//     scripts/conformance run -- node protocol/vectors/example/client.mjs
//
// It shows how little a client of the harness needs: a line of JSON in, a line of JSON out. It has no dependencies.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const here = new URL(".", import.meta.url);
const read = (path) => readFileSync(new URL(path, here), "utf8");

/** The input breaks a rule; `code` is the name of the error. */
class Refused extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

const check = (holds, code = "MALFORMED") => {
  if (!holds) throw new Refused(code);
};

const unhex = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const hex = (bytes) => Buffer.from(bytes).toString("hex");

// --- Bytes: the canonical part of MessagePack ------------------------------------------------------------------------

const FRAME_MAX = 65519;
const DEPTH_MAX = 8;
const ITEMS_MAX = 1024;

const number = (size, value) => {
  const bytes = [];
  for (let left = BigInt(value), at = 0; at < size; at += 1, left >>= 8n) bytes.unshift(Number(left & 255n));
  return bytes;
};

const head = (length, short, shortest, forms) => {
  if (length < short) return [shortest | length];
  for (const [mark, size] of forms) if (length < 2 ** (8 * size)) return [mark, ...number(size, length)];
  throw new Error("too long");
};

function encode(value) {
  if (value === null) return [0xc0];
  if (value === false) return [0xc2];
  if (value === true) return [0xc3];
  if (typeof value === "number") {
    if (value >= 0) return head(value, 128, 0, [[0xcc, 1], [0xcd, 2], [0xce, 4], [0xcf, 8]]);
    if (value >= -32) return [value & 0xff];
    for (const [mark, size] of [[0xd0, 1], [0xd1, 2], [0xd2, 4], [0xd3, 8]])
      if (value >= -(2 ** (8 * size - 1))) return [mark, ...number(size, value)];
  }
  if (typeof value === "string") {
    const bytes = Buffer.from(value, "utf8");
    return [...head(bytes.length, 32, 0xa0, [[0xd9, 1], [0xda, 2], [0xdb, 4]]), ...bytes];
  }
  if (Array.isArray(value)) return [...head(value.length, 16, 0x90, [[0xdc, 2], [0xdd, 4]]), ...value.flatMap(encode)];
  const bytes = unhex(value.hex);
  return [...head(bytes.length, 0, 0, [[0xc4, 1], [0xc5, 2], [0xc6, 4]]), ...bytes];
}

function decode(bytes) {
  let at = 0;
  const take = (count) => {
    check(at + count <= bytes.length);
    at += count;
    return bytes.subarray(at - count, at);
  };
  const uint = (size) => take(size).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const whole = (value) => {
    check(value >= -BigInt(Number.MAX_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER));
    return Number(value);
  };
  const text = (length) => {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(take(length));
    } catch {
      throw new Refused("MALFORMED");
    }
  };
  const array = (length, depth) => {
    check(length <= ITEMS_MAX && depth < DEPTH_MAX);
    return Array.from({ length }, () => value(depth + 1));
  };
  const value = (depth) => {
    const [mark] = take(1);
    if (mark < 0x80) return mark;
    if (mark >= 0xe0) return mark - 256;
    if (mark >= 0x90 && mark < 0xa0) return array(mark & 15, depth);
    if (mark >= 0xa0 && mark < 0xc0) return text(mark & 31);
    switch (mark) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: case 0xc5: case 0xc6: return { hex: hex(take(Number(uint(1 << (mark - 0xc4))))) };
      case 0xcc: case 0xcd: case 0xce: case 0xcf: return whole(uint(1 << (mark - 0xcc)));
      case 0xd0: case 0xd1: case 0xd2: case 0xd3: {
        const size = 1 << (mark - 0xd0);
        return whole(BigInt.asIntN(8 * size, uint(size)));
      }
      case 0xd9: case 0xda: case 0xdb: return text(Number(uint(1 << (mark - 0xd9))));
      case 0xdc: case 0xdd: return array(Number(uint(2 << (mark - 0xdc))), depth);
      default: throw new Refused("MALFORMED");
    }
  };
  check(bytes.length <= FRAME_MAX, "OVERSIZED");
  const found = value(0);
  // Whatever has a longer form, or something after it, is not what would be written.
  check(hex(encode(found)) === hex(bytes));
  return found;
}

// --- Text ------------------------------------------------------------------------------------------------------------

const lists = JSON.parse(read("../text.json"));
const pointsIn = (ranges) => {
  const points = new Set();
  for (const range of ranges) {
    const [first, last = first] = range.split("-").map((point) => parseInt(point, 16));
    for (let point = first; point <= last; point += 1) points.add(point);
  }
  return points;
};
const WHITE = pointsIn(lists.white_space);
const JOINERS = pointsIn(lists.joiners);
const JOINER_KINDS = lists.joiner_kinds.map(({ joiners, bases }) => ({ joiners: pointsIn(joiners), bases: pointsIn(bases) }));
const FORBIDDEN = pointsIn(lists.forbidden);
const JOINERS_MAX = 8;
const KEYCAPS = new Set(Array.from("0123456789#*", (sign) => sign.codePointAt(0)));
const LINE_FEED = 10;

function isText(points, { shortest, longest, lines }) {
  if (points.length < shortest || points.length > longest) return false;
  if (points.length === 0) return true;
  if (WHITE.has(points[0]) || WHITE.has(points.at(-1)) || JOINERS.has(points[0])) return false;
  let joiners = 0;
  let base = null; // the last character that is no joiner
  for (const [place, point] of points.entries()) {
    if (FORBIDDEN.has(point) && !(lines && point === LINE_FEED)) return false;
    joiners = JOINERS.has(point) ? joiners + 1 : 0;
    if (joiners > JOINERS_MAX) return false;
    if (joiners === 0) base = point;
    else if (!mayFollow(point, base) && !isKeycap(points.slice(place - 1, place + 2))) return false;
  }
  return true;
}

const mayFollow = (joiner, base) => JOINER_KINDS.some((kind) => kind.joiners.has(joiner) && kind.bases.has(base));
const isKeycap = ([sign, selector, key]) => KEYCAPS.has(sign) && selector === 0xfe0f && key === 0x20e3;

const pointsOf = (text) => Array.from(text, (character) => character.codePointAt(0));

function verdicts() {
  const field = { shortest: 1, longest: 10, lines: true };
  const every = [];
  let alone = 0;
  let between = 0;
  for (let point = 0; point < 0x110000; point += 1) {
    if (point >= 0xd800 && point < 0xe000) continue;
    const [one, other] = [isText([point], field), isText([97, point, 97], field)];
    alone += one;
    between += other;
    every.push(Number(one), Number(other));
  }
  return { alone, between, hash: hex(blake2b(Uint8Array.from(every), 32)) };
}

// --- Bech32m (BIP 350) -----------------------------------------------------------------------------------------------

const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const FINAL = 0x2bc830a3;
const IGNORED = new Set([...WHITE, ...pointsOf("-\u00ad\u2010\u2011\u2012\u2013\u200b\ufeff")]);

const polymod = (values) =>
  values.reduce((residue, value) => {
    const top = residue >>> 25;
    return GENERATOR.reduce((sum, each, bit) => (top >> bit) & 1 ? sum ^ each : sum, ((residue & 0x1ffffff) << 5) ^ value);
  }, 1) >>> 0;
const expand = (prefix) => [...pointsOf(prefix).map((code) => code >> 5), 0, ...pointsOf(prefix).map((code) => code & 31)];

/** Groups of `from` bits as groups of `to` bits; what is left over at the end is `left`. */
function regroup(values, from, to) {
  let [held, bits] = [0, 0];
  const found = [];
  for (const value of values) {
    held = (held << from) | value;
    for (bits += from; bits >= to; held &= (1 << bits) - 1) found.push((held >> (bits -= to)) & ((1 << to) - 1));
  }
  return { found, bits, left: held & ((1 << bits) - 1) };
}

function toText(prefix, bytes) {
  const { found, bits, left } = regroup(bytes, 8, 5);
  if (bits) found.push(left << (5 - bits));
  const residue = polymod([...expand(prefix), ...found, 0, 0, 0, 0, 0, 0]) ^ FINAL;
  for (let place = 5; place >= 0; place -= 1) found.push((residue >>> (5 * place)) & 31);
  return `${prefix}1${found.map((symbol) => ALPHABET[symbol]).join("")}`;
}

function fromText(prefix, text) {
  const kept = pointsOf(text).filter((point) => !IGNORED.has(point));
  const plain = String.fromCodePoint(...kept).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  check(plain.startsWith(`${prefix}1`) && plain.length > prefix.length + 7);
  const symbols = [...plain.slice(prefix.length + 1)].map((character) => ALPHABET.indexOf(character));
  check(!symbols.includes(-1) && polymod([...expand(prefix), ...symbols]) === FINAL);
  const { found, bits, left } = regroup(symbols.slice(0, -6), 5, 8);
  check(bits < 5 && left === 0);
  return Uint8Array.from(found);
}

// --- BLAKE2b (RFC 7693), without a key -------------------------------------------------------------------------------

const IV = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];
const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4], [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13], [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11], [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5], [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
const MIXED = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15], [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]];

function blake2b(data, size) {
  const words = new BigUint64Array(IV);
  words[0] ^= 0x01010000n ^ BigInt(size);
  const v = new BigUint64Array(16);
  const turned = (value, bits) => (value >> bits) | BigInt.asUintN(64, value << (64n - bits));
  const blocks = Math.max(1, Math.ceil(data.length / 128));
  for (let block = 0; block < blocks; block += 1) {
    const chunk = new Uint8Array(128);
    chunk.set(data.subarray(block * 128, block * 128 + 128));
    const m = new BigUint64Array(chunk.buffer);
    v.set(words);
    v.set(IV, 8);
    v[12] ^= BigInt(Math.min(data.length, (block + 1) * 128));
    if (block === blocks - 1) v[14] = ~v[14];
    for (let round = 0; round < 12; round += 1)
      MIXED.forEach(([a, b, c, d], place) => {
        const order = SIGMA[round % 10];
        v[a] += v[b] + m[order[2 * place]];
        v[d] = turned(v[d] ^ v[a], 32n);
        v[c] += v[d];
        v[b] = turned(v[b] ^ v[c], 24n);
        v[a] += v[b] + m[order[2 * place + 1]];
        v[d] = turned(v[d] ^ v[a], 16n);
        v[c] += v[d];
        v[b] = turned(v[b] ^ v[c], 63n);
      });
    for (let at = 0; at < 8; at += 1) words[at] ^= v[at] ^ v[at + 8];
  }
  return new Uint8Array(words.buffer).slice(0, size);
}

// --- People ----------------------------------------------------------------------------------------------------------

const WORDS = read("../../fingerprint_words.txt").split("\n");

function person(key) {
  const text = toText("mp", key);
  const digest = blake2b(Buffer.concat([Buffer.from("meshnode fingerprint v1\0"), key]), 8);
  return { person_text: text, short: text.slice(3, 11), fingerprint_words: Array.from(digest, (byte) => WORDS[byte]) };
}

function readPerson(text) {
  const key = fromText("mp", text);
  check(key.length === 32);
  return { person: hex(key) };
}

// --- Trust -----------------------------------------------------------------------------------------------------------

const cost = (weight) => (weight === 1000 ? 0 : Math.round(-Math.log(weight / 1000) * 2 ** 32));

// --- Questions and answers -------------------------------------------------------------------------------------------

const utf8 = (text) => Buffer.from(text, "hex").toString("utf8");

const operations = {
  "codec.json": {
    decode: (asked) => ({ value: decode(unhex(asked.bytes)) }),
    encode: (asked) => ({ bytes: hex(encode(asked.value)) }),
  },
  "text.json": {
    judge: (asked) => (check(isText(pointsOf(utf8(asked.utf8)), asked)), {}),
    "code points": verdicts,
    "read bech32m": (asked) => ({ bytes: hex(fromText(asked.prefix, utf8(asked.utf8))) }),
    "write bech32m": (asked) => ({ text: toText(asked.prefix, unhex(asked.bytes)) }),
  },
  "keys.json": {
    person: (asked) => person(unhex(asked.person)),
    "read person": (asked) => readPerson(asked.text),
  },
  "trust.json": {
    costs: (asked) => ({ costs: asked.weights.map(cost) }),
    limit: (asked) => ({ limit: cost(asked.threshold) + 2 ** 11 }),
  },
};

function answer(asked) {
  const operation = operations[asked.file]?.[asked.do];
  if (operation === undefined) return { unsupported: true };
  try {
    return { ok: operation(asked) };
  } catch (error) {
    if (error instanceof Refused) return { refused: error.code };
    throw error;
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\n`);
});
