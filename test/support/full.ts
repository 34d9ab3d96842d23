/** What takes long, and has a shorter sibling in `npm test`, runs in `npm run test:full` only. */
import { it } from '@jest/globals';

export const isFull = process.env['TIDEGATE_TESTS'] === 'full';

export const itInFull = isFull ? it : it.skip;
