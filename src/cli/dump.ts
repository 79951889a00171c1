import { arch } from "node:os";
import { dirname, join } from "node:path";
import type { Chain } from "../chain/chain.ts";
import { failOnDeadlock } from "../chain/fail-on-deadlock.ts";
import { must } from "../core/assert.ts";
import { packageRoot } from "../core/package-root.ts";
import { compatibleVersion, ownVersion } from "../core/version.ts";
import { commandPath } from "../installation/package.ts";
import type { Components } from "../registry/assemble.ts";
import { directoryOf } from "../registry/directory.ts";
import { isExitWithParentSupported } from "../server/exit-with-parent.ts";
import type { Launch } from "../server/launch.ts";
import { rootCertificatesDirectory } from "../server/tls.ts";
import { options } from "./option-table.ts";
import { providedKeys } from "./provided-keys.ts";

export function versionText(components: Components | undefined): string {
  const lines = [`nbdkit ${compatibleVersion} (${ownVersion})`];
  if (components !== undefined) {
    for (const { definition } of [...components.filters, components.plugin])
      lines.push(`${definition.name} ${definition.version ?? compatibleVersion}`);
  }
  return `${lines.join("\n")}\n`;
}

export function longOptionsText(): string {
  const names = options.flatMap(({ long }) => long.map((name) => `--${name}`)).sort();
  return `${names.join("\n")}\n`;
}

export function shortOptionsText(): string {
  return `${options.flatMap(({ short }) => (short === undefined ? [] : [`-${short}`])).join("\n")}\n`;
}

/** nbdkit-probing(1): key=value, sorted, nothing else on stdout. */
export function configText(launch: Launch): string {
  const root = packageRoot();
  const [major, minor] = compatibleVersion.split(".");
  const values: Record<string, string> = {
    binary: commandPath(),
    bindir: dirname(commandPath()),
    exit_with_parent: yesNo(isExitWithParentSupported(launch)),
    filterdir: directoryOf("filter"),
    host_cpu: cpuNames[arch()] ?? arch(),
    host_os: systemNames[process.platform] ?? process.platform,
    libdir: join(root, "dist"),
    mandir: join(root, "dist", "man"),
    max_api_version: "2",
    name: "nbdkit",
    plugindir: directoryOf("plugin"),
    root_tls_certificates_dir: rootCertificatesDirectory,
    run_default_socket: "Unix",
    sbindir: dirname(commandPath()),
    selinux: yesNo(isLinux),
    soext: "js",
    sysconfdir: "/etc",
    timeout_option: "yes",
    tls: "yes",
    version: compatibleVersion,
    version_extra: ownVersion,
    version_major: must(major),
    version_minor: must(minor),
    vsock_option: yesNo(isLinux),
    zstd: "no",
  };
  return keyValues(values);
}

/** SELinux and vsock exist only on Linux. */
const isLinux: boolean = process.platform === "linux";

/** CPU names in the form of `config.guess`, as nbdkit prints them. */
const cpuNames: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64", ia32: "i686" };
const systemNames: Readonly<Record<string, string>> = {
  linux: "linux-gnu",
  darwin: "darwin",
  freebsd: "freebsd",
};

/** nbdkit-probing(1) and nbdkit-plugin(3), "--dump-plugin". */
export async function pluginText({ plugin, filters }: Components, chain: Chain): Promise<string> {
  const { definition, path } = plugin;
  const common = {
    path: path(),
    name: definition.name,
    version: definition.version ?? compatibleVersion,
    api_version: "2",
    // No struct size: plugins are JavaScript objects, not C structs.
    struct_size: "0",
    max_thread_model: "parallel",
    // Only sets the position of the key; the value comes from the chain.
    thread_model: "",
    errno_is_preserved: "1",
    ...(definition.magicKey === undefined ? {} : { magic_config_key: definition.magicKey }),
  };
  const has = Object.fromEntries(providedKeys(definition).map((key) => [`has_${key}`, "1"]));
  let text = keyValues({ ...common, ...has, ...(await chain.dumpPlugin()) });
  // As nbdkit, from the innermost filter to the outermost.
  for (const filter of [...filters].reverse()) {
    const { name } = filter.definition;
    text += keyValues({ [`${name}_path`]: filter.path(), [`${name}_name`]: name });
    text += keyValues((await failOnDeadlock(`${name}'s dumpPlugin`, filter.definition.dumpPlugin?.())) ?? {});
  }
  return text;
}

function keyValues(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}
