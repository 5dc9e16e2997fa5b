import { expect, it } from "vitest";
import type { IdempotentCall } from "../../src/store/calls.ts";
import type { Bench } from "./bench.ts";
import { EMPTY_STATE, volumeWith } from "./samples.ts";
import { decisionOf } from "./store-model.ts";

const callAt = (at: number): IdempotentCall => {
  return { callSha256: `call-${at}`, requestSha256: `request-${at}`, at };
};
const NO_LIMITS = { revisionsMax: 1_000_000, bytesMax: 2 ** 40 };

export function idempotencyContract({ newStore, reopen }: Bench): void {
  it("keeps a call with the revision that it takes, or neither, and its answer later", async () => {
    const fresh = await newStore();
    const idempotent = callAt(1000);
    const entry = () => {
      const draft = volumeWith(EMPTY_STATE, "v", [[0, 9, "c-1"]]);
      return { ...decisionOf(EMPTY_STATE, draft).entry, idempotent };
    };
    expect(await fresh.append(7, [entry()])).toBe("conflict");
    expect(await fresh.idempotentCall("call-1000")).toBeUndefined();
    await fresh.append(0, [entry()]);
    const store = await reopen(fresh);
    expect(await store.idempotentCall("call-1000")).toEqual({ ...idempotent, revision: 1 });
    const answer = { status: 201, location: "/v1/x", body: { é: [null, 1.5] } };
    await store.keepAnswer(idempotent, 1, answer);
    const again = await reopen(store);
    expect(await again.idempotentCall("call-1000")).toEqual({ ...idempotent, revision: 1, answer });
  });

  it("takes a call anew that is used again, and forgets the old ones a few at once", async () => {
    const store = await newStore();
    for (const at of [1000, 2000, 3000, 4000])
      await store.keepAnswer(callAt(at), 1, { status: 200 });
    await store.keepAnswer({ ...callAt(1000), requestSha256: "other", at: 5000 }, 2, {
      status: 204,
    });
    const twoDaysMs = 2 * 24 * 60 * 60 * 1000;
    while (!(await store.prune(NO_LIMITS, 1, twoDaysMs + 4000)).done);
    const left = [];
    for (const at of [1000, 2000, 3000, 4000]) left.push(await store.idempotentCall(`call-${at}`));
    expect(left.map((call) => call?.revision)).toEqual([2, undefined, undefined, 1]);
    expect(left[0]).toMatchObject({ requestSha256: "other", answer: { status: 204 } });
  });
}
