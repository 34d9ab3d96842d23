/** A program of its own: bundles the workflows and writes the bundle to stdout. See workflow-bundle.ts. */
import { once } from 'node:events';
import { bundleWorkflows } from './workers.ts';

const { code } = await bundleWorkflows(process.argv[2] === 'versioned' ? 'versioned' : 'index');
if (!process.stdout.write(code)) await once(process.stdout, 'drain');
