/**
 * Entry of the Lambda function: `index.handler` of the package that infra/aws/lambda-package.ts makes. What is made here
 * lives as long as the sandbox: the connection to Temporal is opened once, and serves every invocation after the first.
 */
import { createFrontDoor } from '../../front-door.ts';
import { createLog } from '../../log.ts';
import { createLambdaHandler } from './handler.ts';

const { env } = process;
const log = createLog((line) => process.stdout.write(line));
// The package's own folder, where the config lies unless TIDEGATE_CONFIG says another.
const directory = env['TIDEGATE_CONFIG'] ?? `${env['LAMBDA_TASK_ROOT'] ?? '.'}/config`;
const door = createFrontDoor({ directory, env, log, now: Date.now });

export const handler = createLambdaHandler({
  app: door,
  senders: async () => (await door.config()).events.senders,
  log,
});
