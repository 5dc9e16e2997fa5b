import { describe, expect, test } from "vitest";
import { parseCallbackPolicy } from "../../src/push/callback-policy.ts";

/** Names of a network that the tests make up. */
const NAMES: Record<string, string[]> = {
  "inside.test": ["127.0.0.1", "::1"],
  "mixed.test": ["127.0.0.1", "8.8.8.8"],
  "outside.test": ["8.8.8.8"],
  "metadata.test": ["169.254.169.254"],
  "empty.test": [],
};
const resolve = async (name: string) => {
  const addresses = NAMES[name];
  if (!addresses) throw new Error(`getaddrinfo ENOTFOUND ${name}`);
  return addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
};
const loopback = parseCallbackPolicy("127.0.0.0/8,::1/128", resolve);
const everything = parseCallbackPolicy("0.0.0.0/0, ::/0", resolve);

describe("a callback inside loopback", () => {
  test.each([
    "http://127.0.0.1",
    "https://127.0.0.1:8443/updates?x=1",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://0x7f.0.0.0x1/",
    "http://１２７.0.0.1/",
    "http://127.0.0.1./",
    "http://[::1]:9000/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://inside.test/",
  ])("%s is admitted", async (url) => {
    expect(await loopback.admitUrl(url)).toEqual({ allowed: true });
  });
});

describe("a callback elsewhere", () => {
  test.each([
    ["http://8.8.8.8/", "8.8.8.8"],
    ["http://134744072/", "8.8.8.8"],
    ["http://0x08080808/", "8.8.8.8"],
    ["http://010.010.010.010/", "8.8.8.8"],
    ["http://[::ffff:8.8.8.8]/", "[::ffff:808:808]"],
    ["http://[::ffff:0808:0808]/", "[::ffff:808:808]"],
    ["http://[2001:db8::1]/", "[2001:db8::1]"],
    ["http://[::127.0.0.1]/", "[::7f00:1]"],
    ["http://outside.test/", "8.8.8.8"],
    ["http://mixed.test/", "8.8.8.8"],
    ["http://empty.test/", "no address"],
    ["http://unknown.test/", "ENOTFOUND"],
    ["ftp://127.0.0.1/", "http or https"],
    ["file:///etc/passwd", "http or https"],
    ["http://user@127.0.0.1/", "credentials"],
    ["http://user:secret@127.0.0.1/", "credentials"],
    ["http://127.0.0.1/#", "fragment"],
    ["http://127.0.0.1/#part", "fragment"],
    ["http://127.0.0.1:0/", "port 0"],
    ["http://127.0.0.256/", "not a URL"],
    ["127.0.0.1:80", "not a URL"],
    ["", "not a URL"],
  ])("%s is refused, naming %s", async (url, named) => {
    const admission = await loopback.admitUrl(url);
    expect(admission).toMatchObject({ allowed: false, reason: expect.stringContaining(named) });
  });

  test("a refusal never repeats a password", async () => {
    const admission = await loopback.admitUrl("http://user:hunter2@127.0.0.1/");
    expect(JSON.stringify(admission)).not.toContain("hunter2");
  });
});

describe("even where everything is allowed", () => {
  test.each([
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xA9FEA9FE/",
    "http://0251.0376.0251.0376/",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[::a9fe:a9fe]/",
    "http://[::ffff:0:a9fe:a9fe]/",
    "http://[fe80::1]/",
    "http://[febf::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fd00:0ec2:0:0:0:0:0:0254]/",
    "http://[fd00:c1::a9fe:a9fe]/",
    "http://100.100.100.200/",
    "http://0.0.0.0/",
    "http://0/",
    "http://[::]/",
    "http://224.0.0.1/",
    "http://[ff02::1]/",
    "http://255.255.255.255/",
    "http://metadata.test/",
  ])("%s is refused", async (url) => {
    expect(await everything.admitUrl(url)).toMatchObject({ allowed: false });
  });

  test.each(["http://8.8.8.8/", "http://[2001:db8::1]/", "http://[fd00::1]/", "http://[::1]/"])(
    "%s is admitted",
    async (url) => {
      expect(await everything.admitUrl(url)).toEqual({ allowed: true });
    },
  );
});

describe("ports", () => {
  const policy = parseCallbackPolicy(
    "10.0.0.0/8@443,192.168.0.0/16@8000-8010,fd00::/8@80",
    resolve,
  );
  test.each([
    ["https://10.1.2.3/", true],
    ["http://10.1.2.3/", false],
    ["http://10.1.2.3:443/", true],
    ["http://192.168.1.1:8000/", true],
    ["http://192.168.1.1:8010/", true],
    ["http://192.168.1.1:8011/", false],
    ["http://192.168.1.1:7999/", false],
    ["http://[fd00::1]/", true],
    ["http://[fd00::1]:8000/", false],
  ])("%s: %s", async (url, allowed) => {
    expect((await policy.admitUrl(url)).allowed).toBe(allowed);
  });

  test("are asked about with an address", () => {
    expect(policy.allows("10.1.2.3", 443)).toBe(true);
    expect(policy.allows("::ffff:10.1.2.3", 443)).toBe(true);
    expect(policy.allows("10.1.2.3", 444)).toBe(false);
    expect(policy.allows("somewhere", 443)).toBe(false);
  });
});

describe("the text of CALLBACK_ALLOW", () => {
  test.each([
    ["10.0.0.0", "10.0.0.0"],
    ["127.0.0.0/8,,::1/128", '""'],
    ["10.0.0.0/33", "10.0.0.0/33"],
    ["10.1/8", "10.1/8"],
    ["fd00::/129", "fd00::/129"],
    ["::ffff:10.0.0.0/104", "IPv4"],
    ["localhost/8", "localhost/8"],
    ["10.0.0.0/8@", "10.0.0.0/8@"],
    ["10.0.0.0/8@0", "1 to 65535"],
    ["10.0.0.0/8@65536", "1 to 65535"],
    ["10.0.0.0/8@90-80", "90-80"],
    ["10.0.0.0/8@80-", "80-"],
    ["10.0.0.0/8@http", "@http"],
    ["10.0.0.0/8@80@81", "more than one @"],
    ["127.0.0.0/8; ::1/128", "; ::1"],
  ])("%s is refused, naming %s", (text, named) => {
    expect(() => parseCallbackPolicy(text)).toThrow(named);
  });

  test("may be empty, which allows nothing", async () => {
    expect(await parseCallbackPolicy("").admitUrl("http://127.0.0.1/")).toMatchObject({
      allowed: false,
    });
  });
});
