// Badges, codes and names: how they are read, folded and hashed.

const LETTERS = /^[A-HJ-NP-Z2-9]+$/;

export const BADGE = 26;
export const CODE = 6;

// A code as it is kept: capitals, without spaces and strokes.
export const typed = (text) => text.toUpperCase().replace(/[^\p{L}\p{N}]/gu, "");

export const isBadge = (text) => text.length === BADGE && LETTERS.test(text);
export const isCode = (text) => text.length === CODE && LETTERS.test(text);

// A name as one searches for it: without accents, strokes and capitals.
const BARE = { ħ: "h", ł: "l", đ: "d", ø: "o", ß: "ss", æ: "ae", œ: "oe", þ: "th", ð: "d", ı: "i" };
export const folded = (text) =>
  text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[ħłđøßæœþðı]/g, (letter) => BARE[letter])
    .replace(/\s+/g, " ")
    .trim();

// The given name with the initial of the family name: all that a desk shows.
export function short(name) {
  const [first, ...rest] = name.trim().split(/\s+/);
  return rest.length ? `${first} ${[...rest.at(-1)][0]}.` : first;
}

// What this desk knows of a badge; null where the browser cannot hash.
export async function hashed(badge, salt) {
  if (!globalThis.crypto?.subtle) return null;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(salt + badge));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A random id; `crypto.randomUUID` is not there over plain http.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
