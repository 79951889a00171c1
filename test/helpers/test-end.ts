import { TestRunner } from "vitest";

/**
 * Calls `end` when the running test is over. A test that has run out of time waits on and never leaves the scope of what it
 * uses. Outside of tests, as in `beforeAll`, this does nothing; nor where several run at once, since nobody knows then which of
 * them is asking.
 */
export function atTestEnd(end: () => Promise<void> | void): void {
  const test = TestRunner.getCurrentTest();
  if (!test?.concurrent) test?.context.onTestFinished(end);
}
