/** What reading a place gives, whatever the place is. */
import type { HubObject } from '../../../core/config/hub/object.ts';
import type { ConfigOrigins } from '../../../core/config/places/origin.ts';
import type { ConfigProblem } from '../../../core/config/problem.ts';
import type { ConfigFile } from '../../../core/config/source.ts';
import type { TidegateError } from '../../../core/values/error.ts';

export interface PlacesRead {
  readonly files: readonly ConfigFile[];
  /** Of what cannot be read. */
  readonly problems: readonly ConfigProblem[];
  readonly origins: ConfigOrigins;
  /** Where the place is a hub: its objects, which are the files. Each is checked for its own sake. */
  readonly objects?: readonly HubObject[];
  /** The place could not be asked. What it would say is not known. */
  readonly unreached?: TidegateError;
}
