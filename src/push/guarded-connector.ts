/**
 * Opens connections only to addresses that the callback policy allows, whatever was true when the
 * server was registered. Node looks up a name once per connection and connects to what came out,
 * so what is checked here is what is connected to. Literal addresses are never looked up, and are
 * checked before.
 */
import { isIP, type LookupFunction } from "node:net";
import { buildConnector } from "undici";
import { type CallbackPolicy, portOf } from "./callback-policy.ts";
import { addressOf } from "./forbidden-addresses.ts";

/** For callbacks over https; PEM. */
export interface PushCertificates {
  /** Who may sign a storage server's certificate; absent: Node's authorities. */
  readonly ca?: Buffer;
  /** What is shown to a storage server that asks. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export interface ConnectorOptions {
  readonly policy: CallbackPolicy;
  readonly timeoutMs: number;
  readonly certificates: () => PushCertificates;
}

export function guardedConnector({
  policy,
  timeoutMs,
  certificates,
}: ConnectorOptions): buildConnector.connector {
  return (options, callback) => {
    const port = portOf(options);
    // Either of the two may know a spelling that the other doesn't.
    const isLiteral = isIP(options.hostname) !== 0 || addressOf(options.hostname) !== undefined;
    if (isLiteral && !policy.allows(options.hostname, port)) {
      const message = `${options.hostname}, port ${port}, is not an allowed callback address`;
      queueMicrotask(() => callback(new Error(message), null));
      return;
    }
    const connect = buildConnector({
      timeout: timeoutMs,
      ...certificates(),
      lookup: guardedLookup(policy, port),
    });
    connect(options, callback);
  };
}

function guardedLookup(policy: CallbackPolicy, port: number): LookupFunction {
  return (hostname, options, callback) => {
    policy.resolveAllowed(hostname, port).then(
      (addresses) => {
        const first = addresses[0]!;
        if (options.all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, "", 0),
    );
  };
}
