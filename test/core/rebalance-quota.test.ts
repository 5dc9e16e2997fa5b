import fc from "fast-check";
import { expect, test } from "vitest";
import { Flows } from "../../src/core/rebalance/flows.ts";
import { FlowQuota, FreeQuota } from "../../src/core/rebalance/quota.ts";

/** The receiver with most, the first of equal ones. */
function largestOf(amounts: readonly number[]): number | undefined {
  const most = Math.max(...amounts);
  return most > 0 ? amounts.indexOf(most) : undefined;
}

const amounts = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 30 });
const steps = fc.array(
  fc.record({
    at: fc.nat(),
    part: fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100),
  }),
  {
    maxLength: 60,
  },
);

test("the neediest receiver of all is known after any takes", () => {
  fc.assert(
    fc.property(amounts, steps, (needs, takes) => {
      const left = needs.slice();
      const donor = needs.length;
      const total = needs.reduce((a, b) => a + b, 0);
      const surplus = Float64Array.from([...needs.map(() => 0), total]);
      const quota = new FreeQuota(surplus, Float64Array.from([...needs, 0]));
      for (const { at, part } of takes) {
        expect(quota.neediest(donor)).toBe(largestOf(left));
        const receiver = at % needs.length;
        const amount = Math.round(quota.between(donor, receiver) * part);
        quota.take(donor, receiver, amount);
        left[receiver] = left[receiver]! - amount;
        expect(quota.surplusOf(donor)).toBe(left.reduce((a, b) => a + b, 0));
        expect(quota.between(receiver, donor)).toBe(0);
      }
    }),
    { numRuns: 300 },
  );
});

test("each donor of a flow has its own neediest receiver", () => {
  fc.assert(
    fc.property(amounts, amounts, steps, (first, second, takes) => {
      const left = [first.slice(), second.slice()];
      const donors = [1000, 1001];
      const flows = new Flows(1002);
      for (const [i, row] of left.entries()) {
        for (const [place, amount] of row.entries()) {
          if (amount > 0) flows.add(donors[i]!, place, amount);
        }
      }
      const quota = new FlowQuota(flows);
      for (const { at, part } of takes) {
        const i = at % 2;
        const [donor, row] = [donors[i]!, left[i]!];
        expect(quota.neediest(donor)).toBe(largestOf(row));
        const place = Math.floor(at / 2) % row.length;
        const amount = Math.round(quota.between(donor, place) * part);
        if (amount > 0) quota.take(donor, place, amount);
        row[place] = row[place]! - amount;
        expect(quota.between(donor, place)).toBe(row[place]);
        expect(quota.surplusOf(donor)).toBe(row.reduce((a, b) => a + b, 0));
      }
      expect(quota.neediest(5)).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
