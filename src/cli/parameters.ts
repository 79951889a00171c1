import type { Setting } from "../server/settings.ts";
import { expandFiles } from "./parameter-file.ts";

/**
 * Yields the words after the plugin's name as settings: key=value under its key, any other word as a bare
 * value, and for @PATH each line of the file. The files are read when the settings are.
 */
export function* settingsOf(words: readonly string[]): Generator<Setting, void, undefined> {
  for (const word of expandFiles(words)) {
    // A word without a valid key before "=" is a bare value.
    const [, key, value] = /^([A-Za-z][A-Za-z0-9._-]*)=(.*)$/s.exec(word) ?? [];
    yield key === undefined || value === undefined ? { value: word } : { key, value };
  }
}
