import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../server/protocol/json.ts';
import { freePort } from './free-port.ts';
import { type Program, startProgram } from './program.ts';

/** The server as a process that is killed and begun anew, and whoever asks it meanwhile. */
export interface KilledProgram {
  readonly origin: string;
  /** All that its processes wrote. */
  said(): string;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** It ends as it is asked to. */
  stop(): Promise<void>;
  /**
   * As a client does: the same again, until there is an answer. Throws what it wrote where it has ended of itself: else whoever
   * waits for it waits for ever, and nobody says why.
   */
  ask(call: string, token?: string, body?: JsonObject): Promise<JsonObject>;
  /** The access token. */
  register(username: string): Promise<string>;
}

/** One answer; one that does not come is asked for anew. */
const ANSWER_MS_MAX = 20_000;

/** Not begun yet. */
export async function killedProgram(options: readonly string[]): Promise<KilledProgram> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const all = [...options, '--listen', `127.0.0.1:${port}`, '--registration', 'open'];
  const begun: Program[] = [];
  let isMeantToRun = false;
  const said = () => begun.map((each, n) => `--- process ${n}\n${each.said()}`).join('\n');
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    isMeantToRun = false;
    begun.at(-1)!.process.kill(signal);
    await begun.at(-1)!.ended();
  };
  const mustRun = (call: string) => {
    const { exitCode, signalCode } = begun.at(-1)!.process;
    if (isMeantToRun && (exitCode !== null || signalCode !== null))
      throw new Error(`${call}: it has ended (${exitCode ?? signalCode})\n${said()}`);
  };
  const at: KilledProgram = {
    ...{ origin, said },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async start() {
      begun.push(startProgram([...all, '--rate-limits-enabled', 'false']));
      // Also before it is ready: who asks meanwhile is told that it could not begin.
      isMeantToRun = true;
      await begun.at(-1)!.ready();
    },
    async ask(call, token, body) {
      const [method, path] = call.split(' ') as [string, string];
      for (;;) {
        const answer = await fetch(`${origin}/_matrix/client/v3${path}`, {
          ...{ method, ...(body && { body: JSON.stringify(body) }) },
          headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
          signal: AbortSignal.timeout(ANSWER_MS_MAX),
        }).catch(() => undefined);
        const told = (await answer?.json().catch(() => undefined)) as JsonObject | undefined;
        if (answer?.status === 200 && told) return told;
        if (answer && answer.status !== 503)
          throw new Error(`${call}: ${answer.status} ${JSON.stringify(told)}`);
        mustRun(call);
        await sleep(20);
      }
    },
    async register(username) {
      const password = 'correct horse battery staple';
      const body = { username, password, auth: { type: 'm.login.dummy' } };
      const { access_token } = await at.ask('POST /register', undefined, body).catch((error) => {
        // Asked for again where the answer was lost.
        if (!/M_USER_IN_USE/.test(error.message)) throw error;
        const identifier = { type: 'm.id.user', user: username };
        const login = { type: 'm.login.password', identifier, password };
        return at.ask('POST /login', undefined, login);
      });
      return access_token as string;
    },
  };
  return at;
}
