import { setTimeout } from "node:timers/promises";

const integer = (fallback) => ({ type: "integer", parse: Number, default: fallback, help: "milliseconds" });
