import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rangeAt } from "../../src/core/ranges.ts";
import { MapBodyParser } from "../../src/http/map-body-parser.ts";
import { parse } from "../../src/http/parse.ts";
import { HttpProblem, malformedJson } from "../../src/http/problems.ts";
import { mapPut } from "../../src/http/schemas/tables.ts";

type Entry = { firstLba: number; lastLba: number; cNodeId: string };
type Outcome = [Entry, place: number][] | { code: string; detail?: string; errors: unknown };

function outcomeOf(work: () => Outcome): Outcome {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof HttpProblem)) throw error;
    const { status, code, detail, errors } = error.problem;
    expect(status).toBe(400);
    // How a part is malformed is told in other words than of the whole.
    return code === "malformed-json" ? { code, errors: "some" } : { code, detail, errors };
  }
}

/** What JSON.parse and the schema say of the whole. */
function wholly(bytes: Buffer): Outcome {
  return outcomeOf(() => {
    let value: unknown;
    try {
      value = bytes.length === 0 ? undefined : JSON.parse(bytes.toString("utf8"));
    } catch (error) {
      throw malformedJson((error as Error).message);
    }
    const { entries } = parse(mapPut, value, "body") as { entries: Entry[] };
    const placed = entries.map((entry, place): [Entry, number] => [entry, place]);
    return placed.sort(([a, i], [b, j]) => a.firstLba - b.firstLba || i - j);
  });
}

function inPieces(pieces: readonly Uint8Array[], textBytes?: number): Outcome {
  return outcomeOf(() => {
    const parser = new MapBodyParser(textBytes);
    for (const piece of pieces) parser.push(piece);
    const { ranges, places } = parser.finish();
    return [...places].map((place, i) => [rangeAt(ranges, i), place]);
  });
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const size of sizes) {
    pieces.push(bytes.subarray(from, from + size));
    from += size;
  }
  return [...pieces, bytes.subarray(from)];
}

const sample = <T>(...values: T[]) => fc.constantFrom(...values);
const blanks = sample("", "", "", " ", "\n\t", "\r\n  ");
const strange = sample('"', '\\"', "\\\\", "ä", "€", "𝄞", "]", "}", "[", "{", ",", ":", "\\u20ac");
const text = fc.array(strange, { maxLength: 4 }).map((parts) => parts.join(""));
const id = sample('"c-1"', '"c-2"', '"\\u0063-1"', '"-"', '"c€"', '""', "null", "1");
const lba = sample(
  "0",
  "1",
  "5",
  "9007199254740991",
  "9007199254740992",
  "-1",
  "1e1",
  "1.5",
  '"1"',
);
const goodEntry = fc.tuple(fc.nat(9), blanks, id).map(([first, blank, owner]) => {
  return `{"firstLba":${first},${blank}"lastLba"${blank}:7,"cNodeId": ${owner}}`;
});
const oddEntry = fc
  .array(
    fc.tuple(
      sample('"firstLba"', '"lastLba"', '"cNodeId"', '"cNode\\u0049d"', '"more"', '"__proto__"'),
      fc.oneof(lba, id, sample('{"entries":[1]}', "[[]]", '"entries"')),
    ),
    { maxLength: 4 },
  )
  .map((members) => `{${members.map(([key, value]) => `${key}:${value}`).join(",")}}`);
const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value));
const element = fc.oneof({ weight: 6, arbitrary: goodEntry }, oddEntry, json);
const list = fc
  .tuple(fc.array(element, { maxLength: 8 }), blanks)
  .map(([elements, blank]) => `[${blank}${elements.join(`${blank},${blank}`)}${blank}]`);
const goodList = fc
  .array(goodEntry, { maxLength: 12 })
  .map((elements) => `[${elements.join(",")}]`);
