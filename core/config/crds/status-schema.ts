/** What Tidegate writes into the status of an object, and what kubectl get shows of it. */

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };

const condition: Schema = {
  type: 'object',
  required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
  properties: {
    type: text,
    status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
    ...{ reason: text, message: text },
    observedGeneration: { type: 'integer', format: 'int64' },
    lastTransitionTime: { type: 'string', format: 'date-time' },
  },
};

const run: Schema = {
  type: 'object',
  required: ['part'],
  properties: {
    part: { ...text, description: 'Whether versions, topology or policy have moved.' },
    ...{ kind: text, version: text, phase: text },
    outcome: { ...text, description: 'Left out: it has not ended.' },
    reason: text,
    workflowId: { ...text, description: 'In Temporal.' },
    runId: text,
    at: { type: 'string', format: 'date-time', description: 'When that was so.' },
  },
};

const common: Schema = {
  observedGeneration: { type: 'integer', format: 'int64', description: 'Of the spec that was checked last.' },
  conditions: {
    type: 'array',
    description: 'Accepted: config is read from it. Ready: and what was asked for last is done.',
    ...{ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'], items: condition },
  },
};

const ofService: Schema = {
  phase: { ...text, description: 'moving, restoring, needs-person, gated, paused, frozen or ended.' },
  lastOutcome: { ...text, description: 'Of the last rollout that has ended.' },
  runs: {
    type: 'array',
    description: 'The last rollout of each part.',
    ...{ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['part'], items: run },
  },
};

export const statusSchema = (kind: string): Schema => ({
  type: 'object',
  properties: { ...common, ...(kind === 'Service' && ofService) },
});

interface Column {
  readonly name: string;
  readonly type: 'string' | 'date';
  readonly jsonPath: string;
  /** Above 0: with -o wide only. */
  readonly priority?: number;
}

const conditionAt = (type: string, field: string): string => `.status.conditions[?(@.type=="${type}")].${field}`;

const own: Readonly<Record<string, readonly Column[]>> = {
  Mesh: [{ name: 'Clusters', type: 'string', jsonPath: '.spec.clusters[*].name' }],
  Service: [
    { name: 'Mesh', type: 'string', jsonPath: '.spec.mesh' },
    { name: 'Version', type: 'string', jsonPath: '.status.runs[?(@.part=="versions")].version' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
    { name: 'Outcome', type: 'string', jsonPath: '.status.lastOutcome' },
  ],
  Sender: [{ name: 'Type', type: 'string', jsonPath: '.spec.type' }],
  Trigger: [{ name: 'Action', type: 'string', jsonPath: '.spec.action.type' }],
  Sink: [{ name: 'Type', type: 'string', jsonPath: '.spec.type' }],
};

export const columnsOf = (kind: string): readonly Column[] => [
  ...(own[kind] ?? []),
  { name: 'Accepted', type: 'string', jsonPath: conditionAt('Accepted', 'status') },
  ...(kind === 'Service' ? [{ name: 'Ready', type: 'string' as const, jsonPath: conditionAt('Ready', 'status') }] : []),
  { name: 'Message', type: 'string', jsonPath: conditionAt('Ready', 'message'), priority: 1 },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];
