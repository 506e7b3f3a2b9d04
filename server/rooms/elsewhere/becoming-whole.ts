import { FairTurns } from '../../log/fair-turns.ts';
import type { Event } from '../../protocol/event.ts';
import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { domainOfServer } from '../../protocol/server-host.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { parsedEventOf } from '../read/stored-event.ts';
import type { Receiving } from '../receive/receiving.ts';
import type { Building } from '../write/building.ts';
import { enterMembers } from './enter-members.ts';
import { isIn } from './known-outside.ts';
import type { Elsewhere } from './other-servers.ts';
import type { PartialJoin } from './partial-join.ts';
import { putOut } from './put-out.ts';
import { receivedState } from './received-state.ts';
import { tryServers } from './try-servers.ts';
import { LISTENED_TO_MAX, UntilHeard } from './until-heard.ts';

/** Sooner where one of the room's servers is heard. */
const RETRIES_MS = [1_000, 5_000, 30_000, 5 * 60_000, 60 * 60_000];
/** Beside the one through which the room was joined, other ones at each attempt. */
const OTHERS_AT_ONCE = 2;
/** Each may wait for a server for minutes with a megabyte of its answer, and behind a takeover all rooms begin together. Each room waits once at most. */
const ATTEMPTS = { atOnce: 20, keptForOthers: 5, waiting: Infinity, waitingOfOne: Infinity };

/** Fetches the members of rooms that were joined without them, each room until it is whole, whoever joined it and was the writer then. */
export class BecomingWhole {
  readonly #building: Building;
  readonly #receiving: Pick<Receiving, 'takeHeld'>;
  readonly #atWork = new Map<RoomId, UntilHeard>();
  /** In rounds of the domains through which rooms were joined. */
  readonly #attempts = new FairTurns(ATTEMPTS);
  readonly #end = new AbortController();

