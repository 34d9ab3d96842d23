/** `tidegate crds`: the kinds of config as custom resources, for kubectl apply in a hub cluster. Asks no cluster. */
import { stringify } from 'yaml';
import { resourceDefinitions } from '../../core/config/crds/crds.ts';
import { exitCodes, type Io } from '../io.ts';

export function crdsCommand({ stdout }: Pick<Io, 'stdout'>): number {
  stdout(
    resourceDefinitions()
      .map((one) => stringify(one, { lineWidth: 0, aliasDuplicateObjects: false }))
      .join('---\n'),
  );
  return exitCodes.ok;
}
