import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { listenerPage } from '../../../infra/docs/listener-page.ts';

it('docs/reference/listener.md is current; run `node infra/docs/generate-listener.ts` when this fails', () => {
  const committed = readFileSync(join(import.meta.dirname, '../../../docs/reference/listener.md'), 'utf8');
  expect(committed).toBe(listenerPage());
});
