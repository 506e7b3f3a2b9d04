import { expect, onTestFinished, test } from 'vitest';
import { OF_A_LONE_SERVER, openDoor } from './door.ts';

test('a lone server tells clients that it starts, and then that it stops, to be asked again', async () => {
  const door = await openDoor({ address: '127.0.0.1:0' }, OF_A_LONE_SERVER);
  onTestFinished(() => door.drain(0));
  const asked = async () => {
    const reply = await fetch(door.origin);
    return [reply.status, ((await reply.json()) as { error: string }).error];
  };
  expect(await asked()).toEqual([503, 'This server is starting: try again in a second']);
  door.lead((_request, response) => response.end('{"error":"none"}'));
  expect(await asked()).toEqual([200, 'none']);
  door.turnAway();
  expect(await asked()).toEqual([503, 'This server is stopping: try again when it has started']);
});
