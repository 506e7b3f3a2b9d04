import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../cluster/support/until.ts';
import { register } from '../sdk.ts';
import { botSdkBot, echoBot, type Heard, nioTalker, type Said, type Server } from './programs.ts';
import { sdkTalker } from './sdk-talker.ts';

/** Somebody in the room of a talk, or a bot. */
export interface Talker {
  readonly userId: string;
  readonly program: string;
  /** What others said, in the order in which it was shown. */
  readonly heard: readonly Heard[];
  /** What was acknowledged. */
  readonly said: readonly Said[];
  readonly unreadable: readonly string[];
  /** What its program printed, for whoever must find out why it fell silent. */
  readonly printed: readonly string[];
  readonly dies: Promise<never>;
  /** Absent of a bot, which answers all that this user says, and nothing else. */
  readonly say?: (n: number) => void;
  readonly answers?: string;
}

/**
 * Somebody with matrix-js-sdk and somebody with matrix-nio in an encrypted room, with a bot of simplematrixbotlib, which answers
 * the first, and one of matrix-bot-sdk, which answers the second. The people talk without end.
 */
export class Talk implements AsyncDisposable {
  readonly talkers: readonly Talker[];
  readonly roomId: string;
  readonly #asked = new Map<string, number>();
  readonly #ending = new AbortController();
  readonly #talking: Promise<unknown>;
  readonly #programs: AsyncDisposableStack;

  static async start(server: Server): Promise<Talk> {
    await using programs = new AsyncDisposableStack();
    const sdk = programs.use(await sdkTalker(server));
    const person = await register(server.url, 'nio');
    const nio = programs.use(await nioTalker(server, person, 4));
    const robots = [
      await register(server.url, 'bot'),
      await register(server.url, 'bot-sdk'),
    ] as const;
    const echo = programs.use(await echoBot(server, robots[0]));
    const bot = programs.use(await botSdkBot(server, robots[1]));
    const roomId = await sdk.openRoom([person, ...robots].map(({ userId }) => userId));
    const talkers: readonly Talker[] = [
      { ...sdk, program: 'matrix-js-sdk', say: (n) => sdk.write(`!echo ${n}`) },
      {
        ...{ ...nio, ...person, program: 'matrix-nio' },
        say: (n) => nio.write(JSON.stringify(`!say ${n}`)),
      },
      { ...echo, ...robots[0], program: 'simplematrixbotlib', answers: sdk.userId },
      { ...bot, ...robots[1], program: 'matrix-bot-sdk', answers: person.userId },
    ];
    return new Talk(talkers, roomId, programs.move());
  }

  private constructor(talkers: readonly Talker[], roomId: string, programs: AsyncDisposableStack) {
    this.talkers = talkers;
    this.roomId = roomId;
    this.#programs = programs;
    this.#talking = Promise.all(talkers.map((each) => this.#talk(each)));
  }

  /** Resolves when everybody has heard of everybody else something that was said from now on. */
  async flows(): Promise<void> {
    // One message of each may be on its way already.
    const wanted = this.talkers.map(({ said }) => said.length + 2);
    await this.#until('everybody hears what everybody else says', () =>
      this.talkers.every((each, at) => this.#heardByAll(each) >= wanted[at]!),
    );
  }

  /** Nobody begins to say more; resolves when all is acknowledged, answered, and heard by everybody. */
  async ends(): Promise<void> {
    this.#ending.abort();
    await this.#talking;
    await this.#until('all is heard by everybody', () =>
      this.talkers.every((each) => {
        const asked = this.#asked.get(each.answers ?? each.userId);
        return each.said.length === asked && this.#heardByAll(each) >= asked;
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#talking;
    await this.#programs.disposeAsync();
  }

  async #talk(talker: Talker): Promise<void> {
    const { signal } = this.#ending;
    for (let n = 1; talker.say !== undefined && !signal.aborted; n += 1) {
      this.#asked.set(talker.userId, n);
      talker.say(n);
      const isHeard = (each: Talker) => each.said.length - this.#heardByAll(each) < AHEAD;
      const mayGoOn = () => talker.said.length >= n && this.talkers.every(isHeard);
      while (!signal.aborted && !mayGoOn()) await sleep(POLL_MS);
      await sleep(PAUSE_MS);
    }
  }

  #heardByAll({ userId }: Talker): number {
    const listeners = this.talkers.filter((each) => each.userId !== userId);
    return Math.min(...listeners.map((each) => heardOf(each, userId).length));
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    const dies = this.talkers.map((each) => each.dies);
    await Promise.race([until(what, async () => isSo()), ...dies]).catch((cause) => {
      const shown = this.talkers.map(({ program, heard, said, unreadable, printed }) =>
        [
          `${program}: heard ${heard.length}, said ${said.length}, not readable: ${unreadable.join()}`,
          ...printed.filter((line) => !line.startsWith('{"heard"')).slice(-20),
        ].join('\n'),
      );
      throw new Error(shown.join('\n'), { cause });
    });
  }
}

/** What somebody was shown of this sender, in order. */
export const heardOf = ({ heard }: Talker, sender: string): string[] =>
  heard.filter((each) => each.sender === sender).map(({ body }) => body);

/**
 * Where somebody has not heard so many of anybody's, nobody says more, not even they themselves: so all that is said while
 * one is cut off fits into its next /sync. Of a timeline with a gap the clients in Python and the bots page nothing in.
 */
const AHEAD = 3;
const PAUSE_MS = 100;
const POLL_MS = 20;
