import { existsSync } from "node:fs";
import { defineFilter, type Filter } from "../contract/filter.ts";
import { choice, type Parameter, type Parameters, path } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { parseProbability } from "../core/values.ts";
import { intercept, type Operation } from "../kit/intercept.ts";

/** When and how requests of one kind fail. */
interface Setting {
  /** nbdkit's name of the requests. */
  readonly name: string;
  readonly code: string;
  /** Probability from 0 to 1. */
  readonly rate: number;
  /** Requests fail only while this file exists. */
  readonly file: string | undefined;
}

/** nbdkit's names of the requests. */
const kinds = {
  read: "pread",
  write: "pwrite",
  trim: "trim",
  zero: "zero",
  extents: "extents",
  cache: "cache",
} as const satisfies Partial<Record<Operation["kind"], string>>;

const codes = ["EPERM", "EIO", "ENOMEM", "EINVAL", "ENOSPC", "ESHUTDOWN"] as const;

/** Makes requests fail: nbdkit-error-filter(1). */
const error: Filter = defineFilter({
  name: "error-inject",
  longname: "nbdkit error injection filter",
  parameters: Object.assign({}, ...["", ...Object.values(kinds)].map(parametersFor)) as Parameters,
  configComplete: (values) =>
    new Map(Object.entries(kinds).map(([kind, name]) => [kind, settingFor(name, values)])),
  open: (next, settings: ReadonlyMap<string, Setting>, request) =>
    intercept(next, request, (operation, perform) => {
      const setting = settings.get(operation.kind);
      if (setting !== undefined && isToFail(setting)) {
        throw new NbdError(setting.code, `injecting ${setting.code} error into ${setting.name}`);
      }
      return perform();
    }),
});
export default error;

/** @param name kind of requests; empty for the defaults of all kinds */
function parametersFor(name: string): Parameters {
  const all = name === "";
  const [prefix, whose] = all ? ["error", "requests"] : [`error-${name}`, `${name} requests`];
  return {
    [prefix]: choice(codes, {
      ...(all ? { default: "EIO" } : { defaultText: "that of error=" }),
      help: `The error that ${whose} fail with`,
    }),
    [`${prefix}-rate`]: rate({
      ...(all ? { default: 0 } : { defaultText: "that of error-rate=" }),
      help: `The share of ${whose} that fail`,
    }),
    [`${prefix}-file`]: path({
      defaultText: all ? "none" : "that of error-file=",
      help: `Let ${whose} fail only while this file exists`,
    }),
  };
}

function rate(declared: Omit<Parameter<number>, "parse" | "placeholder">): Parameter<number> {
  const parse = (text: string, key: string): number => {
    const value = parseProbability(key, text);
    if (value <= 1) return value;
    throw new NbdError("ERANGE", `${key}: rate out of range: '${text}': use 0%..100% or 0..1`);
  };
  return { ...declared, parse, placeholder: "RATE", accepts: "0%..100% or 0..1" };
}

function settingFor(name: string, values: Readonly<Record<string, unknown>>): Setting {
  const value = (suffix: string): unknown => values[`error-${name}${suffix}`] ?? values[`error${suffix}`];
  const [code, rate, file] = [value(""), value("-rate"), value("-file")];
  return {
    name,
    code: String(code),
    rate: Number(rate),
    file: typeof file === "string" ? file : undefined,
  };
}

function isToFail({ rate, file }: Setting): boolean {
  return Math.random() < rate && (file === undefined || existsSync(file));
}
