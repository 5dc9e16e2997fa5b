/** The reference receiver: what a storage server embeds. `interface.ts` says what it offers. */
import type { CNodeId } from "../core/model.ts";
import { Attempts } from "./attempts.ts";
import { admit } from "./hand-over.ts";
import type {
  AddressRun,
  Admission,
  Agent,
  AgentOptions,
  AgentPosition,
  IncomingPush,
  PushAnswer,
} from "./interface.ts";
import { pullForever } from "./puller.ts";
import { rejected } from "./receive.ts";
import { positionOf, Receiver } from "./receiver.ts";
import { Reporter } from "./reporter.ts";
import { chooseLink, locate, split } from "./routing.ts";
import { ServiceClient } from "./service-client.ts";
import { verifySignature } from "./signature.ts";
import { SnapshotFetcher } from "./snapshot-fetcher.ts";

export function createAgent(options: AgentOptions): Agent {
  return new StorageServerAgent(options);
}

class StorageServerAgent implements Agent {
  readonly #options: AgentOptions;
  readonly #receiver: Receiver;
  readonly #service: ServiceClient;
  readonly #attempts: Attempts;
  readonly #reporter: Reporter;
  readonly #fetcher: SnapshotFetcher;
  readonly #running: Promise<void>[] = [];

  constructor(options: AgentOptions) {
    this.#options = options;
    const service = new ServiceClient(options);
    const attempts = new Attempts(options);
    const receiver = new Receiver({ ...options, onReference: (named) => fetcher.fetch(named) });
    const reporter = new Reporter({ ...options, receiver, service, attempts });
    const fetcher = new SnapshotFetcher({ receiver, service, reporter, attempts });
    this.#service = service;
    this.#attempts = attempts;
    this.#receiver = receiver;
    this.#reporter = reporter;
    this.#fetcher = fetcher;
  }

  async start(): Promise<void> {
    await this.#receiver.open();
    const failures = await this.#reporter.begin();
    this.#running.push(this.#reporter.goOn(failures));
    if (!this.#options.pulls) return;
    const parts = { receiver: this.#receiver, service: this.#service, attempts: this.#attempts };
    const pulling = pullForever({ ...parts, reporter: this.#reporter, fetcher: this.#fetcher });
    this.#running.push(pulling);
  }

  async receive(push: IncomingPush): Promise<PushAnswer> {
    const { signingSecrets, clock } = this.#options;
    const verdict = verifySignature(push, signingSecrets, clock.now());
    if (verdict.kind === "refused") {
      this.#attempts.warn("a push was not let in", { detail: verdict.detail });
      return { status: 401, body: { status: "unauthorised", detail: verdict.detail } };
    }
    let json: unknown;
    try {
      json = JSON.parse(Buffer.from(push.body).toString("utf8"));
    } catch {
      return rejected("the body is not JSON");
    }
    try {
      return await this.#receiver.take(json);
    } catch (error) {
      this.#attempts.warn("cannot keep what was received", error);
      return { status: 500, body: { status: "failed", detail: "it could not be made durable" } };
    }
  }

  position(): AgentPosition {
    return positionOf(this.#receiver.state);
  }

  split(run: AddressRun) {
    return split(this.#receiver.state, run);
  }

  admit(cNodeId: CNodeId, run: AddressRun): Admission {
    return admit(this.#receiver.state, this.#options.storageServerId, cNodeId, run);
  }

  chooseLink() {
    return chooseLink(this.#receiver.state, this.#options.random());
  }

  locate(cNodeId: CNodeId) {
    return locate(this.#receiver.state, cNodeId);
  }

  report(): Promise<void> {
    return this.#reporter.report();
  }

  async close(): Promise<void> {
    this.#attempts.close();
    await this.#service.close();
    await Promise.all([...this.#running, this.#fetcher.idle()]);
    await this.#receiver.close();
  }
}