  constructor(building: Building, receiving: Pick<Receiving, 'takeHeld'>) {
    this.#building = building;
    this.#receiving = receiving;
    building.partialRooms.listen((roomId, through) => this.#start(roomId, through));
    building.ports.elsewhere?.onHeard?.((server) => this.#heard(server));
  }

  /** By the writer, behind its takeover: goes on with what was begun. */
  async begin(): Promise<void> {
    if (!this.#building.ports.elsewhere) return;
    for (const { roomId, through } of await this.#building.ports.store.unfinishedRooms())
      if (through === null) this.#receiving.takeHeld(roomId);
      else this.#start(roomId, through);
  }

  close(): void {
    this.#end.abort();
    this.#building.partialRooms.close();
  }

  #heard(server: ServerName): void {
    for (const pauses of this.#atWork.values()) pauses.heard(server);
  }

  #start(roomId: RoomId, through: ServerName): void {
    if (this.#end.signal.aborted) return;
    // It was deleted meanwhile, and has been entered anew, through others perhaps; or one of ours was put out.
    const atWork = this.#atWork.get(roomId);
    if (atWork !== undefined) {
      atWork.again();
      return;
    }
    const pauses = new UntilHeard();
    this.#atWork.set(roomId, pauses);
    const { partialRooms } = this.#building;
    partialRooms.begun(roomId, through);
    void this.#untilWhole(roomId, pauses, domainOfServer(through)).finally(() => {
      this.#atWork.delete(roomId);
      partialRooms.ended(roomId);
    });
  }

  async #untilWhole(roomId: RoomId, pauses: UntilHeard, domain: string): Promise<void> {
    let heard: ServerName | undefined;
    const heardInVain = new Set<ServerName>();
    for (let attempt = 0; !this.#end.signal.aborted; attempt++) {
      try {
        const at = { attempt, heard };
        const { signal } = this.#end;
        await this.#attempts.run(domain, () => this.#attempt(roomId, at), signal);
        return;
      } catch (error) {
        if (this.#end.signal.aborted) return;
        if (isRefused(error) && (await this.#isPutOut(roomId))) continue;
        const told = new Error(`The members of ${roomId} could not be fetched`, { cause: error });
        this.#building.ports.onError?.(told);
      }
      const ms = RETRIES_MS[Math.min(attempt, RETRIES_MS.length - 1)]!;
      const listenedTo = await this.#serversOf(roomId, heardInVain);
      heard = await pauses.sleep(ms, listenedTo, this.#end.signal);
      if (heard !== undefined && heard !== listenedTo[0]) heardInVain.add(heard);
    }
  }

  /** Then there is nothing more to fetch, and what is held can be looked at. */
  async #isPutOut(roomId: RoomId): Promise<boolean> {
    const { ports } = this.#building;
    try {
      const partial = await ports.store.partialJoin(roomId);
      if (!partial || !(await putOut(this.#building, roomId, partial))) return false;
      // Who waited for all members has nothing to wait for.
      this.#building.partialRooms.becameWhole(roomId);
      return true;
    } catch (error) {
      ports.onError?.(error);
      return false;
    }
  }

  /**
   * Those that are listened to, first that through which the room was joined: by that one it stands or falls. Each other one may be anybody's,
   * and is believed to be of use once. None where it cannot be known now: then the pause is as long as it is.
   */
  async #serversOf(
    roomId: RoomId,
    heardInVain: ReadonlySet<ServerName>,
  ): Promise<readonly ServerName[]> {
    const { store } = this.#building.ports;
    const partial = await store.partialJoin(roomId).catch(() => undefined);
    if (!partial) return [];
    const { server, servers } = partial;
    const others = servers.filter((each) => each !== server && !heardInVain.has(each));
    return [server, ...others.slice(0, LISTENED_TO_MAX - 1)];
  }

  async #attempt(roomId: RoomId, at: Attempt): Promise<void> {
    const { partialRooms, ports, rooms } = this.#building;
    const { elsewhere } = ports;
    const partial = await ports.store.partialJoin(roomId);
    const room = await rooms.get(roomId);
    if (partial && room && elsewhere && isIn(this.#building, room)) {
      const servers = serversToAsk(partial, ports.identity.serverName, at);
      await tryServers(servers, (server) => this.#through(elsewhere, { server, partial, room }));
      partialRooms.becameWhole(roomId);
    }
    this.#receiving.takeHeld(roomId);
  }

  async #through(
    { servers, lane }: Elsewhere,
    { server, partial, room }: { server: ServerName; partial: PartialJoin; room: HotRoom },
  ): Promise<void> {
    const { ports, passages } = this.#building;
    const { roomId, rules } = room;
    const event = await this.#joinOf(partial, room);
    await passages.large(event.sender, async (enterLarge) => {
      const asked = { roomId, eventId: event.eventId, enterLarge };
      const { pdus, auth_chain } = await servers.state(server, asked);
      const told = { state: pdus ?? [], auth_chain: auth_chain ?? [] };
      const received = await receivedState(ports, told, { event, rules, roomId, server });
      await enterMembers(this.#building, { room, lane, partial }, received);
    });
  }

  async #joinOf({ eventNid }: PartialJoin, { rules }: HotRoom): Promise<Event> {
    const [stored] = await this.#building.ports.store.eventsByNid([eventNid]);
    if (!stored) throw new MatrixError(404, 'M_NOT_FOUND', 'The room is gone');
    return parsedEventOf(stored, rules);
  }
}

/** By who is in the room: it does not tell us who else is, and we may not be in it ourselves. */
const isRefused = (error: unknown): boolean => error instanceof MatrixError && error.status === 403;

interface Attempt {
  /** How many there were before. */
  readonly attempt: number;
  readonly heard: ServerName | undefined;
}

/** The one that knows our join for certain first, whoever speaks: others may have come into the room for this. Then who is surely there. */
function serversToAsk(
  { server, servers }: PartialJoin,
  own: ServerName,
  { attempt, heard }: Attempt,
): readonly ServerName[] {
  const others = servers.filter((each) => each !== server && each !== own);
  const from = others.length === 0 ? 0 : (attempt * OTHERS_AT_ONCE) % others.length;
  const second = heard === undefined ? [] : [heard];
  return [...new Set([server, ...second, ...others.slice(from, from + OTHERS_AT_ONCE)])];
}
