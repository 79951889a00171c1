import type { AnyPlugin } from "../chain/component.ts";

type Load = () => Promise<{ readonly default: AnyPlugin }>;

/** The plugins of this package. Each is loaded only when it is used. */
export const builtInPlugins: Readonly<Record<string, Load>> = {
  data: () => import("../plugins/data.ts"),
  eval: () => import("../plugins/eval.ts"),
  example1: () => import("../plugins/example1.ts"),
  example2: () => import("../plugins/example2.ts"),
  example3: () => import("../plugins/example3.ts"),
  file: () => import("../plugins/file.ts"),
  full: () => import("../plugins/full.ts"),
  info: () => import("../plugins/info.ts"),
  memory: () => import("../plugins/memory.ts"),
  nbd: () => import("../plugins/nbd.ts"),
  null: () => import("../plugins/null.ts"),
  ones: () => import("../plugins/ones.ts"),
  pattern: () => import("../plugins/pattern.ts"),
  random: () => import("../plugins/random.ts"),
  sh: () => import("../plugins/sh.ts"),
  "sparse-random": () => import("../plugins/sparse-random.ts"),
  split: () => import("../plugins/split.ts"),
  zero: () => import("../plugins/zero.ts"),
};
