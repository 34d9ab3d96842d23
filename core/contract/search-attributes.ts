/** Custom search attributes of the Temporal namespace: registered by the worker at its start, shown as list columns. */
export const searchAttributes = {
  service: { name: 'MeshService', type: 'KEYWORD' },
  version: { name: 'MeshVersion', type: 'KEYWORD' },
  state: { name: 'MeshState', type: 'KEYWORD' },
  wave: { name: 'MeshWave', type: 'INT' },
  clouds: { name: 'MeshClouds', type: 'KEYWORD_LIST' },
  sloOk: { name: 'MeshSloOk', type: 'BOOL' },
} as const;
