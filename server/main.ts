import pino from 'pino';
import { optionsHelp } from './config/example.ts';
import type { Config } from './config/schema.ts';
import { RateLimits } from './http/rate-limits.ts';
import { requestListener } from './http/serve.ts';
import { OutcomeStore } from './log/outcome-store.ts';
import { runProgram } from './role/process.ts';
import type { BuildHomeserver } from './role/serving.ts';

/** Builds everything that a writer is: the one place where all parts meet. */
export const buildHomeserver: BuildHomeserver = async (ground) => {
  const outcomes = new OutcomeStore(ground.database, ground.identity.sealFor('outcomes'));
  const handler = requestListener([], {
    ports: {},
    authenticate: () => undefined,
    interact: () => Promise.reject(new Error('none')),
    rateLimits: new RateLimits({
      read: 'unlimited',
      write: 'unlimited',
      login: 'unlimited',
      registration: 'unlimited',
    }),
    outcomes,
    mayAnswer: () => ground.log.mayAnswer(),
    logger: ground.logger,
    onAnswered: ground.metrics.answered,
    behindFront: ground.behindFront,
  });
  return { handler, greeting: greeting(ground.publicUrl), close: async () => {} };
};

const greeting = (url: string) => `Farol is ready at ${url}`;

const makeLogger = (config: Config) =>
  pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: false }));

if (import.meta.main) {
  const options = process.argv.slice(2);
  if (options.includes('--help')) {
    console.log(
      `Farol, a Matrix homeserver that stays up when the power goes.\n\n${optionsHelp()}`,
    );
  } else {
    await runProgram({
      sources: { options, environment: process.env },
      build: buildHomeserver,
      makeLogger,
      say: (text) => process.stdout.write(`${text}\n`),
      complain: (text) => process.stderr.write(`${text}\n`),
      exit: (code) => process.exit(code),
    });
  }
}
