/** Rights on ConfigMaps and Secrets are whoever's choice it is, and in a file of their own. */
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { grants, usualUse } from '../../../core/kube/rights/needs.ts';

interface Role {
  readonly rules: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
}

describe('permissions on config', () => {
  it('are all in infra/kubernetes/rbac-config.yaml, with nothing else, and no part of the role of everybody', () => {
    const file = join(import.meta.dirname, '../../../infra/kubernetes/rbac-config.yaml');
    const roles = parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Role);
    const granted = roles.flatMap(({ rules }) =>
      rules.flatMap(({ resources, verbs }) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
      ),
    );
    const usual = new Set(grants().map((one) => JSON.stringify(one)));
    const beside = grants({ ...usualUse, config: 'copy' }).filter((one) => !usual.has(JSON.stringify(one)));
    const used = beside.map(({ resource, verb }) => `${verb} ${resource}`);
    expect(granted.toSorted()).toEqual(used.toSorted());
    expect(grants().map(({ resource }) => resource)).not.toContain('secrets');
  });
});
