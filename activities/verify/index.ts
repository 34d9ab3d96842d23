/** Activities of the queue `tidegate-verify`: they ask the metrics for seconds or a few minutes, and write nothing. */
import { Context } from '@temporalio/activity';
import type { ActivitiesOf } from '../../core/contract/queues.ts';
import type { ObserveDeps } from '../ports.ts';
import { measureTraffic } from './measure-traffic.ts';
import { probeSlos } from './probe-slos.ts';
import { readVersions } from './read-versions.ts';
import { verifyRouting } from './verify-routing.ts';

export const createVerifyActivities = (deps: ObserveDeps): ActivitiesOf<'verify'> => ({
  probeSlos: (input) => probeSlos(deps, input, Context.current().cancellationSignal),
  readVersions: (input) => readVersions(deps, input, Context.current().cancellationSignal),
  measureTraffic: (input) => measureTraffic(deps, input, Context.current().cancellationSignal),
  verifyRouting: (input) => verifyRouting(deps, input),
});
