import { expect, it } from "vitest";
import { Places } from "../../src/push/places.ts";

it("holds so many, and each gives its own place back, once", () => {
  const refusal = { detail: "two pulls are waiting already" };
  const places = new Places({ countMax: 2, code: "too-many-pulls", refusal });
  const leave = places.take();
  places.take();
  const full = () => expect(() => places.take()).toThrow(refusal.detail);
  full();
  leave();
  leave();
  places.take();
  full();
});
