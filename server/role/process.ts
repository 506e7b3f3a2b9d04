import type { Logger } from 'pino';
import { ConfigError, readConfig, type Sources } from '../config/read-config.ts';
import type { Config } from '../config/schema.ts';
import { type StartOptions, startAlone } from './alone.ts';
import { EXIT, explainEnd } from './explain-end.ts';
import type { BuildHomeserver, Running } from './serving.ts';
import { startSite } from './site.ts';

export interface ProgramOptions {
  readonly sources: Sources;
  readonly build: BuildHomeserver;
  readonly makeLogger: (config: Config) => Logger;
  readonly say: (text: string) => void;
  readonly complain: (text: string) => void;
  readonly exit: (code: number) => void;
}

/** A gentle end and a stop by signal take no longer; what is not answered by then is cut. */
const STOP_MS_MAX = 15_000;
const GENTLE_MS_MAX = 2_000;
/** Requests that were certainly not executed are told so. */
const LAST_WORDS_MS = 50;

/** The life of the process: from its configuration to the one sentence with which it ends. */
export async function runProgram(options: ProgramOptions): Promise<void> {
  const config = configOf(options);
  if (!config) return;
  let running: Running | undefined;
  let ending = false;

  const leave = (after: Promise<unknown>, limitMs: number, code: number) => {
    setTimeout(() => options.exit(code), limitMs).unref();
    after
      .catch((error: unknown) => options.complain(explainEnd(error, config).sentence))
      .finally(() => options.exit(code));
  };
  const onEnd: StartOptions['onEnd'] = (reason, how) => {
    if (ending) return;
    ending = true;
    const { sentence, code } = explainEnd(reason, config);
    options.complain(sentence);
    if (how === 'gently' && running) leave(running.stop(), GENTLE_MS_MAX, code);
    else setTimeout(() => options.exit(code), LAST_WORDS_MS);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (ending || !running) return options.exit(EXIT.stopped);
      ending = true;
      options.say('Farol is stopping.');
      leave(running.stop(), STOP_MS_MAX, EXIT.stopped);
    });
  }

  const start = { config, logger: options.makeLogger(config), build: options.build, onEnd };
  try {
    running = config.cluster
      ? await startSite({ ...start, cluster: config.cluster })
      : await startAlone(start);
    options.say(running.greeting);
  } catch (error) {
    const { sentence, code } = explainEnd(error, config);
    options.complain(sentence);
    options.exit(code);
  }
}

function configOf({ sources, complain, exit }: ProgramOptions): Config | undefined {
  try {
    return readConfig(sources);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    complain(error.message);
    exit(EXIT.configuration);
    return undefined;
  }
}
