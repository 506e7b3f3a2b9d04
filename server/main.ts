import pino from 'pino';
import { optionsHelp } from './config/example.ts';
import { ConfigError, readConfig } from './config/read-config.ts';
import type { Config } from './config/schema.ts';
import { trustWith } from './federation/trust.ts';
import { buildHomeserver } from './homeserver.ts';
import { DatabaseUnavailable } from './log/log.ts';
import { chainOf, EXIT } from './role/explain-end.ts';
import { runProgram } from './role/process.ts';

/** Errors in short: those of the driver carry the whole connection with them. */
const makeLogger = ({ logLevel }: Config) =>
  pino(
    {
      level: logLevel,
      serializers: { err: (error: unknown) => ({ said: chainOf(error), stack: stackOf(error) }) },
    },
    pino.destination({ dest: 2, sync: false }),
  );

/** Of a database that does not answer no line of ours is the cause. */
const stackOf = (error: unknown) =>
  error instanceof Error && !(error instanceof DatabaseUnavailable) ? error.stack : undefined;

/** For whoever is about to write a configuration: a server that refuses it would not start. */
function checkConfig(options: readonly string[]): number {
  try {
    readConfig({ options, environment: process.env });
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    return EXIT.configuration;
  }
}

if (import.meta.main) {
  const options = process.argv.slice(2);
  if (options.includes('--help')) {
    console.log(
      `Farol, a Matrix homeserver that stays up when the power goes.\n\n${optionsHelp()}`,
    );
  } else if (options.includes('--check')) {
    process.exitCode = checkConfig(options.filter((option) => option !== '--check'));
  } else {
    // A terminal or pipe that has gone takes the words with it, not the server.
    for (const output of [process.stdout, process.stderr]) output.on('error', () => {});
    await runProgram({
      sources: { options, environment: process.env },
      build: buildHomeserver,
      makeLogger,
      prepare: ({ federation }) => void (federation.enabled && trustWith(federation.ca)),
      say: (text) => process.stdout.write(`${text}\n`),
      complain: (text) => process.stderr.write(`${text}\n`),
      exit: (code) => process.exit(code),
    });
  }
}
