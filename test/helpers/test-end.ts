import { TestRunner } from "vitest";

/**
 * Calls `end` when the running test is over. A test that exceeds its timeout keeps waiting and never leaves
 * the scope of its resources. Outside of tests, as in `beforeAll`, this function does nothing; neither does
 * it for concurrent tests, because the running test is then unknown.
 */
export function atTestEnd(end: () => Promise<void> | void): void {
  const test = TestRunner.getCurrentTest();
  if (!test?.concurrent) test?.context.onTestFinished(end);
}
