import { expect, it } from "vitest";
import { type Client, startWorkedExample } from "../support/service.ts";

type Case = [
  name: string,
  method: string,
  url: string,
  body: unknown,
  status: number,
  code: string,
  path?: string,
];

const map = (...entries: [number, number, string][]) => ({
  entries: entries.map(([firstLba, lastLba, cNodeId]) => ({ firstLba, lastLba, cNodeId })),
});
const process = { storageServerId: "s-1", rNodeId: "r-z", cNodeId: "c-z" };
const invalid = "invalid-request";

const cases: Case[] = [
  ["malformed JSON", "PUT", "/v1/volumes/v", "{", 400, "malformed-json", ""],
  ["prototype key", "PUT", "/v1/volumes/v", '{"__proto__": {}}', 400, invalid, ""],
  ["nested", "PUT", "/v1/volumes/v", '{"a": {"constructor": {"prototype": 1}}}', 400, invalid, ""],
  ["prototype key in no JSON", "PUT", "/v1/volumes/v", '{"__proto__"', 400, "malformed-json", ""],
  ["null body", "PUT", "/v1/volumes/v", "null", 400, invalid, ""],
  ["null for an optional body", "POST", "/v1/rebalances", "null", 400, invalid, ""],
  ["null for an optional body", "POST", "/v1/link-assignments/auto", "null", 400, invalid, ""],
  ["no body where one is needed", "PUT", "/v1/volumes/v", "", 400, invalid, ""],
  [
    "callback with half a character",
    "PUT",
    "/v1/storage-servers/x",
    '{"callbackUrl": "http://127.0.0.1/\\ud800"}',
    400,
    invalid,
    "callbackUrl",
  ],
  ["reason with NUL", "POST", "/v1/rebalances", { reason: "a\u0000" }, 400, invalid, "reason"],
  ["empty map", "PUT", "/v1/a2c/vol-1", map(), 422, "map-gap", "entries"],
  [
    "unknown R-node for a link that stood",
    "POST",
    "/v1/topology",
    { linkAssignments: [{ linkId: "link-1", rNodeId: "r-9" }] },
    422,
    "unknown-r-node",
    "linkAssignments[0].rNodeId",
  ],
  ["list for an object", "PUT", "/v1/volumes/v", [], 400, invalid, ""],
  ["null id", "PUT", "/v1/processes/Z", { ...process, rNodeId: null }, 400, invalid, "rNodeId"],
  ["number id", "PUT", "/v1/processes/Z", { ...process, cNodeId: 1 }, 400, invalid, "cNodeId"],
  ["id of another form", "PUT", "/v1/processes/-Z", process, 400, invalid, "processId"],
  ["missing field", "PUT", "/v1/processes/Z", { rNodeId: "r" }, 400, invalid, "storageServerId"],
  ["unknown field", "PUT", "/v1/processes/Z", { ...process, extra: 1 }, 400, invalid, "extra"],
  [
    "unknown field of any length",
    "PUT",
    "/v1/processes/Z",
    { ...process, ["x".repeat(9_000)]: 1 },
    400,
    invalid,
    `${"x".repeat(64)}…`,
  ],
  ["weight 0", "PUT", "/v1/processes/Z", { ...process, weight: 0 }, 400, invalid, "weight"],
  ["weight too fine", "PATCH", "/v1/processes/A", { weight: 0.0005 }, 400, invalid, "weight"],
  ["weight as text", "PATCH", "/v1/processes/A", { weight: "1" }, 400, invalid, "weight"],
  ["state of no kind", "PATCH", "/v1/processes/A", { state: "up" }, 400, invalid, "state"],
  ["fraction", "PUT", "/v1/volumes/v", { blockCount: 1.5 }, 400, invalid, "blockCount"],
  ["2^53", "PUT", "/v1/volumes/v", '{"blockCount": 9007199254740992}', 400, invalid, "blockCount"],
  ["1e400", "PUT", "/v1/volumes/v", '{"blockCount": 1e400}', 400, invalid, "blockCount"],
  ["no blocks", "PUT", "/v1/volumes/v", { blockCount: 0 }, 400, invalid, "blockCount"],
  ["text for a number", "PUT", "/v1/volumes/v", { blockCount: "9" }, 400, invalid, "blockCount"],
  [
    "negative address",
    "PUT",
    "/v1/a2c/vol-1",
    map([-1, 100, "c-1"]),
    400,
    invalid,
    "entries[0].firstLba",
  ],
  [
    "gap",
    "PUT",
    "/v1/a2c/vol-1",
    map([0, 9, "c-1"], [11, 100, "c-2"]),
    422,
    "map-gap",
    "entries[1]",
  ],
  ["gap at the end", "PUT", "/v1/a2c/vol-1", map([0, 99, "c-1"]), 422, "map-gap", "entries"],
  [
    "overlap",
    "PUT",
    "/v1/a2c/vol-1",
    map([0, 50, "c-1"], [50, 100, "c-2"]),
    422,
    "map-overlap",
    "entries[1]",
  ],
  ["reversed", "PUT", "/v1/a2c/vol-1", map([5, 4, "c-1"]), 422, "map-range-reversed", "entries[0]"],
  [
    "outside",
    "PUT",
    "/v1/a2c/vol-1",
    map([0, 101, "c-1"]),
    422,
    "map-outside-volume",
    "entries[0]",
  ],
  [
    "unknown C-node",
    "PUT",
    "/v1/a2c/vol-1",
    map([0, 100, "c-9"]),
    422,
    "unknown-c-node",
    "entries[0]",
  ],
  [
    "unknown server",
    "PUT",
    "/v1/processes/Z",
    { ...process, storageServerId: "s-9" },
    422,
    "unknown-storage-server",
    "storageServerId",
  ],
  [
    "taken node",
    "PUT",
    "/v1/processes/Z",
    { ...process, rNodeId: "r-a" },
    409,
    "node-id-taken",
    "rNodeId",
  ],
  [
    "node of a process in use",
    "PUT",
    "/v1/processes/A",
    { storageServerId: "s-1", rNodeId: "r-new", cNodeId: "c-1" },
    409,
    "process-in-use",
    "rNodeId",
  ],
  [
    "shrinking",
    "PUT",
    "/v1/volumes/vol-1",
    { blockCount: 100 },
    409,
    "block-count-shrinks",
    "blockCount",
  ],
  [
    "too many blocks",
    "PUT",
    "/v1/volumes/v",
    { blockCount: Number.MAX_SAFE_INTEGER },
    422,
    "address-space-exceeded",
    "blockCount",
  ],
  [
    "off extent",
    "PUT",
    "/v1/volumes/v",
    { blockCount: 10, extentBlocks: 4 },
    422,
    "boundary-off-extent",
    "blockCount",
  ],
  [
    "other extent",
    "PUT",
    "/v1/volumes/vol-1",
    { blockCount: 101, extentBlocks: 101 },
    409,
    "extent-blocks-fixed",
    "extentBlocks",
  ],
  [
    "callback elsewhere",
    "PUT",
    "/v1/storage-servers/x",
    { callbackUrl: "http://192.0.2.1/" },
    422,
    "callback-not-allowed",
    "callbackUrl",
  ],
  [
    "callback decimal",
    "PUT",
    "/v1/storage-servers/x",
    { callbackUrl: "http://3221225985/" },
    422,
    "callback-not-allowed",
    "callbackUrl",
  ],
  [
    "callback metadata",
    "PUT",
    "/v1/storage-servers/x",
    { callbackUrl: "http://[::ffff:169.254.169.254]/" },
    422,
    "callback-not-allowed",
    "callbackUrl",
  ],
  [
    "callback of no kind",
    "PUT",
    "/v1/storage-servers/x",
    { callbackUrl: "ftp://127.0.0.1/" },
    400,
    invalid,
    "callbackUrl",
  ],
  ["server in use", "DELETE", "/v1/storage-servers/s-1", undefined, 409, "storage-server-in-use"],
  ["process with addresses", "DELETE", "/v1/processes/B", undefined, 409, "process-owns-addresses"],
  ["assigned link", "DELETE", "/v1/links/link-1", undefined, 409, "link-assigned"],
  ["unknown process", "DELETE", "/v1/processes/Z", undefined, 404, "not-found"],
  ["unknown path", "GET", "/v1/nothing", undefined, 404, "no-such-path"],
  [
    "R-node with another link",
    "PUT",
    "/v1/link-assignments/link-2",
    { rNodeId: "r-a" },
    409,
    "r-node-has-link",
    "rNodeId",
  ],
  [
    "unknown R-node",
    "PUT",
    "/v1/link-assignments/link-2",
    { rNodeId: "r-9" },
    422,
    "unknown-r-node",
    "rNodeId",
  ],
  ["unknown link", "PUT", "/v1/link-assignments/link-9", { rNodeId: "r-b" }, 404, "not-found"],
  ["other strategy", "POST", "/v1/rebalances", { strategy: "best" }, 400, invalid, "strategy"],
  ["field of another strategy", "POST", "/v1/rebalances", { pairs: [] }, 400, invalid, "pairs"],
  [
    "fraction over 1",
    "POST",
    "/v1/rebalances",
    { strategy: "proportional", transfer: { fraction: 1.1 } },
    400,
    invalid,
    "transfer.fraction",
  ],
  [
    "too fine a tolerance",
    "POST",
    "/v1/rebalances",
    { tolerance: 1e-7 },
    400,
    invalid,
    "tolerance",
  ],
  [
    "unknown volume",
    "POST",
    "/v1/rebalances",
    { volumeIds: ["v-9"] },
    422,
    "unknown-volume",
    "volumeIds[0]",
  ],
  [
    "volume named twice",
    "POST",
    "/v1/rebalances",
    { volumeIds: ["vol-1", "vol-1"] },
    400,
    invalid,
    "volumeIds",
  ],
  [
    "pair with an unlinked giver",
    "POST",
    "/v1/rebalances",
    { strategy: "pairwise", pairs: [{ linkedProcessId: "B", unlinkedProcessId: "B" }] },
    422,
    "not-linked",
    "pairs[0].linkedProcessId",
  ],
  [
    "duplicate ids",
    "POST",
    "/v1/topology",
    {
      volumes: [
        { id: "v", blockCount: 1 },
        { id: "v", blockCount: 1 },
      ],
    },
    400,
    invalid,
    "volumes[1].id",
  ],
  [
    "one bad item of many",
    "POST",
    "/v1/topology",
    {
      storageServers: [{ id: "s-8" }],
      processes: [{ id: "Z", ...process, storageServerId: "s-9" }],
    },
    422,
    "unknown-storage-server",
    "processes[0].storageServerId",
  ],
  ["fraction in a query", "GET", "/v1/processes?limit=1.5", undefined, 400, invalid, "limit"],
  ["limit too large", "GET", "/v1/processes?limit=1001", undefined, 400, invalid, "limit"],
  ["unknown in a query", "GET", "/v1/processes?offset=1", undefined, 400, invalid, "offset"],
  [
    "page token of no kind",
    "GET",
    "/v1/processes?pageToken=%21",
    undefined,
    400,
    invalid,
    "pageToken",
  ],
  [
    "lookup outside",
    "GET",
    "/v1/a2c/vol-1/lookup?firstLba=0&lastLba=101",
    undefined,
    422,
    "map-outside-volume",
    "lastLba",
  ],
  [
    "lookup reversed",
    "GET",
    "/v1/a2c/vol-1/lookup?firstLba=5&lastLba=4",
    undefined,
    422,
    "map-range-reversed",
    "lastLba",
  ],
  [
    "lookup of 2^53",
    "GET",
    "/v1/a2c/vol-1/lookup?firstLba=0&lastLba=9007199254740992",
    undefined,
    400,
    invalid,
    "lastLba",
  ],
  ["revision of no kind", "GET", "/v1/a2c?revision=-1", undefined, 400, invalid, "revision"],
  ["revision to come", "GET", "/v1/a2c?revision=2", undefined, 404, "not-found"],
  ["revision to come", "GET", "/v1/link-assignments?revision=2", undefined, 404, "not-found"],
  ["settings null", "PATCH", "/v1/cluster", { settings: null }, 400, invalid, "settings"],
  ["wait of no kind", "POST", "/v1/rebalances?wait=forever", {}, 400, invalid, "wait"],
];

