/** Property tests draw the same cases every time; TIDEGATE_SEED=random draws others, TIDEGATE_SEED=N those of a failure. */
import fc from 'fast-check';

const seed = process.env['TIDEGATE_SEED'] ?? '7';
if (seed !== 'random') fc.configureGlobal({ seed: Number(seed) });
