import type { Handle } from "../contract/handle.ts";
import { boolean, integer, type Parameter, size } from "../contract/parameter.ts";
import { definePlugin, type Plugin } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { formatSize } from "../core/size.ts";
import { BlockMap, blocksMax } from "./sparse-random/block-map.ts";
import { SparseRandomDisk } from "./sparse-random/disk.ts";

/** The largest block with random content: a read of its last byte computes the whole block. */
const randomBlockMax: bigint = 32n * 1024n ** 2n;

/** The share of data in percent. It may have a fraction. */
const percent: Parameter<number> & { readonly default: number } = {
  min: 0,
  max: 100,
  parse(text) {
    const [, number] = /^\s*\+?((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)%?$/i.exec(text) ?? [];
    const value = Number(number ?? Number.NaN);
    if (value >= 0 && value <= 100) return value;
    throw new NbdError("EINVAL", `cannot parse percent parameter: ${text}: use a number from 0 to 100`);
  },
  placeholder: "PERCENT",
  help: "The share of data in percent",
  default: 10,
};

/**
 * A disk with runs of random data between holes, as on a virtual machine. The same seed gives the same disk
 * as nbdkit (nbdkit-sparse-random-plugin(1)). A write succeeds only if it changes nothing.
 */
const sparseRandom: Plugin = definePlugin({
  name: "sparse-random",
  longname: "nbdkit sparse-random plugin",
  description: "Runs of random data between holes; writing checks that they are the same",
  parameters: {
    size: size({ required: true, help: "Size of the disk, at most 16G blocks" }),
    blocksize: size({
      min: 1024n,
      max: 2n ** 28n,
      powerOfTwo: true,
      default: 4096n,
      help: "Size of the blocks that runs of data and holes consist of",
    }),
    seed: integer({
      min: 0,
      max: 2 ** 32 - 1,
      defaultText: "random",
      help: "The same seed gives the same disk",
    }),
    percent,
    runlength: size(
      { min: 1n, default: 16n * 1024n ** 2n, placeholder: "BYTES", help: "Average length of a run of data" },
      (key) => `${key} parameter must be > 0`,
    ),
    "random-content": boolean({ default: false, help: "Random value for each byte, not for each block" }),
  },
  magicKey: "size",
  provides: ["write", "flush", "trim", "zero", "extents", "cache", "multiConn", "blockSize"],
  configComplete({ seed: given = Math.floor(Math.random() * 2 ** 32), size, blocksize, ...values }): Handle {
    const randomContent = values["random-content"];
    checkBlocks(size, blocksize, randomContent);
    const [seed, blockBytes] = [BigInt(given), Number(blocksize)];
    const shape = { blockBytes, percent: values.percent, runBytes: Number(values.runlength) };
    return new SparseRandomDisk({ size, seed, blockBytes, map: new BlockMap(seed, shape), randomContent });
  },
  // All clients share one disk, which has no state except the computed block map.
  open: (disk) => disk,
});

export default sparseRandom;

function checkBlocks(size: bigint, blocksize: bigint, randomContent: boolean): void {
  const most = blocksMax * blocksize;
  if (size > most) {
    throw new NbdError(
      "EINVAL",
      `size=${formatSize(size)} is too large: use ${formatSize(most)} or less, or a larger blocksize=`,
    );
  }
  if (!randomContent || blocksize <= randomBlockMax) return;
  const limit = formatSize(randomBlockMax);
  throw new NbdError("EINVAL", `blocksize with random-content=true: use ${limit} or less`);
}
