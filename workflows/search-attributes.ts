/** Custom search attributes of the Temporal namespace, as typed keys: a worker registers them, workflows set them. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

export const searchAttributes = {
  service: defineSearchAttributeKey('MeshService', SearchAttributeType.KEYWORD),
  version: defineSearchAttributeKey('MeshVersion', SearchAttributeType.KEYWORD),
  state: defineSearchAttributeKey('MeshState', SearchAttributeType.KEYWORD),
  wave: defineSearchAttributeKey('MeshWave', SearchAttributeType.INT),
  clouds: defineSearchAttributeKey('MeshClouds', SearchAttributeType.KEYWORD_LIST),
  sloOk: defineSearchAttributeKey('MeshSloOk', SearchAttributeType.BOOL),
};
