import { setImmediate } from "node:timers/promises";
import type { Handle } from "../../src/contract/handle.ts";
import { definePlugin, type Plugin } from "../../src/contract/plugin.ts";
import type { MaybePromise } from "../../src/core/maybe-promise.ts";
import { blockyPlugin } from "../helpers/blocky-plugin.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { sectorDisk } from "../helpers/sector-disk.ts";

const size = 100_000;
const runs = 10;

/** A correct plugin whose clients share a disk. */
function sharing(change: (disk: Handle) => Partial<Handle> = () => ({})): Plugin {
  return definePlugin({
    name: "honest",
    configComplete: () => sectorDisk(Buffer.alloc(size, 7)),
    open: (disk): Handle => ({ ...disk, ...change(disk) }),
  });
}

testPlugin("a disk that all clients share, without multiConn", { plugin: sharing(), runs });
testPlugin("a disk that all clients share, with multiConn", {
  plugin: sharing(() => ({ multiConn: true })),
  runs,
});
testPlugin("a disk that three clients share", {
  plugin: sharing(() => ({ multiConn: true })),
  connections: 3,
  runs,
});
testPlugin("a disk for each client", {
  plugin: definePlugin({ name: "honest", open: () => sectorDisk(Buffer.alloc(size, 7)) }),
  runs,
});
testPlugin("a read-only disk", {
  plugin: sharing(() => ({ write: undefined!, trim: undefined!, zero: undefined! })),
  runs,
});
testPlugin("a read-only disk without extents", {
  plugin: definePlugin({
    name: "honest",
    open: () => ({ size: BigInt(size), read: (into) => void into.fill(0xf1) }),
  }),
  runs,
});
testPlugin("a disk that needs no flush", {
  plugin: sharing(() => ({ flush: undefined!, nativeFua: false })),
  runs,
});
testPlugin("an empty disk", { plugin: sharing(() => ({ size: 0n })), runs });

testPlugin("a disk in blocks of 512 bytes, which do not fill it", {
  plugin: blockyPlugin(size, { minimum: 512, maximum: 4096 }, true),
  runs,
});
testPlugin("a disk in blocks of 4096 bytes", {
  plugin: blockyPlugin(size, { minimum: 4096, maximum: 8192 }, true),
  runs,
});
testPlugin("a disk in blocks of 64 KiB", {
  plugin: blockyPlugin(size, { minimum: 65_536, maximum: 65_536 }, false),
  runs,
});

/** A correct plugin that answers everything later. */
const late = sharing((disk) => ({
  multiConn: true,
  async read(into, offset) {
    await setImmediate();
    return disk.read(into, offset);
  },
  async write(from, offset, flags) {
    await setImmediate();
    return disk.write!(from, offset, flags);
  },
  async zero(offset, length, flags) {
    await setImmediate();
    return disk.zero!(offset, length, flags);
  },
  async extents(offset, length, one) {
    const found = disk.extents!(offset, length, one);
    await setImmediate();
    return found;
  },
}));
testPlugin("a disk that answers later", { plugin: late, runs });

class Disk implements Handle {
  readonly size = BigInt(size);
  readonly multiConn = true;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(into: Uint8Array, offset: bigint): void {
    into.set(this.#bytes.subarray(Number(offset), Number(offset) + into.length));
  }

  write(from: Uint8Array, offset: bigint): void {
    this.#bytes.set(from, Number(offset));
  }

  flush(): void {}
}
class DiskPlugin implements Plugin {
  readonly name = "honest";
  readonly #bytes = Buffer.alloc(size, 7);

  open(): Handle {
    return new Disk(this.#bytes);
  }
}
testPlugin("instances of classes", { plugin: new DiskPlugin(), runs });
testPlugin("a frozen handle", {
  plugin: definePlugin({ name: "honest", open: () => Object.freeze(sectorDisk(Buffer.alloc(size))) }),
  runs,
});

/** Plugins that fail when they receive more requests at once than their thread model allows. */
for (const threadModel of [
  "serialize_connections",
  "serialize_all_requests",
  "serialize_requests",
  "parallel",
] as const) {
  testPlugin(`a disk with the thread model ${threadModel}`, {
    plugin: { ...counting(threadModel), threadModel },
    runs,
  });
}

function counting(threadModel: string): Plugin {
  let [all, clients] = [0, 0];
  const disk = sectorDisk(Buffer.alloc(size, 7));
  const alone = threadModel === "serialize_connections" || threadModel === "serialize_all_requests";
  return definePlugin({
    name: "counting",
    open() {
      if (++clients > 1 && threadModel === "serialize_connections") throw new Error("two clients at once");
      let own = 0;
      const count = async (perform: () => MaybePromise<void>): Promise<void> => {
        const isTooMuch = alone ? ++all > 1 : ++own > 1 && threadModel === "serialize_requests";
        if (isTooMuch) throw new Error("two requests at once");
        await setImmediate();
        if (alone) all--;
        else own--;
        return perform();
      };
      return {
        ...disk,
        multiConn: true,
        read: (into, offset) => count(() => disk.read(into, offset)),
        write: (from, offset, flags) => count(() => disk.write(from, offset, flags)),
        flush: () => count(() => {}),
        close: () => void clients--,
      };
    },
  });
}
