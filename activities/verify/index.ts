/** Activities of the queue `tidegate-verify`: they ask metrics and registries for seconds or a few minutes, and write nothing. */
import { Context } from '@temporalio/activity';
import type { ActivitiesOf } from '../../core/contract/queues.ts';
import type { ObserveDeps } from '../ports.ts';
import { chooseImage, resolveImage, type ImageDeps } from './choose-image.ts';
import { measureLoad, type LoadDeps } from './measure-load.ts';
import { measureTraffic } from './measure-traffic.ts';
import { probeSlos } from './probe-slos.ts';
import { readVersions } from './read-versions.ts';
import { verifyRouting } from './verify-routing.ts';

export const createVerifyActivities = (deps: ObserveDeps): Omit<ActivitiesOf<'verify'>, OfImages | 'measureLoad'> => ({
  probeSlos: (input) => probeSlos(deps, input, Context.current().cancellationSignal),
  readVersions: (input) => readVersions(deps, input, Context.current().cancellationSignal),
  measureTraffic: (input) => measureTraffic(deps, input, Context.current().cancellationSignal),
  verifyRouting: (input) => verifyRouting(deps, input),
});

type OfImages = 'chooseImage' | 'resolveImage';

export const createImageActivities = (deps: ImageDeps): Pick<ActivitiesOf<'verify'>, OfImages> => ({
  chooseImage: (input) => chooseImage(deps, input, Context.current().cancellationSignal),
  resolveImage: (input) => resolveImage(deps, input, Context.current().cancellationSignal),
});

/** It asks clusters, too: whom their records name. */
export const createLoadActivities = (deps: LoadDeps): Pick<ActivitiesOf<'verify'>, 'measureLoad'> => ({
  measureLoad: (input) => measureLoad(deps, input, Context.current().cancellationSignal),
});
