import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { messageId, signatureHeaders } from "../../src/push/signature.ts";

const secret = (fill: number) => `whsec_${Buffer.alloc(24, fill).toString("base64")}`;
const [present, previous] = [secret(1), secret(2)];
const text = JSON.stringify({ note: "für alle Bänke, 漢字" });
const body = Buffer.from(text);
const now = Date.now();
const verifies = (key: string, headers: Record<string, string>, payload = text) => {
  try {
    new Webhook(key).verify(payload, headers);
    return true;
  } catch {
    return false;
  }
};

describe("the signature", () => {
  const credentials = { signingSecret: present, tokenSha256: "" };
  const headers = signatureHeaders({ id: "msg_1", body, now }, credentials);

  test("is one that the library accepts", () => {
    expect(new Webhook(present).verify(text, headers)).toEqual(JSON.parse(text));
    expect(headers["webhook-timestamp"]).toBe(String(Math.floor(now / 1000)));
  });

  test("covers the body, the id, the time and the secret", () => {
    expect(verifies(present, headers, text.replace("alle", "Alle"))).toBe(false);
    expect(verifies(present, { ...headers, "webhook-id": "msg_2" })).toBe(false);
    const later = String(Math.floor(now / 1000) + 1);
    expect(verifies(present, { ...headers, "webhook-timestamp": later })).toBe(false);
    expect(verifies(previous, headers)).toBe(false);
  });

  test("is doubled while a secret rotates, and not longer", () => {
    const rotating = { ...credentials, previousSecret: previous, previousSecretUntil: now + 1000 };
    const during = signatureHeaders({ id: "msg_1", body, now }, rotating);
    expect(during["webhook-signature"]?.split(" ")).toHaveLength(2);
    expect([verifies(present, during), verifies(previous, during)]).toEqual([true, true]);
    const after = signatureHeaders({ id: "msg_1", body, now: now + 1000 }, rotating);
    expect([verifies(present, after), verifies(previous, after)]).toEqual([true, false]);
  });
});

describe("the message id", () => {
  const identity = {
    clusterId: "c",
    storageServerId: "s.1",
    registeredRevision: 2,
    generation: 1,
    kind: "delta",
    fromRevision: 4,
    revision: 9,
    settledRevision: 7,
  };

  test("is the same for the same message to the same server, and free of dots", () => {
    expect(messageId(identity)).toBe(messageId({ ...identity }));
    expect(messageId(identity)).toMatch(/^msg_[0-9a-f]{32}$/);
  });

  test.each([
    { clusterId: "d" },
    { storageServerId: "s.2" },
    { registeredRevision: 3 },
    { generation: 2 },
    { kind: "snapshot", fromRevision: undefined },
    { fromRevision: 5 },
    { revision: 10 },
  ])("differs with %j", (difference) => {
    expect(messageId({ ...identity, ...difference })).not.toBe(messageId(identity));
  });
});
