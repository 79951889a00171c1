import { connect } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import type { Watch } from "../../src/native/binding.ts";
import { native } from "../../src/native/load.ts";
import { Folder } from "../helpers/folder.ts";
import { turn } from "../helpers/memory-session.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

it("a watch reports a waiting client, and reports nothing after it is closed", async () => {
  using folder = new Folder();
  const path = folder.join("socket");
  const fd = native().listenUnix(path);
  let calls = 0;
  const watch = await new Promise<Watch>((resolve) => {
    const waiting: Watch = new (native().Watch)(fd, (readable) => {
      calls++;
      if (readable) resolve(waiting);
    });
    waiting.want(true, false);
    connect(path)
      .on("error", () => {})
      .unref();
  });
  watch.close();
  const before = calls;
  for (let i = 0; i < 5; i++) await turn();
  expect(calls).toBe(before);
  native().closeDescriptor(fd);
});

it("a closed watch and the objects of its callback can be garbage-collected", async () => {
  using folder = new Folder();
  const fd = native().listenUnix(folder.join("socket"));
  const known = (() => {
    const owner: { watch?: Watch } = {};
    owner.watch = new (native().Watch)(fd, () => owner);
    owner.watch.want(true, false);
    owner.watch.close();
    return new WeakRef(owner);
  })();
  for (let i = 0; i < 5; i++) {
    await turn();
    collectGarbage();
  }
  expect(known.deref()).toBeUndefined();
  native().closeDescriptor(fd);
});