async function fingerprint(client: Client): Promise<unknown> {
  const urls = ["storage-servers", "processes", "links", "volumes", "a2c", "link-assignments"];
  const answers = await Promise.all(urls.map((url) => client.get(`/v1/${url}`)));
  return answers.map(({ revision, body }) => [revision, body]);
}

it("tells what is wrong with a request, and changes nothing", async () => {
  const client = await startWorkedExample();
  const before = await fingerprint(client);
  const tag = String((await client.get("/v1/volumes/vol-1")).headers.etag);
  for (const [name, method, url, body, status, code, path] of cases) {
    const answer = await client.call(method, url, body, {
      "if-match": url.includes("vol-1") ? tag : "*",
    });
    const told = { name, status: answer.status, code: answer.body.code };
    expect(told, JSON.stringify(answer.body)).toEqual({ name, status, code });
    expect(answer.headers["content-type"], name).toMatch(/^application\/problem\+json/);
    if (path !== undefined) expect(answer.body.errors[0].path, name).toBe(path);
  }
  expect(await fingerprint(client)).toEqual(before);
});

it("names the strategies where another one is asked for", async () => {
  const client = await startWorkedExample();
  const { body } = await client.post("/v1/rebalances", { strategy: "best" });
  expect(body.errors[0].message).toBe(
    'Invalid option: expected one of "equalize"|"consolidate"|"pairwise"|"proportional"',
  );
});

it("refuses what is no JSON, too large, or another method", async () => {
  const client = await startWorkedExample();
  const text = await client.put("/v1/volumes/v", "a=b", { "content-type": "text/plain" });
  expect([text.status, text.body.code]).toEqual([415, "unsupported-media-type"]);
  const large = await client.put("/v1/processes/Z", { rNodeId: "x".repeat(65 * 1024) });
  expect([large.status, large.body.code]).toEqual([413, "body-too-large"]);
  const method = await client.delete("/v1/cluster");
  expect([method.status, method.body.code]).toEqual([405, "method-not-allowed"]);
  expect(method.headers.allow).toBe("GET, HEAD, PATCH");
});
