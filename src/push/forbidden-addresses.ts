/** Addresses that no allow-list opens: they lead to the machine's own secrets, or to everybody. */
import ipaddr from "ipaddr.js";

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

const FORBIDDEN_RANGES = new Set<string>(["linkLocal", "unspecified", "multicast", "broadcast"]);
/** Metadata services of clouds outside the link-local ranges. */
const METADATA = new Set([
  ...["fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe"],
  ...["100.100.100.200", "168.63.129.16"],
]);

/** Reads an address; an IPv6 form of an IPv4 address is that IPv4 address. */
export function addressOf(text: string): Address | undefined {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined;
}

export function isForbidden(address: Address): boolean {
  if (FORBIDDEN_RANGES.has(address.range()) || METADATA.has(address.toString())) return true;
  const embedded = address.kind() === "ipv6" ? embeddedIpv4(address.toByteArray()) : undefined;
  return embedded !== undefined && isForbidden(embedded);
}

/** The IPv4 address that a translated or tunnelled IPv6 address ends up at. */
function embeddedIpv4(bytes: number[]): ipaddr.IPv4 | undefined {
  const startsWith = (...prefix: number[]) => prefix.every((byte, i) => bytes[i] === byte);
  const zeros = (count: number) => new Array<number>(count).fill(0);
  const last = new ipaddr.IPv4(bytes.slice(12));
  if (startsWith(0x20, 0x02)) return new ipaddr.IPv4(bytes.slice(2, 6)); // 6to4
  if (startsWith(0, 0x64, 0xff, 0x9b, ...zeros(8))) return last; // NAT64
  if (startsWith(0, 0x64, 0xff, 0x9b, 0, 1)) return last; // NAT64 of a network's own (RFC 8215)
  if (startsWith(...zeros(8), 0xff, 0xff, 0, 0)) return last; // IPv4-translated
  // IPv4-compatible; ::1 is of this form too and is the loopback address.
  return startsWith(...zeros(12)) && !startsWith(...zeros(15), 1) ? last : undefined;
}
