import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { errorsPage } from '../../../infra/docs/errors-page.ts';

it('docs/reference/errors.md is current; run `node infra/docs/generate-errors.ts` when this fails', () => {
  const committed = readFileSync(join(import.meta.dirname, '../../../docs/reference/errors.md'), 'utf8');
  expect(committed).toBe(errorsPage());
});
