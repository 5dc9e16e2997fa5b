/** A JSON text that is nearly the one that is wanted. */
import type { Random } from "../support/random.ts";
import { anyKey, anyValue } from "./hostile.ts";

type Json = unknown;

/** Some mutations of a body that is well-formed, and now and then of its text. */
export function mutatedText(random: Random, body: Json): string {
  let mutated = structuredClone(body);
  for (let left = random.below(4); left > 0; left--) mutated = mutatedValue(random, mutated, 0);
  return mutatedBytes(random, JSON.stringify(mutated) ?? "");
}

function mutatedValue(random: Random, value: Json, depth: number): Json {
  const goesDeeper = depth < 6 && random.chance(0.75);
  if (Array.isArray(value) && goesDeeper) return mutatedList(random, value, depth);
  if (typeof value === "object" && value !== null && goesDeeper) {
    return mutatedObject(random, value as Record<string, Json>, depth);
  }
  return random.chance(0.05) ? nested(random) : anyValue(random);
}

function mutatedList(random: Random, list: readonly Json[], depth: number): Json[] {
  const items = [...list];
  const place = random.below(items.length + 1);
  const kind = random.below(4);
  if (kind === 0) items.splice(place, 1);
  else if (kind === 1) items.splice(place, 0, items[0] ?? anyValue(random));
  else if (place < items.length) items[place] = mutatedValue(random, items[place], depth + 1);
  return items;
}

function mutatedObject(random: Random, object: Record<string, Json>, depth: number): Json {
  const entries = Object.entries(object);
  const place = random.below(entries.length + 1);
  const [name] = entries[place] ?? [];
  const kind = random.below(5);
  if (name === undefined || kind === 0) entries.push([anyKey(random), anyValue(random)]);
  else if (kind === 1) entries.splice(place, 1);
  else entries[place] = [name, mutatedValue(random, object[name], depth + 1)];
  // Not fromEntries: `__proto__` must come as a key of the text.
  const made = Object.create(null) as Record<string, Json>;
  for (const [key, value] of entries) made[key] = value;
  return made;
}

function nested(random: Random): Json {
  let value: Json = anyValue(random);
  for (let depth = random.below(2000); depth > 0; depth--)
    value = depth % 2 ? [value] : { a: value };
  return value;
}

/** What no JSON value can say: keys twice, numbers beyond numbers, text cut or followed by more. */
function mutatedBytes(random: Random, text: string): string {
  switch (random.below(40)) {
    case 0:
      return text.slice(0, random.below(text.length + 1));
    case 1:
      return `${text}${random.pick(["}", " x", "\u0000", text])}`;
    case 2:
      return text.replace(/\{/, '{"__proto__": {"admin": true},');
    case 3:
      return text.replace(/"(\w+)":/, '"$1": 1, "$1":');
    case 4:
      return text.replace(/\d+/, random.pick(["1e400", "-1e400", "9".repeat(400), "0x10", "01"]));
    case 5:
      return `\ufeff${text}`;
    default:
      return text;
  }
}
