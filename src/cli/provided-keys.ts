import type { AnyPlugin } from "../chain/component.ts";
import type { Handle } from "../contract/handle.ts";

/** The `has_` keys of --dump-plugin: the nbdkit callbacks that this plugin implements, in nbdkit's order. */
export function providedKeys(plugin: AnyPlugin): readonly string[] {
  const handles = new Set<keyof Handle>(plugin.provides ?? []);
  const has = Object.keys(plugin.parameters ?? {}).length > 0;
  const callbacks: readonly (readonly [key: string, provided: boolean])[] = [
    ["longname", plugin.longname !== undefined],
    ["description", plugin.description !== undefined],
    ["load", plugin.load !== undefined],
    ["unload", plugin.unload !== undefined],
    ["dump_plugin", plugin.dumpPlugin !== undefined],
    ["config", has],
    ["config_complete", plugin.configComplete !== undefined],
    ["config_help", has],
    ["thread_model", plugin.threadModel !== undefined],
    ["get_ready", plugin.getReady !== undefined],
    ["after_fork", plugin.afterFork !== undefined],
    ["cleanup", plugin.cleanup !== undefined],
    ["preconnect", plugin.preconnect !== undefined],
    ["list_exports", plugin.listExports !== undefined],
    ["default_export", plugin.defaultExport !== undefined],
    ["open", true],
    ["close", handles.has("close")],
    ["export_description", handles.has("description")],
    ["get_size", true],
    ["block_size", handles.has("blockSize")],
    ["can_write", handles.has("write")],
    ["can_flush", handles.has("flush")],
    ["is_rotational", handles.has("rotational")],
    ["can_trim", handles.has("trim")],
    ["can_zero", handles.has("zero")],
    ["can_fast_zero", handles.has("fastZero")],
    ["can_extents", handles.has("extents")],
    ["can_fua", handles.has("nativeFua")],
    ["can_multi_conn", handles.has("multiConn")],
    ["can_cache", handles.has("cache")],
    ["pread", true],
    ["pwrite", handles.has("write")],
    ["flush", handles.has("flush")],
    ["trim", handles.has("trim")],
    ["zero", handles.has("zero")],
    ["extents", handles.has("extents")],
    ["cache", handles.has("cache")],
  ];
  return callbacks.filter(([, provided]) => provided).map(([key]) => key);
}
