/**
 * Where callbacks may go (rule 10 of distribution): the operator's CIDRs and ports, asked when a
 * storage server is registered and again for every connection, since names change their meaning.
 */
import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";
import { type Address, addressOf, isForbidden } from "./forbidden-addresses.ts";

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name; fails where there are none. */
export type Resolve = (hostname: string) => Promise<ResolvedAddress[]>;

export type Admission =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: string };

export interface CallbackPolicy {
  /** Judges a callback for registration; `reason` is a sentence for the caller. */
  admitUrl(url: string | URL): Promise<Admission>;
  /** Judges one address, in any spelling, and a port. */
  allows(address: string, port: number): boolean;
  /** The addresses of a name, where every one of them is allowed. Fails otherwise. */
  resolveAllowed(hostname: string, port: number): Promise<ResolvedAddress[]>;
}

interface Rule {
  readonly network: [Address, number];
  readonly portMin: number;
  readonly portMax: number;
}

const PORT_MAX = 65_535;

/**
 * Reads CALLBACK_ALLOW: CIDRs separated by commas, each optionally with `@port` or `@from-to`.
 * Empty text allows nothing. Fails with a message that names the part it cannot read.
 */
export function parseCallbackPolicy(
  text: string,
  resolve: Resolve = (hostname) => lookup(hostname, { all: true, verbatim: true }),
): CallbackPolicy {
  const rules = text.trim() === "" ? [] : text.split(",").map((part) => parseRule(part.trim()));
  const allows = (address: string, port: number): boolean => {
    const parsed = addressOf(address);
    if (parsed === undefined || isForbidden(parsed)) return false;
    return rules.some((rule) => matches(rule, parsed, port));
  };
  const resolveAllowed = async (hostname: string, port: number) => {
    const addresses = await resolve(hostname);
    const refused = addresses.find(({ address }) => !allows(address, port));
    if (refused)
      throw new Error(
        `${hostname} resolves to ${refused.address}, port ${port}, which is not allowed`,
      );
    if (addresses.length === 0) throw new Error(`${hostname} has no address`);
    return addresses;
  };
  return {
    allows,
    resolveAllowed,
    async admitUrl(url) {
      const reason = await refusalOf(url, { allows, resolveAllowed });
      return reason === undefined ? { allowed: true } : { allowed: false, reason };
    },
  };
}

/** The port that a URL leads to, whether it is written or not. */
export function portOf({ protocol, port }: { protocol: string; port: string }): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}

async function refusalOf(
  text: string | URL,
  { allows, resolveAllowed }: Pick<CallbackPolicy, "allows" | "resolveAllowed">,
): Promise<string | undefined> {
  if (!URL.canParse(String(text))) return "the callback is not a URL";
  const url = new URL(text);
  if (!["http:", "https:"].includes(url.protocol)) return "a callback is http or https";
  if (url.username !== "" || url.password !== "") return "a callback holds no credentials";
  if (url.href.includes("#")) return "a callback has no fragment";
  const port = portOf(url);
  if (port === 0) return "port 0 cannot be connected to";
  if (addressOf(url.hostname)) {
    return allows(url.hostname, port)
      ? undefined
      : `${url.hostname}, port ${port}, is not in the list of allowed callback addresses`;
  }
  try {
    await resolveAllowed(url.hostname, port);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function parseRule(part: string): Rule {
  const [cidr = "", ports, ...rest] = part.split("@");
  const fail = (why: string) => new Error(`"${part}": ${why}`);
  if (rest.length > 0) throw fail("there is more than one @");
  const wellFormed = ipaddr.IPv6.isValidCIDR(cidr) || ipaddr.IPv4.isValidCIDRFourPartDecimal(cidr);
  if (!wellFormed) throw fail("not an address and a prefix length, as in 10.0.0.0/8 or fd00::/8");
  const network = ipaddr.parseCIDR(cidr);
  if (network[0].range() === "ipv4Mapped") throw fail("an IPv4 network is written as IPv4");
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(ports ?? `1-${PORT_MAX}`) ?? [];
  const [portMin, portMax] = [Number(from), Number(to)];
  if (!(portMin >= 1 && portMin <= portMax && portMax <= PORT_MAX)) {
    throw fail(`a port, or two with a dash in between, from 1 to ${PORT_MAX} follows the @`);
  }
  return { network, portMin, portMax };
}

function matches({ network, portMin, portMax }: Rule, address: Address, port: number): boolean {
  if (port < portMin || port > portMax) return false;
  return address.kind() === network[0].kind() && address.match(network);
}
