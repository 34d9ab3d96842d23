/** SDKs of clouds are loaded by the first test of a file that calls them, which takes seconds on a busy machine. */
import { jest } from '@jest/globals';

export function allowForSdks(): void {
  jest.setTimeout(120_000);
}
