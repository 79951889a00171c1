import { describe, expect, it } from "vitest";
import type { Client } from "../../src/contract/plugin.ts";
import { parseRules } from "../../src/filters/ip/rules.ts";
import ip from "../../src/filters/ip.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { Certificates, certificateTools, clientDn } from "../helpers/certificates.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { someClient } from "../helpers/hosts.ts";
import { outcomeOf } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";
import { overMemory } from "./disks.ts";

testPlugin("ip over memory", { ...overMemory(ip, { allow: "any", deny: "10.0.0.0/8" }), runs: 5 });

const v4 = { peer: { family: "tcp", address: "192.168.1.77", port: 5 } } as const;
/** An IPv4 client on a dual-stack socket. */
const mapped = { peer: { ...v4.peer, address: "::ffff:192.168.1.77" } } as const;
const loopback4 = { peer: { family: "tcp", address: "127.0.0.2", port: 5 } } as const;
const loopback6 = { peer: { family: "tcp", address: "::1", port: 5 } } as const;
const mappedLoopback = { peer: { ...v4.peer, address: "::ffff:127.0.0.1" } } as const;
const v6 = { peer: { family: "tcp", address: "2001:db8::1", port: 5 } } as const;
const unix = { peer: { family: "unix", pid: 99, uid: 1000, gid: 100, securityContext: "me:t:s0" } } as const;
const vsock = { peer: { family: "vsock", address: "3", port: 10 } } as const;
const stdio = { peer: { family: "stdio" } } as const;
const named = { tlsDn: "CN=client,O=Two\\, with comma", tlsIssuerDn: "CN=authority,O=Example" } as const;

