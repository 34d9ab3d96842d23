/** What was broken once, and must never be again: the shortest sequences that broke it. */
import type { Known } from './known.ts';

export const mended: readonly Known[] = [
  {
    fault: 1,
    what: 'an undo that is aborted leaves entries for clusters that the client does not call, and deploys are refused for ever',
    rule: 'half moved: entries outside of the topology',
    steps: [
      ['deploy', 'finish', 0, 3],
      ['undo', 'abort', 7, 0],
    ],
  },
  {
    fault: 1,
    what: 'a deploy that fails after the waves were regrouped says restored, and its records are not',
    rule: 'untrue: restored, and a record is not back: entries outside of the topology',
    steps: [
      ['regroup waves', 'finish', 0, 1],
      ['deploy', 'abort', 8, 3],
    ],
  },
  {
    fault: 1,
    what: 'a deploy that fails after the waves were regrouped makes every later deploy half moved',
    rule: 'refused: deploy: current traffic differs',
    steps: [
      ['regroup waves', 'finish', 0, 1],
      ['deploy', 'abort', 8, 3],
    ],
  },
  {
    fault: 1,
    what: 'an undo that is cancelled keeps a cluster that joins from being adopted, for ever',
    rule: 'refused: adopt: current traffic differs',
    steps: [
      ['deploy', 'finish', 0, 3],
      ['undo', 'cancel', 7, 0],
      ['cluster joins', 'finish', 0, 0],
    ],
  },
  {
    fault: 1,
    what: 'after an undo that went well the version that the next deploy replaces is never retired',
    rule: 'leak: a Deployment that nobody needs',
    steps: [
      ['deploy', 'finish', 0, 3],
      ['undo', 'finish', 0, 0],
    ],
  },
  {
    fault: 1,
    what: 'a cluster that nobody calls any more is pinned to a version that its own record has never heard of',
    rule: 'bypass: an unproven version is reachable by the pin',
    steps: [
      ['move topology', 'finish', 0, 7],
      ['cluster joins', 'finish', 0, 3],
    ],
  },
  {
    fault: 2,
    what: 'a cluster joins that calls only what is proven: no watch begins, and the bake waits for one for ever',
    rule: 'stuck: a bake without a watch never ends',
    steps: [['cluster joins', 'finish', 0, 3]],
  },
  {
    fault: 2,
    what: 'a cluster that lost its route and calls only what is proven is adopted again: promoted, and nothing is proven',
    rule: 'untrue: promoted, and nothing is proven',
    steps: [
      ['move topology', 'finish', 0, 2],
      ['deploy', 'finish', 0, 3],
      ['route lost', 'finish', 0, 0],
    ],
  },
  {
    fault: 2,
    what: 'clusters that are adopted again beside one that was not released prove only what is new to all, and stay half moved',
    rule: 'half moved: weights',
    adopted: false,
    steps: [
      ['cluster joins', 'finish', 0, 7],
      ['adopt', 'finish', 0, 0],
      ['release', 'finish', 0, 0],
      ['move topology', 'finish', 0, 1],
      ['adopt', 'finish', 0, 0],
    ],
  },
  {
    fault: 2,
    what: 'a cluster is adopted beside one that it does not call: its restore says restored, and has nowhere to go back to',
    rule: 'untrue: restored, and a record is not back: weights',
    steps: [
      ['cluster joins', 'finish', 0, 7],
      ['route lost', 'finish', 0, 1],
      ['adopt', 'finish', 0, 0],
    ],
  },
  {
    fault: 3,
    what: 'a version that exists in one cluster only is deployed by its name, and made from the running one in the other',
    rule: 'foreign template: a version serves with the build of another',
    steps: [
      ['deploy', 'terminate', 1, 3],
      ['deploy by name', 'finish', 0, 2],
    ],
  },
  {
    fault: 3,
    what: 'the first version is deployed by its name after it was retired: its original is known, and it is made of the newest',
    rule: 'foreign template: a version serves with the build of another',
    steps: [
      ['deploy', 'finish', 0, 3],
      ['warm times end', 'finish', 0, 0],
      ['deploy by name', 'finish', 0, 0],
    ],
  },
  {
    fault: 3,
    what: 'the Deployment of the version that an undo goes back to is deleted, and made anew from the version that it replaces',
    rule: 'foreign template: a version serves with the build of another',
    steps: [
      ['deploy', 'finish', 0, 3],
      ['undo', 'lose a Deployment', 0, 0],
    ],
  },
  {
    fault: 4,
    what: 'a run that is reset is fenced out by its former self, and so is its restore',
    rule: 'reset: a run is fenced out by its former self',
    adopted: false,
    steps: [
      ['adopt', 'finish', 0, 0],
      ['reset', 'finish', 1, 0],
    ],
  },
  {
    fault: 4,
    what: 'one field of a newer worker, and no older one plans a deploy',
    rule: 'refused: deploy: not a routing record',
    steps: [['newer worker wrote', 'finish', 0, 0]],
  },
  {
    fault: 4,
    what: 'one field of a newer worker, and no older one plans an adoption',
    rule: 'refused: adopt: not a routing record',
    steps: [
      ['newer worker wrote', 'finish', 0, 0],
      ['cluster joins', 'finish', 0, 0],
    ],
  },
  {
    fault: 4,
    what: 'one field of a newer worker, and no older one restores',
    rule: 'stuck: a run never ends (restoring)',
    steps: [
      ['newer worker wrote', 'finish', 0, 0],
      ['restore', 'finish', 0, 0],
    ],
  },
  {
    fault: 4,
    what: 'a restore that cannot read a record keeps the lock of the service for ever',
    rule: 'refused: deploy: a rollout of this service is running',
    steps: [
      ['newer worker wrote', 'finish', 0, 0],
      ['restore', 'finish', 0, 0],
    ],
  },
  {
    fault: 4,
    what: 'an adoption that cannot read a record any more keeps the lock of the service for ever',
    rule: 'refused: adopt: a rollout of this service is running',
    adopted: false,
    steps: [
      ['adopt', 'terminate', 3, 0],
      ['newer worker wrote', 'finish', 0, 0],
    ],
  },
  {
    fault: 9,
    what: 'the pin is dropped by another tool, and the next deploy is reachable past Envoy before its first step',
    rule: 'bypass: an unproven version is reachable without a pin',
    steps: [
      ['pin dropped', 'finish', 0, 0],
      ['deploy', 'abort', 8, 3],
    ],
  },
  {
    fault: 0,
    what: 'the adoption of a cluster that joins is stopped, and the record of nothing that it leaves splits the service',
    rule: 'refused: adopt: client clusters differ',
    steps: [
      ['cluster joins', 'finish', 0, 7],
      ['adopt', 'cancel', 1, 0],
    ],
  },
  {
    fault: 4,
    what: 'a run is reset to a wave after its former self has gone back: it goes on, and proves what was taken back',
    rule: 'untrue: promoted, and the version is not proven where it serves',
    steps: [
      ['deploy', 'cancel', 11, 0],
      ['reset', 'finish', 16, 0],
    ],
  },
  {
    fault: 4,
    what: 'a run is reset after its former self has gone back, and pins what is not proven',
    rule: 'bypass: an unproven version is reachable by the pin',
    steps: [
      ['deploy', 'cancel', 11, 0],
      ['reset', 'finish', 16, 0],
    ],
  },
  {
    fault: 4,
    what: 'an adoption is reset after its former self has gone back: promoted, and nothing is proven',
    rule: 'untrue: promoted, and nothing is proven',
    adopted: false,
    steps: [
      ['adopt', 'breach', 6, 0],
      ['reset', 'finish', 21, 0],
    ],
  },
  {
    fault: 0,
    what: 'a cluster is adopted again with an older version, and what another one has proven is scaled away as an original',
    rule: 'outage: a version with a weight has no pods',
    steps: [
      ['deploy', 'finish', 0, 3],
      ['route lost', 'finish', 0, 3],
      ['Deployment lost', 'finish', 0, 3],
      ['adopt', 'finish', 0, 0],
    ],
  },
  {
    fault: 0,
    what: 'a late write of a dead adoption makes a route to pods that are gone: the fence is gone with the object',
    rule: 'outage: a version with a weight has no pods',
    adopted: false,
    steps: [
      ['adopt', 'abort', 4, 0],
      ['warm times end', 'finish', 0, 0],
      ['late writes land', 'finish', 0, 0],
    ],
  },
  {
    fault: 0,
    what: 'a late write of a dead adoption makes a record where the route was lost: the fence is gone with the object',
    rule: 'two owners: a run writes after another one has taken over',
    adopted: false,
    steps: [
      ['adopt', 'terminate', 12, 0],
      ['restore', 'finish', 0, 0],
      ['route lost', 'finish', 0, 3],
    ],
  },
  {
    fault: 4,
    what: 'a run is terminated between two commits, and what is proven is edited back by hand: the pin does not follow',
    rule: 'bypass: an unproven version is reachable by the pin',
    steps: [
      ['deploy', 'terminate', 21, 0],
      ['annotation edited', 'finish', 0, 5],
    ],
  },
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
      ['reset', 'finish', 0, 0],
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
      ['deploy', 'terminate', 13, 0],
      ['cluster joins', 'finish', 0, 0],
    ],
  },
  {
    fault: 8,
    what: 'an adoption that one cluster does not commit leaves the original beside the version, and holds its autoscaler',
    rule: 'leak: the held autoscaler of an original',
    adopted: false,
    steps: [['adopt', 'lose a Deployment', 12, 1]],
  },
];
