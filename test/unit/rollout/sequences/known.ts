/**
 * Rules that are broken today, each with the shortest sequence that breaks it. The property lets these rules pass, so the
 * list must shrink to nothing: a test fails as soon as one of its sequences keeps its rule, and asks to move it to `mended`.
 */
import type { Sequence } from './settle.ts';

export interface Known extends Sequence {
  /** Number in issue 11; 0: found here. */
  readonly fault: number;
  readonly what: string;
  readonly rule: string;
}

export const known: readonly Known[] = [
  {
    fault: 4,
    what: 'a run is reset to a step after its version was retired, and sends calls to nobody',
    rule: 'outage: a version with a weight has no pods (after a reset)',
    adopted: false,
    steps: [
      ['adopt', 'breach', 6, 0],
      ['warm times end', 'finish', 0, 0],
      ['reset', 'finish', 44, 0],
    ],
  },
  {
    fault: 9,
    what: 'the pin is dropped by another tool, and the version that is kept warm gets calls past Envoy',
    rule: 'bypass: an unproven version is reachable without a pin',
    steps: [
      ['deploy', 'finish', 0, 0],
      ['pin dropped', 'finish', 0, 0],
    ],
  },
  {
    fault: 4,
    what: 'a proven version that nobody has ever made is written into the annotation, and believed',
    rule: 'edit: a proven version that nobody made is believed',
    steps: [['annotation edited', 'finish', 0, 2]],
  },
  {
    fault: 8,
    what: 'a run is terminated, the service is restored, and the autoscaler that it held stays held',
    rule: 'leak: a held autoscaler',
    steps: [['deploy', 'terminate', 1, 3]],
  },
  {
    fault: 8,
    what: 'a run is terminated, the service is restored, and the Service of its version stays',
    rule: 'leak: a subset Service',
    steps: [['deploy', 'terminate', 0, 3]],
  },
  {
    fault: 8,
    what: 'a run is terminated, the service is restored, and its version stays in the records',
    rule: 'leak: a record names a version that nobody needs',
    steps: [['deploy', 'terminate', 4, 3]],
  },
  {
    fault: 8,
    what: 'a retirement that meets a cluster without an answer gives up after a day',
    rule: 'leak: a Deployment that nobody needs',
    steps: [
      ['deploy', 'finish', 0, 3],
      ['cluster lost', 'finish', 0, 0],
      ['warm times end', 'finish', 0, 0],
      ['warm times end', 'finish', 0, 0],
    ],
  },
  {
    fault: 8,
    what: 'a terminated run leaves two versions that run, and with route and pin lost too nobody can tell which one serves',
    rule: 'refused: adopt: runs different versions',
    steps: [
      ['deploy', 'terminate', 12, 3],
      ['route lost', 'finish', 0, 3],
      ['pin dropped', 'finish', 0, 3],
    ],
  },
  {
    fault: 8,
    what: 'an attempt to make a version ready comes after the run is over and its version was retired',
    rule: 'leak: a Deployment that nobody needs',
    steps: [
      ['deploy', 'abort', 0, 3],
      ['warm times end', 'finish', 0, 0],
    ],
  },
  {
    fault: 9,
    what: 'the pin is dropped by another tool, and nobody puts it back',
    rule: 'pin: the frontend is not pinned to what is proven',
    steps: [['pin dropped', 'finish', 0, 0]],
  },
  {
    fault: 0,
    what: 'a commit that one cluster does not take leaves clients that differ, and no restore brings them together',
    rule: 'refused: deploy: client clusters differ',
    steps: [
      ['move topology', 'finish', 0, 3],
      ['deploy', 'lose a Deployment', 5, 3],
    ],
  },
  {
    fault: 9,
    what: 'a run is reset after its end, the service is released and loses its pin: the retirement takes away what serves',
    rule: 'refused: adopt: is scaled to zero',
    steps: [
      ['deploy', 'finish', 0, 3],
      ['reset', 'finish', 1, 0],
      ['release', 'finish', 0, 0],
      ['pin dropped', 'finish', 0, 0],
    ],
  },
  {
    fault: 0,
    what: 'a run is terminated between two commits: clients differ, and a cluster that joins waits until an undo has joined them',
    rule: 'refused: adopt: client clusters differ',
    adopted: false,
    steps: [
      ['move topology', 'finish', 0, 3],
      ['adopt', 'finish', 0, 0],
      ['deploy', 'terminate', 14, 0],
      ['cluster joins', 'finish', 0, 0],
    ],
  },
];
