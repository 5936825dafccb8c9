// Solves the puzzle of a page that asks for a proof: instead of its sender, the browser does the waiting.
// The format is ALTCHA's. The answer is a number whose SHA-256, together with the puzzle's salt and nonce, begins as the
// puzzle says. We hash by ourselves: for messages this short it is several times faster than asking crypto.subtle for
// every single one, and it works where there is none, on a page without https.

const K = new Int32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
  0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
  0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
  0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
  0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
  0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
const W = new Int32Array(64);

// The digest, as eight words in H, of the one block in the first sixteen words of W (FIPS 180-4).
function compress(H) {
  for (let i = 16; i < 64; i++) {
    const a = W[i - 15], b = W[i - 2];
    const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3);
    const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10);
    W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
  }
  let a = 0x6a09e667, b = 0xbb67ae85 | 0, c = 0x3c6ef372, d = 0xa54ff53a | 0;
  let e = 0x510e527f, f = 0x9b05688c | 0, g = 0x1f83d9ab, h = 0x5be0cd19;
  for (let i = 0; i < 64; i++) {
    const S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + S1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
  }
  H[0] = a + 0x6a09e667; H[1] = b + 0xbb67ae85; H[2] = c + 0x3c6ef372; H[3] = d + 0xa54ff53a;
  H[4] = e + 0x510e527f; H[5] = f + 0x9b05688c; H[6] = g + 0x1f83d9ab; H[7] = h + 0x5be0cd19;
}

const bytes = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
const hex = (words) => Array.from(words, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");

// A message padded to the one block of 64 bytes that SHA-256 works on.
function block(message) {
  if (message.length > 55) throw new Error("a puzzle of another kind");
  const view = new DataView(new ArrayBuffer(64));
  message.forEach((byte, i) => view.setUint8(i, byte));
  view.setUint8(message.length, 0x80);
  view.setUint32(60, 8 * message.length);
  return view;
}

function hash(view, H) {
  for (let i = 0; i < 16; i++) W[i] = view.getInt32(4 * i);
  compress(H);
}

export function digest(message) {
  const H = new Int32Array(8);
  hash(block(message), H);
  return hex(H);
}

// Tries numbers one after the other, in turns short enough that the page stays usable.
export async function solve(parameters, told = () => {}) {
  if (parameters.algorithm !== "SHA-256" || parameters.cost !== 1) throw new Error("a puzzle of another kind");
  const start = [...bytes(parameters.salt), ...bytes(parameters.nonce)], view = block([...start, 0, 0, 0, 0]);
  const H = new Int32Array(8), prefix = parameters.keyPrefix;
  // The first word is compared as a number: making text of every digest would take longer than the digest.
  const size = Math.min(8, prefix.length), first = parseInt(prefix.slice(0, size), 16), shift = 32 - 4 * size;
  const most = (parameters.data && parameters.data.most) || 0, began = performance.now();
  for (let counter = 0, turn = began; !most || counter < most; counter++) {
    view.setUint32(start.length, counter);
    hash(view, H);
    if (H[0] >>> shift === first && hex(H).startsWith(prefix)) {
      return { counter, derivedKey: hex(H), time: Math.round(performance.now() - began) };
    }
    if ((counter & 255) === 0 && performance.now() - turn > 30) {
      told(most ? counter / most : 0);
      await new Promise((next) => setTimeout(next));
      turn = performance.now();
    }
  }
  throw new Error("no answer");
}

// On the page: solve, say in words how far it is, and give the button back. Nothing is ever sent by itself.
async function work(gate) {
  const say = gate.querySelector("[role=status]"), bar = gate.querySelector("progress");
  const waiting = gate.querySelector("[data-waiting]"), button = gate.querySelector("button");
  const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });
  let quarters = 0;
  waiting.hidden = button.disabled = true;
  bar.hidden = false;
  say.textContent = gate.dataset.working;
  try {
    const answer = await fetch(gate.dataset.challenge, { cache: "no-store", credentials: "omit" });
    if (!answer.ok) throw new Error(answer.status);
    const challenge = await answer.json();
    const solution = await solve(challenge.parameters, (share) => {
      bar.value = share;
      if (Math.floor(4 * share) > quarters) {
        quarters = Math.floor(4 * share);
        say.textContent = gate.dataset.part.replace("{percent}", percent.format(quarters / 4));
      }
    });
    gate.querySelector("[name=altcha]").value = btoa(JSON.stringify({ challenge, solution }));
    bar.value = 1;
    say.textContent = gate.dataset.ready;
  } catch {
    bar.hidden = true;
    waiting.hidden = false;
    say.textContent = gate.dataset.failed;
  }
  button.disabled = false;
}

const gate = typeof document === "undefined" ? null : document.querySelector("[data-challenge]");
if (gate) work(gate);
