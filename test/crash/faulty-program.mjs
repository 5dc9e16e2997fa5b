/** The compiled program with the mistake that FAULT names, which a run of kills must find. */
import { RemoteEngine } from "../../dist/store/sqlite/remote.js";

const { call } = RemoteEngine.prototype;

const append = {
  /** Everybody is answered, and told, before the transaction is durable. */
  "answers early": async (engine, base, entries) => {
    void call.call(engine, "append", base, entries);
    return "committed";
  },
  /** A call is not kept with the revision that it takes. */
  "forgets keys": (engine, base, entries) =>
    call.call(
      engine,
      "append",
      base,
      entries.map(({ idempotent: _, ...entry }) => entry),
    ),
}[process.env.FAULT];

RemoteEngine.prototype.call = function (method, ...parameters) {
  return method === "append" ? append(this, ...parameters) : call.call(this, method, ...parameters);
};
await import("../../dist/main.js");
