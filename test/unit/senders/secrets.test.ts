import { describe, expect, it } from '@jest/globals';
import { createSecretReader } from '../../../functions/senders/secrets.ts';
import { configOf, oneOfEach } from './cases.ts';

const [one] = oneOfEach;
if (one === undefined) throw new Error('there is no case');
const sender = { ...configOf(one), name: 'hub', secrets: [{ env: 'HUB_SECRET' }, { file: '/run/hub' }] };

function createPlaces(env: Readonly<Record<string, string>>, files: Record<string, string>) {
  const warnings: string[] = [];
  const read = createSecretReader({
    env,
    readFile: async (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return text;
    },
    warn: (what) => warnings.push(what),
  });
  return { files, read, warnings };
}

describe('secrets', () => {
  it('are read anew each time, since files are rotated under a running process', async () => {
    const { files, read } = createPlaces({ HUB_SECRET: 'a' }, { '/run/hub': 'b\n' });
    expect(await read(sender)).toEqual(['a', 'b']);
    files['/run/hub'] = 'c';
    expect(await read(sender)).toEqual(['a', 'c']);
  });

  it('count alone while the other one is missing, and that is told', async () => {
    const { read, warnings } = createPlaces({ HUB_SECRET: 'a' }, {});
    expect(await read(sender)).toEqual(['a']);
    expect(warnings).toEqual(['sender hub: the file /run/hub cannot be read (ENOENT); the other secret still counts']);
  });

  it('that are all missing are 503: the log names the places, the sender hears nothing of them', async () => {
    const { read } = createPlaces({ HUB_SECRET: '' }, { '/run/hub': ' \n' });
    const error = (await read(sender).catch((failure: unknown) => failure)) as Error;
    expect(error).toMatchObject({
      status: 503,
      message: 'who you are cannot be checked now: send it again',
      cause: {
        message: 'sender hub: the environment variable HUB_SECRET is not set, and the file /run/hub is empty',
      },
    });
  });
});
