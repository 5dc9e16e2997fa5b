/** Ways to write where a callback must not go: one port of 127.0.0.1 is the only place where it may. */

export interface Place {
  /** Of the allowed receiver on 127.0.0.1, and of canaries on other addresses. */
  readonly port: number;
  /** Of a canary on 127.0.0.1. */
  readonly otherPort: number;
}

/** Of 127.0.0.2, where a canary listens, as the host of a URL. */
const CANARY_HOSTS = [
  "127.0.0.2",
  "127.2",
  "127.0.2",
  "127.0.0.02",
  "127.0.0.2.",
  "2130706434",
  "2130706434.",
  "0x7f000002",
  "0X7F000002",
  "0x7f.0.0.2",
  "0x7f.0x2",
  "0x0000007f.0.0.0x00000002",
  "0177.0.0.2",
  "0177.2",
  "00000177.0.0.0002",
  "017700000002",
  "%31%32%37.0.0.2",
  "127%2e0%2e0%2e2",
  "127.0.0.%32",
  "0%78%37f000002",
  "１２７.０.０.２",
  "127。0。0。2",
  "127．0．0．2",
  "127｡0｡0｡2",
  "①②⑦.0.0.②",
  "𝟏𝟐𝟕.0.0.𝟐",
  "127.\t0.0.2",
  "127.0.0\u00ad.2",
  "[::ffff:127.0.0.2]",
  "[::ffff:7f00:2]",
  "[::FFFF:7F00:0002]",
  "[0:0:0:0:0:ffff:7f00:2]",
  "[0000:0000:0000:0000:0000:ffff:127.0.0.2]",
  "[::127.0.0.2]",
  "[::7f00:2]",
  "[::ffff:0:127.0.0.2]",
  "[64:ff9b::127.0.0.2]",
  "[64:ff9b::7f00:2]",
  "[64:ff9b:1::7f00:2]",
  "[2002:7f00:2::]",
  "[2002:7f00:2::1]",
  "[2001:0:7f00:2::80ff:fffd]",
  "[fe80::5efe:127.0.0.2]",
];

/** Of other places on this machine, and of some that no test can listen at. */
const OTHER_HOSTS = [
  "[::1]",
  "[0:0:0:0:0:0:0:1]",
  "[0::0001]",
  "[::1%25lo]",
  "[::1%lo]",
  "[::0.0.0.1]",
  "127.255.255.254",
  "0.0.0.0",
  "0",
  "0x0",
  "00.0.0.0",
  "[::]",
  "[::ffff:0.0.0.0]",
  "255.255.255.255",
  "224.0.0.1",
  "169.254.169.254",
  "0xa9fea9fe",
  "[::ffff:169.254.169.254]",
  "[fd00:ec2::254]",
  "[fe80::1%25lo]",
  "10.0.0.1",
  "8.8.8.8",
];

/** Names that the test's network knows; each leads elsewhere, at least in part. */
export const NAMES: Record<string, string[]> = {
  "elsewhere.test": ["127.0.0.2"],
  "mixed.test": ["127.0.0.1", "127.0.0.2"],
  "mixed-the-other-way.test": ["127.0.0.2", "127.0.0.1"],
  "six.test": ["::1"],
  "mixed-six.test": ["127.0.0.1", "::1"],
  "mapped.test": ["::ffff:127.0.0.2"],
  "mapped-hex.test": ["::ffff:7f00:2"],
  "zone.test": ["fe80::1%lo"],
  "unspecified.test": ["0.0.0.0"],
  "metadata.test": ["169.254.169.254"],
  "nowhere.test": [],
  // Everywhere else it leads to 127.0.0.1, or to ::1.
  localhost: ["127.0.0.2"],
  "xn--bcher-kva.test": ["127.0.0.2"],
};
const NAME_HOSTS = [
  ...Object.keys(NAMES),
  "ELSEWHERE.TEST",
  "elsewhere.test.",
  "else%77here.test",
  "ｅlsewhere.test",
  "LocalHost",
  "bücher.test",
  "unknown.test",
];

/** Whole URLs that are not what they look like. */
function trickUrls({ port, otherPort }: Place): string[] {
  return [
    `http://127.0.0.1@127.0.0.2:${port}/`,
    `http://127.0.0.1:${port}@127.0.0.2:${port}/`,
    `http://127.0.0.1%00@127.0.0.2:${port}/`,
    `http://@127.0.0.2:${port}/`,
    `http:///127.0.0.2:${port}/`,
    `http:127.0.0.2:${port}/`,
    `http:\\\\127.0.0.2:${port}/`,
    `http:/\\127.0.0.2:${port}\\`,
    `http://127.0.0.2:${port}\\@127.0.0.1:${port}/`,
    `http://127.0.0.2:${port}#@127.0.0.1:${port}/`,
    `http://127.0.0.2:${port}?@127.0.0.1:${port}/`,
    `HTTP://127.0.0.2:${port}/`,
    ` http://127.0.0.2:${port}/`,
    `ht\ntp://127.0.0.2:${port}/`,
    `http://127.0.0.2:0${port}/`,
    `http://127.0.0.1:${otherPort}/`,
    `http://127.1:00${otherPort}/`,
    `http://2130706433:${otherPort}/`,
    `http://127.0.0.1/`,
    `https://127.0.0.1/`,
    `http://127.0.0.1:0/`,
    `http://127.0.0.1:${port + 65_536}/`,
    `http://:${port}/`,
    `http://./`,
    `http://..:${port}/`,
    "http://",
    "http://%/",
    `http://127.0.0.258:${port}/`,
    `http://127.0.0.0.2:${port}/`,
    `http://4294967296:${port}/`,
    `ftp://127.0.0.1:${port}/`,
    `ws://127.0.0.1:${port}/`,
    `unix:///tmp/socket`,
    "file:///etc/passwd",
    "data:text/plain,x",
    "",
  ];
}

/** What no callback may look like, although it leads to the allowed place. */
export function misplacedUrls({ port }: Place): string[] {
  return [
    `http://user@127.0.0.1:${port}/`,
    `http://user:word@127.0.0.1:${port}/`,
    `http://:word@127.0.0.1:${port}/`,
    `http://127.0.0.1:${port}/#part`,
    `http://127.0.0.1:${port}/\u0000`,
    `http://127.0.0.1:${port}/ü`,
  ];
}

export function forbiddenUrls(place: Place): string[] {
  const hosts = [...CANARY_HOSTS, ...OTHER_HOSTS, ...NAME_HOSTS];
  return [
    ...hosts.map((host) => `http://${host}:${place.port}/`),
    ...hosts.map((host) => `https://${host}:${place.port}/tables?x=1`),
    ...trickUrls(place),
  ];
}

/** Spellings of the allowed place itself: these must be let through. */
export function allowedUrls({ port }: Place): string[] {
  const hosts = ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1."];
  return [
    ...hosts.map((host) => `http://${host}:${port}/`),
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://here.test:${port}/`,
    // What follows a path or a query is no host.
    `http://127.0.0.1:${port}/@127.0.0.2:${port}/`,
    `http://127.0.0.1:${port}\\@127.0.0.2:${port}/`,
    `http://127.0.0.1:${port}?@127.0.0.2:${port}/`,
  ];
}
