import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { type Home, startHome } from '../../../test/support/federated-room.ts';
import {
  type Behaviour,
  type FederationPeer,
  refuses,
  startPeer,
  takes,
} from '../../../test/support/federation-peer.ts';
import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import { isObject } from '../../protocol/json.ts';
import type { SendingBounds } from './sending.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

const cutBefore: Behaviour = (_transaction, answer) => void answer.destroy();
const cutBehind: Behaviour = (_transaction, answer, take) => {
  answer.writeHead = () => answer;
  answer.end = () => answer.destroy();
  take();
};
const halfAnAnswer: Behaviour = (_transaction, answer) => {
  answer.writeHead(200, { 'content-length': '1000' }).write('{"pdus":{');
  setTimeout(() => answer.destroy(), 5);
};
const slowly: Behaviour = (_transaction, _answer, take) => void setTimeout(take, 100);

const BEHAVIOURS: readonly Behaviour[] = [
  ...[takes, takes, slowly, cutBefore, cutBehind, halfAnAnswer],
  ...[refuses(500), refuses(429, { retry_after_ms: 50 }), refuses(403), refuses(404)],
];

/** Whoever does not keep up is soon told from the tables. */
const TIGHT: SendingBounds = {
  ...{ queueMax: 2, heldFailuresMax: 1, firstPauseMs: 5, saveEveryMs: 5 },
};

test.each(SEEDS(6))(
  'whatever fails, each server has in the end all that was for it, in order, and nothing else (seed %i)',
  async (seed) => {
    const random = randomFrom(seed);
    const world = await World.start(random, seed % 3 === 0 ? {} : TIGHT);
    for (let step = 0; step < 40; step++) await world.step();
    await world.heal();
    for (const [peer, expected] of world.expected)
      for (const [roomId, events] of expected)
        await expect
          .poll(() => firstTaken(peer, roomId), { message: `seed ${seed}` })
          .toEqual(events);
  },
);

function SEEDS(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** Without what came again, in the order in which it came first. */
function firstTaken({ taken }: FederationPeer, roomId: RoomId): unknown[] {
  const pdus = taken.flatMap(({ content }) => content.pdus).filter((pdu) => pdu.room_id === roomId);
  return [...new Set(pdus.map(({ content }) => (isObject(content) ? content.body : undefined)))];
}

class World {
  readonly expected = new Map<FederationPeer, Map<RoomId, string[]>>();
  readonly #home: Home;
  readonly #rooms: readonly RoomId[];
  readonly #members = new Map<RoomId, Set<FederationPeer>>();
  readonly #random: () => number;
  #said = 0;

  static async start(random: () => number, bounds: SendingBounds): Promise<World> {
    const home = await startHome(authority, bounds);
    const rooms = [home.roomId, await home.addRoom()];
    const peers = [await startPeer(authority), await startPeer(authority)];
    return new World(home, { rooms, peers, random });
  }

  private constructor(
    home: Home,
    parts: { rooms: RoomId[]; peers: FederationPeer[]; random: () => number },
  ) {
    this.#home = home;
    this.#rooms = parts.rooms;
    this.#random = parts.random;
    for (const roomId of parts.rooms) this.#members.set(roomId, new Set());
    for (const peer of parts.peers)
      this.expected.set(peer, new Map(parts.rooms.map((roomId) => [roomId, []])));
  }

  async step(): Promise<void> {
    const [roomId, peer] = [this.#oneOf(this.#rooms), this.#oneOf([...this.expected.keys()])];
    const kind = this.#random();
    if (kind < 0.2) return this.#move(roomId, peer);
    if (kind < 0.4) return peer.behave(this.#oneOf(BEHAVIOURS));
    if (kind < 0.45) return this.#home.restart(this.#random() < 0.5 ? 'ended' : 'forgotten');
    await this.#say(roomId);
  }

  /** All answer again, and say so. */
  async heal(): Promise<void> {
    for (const peer of this.expected.keys()) peer.behave(takes);
    for (const peer of this.expected.keys())
      await peer.asks(this.#home.server.origin, 'example.org' as ServerName);
  }

  async #say(roomId: RoomId): Promise<void> {
    const text = `said ${++this.#said}`;
    await this.#home.say(text, roomId);
    for (const peer of this.#members.get(roomId)!) this.expected.get(peer)!.get(roomId)!.push(text);
  }

  async #move(roomId: RoomId, peer: FederationPeer): Promise<void> {
    const members = this.#members.get(roomId)!;
    const isThere = members.has(peer);
    await this.#home.member(peer, isThere ? 'leave' : 'join', roomId);
    if (isThere) members.delete(peer);
    else members.add(peer);
  }

  #oneOf<T>(all: readonly T[]): T {
    return all[Math.floor(this.#random() * all.length)]!;
  }
}

function randomFrom(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 1 | state) + 0x6d2b79f5) | 0;
    return ((state ^ (state >>> 14)) >>> 0) / 4_294_967_296;
  };
}
