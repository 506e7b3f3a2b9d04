import type { Logger } from 'pino';
import { ConfigError, readConfig, type Sources } from '../config/read-config.ts';
import type { Config } from '../config/schema.ts';
import { startAlone } from './alone.ts';
import { EXIT, explainEnd } from './explain-end.ts';
import type { BuildHomeserver, Running } from './serving.ts';
import { startSite } from './site.ts';

export interface ProgramOptions {
  readonly sources: Sources;
  readonly build: BuildHomeserver;
  readonly makeLogger: (config: Config) => Logger;
  /** What takes its time and needs nothing but the configuration: done before anybody is answered. */
  readonly prepare?: (config: Config) => void;
  readonly say: (text: string) => void;
  readonly complain: (text: string) => void;
  readonly exit: (code: number) => void;
}

/** A gentle end and a stop by signal take no longer; what is not answered by then is cut. */
const STOP_MS_MAX = 15_000;
const GENTLE_MS_MAX = 2_000;
/** A Ctrl-C reaches the server twice, from the terminal and from npm: only a later one is impatience. */
const SAME_KEY_MS = 1_000;
/** Requests that were certainly not executed are told so. */
const LAST_WORDS_MS = 50;

/** The life of the process: from its configuration to the one sentence with which it ends. */
export async function runProgram(options: ProgramOptions): Promise<void> {
  const config = configOf(options);
  if (!config) return;
  const end = makeEnd(options, config);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end.bySignal);
  const start = {
    config,
    logger: options.makeLogger(config),
    build: options.build,
    onEnd: end.byReason,
  };
  try {
    options.prepare?.(config);
    const running = config.cluster
      ? await startSite({ ...start, cluster: config.cluster })
      : await startAlone(start);
    options.say(running.greeting);
    end.started(running);
  } catch (error) {
    end.failed(error);
  }
}

/** All ways out of the program; the first one taken is the one. */
function makeEnd({ say, complain, exit }: ProgramOptions, config: Config) {
  let running: Running | undefined;
  let stopRequestedAt: number | undefined;
  let ending: number | undefined;

  const leave = (code: number, limitMs: number) => {
    ending = code;
    setTimeout(() => exit(code), limitMs).unref();
    (running?.stop() ?? Promise.resolve())
      .catch((error: unknown) => complain(explainEnd(error, config).sentence))
      .finally(() => exit(code));
  };
  return {
    /** A start that is under way is finished first: what it began must be given back. */
    bySignal() {
      const now = performance.now();
      if (stopRequestedAt !== undefined && now - stopRequestedAt < SAME_KEY_MS) return;
      if (stopRequestedAt !== undefined || ending !== undefined) {
        return exit(ending ?? EXIT.stopped);
      }
      stopRequestedAt = now;
      say('Farol is stopping.');
      if (running) leave(EXIT.stopped, STOP_MS_MAX);
    },
    started(now: Running) {
      running = now;
      if (stopRequestedAt !== undefined) leave(EXIT.stopped, STOP_MS_MAX);
    },
    failed(error: unknown) {
      const { sentence, code } = explainEnd(error, config);
      complain(sentence);
      exit(code);
    },
    byReason(reason: Error, how: 'at-once' | 'gently') {
      if (ending !== undefined) return;
      const { sentence, code } = explainEnd(reason, config);
      ending = code;
      complain(sentence);
      // Alone it takes its database along; a site leaves at once, since another may be the writer.
      if (how === 'gently' || !config.cluster) leave(code, GENTLE_MS_MAX);
      else setTimeout(() => exit(code), LAST_WORDS_MS);
    },
  };
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
