import { AtOnce } from '../../log/at-once.ts';
import { FairTurns, FairTurnsOf } from '../../log/fair-turns.ts';
import { KeyedMutex } from '../../log/keyed-mutex.ts';
import type { RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import { limitExceeded } from '../../protocol/matrix-error.ts';
import { domainOfServer } from '../../protocol/server-host.ts';

const OF_USER_MAX = 5;
const OF_USERS_MAX = 1_000;
const AT_WORK_MAX = 100;
const OF_ROOM_MAX = 20;
const LARGE_WAITS_MS = 180_000;
const RETRY_MS = 5_000;

/** It is we who cannot do it now: no other server need be asked. */
class TooBusy extends Error {
  override readonly name = 'TooBusy';
}

/**
 * Ways into rooms of other servers, and out of them. The servers that are asked are those that users name, and may take as long as
 * they like: so a user has one under way, and nobody waits for another's but in the same room, or with a large answer.
 */
export class Passages {
  readonly #ofUser = new KeyedMutex();
  readonly #commits = new KeyedMutex();
  readonly #places = new AtOnce<UserId>({ all: OF_USERS_MAX, ofOne: OF_USER_MAX });
  readonly #atWork = new AtOnce<RoomId>({ all: AT_WORK_MAX, ofOne: OF_ROOM_MAX });
  readonly #ofRoom = new FairTurnsOf<RoomId>({
    atOnce: 1,
    ...{ waiting: AT_WORK_MAX, waitingOfOne: AT_WORK_MAX },
  });
  /** What a large room's state takes of memory while it is checked, once over. */
  readonly #large = new FairTurns({ atOnce: 1, waiting: AT_WORK_MAX, waitingOfOne: 1 });

  /** For what changes a room that is not kept up to date here, from reading what there is of it to the commit. */
  alone<T>(roomId: RoomId, work: () => Promise<T>): Promise<T> {
    return this.#commits.run(roomId, work);
  }

  /** Of each user one at a time. Throws M_LIMIT_EXCEEDED where too many wait, or there was no turn in time for what is large. */
  async run<T>(of: { userId: UserId; roomId: RoomId }, work: () => Promise<T>): Promise<T> {
    const leave = this.#places.take(of.userId);
    if (!leave) throw limitExceeded(RETRY_MS);
    try {
      return await this.#ofUser.run(of.userId, () => this.#work(of.roomId, work));
    } catch (error) {
      throw error instanceof TooBusy ? limitExceeded(RETRY_MS) : error;
    } finally {
      leave();
    }
  }

  /**
   * From handing in what was signed to the commit: who comes second finds what the first brought. In rounds of the servers that are
   * asked: however many come through one that takes its time, who comes through another one is not behind all of them.
   */
  inRoom<T>(roomId: RoomId, server: ServerName, work: () => Promise<T>): Promise<T> {
    return this.#ofRoom.run(roomId, domainOfServer(server), work);
  }

  /** Of what the work enters there is one at a time, in rounds of the users, until the work ends. */
  async large<T>(
    userId: UserId,
    work: (enter: () => Promise<void>) => Promise<T>,
    waitsMs = LARGE_WAITS_MS,
  ): Promise<T> {
    let leave = () => {};
    const enter = async () => {
      leave = await this.#large.enter(userId, AbortSignal.timeout(waitsMs)).catch((cause) => {
        throw new TooBusy('too many rooms are entered that are large', { cause });
      });
    };
    try {
      return await work(enter);
    } finally {
      leave();
    }
  }

  async #work<T>(roomId: RoomId, work: () => Promise<T>): Promise<T> {
    const leave = this.#atWork.take(roomId);
    if (!leave) throw limitExceeded(RETRY_MS);
    try {
      return await work();
    } finally {
      leave();
    }
  }
}