describe("a rule", () => {
  it.each<[string, Partial<Client>[]]>([
    ["any", [v4, mapped, v6, unix, vsock, stdio, {}]],
    ["ALL", [v4, mapped, v6, unix, vsock, stdio, {}]],
    ["anyipv4", [v4, mapped]],
    ["allipv6", [v6]],
    ["anyunix", [unix]],
    ["allvsock", [vsock]],
    ["192.168.1.77", [v4, mapped]],
    ["192.168.1.78", []],
    ["192.168.0.0/16", [v4, mapped]],
    ["0.0.0.0/0", [v4, mapped]],
    ["192.168.1.76/31", [v4, mapped]],
    ["192.168.1.76/32", []],
    ["2001:db8::1", [v6]],
    ["2001:db8::/32", [v6]],
    ["::/0", [mapped, v6]],
    ["::ffff:192.168.1.77", [v4, mapped]],
    ["::FFFF:c0a8:14d", [v4, mapped]],
    ["0:0:0:0:0:ffff:192.168.1.77/128", [v4, mapped]],
    ["::ffff:192.168.1.76/127", [v4, mapped]],
    ["::ffff:192.168.1.76/128", []],
    ["::ffff:192.168.0.0/112", [v4, mapped]],
    ["::ffff:0:0/96", [v4, mapped]],
    ["::ffff:0:0/95", [mapped]],
    ["::ffff:10.0.0.0/104", []],
    ["::192.168.1.77", []],
    ["2001:db9::/32", []],
    ["pid:99", [unix]],
    ["pid:98", []],
    ["uid:1000", [unix]],
    ["gid:100", [unix]],
    ["security:me:t:s0", [unix]],
    ["vsock-cid:3", [vsock]],
    ["vsock-port:10", [vsock]],
    ["dn:CN=client,O=Two\\\\, with comma", [named]],
    ["dn:CN=client,O=Two\\, with comma", []],
    ["dn:cn=CLIENT,*", [named]],
    ["dn:[A-C][!A-C]=*", [named]],
    ["dn:CN=client,O=Two[\\\\], with [b-d]omma", [named]],
    ["dn:*[", []],
    ["dn:*[]a]", [named]],
    ["dn:CN=client,*", [named]],
    ["dn:CN=clien?,O=Two*", [named]],
    ["dn:CN=client", []],
    ["issuer-dn:CN=authority,O=Example", [named]],
  ])("%s matches the expected clients", (text, expected) => {
    const [rule, ...others] = parseRules(text, "allow");
    expect(others).toEqual([]);
    const clients: Partial<Client>[] = [v4, mapped, v6, unix, vsock, stdio, named, {}];
    const matched = clients.filter((client) => rule!.matches({ ...someClient, ...client }));
    // `any` also matches a client about which nothing is known.
    expect(matched).toEqual(text.length === 3 ? clients : expected);
  });

  it.each<[string, Partial<Client>[]]>([
    ["loopback", [loopback4, loopback6, mappedLoopback]],
    ["Loopback", [loopback4, loopback6, mappedLoopback]],
    ["loopbackipv4", [loopback4, mappedLoopback]],
    ["loopbackv4", [loopback4, mappedLoopback]],
    ["loopback4", [loopback4, mappedLoopback]],
    ["loopbackipv6", [loopback6]],
    ["loopbackv6", [loopback6]],
    ["loopback6", [loopback6]],
  ])("%s matches the loopback addresses", (text, expected) => {
    const [rule] = parseRules(text, "allow");
    const clients = [v4, mapped, v6, unix, vsock, loopback4, loopback6, mappedLoopback];
    expect(clients.filter((client) => rule?.matches({ ...someClient, ...client }))).toEqual(expected);
  });

  it("may end with a comma, unless it is a distinguished name, which may contain commas", () => {
    const texts = (text: string) => parseRules(text, "allow").map((rule) => rule.text);
    expect(texts("any,1.2.3.4,pid:1")).toEqual(["any", "1.2.3.4", "pid:1"]);
    expect(texts("any,1.2.3.4,")).toEqual(["any", "1.2.3.4"]);
    expect(texts("")).toEqual([]);
    expect(texts("dn:CN=a,any")).toEqual(["dn:CN=a,any"]);
    expect(texts("issuer-dn:CN=a,O=b\\, c,uid:5,")).toEqual(["issuer-dn:CN=a,O=b\\, c,uid:5,"]);
  });

  it.each([
    [",", "allow: empty entry in rule list"],
    [",any", "allow: empty entry in rule list"],
    ["any,,any", "allow: empty entry in rule list"],
    ["foo", "don't know how to parse rule: allow=foo: use"],
    ["foo:1", "don't know how to parse rule: allow=foo:1"],
    ["1.2.3.4/33", "allow=1.2.3.4/33: 33 is out of range: use 0 to 32"],
    ["::1/129", "use 0 to 128"],
    ["dn:[z-a]", "[z-a]: a range such as [z-a] is empty: write [a-z]"],
    ["dn:[[:alpha:]]", "classes of characters are not supported"],
    ["1.2.3", "don't know how to parse rule"],
    ["pid:0", "pid: 0 is out of range"],
    ["uid:-1", "uid: negative numbers are not allowed"],
  ])("%j is refused", (text, message) => {
    expect(() => parseRules(text, "allow")).toThrow(message);
  });
});

