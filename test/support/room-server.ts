import { serve } from '../../server/http/serve.ts';
import { OutcomeStore } from '../../server/log/outcome-store.ts';
import { mountsOf } from '../../server/mounts.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import { housePorts } from './house.ts';
import { openGate } from './open-gate.ts';
import type { FreshDatabase } from './postgres.ts';
import { openRooms, type RoomsUnderTest } from './rooms.ts';

export interface RoomServer extends RoomsUnderTest {
  /** As `alice` or `bob`; the path begins behind `/_matrix/client/v3`, or is a whole one. */
  ask(user: string, method: string, path: string, body?: unknown): Promise<RoomAnswer>;
}

export interface RoomAnswer {
  readonly status: number;
  readonly json: JsonObject & { errcode?: string };
}

/** The room endpoints over real HTTP, on the real engine, log and outcomes. */
export async function openRoomServer(fresh: FreshDatabase): Promise<RoomServer> {
  const under = await openRooms(fresh);
  const nothingSecret = { seal: (plain: Buffer) => plain, open: (sealed: Buffer) => sealed };
  const gate = openGate(housePorts(under.whole), {
    outcomes: new OutcomeStore({
      database: fresh.database,
      pages: fresh.database,
      seal: nothingSecret,
      log: under.writer,
      onError: console.error,
    }),
    behindFront: true,
  });
  const server = await serve(mountsOf({ adminApi: false }), gate);
  return {
    ...under,
    async ask(user, method, path, body) {
      const response = await fetch(
        server.origin + (path.startsWith('/_matrix') ? path : `/_matrix/client/v3${path}`),
        {
          method,
          headers: { authorization: `Bearer ${user}-token`, 'content-type': 'application/json' },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        },
      );
      return { status: response.status, json: (await response.json()) as JsonObject };
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await under[Symbol.asyncDispose]();
    },
  };
}
