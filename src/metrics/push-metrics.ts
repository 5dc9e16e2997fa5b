/** What is sent to the storage servers, and what they say. */
import { Counter, Histogram, type Registry } from "prom-client";
import { SECONDS_BUCKETS } from "./buckets.ts";

/** One message that was sent and answered, or was not answered. */
export interface Pushed {
  /** Of the message, as `delta`. */
  readonly kind: string;
  /** Of the answer, as `applied`. */
  readonly answer: string;
  readonly bytes: number;
  readonly durationMs: number;
}

export function pushMetrics(register: Registry): (pushed: Pushed) => void {
  const registers = [register];
  const pushes = new Counter({
    name: "evenkeel_pushes_total",
    help: "Messages to storage servers by kind and answer",
    labelNames: ["kind", "answer"],
    registers,
  });
  const sent = new Counter({
    name: "evenkeel_push_bytes_total",
    help: "Bytes of the bodies of these messages",
    labelNames: ["kind"],
    registers,
  });
  const duration = new Histogram({
    name: "evenkeel_push_duration_seconds",
    help: "From when a message is sent until it is answered or given up",
    labelNames: ["kind"],
    buckets: SECONDS_BUCKETS,
    registers,
  });
  return ({ kind, answer, bytes, durationMs }) => {
    pushes.inc({ kind, answer });
    sent.inc({ kind }, bytes);
    duration.observe({ kind }, durationMs / 1000);
  };
}
