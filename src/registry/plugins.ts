import type { AnyPlugin } from "../backend/component.ts";

type Load = () => Promise<{ readonly default: AnyPlugin }>;

/** The plugins in this package, each loaded only when it is named. */
export const builtInPlugins: Readonly<Record<string, Load>> = {
  example1: () => import("../plugins/example1.ts"),
  file: () => import("../plugins/file.ts"),
  memory: () => import("../plugins/memory.ts"),
  null: () => import("../plugins/null.ts"),
};
