import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatNbdUri, isNbdUri, parseNbdUri } from "../../src/client/index.ts";

const tcp = (host: string, port = 10_809): object => ({ kind: "tcp", host, port });
const unix = (path: string): object => ({ kind: "unix", path });

describe("parseNbdUri", () => {
  it.each([
    ["nbd://example.com/disk", tcp("example.com"), "disk"],
    ["nbd://example.com/", tcp("example.com"), ""],
    ["nbd://example.com", tcp("example.com"), ""],
    ["nbd://example.com//disk", tcp("example.com"), "/disk"],
    ["nbd://example.com/hello%20world", tcp("example.com"), "hello world"],
    ["nbd://example.com/a/b%3Fc+d", tcp("example.com"), "a/b?c+d"],
    ["NBD://example.com:99/%C3%A9", tcp("example.com", 99), "é"],
    ["nbd://[::1]:99/x", tcp("::1", 99), "x"],
    ["nbd://[fe80::1%25eth0]", tcp("fe80::1%25eth0"), ""],
    ["nbd://10.0.0.1:", tcp("10.0.0.1"), ""],
    ["nbd:///x", tcp("localhost"), "x"],
    ["nbd://example.com/x?x-unknown=1&y", tcp("example.com"), "x"],
    ["nbd+unix:///disk?socket=sock", unix("sock"), "disk"],
    ["nbd+unix://?socket=/tmp/s", unix("/tmp/s"), ""],
    ["nbd+unix:///?socket=%00/abstract", unix("\0/abstract"), ""],
    ["nbd+unix:///?socket=/a%20b;c+d", unix("/a b;c+d"), ""],
    ["nbd+vsock://3:7/x", { kind: "vsock", cid: 3, port: 7 }, "x"],
    ["nbd+vsock:///", { kind: "vsock", cid: 2, port: 10_809 }, ""],
  ])("parses %s", (uri, target, exportName) => {
    expect(parseNbdUri(uri)).toEqual({ target, exportName });
  });

  it("parses the TLS parameters", () => {
    const query = "tls-type=psk&tls-hostname=h&tls-verify-peer=0&tls-certificates=/c&tls-psk-file=/p";
    expect(parseNbdUri(`nbds://eve@example.com/x?${query}`).tls).toEqual({
      type: "psk",
      hostname: "h",
      verifyPeer: false,
      certificates: "/c",
      pskFile: "/p",
      username: "eve",
    });
    expect(parseNbdUri("nbds+unix:///?socket=s").tls).toEqual({});
  });

  it.each([
    ["http://example.com/", /unknown scheme/],
    ["example.com", /no scheme/],
    ["nbd://example.com:0/", /port: "0"/],
    ["nbd://example.com:65536/", /port: "65536"/],
    ["nbd://example.com:12a/", /port: "12a"/],
    ["nbd://[::1/", /host/],
    ["nbd://::1/", /host/],
    ["nbd+unix:///x", /query: the parameter socket/],
    ["nbd+unix:///x?socket=", /query: the parameter socket/],
    ["nbd://example.com/%zz", /export name: "%zz"/],
    ["nbd://example.com/%ff", /export name: "%ff" is not percent-encoded UTF-8/],
    ["nbd://example.com/a%00b", /export name: contains a NUL/],
    ["nbd+unix:///?socket=%ff", /query parameter socket/],
    ["nbds://h/?tls-type=x", /query parameter tls-type/],
    ["nbds://h/?tls-verify-peer=2", /query parameter tls-verify-peer/],
    ["nbd+vsock://host/", /vsock number/],
  ])("refuses %s and names the wrong part", (uri, reason) => {
    expect(() => parseNbdUri(uri)).toThrow(
      expect.objectContaining({ code: "EINVAL", message: expect.stringMatching(reason) }),
    );
  });
});

describe("formatNbdUri", () => {
  it("formats arbitrary addresses so that parseNbdUri returns the same address", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 20 }).filter((name) => !name.includes("\0"));
    fc.assert(
      fc.property(
        text,
        text.filter((path) => path !== ""),
        (exportName, path) => {
          const address = { target: { kind: "unix", path }, exportName } as const;
          expect(parseNbdUri(formatNbdUri(address))).toEqual(address);
        },
      ),
    );
  });

  it.each([
    "nbd://h:10809/a",
    "nbd://[::1]:9/",
    "nbds://eve@h:9/x?tls-type=psk&tls-psk-file=/p",
    "nbd+vsock://3:7/",
  ])("keeps %s unchanged", (uri) => {
    expect(formatNbdUri(parseNbdUri(uri))).toBe(uri);
  });
});

it("isNbdUri distinguishes NBD URIs from file names", () => {
  expect(["nbd://x", "nbds+unix:///?socket=s", "nbd:x"].map(isNbdUri)).toEqual([true, true, true]);
  expect(["disk.img", "./nbd://x", "http://x", "-", "null:"].map(isNbdUri)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});