describe("ip", () => {
  const refused = "client not permitted to connect because of source address restriction";
  const admit = async (parameters: Record<string, string | readonly string[]>, client: Partial<Client>) => {
    await using session = await TestedChain.start(overMemory(ip, parameters));
    await session.open(client);
  };

  it.each<[Record<string, string | readonly string[]>, Partial<Client>, boolean]>([
    [{}, v4, true],
    [{ deny: "any" }, v4, false],
    [{ deny: "192.168.0.0/16" }, mapped, false],
    [{ allow: "192.168.0.0/16", deny: "any" }, v4, true],
    [{ allow: "192.168.0.0/16", deny: "any" }, v6, false],
    [{ allow: "192.168.0.0/16" }, v6, true],
    [{ allow: ["uid:5", "uid:1000"], deny: "any" }, unix, true],
    [{ allow: "dn:CN=client,*", deny: "any" }, { ...v4, ...named }, true],
    [{ allow: "dn:CN=other", deny: "any" }, { ...v4, ...named }, false],
    [{ deny: "any", allow: "uid:0" }, { peer: { family: "unix" } }, false],
    [{ deny: "::ffff:192.168.1.77" }, v4, false],
    [{ deny: "::ffff:192.168.1.77" }, { peer: { ...v4.peer, address: "0:0:0:0:0:FFFF:c0a8:014d" } }, false],
    [{ deny: "uid:7" }, unix, true],
    [{ deny: "vsock-cid:2" }, vsock, true],
  ])("ip with %j accepts the client %j: %s", async (parameters, client, welcome) => {
    if (welcome) await admit(parameters, client);
    else await expect(admit(parameters, client)).rejects.toMatchObject({ code: "EPERM", message: refused });
  });

  it.each(["uid:7", "gid:7", "pid:7"])(
    "ip refuses a client by deny=%s when the system does not identify the client",
    async (deny) => {
      await expect(admit({ deny }, { peer: { family: "unix" } })).rejects.toMatchObject({ message: refused });
      await expect(admit({ deny, allow: deny }, { peer: { family: "unix" } })).rejects.toThrow(refused);
    },
  );

  it.each(["uid:7", "anyunix", "anyipv4", "anyipv6", "anyvsock", "10.0.0.0/8", "vsock-cid:3", "security:x"])(
    "ip refuses a client on pipes by deny=%s and does not accept it by allow=",
    async (rule) => {
      await expect(admit({ deny: rule }, stdio)).rejects.toThrow(refused);
      await expect(admit({ allow: rule, deny: "any" }, stdio)).rejects.toThrow(refused);
      await admit({ allow: rule }, stdio);
    },
  );

  it("ip checks after the TLS handshake only if a rule asks for a certificate, and shows refused clients no export names", async () => {
    await using early = await TestedChain.start(overMemory(ip, { deny: "any" }));
    await expect(early.chain.preconnect(someClient)).rejects.toThrow(refused);
    await using late = await TestedChain.start(overMemory(ip, { allow: "dn:CN=a", deny: "any" }));
    await late.chain.preconnect(someClient);
    await expect(late.chain.listExports(someClient)).rejects.toThrow(refused);
    await expect(late.chain.defaultExport(someClient)).rejects.toThrow(refused);
  });

  it("ip logs its rules and their matches with -D ip.rules=1", async () => {
    const options = {
      ...overMemory(ip, { allow: "allunix,loopback4", deny: "all" }),
      debugFlags: { rules: 1 },
    };
    await using session = await TestedChain.start(options);
    await expect(session.open(v4)).rejects.toThrow(refused);
    expect(session.debugLines).toEqual([
      "ip: parsed allow=anyunix",
      "ip: parsed allow=loopbackv4",
      "ip: parsed deny=any",
      "ip: match client with allow=anyunix => no",
      "ip: match client with allow=loopbackv4 => no",
      "ip: match client with deny=any => yes",
    ]);
  });
});

describeWith(["nbdinfo"], "ip and real clients", () => {
  /**
   * The client is a child of the shell. It has the PID of the shell if it is the last command, which the
   * shell execs.
   */
  it.each([
    ["allow=anyunix deny=all", true],
    ["deny=anyunix", false],
    ["allow=uid:$(id -u) deny=all", true],
    ["allow=uid:4242 deny=all", false],
    ["allow=gid:$(id -g) deny=all", true],
    ["allow=pid:1 deny=all", false],
  ])("ip with %s accepts a client on a Unix socket: %s", async (rules, welcome) => {
    await using sandbox = new Sandbox();
    const script = `"$nbdkit" -U - --filter=ip null 1M ${rules} --run 'nbdinfo --size "$uri"'`;
    const { stdout, stderr } = await sandbox.sh(script);
    expect(stdout).toBe(welcome ? "1048576\n" : "");
    if (!welcome) expect(stderr).toContain("client not permitted to connect");
  });

  it("ip knows the process of a client", async () => {
    await using sandbox = new Sandbox();
    const script = `"$nbdkit" -U sock -P pid --filter=ip null 1M allow=pid:$$ deny=all &&
      until test -s pid; do sleep 0.01; done && exec nbdinfo --size 'nbd+unix:///?socket=sock'`;
    const { stdout } = await sandbox.sh(script);
    const end = await sandbox.sh("kill $(cat pid)");
    expect([stdout, end.status]).toEqual(["1048576\n", 0]);
    await sandbox.empty();
  });

  it.each([
    ["127.0.0.0/8", true],
    ["127.0.0.1,::1", true],
    ["loopback", true],
    ["loopback6", false],
    ["anyipv6,10.0.0.0/8", false],
  ])("ip with allow=%s deny=any accepts a client from 127.0.0.1: %s", async (allow, welcome) => {
    await using sandbox = new Sandbox();
    const args = ["-i", "127.0.0.1", "-p", "0", "--filter=ip", "null", "1M", `allow=${allow}`, "deny=any"];
    const { stdout } = await sandbox.nbdkit([...args, "--run", 'nbdinfo --size "$uri"']);
    expect(stdout).toBe(welcome ? "1048576\n" : "");
  });
});

