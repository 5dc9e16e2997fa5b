import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { verifySignature } from "../../src/agent/signature.ts";
import { signatureHeaders } from "../../src/push/signature.ts";

const NOW = 1_795_000_000_000;
const secretOf = () => `whsec_${randomBytes(24).toString("base64")}`;
const [SECRET, OTHER] = [secretOf(), secretOf()];
const BODY = Buffer.from('{"type":"tables.update","größe":1}');

/** Signed by the library of Standard Webhooks. */
function signed(secret = SECRET, at = NOW, body = BODY) {
  const signature = new Webhook(secret).sign("msg_1", new Date(at), body.toString());
  const headers = {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(Math.floor(at / 1000)),
    "webhook-signature": signature,
  };
  return { headers, body };
}

const kindOf = (push: ReturnType<typeof signed>, secrets = [SECRET], now = NOW) =>
  verifySignature(push, secrets, now).kind;

describe("a signature", () => {
  it("of the library is genuine, and that of the service too", () => {
    expect(kindOf(signed())).toBe("genuine");
    const headers = signatureHeaders(
      { id: "msg_1", body: BODY, now: NOW },
      { signingSecret: SECRET, tokenSha256: "" },
    );
    expect(verifySignature({ headers, body: BODY }, [SECRET], NOW).kind).toBe("genuine");
  });

  it("by either secret will do while one rotates", () => {
    const both = signatureHeaders(
      { id: "msg_1", body: BODY, now: NOW },
      {
        ...{ signingSecret: SECRET, previousSecret: OTHER, tokenSha256: "" },
        previousSecretUntil: NOW + 1,
      },
    );
    for (const secret of [SECRET, OTHER]) {
      expect(verifySignature({ headers: both, body: BODY }, [secret], NOW).kind).toBe("genuine");
    }
    expect(kindOf(signed(OTHER), [SECRET, OTHER])).toBe("genuine");
  });

  it("holds for five minutes before and after", () => {
    const fiveMinutesMs = 300_000;
    for (const ageMs of [-fiveMinutesMs, fiveMinutesMs]) {
      expect(kindOf(signed(SECRET, NOW - ageMs))).toBe("genuine");
      expect(kindOf(signed(SECRET, NOW - ageMs - Math.sign(ageMs) * 1000))).toBe("refused");
    }
  });

  it("of another secret, body, id or time is refused, and so is none", () => {
    const { headers, body } = signed();
    const refused = [
      signed(OTHER),
      { headers, body: Buffer.from(`${body} `) },
      { headers: { ...headers, "webhook-id": "msg_2" }, body },
      { headers: { ...headers, "webhook-timestamp": String(NOW / 1000 + 1) }, body },
      { headers: { ...headers, "webhook-timestamp": "soon" }, body },
      { headers: { ...headers, "webhook-signature": "v1," }, body },
      { headers: { ...headers, "webhook-signature": `v2,${headers["webhook-signature"]}` }, body },
    ];
    for (const push of refused) expect(kindOf(push)).toBe("refused");
    for (const name of Object.keys(headers)) {
      const without = Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
      expect(verifySignature({ headers: without, body }, [SECRET], NOW).kind).toBe("refused");
    }
    expect(kindOf(signed(), [])).toBe("refused");
  });
});
