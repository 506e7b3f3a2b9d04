import type { ServerName } from '../../protocol/identifiers.ts';
import type { Posted } from '../../storage/federation/outbox.ts';
import { type PassingCount, PassingEdus } from './passing-edus.ts';
import { EDU_BYTES_MAX, EDUS_MAX, upToBytes } from './transaction.ts';

export interface PostPorts {
  readonly read: (
    server: ServerName,
    range: { after: number; limit: number },
  ) => Promise<readonly Posted[]>;
  /** They need not lie in the database any longer. */
  readonly taken: (server: ServerName, posted: readonly Posted[]) => void;
  /** How many of those that pass wait, for all servers. */
  readonly passing: PassingCount;
}

/** What goes with one transaction. */
export interface Bundle {
  readonly posted: readonly Posted[];
  readonly passing: readonly (readonly [key: string, text: string])[];
}

export const NOTHING: Bundle = { posted: [], passing: [] };

/** Beyond it what was to be told first is not told any more. */
const PASSING_MAX = 500;
/** For a server that does not answer, and of all servers together: a text is there once for all to whom it goes. */
const LATER_MAX = 100;
const LATER_OF_ALL_MAX = 50_000;
/** Who typed and who was there is no news when it is told late. */
const isWorthTellingLate = (key: string): boolean => key.startsWith('receipt ');

/**
 * EDUs for one server: those that must arrive lie in the database until they were taken, in their order; of those that
 * pass (who types, who has read how far, who is there) the newest of each is kept here, and how far somebody has read also
 * while the server does not answer.
 */
export class Post {
  readonly #server: ServerName;
  readonly #ports: PostPorts;
  readonly #passing: PassingEdus;
  #isPosted: boolean;
  /** Up to here it was taken; that it still lies there is only for a while. */
  #after = 0;

  constructor(server: ServerName, ports: PostPorts, isPosted: boolean) {
    this.#server = server;
    this.#ports = ports;
    this.#passing = new PassingEdus(ports.passing);
    this.#isPosted = isPosted;
  }

  get isThere(): boolean {
    return this.#isPosted || this.#passing.size > 0;
  }

  posted(): void {
    this.#isPosted = true;
  }

  pass(key: string, text: string): void {
    this.#passing.put(key, text);
    this.#passing.keepNewest(PASSING_MAX);
  }

  /** The server does not answer. */
  passLater(key: string, text: string): void {
    if (!isWorthTellingLate(key)) return;
    this.#passing.put(key, text);
    this.#passing.keepNewest(LATER_MAX, LATER_OF_ALL_MAX);
  }

  /** Of what waits the newest that is worth telling late. */
  keepForLater(): void {
    this.#passing.keepIf(isWorthTellingLate);
    this.#passing.keepNewest(LATER_MAX, LATER_OF_ALL_MAX);
  }

  forgetPassing(): void {
    this.#passing.keepNewest(0);
  }

  /** Takes out what goes next, the posted first. */
  async next(edusMax: number): Promise<Bundle> {
    const limit = Math.min(edusMax, EDUS_MAX);
    if (limit === 0 || !this.isThere) return NOTHING;
    const posted = this.#isPosted ? await this.#read(limit) : [];
    return { posted, passing: this.#passing.takeOut(limit - posted.length) };
  }

  async #read(limit: number): Promise<readonly Posted[]> {
    // What is posted while it is read is said to be there again.
    this.#isPosted = false;
    try {
      const found = await this.#ports.read(this.#server, { after: this.#after, limit });
      const taken = upToLength(found);
      this.#isPosted ||= found.length === limit || taken.length < found.length;
      return taken;
    } catch (error) {
      this.#isPosted = true;
      throw error;
    }
  }

  taken({ posted }: Bundle): void {
    if (posted.length === 0) return;
    this.#after = posted.at(-1)!.position;
    this.#ports.taken(this.#server, posted);
  }

  /** It was not taken: what passes comes again only where nothing newer is there. */
  putBack({ posted, passing }: Bundle): void {
    if (posted.length > 0) this.#isPosted = true;
    for (const [key, text] of passing) if (!this.#passing.has(key)) this.pass(key, text);
  }
}

const upToLength = (found: readonly Posted[]): readonly Posted[] =>
  upToBytes(found, ({ json }) => Buffer.byteLength(json), EDU_BYTES_MAX);