describeWith(["nbdinfo", ...certificateTools], "ip and certificates", () => {
  it("ip accepts only clients with a matching certificate", async () => {
    using keys = await Certificates.make();
    await using sandbox = new Sandbox();
    const size = async (rules: string): Promise<string> => {
      const args = ["-U", "-", "--tls=require", "--tls-verify-peer", "--tls-certificates", keys.pki];
      const script = `nbdinfo --size "nbds+unix:///?socket=$unixsocket&tls-certificates=${keys.pki}"`;
      const { stdout } = await sandbox.nbdkit([
        ...[...args, "--filter=ip", "null", "1M", `allow=${rules}`, "deny=any"],
        ...["--run", script],
      ]);
      return stdout;
    };
    expect(await size(`dn:${clientDn.replace("\\", "\\\\")}`)).toBe("1048576\n");
    expect(await size("issuer-dn:CN=test authority,*")).toBe("1048576\n");
    expect(await size("dn:CN=another client")).toBe("");
  });
});

describeWith(["python3"], "ip with -s", () => {
  /** Starts a server on a connected socket, and prints whether it sends a greeting to its client. */
  const superserver = `import os, socket, subprocess, sys
family, rules = sys.argv[1], [rule.replace("ME", str(os.getpid())) for rule in sys.argv[2:]]
if family == "unix":
    ours, theirs = socket.socketpair()
else:
    address = "127.0.0.1" if family == "ipv4" else "::1"
    listener = socket.create_server((address, 0), family=socket.AF_INET if family == "ipv4" else socket.AF_INET6)
    ours = socket.create_connection(listener.getsockname()[:2])
    theirs, _ = listener.accept()
server = subprocess.Popen([os.environ["nbdkit"], "-s", "--filter=ip", "null", *rules], stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL)
theirs.close()
try:
    print("in" if ours.recv(8) == b"NBDMAGIC" else "out")
except ConnectionResetError:
    print("out")
ours.close()
server.wait()`;

  it.each([
    ["unix", "in", ["allow=pid:ME", "deny=all"]],
    ["unix", "out", ["deny=pid:ME"]],
    ["unix", "in", ["deny=pid:1"]],
    ["unix", "out", [`deny=uid:${process.getuid?.()}`]],
    ["unix", "in", [`allow=gid:${process.getgid?.()}`, "deny=all"]],
    ["unix", "out", ["deny=anyunix"]],
    ["unix", "in", ["deny=anyipv4,anyipv6"]],
    ["ipv4", "out", ["deny=127.0.0.0/8"]],
    ["ipv4", "out", ["deny=::ffff:127.0.0.1"]],
    ["ipv4", "in", ["deny=anyunix,uid:0"]],
    ["ipv6", "out", ["deny=::1"]],
    ["ipv6", "in", ["deny=anyipv4"]],
  ])("ip identifies a client on the socket of -s (%s, %s with %j)", async (family, outcome, rules) => {
    await using sandbox = new Sandbox();
    const { stdout, stderr } = await outcomeOf(
      sandbox.start("python3", ["-c", superserver, family, ...rules]),
    );
    expect({ stdout, stderr }).toEqual({ stdout: `${outcome}\n`, stderr: "" });
  });
});
