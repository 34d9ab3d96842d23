import { describe, expect, it } from '@jest/globals';
import { startReceiver } from '../../../worker/otlp-receiver.ts';
import { createMetricsClients } from '../../../platform/metrics/clients.ts';

const io = (env: Record<string, string> = {}) => {
  const lines: string[] = [];
  return { env, now: Date.now, stderr: (text: string) => void lines.push(text), lines };
};

describe('the receiver of a worker', () => {
  it('is off by default', async () => {
    expect(await startReceiver({}, io())).toBeUndefined();
  });

  it('listens where the option or the environment says, and warns when others than this machine reach it', async () => {
    const byOption = io({ TIDEGATE_OTLP_LISTEN: 'nonsense' });
    const own = await startReceiver({ otlpListen: '127.0.0.1:0' }, byOption);
    expect(byOption.lines).toEqual([expect.stringMatching(/^OTLP metrics are taken at http:\/\/127\.0\.0\.1:\d+/)]);
    const byEnv = io({ TIDEGATE_OTLP_LISTEN: '0.0.0.0:0' });
    const open = await startReceiver({}, byEnv);
    expect(byEnv.lines[1]).toContain('make up counts');
    await Promise.all([own?.close(), open?.close()]);
  });

  it.each(['4318', 'host:', '[1.2.3.4]:1', 'a:70000', 'http://a:1'])('refuses %s as an address', async (otlpListen) => {
    await expect(startReceiver({ otlpListen }, io())).rejects.toMatchObject({
      code: 'Invalid',
      fix: expect.stringContaining('HOST:PORT'),
    });
  });

  it('does not listen without the token that it was told to ask for', async () => {
    const options = { otlpListen: '127.0.0.1:0', otlpTokenEnv: 'OTLP_TOKEN' };
    await expect(startReceiver(options, io())).rejects.toMatchObject({
      message: expect.stringContaining('no environment variable OTLP_TOKEN'),
    });
    const receiver = await startReceiver(options, io({ OTLP_TOKEN: 's3cret' }));
    expect((await fetch(receiver?.url ?? '', { method: 'POST' })).status).toBe(401);
    await receiver?.close();
  });

  it('is missed by name when a mesh counts on it', () => {
    const clients = createMetricsClients({ env: {}, now: Date.now });
    expect(() => clients.connect({ kind: 'otlp' })).toThrow(
      expect.objectContaining({ code: 'Invalid', fix: expect.stringContaining('--otlp-listen') }),
    );
  });
});
