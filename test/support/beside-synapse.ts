import { afterAll, beforeAll, expect, vi } from 'vitest';
import type { RoomId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import { type SynapseServer, startSynapse } from '../differential/synapse-server.ts';
import type { ApiOptions } from './api-server.ts';
import { certificateAuthority } from './certificates.ts';
import { type CuttableLine, cuttableLine } from './cuttable-line.ts';
import { type FederatingServer, federating } from './federating.ts';
import { type Person, personAt } from './two-servers.ts';

/** Somebody at Synapse. */
export interface SynapsePerson {
  readonly userId: string;
  readonly token: string;
  /** `POST /createRoom`: below /_matrix/client/v3 unless the path begins with /_matrix. Throws for any status but 200. */
  ask(call: string, body?: JsonObject): Promise<JsonObject>;
  say(roomId: string, body: string): Promise<string>;
  createRoom(options?: JsonObject): Promise<RoomId>;
  /** By way of a server that is in it. */
  join(roomId: RoomId, via: { readonly name: string }): Promise<JsonObject>;
}

export interface BesideSynapse {
  readonly synapse: SynapseServer;
  readonly ours: FederatingServer;
  readonly alice: Person;
  readonly bob: SynapsePerson;
  /** By which ours reaches Synapse. */
  readonly line: CuttableLine;
}

interface BesideOptions extends Pick<ApiOptions, 'sealedBy' | 'mediaCache'> {
  readonly fasterJoins?: 'always' | 'never';
}

/** A whole Synapse and one of ours for the tests of a file, which are in the order in which they stand. */
export function besideSynapse(
  python: string | undefined,
  { fasterJoins = 'never', sealedBy, mediaCache }: BesideOptions = {},
): () => BesideSynapse {
  const open: AsyncDisposable[] = [];
  let both: BesideSynapse | undefined;
  beforeAll(async () => {
    if (python === undefined) return;
    const authority = await certificateAuthority();
    const synapse = await startSynapse(python, authority);
    open.push(synapse);
    const line = await cuttableLine({ port: Number(synapse.name.split(':')[1]) });
    open.push(line);
    const peers = new Map([[synapse.name, { host: '127.0.0.1', port: line.port }]]);
    const ours = await federating(authority, {
      federation: { peers, fasterJoins },
      ...(sealedBy && { sealedBy }),
      ...(mediaCache && { mediaCache }),
    });
    open.push(ours);
    // Theirs is the machine's, and its keys hold for a day.
    ours.clock.ms = Date.now();
    const alice = await personAt(ours, 'alice');
    both = { synapse, ours, alice, line, bob: await personAtSynapse(synapse, 'bob') };
  });
  afterAll(async () => {
    for (const each of open.toReversed()) await each[Symbol.asyncDispose]();
  });
  return () => both!;
}

let said = 0;

export async function personAtSynapse(
  synapse: SynapseServer,
  localpart: string,
): Promise<SynapsePerson> {
  const token = await synapse.register(localpart);
  const ask: SynapsePerson['ask'] = (call, body) => {
    const [method, path] = call.split(' ') as [string, string];
    const whole = path.startsWith('/_matrix') ? path : `/_matrix/client/v3${path}`;
    return synapse.ask(`${method} ${whole}`, { token, ...(body && { body }) });
  };
  return {
    ...{ userId: `@${localpart}:${synapse.name}`, token, ask },
    async say(roomId, body) {
      const at = `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${++said}`;
      return (await ask(`PUT ${at}`, { msgtype: 'm.text', body })).event_id as string;
    },
    async createRoom(options = {}) {
      return (await ask('POST /createRoom', { preset: 'public_chat', ...options }))
        .room_id as RoomId;
    },
    join: (roomId, via) =>
      ask(`POST /join/${encodeURIComponent(roomId)}?server_name=${via.name}`, {}),
  };
}

/** Resolves when that is what is seen. */
export const seen = (look: () => Promise<unknown>, expected: unknown): Promise<void> =>
  vi.waitFor(async () => expect(await look()).toEqual(expected));