const member = fc.oneof(
  { weight: 4, arbitrary: list.map((value) => `"entries":${value}`) },
  list.map((value) => `"e\\u006etries" :\n${value}`),
  json.map((value) => `"entries":${value}`),
  fc.tuple(text, json).map(([key, value]) => `"${key}":${value}`),
  list.map((value) => `"more":{"entries":${value}}`),
);
const members = fc.oneof(
  goodList.map((value) => `{"entries":${value}}`),
  fc
    .tuple(fc.array(member, { maxLength: 3 }), blanks)
    .map(([all, blank]) => `${blank}{${all.join(`,${blank}`)}}${blank}`),
);
const body = fc
  .oneof(
    { weight: 8, arbitrary: members },
    json,
    list.map((value) => `["entries",${value}]`),
  )
  .map((value) => Buffer.from(value));
/** A byte put somewhere in place of some others, of which several make bad UTF-8. */
const damage = fc.record({
  at: fc.nat(400),
  removed: fc.nat(2),
  put: sample(...Array.from('"\\,:[]{} 0e', (c) => c.charCodeAt(0)), 0x80, 0xc3, 0xe2, 0xff, 0xef),
});
const damaged = fc
  .tuple(body, fc.option(damage, { freq: 2 }))
  .map(([bytes, wrong]) =>
    wrong
      ? Buffer.concat([
          bytes.subarray(0, wrong.at),
          Buffer.from([wrong.put]),
          bytes.subarray(wrong.at + wrong.removed),
        ])
      : bytes,
  );

describe("a map that comes in pieces", () => {
  it("is what it is as a whole, however it is cut", () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(
        damaged,
        fc.array(fc.nat(9), { maxLength: 60 }),
        fc.nat(80),
        (bytes, sizes, textBytes) => {
          const expected = wholly(bytes);
          kinds.add(Array.isArray(expected) ? "entries" : expected.code);
          expect(inPieces(cut(bytes, sizes), textBytes)).toEqual(expected);
        },
      ),
      { numRuns: 20 * (fc.readConfigureGlobal().numRuns ?? 100) },
    );
    expect([...kinds].sort()).toEqual(["entries", "invalid-request", "malformed-json"]);
  });

  it("is the same byte by byte", () => {
    const entries = Array.from('ä€𝄞\\"', (c, i) => ({ firstLba: i, lastLba: i, cNodeId: `c${c}` }));
    for (const value of [
      { entries },
      { 'more "€': 1, entries },
      { entries: [], '\\"entries': [] },
    ]) {
      const bytes = Buffer.from(JSON.stringify(value));
      const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
      expect(inPieces(single, 1)).toEqual(wholly(bytes));
      // As damaged UTF-8.
      const latin1 = Buffer.from(JSON.stringify(value), "latin1");
      expect(inPieces(cut(latin1, [9, 9]), 1)).toEqual(wholly(latin1));
    }
  });

  it("tells the first bad fields of all parts, and how many there are", () => {
    const entries = Array.from({ length: 50 }, (_, i) => ({ firstLba: i, lastLba: -1, more: i }));
    const bytes = Buffer.from(JSON.stringify({ entries, other: 1 }));
    const told = inPieces(cut(bytes, [1000]), 30);
    expect(told).toEqual(wholly(bytes));
    expect(told).toMatchObject({ detail: expect.stringContaining("(and 150 more)") });
  });

  it("says from which entry on it is malformed", () => {
    const parser = new MapBodyParser(1);
    parser.push(
      Buffer.from('{"entries":[{"firstLba":0,"lastLba":0,"cNodeId":"c"},{"firstLba":}]}'),
    );
    expect(() => parser.finish()).toThrow(/^Unexpected token .*, from entries\[1\] on$/);
  });

  it("is refused where it is nested without an end, before that has come", () => {
    const deep = (levels: number) => `{"entries":[${"[".repeat(levels)}${"]".repeat(levels)}]}`;
    expect(inPieces([Buffer.from(deep(998))])).toEqual(wholly(Buffer.from(deep(998))));
    expect(inPieces([Buffer.from(deep(999))])).toMatchObject({ code: "malformed-json" });
    expect(inPieces([Buffer.from("[".repeat(1001)), Buffer.from("{}")])).toMatchObject({
      code: "malformed-json",
    });
  });
});
