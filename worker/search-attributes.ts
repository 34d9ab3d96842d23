/** The search attributes of our workflows, in the namespace that they run in. */
import type { NativeConnection } from '@temporalio/worker';
import { TidegateError } from '../core/values/error.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';

/** A workflow that sets an unregistered attribute fails its tasks for ever, so they are made sure of first. */
export async function registerSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(searchAttributes)
    .map(({ name }): string => name)
    .filter((name) => !(name in (customAttributes ?? {})));
  if (missing.length === 0) return;
  const types = { KEYWORD: 2, INT: 3, BOOL: 5, KEYWORD_LIST: 7 } as const;
  await connection.operatorService
    .addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(
        Object.values(searchAttributes)
          .filter(({ name }) => missing.includes(name))
          .map(({ name, type }) => [name, types[type]]),
      ),
    })
    .catch((cause: unknown) => {
      const list = missing.map((name) => `--name ${name}`).join(' ');
      throw new TidegateError(
        'Forbidden',
        `search attributes are missing in namespace ${namespace}: ${missing.join(', ')}`,
        {
          cause,
          fix: `an administrator adds them: temporal operator search-attribute create ${list} (types in docs)`,
        },
      );
    });
}
